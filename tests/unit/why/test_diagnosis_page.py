"""One diagnosis as a page: what is wrong first, and what to type next."""

from __future__ import annotations

from textwrap import dedent
from typing import Any

import pytest

from dashborion.models.cause import Advice, Code, Confidence, Diagnosis, Evidence
from dashborion.render import Style, show_diagnosis, show_list
from dashborion.render.columns import View
from dashborion.render.views.causes import CAUSES, DIAGNOSES
from dashborion.streams import Streams
from tests.support.causes import AT, FORBIDDEN, cause, diagnosis, tail
from tests.support.render_samples import NOW

LONG = " ".join(["0/3 nodes are available:", *["3 Insufficient cpu,"] * 8])
COMMAND = f"dashborion instances logs {'web-' * 20}1 --previous -e shop/staging"


def page(
    found: Diagnosis,
    *,
    tty: bool = False,
    width: int = 80,
    most: int | None = 5,
    color: bool = False,
) -> str:
    streams = Streams.test(tty=tty, width=width)
    streams.out_color = color
    show_diagnosis(streams, found, most=most, now=NOW)
    return streams.out.getvalue()  # type: ignore[attr-defined, no-any-return]


WHOLE = diagnosis(
    cause(
        instances=["web-1", "web-2", "web-3", "web-4", "web-5"],
        count=7,
        explains=[Code.DEADLINE],
        confidence=Confidence.LIKELY,
    ),
    log=[tail("\x1b[31mFATAL\x1b[0m no memory\x1b[2J")],
    not_checked=[FORBIDDEN],
)


def test_the_page_in_a_pipe() -> None:
    expected = """\
    failing since 2026-03-01T11:56:00Z: out of memory
    deployment/web in namespace shop of shop/staging

    error (likely): out of memory (OOMKilled)
      web exited with 137
      pod/web-1 status.reason: OOMKilled (2026-03-01T11:56:00Z)
      therefore: the rollout did not get on in time (deadline)
      instances: web-1, web-2, web-3, +2 more; 7 times; last 2026-03-01T11:56:00Z
      -> read what it wrote: dashborion instances logs web-1

    last log lines of web-1/web:
      FATAL no memory\\x1b[2J

    not checked: nodes: it is forbidden (permission needed: list nodes)

    checked: instances, events
    """
    assert page(WHOLE) == dedent(expected)


def test_a_terminal_has_ages_and_colours() -> None:
    shown = page(WHOLE, tty=True, color=True)
    assert shown.startswith("\x1b[1;31mfailing for 4m:\x1b[0m out of memory\n")
    assert "(4m ago)" in shown
    assert "\x1b[2J" not in shown
    assert page(WHOLE, tty=True).count("\x1b") == 0, "NO_COLOR"


@pytest.mark.parametrize("width", [80, 120])
def test_a_terminal_gets_no_line_that_is_too_long(width: int) -> None:
    found = diagnosis(cause(message=LONG), not_checked=[FORBIDDEN])
    lines = page(found, tty=True, width=width).splitlines()
    assert max(map(len, lines)) <= width
    assert any(line.startswith("    ") for line in lines), "what is wrapped is indented"
    assert LONG in page(found), "whole in a pipe"


def test_a_command_is_never_wrapped() -> None:
    found = diagnosis(cause(advice=[Advice(text="read its log", command=COMMAND)]))
    lines = page(found, tty=True).splitlines()
    assert f"    {COMMAND}" in lines
    assert lines[lines.index(f"    {COMMAND}") - 1] == "  -> read its log:"
    assert f"  -> read its log: {COMMAND}" in page(found, tty=True, width=200)


def test_several_fields_of_one_object_stand_below_it_on_a_terminal() -> None:
    told = [Evidence(source="pod/web-1", field=one, value="1", timestamp=AT) for one in "ab"]
    shown = page(diagnosis(cause(evidence=told)), tty=True)
    assert "  pod/web-1\n    a: 1 (4m ago)\n    b: 1 (4m ago)\n" in shown


@pytest.mark.parametrize("value", ["no such image", "(service web) no such image."])
def test_a_message_that_the_evidence_says_is_not_said_twice(value: str) -> None:
    told = [Evidence(source="pod/web-1", field="message", value=value)]
    shown = page(diagnosis(cause(Code.IMAGE_PULL, message="no such image", evidence=told)))
    assert shown.count("no such image") == 1


@pytest.mark.parametrize(
    ("most", "shown", "said"),
    [
        pytest.param(5, 5, "\n2 more causes: use --all\n", id="five"),
        pytest.param(6, 6, "\n1 more cause: use --all\n", id="all but one"),
        pytest.param(None, 7, None, id="all"),
    ],
)
def test_causes_that_are_not_shown_are_counted(most: int, shown: int, said: str | None) -> None:
    text = page(diagnosis(*[cause()] * 7), most=most)
    assert text.count("error: out of memory") == shown
    assert said in text if said else "more cause" not in text


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, "deployment/web in namespace shop of shop/staging", id="a workload"),
        pytest.param(
            {"instance": "web-1", "type": None},
            "instance/web-1 of workload web in namespace shop of shop/staging",
            id="an instance",
        ),
        pytest.param(
            {"instance": "debug", "workload": None, "type": None, "project": None},
            "instance/debug in namespace shop of staging",
            id="an instance of no workload",
        ),
    ],
)
def test_what_was_looked_at(changes: dict[str, str | None], expected: str) -> None:
    lines = page(diagnosis(**changes)).splitlines()
    assert lines[:2] == ["healthy: 2 of 2 replicas available", expected]


def test_text_of_an_api_moves_no_cursor_and_forges_no_line() -> None:
    evil = "a\x1b[2J\nerror: forged\t\u202eb"
    told = [Evidence(source=evil, field=evil, value=evil)]
    bad = cause(reason=evil, message=f"{evil}!", evidence=told, instances=[evil],
                advice=[Advice(text=evil, command=evil)])  # fmt: skip
    for tty in (False, True):
        shown = page(diagnosis(bad, headline=evil), tty=tty)
        assert "\x1b" not in shown
        assert "\u202e" not in shown
        assert not any(line.startswith("error: forged") for line in shown.splitlines())


@pytest.mark.parametrize(
    ("view", "rows"),
    [
        pytest.param(
            DIAGNOSES,
            [
                diagnosis(cause(), project=project, environment="production", workload=name)
                for project, name in (("media", "transcoder"), ("shop", "recommendations"))
            ],
            id="list",
        ),
        pytest.param(
            CAUSES,
            [
                cause(code, reason="CannotPullContainerError", message="m" * 90)
                for code in list(Code)
            ],
            id="causes",
        ),
    ],
)
def test_a_table_of_problems_fits_80_columns(view: View, rows: list[Any]) -> None:
    streams = Streams.test(tty=True, width=80)
    extra = frozenset({"project", "environment", "namespace"})
    show_list(streams, view, rows, Style(extra=extra), now=NOW)
    lines = streams.out.getvalue().splitlines()  # type: ignore[attr-defined]
    assert max(map(len, lines)) <= 80
    assert len(lines) == len(rows) + 1
