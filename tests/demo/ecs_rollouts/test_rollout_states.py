"""How ``workloads status`` tells each state of a service deployment, and how a wait on it ends."""

from __future__ import annotations

from typing import Any

import pytest

from tests.demo.ecs_rollouts.objects import hook, made, rolls, says
from tests.support.aws_faults import ALWAYS
from tests.support.aws_objects import CREATED, AwsObjects, Json, deployment, service
from tests.support.cli import Cli

STATUS = "workloads status web -o json"
WAIT = f"{STATUS} --wait --timeout 20s"
WHY = {"statusReason": "made-up reason"}

STATES: list[Any] = [
    pytest.param("ROLLBACK_SUCCESSFUL", {}, "rolled back: made-up reason", 7, id="rolled back"),
    pytest.param(
        "ROLLBACK_SUCCESSFUL",
        {"rollback": {"reason": "alarm slow in ALARM"}},
        "rolled back: alarm slow in ALARM, made-up reason",
        7,
        id="rolled back with a reason of its own",
    ),
    pytest.param("ROLLBACK_FAILED", {}, "the rollback failed: made-up reason", 7, id="failed"),
    pytest.param("ROLLBACK_IN_PROGRESS", {}, "rolling back: made-up reason", 7, id="going back"),
    pytest.param(
        "ROLLBACK_REQUESTED", {}, "a rollback was requested: made-up reason", 7, id="asked back"
    ),
    pytest.param("STOP_REQUESTED", {}, "being stopped: made-up reason", 7, id="being stopped"),
    pytest.param("STOPPED", {}, "stopped: made-up reason", 7, id="stopped"),
    pytest.param("PENDING", {}, "pending: made-up reason", 8, id="pending"),
    pytest.param("IN_PROGRESS", {}, "made-up reason", 8, id="in progress"),
    pytest.param("THAWING", {}, "status THAWING: made-up reason", 8, id="unheard of"),
]


@pytest.mark.parametrize("strategy", ["ROLLING", "BLUE_GREEN", "CANARY"])
@pytest.mark.parametrize(("state", "more", "words", "code"), STATES)
def test_each_state_has_its_words(
    dashborion: Cli, aws: AwsObjects, strategy: str, state: str, more: Json, words: str, code: int
) -> None:
    rolls(aws, strategy=strategy)
    made(aws, state, **WHY | more)
    told = dashborion(STATUS)
    assert told.exit_code == 0, told.err
    assert told.json["message"].startswith(words)
    waited = dashborion(WAIT)
    assert (waited.exit_code, words in waited.error["message"]) == (code, True), waited.err
    goes_back = state.startswith("ROLLBACK_") and state != "ROLLBACK_FAILED"
    assert (waited.error["code"] == "rolled-back") is goes_back
    assert code == 8 or dashborion.slept == [], "it ends at once"


def test_rolled_back_is_said_only_of_what_was(dashborion: Cli, aws: AwsObjects) -> None:
    rolls(aws)
    for state in ("ROLLBACK_FAILED", "ROLLBACK_IN_PROGRESS", "ROLLBACK_REQUESTED", "STOPPED"):
        made(aws, state)
        assert "rolled back" not in dashborion(STATUS).out
        assert "rolled back" not in dashborion(WAIT).err


@pytest.mark.parametrize(
    ("stage", "more", "words"),
    [
        pytest.param("SCALE_UP", {}, "stage SCALE_UP", id="a stage"),
        pytest.param("MELTING", {}, "stage MELTING", id="one unheard of"),
        pytest.param(
            "BAKE_TIME",
            {},
            "stage BAKE_TIME (10 minutes, until about 2026-11-18T11:26:40Z)",
            id="bake time",
        ),
        pytest.param(
            "BAKE_TIME",
            {"deploymentConfiguration": {}, "updatedAt": None},
            "stage BAKE_TIME",
            id="bake time of a length unknown",
        ),
        pytest.param(
            "POST_SCALE_UP",
            {"lifecycleHookDetails": [hook(status="IN_PROGRESS", targetType="AWS_LAMBDA")]},
            "stage POST_SCALE_UP, hook h1 IN_PROGRESS",
            id="a hook that runs",
        ),
    ],
)
def test_status_tells_the_stage_without_waiting(
    dashborion: Cli, aws: AwsObjects, stage: str, more: Json, words: str
) -> None:
    rolls(aws, strategy="BLUE_GREEN")
    made(aws, "IN_PROGRESS", **{"updatedAt": CREATED + 600, "lifecycleStage": stage} | more)
    told = dashborion(STATUS).json
    assert told["state"] == "progressing"
    assert told["message"] == f"1 of 2 tasks running, {words}"
    assert dashborion(WAIT).exit_code == 8


@pytest.mark.parametrize(
    ("change", "name"),
    [
        pytest.param({}, "h1", id="a pause"),
        pytest.param(
            {"hookId": None, "targetArn": "arn:aws:lambda:eu-west-3:1:function:check"},
            "check",
            id="a function",
        ),
        pytest.param({"targetType": "ELSE"}, "h1", id="of a type unheard of"),
    ],
)
def test_a_hook_that_waits_for_a_person_ends_the_wait(
    dashborion: Cli, aws: AwsObjects, change: Json, name: str
) -> None:
    rolls(aws, strategy="BLUE_GREEN")
    held = hook(expiresAt=CREATED + 600, timeoutAction="ROLLBACK", **change)
    hooks = [{key: value for key, value in held.items() if value is not None}]
    made(aws, "IN_PROGRESS", lifecycleStage="POST_TEST_TRAFFIC_SHIFT", lifecycleHookDetails=hooks)
    told = dashborion(STATUS).json
    assert told["state"] == "paused"
    assert f"paused at POST_TEST_TRAFFIC_SHIFT: hook {name} waits for a person" in told["message"]
    assert "then ECS takes ROLLBACK" in told["message"]
    waited = dashborion(WAIT)
    assert (waited.exit_code, waited.json["state"], dashborion.slept) == (8, "paused", [])


def test_what_was_rolled_back_to_is_complete(dashborion: Cli, aws: AwsObjects) -> None:
    """The deployment that leads is older than the one that was rolled back."""
    rolls(aws, running=2, strategy="BLUE_GREEN", rolloutState="COMPLETED", createdAt=CREATED - 900)
    made(aws, "ROLLBACK_SUCCESSFUL", rollback={"reason": "alarm slow in ALARM"})
    told = dashborion(STATUS).json
    assert (told["state"], told["message"]) == ("complete", "rolled back: alarm slow in ALARM")
    assert dashborion(WAIT).exit_code == 0


@pytest.mark.parametrize(
    ("running", "older", "words"),
    [
        pytest.param(1, 0, "1 of 2 tasks running", id="tasks still start"),
        pytest.param(2, 3, "2 of 2 tasks running, 3 older still running", id="old ones still run"),
    ],
)
def test_a_success_that_was_told_early_is_no_end(
    dashborion: Cli, aws: AwsObjects, running: int, older: int, words: str
) -> None:
    rolls(aws, running=running, rolloutState="COMPLETED")
    (web,) = aws.objects["services"]
    early = {"enable": True, "healthyPercent": 50, "sourceServiceRevisionCleanup": "DEFERRED"}
    web["deploymentConfiguration"]["earlySuccessCriteria"] = early
    web["deployments"].append(deployment(id="ecs-svc/9", status="ACTIVE", runningCount=older))
    made(aws, "SUCCESSFUL")
    told = dashborion(STATUS).json
    assert (told["state"], told["message"]) == ("progressing", words)
    assert dashborion(WAIT).exit_code == 8
    web["deployments"] = [deployment(desiredCount=2, runningCount=2)]
    assert dashborion(WAIT).exit_code == 0


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        pytest.param(
            "ECS deployment circuit breaker: tasks failed to start.",
            "ECS deployment circuit breaker: tasks failed to start; 0 of 2 tasks running, 3 failed",
            id="a reason",
        ),
        pytest.param(
            "ECS deployment ecs-svc/1 in progress.",
            "failed, 0 of 2 tasks running, 3 failed",
            id="one that says nothing",
        ),
    ],
)
def test_reasons_and_counts_are_one_sentence(
    dashborion: Cli, aws: AwsObjects, reason: str, words: str
) -> None:
    """Bug: "tasks failed to start., 0 of 2", "failed … in progress."."""
    rolls(aws, running=0, rolloutState="FAILED", rolloutStateReason=reason, failedTasks=3)
    assert dashborion(STATUS).json["message"] == words
    assert dashborion(WAIT).error["message"] == words


# --- What tells less, or costs its part -----------------------------------------------------------


@pytest.mark.parametrize("fault", ["deny", "throttle"])
@pytest.mark.parametrize("operation", ["ecs:DescribeServiceDeployments", "ecs:ListTasks"])
def test_what_cannot_be_read_costs_its_part_of_a_wait(
    dashborion: Cli, aws: AwsObjects, operation: str, fault: str
) -> None:
    rolls(aws, strategy="BLUE_GREEN")
    made(aws, "IN_PROGRESS", lifecycleStage="SCALE_UP")
    getattr(aws.faults, fault)(operation, times=ALWAYS)

    def completes() -> None:
        rolls(aws, running=2, strategy="BLUE_GREEN", rolloutState="COMPLETED")
        made(aws, "SUCCESSFUL")

    dashborion.steps = [lambda: None, lambda: None, completes]
    seen = dashborion("workloads status web --wait --timeout 3m")
    assert seen.exit_code == 0, seen.err
    assert seen.err.count("warning: ") == 1, "once, not each look"


@pytest.mark.parametrize("fault", ["deny", "throttle"])
def test_what_cannot_be_read_costs_its_part_of_a_status(
    dashborion: Cli, aws: AwsObjects, fault: str
) -> None:
    rolls(aws, strategy="BLUE_GREEN")
    made(aws, "IN_PROGRESS", lifecycleStage="SCALE_UP")
    getattr(aws.faults, fault)("ecs:*ServiceDeployments", times=ALWAYS)
    seen = dashborion(STATUS)
    assert (seen.exit_code, seen.json["message"]) == (0, "1 of 2 tasks running")
    assert seen.err.count('{"warning"') == 1


@pytest.mark.parametrize(
    ("command", "operations"),
    [
        ("events", ["ecs:DescribeServices"]),
        (
            "history",
            [
                "ecs:DescribeServices",
                "ecs:ListServiceDeployments",
                "ecs:DescribeServiceRevisions",
            ],
        ),
    ],
)
def test_nothing_is_asked_for_that_is_not_shown(
    dashborion: Cli, aws: AwsObjects, command: str, operations: list[str]
) -> None:
    rolls(aws)
    made(aws, "IN_PROGRESS")
    assert dashborion(f"workloads {command} web").exit_code == 0
    assert dict(aws.spy.counts) == dict.fromkeys(operations, 1)


def test_a_status_that_is_complete_costs_one_call(dashborion: Cli, aws: AwsObjects) -> None:
    """And once for all one more, for whether its tasks have a health check."""
    for definitions in ({"ecs:DescribeTaskDefinition": 1}, {}):
        aws.spy.reset()
        assert dashborion(STATUS).json["state"] == "complete"
        assert dict(aws.spy.counts) == {"ecs:DescribeServices": 1, **definitions}


# --- Task sets ------------------------------------------------------------------------------------


def task_set(**more: Any) -> Json:
    return {
        "id": "ecs-svc/1",
        "status": "PRIMARY",
        "taskDefinition": "arn:aws:ecs:eu-west-3:1:task-definition/web:1",
        "stabilityStatus": "STEADY_STATE",
        "computedDesiredCount": 2,
        "scale": {"value": 100.0, "unit": "PERCENT"},
    } | more


@pytest.mark.parametrize(
    ("sets", "running", "state", "words"),
    [
        pytest.param([task_set()], 2, "complete", None, id="steady"),
        pytest.param([], 0, "progressing", "no task set, 0 of 2 tasks running", id="none"),
        pytest.param(
            [task_set(status="ACTIVE")],
            0,
            "progressing",
            "1 task set, controlled by EXTERNAL, none is PRIMARY, 0 of 2 tasks running",
            id="no primary one",
        ),
        pytest.param(
            [task_set(scale={"value": 0.0})],
            0,
            "progressing",
            "1 task set, controlled by EXTERNAL, 0 of 2 tasks running",
            id="steady at nothing",
        ),
    ],
)
def test_the_rollout_of_an_external_service_is_that_of_its_task_sets(
    dashborion: Cli, aws: AwsObjects, sets: list[Json], running: int, state: str, words: str | None
) -> None:
    controlled = {"deploymentController": {"type": "EXTERNAL"}, "deployments": []}
    aws.objects["services"] = [
        service("web", count=2, taskSets=sets, **controlled | {"runningCount": running})
    ]
    told = dashborion(STATUS).json
    assert (told["state"], told["message"]) == (state, words)
    assert dashborion(WAIT).exit_code == (0 if state == "complete" else 8)


@pytest.mark.parametrize(
    ("share", "running", "code"),
    [
        pytest.param(100.0, 3, 0, id="all"),
        pytest.param(50.0, 2, 0, id="half, rounded up"),
        pytest.param(100.0, 2, 8, id="one is missing"),
    ],
)
def test_a_count_is_reached_when_the_task_sets_have_their_shares(
    dashborion: Cli, aws: AwsObjects, share: float, running: int, code: int
) -> None:
    controlled = {"deploymentController": {"type": "CODE_DEPLOY"}, "deployments": []}
    sets = [task_set(scale={"value": share})]
    (web,) = aws.objects["services"] = [service("web", count=2, taskSets=sets, **controlled)]
    dashborion.steps = [lambda: web.update(desiredCount=3, runningCount=running)]
    seen = dashborion("workloads scale web -r 3 --wait --timeout 20s")
    assert seen.exit_code == code, seen.err


def test_events_of_a_wait_are_those_since_its_deployment(dashborion: Cli, aws: AwsObjects) -> None:
    rolls(aws)
    says(aws, "failed to launch a task with (error ECS was unable to assume the role 'x').",
         after=-60)  # fmt: skip
    assert dashborion(WAIT).exit_code == 8
