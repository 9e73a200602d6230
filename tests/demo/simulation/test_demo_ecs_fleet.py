"""The fleet says what ECS would say of the twins of `cluster.py`."""

import re
from typing import Any

import pytest

from tests.support.fleet_on_ecs import CLUSTER


def described(ecs: Any, name: str) -> dict[str, Any]:
    [found] = ecs.describe_services(cluster=CLUSTER, services=[name])["services"]
    return dict(found)


def tasks_of(ecs: Any, name: str, status: str = "RUNNING") -> list[dict[str, Any]]:
    asked = {"cluster": CLUSTER, "family": name, "desiredStatus": status}
    arns = ecs.list_tasks(**asked)["taskArns"]
    return list(ecs.describe_tasks(cluster=CLUSTER, tasks=arns)["tasks"]) if arns else []


@pytest.mark.parametrize(
    ("name", "desired", "running", "state"),
    [
        ("web", 2, 2, "COMPLETED"),
        ("crash", 1, 0, "IN_PROGRESS"),
        ("pull", 1, 0, "IN_PROGRESS"),
        ("oom", 1, 1, "COMPLETED"),
        ("unready", 1, 1, "COMPLETED"),
        ("idle", 0, 0, "COMPLETED"),
        ("rolling", 3, 3, "IN_PROGRESS"),
        ("failed", 1, 1, "COMPLETED"),
        ("old", 1, 1, None),
    ],
)
def test_counts_and_rollouts(
    ecs: Any, name: str, desired: int, running: int, state: str | None
) -> None:
    service = described(ecs, name)
    assert (service["desiredCount"], service["runningCount"]) == (desired, running)
    assert service["deployments"][0].get("rolloutState") == state


@pytest.mark.parametrize(
    ("name", "stop_code", "reason", "container"),
    [
        ("crash", "EssentialContainerExited", "Essential container", {"exitCode": 1}),
        ("pull", "TaskFailedToStart", "CannotPullContainerError", {}),
        ("oom", "EssentialContainerExited", "Essential container", {"exitCode": 137}),
        ("spot", "SpotInterruption", "Your Spot Task", {"exitCode": 143}),
    ],
)
def test_stopped_tasks_say_why(
    ecs: Any, name: str, stop_code: str, reason: str, container: dict[str, int]
) -> None:
    for task in tasks_of(ecs, name, "STOPPED"):
        assert task["stopCode"] == stop_code
        assert reason in task["stoppedReason"]
        assert task["containers"][0].get("exitCode") == container.get("exitCode")
        assert ("startedAt" in task) == (stop_code != "TaskFailedToStart")
        assert task["createdAt"] < task["stoppedAt"]


def test_running_tasks_have_an_id_an_address_and_their_containers(ecs: Any) -> None:
    for task in tasks_of(ecs, "web"):
        assert re.fullmatch(r"arn:aws:ecs:.*:task/homebox-staging/[0-9a-f]{32}", task["taskArn"])
        assert [each["name"] for each in task["containers"]] == ["app", "proxy"]
        assert [each["healthStatus"] for each in task["containers"]] == ["HEALTHY", "UNKNOWN"]
        assert "exitCode" not in task["containers"][0]
        details = {each["name"]: each["value"] for each in task["attachments"][0]["details"]}
        assert details["privateIPv4Address"].startswith("10.0.0.")
        assert task["group"] == "service:web"
        assert task["startedBy"] == described(ecs, "web")["deployments"][0]["id"]


def test_an_unhealthy_task_runs(ecs: Any) -> None:
    [task] = tasks_of(ecs, "unready")
    assert (task["lastStatus"], task["healthStatus"]) == ("RUNNING", "UNHEALTHY")
    assert task["containers"][0]["healthStatus"] == "UNHEALTHY"


def test_a_rolling_service_has_two_deployments(ecs: Any) -> None:
    now, before = described(ecs, "rolling")["deployments"]
    assert (now["status"], before["status"]) == ("PRIMARY", "ACTIVE")
    assert now["taskDefinition"] != before["taskDefinition"]


def test_special_services_have_their_special_fields(ecs: Any) -> None:
    assert "launchType" not in described(ecs, "spot")
    assert described(ecs, "spot")["capacityProviderStrategy"]
    assert described(ecs, "external")["deployments"] == []
    assert described(ecs, "external")["taskSets"][0]["status"] == "PRIMARY"
    assert "taskDefinition" not in described(ecs, "external")
    assert len(described(ecs, "blue-green")["taskSets"]) == 2
    assert described(ecs, "agent")["schedulingStrategy"] == "DAEMON"
    assert described(ecs, "old")["serviceArn"].endswith(":service/old")
    assert "deploymentConfiguration" not in described(ecs, "old")
    assert re.search(r":task/[0-9a-f]{32}$", tasks_of(ecs, "old")[0]["taskArn"])
    assert tasks_of(ecs, "toolbox")[0]["group"] == "family:toolbox"
