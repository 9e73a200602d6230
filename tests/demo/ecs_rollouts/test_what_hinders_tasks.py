"""What events and tasks say of why a service does not get on: it ends waits, and is a reason."""

from __future__ import annotations

from typing import Any

import pytest

from tests.demo.ecs_rollouts.objects import rolls, says
from tests.support.aws_objects import CREATED, AwsObjects, Json, definition, service, task
from tests.support.cli import Cli

WAIT = "workloads status web --wait --timeout 36s -o json"  # six more than for placement
ROLE = (
    "failed to launch a task with (error ECS was unable to assume the role "
    "'arn:aws:iam::123456789012:role/made-up' that was provided for this task. Please verify.)."
)
BLOCKED = (
    "was unable to stop or start tasks during a deployment because of the service deployment "
    "configuration. Update the minimumHealthyPercent or maximumPercent value and try again."
)
UNPLACED = "was unable to place a task because no container instance met all of its requirements."
STARTED = "has started 1 tasks: (task 0123456789abcdef)."


@pytest.mark.parametrize(
    ("percents", "sentence", "words"),
    [
        pytest.param({}, ROLE, "unable to assume the role 'arn:aws:iam::123456789012", id="role"),
        pytest.param(
            {"minimumHealthyPercent": 100, "maximumPercent": 100},
            BLOCKED,
            "(minimum 100 %, maximum 100 %)",
            id="deadlock",
        ),
        pytest.param({}, BLOCKED, "(minimum 100 %, maximum 200 %)", id="defaults"),
    ],
)
@pytest.mark.parametrize("name", ["web", "has-started", "steady"])
def test_what_cannot_succeed_ends_a_wait_at_once(
    dashborion: Cli, aws: AwsObjects, percents: Json, sentence: str, words: str, name: str
) -> None:
    rolls(aws, running=0)
    aws.objects["services"][0]["deploymentConfiguration"] = percents
    says(aws, sentence, "has begun draining connections on 1 tasks.", name=name)
    seen = dashborion(WAIT)
    assert (seen.exit_code, seen.error["code"], dashborion.slept) == (7, "rollout-failed", [])
    assert words in seen.error["message"]
    assert seen.error["message"].endswith("0 of 2 tasks running")


@pytest.mark.parametrize("later", [STARTED, "has reached a steady state.", "deployment completed."])
@pytest.mark.parametrize("sentence", [ROLE, BLOCKED, UNPLACED], ids=["role", "deadlock", "place"])
def test_what_has_moved_since_does_not(
    dashborion: Cli, aws: AwsObjects, sentence: str, later: str
) -> None:
    rolls(aws)
    says(aws, sentence, later)
    assert dashborion(WAIT).exit_code == 8
    assert dashborion("workloads describe web -o json").json["reasons"] == []


@pytest.mark.parametrize(
    "sentence",
    [
        pytest.param(UNPLACED, id="no instance"),
        pytest.param("was unable to place a task. Reason: Capacity is unavailable.", id="capacity"),
        pytest.param("failed to launch a task with (error Too many of them.).", id="launch"),
    ],
)
def test_what_may_still_succeed_is_given_time(
    dashborion: Cli, aws: AwsObjects, sentence: str
) -> None:
    rolls(aws)
    says(aws, sentence)
    seen = dashborion(WAIT)
    assert (seen.exit_code, sum(dashborion.slept)) == (7, 30), seen.err


@pytest.mark.parametrize(
    "sentence",
    [
        "operations are being throttled on elb. Will try again later.",
        "(task 01) failed container health checks.",
        "is unable to consistently start tasks successfully.",
        "has started 1 tasks: (task 01). Amazon ECS replaced 1 tasks due to an unhealthy status.",
    ],
)
def test_other_bad_news_leaves_the_wait_to_ecs(
    dashborion: Cli, aws: AwsObjects, sentence: str
) -> None:
    rolls(aws)
    says(aws, sentence)
    assert dashborion(WAIT).exit_code == 8


def test_scaling_ends_by_what_was_said_after_it(dashborion: Cli, aws: AwsObjects) -> None:
    says(aws, UNPLACED, ROLE)
    (web,) = aws.objects["services"]
    web["desiredCount"] = 2

    def fails() -> None:
        web["desiredCount"] = 3
        says(aws, UNPLACED, ROLE, ROLE)

    dashborion.steps = [lambda: None, fails]
    seen = dashborion("workloads scale web -r 3 --wait -o json")
    assert (seen.exit_code, len(dashborion.slept)) == (7, 2), seen.err
    assert "unable to assume the role" in seen.error["message"]


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [(ROLE, "CannotAssumeRole"), (BLOCKED, "DeploymentBlocked"), (UNPLACED, "UnableToPlace")],
    ids=["role", "deadlock", "place"],
)
def test_what_hinders_tasks_is_a_reason(
    dashborion: Cli, aws: AwsObjects, sentence: str, reason: str
) -> None:
    rolls(aws)
    says(aws, sentence, "registered 1 targets in (target-group unable)")
    (told,) = dashborion("workloads describe web -o json").json["reasons"]
    assert told["reason"] == reason
    assert ("(minimum 100 %, maximum 200 %)" in told["message"]) is (sentence == BLOCKED)


# --- Tasks that end well, and again ---------------------------------------------------------------


def ended(number: int, **more: Any) -> Json:
    told = {"lastStatus": "STOPPED", "desiredStatus": "STOPPED", "stoppedAt": CREATED + number}
    why = {
        "stopCode": "EssentialContainerExited",
        "stoppedReason": "Essential container in task exited",
    }
    well = {"containers": [{"name": "app", "lastStatus": "STOPPED", "exitCode": 0}]}
    return task(number << 104, "web", **told | why | well | more)


@pytest.mark.parametrize(("count", "reasons"), [(1, []), (2, ["Completed"]), (5, ["Completed"])])
def test_a_service_whose_tasks_end_well_again_and_again_has_a_reason(
    dashborion: Cli, aws: AwsObjects, count: int, reasons: list[str]
) -> None:
    aws.objects["services"] = [service("web", count=2, runningCount=0)]
    aws.objects["tasks"] = [ended(number) for number in range(1, count + 1)]
    told = dashborion("workloads describe web -o json").json["reasons"]
    assert [item["reason"] for item in told] == reasons
    assert [item["count"] for item in told] == [count] * len(reasons)


def test_a_deployment_whose_tasks_end_well_fails(dashborion: Cli, aws: AwsObjects) -> None:
    rolls(aws, running=0)
    aws.objects["tasks"] = [ended(1), ended(2)]
    seen = dashborion(WAIT)
    assert (seen.exit_code, dashborion.slept) == (7, [])
    assert seen.error["message"].startswith("the main process ends, though it should go on")


# --- The last words of a failed task --------------------------------------------------------------


@pytest.mark.parametrize("failing", ["app", "proxy"])
def test_the_last_words_are_those_of_the_container_that_failed(
    dashborion: Cli, aws: AwsObjects, failing: str
) -> None:
    """Bug: of several containers, those of the first that wrote something."""
    names = ("app", "proxy")
    logs = {"awslogs-group": "/made-up", "awslogs-region": "us-west-2"}
    configuration = {"logDriver": "awslogs", "options": logs | {"awslogs-stream-prefix": "p"}}
    aws.objects["definitions"] = [
        definition("web", *({"name": name, "logConfiguration": configuration} for name in names))
    ]
    rolls(aws, running=0)
    ends = [
        {"name": name, "lastStatus": "STOPPED", "exitCode": int(name == failing)} for name in names
    ]
    aws.objects["tasks"] = [ended(number, containers=ends) for number in (1, 2)]
    aws.objects["logs"] = {
        "/made-up": {
            f"p/{name}/{number << 104:032x}": [{"timestamp": 1, "message": f"words of {name}"}]
            for name in names
            for number in (1, 2)
        }
    }
    seen = dashborion(WAIT)
    assert seen.exit_code == 7
    assert [name for name in names if f"words of {name}" in seen.err] == [failing]
    assert {call.region for call in aws.spy.calls if call.operation.startswith("logs:")} == {
        "us-west-2"
    }


# --- The types of events --------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["unable", "failed-unhealthy", "alarm_error", "web"])
@pytest.mark.parametrize(
    ("sentence", "type_", "reason"),
    [
        ("has reached a steady state.", "normal", "SteadyState"),
        ("registered 1 targets in (target-group fail-over)", "normal", "Registered"),
        (STARTED, "normal", "Started"),
        ("(deployment ecs-svc/1) deployment completed.", "normal", "DeploymentCompleted"),
        ("Message: Successfully set desired count to 4. Cause: alarm error", "normal", "Scaled"),
        ("does something unheard of that may fail", "normal", None),
        (ROLE, "warning", "CannotAssumeRole"),
        ("(task 01) (port 80) is unhealthy in (target-group web) due to (reason [502]).",
         "warning", "Unhealthy"),
        ("(instance i-1) (port 80) is unhealthy in (elb x)", "warning", "Unhealthy"),
        ("(deployment ecs-svc/1) deployment failed: alarm detected.", "warning",
         "DeploymentFailed"),
        ("(taskSet ecs-svc/1) was unable to scale in.", "warning", "Unable"),
        ("Timed out waiting for Amazon ECS Agent to start.", "warning", "AgentDisconnected"),
        ("has stopped 1 running tasks: (task 1) Amazon ECS replaced 1 tasks due to it.",
         "warning", "ReplacedUnhealthy"),
    ],
)  # fmt: skip
def test_a_sentence_tells_by_how_it_begins(
    dashborion: Cli, aws: AwsObjects, name: str, sentence: str, type_: str, reason: str | None
) -> None:
    says(aws, sentence, name=name)
    (event,) = dashborion("workloads events web -o json").json
    assert (event["type"], event["reason"]) == (type_, reason)


@pytest.mark.parametrize(
    "subject",
    [
        "(service failed)",
        "service failed",
        "service (failed)",
        "(service failed, taskSet ecs-svc/1)",
        "service failed, taskSet ecs-svc/1",
        "(service failed) deployment ecs-svc/1",
    ],
)
@pytest.mark.parametrize(
    ("sentence", "type_"),
    [("has reached a steady state.", "normal"), ("was unable to place a task.", "warning")],
)
def test_what_a_sentence_is_about_may_be_written_in_any_form(
    dashborion: Cli, aws: AwsObjects, subject: str, sentence: str, type_: str
) -> None:
    event = {"id": "e", "createdAt": CREATED, "message": f"{subject} {sentence}"}
    aws.objects["services"][0]["events"] = [event]
    assert dashborion("workloads events web -o json").json[0]["type"] == type_
