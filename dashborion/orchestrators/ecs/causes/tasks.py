"""What rules about tasks share: why one stopped, whether that is over, what a sentence means."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from itertools import islice
from typing import NamedTuple

from dashborion.models.cause import Evidence
from dashborion.orchestrators.ecs import instances, rollout, wire
from dashborion.orchestrators.ecs.facts import Facts, TaskFacts
from dashborion.orchestrators.findings import Finding, Rule
from dashborion.orchestrators.messages import Pattern, matched, without_references

UNHEALTHY = "FailedHealthChecks"  # as ``instances.reason`` calls it
RECENT = timedelta(minutes=10)  # in which a second end makes it a loop
_FAILED = frozenset({"TaskFailedToStart", "EssentialContainerExited"})
# Somebody, or something that is no fault of the task's, wanted it to stop.
_ORDINARY = frozenset({
    "ServiceSchedulerInitiated", "UserInitiated", "SpotInterruption", "TerminationNotice",
    "InfrastructureHealth",
})  # fmt: skip


class Kind(NamedTuple):
    """Sentences about one thing, and what they mean by what more they say."""

    general: Pattern
    special: Sequence[Pattern] = ()


def meaning(kinds: Sequence[Kind], text: str) -> Pattern | None:
    """What a sentence means, if any kind of sentence is like it."""
    plain = without_references(text)
    kind = next((kind for kind in kinds if kind.general.is_in(plain)), None)
    return kind and (matched(kind.special, text) or kind.general)


def of_tasks(find: Callable[[Facts, TaskFacts], Finding | None]) -> Rule[Facts]:
    """A rule for each task."""
    return Rule(
        lambda facts: [
            finding for task in facts.tasks if (finding := find(facts, task)) is not None
        ]
    )


def sentences(one: TaskFacts) -> list[tuple[wire.Container | None, Evidence]]:
    """Why a task stopped, as ECS puts it: its containers' reasons, then its own.

    A container's reason names the error of its runtime; the task's often only repeats it.
    """
    task, at = one.task, one.task.stopped_at
    told: list[tuple[wire.Container | None, Evidence]] = [
        (item, one.evidence(f"containers[{item.name}].reason", item.reason, at))
        for item in task.containers
        if item.reason
    ]
    if task.stopped_reason:
        told.append((None, one.evidence("stoppedReason", task.stopped_reason, at)))
    return told


def has_failed(one: TaskFacts) -> bool:
    """Whether a task has stopped and its stop code, or that it exited, says that by itself."""
    is_own = one.task.stop_code in _FAILED or instances.has_exited(one.task)
    return instances.is_over(one.task) and is_own


def may_have_failed(one: TaskFacts) -> bool:
    """The same, or nobody knows: it has no stop code, or a new one."""
    is_known = one.task.stop_code in _ORDINARY and not instances.has_exited(one.task)
    return instances.is_over(one.task) and not is_known


def is_restart(one: TaskFacts) -> bool:
    """Whether a task of the newest deployment has ended so that its service starts another one.

    A task that its service stopped for a health check has failed, too.
    """
    return not one.is_old and (has_failed(one) or one.instance.reason == UNHEALTHY)


def lacks(service: wire.Service) -> bool:
    """Whether a service, or its newest deployment, has fewer tasks than it should run."""
    newest = rollout.primary(service)
    is_new_missing = newest is not None and newest.running_count < newest.desired_count
    return is_new_missing or service.running_count < service.desired_count


def is_past(facts: Facts, one: TaskFacts) -> bool:
    """Whether what ended a task is over.

    Its service runs all of its tasks again, and they do not end again and again; or the task is
    of an older deployment.
    """
    service = facts.service
    if service is None:
        return False
    if one.is_old or service.desired_count == 0:
        return True
    recent = (
        True
        for other in facts.tasks
        if other.task.stopped_at is not None
        and facts.now - other.task.stopped_at < RECENT
        and not other.is_old
        and has_failed(other)
    )
    return not lacks(service) and not are_several(recent)


def are_several(found: Iterable[bool]) -> bool:
    """Whether two are true; no more is looked at."""
    return len(list(islice(filter(None, found), 2))) > 1
