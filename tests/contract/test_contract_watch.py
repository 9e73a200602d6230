"""A watched list is the same on every orchestrator: the list, and then what changes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.contract.under_test import UnderTest, bare
from tests.support.cli import Cli, Result, Screen
from tests.support.waiting import wait_for


def watched(there: UnderTest, words: str, enough: Any, meanwhile: Any = None) -> Result:
    command = f"{words} --watch -o json -e {there.environment}"
    return there.dashborion(command, enough=enough, meanwhile=meanwhile, seconds=20)


def synced(screen: Screen) -> bool:
    return '"change":"synced"' in screen.getvalue()


@pytest.mark.parametrize("words", ["workloads list -A", "instances list -A"])
def test_what_is_watched_begins_with_the_list(there: UnderTest, words: str) -> None:
    def is_the_list() -> bool:
        seen = watched(there, words, synced)
        *rows, last = map(json.loads, seen.lines)
        assert {one.pop("change") for one in rows} == {"added"}
        assert (seen.exit_code, last["change"], last["error"]) == (130, "synced", None)
        listed = there(f"{words} -o json").json
        named = [(one["namespace"], one["name"]) for one in rows]
        return named == [(one["namespace"], one["name"]) for one in listed]

    wait_for("the same rows, as instances come and go", is_the_list)


def test_a_change_is_a_line_with_the_row_as_it_is_now(there: UnderTest) -> None:
    name = bare(there.healthy)
    changed: list[int] = []

    def scale() -> None:
        namespace = there.namespaces[0]
        done = Cli()(f"workloads scale {name} -n {namespace} -e {there.environment} -r 3 --yes")
        changed.append(done.exit_code)

    def enough(screen: Screen) -> bool:
        if synced(screen) and not changed:
            scale()
        return '"change":"modified"' in screen.getvalue()

    seen = watched(there, f"workloads list {there.healthy}", enough)
    changed.clear()
    try:
        lines = [json.loads(line) for line in seen.lines]
        told = [(one["change"], one["desired"]) for one in lines if "desired" in one]
        assert told[:2] == [("added", 2), ("modified", 3)]
    finally:
        there(f"workloads scale {there.healthy} -r 2 --yes")


def test_what_is_used_is_watched_too(there: UnderTest) -> None:
    seen = watched(there, "workloads top", lambda screen: '"change":' in screen.getvalue())
    if "no-metrics" in seen.err:  # a control plane without metrics-server
        assert seen.exit_code == 3
        return
    rows = [json.loads(line) for line in seen.lines]
    assert {one["change"] for one in rows} <= {"added", "synced"}
    assert all("percentOfLimit" in one["cpu"] for one in rows if one["change"] == "added")


def test_without_any_right_it_is_an_error(there: UnderTest) -> None:
    there.refuse()
    seen = there("workloads list --watch -o json")
    assert (seen.exit_code, seen.out) == (4, "")


def test_nobody_who_answers_is_told_and_asked_again(there: UnderTest) -> None:
    there.unplug()
    seen = watched(there, "workloads list", lambda screen: "failed" in screen.getvalue())
    (line,) = map(json.loads, seen.lines)
    assert (line["change"], line["error"]["code"]) == ("failed", "unreachable")


@pytest.mark.parametrize(
    "words",
    [
        "workloads list --watch",
        "instances list --watch -o yaml",
        "workloads list --watch -o csv",
        "workloads list --watch --raw",
        "instances list --watch -o json --sort name",
        "workloads list --watch -o json --exit-code",
        "workloads list --interval 5s",
        "workloads list --watch -o json --interval soon",
    ],
)
def test_what_cannot_be_watched(there: UnderTest, words: str) -> None:
    seen = there(words)
    assert (seen.exit_code, seen.out) == (2, "")


def test_a_name_that_is_not_there_is_an_error(there: UnderTest) -> None:
    seen = there("workloads list no-such-thing --watch -o json")
    assert (seen.exit_code, seen.out) == (3, "")
