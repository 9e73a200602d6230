"""Whether ECS answers, which identity it sees, and what the credentials may do."""

from __future__ import annotations

import time
from functools import partial

from dashborion.concurrency import result, start
from dashborion.models.environment import Check, Permission
from dashborion.orchestrators.ecs import logs
from dashborion.orchestrators.ecs.client import Client

# Permissions, and the read that shows whether they are granted. ECS has no other way to ask.
PERMISSIONS = (
    ("list workloads", "list_services"),
    ("list instances", "list_tasks"),
)
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
