"""``env check --for`` on ECS: what IAM simulates, and unknown where it may not be asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dashborion.models.environment import Verb
from dashborion.orchestrators.ecs.rights import RIGHTS
from tests.support.aws import point_at
from tests.support.aws_objects import (
    ACCOUNT,
    CLUSTER,
    REGION,
    AwsObjects,
    Json,
    arn,
    definition,
    service,
    task,
)
from tests.support.cli import Cli

ROLE = f"arn:aws:iam::{ACCOUNT}:role/teams/deployer"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/deployer/jane"
COMMANDS = {
    Verb.WHY: "workloads why web",
    Verb.LOGS: "workloads logs web",
    Verb.SCALE: "workloads scale web -r 3",
    Verb.RESTART: "workloads restart web",
    Verb.DEPLOY: "workloads deploy web --image example.test/app:2.0",
    Verb.STOP: "workloads stop web",
}
SIGNED_AS = {"autoscaling": "application-autoscaling"}


class Simulating(AwsObjects):
    """IAM answers; ``decisions`` are what it says of an action if that is not ``allowed``."""

    identity = SESSION
    decisions: Json = {}  # noqa: RUF012 - set by tests
    asked: list[Json]

    def _GetCallerIdentity(self, _: Json) -> Json:  # noqa: N802 - the operation's name
        return {"Arn": self.identity, "Account": ACCOUNT, "UserId": "AIDA"}

    def _GetRole(self, asked: Json) -> Json:  # noqa: N802 - the operation's name
        assert asked["RoleName"] == "deployer"
        return {"Role": {"Arn": ROLE, "RoleName": "deployer"}}

    def _SimulatePrincipalPolicy(self, asked: Json) -> Json:  # noqa: N802 - the operation's name
        self.asked.append(asked)
        results = [
            {"EvalActionName": action, "EvalDecision": "allowed", **self.decisions.get(action, {})}
            for action in asked["ActionNames"]
        ]
        return {"EvaluationResults": results, "IsTruncated": False}

    def _RegisterTaskDefinition(self, _: Json) -> Json:  # noqa: N802 - the operation's name
        return {"taskDefinition": definition("web", revision=2)}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulating]:
    objects: dict[str, Any] = {"services": [service("web")], "tasks": [task(1, "web")]}
    with Simulating(definitions=[definition("web")], **objects) as server:
        server.asked = []
        point_at(monkeypatch, server, cluster=CLUSTER)
        yield server


def rights(dashborion: Cli, verb: str) -> dict[str, tuple[bool | None, str | None]]:
    seen = dashborion(f"env check --for {verb} -o json")
    assert seen.exit_code == 0
    return {one["permission"]: (one["allowed"], one["message"]) for one in seen.json}


@pytest.mark.parametrize("verb", COMMANDS)
def test_a_command_calls_what_its_rights_allow(
    dashborion: Cli, aws: Simulating, verb: Verb
) -> None:
    dashborion(f"{COMMANDS[verb]} -o json" if verb is Verb.WHY else COMMANDS[verb])
    called = {name.partition(":")[::2] for name, count in aws.spy.counts.items() if count}
    sent = {f"{SIGNED_AS.get(one, one)}:{operation}" for one, operation in called}
    assert sent
    assert sent <= set(RIGHTS[verb])


DENIED: Json = {"EvalDecision": "implicitDeny"}


@pytest.mark.parametrize(
    ("action", "result", "allowed", "said"),
    [
        pytest.param("ecs:RunTask", {}, True, None, id="allowed"),
        pytest.param("ecs:DescribeTasks", DENIED, False, None, id="denied"),
        pytest.param(
            "ecs:DescribeTasks", {**DENIED, "MissingContextValues": ["aws:MultiFactorAuthAge"]},
            None, "conditions", id="a condition that only a request has",
        ),
        pytest.param("iam:PassRole", DENIED, None, "on everything", id="on some roles, perhaps"),
        pytest.param(
            "iam:PassRole", {"EvalDecision": "explicitDeny"}, False, None, id="denied by name"
        ),
    ],
)  # fmt: skip
def test_an_answer_is_no_more_certain_than_the_simulation(
    dashborion: Cli,
    aws: Simulating,
    action: str,
    result: Json,
    allowed: bool | None,
    said: str | None,
) -> None:
    aws.decisions = {action: result}
    found = rights(dashborion, "run")
    assert set(found) == set(RIGHTS[Verb.RUN])
    told, message = found.pop(action)
    assert told is allowed
    assert (said or "") in (message or "")
    assert bool(said) == bool(message)
    assert set(found.values()) == {(True, None)}


def test_the_role_of_a_session_is_asked_about_the_clusters_own_objects(
    dashborion: Cli, aws: Simulating
) -> None:
    rights(dashborion, "stop")
    assert {one["PolicySourceArn"] for one in aws.asked} == {ROLE}
    prefix = f"arn:aws:ecs:{REGION}:{ACCOUNT}"
    by_resource = {one["ResourceArns"][0]: set(one["ActionNames"]) for one in aws.asked}
    assert set(by_resource) == {f"{prefix}:service/{CLUSTER}/*", f"{prefix}:task/{CLUSTER}/*", "*"}
    assert "ecs:UpdateService" in by_resource[f"{prefix}:service/{CLUSTER}/*"]
    assert by_resource[f"{prefix}:task/{CLUSTER}/*"] == {
        "ecs:DescribeTasks",
        "ecs:GetTaskProtection",
    }
    assert {action for actions in by_resource.values() for action in actions} == set(
        RIGHTS[Verb.STOP]
    )
    assert all(arn("cluster", CLUSTER) in one.values() for one in aws.asked)  # as a condition's


def test_a_user_is_asked_about_as_such_and_root_cannot_be(dashborion: Cli, aws: Simulating) -> None:
    aws.identity = f"arn:aws:iam::{ACCOUNT}:user/jane"
    assert rights(dashborion, "run")["ecs:RunTask"] == (True, None)
    assert {one["PolicySourceArn"] for one in aws.asked} == {aws.identity}
    aws.identity = root = f"arn:aws:iam::{ACCOUNT}:root"
    assert rights(dashborion, "run")["ecs:RunTask"] == (
        None, f"IAM does not say: {root} has no policies that it simulates"
    )  # fmt: skip


def test_without_the_right_to_simulate_everything_is_unknown(
    dashborion: Cli, aws: Simulating, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(Simulating, "_SimulatePrincipalPolicy")
    found = rights(dashborion, "why")
    assert {allowed for allowed, _ in found.values()} == {None}
    assert all("iam:SimulatePrincipalPolicy" in str(message) for _, message in found.values())


@pytest.mark.parametrize("verb", ["pause", "resume"])
def test_what_ecs_cannot_do_is_no_question_of_rights(
    dashborion: Cli, aws: Simulating, verb: str
) -> None:
    seen = dashborion(f"env check --for {verb} -o json")
    assert (seen.exit_code, aws.asked) == (2, [])
    assert "a rolling deployment cannot be paused" in seen.error["message"]
