"""RunTask for a one-off command: what it takes from the service, and what its task tells."""

from __future__ import annotations

from typing import Any

import pytest

from dashborion.errors import NotFound, Refusal, UsageError
from dashborion.orchestrators.ecs import run_request
from dashborion.orchestrators.run import RunSeen, RunWish
from tests.unit.ecs.raw_ecs import DEFINITION, Raw, container, container_definition, tags, task

WISH = RunWish(command=("migrate", "up"))
NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"], "assignPublicIp": "ENABLED"}}
ROLES = {"taskRoleArn": "arn:aws:iam::1:role/app", "executionRoleArn": "arn:aws:iam::1:role/pull"}
APP, PROXY = container_definition("app"), container_definition("proxy")


def built(
    *containers: Raw, wish: RunWish = WISH, service: Raw | None = None, **fields: Any
) -> run_request.Built:
    """A service of these containers, on Fargate, in a deployment that is its only one."""
    given = {"family": "web", "cpu": "256", "memory": "512", **ROLES, **fields}
    given["containerDefinitions"] = list(containers) or [APP]
    placed = {
        "status": "PRIMARY",
        "launchType": "FARGATE",
        "platformVersion": "1.4.0",
        "networkConfiguration": NETWORK,
    }
    of = {"serviceName": "web", "deployments": [placed], **(service or {})}
    return run_request.build(run_request.Definition(DEFINITION, given, of), wish, "token-1")


def overrides(made: run_request.Built) -> Raw:
    found: Raw = made.arguments["overrides"]
    return found


def test_it_is_the_exact_revision_in_the_services_place() -> None:
    made = built()
    assert made.arguments == {
        "taskDefinition": DEFINITION,
        "count": 1,
        "clientToken": "token-1",
        "startedBy": "dashborion-run/web",
        "launchType": "FARGATE",
        "platformVersion": "1.4.0",
        "networkConfiguration": NETWORK,
        "overrides": {"containerOverrides": [{"name": "app", "command": ["migrate", "up"]}]},
    }
    assert (made.registered, made.public_ip) == (None, True)
    assert made.role == "task role app and execution role pull"


SPOT = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
OF_DEPLOYMENT = {"status": "PRIMARY", "launchType": "FARGATE", "capacityProviderStrategy": SPOT}
TASK_SET = {"status": "PRIMARY", "launchType": "EC2", "networkConfiguration": NETWORK}


@pytest.mark.parametrize(
    ("service", "wish", "expected", "words"),
    [
        pytest.param(
            {"deployments": [OF_DEPLOYMENT]},
            WISH,
            {"capacityProviderStrategy": SPOT},
            "FARGATE_SPOT may interrupt it",
            id="a strategy instead of a launch type",
        ),
        pytest.param(
            {"deployments": [OF_DEPLOYMENT]},
            RunWish(on_demand=True),
            {"capacityProviderStrategy": [{"capacityProvider": "FARGATE", "weight": 1}]},
            None,
            id="kept off Spot",
        ),
        pytest.param(
            {"deployments": [], "taskSets": [TASK_SET]},
            WISH,
            {"launchType": "EC2", "networkConfiguration": NETWORK},
            None,
            id="from the task set",
        ),
        pytest.param(
            {"deployments": [{"status": "PRIMARY", "volumeConfigurations": [{"name": "v"}]}]},
            WISH,
            {"volumeConfigurations": [{"name": "v"}]},
            None,
            id="volumes that are configured at launch",
        ),
        pytest.param(
            {"deployments": [{"status": "PRIMARY",
                              "serviceConnectConfiguration": {"enabled": True}}]},
            WISH,
            {},
            "no Service Connect",
            id="Service Connect",
        ),
        pytest.param(
            {"enableExecuteCommand": True, "tags": tags(team="media", **{"aws:x": "1"})},
            RunWish(reason="why, really?"),
            {"enableExecuteCommand": True,
             "tags": [*tags(team="media"), *tags(**{"dashborion:reason": "why_ really_"})]},
            None,
            id="exec, tags and a reason that tags can hold",
        ),
    ],
)  # fmt: skip
def test_where_and_how_the_service_runs_is_where_and_how_it_runs(
    service: Raw, wish: RunWish, expected: Raw, words: str | None
) -> None:
    made = built(wish=wish, service=service)
    assert {key: made.arguments.get(key) for key in expected} == expected
    assert ("launchType" in made.arguments) != ("capacityProviderStrategy" in made.arguments) or (
        "launchType" not in expected
    )
    assert words is None or any(words in note for note in made.notes)
    assert words or not any("Spot" in note for note in made.notes)


@pytest.mark.parametrize(
    ("fields", "own", "whole"),
    [
        ({}, {}, {"cpu": "512", "memory": "2048"}),
        ({"cpu": None, "memory": None}, {"cpu": 512, "memory": 2048}, {}),
    ],
    ids=["of the task", "of the container"],
)
def test_amounts_are_set_where_the_definition_has_them(fields: Raw, own: Raw, whole: Raw) -> None:
    wish = RunWish(variables={"LEVEL": "debug"}, cpu=".5 vCPU", memory="2GB")
    found = overrides(built(wish=wish, **fields))
    (of_container,) = found.pop("containerOverrides")
    assert found == whole
    level = [{"name": "LEVEL", "value": "debug"}]
    assert of_container == {"name": "app", "environment": level, **own}


RESTARTED = container_definition("app", restartPolicy={"enabled": True})
REFUSED: list[Any] = [
    pytest.param([RESTARTED], WISH, {}, Refusal, "run the command again", id="restart policy"),
    pytest.param([APP], RunWish(interactive=True), {}, UsageError, "no stdin", id="stdin"),
    pytest.param([APP], RunWish(entry_point=True), {}, UsageError, "entry point", id="entry point"),
    pytest.param([APP, PROXY], WISH, {}, UsageError, "2 containers: app, proxy", id="which one"),
    pytest.param([APP], RunWish(container="no"), {}, NotFound, "'no'", id="no such container"),
    pytest.param([APP], RunWish(beside=("no",)), {}, NotFound, "'no'", id="no such sidecar"),
    pytest.param([APP], RunWish(cpu="much"), {}, UsageError, "--cpu: 'much'", id="amount"),
    pytest.param([APP], RunWish(command=("x" * 9000,)), {}, UsageError, "8192", id="too long"),
    pytest.param(
        [APP], WISH, {"resourceManagementType": "ECS"}, UsageError, "UpdateExpressGatewayService",
        id="Express",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("containers", "wish", "service", "error", "words"), REFUSED)
def test_what_cannot_be_run_once_is_refused(
    containers: list[Raw], wish: RunWish, service: Raw, error: Any, words: str
) -> None:
    with pytest.raises(error, match=words):
        built(*containers, wish=wish, service=service)


def test_another_image_is_a_revision_of_a_family_of_its_own_without_restarts() -> None:
    wish = RunWish(image="example.test/m:2", container="app")
    given = tags(team="media", **{"aws:x": "1"})
    made = built(RESTARTED, PROXY, wish=wish, tags=given).registered
    assert made is not None
    assert made["family"] == "web-dashborion-run"
    assert made["tags"] == [*tags(team="media"), *tags(**{"dashborion:run-of": "web"})]
    app, proxy = made["containerDefinitions"]
    assert (app["image"], "restartPolicy" in app) == ("example.test/m:2", False)
    assert proxy == PROXY
    assert "restartPolicy" in RESTARTED, "what was read stays as it was"


def test_the_only_essential_container_is_the_commands_and_the_others_are_told() -> None:
    app = container_definition(
        "app", dependsOn=[{"containerName": "proxy", "condition": "HEALTHY"}]
    )
    aws = container_definition("ecs-service-connect-x")
    made = built(app, {**PROXY, "essential": False}, aws)
    assert made.container == "app"
    assert made.beside == {
        "proxy": "waited for until HEALTHY",
        "ecs-service-connect-x": "essential",
    }


# --- What its task tells --------------------------------------------------------------------------


def ended(name: str = "app", code: int | None = 0, **more: Any) -> Raw:
    return container(
        name, lastStatus="STOPPED", **({} if code is None else {"exitCode": code}), **more
    )


EXITED = {
    "lastStatus": "STOPPED",
    "desiredStatus": "STOPPED",
    "stopCode": "EssentialContainerExited",
}
NOT_STARTED = {
    **EXITED,
    "stopCode": "TaskFailedToStart",
    "stoppedReason": "CannotPullContainerError: no such image",
}
SPOT_END = {**EXITED, "stopCode": "SpotInterruption", "stoppedReason": "Spot interruption."}
RUNNING = {"lastStatus": "RUNNING"}
TASKS: list[Any] = [
    pytest.param([ended(code=3), container("proxy")], RUNNING, (), (True, 3), id="alone"),
    pytest.param([ended(code=0), ended("proxy", 143)], EXITED, (), (True, 0), id="with the task"),
    pytest.param([ended(code=137), ended("proxy", 137)], EXITED, ("app",), (True, 137), id="it"),
    pytest.param([ended(code=143), ended("proxy", 1)], EXITED, (), (True, None), id="its code"),
    pytest.param(
        [ended(code=137), ended("proxy", 137)], EXITED, ("proxy",), (True, None), id="sidecar first"
    ),
    pytest.param([ended(code=143)], SPOT_END, (), (True, None), id="Spot"),
    pytest.param([ended(code=0)], SPOT_END, (), (True, None), id="well, told by Spot to end"),
    pytest.param([ended(code=None)], NOT_STARTED, (), (False, None), id="never started"),
]  # fmt: skip


@pytest.mark.parametrize(("containers", "more", "first", "expected"), TASKS)
def test_how_a_task_ends_the_run(
    containers: list[Raw], more: Raw, first: tuple[str, ...], expected: tuple[bool, int | None]
) -> None:
    found = task(*containers, **more)
    seen = run_request.seen(found, "app", frozenset({"app", "proxy"}), frozenset(first), RunSeen())
    assert (seen.is_over, seen.started, seen.exit_code) == (True, *expected)
    assert seen.exit_code is not None or seen.why


@pytest.mark.parametrize(
    ("containers", "more", "started"),
    [
        ([container(lastStatus="PENDING")], {"lastStatus": "PROVISIONING"}, False),
        ([container()], RUNNING, True),
        ([ended(code=None)], {"lastStatus": "DEPROVISIONING"}, False),
    ],
    ids=["not yet", "runs", "its reason is still to come"],
)
def test_what_has_not_ended(containers: list[Raw], more: Raw, started: bool) -> None:
    seen = run_request.seen(
        task(*containers, **more), "app", frozenset({"app"}), frozenset(), RunSeen()
    )
    assert (seen.is_over, seen.started) == (False, started)


def test_who_ended_first_is_what_was_seen_first() -> None:
    found = task(container(), ended("proxy", 1))
    assert run_request.ended_in(found, frozenset({"app", "proxy"})) == {"proxy"}
    assert run_request.ended_in(found, frozenset({"app"})) == frozenset()
