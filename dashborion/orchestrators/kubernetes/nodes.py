"""Why nodes are not ready, which no pod's own status tells."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from dashborion.concurrency import start
from dashborion.errors import Forbidden
from dashborion.models.instance import Instance, InstanceStatus
from dashborion.orchestrators.kubernetes import resources as api
from dashborion.orchestrators.kubernetes import wire
from dashborion.orchestrators.kubernetes.client import Client
from dashborion.orchestrators.kubernetes.rollout import condition

MOST = 5  # that are asked for: of more one stands for the others


def not_ready(client: Client, instances: Iterable[Instance]) -> dict[str, str]:
    """Why nodes with instances that are not ready are not ready themselves, by name.

    Those that the user may not see are left out without a warning.
    """
    names = dict.fromkeys(
        one.node
        for one in instances
        if one.node and not one.ready and one.status is not InstanceStatus.STOPPED
    )
    asked = {name: start(partial(_why, client, name)) for name in list(names)[:MOST]}
    return {name: why for name, future in asked.items() if (why := client.attempt(future))}


def _why(client: Client, name: str) -> str | None:
    """None of one that is ready."""
    try:
        found = client.get(api.NODE_STATUS, None, name)
    except Forbidden:
        return None
    if found is None:
        return "there is no such node any more"
    ready = condition(found.item.status.conditions, "Ready") or wire.Condition()
    if ready.status == "True":
        return None
    return ready.message or ready.reason or f"its condition is {ready.status}"
