"""A task's status, and whether it is ready."""

from __future__ import annotations

import pytest

from dashborion.models.instance import InstanceStatus
from tests.unit.ecs.raw_ecs import container, instance, task

PENDING, RUNNING, STOPPED = InstanceStatus.PENDING, InstanceStatus.RUNNING, InstanceStatus.STOPPED


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        ("PROVISIONING", PENDING),
        ("PENDING", PENDING),
        ("ACTIVATING", PENDING),
        ("RUNNING", RUNNING),
        ("DEACTIVATING", RUNNING),
        ("STOPPING", RUNNING),
        ("DEPROVISIONING", STOPPED),
        ("STOPPED", STOPPED),
        ("DELETED", STOPPED),
    ],
)
def test_the_status_follows_the_tasks_last(last: str, expected: InstanceStatus) -> None:
    assert instance(task(lastStatus=last)).status is expected


@pytest.mark.parametrize(
    ("last", "desired", "health", "expected"),
    [
        pytest.param("RUNNING", "RUNNING", "UNKNOWN", True, id="without a check"),
        pytest.param("RUNNING", "RUNNING", "HEALTHY", True, id="healthy"),
        pytest.param("RUNNING", "RUNNING", "UNHEALTHY", False, id="unhealthy"),
        pytest.param("RUNNING", "STOPPED", "HEALTHY", False, id="about to stop"),
        pytest.param("DEACTIVATING", "STOPPED", "HEALTHY", False, id="stopping"),
        pytest.param("PENDING", "RUNNING", "UNKNOWN", False, id="not started"),
        pytest.param("STOPPED", "STOPPED", "UNKNOWN", False, id="stopped"),
    ],
)
def test_ready_is_running_to_stay_and_not_unhealthy(
    last: str, desired: str, health: str, *, expected: bool
) -> None:
    item = task(lastStatus=last, desiredStatus=desired, healthStatus=health)
    assert instance(item).ready is expected


@pytest.mark.parametrize(
    ("health", "expected"),
    [("HEALTHY", "healthy"), ("UNHEALTHY", "unhealthy"), ("UNKNOWN", None)],
)
def test_health_is_known_only_where_there_is_a_check(health: str, expected: str | None) -> None:
    assert instance(task(healthStatus=health)).health == expected


@pytest.mark.parametrize("last", ["PENDING", "STOPPED"])
def test_a_task_that_does_not_run_has_no_health(last: str) -> None:
    assert instance(task(lastStatus=last, healthStatus="UNHEALTHY")).health is None


def test_containers_have_a_status_of_their_own() -> None:
    item = task(
        container("app"),
        container("proxy", lastStatus="PENDING"),
        container("migrate", lastStatus="STOPPED", exitCode=0),
        container("sick", healthStatus="UNHEALTHY"),
    )
    found = instance(item).containers
    assert [(one.name, one.status, one.ready) for one in found] == [
        ("app", RUNNING, True),
        ("proxy", PENDING, False),
        ("migrate", STOPPED, False),
        ("sick", RUNNING, False),
    ]
    assert [one.exit_code for one in found] == [None, None, 0, None]
    assert {one.restarts for one in found} == {0}


def test_a_containers_reason_is_one_word() -> None:
    said = "OutOfMemoryError: Container killed due to memory usage"
    item = task(container(lastStatus="STOPPED", exitCode=137, reason=said))
    (found,) = instance(item).containers
    assert (found.reason, found.exit_code) == ("OutOfMemoryError", 137)
