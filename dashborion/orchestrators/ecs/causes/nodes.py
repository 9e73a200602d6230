"""Tasks that end, or do not, because of what they run on or of who stopped them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from dashborion.models.cause import Code, Severity
from dashborion.orchestrators.ecs import wire
from dashborion.orchestrators.ecs.causes.tasks import of_tasks
from dashborion.orchestrators.ecs.facts import Facts, TaskFacts
from dashborion.orchestrators.findings import Finding, Rule

# ``stopCode``: not the service's fault; ECS starts another one.
_CODES: Mapping[str, Code] = {
    "SpotInterruption": Code.SPOT,
    "TerminationNotice": Code.RETIRED,
    "InfrastructureHealth": Code.RETIRED,
    "UserInitiated": Code.BY_HAND,
}
_HOST_GONE = re.compile(r"Host EC2 \(instance i-\w+\) (stopped|terminated)", re.IGNORECASE)
# A container gets 30 seconds after SIGTERM, or up to two minutes; ``draining`` may take an hour.
_STOPPING = timedelta(minutes=10)


def _stopped(_facts: Facts, one: TaskFacts) -> Finding | None:
    task = one.task
    code = _CODES.get(task.stop_code or "")
    if code is None and _HOST_GONE.search(task.stopped_reason or ""):
        code = Code.RETIRED
    if code is None:
        return None
    return Finding(
        code=code,
        reason=task.stop_code,
        message=task.stopped_reason,
        evidence=[
            one.evidence("stopCode", task.stop_code, task.stopped_at),
            one.evidence("stoppedReason", task.stopped_reason, task.stopped_at),
        ],
        instance=one.name,
        stands=False,
        is_old=one.is_old,
        last_seen=task.stopped_at,
    )


def _disconnected(_facts: Facts, one: TaskFacts) -> Finding | None:
    """A task whose instance's agent is not heard of: nobody knows how it does."""
    task = one.task
    if task.connectivity != "DISCONNECTED" or not task.container_instance_arn:
        return None
    return Finding(
        code=Code.NODE_AGENT,
        reason="AgentDisconnected",
        message=f"the agent of {one.instance.node} is not connected",
        evidence=[one.evidence("connectivity", task.connectivity)],
        instance=one.name,
        is_old=one.is_old,
    )


def _stuck(facts: Facts, one: TaskFacts) -> Finding | None:
    """A task that was told to stop long ago and still runs."""
    task = one.task
    begun = task.stopping_at
    if task.last_status == "STOPPED" or begun is None or facts.now - begun < _STOPPING:
        return None
    return Finding(
        code=Code.STUCK_TERMINATING,
        reason=task.last_status,
        message=f"told to stop at {begun:%Y-%m-%dT%H:%M:%SZ}, and still {task.last_status}",
        evidence=[one.evidence("stoppingAt", f"{begun:%Y-%m-%dT%H:%M:%SZ}", begun)],
        instance=one.name,
        severity=Severity.WARNING,
        is_old=one.is_old,
        first_seen=begun,
    )


def _machines(facts: Facts) -> Iterator[Finding]:
    """Container instances of its tasks that are being drained."""
    draining = {
        wire.arn_name(one.container_instance_arn): one
        for one in facts.machines or ()
        if one.status == "DRAINING"
    }
    for task in facts.tasks:
        machine = draining.get(task.instance.node or "")
        if machine is not None and task.task.last_status == "RUNNING":
            yield Finding(
                code=Code.DRAINED,
                reason=machine.status,
                message=f"container instance {task.instance.node} is being drained",
                evidence=[task.evidence("containerInstanceArn", task.task.container_instance_arn)],
                instance=task.name,
                is_old=task.is_old,
            )


RULES: Sequence[Rule[Facts]] = (
    of_tasks(_stopped),
    of_tasks(_disconnected),
    of_tasks(_stuck),
    Rule(_machines, ("machines",)),
)
