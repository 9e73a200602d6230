"""One diagnosis, in the same words on every orchestrator."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.contract.under_test import UnderTest, bare


@pytest.fixture
def young(there: UnderTest) -> UnderTest:
    """Seconds after the newest instance of what rolls out: what stands still is not well later."""
    found = there(f"workloads describe {there.rolling} -o json").json["instances"]
    newest = max(one["createdAt"] for one in found)
    there.dashborion.moment = datetime.fromisoformat(newest) + timedelta(seconds=5)
    return there


@pytest.mark.parametrize(
    ("which", "verdict"),
    [
        ("healthy", "healthy"),
        ("degraded", "failing"),
        ("stopped", "stopped"),
    ],
)
def test_a_verdict_and_its_exit_code(there: UnderTest, which: str, verdict: str) -> None:
    found = there(f"workloads why {getattr(there, which)} --exit-code -o json")
    assert found.json["verdict"] == verdict
    assert found.exit_code == (9 if verdict == "failing" else 0)
    errors = [one for one in found.json["causes"] if one["severity"] == "error"]
    assert bool(errors) is (verdict == "failing")


def test_what_is_well_has_nothing_that_somebody_should_do_something_about(
    there: UnderTest,
) -> None:
    found = there(f"workloads why {there.healthy} -o json").json
    assert {one["severity"] for one in found["causes"]} <= {"info"}
    assert found["notChecked"] == []
    assert "instances" in found["checked"]


def test_a_container_that_ends_is_told_with_its_code_and_what_to_type(there: UnderTest) -> None:
    cause = there(f"workloads why {there.degraded} -o json").json["causes"][0]
    assert cause["code"] == "exit"
    assert any(one["value"] == "1" for one in cause["evidence"])
    (command,) = [one["command"] for one in cause["advice"] if one["command"]]
    assert command.split()[:3] == ["dashborion", "instances", "logs"]
    assert command.split()[3] in cause["instances"]


def test_every_command_shows_the_same_worst_cause(there: UnderTest) -> None:
    name = there.degraded
    codes = {
        there(f"workloads why {name} -o json").json["causes"][0]["code"],
        there(f"workloads describe {name} -o json").json["causes"][0]["code"],
        there(f"workloads status {name} -o json").json["causes"][0]["code"],
        *(
            one["causes"][0]["code"]
            for one in there("workloads why -A -o json").json
            if one["workload"] == bare(name)
        ),
    }
    assert codes == {"exit"}


def test_only_what_is_not_well_is_listed_the_worst_first(there: UnderTest) -> None:
    listed = there("workloads why -A -o json").json
    assert bare(there.degraded) in {one["workload"] for one in listed}
    well = {bare(name) for name in (there.healthy, there.stopped)}
    assert not well & {one["workload"] for one in listed}
    assert {one["verdict"] for one in listed} <= {"failing", "unknown"}


def test_a_rollout_that_gets_on_has_causes_that_are_no_errors(young: UnderTest) -> None:
    if young.environment == "k8s:real":
        pytest.skip("the stand-in kubelet writes that a pod which never was ready has been so")
    found = young(f"workloads status {young.rolling} -o json").json
    assert found["state"] == "progressing"
    assert {one["severity"] for one in found["causes"]} <= {"warning", "info"}
    assert young(f"workloads why {young.rolling} -o json").json["verdict"] == "progressing"
    assert young(f"workloads status {young.healthy} -o json").json["causes"] is None
