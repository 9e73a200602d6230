"""What adapters found, judged and put into words. Pure.

A workload is *well* or not by one predicate, ``Verdict.is_well``, wherever that is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

import msgspec

from dashborion.models.base import environment_label
from dashborion.models.cause import (
    MEANINGS,
    Cause,
    Code,
    Confidence,
    Diagnosis,
    LogTail,
    NotChecked,
    Severity,
    Verdict,
)
from dashborion.models.instance import Instance
from dashborion.models.rollout import RolloutState
from dashborion.models.workload import Workload, WorkloadStatus
from dashborion.orchestrators.protocol import Examined

OfWorkload = TypeVar("OfWorkload", bound=Workload)


def with_reason(examined: Examined[OfWorkload]) -> Examined[OfWorkload]:
    """What was found, with the worst error as the workload's own ``reason`` and ``cause``."""
    worst = _worst(_all_causes(examined))
    if worst is None:
        return examined
    item = msgspec.structs.replace(examined.item, reason=worst.reason, cause=worst.code)
    return msgspec.structs.replace(examined, item=item)


def verdict(examined: Examined[Workload] | Examined[Instance]) -> Verdict:
    """Whether what was examined is well."""
    return _verdict(examined, _all_causes(examined))


def is_any_failing(items: Iterable[Examined[Workload]]) -> bool:
    """Whether one of these workloads is failing: what is unknown is not."""
    return any(verdict(one) is Verdict.FAILING for one in items)


def not_checked(items: Iterable[Examined[Workload]]) -> list[tuple[str, NotChecked]]:
    """What could not be looked at, once for each environment, with its label."""
    return list(
        dict.fromkeys(
            (environment_label(one.item), lost) for one in items for lost in one.not_checked
        )
    )


def diagnosis(
    examined: Examined[Workload] | Examined[Instance], log: Sequence[LogTail] = ()
) -> Diagnosis:
    """What was found, with a verdict and a headline."""
    item, causes = examined.item, _all_causes(examined)
    verdict, worst = _verdict(examined, causes), _worst(causes)
    is_workload = isinstance(item, Workload)
    return Diagnosis(
        project=item.project,
        environment=item.environment,
        namespace=item.namespace,
        workload=item.name if isinstance(item, Workload) else item.workload,
        instance=None if is_workload else item.name,
        type=str(item.type) if isinstance(item, Workload) else None,
        verdict=verdict,
        since=worst.first_seen if worst else None,
        headline=headline(item, verdict, worst),
        causes=causes,
        log=list(log),
        checked=list(examined.checked),
        not_checked=list(examined.not_checked),
    )


def verdict_of(
    workload: Workload, causes: Sequence[Cause], *, is_blind: bool, promising: int = 0
) -> Verdict:
    """Whether a workload is well.

    ``is_blind``: its instances could not be looked at. ``promising`` is of ``Examined``: what
    has just begun need not be available yet, though no rollout is under way, as one was
    replaced, or a node came.
    """
    state = workload.rollout.state
    if any(cause.severity is Severity.ERROR for cause in causes) or state is RolloutState.FAILED:
        return Verdict.FAILING
    if is_blind:
        return Verdict.UNKNOWN
    if workload.status is WorkloadStatus.STOPPED:
        return Verdict.STOPPED
    if state is not RolloutState.COMPLETE:
        return Verdict.PROGRESSING
    if workload.status is not WorkloadStatus.DEGRADED:
        return Verdict.HEALTHY
    return Verdict.FAILING if promising < workload.desired else Verdict.PROGRESSING


def headline(item: Workload | Instance, verdict: Verdict, worst: Cause | None) -> str:
    """One line: what is wrong and how many have it, or how many replicas are available.

    ``worst`` is an error.
    """
    if worst is not None:
        return in_words(worst)
    if isinstance(item, Instance):
        return ", ".join(filter(None, (str(item.status), item.reason)))
    if verdict is Verdict.UNKNOWN:
        return "its instances could not be looked at"
    counted = f"{item.available} of {item.desired} replicas available"
    is_of_rollout = verdict in (Verdict.FAILING, Verdict.PROGRESSING)
    return item.rollout.message or counted if is_of_rollout else counted


def in_words(cause: Cause) -> str:
    """What is wrong, with the API's word for it, and how many instances have it."""
    word = f" ({cause.reason})" if cause.reason else ""
    having = len(cause.instances)
    return f"{cause.title}{word}" + (f", in {having} instances" if having > 1 else "")


def _verdict(examined: Examined[Workload] | Examined[Instance], causes: Sequence[Cause]) -> Verdict:
    item = examined.item
    is_blind = any(one.what == "instances" for one in examined.not_checked)
    if isinstance(item, Workload):
        return verdict_of(item, causes, is_blind=is_blind, promising=examined.promising)
    if any(cause.severity is Severity.ERROR for cause in causes):
        return Verdict.FAILING
    if item.status == "stopped":
        return Verdict.STOPPED
    return Verdict.HEALTHY if item.ready else Verdict.PROGRESSING


def _worst(causes: Sequence[Cause]) -> Cause | None:
    return next((cause for cause in causes if cause.severity is Severity.ERROR), None)


def _all_causes(examined: Examined[Workload] | Examined[Instance]) -> list[Cause]:
    """The causes that were found, and what is left to be said where they explain nothing."""
    item, causes = examined.item, list(examined.causes)
    if isinstance(item, Workload) and _is_unexplained(item, causes, examined.promising):
        causes.append(_unavailable(item))
    return causes


def _is_unexplained(item: Workload, causes: Sequence[Cause], promising: int) -> bool:
    is_done = item.rollout.state is RolloutState.COMPLETE
    is_told = any(cause.severity is Severity.ERROR for cause in causes)
    is_late = item.status is WorkloadStatus.DEGRADED and promising < item.desired
    return is_late and is_done and not is_told


def _unavailable(item: Workload) -> Cause:
    """That a workload is degraded and nothing that was read says why."""
    return Cause(
        code=Code.UNAVAILABLE,
        severity=Severity.ERROR,
        confidence=Confidence.POSSIBLE,
        title=MEANINGS[Code.UNAVAILABLE].title,
        reason=None,
        message=f"{item.available} of {item.desired} replicas are available; nothing says why",
        evidence=[],
        instances=[],
        count=max(1, item.desired - item.available),
        first_seen=None,
        last_seen=None,
        explains=[],
        advice=[],
    )
