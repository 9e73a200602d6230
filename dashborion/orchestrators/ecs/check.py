"""Whether ECS answers, which identity it sees, and what the credentials may do."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from dashborion.concurrency import result, start
from dashborion.errors import DashborionError, Refusal, UsageError, short
from dashborion.models.environment import Check, Permission, Right, Verb
from dashborion.orchestrators.ecs import logs
from dashborion.orchestrators.ecs.client import Client
from dashborion.orchestrators.ecs.rights import NARROWER, RESOURCES, RIGHTS

# Permissions, and the read that shows whether they are granted. ECS has no other way to ask.
PERMISSIONS = (
    ("list workloads", "list_services"),
    ("list instances", "list_tasks"),
)
Answer = tuple[bool | None, str | None]
# Permissions that only a change could show.
UNASKED = ("scale workloads", "restart workloads", "stop instances", "execute in instances")


def check(client: Client) -> Check:
    """The cluster, the identity that it sees, and which reads are allowed."""
    environment = client.scope.environment
    aws = client.aws
    started = time.monotonic()
    identity = start(aws.identity)
    state = client.require_cluster()
    seconds = time.monotonic() - started
    asked = {}
    for action, read in PERMISSIONS:
        ask = partial(aws.call, "ecs", read, cluster=client.cluster, maxResults=1)
        asked[action] = start(partial(aws.optional, partial(aws.permits, ask)))
    asked["read logs"] = start(partial(logs.may_read, client))
    deadline = aws.runtime.deadline
    allowed = {action: result(future, deadline) for action, future in asked.items()}
    return Check(
        project=environment.project,
        environment=environment.name,
        orchestrator=environment.orchestrator,
        endpoint=f"{aws.region}/{client.cluster}",
        reachable=True,
        identity=result(identity, deadline),
        version=None,
        seconds=round(seconds, 3),
        permissions=[
            Permission(action=action, allowed=allowed.get(action))
            for action in (*allowed, *UNASKED)
        ],
        error=f"the cluster is {state}" if state else None,
    )


def rights(client: Client, verb: Verb) -> list[Right]:
    """Whether IAM's simulation grants what a command needs; unknown where that may not be asked.

    Raises:
        UsageError: ECS has no such command.
    """
    if verb not in RIGHTS:
        raise UsageError(f"ECS has no {verb}: a rolling deployment cannot be paused")
    environment, identity = client.scope.environment, client.aws.identity()
    answers: Mapping[str, Answer] = {}
    unknown = "IAM does not say"
    try:
        answers = _simulated(client, identity, list(RIGHTS[verb]))
    except DashborionError as error:
        unknown = f"{unknown}: {error.message}"
    return [
        Right(
            project=environment.project,
            environment=environment.name,
            namespace=None,
            orchestrator=environment.orchestrator,
            command=verb,
            permission=action,
            allowed=allowed,
            part=part,
            message=message,
        )
        for action, part in RIGHTS[verb].items()
        for allowed, message in (answers.get(action, (None, unknown)),)
    ]


def _simulated(client: Client, arn: str, actions: Sequence[str]) -> dict[str, Answer]:
    """What IAM decides of an identity's actions on all that is in the cluster, or on anything."""
    principal = _principal(client, arn)
    prefix = f"arn:{arn.split(':')[1]}:ecs:{client.aws.region}:{arn.split(':')[4]}"
    known = {
        "ecs:cluster": f"{prefix}:cluster/{client.cluster}",
        "iam:PassedToService": "ecs-tasks.amazonaws.com",
    }
    context = [
        {"ContextKeyName": key, "ContextKeyType": "string", "ContextKeyValues": [value]}
        for key, value in known.items()
    ]
    of_cluster = {action: kind for kind, group in RESOURCES.items() for action in group}
    by_resource: dict[str, list[str]] = {}
    for action in actions:
        kind = of_cluster.get(action)
        resource = f"{prefix}:{kind}/{client.cluster}/*" if kind else "*"
        by_resource.setdefault(resource, []).append(action)
    found = {}
    for resource, chosen in by_resource.items():
        answer = client.aws.call(
            "iam", "simulate_principal_policy", PolicySourceArn=principal, ActionNames=chosen,
            ResourceArns=[resource], ContextEntries=context,
        )  # fmt: skip
        for one in answer.get("EvaluationResults") or ():
            found[str(one.get("EvalActionName"))] = _answer(one)
    return found


def _answer(result: Mapping[str, Any]) -> Answer:
    """Whether an action is allowed, and why that is not known.

    What no policy allows on everything may be allowed on less, or under conditions.
    """
    decision = result.get("EvalDecision")
    if decision == "implicitDeny" and result.get("MissingContextValues"):
        return None, "it depends on conditions that only a request has"
    if decision == "implicitDeny" and result.get("EvalActionName") in NARROWER:
        return None, "not allowed on everything; it may be on what the command is about"
    return decision == "allowed", None


def _principal(client: Client, arn: str) -> str:
    """Whose policies count: of a session, its role, whose path only IAM knows.

    Raises:
        Refusal: root and federated users have no policies to simulate.
    """
    kind, _, name = arn.rpartition(":")[2].partition("/")
    if kind == "user":
        return arn
    if kind != "assumed-role":
        raise Refusal(f"{short(arn)} has no policies that it simulates")
    role = name.partition("/")[0]
    answer = client.aws.call("iam", "get_role", RoleName=role)
    return str((answer.get("Role") or {}).get("Arn") or "")
