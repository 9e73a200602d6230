"""Whether ECS answers, which identity it sees, and what the credentials may do."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import partial

from dashborion.concurrency import result, start
from dashborion.errors import DashborionError, Refusal, UsageError, short
from dashborion.models.environment import Check, Permission, Right, Verb
from dashborion.orchestrators.ecs import logs
from dashborion.orchestrators.ecs.client import Client
from dashborion.orchestrators.ecs.rights import RESOURCES, RIGHTS

# Permissions, and the read that shows whether they are granted. ECS has no other way to ask.
PERMISSIONS = (
    ("list workloads", "list_services"),
    ("list instances", "list_tasks"),
)
_CONDITIONS = "it depends on conditions that only a request has"
_OF = frozenset(action for actions in RESOURCES.values() for action in actions)
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
    decisions: Mapping[str, bool | None] = {}
    unknown = _CONDITIONS
    try:
        decisions = _simulated(client, identity, list(RIGHTS[verb]))
    except DashborionError as error:
        unknown = f"IAM does not say: {error.message}"
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
            message=unknown if allowed is None else None,
        )
        for action, part in RIGHTS[verb].items()
        for allowed in (decisions.get(action),)
    ]


def _simulated(client: Client, arn: str, actions: Sequence[str]) -> dict[str, bool | None]:
    """What IAM decides of an identity's actions on all that is in the cluster, or on anything.

    A denial that lacks the value of a condition key decides nothing.
    """
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
    found: dict[str, bool | None] = {}
    for kind, operations in RESOURCES.items():
        chosen = [one for one in actions if (one in operations) or (kind == "" and one not in _OF)]
        if not chosen:
            continue
        resource = f"{prefix}:{kind}/{client.cluster}/*" if kind else "*"
        answer = client.aws.call(
            "iam", "simulate_principal_policy", PolicySourceArn=principal, ActionNames=chosen,
            ResourceArns=[resource], ContextEntries=context,
        )  # fmt: skip
        for one in answer.get("EvaluationResults") or ():
            is_open = bool(one.get("MissingContextValues"))
            is_allowed = one.get("EvalDecision") == "allowed"
            found[str(one.get("EvalActionName"))] = is_allowed or (None if is_open else False)
    return found


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
