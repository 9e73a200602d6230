"""Tasks that find no place: what ECS says of the closest container instance, and of capacity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from dashborion.models.cause import Code, Confidence
from dashborion.orchestrators.ecs.causes.tasks import Kind, of_tasks
from dashborion.orchestrators.ecs.facts import Facts, TaskFacts
from dashborion.orchestrators.findings import Finding, Rule
from dashborion.orchestrators.messages import Pattern

_LONG = timedelta(minutes=3)  # for a task that waits for capacity or for its network interface
_SURE = Confidence.CERTAIN

KINDS: Sequence[Kind] = (
    *(
        Kind(Pattern(text, code, _SURE))
        for text, code in (
            (r"no container instances were found", Code.NO_NODES),
            (r"insufficient cpu|resource:cpu", Code.UNSCHEDULABLE_CPU),
            (r"insufficient memory|resource:memory", Code.UNSCHEDULABLE_MEMORY),
            (r"insufficient gpu|resource:gpu", Code.UNSCHEDULABLE_RESOURCE),
            (r"using a port|resource:ports?\b|reserved port limit", Code.UNSCHEDULABLE_PORT),
            (r"resource:eni\b|no available network interfaces", Code.UNSCHEDULABLE_NETWORK),
            ((r"missing an? (required )?attribute|error .?(attribute|location)\b"
             r"|placement constraint|memberof"), Code.UNSCHEDULABLE_NODE),
            (r"error .?agent\b|waiting for amazon ecs agent", Code.NODE_AGENT),
            (r"capacity is unavailable|insufficient capacity", Code.CAPACITY),
        )
    ),
    # "A subnet is in an unsupported zone" is the one meaning that AWS' guide gives.
    Kind(Pattern(r"reason: internal error", Code.ZONE, Confidence.LIKELY)),
    Kind(Pattern(r"no container instance met all", Code.UNSCHEDULABLE, _SURE)),
)  # fmt: skip

_ROOM = "see what the machines have left"
ADVICE: Mapping[Code, str] = {
    Code.NO_NODES: "register container instances, or check the capacity provider",
    Code.UNSCHEDULABLE_NETWORK: "add machines, or turn awsvpcTrunking on for new ones",
    Code.NODE_AGENT: "restart the ECS agent on that machine",
    Code.CAPACITY: "allow more zones or sizes, or raise the maximum of the capacity provider",
    Code.ZONE: "check that each subnet is in a zone that has Fargate",
}
SHOWN = "dashborion ecs container-instances list"  # for what only machines can be the cause of
ON_MACHINES: Mapping[Code, str] = dict.fromkeys(
    (
        Code.UNSCHEDULABLE_CPU, Code.UNSCHEDULABLE_MEMORY, Code.UNSCHEDULABLE_RESOURCE,
        Code.UNSCHEDULABLE_PORT, Code.UNSCHEDULABLE_NODE, Code.UNSCHEDULABLE_NETWORK,
        Code.UNSCHEDULABLE, Code.NODE_AGENT,
    ),
    _ROOM,
)  # fmt: skip


def _waits(facts: Facts, one: TaskFacts) -> Finding | None:
    """A task that has been provisioned for longer than capacity or an interface take."""
    task = one.task
    is_wanted = task.last_status == "PROVISIONING" and task.desired_status != "STOPPED"
    if not is_wanted or task.created_at is None or facts.now - task.created_at < _LONG:
        return None
    return Finding(
        code=Code.CAPACITY,
        reason=one.instance.reason,
        message=f"{one.name} has waited for capacity or a network interface since it was created",
        evidence=[one.evidence("lastStatus", task.last_status, task.created_at)],
        instance=one.name,
        confidence=Confidence.POSSIBLE,
        is_old=one.is_old,
        last_seen=task.created_at,
    )


RULES: Sequence[Rule[Facts]] = (of_tasks(_waits),)
