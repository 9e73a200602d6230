"""Events of workloads are the same on every orchestrator: the same options, the same rows."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from tests.contract.under_test import UnderTest, bare
from tests.support.cli import lines


def test_one_workload_has_the_events_of_its_description(there: UnderTest) -> None:
    described = there(f"workloads describe {there.healthy} -o json").json["events"]
    assert described
    assert there(f"workloads events {there.healthy} -o json").json == described
    place = {(one["workload"], one["namespace"]) for one in described}
    assert place == {(bare(there.healthy), there.namespaces[0])}


def test_several_names_and_patterns_are_one_list_the_newest_last(there: UnderTest) -> None:
    alone = [
        there(f"workloads events {name} -o json").json for name in (there.healthy, there.degraded)
    ]
    names = f"{there.healthy[:-1]}* {there.degraded}"
    both = there(f"workloads events {names} -o json").json
    seen = {(one["object"], one["reason"], one["message"]) for one in both}
    for one in (*alone[0], *alone[1]):
        assert (one["object"], one["reason"], one["message"]) in seen
    times = [datetime.fromisoformat(one["timestamp"]) for one in both]
    assert times == sorted(times)
    header = there(f"workloads events {names}").lines[0].split("\t")
    assert "WORKLOAD" in header


@pytest.mark.parametrize("type_", ["normal", "warning"])
def test_events_of_one_type(there: UnderTest, type_: str) -> None:
    everything = there("workloads events '*' -A -o json").json
    found = there(f"workloads events '*' -A --type {type_} -o json").json
    assert {one["type"] for one in found} == {type_}
    kept = {(one["object"], one["reason"]) for one in found}
    assert {(one["object"], one["reason"]) for one in everything if one["type"] == type_} <= kept


def _time(text: str) -> datetime:
    """Some are of whole seconds, some are not, which text does not sort."""
    return datetime.fromisoformat(text)


def test_events_since_a_time(there: UnderTest) -> None:
    told = there(f"workloads events {there.healthy} -o json").json
    newest = told[-1]["timestamp"]
    found = there(f"workloads events {there.healthy} --since {newest} -o json").json
    assert found == [one for one in told if _time(one["timestamp"]) >= _time(newest)]
    assert there(f"workloads events {there.healthy} --since 0s -o json").json == []


def test_followed_events_begin_with_those_there_are(there: UnderTest) -> None:
    told = there(f"workloads events {there.healthy} -o json").json
    followed = there.dashborion(
        f"workloads events {there.healthy} -f -o json -e {there.environment}",
        enough=lines(len(told)),
    )
    assert [json.loads(line) for line in followed.lines] == told


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("no-such-thing", 3),
        ("web --type strange", 2),
        ("web --since tomorrow", 2),
        ("web -f --sort count", 2),
        ("web -f -o yaml", 2),
    ],
)
def test_what_cannot_be_shown(there: UnderTest, words: str, code: int) -> None:
    seen = there(f"workloads events {words} -A")
    assert (seen.exit_code, seen.out) == (code, "")
