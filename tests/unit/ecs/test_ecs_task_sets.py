"""CODE_DEPLOY and EXTERNAL have task sets where ECS has deployments."""

from __future__ import annotations

from typing import Any

import pytest

from dashborion.models.rollout import RolloutState
from dashborion.models.workload import WorkloadStatus
from dashborion.orchestrators.ecs import normalise, rollout, routes, wire
from tests.unit.ecs.raw_ecs import (
    ABSENT,
    DEFINITION,
    ELB,
    HEAD,
    Raw,
    ago,
    service,
    task_set,
    workload,
)

GREEN = f"{HEAD}:task-definition/web:8"
NEWER = task_set(id="ecs-svc/2", status="ACTIVE", taskDefinition=GREEN, createdAt=ago(minutes=1))


def external(*sets: Raw, **change: Any) -> wire.Service:
    base = {
        "deployments": [],
        "taskDefinition": ABSENT,
        "deploymentController": {"type": "EXTERNAL"},
        "taskSets": list(sets or [task_set()]),
    }
    return service(**base | change)


@pytest.mark.parametrize(
    ("sets", "expected"),
    [
        pytest.param([task_set()], RolloutState.COMPLETE, id="one that is steady"),
        pytest.param(
            [task_set(stabilityStatus="STABILIZING")], RolloutState.PROGRESSING, id="stabilizing"
        ),
        pytest.param([task_set(), NEWER], RolloutState.PROGRESSING, id="green beside blue"),
    ],
)
def test_task_sets_are_complete_when_one_is_left_and_steady(
    sets: list[Raw], expected: RolloutState
) -> None:
    assert rollout.rollout(external(*sets)).state is expected


@pytest.mark.parametrize("order", [1, -1], ids=["last", "first"])
def test_the_revision_is_that_of_the_newest_task_set(order: int) -> None:
    found = rollout.rollout(external(*[task_set(), NEWER][::order]))
    assert found.revision == "web:8"


def test_several_sets_without_dates_are_no_trouble() -> None:
    sets = [task_set(createdAt=ABSENT), task_set(createdAt=ABSENT, id="ecs-svc/2")]
    assert rollout.rollout(external(*sets)).revision == "web:7"


def test_the_message_names_the_controller() -> None:
    item = external(task_set(), NEWER, deploymentController={"type": "CODE_DEPLOY"})
    assert rollout.rollout(item).message == "2 task sets, controlled by CODE_DEPLOY"


def test_the_definition_is_that_of_the_primary_set() -> None:
    assert normalise.definition_of(external(NEWER, task_set())) == DEFINITION


def test_a_service_without_any_definition_has_none() -> None:
    item = external(taskSets=[])
    assert normalise.definition_of(item) == ""
    assert workload(item).images == []


def test_the_status_follows_the_services_counts() -> None:
    found = workload(external())
    assert (found.status, found.available) == (WorkloadStatus.RUNNING, 2)
    assert workload(external(runningCount=1)).status is WorkloadStatus.DEGRADED


def test_the_target_groups_of_sets_are_ways_in_once_each() -> None:
    arn = f"{ELB}:targetgroup/web/0123456789abcdef"
    balancers = [{"targetGroupArn": arn, "containerName": "app", "containerPort": 8080}]
    item = external(task_set(loadBalancers=balancers), loadBalancers=balancers)
    (balancer,) = routes.balancers_of(item)
    assert routes.target_groups_of(balancer) == [arn]
