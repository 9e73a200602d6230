"""``timeline`` on every orchestrator: of which workloads, in which order, of which kinds."""

from __future__ import annotations

import pytest

from tests.contract.under_test import UnderTest


def test_a_timeline_is_in_order_and_of_what_was_named(there: UnderTest) -> None:
    seen = there("timeline -A --since 30d -o json")
    assert seen.exit_code == 0, seen.err
    seconds = [one["timestamp"][:19] for one in seen.json if one["timestamp"]]
    assert seconds == sorted(seconds)
    assert {"rollout", "instance"} <= {one["kind"] for one in seen.json}
    assert f"{there.environment} sees " in seen.err
    named = there(f"timeline {there.healthy} --since 30d -o json").json
    assert {one["workload"] for one in named} <= {there.healthy.rpartition("/")[2], None}
    assert named


@pytest.mark.parametrize(
    ("words", "code"),
    [("no-such-thing", 3), ("no-such-thing-*", 0), ("--since 0s", 0), ("--kind odd", 2)],
)
def test_what_there_is_nothing_of(there: UnderTest, words: str, code: int) -> None:
    seen = there(f"timeline {words} -o json --kind config")
    assert seen.exit_code == code
    assert code or seen.json == []
