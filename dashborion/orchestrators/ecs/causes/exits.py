"""Containers that end, or cannot be started."""

from __future__ import annotations

from collections.abc import Sequence

from dashborion.models.cause import Code, Confidence, Severity
from dashborion.orchestrators.ecs import instances, wire
from dashborion.orchestrators.ecs.causes.tasks import (
    Kind,
    are_several,
    has_failed,
    is_past,
    of_tasks,
)
from dashborion.orchestrators.ecs.facts import Facts, TaskFacts
from dashborion.orchestrators.findings import Finding, Rule
from dashborion.orchestrators.messages import Pattern, exit_code, logs_advice

KINDS: Sequence[Kind] = (
    Kind(
        Pattern(r"Cannot(Start|Create|Inspect)Container|(Docker|ContainerRuntime)(Timeout)?Error"
                r"|OCI runtime create failed|ResourceInitializationError", Code.CREATE_FAILED,
                Confidence.CERTAIN),
        (
            Pattern(r"exec format error", Code.IMAGE_PLATFORM),
            Pattern(r"executable file not found|exec.*no such file or directory", Code.EXIT_127),
            Pattern(r"exec.*permission denied", Code.EXIT_126),
            Pattern(r"no space left on device", Code.IMAGE_DISK),
        ),
    ),
)  # fmt: skip

_OUT_OF_MEMORY = "OutOfMemory"
# What proves nothing when it happened once: to end well, or by a signal that asks to.
_ONCE_IS_NOTHING = frozenset({Code.EXIT_0, Code.EXIT_143})


def ended(facts: Facts, one: TaskFacts) -> Finding | None:
    """How the container that ended its task did so, if that is a cause."""
    container = _culprit(one)
    code = _code(one, container)
    if code is None or (code in _ONCE_IS_NOTHING and not _is_repeated(facts, code)):
        return None
    task, at = one.task, one.task.stopped_at
    name = container.name if container else None
    number = container.exit_code if container else None
    said = container.reason if container else None
    told = [] if number is None else [one.evidence(f"containers[{name}].exitCode", str(number), at)]
    if said:
        told.append(one.evidence(f"containers[{name}].reason", said, at))
    if task.stopped_reason:
        told.append(one.evidence("stoppedReason", task.stopped_reason, at))
    over = is_past(facts, one)
    return Finding(
        code=code,
        key=str(number) if code is Code.EXIT else "",
        reason=one.instance.reason,
        message=said or (f"{name} exited with {number}" if number is not None else None)
        or task.stopped_reason,
        evidence=told,
        instance=one.name,
        container=name,
        severity=Severity.WARNING if over else None,
        stands=not over,
        is_old=one.is_old,
        last_seen=at,
        advice=[logs_advice(one.name, name, previous=False)],
    )  # fmt: skip


def _culprit(one: TaskFacts) -> wire.Container | None:
    """The container that ended its task: ECS ends the others, by signals.

    If all were ended by signals, the one that was killed: the others still had time to obey.
    """
    blamed = instances.by_blame(one.task, one.definition)
    out_of_memory = [item for item in blamed if (item.reason or "").startswith(_OUT_OF_MEMORY)]
    with_code = [item for item in blamed if item.exit_code is not None]
    if out_of_memory or not with_code or with_code[0].exit_code not in instances.STOPPED_BY_ECS:
        return next(iter(out_of_memory or with_code or blamed), None)
    return next((item for item in with_code if item.exit_code == 137), with_code[0])


def _code(one: TaskFacts, container: wire.Container | None) -> Code | None:
    said = (container.reason if container else None) or one.task.stopped_reason or ""
    if said.startswith(_OUT_OF_MEMORY):
        return Code.OOM
    if not instances.has_exited(one.task):
        return None
    return exit_code(container.exit_code if container else None)


def _is_repeated(facts: Facts, code: Code) -> bool:
    failed = (one for one in facts.tasks if has_failed(one))
    return are_several(_code(one, _culprit(one)) is code for one in failed)


def _sidecar(_facts: Facts, one: TaskFacts) -> Finding | None:
    """A container that ran out of memory and that its task goes on without."""
    for item in [] if instances.is_over(one.task) else one.task.containers:
        if item.last_status == "STOPPED" and (item.reason or "").startswith(_OUT_OF_MEMORY):
            return Finding(
                code=Code.OOM,
                reason=_OUT_OF_MEMORY + "Error",
                message=item.reason,
                evidence=[one.evidence(f"containers[{item.name}].reason", item.reason)],
                instance=one.name,
                container=item.name,
                severity=Severity.WARNING,
                is_old=one.is_old,
                advice=[logs_advice(one.name, item.name, previous=False)],
            )
    return None


RULES: Sequence[Rule[Facts]] = (of_tasks(_sidecar),)
