"""What a service's deployments say of its rollout."""

from __future__ import annotations

import pytest

from dashborion.models.rollout import RolloutState
from dashborion.orchestrators.ecs import rollout
from tests.unit.ecs.raw_ecs import ABSENT, HEAD, Raw, ago, deployment, rolling, service

COMPLETE, PROGRESSING, FAILED = (
    RolloutState.COMPLETE,
    RolloutState.PROGRESSING,
    RolloutState.FAILED,
)
OLD = deployment(status="ACTIVE", id="ecs-svc/1", taskDefinition=f"{HEAD}:task-definition/web:6")
BREAKER = "ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/1."


@pytest.mark.parametrize(
    ("state", "expected"),
    [("COMPLETED", COMPLETE), ("IN_PROGRESS", PROGRESSING), ("FAILED", FAILED)],
)
def test_the_primary_deployment_says_so(state: str, expected: RolloutState) -> None:
    assert rollout.rollout(service(deployments=[deployment(rolloutState=state)])).state is expected


@pytest.mark.parametrize("order", [1, -1], ids=["first", "last"])
def test_the_primary_counts_wherever_it_stands(order: int) -> None:
    item = service(deployments=[deployment(rolloutState="IN_PROGRESS"), OLD][::order])
    assert rollout.rollout(item).state is PROGRESSING
    assert rollout.rollout(item).revision == "web:7"


@pytest.mark.parametrize(
    ("deployments", "expected"),
    [
        pytest.param([deployment(rolloutState=ABSENT)], COMPLETE, id="one with all its tasks"),
        pytest.param(
            [deployment(rolloutState=ABSENT, runningCount=1)], PROGRESSING, id="one that lacks some"
        ),
        pytest.param(
            [deployment(rolloutState=ABSENT, runningCount=3)], PROGRESSING, id="one with too many"
        ),
        pytest.param(
            [deployment(rolloutState=ABSENT), OLD], PROGRESSING, id="beside the one before"
        ),
        pytest.param(
            [deployment(rolloutState=ABSENT, desiredCount=0, runningCount=0)],
            COMPLETE,
            id="one at zero",
        ),
        pytest.param(
            [deployment(rolloutState="UNHEARD_OF")], COMPLETE, id="a word nobody knows yet"
        ),
    ],
)
def test_without_a_state_the_counts_have_to_do(
    deployments: list[Raw], expected: RolloutState
) -> None:
    assert rollout.rollout(service(deployments=deployments)).state is expected


def test_a_finished_rollout_says_nothing() -> None:
    assert rollout.rollout(service()).message is None


def test_a_rollout_under_way_counts_its_tasks() -> None:
    item = rolling(rolloutStateReason="ECS deployment ecs-svc/1234567890123456789 in progress.")
    assert rollout.rollout(item).message == "1 of 4 tasks running"


def test_tasks_that_failed_to_start_are_counted() -> None:
    message = rollout.rollout(rolling(failedTasks=3)).message
    assert message is not None
    assert "3 failed" in message


@pytest.mark.parametrize("state", ["IN_PROGRESS", "FAILED"])
def test_a_rollback_under_way_says_why(state: str) -> None:
    item = service(deployments=[deployment(rolloutState=state, rolloutStateReason=BREAKER), OLD])
    message = rollout.rollout(item).message
    assert message is not None
    assert message == f"{BREAKER[:-1]}; 2 of 2 tasks running"


def test_a_deployment_that_was_rolled_back_does_not_count_any_more() -> None:
    failed = deployment(
        status="INACTIVE", id="ecs-svc/2", rolloutState="FAILED", createdAt=ago(minutes=30)
    )
    found = rollout.rollout(service(deployments=[deployment(), failed]))
    assert (found.state, found.message) == (COMPLETE, None)


def test_a_service_without_deployments_has_its_own_revision() -> None:
    found = rollout.rollout(service(deployments=[]))
    assert (found.state, found.revision) == (COMPLETE, "web:7")


def test_a_service_without_anything_has_no_revision() -> None:
    found = rollout.rollout(service(deployments=ABSENT, taskDefinition=ABSENT))
    assert (found.state, found.revision) == (COMPLETE, None)
