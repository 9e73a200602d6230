"""``describe``: everything around one object, from the real API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.cli import Cli


def test_a_healthy_workload_with_ways_in_and_an_autoscaler(dashborion: Cli, as_admin: Path) -> None:
    found = dashborion("workloads describe web -o json").json
    assert {one["type"] for one in found["endpoints"]} == {"service", "ingress"}
    ingress = next(one for one in found["endpoints"] if one["type"] == "ingress")
    assert ingress["url"] == "https://web.example.test/"
    assert [(one["healthy"], one["total"]) for one in found["endpoints"]] == [(2, 2), (2, 2)]
    scaler = found["autoscaling"]
    assert (scaler["min"], scaler["max"], scaler["suspended"]) == (2, 6, False)
    assert scaler["source"] == "horizontalpodautoscaler/web"
    assert [one["workload"] for one in found["instances"]] == ["web", "web"]
    assert (found["cpu"], found["memory"]) == ("500m", "256Mi")
    assert found["resources"] == {"cpuMillicores": 500, "memoryMiB": 256}
    # Nothing measures what it uses, which its autoscaler says after a while.
    assert {one["reason"] for one in found["reasons"]} <= {"FailedGetResourceMetric"}
    assert [(one["revision"], one["current"]) for one in found["revisions"]] == [("1", True)]
    assert found["updatedAt"] == found["revisions"][-1]["createdAt"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("crash", "CrashLoopBackOff"),
        ("pull", "ImagePullBackOff"),
        ("oom", "OOMKilled"),
        ("unready", "Unhealthy"),
        ("huge", "Unschedulable"),
        ("init", "CrashLoopBackOff"),
        ("rolling", "Unhealthy"),
    ],
)
def test_the_reason_of_what_is_not_well(
    dashborion: Cli, as_admin: Path, name: str, reason: str
) -> None:
    later = datetime.now(UTC) + timedelta(minutes=5)  # what a start may take is over
    found = dashborion(f"workloads describe {name} -o json", now=later).json
    reasons = {one["reason"]: one for one in found["reasons"]}
    assert reason in reasons
    assert reasons[reason]["count"] == 1
    (instance,) = reasons[reason]["instances"]
    assert instance.startswith(name)
    assert reasons[reason]["lastSeen"]


def test_two_revisions_while_rolling(dashborion: Cli, as_admin: Path) -> None:
    found = dashborion("workloads describe rolling -o json").json
    assert [(one["revision"], one["current"]) for one in found["revisions"]] == [
        ("1", False),
        ("2", True),
    ]
    assert {one["revision"] for one in found["instances"]} == {"1", "2"}
    assert found["rollout"]["state"] == "progressing"


@pytest.mark.parametrize("name", ["db", "agent"])
def test_revisions_of_the_kinds_without_replicasets(
    dashborion: Cli, as_admin: Path, name: str
) -> None:
    found = dashborion(f"workloads describe {name} -o json").json
    (revision,) = found["revisions"]
    assert revision["current"] is True
    assert revision["images"] == found["images"]
    assert {one["revision"] for one in found["instances"]} == {revision["revision"]}


def test_events_are_about_the_workload_and_what_it_made(dashborion: Cli, as_admin: Path) -> None:
    events = dashborion("workloads describe web -o json").json["events"]
    kinds = {one["object"].split("/")[0] for one in events}
    assert kinds >= {"deployment", "replicaset", "pod"}
    assert {one["object"].split("/")[1].split("-")[0] for one in events} == {"web"}
    times = [datetime.fromisoformat(one["timestamp"]) for one in events]
    assert times == sorted(times)


def test_an_instance_is_described_by_a_prefix(dashborion: Cli, as_admin: Path) -> None:
    name = dashborion("instances list -w oom -o name").lines[0]
    found = dashborion(f"instances describe {name[:-2]} -o json").json
    assert found["name"] == name
    assert found["workload"] == "oom"
    assert found["zone"].startswith("zone-")
    (container,) = found["containers"]
    assert (container["status"], container["ready"]) == ("running", True)
    assert container["lastTermination"]["reason"] == "OOMKilled"
    assert container["lastTermination"]["exitCode"] == 137


def test_an_exact_name_is_not_a_prefix(dashborion: Cli, as_admin: Path) -> None:
    assert dashborion("instances describe db-0 -o name").lines == ["db-0"]
    assert dashborion("instances describe pod/db-0 -A -o name").lines == ["db-0"]
    assert dashborion("instances describe media/db-0 -n other -o name").lines == ["db-0"]


@pytest.mark.parametrize("tty", [True, False], ids=["terminal", "pipe"])
def test_the_page_has_all_sections(dashborion: Cli, as_admin: Path, *, tty: bool) -> None:
    page = dashborion("workloads describe web", tty=tty, width=200).out
    for title in ("Name:", "Autoscaler:", "Endpoints", "Instances", "Revisions", "Events"):
        assert title in page
