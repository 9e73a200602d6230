"""What rules about single tasks share."""

from __future__ import annotations

from collections.abc import Callable

from dashborion.models.cause import Evidence
from dashborion.orchestrators.ecs import wire
from dashborion.orchestrators.ecs.facts import Facts, TaskFacts
from dashborion.orchestrators.findings import Finding, Rule


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
