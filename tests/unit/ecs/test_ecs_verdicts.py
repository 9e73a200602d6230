"""When a wait for an ECS service is over, and how it ended."""

from __future__ import annotations

from typing import Any

import pytest

from dashborion.orchestrators.changing import Verdict
from dashborion.orchestrators.ecs import rollout, wire
from tests.unit.ecs.raw_ecs import ABSENT, Raw, convert, deployment, service

OURS, THEIRS = "ecs-svc/1", "ecs-svc/2"
BREAKER = "ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/2."


def ours(**change: Any) -> Raw:
    told = {"id": OURS, "rolloutState": "IN_PROGRESS", "rolloutStateReason": "in progress."}
    return deployment(**told | change)


def theirs(**change: Any) -> Raw:
    return deployment(**{"id": THEIRS} | change)


def newest(status: str, **more: Any) -> wire.ServiceDeployment:
    arn = "arn:aws:ecs:eu-west-3:1:service-deployment/c/web/x"
    return convert(wire.ServiceDeployment, {"serviceDeploymentArn": arn, "status": status, **more})


def judged(*deployments: Raw, said: wire.ServiceDeployment | None = None, **more: Any) -> Verdict:
    return rollout.verdict(service(deployments=list(deployments), **more), OURS, said)


@pytest.mark.parametrize(
    ("counts", "done"),
    [
        pytest.param({"runningCount": 3}, True, id="all run"),
        pytest.param({"runningCount": 2}, False, id="one is missing"),
        pytest.param({"runningCount": 4}, False, id="one too many"),
        pytest.param({"runningCount": 3, "pendingCount": 1}, False, id="one is still starting"),
        pytest.param(
            {"runningCount": 3, "deployments": [ours()]}, True, id="whatever the deployment does"
        ),
    ],
)
def test_scaling_is_done_when_the_counts_agree(counts: Raw, done: bool) -> None:
    found = rollout.scaled(service(desiredCount=3, **counts), 3, str)
    assert (found.done, found.ended) == (done, None)
    said = "3 of 3 available" if done else f"{counts['runningCount']} of 3 tasks running"
    assert found.message == said


def test_a_desired_count_set_by_somebody_else_supersedes_scaling() -> None:
    found = rollout.scaled(service(desiredCount=5), 3, lambda now: f"somebody set {now}")
    assert (found.done, found.ended) == (False, "superseded")
    assert "5" in found.message


@pytest.mark.parametrize(
    ("deployments", "done"),
    [
        pytest.param([ours(rolloutState="COMPLETED")], True, id="completed"),
        pytest.param([ours(rolloutState="COMPLETED", runningCount=1)], False, id="tasks missing"),
        pytest.param([ours()], False, id="in progress although all run"),
        pytest.param([ours(rolloutState=ABSENT)], True, id="no state, alone, all run"),
        pytest.param([ours(rolloutState=ABSENT, runningCount=1)], False, id="no state, not all"),
        pytest.param(
            [ours(rolloutState=ABSENT), theirs(status="ACTIVE")], False, id="no state, not alone"
        ),
        pytest.param(
            [ours(rolloutState="COMPLETED"), theirs(status="INACTIVE", rolloutState="FAILED")],
            True,
            id="completed, beside one that failed long ago",
        ),
    ],
)
def test_a_deployment_is_done_when_its_state_says_so(deployments: list[Raw], done: bool) -> None:
    found = judged(*deployments)
    assert (found.done, found.ended) == (done, None)


def test_until_then_the_tasks_are_counted() -> None:
    found = judged(ours(runningCount=1, failedTasks=2), theirs(status="ACTIVE"))
    assert found.message == "1 of 2 tasks running, 2 failed"


def test_a_deployment_that_failed_says_why() -> None:
    reason = "ECS deployment circuit breaker: tasks failed to start."
    found = judged(ours(rolloutState="FAILED", rolloutStateReason=reason))
    told = "ECS deployment circuit breaker: tasks failed to start; 2 of 2 tasks running"
    assert (found.ended, found.message) == ("rollout-failed", told)


LOST = ours(status="ACTIVE", rolloutState="FAILED", rolloutStateReason=BREAKER)


IN_PROGRESS = {"rolloutState": "IN_PROGRESS"}


@pytest.mark.parametrize(
    ("deployments", "said", "word"),
    [
        pytest.param([theirs(), LOST], None, "rolled back", id="the older API's words"),
        pytest.param([theirs(**IN_PROGRESS), LOST], None, "rolling back", id="not finished yet"),
        pytest.param(
            [theirs(rolloutStateReason=BREAKER)],
            None,
            "rolled back",
            id="the words of the one that leads now",
        ),
        pytest.param(
            [theirs()], newest("ROLLBACK_SUCCESSFUL"), "rolled back", id="the newer API's status"
        ),
        pytest.param(
            [theirs()], newest("ROLLBACK_IN_PROGRESS"), "rolling back", id="which is under way"
        ),
    ],
)
def test_a_deployment_that_ecs_takes_back(
    deployments: list[Raw], said: wire.ServiceDeployment | None, word: str
) -> None:
    found = judged(*deployments, said=said)
    assert found.ended == "rolled-back"
    assert found.message.startswith(word)


def test_a_rollback_that_fails_is_no_rollback() -> None:
    found = judged(theirs(), said=newest("ROLLBACK_FAILED", statusReason="no room"))
    assert (found.ended, found.message) == ("rollout-failed", "the rollback failed: no room")


def test_a_rollback_says_why_in_the_newer_apis_words() -> None:
    why = "Service deployment rolled back because the circuit breaker threshold was exceeded."
    found = judged(theirs(), said=newest("ROLLBACK_SUCCESSFUL", statusReason=why))
    assert found.message == f"rolled back: {why}"


@pytest.mark.parametrize(
    "deployments",
    [
        pytest.param([theirs()], id="ours is gone"),
        pytest.param([theirs(rolloutState="IN_PROGRESS"), ours(status="ACTIVE")], id="ours drains"),
    ],
)
@pytest.mark.parametrize(
    "said",
    [None, newest("IN_PROGRESS"), newest("SUCCESSFUL")],
    ids=["old API", "under way", "done"],
)
def test_somebodys_newer_deployment_supersedes_ours(
    deployments: list[Raw], said: wire.ServiceDeployment | None
) -> None:
    found = judged(*deployments, said=said)
    assert (found.done, found.ended) == (False, "superseded")


def test_a_deployment_that_failed_before_it_was_replaced_has_failed() -> None:
    found = judged(theirs(), ours(status="ACTIVE", rolloutState="FAILED", rolloutStateReason="bad"))
    assert (found.ended, found.message) == ("rollout-failed", "bad")


@pytest.mark.parametrize("strategy", ["BLUE_GREEN", "LINEAR", "CANARY"])
@pytest.mark.parametrize("stage", ["SCALE_UP", "TEST_TRAFFIC_SHIFT", "BAKE_TIME"])
def test_a_staged_deployment_says_at_which_stage_it_is(strategy: str, stage: str) -> None:
    found = judged(
        ours(),
        theirs(status="ACTIVE"),
        said=newest("IN_PROGRESS", lifecycleStage=stage),
        deploymentConfiguration={"strategy": strategy},
    )
    assert (found.done, found.ended) == (False, None)
    assert found.message == f"2 of 2 tasks running, stage {stage}"


def test_a_staged_deployment_says_which_hook_it_is_paused_at() -> None:
    """Bug: lifecycleHookDetails is not read."""
    hook = {"targetType": "PAUSE", "status": "AWAITING_ACTION", "targetArn": "pause-for-approval"}
    said = newest(
        "IN_PROGRESS",
        lifecycleStage="POST_TEST_TRAFFIC_SHIFT",
        lifecycleHookDetails=[hook],
    )
    found = judged(ours(), theirs(status="ACTIVE"), said=said)
    assert "paused" in found.message or "hook" in found.message


@pytest.mark.parametrize("status", ["ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS"])
def test_a_staged_deployment_that_rolls_back_while_it_still_leads(status: str) -> None:
    """Bug: the service deployment's status is looked at only when ours lost the lead."""
    found = judged(ours(), theirs(status="ACTIVE"), said=newest(status))
    assert found.ended == "rolled-back"
