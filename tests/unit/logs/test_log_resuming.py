"""stern's rule, on simulated logs: after any cut the next line is the next one written."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from dashborion.models.log import STAMP
from dashborion.orchestrators.kubernetes.resume import (
    LONGEST_LINE,
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


@pytest.mark.parametrize("seed", range(20))
def test_no_line_is_lost_or_doubled_over_a_hundred_cuts(seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311
    log: Block = []
    heard: Block = []
    cursor = Cursor()
    at = 0.0
    for _ in range(100):
        for _ in range(rng.randrange(12)):
            at += rng.choice((0, 0, 0.000001, 0.01, 0.7))
            # The lines of stdout and stderr are not always written in the order of their moments.
            log.append(line(max(0.0, at - rng.choice((0, 0, 0.000002))), f"{len(log)} " * 3))
        heard += read(log, cursor, rng)[0]
    again = DuplicateFilter(cursor)
    heard += again.unread(served(log, cursor))
    assert heard == log
    assert again.gap is None


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


def test_the_kubelets_own_words_are_no_line() -> None:
    odd = b"unable to retrieve container logs for containerd://1"
    assert separate_stamped([line(1, "a"), odd]) == ([line(1, "a")], [odd])
