"""What lists and ``status`` say of what is not well, which is what ``why`` says."""

from __future__ import annotations

from collections import Counter
from typing import Any
from urllib.parse import quote

import pytest

from tests.contract.under_test import UnderTest
from tests.support.waiting import wait_for


def test_a_list_names_what_is_wrong_as_why_does(there: UnderTest) -> None:
    def agree() -> bool:  # what crashes is now CrashLoopBackOff and now Error
        (listed,) = there(f"workloads list {there.degraded} -o json").json
        described = there(f"workloads describe {there.degraded} -o json").json
        worst = there(f"workloads why {there.degraded} -o json").json["causes"][0]
        told = {(one["reason"], one["cause"]) for one in (listed, described)}
        assert listed["restarts"] >= 1
        return told == {(worst["reason"], worst["code"])} and (
            listed["restarts"] == described["restarts"]
        )

    wait_for("all to tell the same, of a fleet that moves", agree)


@pytest.mark.parametrize("which", ["healthy", "stopped"])
def test_what_is_well_has_no_reason(there: UnderTest, which: str) -> None:
    (found,) = there(f"workloads list {getattr(there, which)} -o json").json
    assert (found["reason"], found["cause"], found["restarts"]) == (None, None, 0)


def test_problems_are_what_is_not_well(there: UnderTest) -> None:
    seen = there("workloads list -A --problems --exit-code -o json")
    found = {f"{one['namespace']}/{one['name']}" for one in seen.json}
    assert seen.exit_code == 9
    assert there.degraded in found
    assert not {there.healthy, there.stopped} & found
    assert all(one["cause"] for one in seen.json)
    well = there(f"workloads list {there.healthy} --problems --exit-code")
    assert (well.exit_code, "no problems found" in well.err) == (0, True)


def test_an_http_api_has_the_problems_too(there: UnderTest) -> None:
    typed = there("workloads list -A --problems -o json").json
    where = quote(there.environment, safe="")
    path = f"/api/-/workloads/{where}?problems=true&all-namespaces=true"
    assert there.dashborion(f"api '{path}'").json == typed


def test_status_counts_the_list_and_has_the_problems_of_why(there: UnderTest) -> None:
    seen = there("status -A --exit-code -o json")
    (found,) = seen.json
    assert (seen.exit_code, found["verdict"], found["error"]) == (9, "failing", None)
    assert found["orchestrator"] == there.orchestrator
    listed = Counter(one["status"] for one in there("workloads list -A -o json").json)
    assert found["workloads"] == {key: listed[key] for key in ("running", "degraded", "stopped")}

    def told(problems: list[Any]) -> list[tuple[str, ...]]:
        keys = ("namespace", "workload", "verdict", "headline")
        return [tuple(one[key] for key in keys) for one in problems]

    def agree() -> bool:  # what crashes is now CrashLoopBackOff and now Error
        (found,) = there("status -A -o json").json
        return told(found["problems"]) == told(there("workloads why -A -o json").json)

    wait_for("both to tell the same, of a fleet that moves", agree)


@pytest.mark.parametrize("tty", [True, False], ids=["terminal", "pipe"])
def test_the_page_of_status_has_problems_first(there: UnderTest, *, tty: bool) -> None:
    page = there("status -A", tty=tty).out
    places = [page.index(title) for title in ("Problems\n", "Environments\n")]
    assert places == sorted(places)
    assert there.degraded.rpartition("/")[2] in page
