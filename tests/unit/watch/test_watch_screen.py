"""What keys do, and what is on the screen then."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from datetime import timedelta

import pytest
from msgspec.structs import replace
from rich.console import Console

from dashborion.models.event import Event, EventType
from dashborion.models.workload import WorkloadStatus
from dashborion.render import Style
from dashborion.render.live import (
    Board,
    Content,
    Freshness,
    Row,
    Screen,
    in_view,
    is_about,
    keys,
    picture,
    pressed,
)
from dashborion.render.views.workloads import WORKLOADS
from tests.support.render_samples import NOW, instance, workload

SORTS = ["name", "restarts"]
EVENT = Event(
    timestamp=NOW - timedelta(seconds=9), type=EventType.WARNING, reason="BackOff",
    message="Back-off restarting", object="pod/web-1", count=1, project=None,
    environment="k8s:demo", namespace="shop", workload="web",
)  # fmt: skip


def row(name: str, *, is_well: bool = True, **fields: object) -> Row:
    return Row(name, workload(name, **fields), is_well)


def board(*rows: Row) -> Board:
    shown = Board(WORKLOADS.chosen(Style()))
    shown.advance(rows, fresh=[one.key for one in rows])
    return shown


BOARD = board(
    row("api", restarts=3),
    row("web", is_well=False, status=WorkloadStatus.DEGRADED, available=0),
    row("worker", restarts=12),
)


def after(typed: str | Iterable[str], screen: Screen | None = None) -> tuple[Screen, str]:
    """The screen after some keys, and what the last one asks for besides."""
    screen, action = screen or Screen(), ""
    for key in typed:
        rows = in_view(screen, BOARD, WORKLOADS)
        screen, action = pressed(screen, key, rows, SORTS, page=2)
    return screen, action


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("qf", ["q", "f"]),
        ("\x1b[A\x1b[B\x1bOA", ["up", "down", "up"]),
        ("\x1b[5~\x1b[6~", ["page-up", "page-down"]),
        ("\r\n\x7f\x1b", ["enter", "enter", "backspace", "escape"]),
        ("\x1b[1;5C/ü", ["\x1b[1;5C", "/", "ü"]),
    ],
    ids=["characters", "arrows", "pages", "editing", "unknown ones, and text"],
)
def test_what_a_terminal_sends_are_keys(typed: str, told: list[str]) -> None:
    assert keys(typed) == told


@pytest.mark.parametrize(
    ("typed", "seen"),
    [
        ("", "api web worker"),
        ("f", "web"),
        ("ff", "api web worker"),
        ("/^w", "web worker"),
        ("/^WEB$", "web"),
        ("/!^w", "api"),
        ("/[", ""),
        ("/wx\x7f\x7f^api", "api"),
        ("s", "api web worker"),
        ("ss", "api worker web"),
        ("sss", "api web worker"),
    ],
)
def test_which_rows_are_in_view(typed: str, seen: str) -> None:
    screen, _ = after(keys(typed))
    assert " ".join(str(one.key) for one in in_view(screen, BOARD, WORKLOADS)) == seen


@pytest.mark.parametrize(
    ("typed", "mark"),
    [
        (["down"], "web"),
        (["down", "down", "down"], "worker"),
        (["page-down", "up"], "web"),
        (["page-down", "page-up"], "api"),
        (["up"], "api"),
        (["f", "down"], "web"),
    ],
    ids=["down", "to the end", "by pages", "and back", "to the begin", "of what is in view"],
)
def test_the_mark_moves_over_rows_in_view(typed: list[str], mark: str) -> None:
    assert after(typed)[0].mark == mark


@pytest.mark.parametrize(
    ("typed", "action"),
    [("q", "quit"), ("w", "why"), ("l", "logs"), ("x", ""), ("/q", ""), ("?x", ""), ("?q", "quit")],
)
def test_what_a_key_asks_for(typed: str, action: str) -> None:
    assert after(typed)[1] == action


def test_a_filter_is_typed_kept_and_dropped() -> None:
    screen, _ = after(["/", "w", "q"])
    assert (screen.filter, screen.is_typing) == ("wq", True)
    kept, _ = after(["enter"], screen)
    assert (kept.filter, kept.is_typing) == ("wq", False)
    assert after(["escape"], kept)[0] == Screen()


@pytest.mark.parametrize(
    ("event", "item", "is_its"),
    [
        (EVENT, workload("web"), True),
        (EVENT, workload("api"), False),
        (EVENT, instance("web-1"), True),
        (EVENT, instance("web-2"), False),
        (replace(EVENT, environment="other"), workload("web"), False),
        (replace(EVENT, namespace="other"), workload("web"), False),
    ],
    ids=["its workload", "another one", "the instance", "its sister", "elsewhere", "a namesake"],
)
def test_which_row_an_event_is_about(event: Event, item: object, is_its: bool) -> None:
    assert is_about(event, item) is is_its


# --- What people see -----------------------------------------------------------------------------


def drawn(screen: Screen, width: int, height: int = 12, shown: Board = BOARD) -> list[str]:
    freshness = [
        Freshness("media/staging", 2, ["watched"]),
        Freshness("shop/staging", 75, ["every 10s, throttled"], "ecs:ListServices: slow down"),
        Freshness("shop/production", None),
    ]
    content = Content(WORKLOADS, Style(), shown, screen, freshness, [EVENT])
    out = io.StringIO()
    Console(file=out, width=width, highlight=False, markup=False).print(
        picture(content, (width, height), NOW)
    )
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_the_screen_at_80_columns() -> None:
    assert drawn(Screen(mark="web"), 80) == [
        "3 workloads",
        "   NAME    TYPE        STATUS    READY  ROLLOUT   RESTARTS  IMAGE",
        "   api     deployment  running   2/2    complete         3  web:1.2",
        ">  web     deployment  degraded  0/2    complete         -  web:1.2",
        "   worker  deployment  running   2/2    complete        12  web:1.2",
        "",
        "",
        "shop/staging: 75s ago, failed: ecs:ListServices: slow down, every 10s, throttled",
        "media/staging: 2s ago, watched",
        "shop/production: waiting",
        "   9s  k8s:demo  pod/web-1  BackOff  Back-off restarting",
        "q quit  / filter  f problems  s sort  w why  l logs  p pause  ? help",
    ]


def test_the_screen_at_120_columns_while_a_filter_is_typed() -> None:
    screen = Screen(filter="^w", is_typing=True, sort="name", is_paused=True)
    first, *middle, last = drawn(screen, 120)
    assert first == "2 of 3 workloads   sorted by name   PAUSED   /^w_"
    assert middle[1:4] == [
        ">  web     deployment  degraded  0/2    complete         -  web:1.2",
        "   worker  deployment  running   2/2    complete        12  web:1.2",
        "",
    ]
    assert last == "type a regular expression; Enter keeps it, Esc drops it"


def test_signs_tell_what_became_of_rows_without_colours() -> None:
    shown = board(row("api"), row("web"), row("worker"))
    shown.advance([row("web", available=0), row("worker"), row("zoo")])
    title, _, *table = drawn(Screen(), 80, shown=shown)
    assert title == "3 workloads"
    assert [line[:9] for line in table[:4]] == ["-  api   ", "*  web   ", "   worker", "+  zoo   "]


def test_marks_are_drawn_on_the_cells_that_changed() -> None:
    shown = board(row("web"), row("old"))
    shown.advance([row("web", available=0)])
    out = io.StringIO()
    content = Content(WORKLOADS, Style(), shown, Screen(mark="other"), [])
    console = Console(file=out, width=80, force_terminal=True, color_system="standard")
    console.print(picture(content, (80, 10), NOW))
    seen = out.getvalue()
    assert re.search(r"\x1b\[[\d;]*7m0/2", seen)
    assert not re.search(r"\x1b\[[\d;]*7mweb", seen)
    assert re.search(r"\x1b\[2;9mold", seen)


def test_keys_that_do_nothing_are_not_offered() -> None:
    content = Content(WORKLOADS, Style(), BOARD, Screen(is_help=True), [], without="fwl")
    shown = io.StringIO()
    Console(file=shown, width=80).print(picture(content, (80, 12), NOW))
    assert "not well" not in shown.getvalue()
    plain = replace(content, screen=Screen())
    Console(file=shown, width=80).print(picture(plain, (80, 12), NOW))
    assert shown.getvalue().splitlines()[-1] == "q quit  / filter  s sort  p pause  ? help"


def test_a_long_list_is_scrolled_to_its_mark() -> None:
    many = board(*(row(f"service-{number:02}") for number in range(40)))
    seen = "\n".join(drawn(Screen(mark="service-20"), 80, shown=many))
    assert ">  service-20" in seen
    assert "service-00" not in seen
    assert len(drawn(Screen(), 80, shown=many)) == 12
