"""Many logs as one, by time, whatever their sizes and blocks; and the window of a live stream."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from dashborion.engines.logs import LineFilter, LiveLines, Window, merged
from dashborion.errors import DashborionError, Unreachable
from dashborion.models.log import HEAD, STAMP, Source
from dashborion.orchestrators.logs import Block, Ended, Reading, Wanted, between, stamp
from dashborion.render.log_lines import RawLines, TextLines

START = datetime(2026, 1, 1, tzinfo=UTC)


def source(name: str) -> Source:
    return Source(None, "here", "ns", "web", name, "app", alone=True)


def at(second: float, text: str) -> bytes:
    return stamp(START + timedelta(seconds=second)) + b" " + text.encode()


def as_is(_: Source, block: Block) -> tuple[Block, Block]:
    return block, [line[HEAD:] for line in block]


def with_moment(_: Source, block: Block) -> tuple[Block, Block]:
    return block, list(block)


def timed(second: float, text: str) -> tuple[bytes, bytes]:
    return at(second, "")[:STAMP], text.encode()


def never(_: Source, error: DashborionError) -> None:
    raise error


@pytest.mark.parametrize("seed", range(10))
def test_all_lines_come_in_the_order_of_their_moments(seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311
    logs: list[Block] = []
    readings = []
    for number in range(rng.randrange(1, 8)):
        second = 0.0
        blocks: list[Block] = []
        for _ in range(rng.randrange(6)):
            blocks.append([])
            for count in range(rng.randrange(1, 30)):
                second += rng.choice((0, 0.001, 1))
                blocks[-1].append(at(second, f"{number} {len(blocks)} {count}"))
        logs.append([line for block in blocks for line in block])
        readings.append(Reading(source(str(number)), iter(blocks)))

    printed = b"".join(merged(readings, with_moment, never)).splitlines()
    moments = [line[:STAMP] for line in printed]
    assert moments == sorted(moments)
    for number, log in enumerate(logs):
        assert [line for line in printed if line[HEAD:].startswith(b"%d " % number)] == log


def test_lines_of_one_log_in_any_order_are_sorted() -> None:
    block = [at(5, "a"), at(6, "b"), at(4, "c")]
    assert b"".join(merged([Reading(source("x"), iter([block]))], as_is, never)) == b"c\na\nb\n"


@pytest.mark.parametrize("spread", [0.000002, 1.0, 3600.0], ids=["micro", "second", "set back"])
@pytest.mark.parametrize("seed", range(8))
def test_unordered_logs_lose_and_double_no_line_and_blocks_are_sorted(
    seed: int, spread: float
) -> None:
    rng = random.Random(seed)  # noqa: S311
    readings, blocks = [], []
    for number in range(rng.randrange(1, 7)):
        log = [
            [
                at(rng.choice((0, 1, 2)) + rng.random() * spread, f"{number}-{block}")
                for _ in range(rng.randrange(1, 20))
            ]
            for block in range(rng.randrange(5))
        ]
        blocks += log
        readings.append(Reading(source(str(number)), iter([list(block) for block in log])))

    printed = b"".join(merged(readings, with_moment, never)).splitlines()
    assert sorted(printed) == sorted(line for block in blocks for line in block)
    for block in blocks:
        own = [line for line in printed if line[HEAD:] == block[0][HEAD:]]
        assert [line[:STAMP] for line in own] == sorted(line[:STAMP] for line in block)


def test_a_span_of_an_unordered_log_has_all_of_its_lines() -> None:
    log = [[at(9, "a")], [at(1, "b"), at(9, "c"), at(2, "d")], [at(8, "e")], [at(3, "f")]]
    wanted = Wanted(since=START + timedelta(seconds=2), until=START + timedelta(seconds=3))
    assert list(between(log, wanted)) == [[at(2, "d")], [at(3, "f")]]


def test_no_more_than_a_block_of_each_reading_is_held() -> None:
    asked: list[str] = []

    def blocks(name: str, seconds: range) -> Iterator[Block]:
        for second in seconds:
            asked.append(f"{name}{second}")
            yield [at(second, name)]

    readings = [Reading(source(name), blocks(name, range(begin, begin + 4)))
                for name, begin in (("a", 0), ("b", 100))]  # fmt: skip
    texts = merged(readings, as_is, never)
    assert next(texts) == b"a\n"
    assert asked == ["a0", "b100"]


def test_a_reading_that_fails_costs_its_own_rest() -> None:
    def broken() -> Iterator[Block]:
        yield [at(1, "first")]
        raise Unreachable("cut")

    failed: list[str] = []
    readings = [Reading(source("a"), broken()), Reading(source("b"), iter([[at(2, "whole")]]))]
    texts = merged(readings, as_is, lambda one, error: failed.append(f"{one}: {error.message}"))
    assert b"".join(texts) == b"first\nwhole\n"
    assert failed == ["a: cut"]


def test_a_window_puts_late_lines_into_order() -> None:
    now = [0.0]
    window = Window(2.0, lambda: now[0])
    assert window.through([timed(5, "b")]) == []
    now[0] = 1.0
    assert window.through([timed(4, "a"), timed(6, "c")]) == []
    now[0] = 2.5
    assert window.through([]) == [b"a", b"b"]
    assert window.rest() == [b"c"]


def test_a_window_loses_nothing_when_a_clock_is_set_back() -> None:
    rng = random.Random(1)  # noqa: S311
    now = [0.0]
    window = Window(2.0, lambda: now[0])
    given: Block = []
    lines = [timed(rng.choice((0, 3600)) + rng.random(), f"{n}") for n in range(200)]
    for line in lines:
        now[0] += rng.random()
        given += window.through([line])
    assert sorted(given + window.rest()) == sorted(text for _, text in lines)


def test_a_full_list_makes_readers_wait_until_it_is_over() -> None:
    live = LiveLines()
    live.end()
    with pytest.raises(Ended):
        live.lines(source("a"), [at(1, "a")])


def test_patterns_see_the_message_and_not_the_moment() -> None:
    import re

    block = [at(1, "GET /a 200"), at(2, "GET /b 500"), at(2026, "POST /a 500")]
    picked = LineFilter((re.compile("GET"), re.compile("POST")), (re.compile("200|2026-"),))
    assert picked(block) == block[1:]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        pytest.param(b"plain\tand tab", "plain\tand tab", id="plain"),
        pytest.param(b"\x1b[31mred\x1b[0m", "red", id="colour"),
        pytest.param(b"\x1b]0;title\x07x", "\\x1b]0;title\\x07x", id="title"),
        pytest.param(b"broken \xff\xfe", "broken \ufffd\ufffd", id="broken UTF-8"),
        pytest.param(b"nul \x00", "nul \\x00", id="NUL"),
        pytest.param(b"return\r", "return", id="carriage return"),
        pytest.param(b"over\rwritten", "over\\x0dwritten", id="overwriting"),
        pytest.param("schön ✓".encode(), "schön ✓", id="UTF-8"),
        pytest.param("a\u202eb".encode(), "a\\u202eb", id="bidirectional"),
        pytest.param(b"", "", id="empty"),
        pytest.param(b"x" * 2_000_000, "x" * 2_000_000, id="two megabytes"),
    ],
)
def test_text_is_harmless_and_raw_is_as_it_was(written: bytes, shown: str) -> None:
    line = at(1, "") + written
    (text,) = TextLines()(source("web-1"), [line])
    assert text.decode() == f"web-1 | {shown}"
    (raw,) = RawLines()(source("web-1"), [line])
    assert raw == written
