"""Any field that AWS leaves out of a rollout's objects is unknown, and no command breaks on it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.demo.ecs_rollouts.objects import (
    hook,
    made,
    rolls,
    says,
    service_deployment,
    service_revision,
)
from tests.support.aws_objects import CREATED, AwsObjects, Json, deployment, task
from tests.support.cli import Cli

RESTART = "workloads restart web --wait --timeout 2s -o json"
COMMANDS = [
    "workloads status web -o json",
    "workloads status web --wait --timeout 2s -o json",
    "workloads history web -o json",
    "workloads events web -o json",
    "workloads describe web -o json",
    RESTART,
]
HELD = {"lifecycleStage": "BAKE_TIME", "lifecycleHookDetails": [hook(expiresAt=CREATED)]}
ENDED = {"lastStatus": "STOPPED", "desiredStatus": "STOPPED", "stoppedAt": CREATED}


def of(key: str) -> Callable[[AwsObjects], Json]:
    def first(aws: AwsObjects) -> Json:
        found: Json = aws.objects[key][0]
        return found

    return first


def within(key: str) -> Callable[[AwsObjects], Json]:
    def first(aws: AwsObjects) -> Json:
        found: Json = aws.objects["services"][0][key][0]
        return found

    return first


PLACES: dict[str, tuple[Callable[[AwsObjects], Json], tuple[str, ...]]] = {
    "deployment": (within("deployments"), tuple(deployment())),
    "event": (within("events"), ("id", "createdAt", "message")),
    "service deployment": (of("serviceDeployments"), tuple(service_deployment("") | HELD)),
    "hook": (lambda aws: of("serviceDeployments")(aws)["lifecycleHookDetails"][0], tuple(hook())),
    "service revision": (of("serviceRevisions"), tuple(service_revision())),
    "task": (of("tasks"), tuple(task(1, "web"))),
}
_NAMED_BY = {"serviceArn", "serviceDeploymentArn", "serviceRevisionArn", "taskArn", "group"}
_NAMED_BY |= {"desiredStatus", "taskDefinitionArn"}  # by which the stand-in finds an object


@pytest.mark.parametrize("status", ["IN_PROGRESS", "ROLLBACK_FAILED"])
@pytest.mark.parametrize("place", PLACES)
def test_an_object_may_lack_all_that_it_is_not_found_by(
    dashborion: Cli, aws: AwsObjects, place: str, status: str
) -> None:
    fill(aws, status)
    find, members = PLACES[place]
    for member in set(members) - _NAMED_BY:
        find(aws).pop(member, None)
    for command in COMMANDS:
        unclear = [6] if command == RESTART else []  # which deployment is the new one
        assert dashborion(command).exit_code in (0, 7, 8, *unclear), command


@pytest.mark.parametrize(
    ("place", "member"),
    [
        pytest.param(place, member, id=f"{place}'s {member}")
        for place, (_, members) in PLACES.items()
        for member in members
        if member not in _NAMED_BY and place in ("deployment", "service deployment", "hook")
    ],
)
def test_one_member_may_be_absent(
    dashborion: Cli, aws: AwsObjects, place: str, member: str
) -> None:
    fill(aws, "IN_PROGRESS")
    PLACES[place][0](aws).pop(member, None)
    assert dashborion(COMMANDS[1]).exit_code in (7, 8)


def fill(aws: AwsObjects, status: str) -> None:
    rolls(aws, strategy="BLUE_GREEN", failedTasks=1)
    made(aws, status, **HELD)
    says(aws, "was unable to place a task. Reason: made-up.")
    aws.objects["tasks"] = [task(1, "web", stopCode="Unheard-of", **ENDED), task(2, "web")]
