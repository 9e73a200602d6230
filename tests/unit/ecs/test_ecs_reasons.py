"""Why a service is not as it should be: its tasks' reasons grouped, then its deployments'."""

from __future__ import annotations

import pytest

from dashborion.models.workload import Reason
from dashborion.orchestrators.ecs import normalise, wire
from tests.unit.ecs.raw_ecs import (
    HEAD,
    ago,
    container,
    deployment,
    instance,
    service,
    stopped,
    task,
)

EXITED = "EssentialContainerExited"


def arn(number: int) -> str:
    return f"{HEAD}:task/homebox-staging/{number:x}{'0' * 31}"


def crashed(number: int, minutes: float, message: str = "exited") -> wire.Task:
    ended = container(lastStatus="STOPPED", exitCode=1)
    return stopped(
        ended, code=EXITED, said=message, taskArn=arn(number), stoppedAt=ago(minutes=minutes)
    )


def reasons(*items: wire.Task, of: wire.Service | None = None) -> list[Reason]:
    return normalise.reasons(of or service(), [instance(one) for one in items])


def test_a_healthy_service_has_none() -> None:
    assert reasons(task(), task()) == []


def test_equal_reasons_are_one_with_a_count_and_the_last_time() -> None:
    (found,) = reasons(crashed(1, 5), crashed(2, 1), crashed(3, 9))
    assert (found.reason, found.count, found.last_seen) == ("Error", 3, ago(minutes=1))
    assert found.instances == ["web-100000", "web-200000", "web-300000"]


@pytest.mark.parametrize("order", [1, -1], ids=["newest first", "newest last"])
def test_a_group_has_its_newest_message(order: int) -> None:
    items = [crashed(1, 1, "newest"), crashed(2, 9, "oldest")][::order]
    (found,) = reasons(*items)
    assert found.message == "newest"


def test_the_most_frequent_reason_comes_first() -> None:
    unhealthy = task(healthStatus="UNHEALTHY", taskArn=arn(9))
    found = reasons(unhealthy, crashed(1, 5), crashed(2, 1))
    assert [one.reason for one in found] == ["Error", "Unhealthy"]


def test_a_running_task_that_is_not_well_was_seen_when_it_started() -> None:
    (found,) = reasons(task(healthStatus="UNHEALTHY"))
    assert found.last_seen == ago(minutes=9)


@pytest.mark.parametrize(
    "item",
    [
        pytest.param(stopped(code="ServiceSchedulerInitiated"), id="replaced"),
        pytest.param(stopped(code="UserInitiated"), id="stopped by a user"),
        pytest.param(stopped(code=EXITED), id="completed"),
        pytest.param(task(desiredStatus="STOPPED"), id="stopping"),
        pytest.param(task(lastStatus="PROVISIONING"), id="provisioning"),
        pytest.param(task(lastStatus="ACTIVATING"), id="activating"),
    ],
)
def test_the_ordinary_is_no_reason(item: wire.Task) -> None:
    assert reasons(item) == []


def test_a_failed_deployment_is_one() -> None:
    said = "ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/1."
    broken = deployment(
        id="ecs-svc/2", status="INACTIVE", rolloutState="FAILED", rolloutStateReason=said,
        failedTasks=3,
    )  # fmt: skip
    (found,) = reasons(of=service(deployments=[deployment(), broken]))
    assert (found.reason, found.message, found.count) == ("DeploymentFailed", said, 3)
    assert (found.last_seen, found.instances) == (ago(hours=1), [])


def test_a_deployment_without_failed_tasks_counts_once() -> None:
    (found,) = reasons(of=service(deployments=[deployment(rolloutState="FAILED")]))
    assert found.count == 1


def test_a_deployment_whose_tasks_fail_has_not_failed_yet() -> None:
    now = deployment(rolloutState="IN_PROGRESS", failedTasks=2)
    (found,) = reasons(of=service(deployments=[now]))
    assert found.count == 2
    assert found.reason != "DeploymentFailed"
