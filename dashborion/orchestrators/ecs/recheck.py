"""Is a service still as it was shown? ECS' changes have no precondition.

So it is looked at once more right before the call that changes it, each time that this is sent
(ECS may throttle it for half a minute), and in its answer: what
somebody did between these two calls can be told, if not prevented.
"""

from __future__ import annotations

from dashborion.errors import Conflict
from dashborion.orchestrators.ecs import rollout, wire
from dashborion.orchestrators.ecs.client import Client

_LOOK = "nothing was changed: look at it, then try again"


def same_count(client: Client, shown: wire.Service) -> None:
    """Raise a ``Conflict`` if another count is desired by now."""
    _require_count(_again(client, shown), shown)


def same_deployment(client: Client, shown: wire.Service) -> wire.Service:
    """The service as it is now; ``Conflict`` if it runs, or goes to, something else by now."""
    now = _again(client, shown)
    _require_deployment(now, shown)
    return now


def same(client: Client, shown: wire.Service) -> wire.Service:
    """The service as it is now; raises as both."""
    now = _again(client, shown)
    _require_count(now, shown)
    _require_deployment(now, shown)
    return now


def _require_count(now: wire.Service, shown: wire.Service) -> None:
    if now.desired_count != shown.desired_count:
        name, count = shown.service_name, now.desired_count
        raise Conflict(f"{name} has {count} replicas, not {shown.desired_count}", hint=_LOOK)


def _require_deployment(now: wire.Service, shown: wire.Service) -> None:
    before, after = rollout.primary(shown), rollout.primary(now)
    ids = [one.id if one else None for one in (before, after)]
    if ids[0] != ids[1] or now.task_definition != shown.task_definition:
        revision = rollout.revision(after.task_definition if after else now.task_definition)
        raise Conflict(
            f"somebody changed {shown.service_name} meanwhile: it goes to {revision} now",
            hint=_LOOK,
        )


def overwritten(before: wire.Service, answered: wire.Service, ours: wire.Deployment) -> list[str]:
    """Notes on others' deployments that began after the last look, and that ours has replaced."""
    known = {one.id for one in before.deployments} | {ours.id}
    return [
        f"this overwrote {rollout.revision(one.task_definition)}, which somebody deployed "
        "in the very same moment"
        for one in answered.deployments
        if one.id not in known and one.task_definition != ours.task_definition
    ]


def _again(client: Client, shown: wire.Service) -> wire.Service:
    for found in client.services_by_name([shown.service_name]):
        if (found.item.status, found.item.created_at) == (shown.status, shown.created_at):
            return found.item
    raise Conflict(f"{shown.service_name} was deleted or replaced meanwhile", hint=_LOOK)
