"""A list that is watched on a terminal: what is on the screen, and what keys do. Pure.

``Board`` holds the rows of the last frame and how they differ from those before, ``Screen`` what
the person who watches has chosen, ``pressed`` the next one after a key; ``picture`` draws both.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from dashborion.models.base import environment_label
from dashborion.models.event import Event
from dashborion.models.workload import Workload
from dashborion.render import Style, table
from dashborion.render.cells import human, plain
from dashborion.render.columns import BUSY, QUIET, Column, View
from dashborion.streams import length

if TYPE_CHECKING:
    from rich.console import RenderableType

Action = Literal["", "quit", "why", "logs"]
MOST_EVENTS, MOST_ENVIRONMENTS = 5, 8  # lines
CHANGED, GONE, MARKED = "reverse", "strike dim", "bold"
_HELP = (
    ("up, down, PgUp, PgDn", "move the mark"),
    ("/", "show only rows that match a regular expression; !TEXT shows the others"),
    ("f", "show only what is not well"),
    ("s", "sort by the next column"),
    ("w", "tell why of the marked row"),
    ("l", "print its last log lines"),
    ("p", "pause"),
    ("q", "quit"),
)
_SHORT = {
    "q": "quit", "/": "filter", "f": "problems", "s": "sort", "w": "why", "l": "logs",
    "p": "pause", "?": "help",
}  # fmt: skip
_TOKEN = re.compile(r"\x1b\[[0-9;]*[A-Za-z~]|\x1bO[A-Za-z]|.", re.DOTALL)
_NAMES = {
    "\x1b[A": "up", "\x1bOA": "up", "\x1b[B": "down", "\x1bOB": "down", "\x1b[5~": "page-up",
    "\x1b[6~": "page-down", "\r": "enter", "\n": "enter", "\x7f": "backspace", "\b": "backspace",
    "\x1b": "escape",
}  # fmt: skip


def keys(typed: str) -> list[str]:
    """The keys that a terminal says were pressed: characters, or the names of others."""
    return [_NAMES.get(token, token) for token in _TOKEN.findall(typed)]


# --- The rows ------------------------------------------------------------------------------------


class Row(Struct, frozen=True):
    """One row: of what it is, how it differs from the frame before, and whether it is well."""

    key: Hashable
    item: Any
    is_well: bool | None = None
    changed: frozenset[str] = frozenset()
    sign: str = " "  # of what became of it: + * -


@dataclass
class Board:
    """The rows of the last frame in their order, with those that are gone since the one before."""

    columns: Sequence[Column]
    rows: list[Row] = field(default_factory=list)

    def advance(self, new: Sequence[Row], *, fresh: Iterable[Hashable] = ()) -> None:
        """Take the next frame; what is ``fresh`` comes from an environment's first one."""
        before = {row.key: row for row in self.rows if row.sign != "-"}
        is_fresh = frozenset(fresh)
        after = {
            row.key: row if row.key in is_fresh else self._marked(before.get(row.key), row)
            for row in new
        }
        rows = list(after.values())
        gone = [row.key for row in before.values() if row.key not in after]
        if gone:
            places = {row.key: number for number, row in enumerate(rows)}
            at, placed = -1, []
            for key, row in before.items():
                at = places.get(key, at)
                if key not in after:
                    placed.append((at, replace(row, changed=frozenset(), sign="-")))
            for place, row in reversed(placed):
                rows.insert(place + 1, row)
        self.rows = rows

    def _marked(self, before: Row | None, row: Row) -> Row:
        if before is None:
            return replace(row, sign="+", changed=frozenset(one.key for one in self.columns))
        if before.item is row.item or before.item == row.item:
            return row
        changed = {one.key for one in self.columns if one.value(before.item) != one.value(row.item)}
        return replace(row, sign="*" if changed else " ", changed=frozenset(changed))


# --- What keys do --------------------------------------------------------------------------------


class Screen(Struct, frozen=True):
    """What the person who watches has chosen."""

    filter: str = ""
    is_typing: bool = False
    is_paused: bool = False
    is_help: bool = False
    only_problems: bool = False
    sort: str | None = None
    mark: Hashable = None


def pressed(
    screen: Screen, key: str, rows: Sequence[Row], sorts: Sequence[str], page: int
) -> tuple[Screen, Action]:
    """The screen after a key, with ``rows`` on it, and what else the key asks for."""
    if screen.is_typing:
        return _typed(screen, key), ""
    if screen.is_help:
        return replace(screen, is_help=False), "quit" if key == "q" else ""
    steps = {"up": -1, "down": 1, "page-up": -page, "page-down": page, "k": -1, "j": 1}
    if key in steps:
        return _moved(screen, rows, steps[key]), ""
    if key == "s":
        order = [None, *sorts]
        at = order.index(screen.sort) if screen.sort in order else 0
        return replace(screen, sort=order[(at + 1) % len(order)]), ""
    switched: Mapping[str, Screen] = {
        "/": replace(screen, is_typing=True),
        "f": replace(screen, only_problems=not screen.only_problems),
        "p": replace(screen, is_paused=not screen.is_paused),
        "?": replace(screen, is_help=True),
        "escape": replace(screen, filter=""),
    }
    actions: Mapping[str, Action] = {"q": "quit", "w": "why", "l": "logs"}
    return switched.get(key, screen), actions.get(key, "")


def _typed(screen: Screen, key: str) -> Screen:
    if key in ("enter", "escape"):
        text = screen.filter if key == "enter" else ""
        return replace(screen, is_typing=False, filter=text)
    if key == "backspace":
        return replace(screen, filter=screen.filter[:-1])
    return replace(screen, filter=screen.filter + key) if key.isprintable() else screen


def _moved(screen: Screen, rows: Sequence[Row], steps: int) -> Screen:
    at = position(screen, rows)
    if not rows:
        return screen
    return replace(screen, mark=rows[max(0, min(len(rows) - 1, at + steps))].key)


def position(screen: Screen, rows: Sequence[Row]) -> int:
    """The place of the marked row; the first one's if it is not there."""
    return next((at for at, row in enumerate(rows) if row.key == screen.mark), 0)


def in_view(screen: Screen, board: Board, view: View) -> list[Row]:
    """The rows that are wanted, in the order that is."""
    rows = board.rows
    if screen.only_problems:
        rows = [row for row in rows if row.is_well is False]
    if matches := _matcher(screen.filter, board.columns):
        rows = [row for row in rows if matches(row)]
    if screen.sort is None:
        return rows
    by_item = {id(row.item): row for row in rows}
    return [by_item[id(item)] for item in view.sorted([row.item for row in rows], screen.sort)]


def _matcher(text: str, columns: Sequence[Column]) -> Callable[[Row], bool] | None:
    """Whether a row has what was typed in one of its cells, or with ``!`` in none."""
    wanted = text.removeprefix("!")
    if not wanted:
        return None
    try:
        pattern = re.compile(wanted, re.IGNORECASE)
    except (re.error, OverflowError, RecursionError):
        pattern = re.compile(re.escape(wanted), re.IGNORECASE)

    def matches(row: Row) -> bool:
        cells = (plain(one.value(row.item)) for one in columns)
        return any(map(pattern.search, cells)) is not text.startswith("!")

    return matches


# --- What is drawn -------------------------------------------------------------------------------


class Freshness(Struct, frozen=True):
    """How fresh an environment's rows are: ``seconds`` old, None before the first."""

    label: str
    seconds: float | None
    notes: Sequence[str] = ()
    problem: str | None = None

    def line(self) -> str:
        age = "waiting" if self.seconds is None else f"{length(int(self.seconds))} ago"
        told = [f"failed: {self.problem}"] if self.problem else []
        return f"{self.label}: " + ", ".join([age, *told, *self.notes])


class Content(Struct, frozen=True):
    """All that there is to be seen."""

    view: View
    style: Style
    board: Board
    screen: Screen
    freshness: Sequence[Freshness]
    events: Sequence[Event] = ()
    without: str = ""  # keys that do nothing here


def picture(
    content: Content, size: tuple[int, int], now: datetime, *, is_last: bool = False
) -> RenderableType:
    """The whole screen: a title, the table, freshness, events and the keys.

    What is left behind when it ``is_last`` has no room for more, and no keys.
    """
    from rich.console import Group
    from rich.text import Text

    view, board, screen = content.view, content.board, content.screen
    width, height = size

    def line(text: str, look: str = "") -> Text:
        return Text(plain(text)[:width], style=look, no_wrap=True, overflow="ellipsis")

    if screen.is_help:
        known = [one for one in _HELP if one[0] not in content.without]
        told = [line(f"  {key:<22}{does}") for key, does in known]
        return Group(line(f"{view.noun}: keys", "bold"), *told, line("any key goes back", QUIET))
    rows = in_view(screen, board, view)
    below = [*_freshness(content.freshness, line), *_events(rows, content, now, line)]
    below += [] if is_last else [line(_keys(screen, content.without), QUIET)]
    room = max(1, height - 2 - len(below))
    at = position(screen, rows)
    first = max(0, min(at - room // 2, len(rows) - room))
    shown = rows[first : first + room]
    middle: list[RenderableType] = []
    if shown:
        middle = [_table(content, shown, at - first, width, now)]
    empty = 0 if is_last else room - len(shown) + (0 if shown else 1)
    there = sum(row.sign != "-" for row in rows)
    title = line(_title(view, screen, there, board), "bold")
    return Group(title, *middle, *[Text("")] * empty, *below)


def _title(view: View, screen: Screen, shown: int, board: Board) -> str:
    total = sum(row.sign != "-" for row in board.rows)
    told = [f"{shown} of {total} {view.noun}" if shown != total else f"{total} {view.noun}"]
    told += ["only what is not well"] if screen.only_problems else []
    told += [f"sorted by {screen.sort}"] if screen.sort else []
    told += ["PAUSED"] if screen.is_paused else []
    told += [f"/{screen.filter}{'_' if screen.is_typing else ''}"] * bool(
        screen.filter or screen.is_typing
    )
    return "   ".join(told)


def _keys(screen: Screen, without: str) -> str:
    if screen.is_typing:
        return "type a regular expression; Enter keeps it, Esc drops it"
    return "  ".join(f"{key} {word}" for key, word in _SHORT.items() if key not in without)


def _freshness(freshness: Sequence[Freshness], line: Callable[..., Any]) -> list[Any]:
    ordered = sorted(freshness, key=lambda one: one.problem is None)  # those that failed first
    lines = [
        line(one.line(), "red" if one.problem else QUIET) for one in ordered[:MOST_ENVIRONMENTS]
    ]
    left = len(freshness) - MOST_ENVIRONMENTS
    return [*lines, line(f"and {left} more environments", QUIET)] if left > 0 else lines


def _events(
    rows: Sequence[Row], content: Content, now: datetime, line: Callable[..., Any]
) -> list[Any]:
    shown: list[Event] = []
    for one in reversed(content.events):
        if len(shown) < MOST_EVENTS and any(is_about(one, row.item) for row in rows):
            shown.insert(0, one)
    is_one = len(content.freshness) == 1
    return [
        line(
            f"{human(one.timestamp, now):>5}  {'' if is_one else f'{environment_label(one)}  '}"
            f"{one.object}  {one.reason or ''}  {one.message}",
            BUSY if one.type == "warning" else QUIET,
        )
        for one in shown
    ]


def is_about(event: Event, item: Any) -> bool:
    """Whether an event is about a row: a workload with its instances, or one instance."""
    place = (event.project, event.environment, event.namespace)
    if place != (item.project, item.environment, getattr(item, "namespace", "")):
        return False
    _, _, about = event.object.partition("/")
    return item.name in ((event.workload,) if isinstance(item, Workload) else (about, event.object))


def _table(
    content: Content, rows: Sequence[Row], marked: int, width: int, now: datetime
) -> RenderableType:
    """The table of some rows, whose signs stand before them."""
    items = [row.item for row in rows]
    by_id = {id(row.item): row for row in rows}
    mark = rows[marked].key if 0 <= marked < len(rows) else None

    def sign(item: Any) -> str:
        row = by_id[id(item)]
        return ">" if row.key == mark and row.sign == " " else row.sign

    def look(item: Any, column: Column) -> str:
        row = by_id[id(item)]
        if row.sign == "-":
            return GONE
        base = CHANGED if column.key in row.changed else ""
        return f"{base} {MARKED}" if row.key == mark else base

    columns = content.view.chosen(content.style)
    if not content.style.columns:
        columns = table.telling(columns, items, width - 3, now=now)
    columns = [Column("", sign), *columns]
    drawn: RenderableType
    drawn, _ = table.fitted_columns(columns, items, width, headers=True, now=now, look=look)
    return drawn
