"""Logs that hang, trickle or never end a line: the others are printed, and it ends in time."""

from __future__ import annotations

import re

import pytest

from dashborion.orchestrators.kubernetes import resume
from tests.faults.logs.conftest import Logs, at, chunk
from tests.support.cli import Cli
from tests.support.misbehaviour import Exchange, Fault, hang, trickle

READ_SECONDS = 1.0


def hang_in_body(exchange: Exchange) -> None:
    """Two lines, and then silence."""
    exchange.begin({"Transfer-Encoding": "chunked"}, chunk(at(1, "first") + at(2, "second")))
    exchange.over.wait()


def trickle_lines(exchange: Exchange) -> None:
    """A byte of a line now and then."""
    exchange.begin({"Transfer-Encoding": "chunked"}, chunk(at(1, "first") + at(2, "second")))
    for byte in at(3, "x" * 100_000):
        if exchange.over.wait(0.02):
            return
        exchange.wfile.write(chunk(byte))
        exchange.wfile.flush()


HANGING = [
    pytest.param(hang, [], id="before the head"),
    pytest.param(trickle, [], id="a byte now and then"),
    pytest.param(hang_in_body, ["first", "second"], id="in the body"),
    pytest.param(trickle_lines, ["first", "second"], id="trickling in a line"),
]


@pytest.mark.parametrize(("fault", "printed"), HANGING)
def test_a_log_that_hangs_is_named_and_the_others_are_printed(
    fault: Fault, printed: list[str], logs: Logs, dashborion: Cli
) -> None:
    logs(at(1.5, "one") + at(9, "two"), fault, at(3, "three"))
    seen = dashborion("workloads logs db -e k8s:here", seconds=READ_SECONDS)
    assert seen.exit_code == 5
    said = [line.partition(" | ")[2] for line in seen.lines]
    assert sorted(said) == sorted(["one", "two", "three", *printed])
    assert "db-1: " in seen.err
    assert not re.search("db-[02]: ", seen.err)
    assert dashborion.took < 10 * READ_SECONDS


@pytest.mark.parametrize(("fault", "printed"), HANGING)
def test_where_all_logs_hang_it_is_unavailable(
    fault: Fault, printed: list[str], logs: Logs, dashborion: Cli
) -> None:
    logs(fault, fault)
    seen = dashborion("workloads logs db -e k8s:here --no-prefix", seconds=READ_SECONDS)
    assert (seen.exit_code, seen.lines) == (6, sorted(printed * 2))
    assert dashborion.took < 10 * READ_SECONDS


def test_a_line_that_never_ends_is_shortened(
    logs: Logs, dashborion: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resume, "LONGEST_LINE", 1 << 20)
    logs(at(1, "x" * (5 << 20)) + at(2, "next"), at(1, "y" * (5 << 20)).rstrip())
    seen = dashborion("workloads logs db -e k8s:here --no-prefix")
    assert seen.exit_code == 0
    long, endless, after = seen.lines
    assert {len(line) for line in (long, endless)} < {*range(1 << 20, (1 << 20) + 100)}
    assert long.endswith("left out]")
    assert endless.endswith("left out]")
    assert after == "next"
