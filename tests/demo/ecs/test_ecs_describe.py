"""``describe``: everything around one object; ``--raw``; and nothing private anywhere."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import datetime

import pytest

from tests.support.aws import SECRET
from tests.support.cli import Cli
from tests.support.fleet_on_ecs import CLUSTER, Fleet

UTC_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


@pytest.fixture
def in_tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """botocore tells times in the machine's own zone."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_a_healthy_workload_with_ways_in_and_an_autoscaler(dashborion: Cli, fleet: Fleet) -> None:
    found = dashborion("workloads describe web -o json").json
    group, connect = found["endpoints"]
    assert (group["type"], group["url"]) == ("target-group", "https://web.example.test/")
    assert (group["healthy"], group["total"]) == (2, 2)
    assert (connect["type"], connect["address"]) == ("service-connect", "web.home")
    scaler = found["autoscaling"]
    assert (scaler["min"], scaler["max"], scaler["suspended"]) == (2, 6, False)
    assert [one["workload"] for one in found["instances"]] == ["web", "web"]
    assert (found["cpu"], found["memory"]) == ("256", "512")
    assert found["resources"] == {"cpuMillicores": 250, "memoryMiB": 512}
    assert found["reasons"] == []
    assert [(one["revision"], one["current"]) for one in found["revisions"]] == [("web:1", True)]


@pytest.mark.parametrize(
    ("name", "reason", "count"),
    [
        ("crash", "Error", 3),
        ("pull", "CannotPullContainerError", 2),
        ("oom", "OutOfMemoryError", 1),
        ("unready", "Unhealthy", 1),
        ("spot", "SpotInterruption", 1),
        ("failed", "DeploymentFailed", 3),
    ],
)
def test_the_reason_of_what_is_not_well(
    dashborion: Cli, fleet: Fleet, name: str, reason: str, count: int
) -> None:
    reasons = {
        one["reason"]: one
        for one in dashborion(f"workloads describe {name} -o json").json["reasons"]
    }
    assert reasons[reason]["count"] == count
    assert reasons[reason]["lastSeen"]


def test_a_service_that_nothing_can_be_placed_for_says_so(dashborion: Cli, fleet: Fleet) -> None:
    found = dashborion("workloads describe huge -o json").json
    assert [one["type"] for one in found["events"]] == ["warning"]
    assert found["instances"] == []
    assert "unable to place a task" in found["reasons"][0]["message"]


def test_two_revisions_while_rolling(dashborion: Cli, fleet: Fleet) -> None:
    found = dashborion("workloads describe rolling -o json").json
    assert [(one["revision"], one["current"]) for one in found["revisions"]] == [
        ("rolling:1", False),
        ("rolling:2", True),
    ]
    assert {one["revision"] for one in found["instances"]} == {"rolling:1", "rolling:2"}
    assert found["rollout"]["state"] == "progressing"


@pytest.mark.parametrize(
    "name",
    ["web", "db", "agent", "idle", "unready", "external", "blue-green", "old", "rolling", "failed"],
)
def test_a_description_begins_with_what_the_list_says(
    dashborion: Cli, fleet: Fleet, name: str
) -> None:
    (listed,) = dashborion(f"workloads list {name} -o json").json
    described = dashborion(f"workloads describe {name} -o json").json
    for ways in (*listed["endpoints"], *described["endpoints"]):
        ways.pop("healthy")
        ways.pop("total")
    assert {key: described[key] for key in listed} == listed


def test_an_unhealthy_task_that_is_being_stopped_is_not_available_either(
    dashborion: Cli, own_fleet: Fleet
) -> None:
    task = own_fleet.tasks["web"][0]
    vars(task).update(health_status="UNHEALTHY", desired_status="STOPPED")
    (listed,) = dashborion("workloads list web -o json").json
    described = dashborion("workloads describe web -o json").json
    assert listed["available"] == described["available"] == 1


def test_an_instance_has_its_services_tags_and_the_events_that_name_it(
    dashborion: Cli, own_fleet: Fleet
) -> None:
    task = own_fleet.tasks["web"][0]
    own_fleet.service("web").events.append(
        {
            "id": "e",
            "createdAt": own_fleet.cluster.now,
            "message": f"(service web) stopped (task {task.id})",
        }
    )
    found = dashborion(f"instances describe {task.id[:8]} -o json").json
    assert (found["workload"], found["namespace"]) == ("web", "media")
    assert found["labels"] == {"team": "blue", "namespace": "media"}
    assert len(found["events"]) == 1


@pytest.mark.parametrize("command", ["workloads describe web", "instances list --all"])
def test_times_are_utc_wherever_we_are(
    dashborion: Cli, fleet: Fleet, in_tokyo: None, command: str
) -> None:
    text = dashborion(f"{command} -o json").out
    times = re.findall(r'"\w+(?:At|Seen|stamp)": "([^"]*)"', text)
    assert len(times) > 5
    assert all(UTC_TIME.fullmatch(one) for one in times), times[0]


def test_the_terminal_shows_the_same_ages_everywhere(
    dashborion: Cli, fleet: Fleet, in_tokyo: None
) -> None:
    created = dashborion("workloads list web --columns created --no-headers").out.strip()
    assert UTC_TIME.fullmatch(created)
    moment = datetime.fromisoformat(created)
    assert abs((moment - fleet.cluster.ago(days=2)).total_seconds()) < 1


@pytest.mark.parametrize(
    ("command", "key"),
    [
        ("workloads describe web", "serviceName"),
        ("instances describe oom", "taskArn"),
    ],
)
@pytest.mark.parametrize("output", ["json", "yaml"])
def test_raw_is_what_the_api_says(
    dashborion: Cli, fleet: Fleet, command: str, key: str, output: str
) -> None:
    import yaml

    found = yaml.safe_load(dashborion(f"{command} --raw -o {output}").out)
    assert key in found
    assert found["clusterArn"].endswith(CLUSTER)


def test_raw_lists_are_what_the_api_says(dashborion: Cli, fleet: Fleet) -> None:
    (found,) = dashborion("workloads list web --raw").json
    assert found["deploymentConfiguration"]["deploymentCircuitBreaker"]["rollback"] is True
    assert len(dashborion("instances list -w web --raw").json) == 2


@pytest.mark.parametrize("option", ["-v", "--debug"])
@pytest.mark.parametrize(
    "command",
    [
        "workloads list -o wide",
        "workloads describe web",
        "instances list",
        "workloads list -e ecs:x/y",
    ],
)
def test_no_secret_is_printed(dashborion: Cli, fleet: Fleet, command: str, option: str) -> None:
    seen = dashborion(f"{command} {option}")
    for word in (SECRET, "fast", "arn:aws:ssm", "Authorization"):
        assert word not in seen.out + seen.err


def test_hostile_text_is_harmless(dashborion: Cli, own_fleet: Fleet) -> None:
    service = own_fleet.service("web")
    service.events = [
        {"id": "e", "createdAt": own_fleet.cluster.now, "message": "a\x1b[31m[red]b\nc"}
    ]
    seen = dashborion("workloads describe web", tty=True)
    assert "\x1b[31m" not in seen.out
    assert "[red]b" in seen.out
