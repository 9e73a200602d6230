"""stern's rule, on simulated logs: after any cut the next line is the next one written."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from dashborion.models.log import STAMP
from dashborion.orchestrators.kubernetes import resume
from dashborion.orchestrators.kubernetes.resume import (
    LONGEST_LINE,
    MOST_SECONDS,
    Cursor,
    DuplicateFilter,
    LineSplitter,
    separate_stamped,
)
from dashborion.orchestrators.logs import Block, stamp

START = datetime(2026, 1, 1, tzinfo=UTC)


def line(seconds: float, text: str) -> bytes:
    return stamp(START + timedelta(seconds=seconds)) + b" " + text.encode()


def served(log: Block, cursor: Cursor) -> Block:
    """What the API answers: from a whole second on."""
    since = cursor.since
    return [one for one in log if since is None or one[:STAMP].decode() >= since[:-1]]


def read(log: Block, cursor: Cursor, rng: random.Random) -> tuple[Block, DuplicateFilter]:
    """Until the connection is cut, in the middle of something."""
    again, found = DuplicateFilter(cursor), []
    there = b"\n".join([*served(log, cursor), b""])
    there = there[: rng.randrange(len(there) + 1)]
    pieces = [there[at : at + 37] for at in range(0, len(there), 37)]
    for block in LineSplitter().blocks(pieces):
        fresh = again.unread(block)
        if fresh:
            found += fresh
            cursor.advance(fresh)
    return found, again


def in_order(_: random.Random) -> float:
    return 0.0


def interleaved(rng: random.Random) -> float:
    return rng.choice((0, 0, 0.000002))


def far_out_of_order(rng: random.Random) -> float:
    return rng.choice((0, rng.random() * 1.9))


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("late", [in_order, interleaved, far_out_of_order])
def test_no_line_is_lost_or_doubled_over_a_hundred_cuts(
    seed: int, late: Callable[[random.Random], float]
) -> None:
    rng = random.Random(seed)  # noqa: S311
    log: Block = []
    heard: Block = []
    cursor = Cursor()
    at = 0.0
    for _ in range(100):
        for _ in range(rng.randrange(12)):
            at += rng.choice((0, 0, 0.000001, 0.01, 0.7))
            # The lines of stdout and stderr are not always written in the order of their moments.
            log.append(line(max(0.0, at - late(rng)), f"{len(log)} " * 3))
        heard += read(log, cursor, rng)[0]
    again = DuplicateFilter(cursor)
    heard += again.unread(served(log, cursor))
    assert heard == log
    assert again.gap is None


@pytest.mark.parametrize("seed", range(5))
def test_a_clock_that_is_set_back_while_it_is_read_loses_no_line(seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311
    log: Block = []
    heard: Block = []
    cursor = Cursor()
    at = 5000.0
    for turn in range(60):
        if turn in (20, 40):
            heard += again_and_again(log, cursor)
            at -= 1800
            log.append(line(at, f"set back {turn}"))
            heard.append(log[-1])
            cursor.advance(log[-1:])
        for _ in range(rng.randrange(12)):
            at += rng.choice((0, 0.01, 0.7))
            log.append(line(at, f"{len(log)}"))
        heard += read(log, cursor, rng)[0]
    heard += again_and_again(log, cursor)
    assert heard == log


def again_and_again(log: Block, cursor: Cursor) -> Block:
    """What is not read yet, without a cut."""
    fresh = DuplicateFilter(cursor).unread(served(log, cursor))
    if fresh:
        cursor.advance(fresh)
    return fresh


@pytest.mark.parametrize("seed", range(5))
def test_moments_of_whole_seconds_do_not_double_the_lines_before_a_tail(seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311
    log = [line(n // 7, f"{n}") for n in range(40)]
    start = rng.randrange(1, 30)
    cursor = Cursor()
    heard = log[start : start + 5]
    cursor.advance(heard)
    for _ in range(10):
        heard = heard + read(log, cursor, rng)[0]
    heard += again_and_again(log, cursor)
    assert heard == log[start:]


def test_the_seconds_that_are_counted_have_a_bound() -> None:
    cursor = Cursor()
    log = [line(n, f"{n}") for n in range(3 * MOST_SECONDS)]
    for begin in range(0, len(log), 100):
        cursor.advance(log[begin : begin + 100])
    assert cursor.again[0] == 102
    log.append(line(0, "set back by hours"))
    cursor.advance(log[-1:])
    assert again_and_again(log, cursor) == []


def seen(*log: bytes) -> Cursor:
    cursor = Cursor()
    cursor.advance(list(log))
    return cursor


def test_after_a_rotation_the_gap_is_named() -> None:
    again = DuplicateFilter(seen(line(1, "a"), line(1.5, "b")))
    assert again.unread([line(3, "d"), line(4, "e")]) == [line(3, "d"), line(4, "e")]
    assert again.gap == (line(1.5, "b")[:STAMP], line(3, "d")[:STAMP])


def test_a_rotation_between_lines_that_were_seen_leaves_no_gap() -> None:
    again = DuplicateFilter(seen(line(1, "a"), line(1.2, "b"), line(1.4, "c")))
    assert again.unread([line(1.2, "b"), line(1.4, "c"), line(1.6, "d")]) == [line(1.6, "d")]
    assert again.gap is None


def test_older_lines_of_the_second_in_which_it_began_do_not_come() -> None:
    again = DuplicateFilter(seen(line(1.5, "c"), line(1.6, "d")))
    whole = [line(1, "a"), line(1.2, "b"), line(1.5, "c"), line(1.6, "d"), line(1.7, "e")]
    assert again.unread(whole[:1]) == []
    assert again.unread(whole[1:]) == [line(1.7, "e")]
    assert again.is_same_log
    assert again.gap is None


def test_until_all_that_was_seen_has_come_it_is_not_past() -> None:
    again = DuplicateFilter(seen(line(1, "a"), line(1.1, "b")))
    again.unread([line(1, "a")])
    assert not again.is_past
    again.unread([line(1.1, "b")])
    assert again.is_past


def test_lines_of_one_moment_are_counted() -> None:
    again = DuplicateFilter(seen(line(1, "same"), line(1, "same")))
    assert again.unread([line(1, "same")] * 3) == [line(1, "same")]


def test_lines_seen_before_may_come_in_several_blocks() -> None:
    again = DuplicateFilter(seen(line(1, "a"), line(1.1, "b"), line(1.2, "c")))
    assert again.unread([line(1, "a")]) == []
    assert again.unread([line(1.1, "b"), line(1.2, "c")]) == []
    assert again.unread([line(1.3, "d")]) == [line(1.3, "d")]


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_lines_are_whole_however_they_are_cut_into_chunks(size: int) -> None:
    text = b"one\n\n\xff\x00three\nlast"
    lines = LineSplitter()
    found = list(lines.blocks(text[at : at + size] for at in range(0, len(text), size)))
    assert [one for block in found for one in block] == [b"one", b"", b"\xff\x00three"]
    assert lines.rest == b"last"


def test_a_line_longer_than_memory_is_shortened() -> None:
    chunk = b"x" * (1 << 20)
    lines = LineSplitter()
    (block,) = lines.blocks([*[chunk] * (LONGEST_LINE // len(chunk) + 5), b"\nnext\n"])
    assert len(block[0]) < LONGEST_LINE + len(chunk)
    assert block[0].endswith(b"left out]")
    assert block[1] == b"next"


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-01-01T02:00:00.5+02:00", "2026-01-01T00:00:00.500000000Z"),
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.000000000Z"),
        ("2026-01-01T00:00:00.123456789Z", "2026-01-01T00:00:00.123456789Z"),
    ],
)
def test_moments_are_in_utc_with_nanoseconds(written: str, moment: str) -> None:
    assert separate_stamped([f"{written} said".encode()]) == ([f"{moment} said".encode()], [])


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param("2026-13-45T25:61:61.000Z x", id="no such date"),
        pytest.param("2026-01-01T00:00:60.5Z x", id="leap second"),
        pytest.param("0001-01-01T00:00:00+14:00 x", id="before all time"),
        pytest.param("no time at all", id="none"),
        pytest.param("", id="empty"),
    ],
)
def test_what_is_no_moment_is_told_and_not_guessed(odd: str) -> None:
    assert separate_stamped([odd.encode()]) == ([], [odd.encode()])


@pytest.mark.parametrize("size", [1 << 16, 1000, 77])
def test_a_line_is_shortened_alike_however_it_is_cut(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resume, "LONGEST_LINE", 5000)
    text = b"x" * 20_000
    lines = LineSplitter()
    assert list(lines.blocks(text[at : at + size] for at in range(0, len(text), size))) == []
    assert lines.rest == text[:5000] + resume.CUT_MARK


def test_the_kubelets_own_words_are_no_line() -> None:
    odd = b"unable to retrieve container logs for containerd://1"
    assert separate_stamped([line(1, "a"), odd]) == ([line(1, "a")], [odd])
