"""Services of Express mode: ECS manages all of them, and has operations of their own for it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.faults.ecs.conftest import Serve
from tests.support.aws_objects import AwsObjects, definition, deployment, service, task
from tests.support.cli import Cli

ASK = "ecs:DescribeExpressGatewayService"
DEFINITION = "arn:aws:ecs:eu-west-3:123456789012:task-definition/app:1"


@pytest.fixture
def aws(serve: Serve) -> AwsObjects:
    """A service of Express mode beside one that is none."""
    express = service("app", deployments=[deployment(taskDefinition=DEFINITION)])
    del express["taskDefinition"], express["deploymentConfiguration"]
    express["resourceManagementType"] = "ECS"
    paths = [{"accessType": "PUBLIC", "endpoint": "https://ap-1.ecs.eu-west-3.on.aws"}]
    told = {"serviceArn": express["serviceArn"], "activeConfigurations": [{"ingressPaths": paths}]}
    return serve(
        services=[express, service("web")],
        express=[told],
        tasks=[task(1, "app")],
        definitions=[definition("app"), definition("web")],
    )


def test_they_are_a_type_of_their_own_with_their_url(dashborion: Cli, aws: AwsObjects) -> None:
    app, web = dashborion("workloads list -o json").json

    assert (app["type"], web["type"]) == ("ecs-express-service", "ecs-service")
    assert (app["rollout"]["strategy"], app["image"]) == ("canary", "example.test/app:1.0")
    assert app["rollout"]["revision"] == "app:1"  # of its newest deployment: it has no other
    (endpoint,) = app["endpoints"]
    assert (endpoint["name"], endpoint["url"]) == (
        "express (public)", "https://ap-1.ecs.eu-west-3.on.aws/",
    )  # fmt: skip
    assert aws.spy.counts[ASK] == 1
    described = dashborion("workloads describe app -o json").json
    assert (described["type"], described["endpoints"]) == (app["type"], app["endpoints"])
    assert described["instances"][0]["workload"] == "app"


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("list --type express -o name", ["app"]),
        ("list --type ecs-service -o name", ["web"]),
        ("list express/* -o name", ["app"]),
        ("list service/* -o name", ["app", "web"]),
    ],
)
def test_a_name_may_say_that_it_is_one(
    dashborion: Cli, aws: AwsObjects, words: str, names: list[str]
) -> None:
    seen = dashborion(f"workloads {words}")
    assert [one.rpartition("/")[2] for one in seen.out.split()] == names
    assert ASK not in aws.spy.counts  # endpoints are not asked for


@pytest.mark.parametrize("kind", ["express", "service"])
def test_a_service_of_that_mode_is_a_service(dashborion: Cli, aws: AwsObjects, kind: str) -> None:
    told = dashborion(f"workloads status {kind}/app -o json").json
    assert (told["workload"], told["type"]) == ("app", "ecs-express-service")
    named: Any = aws.objects["services"][0]["serviceArn"]
    assert dashborion(f"workloads list {named} -o name").out.split() == ["app"]


def test_a_service_that_is_none_is_not_found_as_one(dashborion: Cli, aws: AwsObjects) -> None:
    assert dashborion("workloads describe express/web").exit_code == 3


@pytest.mark.parametrize("code", ["AccessDeniedException", "UnknownOperationException"])
def test_a_url_that_cannot_be_had_costs_itself_and_a_warning(
    dashborion: Cli, aws: AwsObjects, code: str
) -> None:
    aws.faults.refuse(ASK, code, "no")
    seen = dashborion("workloads list -o json")
    assert (seen.exit_code, [one["endpoints"] for one in seen.json]) == (0, [[], []])
    assert "DescribeExpressGatewayService" in seen.err


@pytest.mark.parametrize(
    ("words", "instead"),
    [
        ("scale app -r 3", "--scaling-target minTaskCount=N,maxTaskCount=N"),
        ("deploy app --image app:2", "--primary-container image=IMAGE"),
        ("rollback app", "--primary-container image=IMAGE"),
        ("run app -- true", None),
    ],
)
@pytest.mark.parametrize("dry", ["", "--dry-run "])
def test_what_is_not_known_to_work_there_names_the_command_that_does(
    dashborion: Cli, aws: AwsObjects, words: str, instead: str | None, dry: str
) -> None:
    arn: Any = aws.objects["services"][0]["serviceArn"]
    verb, rest = words.split(" ", 1)

    seen = dashborion(f"workloads {verb} {dry}-o json {rest}")

    assert (seen.exit_code, seen.error["code"]) == (2, "not-applicable")
    assert "UpdateExpressGatewayService" in seen.error["message"]
    command = f"aws ecs update-express-gateway-service --service-arn {arn} {instead}"
    task = "`dashborion instances exec` runs a command in a task that is there"
    assert seen.error["hint"] == (command if instead else task)
    assert not {"ecs:UpdateService", "ecs:RunTask", "ecs:RegisterTaskDefinition"} & {
        *aws.spy.counts
    }
