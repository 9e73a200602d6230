"""``workloads run`` where AWS answers as moto does not: sidecars, restart policies, refusals."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from dashborion.demo.ecs.aws_protocol import refusal
from dashborion.demo.http_server import Answer
from dashborion.orchestrators.ecs import follow as ecs_follow
from dashborion.orchestrators.ecs import run as ecs_run
from tests.support.aws_faults import Fault
from tests.support.aws_objects import (
    CREATED,
    AwsObjects,
    Json,
    arn,
    definition,
    service,
    task,
)
from tests.support.cli import Cli

RUN = "ecs:RunTask"
APP = {"name": "app", "image": "example.test/app:1.0", "essential": True}
PROXY = {"name": "proxy", "image": "example.test/proxy:1.0", "essential": True}
COMMAND = "workloads run web -c app -o json"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ecs_follow, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(ecs_run, "LATE_SECONDS", 0.1)


@pytest.fixture
def run(aws: AwsObjects) -> Json:
    """The task that RunTask will start; tests change it as they like."""
    made = task(
        99, "web", group="family:web", startedBy="dashborion-run/web",
        containers=[{"name": "app", "lastStatus": "RUNNING"},
                    {"name": "proxy", "lastStatus": "RUNNING"}],
    )  # fmt: skip
    aws.objects["definitions"] = [definition("web", APP, PROXY)]
    aws.objects["runs"] = made
    return made


def then(run: Json, *states: Json) -> list[Callable[[], object]]:
    """What becomes of the task, a state in each sleep of the command."""

    def becomes(state: Json) -> Callable[[], object]:
        return lambda: run.update(state)

    return [becomes(state) for state in states]


def answering(content: Json) -> Fault:
    kind = {"Content-Type": "application/x-amz-json-1.1"}
    return lambda *_: Answer(200, kind, json.dumps(content).encode())


def containers(app: Json, proxy: Json) -> Json:
    return {"containers": [{"name": "app", **app}, {"name": "proxy", **proxy}]}


def ended(code: int) -> Json:
    return {"lastStatus": "STOPPED", "exitCode": code}


RUNS = {"lastStatus": "RUNNING"}
OVER = {
    "lastStatus": "STOPPED",
    "desiredStatus": "STOPPED",
    "stopCode": "EssentialContainerExited",
    "stoppedReason": "Essential container in task exited",
}


def test_a_sidecar_that_never_ends_is_stopped_with_its_task(
    dashborion: Cli, aws: AwsObjects, run: Json
) -> None:
    aws.objects["definitions"] = [definition("web", APP | {"essential": False}, PROXY)]
    dashborion.steps = then(run, {}, containers(ended(3), RUNS))
    seen = dashborion(f"{COMMAND} -- migrate")
    assert (seen.exit_code, seen.json["exitCode"], seen.json["sidecars"]) == (3, 3, ["proxy"])
    (asked,) = aws.spy.of("ecs:StopTask")
    assert asked["reason"] == "the command of `dashborion workloads run` has ended"


def test_an_essential_sidecar_that_ends_first_interrupts_it(
    dashborion: Cli, aws: AwsObjects, run: Json
) -> None:
    dashborion.steps = then(
        run, containers(RUNS, ended(1)), {**containers(ended(137), ended(1)), **OVER}
    )
    seen = dashborion(f"{COMMAND} -- migrate")
    assert (seen.exit_code, seen.error["code"]) == (7, "interrupted"), seen.err
    assert "container 'proxy' ended before it, with exit code 1" in seen.error["message"]
    assert (seen.json["started"], seen.json["exitCode"]) == (True, None)


def test_a_restart_policy_is_refused_and_a_one_off_revision_has_none(
    dashborion: Cli, aws: AwsObjects, run: Json
) -> None:
    again = APP | {"restartPolicy": {"enabled": True}}
    aws.objects["definitions"] = [definition("web", again, PROXY)]
    seen = dashborion(f"{COMMAND} -- migrate")
    assert (seen.exit_code, seen.error["code"]) == (1, "refused"), seen.err
    assert "--image example.test/app:1.0" in seen.error["hint"]
    assert aws.spy.of(RUN) == []
    run.update({**containers(ended(0), ended(143)), **OVER})
    seen = dashborion(f"{COMMAND} --image example.test/app:1.0 -- migrate")
    assert seen.exit_code == 0, seen.err
    (asked,) = aws.spy.of("ecs:RegisterTaskDefinition")
    assert "restartPolicy" not in str(asked)
    assert len(aws.spy.of("ecs:DeregisterTaskDefinition")) == 1


def test_a_lost_answer_is_asked_for_again_with_the_same_token(
    dashborion: Cli, aws: AwsObjects, run: Json
) -> None:
    run.update({**containers(ended(0), ended(143)), **OVER})
    aws.faults.lose_answer(RUN)
    seen = dashborion(f"{COMMAND} -- migrate")
    assert seen.exit_code == 0, seen.err
    first, second = aws.spy.of(RUN)
    assert first == second
    assert first["clientToken"]


def test_no_room_is_7_with_ecs_reason(dashborion: Cli, aws: AwsObjects, run: Json) -> None:
    failure = {"reason": "RESOURCE:MEMORY", "detail": "made-up detail"}
    aws.faults.add(RUN, answering({"tasks": [], "failures": [failure]}))
    seen = dashborion(f"{COMMAND} --image example.test/m:2 -- migrate")
    assert (seen.exit_code, seen.error["code"]) == (7, "not-started"), seen.err
    assert "RESOURCE:MEMORY: made-up detail" in seen.error["message"]
    assert len(aws.spy.of("ecs:DeregisterTaskDefinition")) == 1, "nothing is left behind"


def test_roles_that_may_not_be_passed_are_named(
    dashborion: Cli, aws: AwsObjects, run: Json
) -> None:
    roles: Json = {
        "taskRoleArn": "arn:aws:iam::123456789012:role/app",
        "executionRoleArn": "arn:aws:iam::123456789012:role/pull",
    }
    aws.objects["definitions"] = [definition("web", APP, PROXY, **roles)]
    message = "User: arn:aws:iam::123456789012:user/docs is not authorized to perform: iam:PassRole"
    aws.faults.add(RUN, lambda asked, _: refusal(asked, "AccessDeniedException", message))
    seen = dashborion(f"{COMMAND} -- migrate")
    assert (seen.exit_code, "task role app and execution role pull" in seen.error["hint"]) == (
        4,
        True,
    )


TASK_SET: Json = {
    "id": "ecs-svc/1", "status": "PRIMARY", "taskDefinition": arn("task-definition", "web:1"),
    "launchType": "FARGATE", "runningCount": 1,
    "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-green"]}},
}  # fmt: skip
OTHERS: list[Any] = [
    pytest.param(
        {"deploymentController": {"type": "CODE_DEPLOY"}, "deployments": [],
         "taskSets": [TASK_SET]},
        0, "subnet-green", id="CODE_DEPLOY",
    ),
    pytest.param(
        {"resourceManagementType": "ECS"}, 2, "UpdateExpressGatewayService", id="Express"
    ),
]  # fmt: skip


@pytest.mark.parametrize(("more", "code", "words"), OTHERS)
def test_services_of_other_controllers(
    dashborion: Cli, aws: AwsObjects, run: Json, more: Json, code: int, words: str
) -> None:
    aws.objects["services"] = [service("web", **more)]
    run.update({**containers(ended(0), ended(143)), **OVER})
    seen = dashborion(f"{COMMAND} -- migrate")
    assert seen.exit_code == code, seen.err
    assert words in (str(aws.spy.of(RUN)) if code == 0 else seen.error["message"])


def test_revisions_that_were_left_behind_are_deregistered_by_the_next(
    dashborion: Cli, aws: AwsObjects, run: Json
) -> None:
    family = "web-dashborion-run"
    used = task(98, family, group=f"family:{family}", startedBy="dashborion-run/web")
    used["taskDefinitionArn"] = arn("task-definition", f"{family}:7")
    aws.objects["tasks"] = [used]
    aws.objects["definitions"] += [
        definition(family, APP, revision=6), definition(family, APP, revision=7),
        definition(family, APP, revision=8, registeredAt=CREATED + 10**9),
    ]  # fmt: skip
    run.update({**containers(ended(0), ended(143)), **OVER})
    seen = dashborion(f"{COMMAND} --image example.test/m:2 -- migrate")
    assert f"deregistered {family}:6, left by a run before" in seen.err
    gone = [one["taskDefinition"].rpartition("/")[2] for one in aws.spy.of("ecs:Deregister*")]
    assert gone == [f"{family}:6", f"{family}:1"], "not one with a task, and not a young one"
