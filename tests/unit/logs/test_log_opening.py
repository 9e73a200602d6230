"""Logs opened side by side: a little ahead, in time, and each error the log's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dashborion.concurrency import Deadline
from dashborion.errors import (
    DashborionError,
    NothingToRead,
    TimedOut,
    Unexpected,
    Unreachable,
    Unreadable,
)
from dashborion.models.log import Source
from dashborion.orchestrators.kubernetes.run_log import Ends
from dashborion.orchestrators.log_opening import AHEAD, OpenLog, ReadAhead, open_all
from dashborion.orchestrators.logs import Block
from dashborion.orchestrators.runtime import Runtime
from tests.support.waiting import PATIENCE_SECONDS, wait_for

LINE = b"2026-01-01T00:00:01.000000000Z said"


def source(name: str) -> Source:
    return Source(None, "here", "ns", "web", name, "app", alone=True)


def lines() -> Iterator[Block]:
    yield [LINE]
    yield [LINE]


def fails_with(error: Exception, *, after: int = 0) -> OpenLog:
    def log() -> Iterator[Block]:
        for _ in range(after):
            yield [LINE]
        raise error

    return log


def test_it_is_read_a_little_ahead_and_no_further() -> None:
    read: list[int] = []

    def log() -> Iterator[Block]:
        for number in range(100):
            read.append(number)
            yield [LINE]

    ahead = ReadAhead(log, Deadline(PATIENCE_SECONDS))
    wait_for("blocks", lambda: len(read) == AHEAD)
    assert len(next(ahead)) == AHEAD  # all that waits, as one block
    wait_for("others", lambda: len(read) == 2 * AHEAD)
    assert sum(map(len, ahead)) == 100 - AHEAD


@pytest.mark.parametrize("after", [0, 1, 3])
@pytest.mark.parametrize(
    ("error", "expected"),
    [
        pytest.param(Unreachable("cut"), Unreachable, id="foreseen"),
        pytest.param(ValueError("s3cr3t"), Unexpected, id="unforeseen"),
    ],
)
def test_an_error_comes_once_behind_the_lines_before_it(
    error: Exception, expected: type[DashborionError], after: int
) -> None:
    ahead = ReadAhead(fails_with(error, after=after), Deadline(PATIENCE_SECONDS))
    taken: Block = []
    with pytest.raises(expected) as raised:
        taken.extend(line for block in ahead for line in block)
    assert len(taken) == after
    assert "s3cr3t" not in raised.value.message
    assert next(ahead, None) is None


def test_without_time_it_is_not_waited_for() -> None:
    with pytest.raises(TimedOut):
        ReadAhead(lambda: iter(lambda: wait_for("never", list), 0), Deadline(0)).wait()


def opened(*logs: OpenLog, problems: list[DashborionError]) -> tuple[int, list[str], list[str]]:
    """How many logs were opened; the warnings, and what is incomplete."""
    warnings: list[DashborionError] = []
    missing: list[DashborionError] = []
    readings = open_all(
        [(source(f"web-{number}"), log) for number, log in enumerate(logs)],
        problems,
        is_absent=lambda error: type(error) is NothingToRead,
        runtime=Runtime(Deadline(PATIENCE_SECONDS), warnings.append, missing.append),
    )
    return len(readings), [one.message for one in warnings], [one.message for one in missing]


def test_what_is_not_there_is_a_warning_and_what_fails_is_missing() -> None:
    assert opened(
        lines,
        fails_with(Unreachable("cut")),
        fails_with(NothingToRead("not yet")),
        fails_with(Unreachable("cut")),
        problems=[Unreadable("splunk"), NothingToRead("none")],
    ) == (1, ["none", "not yet"], ["splunk", "web-1, web-3: cut"])


@pytest.mark.parametrize(
    ("logs", "expected", "message"),
    [
        pytest.param([NothingToRead("a"), NothingToRead("b")], NothingToRead, "none; a; b"),
        pytest.param([Unreadable("a"), Unreachable("b")], Unreachable, "web-1: b"),
        pytest.param([NothingToRead("a"), Unreadable("b")], Unreadable, "web-1: b"),
    ],
    ids=["absent", "failure first", "unreadable"],
)
def test_where_none_can_be_read_the_worst_is_raised(
    logs: list[Exception], expected: type[DashborionError], message: str
) -> None:
    with pytest.raises(expected) as raised:
        opened(*map(fails_with, logs), problems=[NothingToRead("none")])
    assert (type(raised.value), raised.value.message) == (expected, message)


@pytest.mark.parametrize(
    ("rests", "least", "final"),
    [
        ([b""], 1, True),
        ([b""], 2, False),
        ([b"", b""], 2, True),
        ([b"par", b"par"], 2, False),  # a cut twice in the same place
        ([b"par", b"part", b"part", b"part"], 2, True),
        ([b"par", b""], 1, True),
    ],
)
def test_an_end_inside_a_line_is_not_believed_at_once(
    rests: list[bytes], least: int, final: bool
) -> None:
    ends = Ends()
    seen = [ends.are_final(rest, least=least) for rest in rests]
    assert seen == [False] * (len(rests) - 1) + [final]
