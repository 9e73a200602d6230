"""What a workload and an instance are, whoever runs them."""

from __future__ import annotations

from datetime import datetime

import pytest

from tests.contract.under_test import UnderTest, bare


@pytest.mark.parametrize(
    ("which", "status", "rollout"),
    [
        ("healthy", "running", "complete"),
        ("degraded", "degraded", "progressing"),
        ("stopped", "stopped", "complete"),
        ("rolling", "running", "progressing"),
    ],
)
def test_status_and_rollout(there: UnderTest, which: str, status: str, rollout: str) -> None:
    name = getattr(there, which)
    (found,) = there(f"workloads list {name} -o json").json
    assert (found["name"], found["status"]) == (bare(name), status)
    assert found["rollout"]["state"] == rollout
    assert (found["rollout"]["message"] is None) == (rollout == "complete")


def test_counts_and_status_agree(there: UnderTest) -> None:
    for one in there("workloads list -A -o json").json:
        assert 0 <= one["available"] <= one["running"]
        assert (one["status"] == "stopped") == (one["desired"] == one["running"] == 0)
        if one["status"] == "running" and one["rollout"]["state"] == "complete":
            assert one["available"] >= one["desired"]
        assert one["image"] == one["images"][0]


def test_statuses_part_the_list(there: UnderTest) -> None:
    everything = there("workloads list -A -o name").lines
    parts = [
        name
        for status in ("running", "degraded", "stopped")
        for name in there(f"workloads list -A --status {status} -o name").lines
    ]
    assert sorted(parts) == sorted(everything)


def test_the_types_of_workloads(there: UnderTest) -> None:
    found = there("workloads list -A -o json").json
    assert {one["type"] for one in found} == there.types


def test_a_healthy_workload_is_described_whole(there: UnderTest) -> None:
    found = there(f"workloads describe {there.healthy} -o json").json
    scaler = found["autoscaling"]
    assert (scaler["min"], scaler["max"], scaler["suspended"]) == (2, 6, False)
    assert (found["desired"], found["running"], found["available"]) == (2, 2, 2)
    assert found["reasons"] == []
    assert "https://web.example.test/" in [one["url"] for one in found["endpoints"]]
    counted = [one for one in found["endpoints"] if one["total"] is not None]
    assert {(one["healthy"], one["total"]) for one in counted} == {(2, 2)}
    assert [one["current"] for one in found["revisions"]] == [True]


def test_a_rolling_workload_has_two_revisions_the_newest_last(there: UnderTest) -> None:
    found = there(f"workloads describe {there.rolling} -o json").json
    assert [one["current"] for one in found["revisions"]] == [False, True]
    assert found["rollout"]["revision"] == found["revisions"][-1]["revision"]
    known = {one["revision"] for one in found["revisions"]}
    assert {one["revision"] for one in found["instances"]} <= known


def test_a_degraded_workload_gives_its_reasons(there: UnderTest) -> None:
    found = there(f"workloads describe {there.degraded} -o json").json
    names = {one["name"] for one in found["instances"]}
    first = found["reasons"][0]
    assert first["count"] >= 1
    assert set(first["instances"]) <= names
    assert found["rollout"]["message"]


def test_a_stopped_workload_has_no_instances(there: UnderTest) -> None:
    found = there(f"workloads describe {there.stopped} -o json").json
    assert (found["instances"], found["reasons"]) == ([], [])


def test_a_description_begins_with_what_the_list_says(there: UnderTest) -> None:
    # Events, of which a list knows nothing, may have a better word for the same.
    varying = {"endpoints", "rollout", "running", "available", "status", "reason", "cause"}
    for name in (there.healthy, there.stopped, there.rolling):
        (listed,) = there(f"workloads list {name} -o json").json
        described = there(f"workloads describe {name} -o json").json
        for key in set(listed) - varying:
            assert described[key] == listed[key], key
        assert bool(described["cause"]) == bool(listed["cause"])
        for key in ("state", "revision"):
            assert described["rollout"][key] == listed["rollout"][key]


def test_events_are_in_the_order_they_happened(there: UnderTest) -> None:
    events = there(f"workloads describe {there.healthy} -o json").json["events"]
    times = [datetime.fromisoformat(one["timestamp"]) for one in events]
    assert events
    assert times == sorted(times)
    assert all(one["count"] >= 1 and "/" in one["object"] for one in events)


def test_instances_have_unique_ids_and_names_after_their_workload(there: UnderTest) -> None:
    found = there("instances list -A --all -o json").json
    assert len({(one["namespace"], one["id"]) for one in found}) == len(found)
    for one in found:
        if one["workload"]:
            assert one["name"].startswith(f"{one['workload']}-")


def test_instances_statuses_agree_with_their_containers(there: UnderTest) -> None:
    for one in there("instances list -A --all -o json").json:
        lasting = [part for part in one["containers"] if not part["init"]]
        if one["status"] == "running" and one["ready"]:
            assert {part["status"] for part in lasting} == {"running"}
            assert one["startedAt"]
        if one["status"] != "running":
            assert not one["ready"]
        assert one["restarts"] >= max([part["restarts"] for part in lasting], default=0)


def test_finished_instances_are_left_out_unless_asked_for(there: UnderTest) -> None:
    plain = {one["id"] for one in there("instances list -A -o json").json}
    everything = {one["id"]: one for one in there("instances list -A --all -o json").json}
    stopped = {one["id"] for one in there("instances list -A --status stopped -o json").json}
    assert stopped
    assert plain | stopped == set(everything)
    assert not plain & stopped
    assert {everything[one]["status"] for one in plain} <= {"running", "pending"}


def test_a_terminating_instance_is_listed_while_it_runs(there: UnderTest) -> None:
    found = there("instances list -A -o json").json
    assert "Terminating" in {one["reason"] for one in found}


def test_an_instance_without_a_workload_has_none(there: UnderTest) -> None:
    found = there("instances list -A -o json").json
    assert [one["name"].split("-")[0] for one in found if one["workload"] is None].count("toolbox")
