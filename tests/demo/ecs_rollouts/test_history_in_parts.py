"""``workloads history`` and ``rollback`` with only a part of what they ask for."""

from __future__ import annotations

from typing import Any

import pytest

from tests.demo.ecs_rollouts.objects import made, rolls, service_deployment, service_revision
from tests.support.aws_faults import ALWAYS
from tests.support.aws_objects import CLUSTER, CREATED, AwsObjects, arn, definition
from tests.support.cli import Cli

HISTORY = "workloads history web -o json"


@pytest.fixture
def family(aws: AwsObjects) -> AwsObjects:
    """Three revisions, the first of which runs."""
    aws.objects["definitions"] = [definition("web", revision=number) for number in (1, 2, 3)]
    return aws


@pytest.mark.parametrize("fault", ["deny", "throttle"])
@pytest.mark.parametrize(
    "operation", ["ecs:ListServiceDeployments", "ecs:DescribeServiceRevisions"]
)
def test_without_service_deployments_there_is_the_family(
    dashborion: Cli, family: AwsObjects, operation: str, fault: str
) -> None:
    made(family, "SUCCESSFUL")
    getattr(family.faults, fault)(operation, times=ALWAYS)
    seen = dashborion(HISTORY)
    assert seen.exit_code == 0, seen.err
    assert [item["revision"] for item in seen.json] == ["web:1", "web:2", "web:3"]
    assert "which may never have run here" in seen.err


@pytest.mark.parametrize("fault", ["deny", "throttle"])
def test_without_the_familys_list_there_is_what_runs(
    dashborion: Cli, family: AwsObjects, fault: str
) -> None:
    getattr(family.faults, fault)("ecs:ListTaskDefinitions", times=ALWAYS)
    seen = dashborion(HISTORY, fails_with_rows=True)
    assert seen.exit_code == 5, "rows may be missing"
    assert [(item["revision"], item["current"]) for item in seen.json] == [("web:1", True)]


def test_definitions_that_may_not_be_read_keep_their_rows(
    dashborion: Cli, family: AwsObjects
) -> None:
    family.faults.deny("ecs:DescribeTaskDefinition")
    seen = dashborion(HISTORY)
    assert seen.exit_code == 0, seen.err
    assert [(item["revision"], item["images"]) for item in seen.json] == [
        ("web:1", []), ("web:2", []), ("web:3", [])
    ]  # fmt: skip
    assert seen.err.count('{"warning"') == 1


def test_deregistered_and_deleted_definitions_stay_in_the_history(
    dashborion: Cli, aws: AwsObjects
) -> None:
    rolls(aws)
    made(aws, "SUCCESSFUL")
    aws.objects["definitions"] = []
    assert [item["revision"] for item in dashborion(HISTORY).json] == ["web:1"]


def test_the_reason_of_a_rollback_is_told(dashborion: Cli, aws: AwsObjects) -> None:
    """A list of service deployments does not have it."""
    made(aws, "ROLLBACK_SUCCESSFUL", rollback={"reason": "alarm slow in ALARM"})
    (item,) = dashborion(HISTORY).json
    assert item["message"] == "ROLLBACK_SUCCESSFUL: alarm slow in ALARM"
    aws.faults.deny("ecs:DescribeServiceDeployments")
    seen = dashborion(HISTORY)
    assert (seen.exit_code, seen.json[0]["message"]) == (0, "ROLLBACK_SUCCESSFUL")


def test_more_deployments_than_are_looked_at_are_said(dashborion: Cli, aws: AwsObjects) -> None:
    past = [deployed(number) for number in range(130, 0, -1)]
    aws.objects["serviceDeployments"] = [item for item, _ in past]
    aws.objects["serviceRevisions"] = [item for _, item in past]
    seen = dashborion(HISTORY)
    assert (seen.exit_code, len(seen.json)) == (0, 101), "and what runs"
    assert "the newest 100 deployments" in seen.err
    assert aws.spy.counts["ecs:ListServiceDeployments"] == 1


def test_deployments_whose_revision_is_gone_are_said(dashborion: Cli, aws: AwsObjects) -> None:
    past = [deployed(number) for number in (3, 2, 1)]
    aws.objects["serviceDeployments"] = [item for item, _ in past]
    aws.objects["serviceRevisions"] = [past[0][1], past[2][1]]
    seen = dashborion(HISTORY)
    assert [item["revision"] for item in seen.json] == ["web:1", "web:3"]
    assert "of 1 of 3 deployments ECS does not say what they deployed" in seen.err


def test_a_rollback_without_a_past_says_why_it_knows_none(dashborion: Cli, aws: AwsObjects) -> None:
    aws.faults.deny("ecs:ListServiceDeployments")
    seen = dashborion("workloads rollback web --dry-run")
    assert seen.exit_code == 1
    assert "there is no other revision to go back to" in seen.err
    assert "ecs:ListServiceDeployments" in seen.err


def deployed(number: int) -> tuple[Any, Any]:
    """A service deployment, and the service revision that it went to."""
    revision = arn("service-revision", f"{CLUSTER}/web/{number}")
    return (
        service_deployment(
            "SUCCESSFUL",
            serviceDeploymentArn=arn("service-deployment", f"{CLUSTER}/web/d{number}"),
            createdAt=CREATED + number,
            targetServiceRevision={"arn": revision},
        ),
        service_revision(
            serviceRevisionArn=revision, taskDefinition=arn("task-definition", f"web:{number}")
        ),
    )


@pytest.mark.parametrize("command", ["deploy web --image x:2", "rollback web --to 2"])
def test_a_change_of_a_service_whose_definition_was_deleted_says_so_and_how_to_go_on(
    dashborion: Cli, aws: AwsObjects, command: str
) -> None:
    aws.objects["definitions"] = [definition("web", revision=2)]
    seen = dashborion(f"workloads {command} --dry-run -o json")
    assert (seen.exit_code, seen.error["code"]) == (1, "refused")
    assert "web:1 is gone" in seen.error["message"]
    assert "--task-definition" in seen.error["hint"]
