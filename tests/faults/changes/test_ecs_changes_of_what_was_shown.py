"""A prompt may stand for minutes: what ECS has by then is compared with what was shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dashborion.demo.ecs.aws_protocol import AwsRequest, refusal
from dashborion.demo.http_server import Answer
from tests.support.aws import HERE, point_at, write_config
from tests.support.aws_objects import (
    CLUSTER,
    CREATED,
    REGION,
    AwsObjects,
    Json,
    arn,
    definition,
    deployment,
    service,
)
from tests.support.cli import Cli, Keyboard

Somebody = Callable[[AwsObjects], None]
THEIRS = arn("task-definition", "web:3")


class Registering(AwsObjects):
    """Takes new revisions, too."""

    def _RegisterTaskDefinition(self, _: Json) -> Json:  # noqa: N802 - the operation's name
        return {"taskDefinition": definition("web", revision=4)}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsObjects]:
    ours = [definition("web", revision=n, cpu=str(256 * n)) for n in (1, 2, 3)]
    web = service("web", count=8)
    with Registering(services=[web], definitions=ours) as server:
        point_at(monkeypatch, server, cluster=CLUSTER)
        protected = {"cluster": CLUSTER, "region": REGION, "protected": True}
        write_config(Path.home(), {HERE: protected})
        yield server


def replace(aws: AwsObjects, **fields: Any) -> None:
    aws.objects["services"] = [{**aws.objects["services"][0], **fields}]


def scales(aws: AwsObjects) -> None:
    replace(aws, desiredCount=2)


def deploys(aws: AwsObjects) -> None:
    newest = deployment(id="ecs-svc/2", taskDefinition=THEIRS)
    replace(aws, taskDefinition=THEIRS, deployments=[newest])


def restarts(aws: AwsObjects) -> None:
    definition_arn = arn("task-definition", "web:1")
    replace(aws, deployments=[deployment(id="ecs-svc/2", taskDefinition=definition_arn)])


def makes_it_anew(aws: AwsObjects) -> None:
    replace(aws, createdAt=CREATED + 900)


def deletes(aws: AwsObjects) -> None:
    aws.objects["services"] = []


DEPLOY = "workloads deploy web --image example.test/app:2.0"
ROLLBACK = "workloads rollback web --to 2"
RESTART = "workloads restart web"
SCALE = "workloads scale web -r 5"
MEANWHILE = {
    "scale, scaled": (SCALE, scales, "web has 2 replicas, not 8"),
    "scale --current, scaled": (f"{SCALE} --current 8", scales, "web has 2 replicas, not 8"),
    "deploy, deployed": (DEPLOY, deploys, "it goes to web:3 now"),
    "deploy, restarted": (DEPLOY, restarts, "it goes to web:1 now"),
    "rollback, deployed": (ROLLBACK, deploys, "it goes to web:3 now"),
    "restart, deployed": (RESTART, deploys, "it goes to web:3 now"),
    "scale, made anew": (SCALE, makes_it_anew, "deleted or replaced"),
    "deploy, deleted": (DEPLOY, deletes, "deleted or replaced"),
}


@pytest.mark.parametrize(("command", "somebody", "said"), MEANWHILE.values(), ids=MEANWHILE)
def test_what_moved_while_a_person_thought_is_a_conflict(
    dashborion: Cli, aws: AwsObjects, command: str, somebody: Somebody, said: str
) -> None:
    dashborion.keyboard = Keyboard("y\n", before=lambda: somebody(aws))
    seen = dashborion(command, tty=True)
    assert (seen.exit_code, seen.out) == (1, ""), seen.err
    assert said in seen.err
    assert aws.spy.of("ecs:UpdateService") == []
    assert aws.spy.of("ecs:RegisterTaskDefinition") == [], "a revision for nothing"


@pytest.mark.parametrize(("command", "somebody", "said"), MEANWHILE.values(), ids=MEANWHILE)
def test_what_moved_while_ecs_throttled_the_change_is_a_conflict(
    dashborion: Cli, aws: AwsObjects, command: str, somebody: Somebody, said: str
) -> None:
    def throttled(request: AwsRequest, _: object) -> Answer:
        somebody(aws)
        return refusal(request, "ThrottlingException", "Rate exceeded")

    aws.faults.add("ecs:UpdateService", throttled, 1)
    seen = dashborion(f"{command} --yes")
    assert (seen.exit_code, seen.out) == (1, ""), seen.err
    assert said in seen.err
    assert len(aws.spy.of("ecs:UpdateService")) == 1


@pytest.mark.parametrize("command", [SCALE, DEPLOY, ROLLBACK, RESTART])
def test_what_stands_still_is_changed(dashborion: Cli, aws: AwsObjects, command: str) -> None:
    dashborion.keyboard = Keyboard("y\n")
    assert dashborion(command, tty=True).exit_code == 0
    assert len(aws.spy.of("ecs:UpdateService")) == 1


@pytest.mark.parametrize("command", [SCALE, DEPLOY, ROLLBACK, RESTART])
def test_the_last_look_is_the_call_right_before_the_change(
    dashborion: Cli, aws: AwsObjects, command: str
) -> None:
    assert dashborion(f"{command} --yes").exit_code == 0
    calls = [call.operation for call in aws.spy.calls]
    assert calls[calls.index("ecs:UpdateService") - 1] == "ecs:DescribeServices"


@pytest.mark.parametrize(("command", "is_told"), [(DEPLOY, True), (RESTART, False)])
def test_what_was_overwritten_between_the_two_calls_is_told(
    dashborion: Cli, aws: AwsObjects, command: str, is_told: bool
) -> None:
    """A restart keeps what the other one has deployed."""

    def in_between(_: AwsRequest, do: Callable[[], Answer]) -> Answer:
        own = THEIRS if command == RESTART else arn("task-definition", "web:4")
        theirs = deployment(id="ecs-svc/2", status="ACTIVE", taskDefinition=THEIRS)
        replace(aws, deployments=[deployment(id="ecs-svc/3", taskDefinition=own), theirs])
        return do()

    aws.faults.add("ecs:UpdateService", in_between)
    seen = dashborion(f"{command} --yes")
    assert seen.exit_code == 0
    assert ("this overwrote web:3, which somebody deployed" in seen.err) == is_told


def test_a_wrong_count_is_a_conflict_before_anybody_is_asked(
    dashborion: Cli, aws: AwsObjects
) -> None:
    seen = dashborion(f"{SCALE} --current 3 --dry-run -o json")
    assert (seen.exit_code, seen.error["message"]) == (1, "web has 8 replicas, not 3")


def test_what_a_stack_made_says_so_and_warns_of_nothing(dashborion: Cli, aws: AwsObjects) -> None:
    """Its drift stays until the next deployment: nobody reverts it."""
    replace(aws, tags=[{"key": "aws:cloudformation:stack-name", "value": "shop-web"}])
    owner = {"tool": "CloudFormation", "name": "shop-web"}
    seen = dashborion("workloads scale web -r 5 --yes -o json")
    assert (seen.exit_code, seen.json["managedBy"], "warning" in seen.err) == (0, owner, False)
    assert dashborion("workloads describe web -o json").json["managedBy"] == owner
