"""One diagnosis over all chosen environments: what adapters found, judged and put into words.

A workload is *well* or not by one predicate, ``Verdict.is_well``, wherever that is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TypeVar

import msgspec
from msgspec import Struct

from dashborion.config.targets import Environment
from dashborion.engines.answers import (
    Answer,
    away,
    flat,
    matching,
    matching_in,
    order,
    require_matches,
    widened,
)
from dashborion.engines.fleet import Fleet
from dashborion.errors import DashborionError
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
from dashborion.models.query import Name, Query, has_wildcards
from dashborion.models.rollout import RolloutState
from dashborion.models.workload import Workload, WorkloadStatus
from dashborion.orchestrators import findings
from dashborion.orchestrators.protocol import Causes, Examined, Orchestrator

Item = TypeVar("Item", Workload, Instance)

LOG_LINES = 10
_VERDICTS = list(Verdict)


def of_workload(
    fleet: Fleet, typed: str, query: Query, since: timedelta, *, logs: bool
) -> Answer[Diagnosis]:
    """The one workload of that NAME in all environments, by all facts."""
    name = fleet.workload_name(typed)

    def examine(causes: Causes) -> Examined[Workload]:
        return causes.workload(name, query, since)

    return _of_one(fleet, name, query, examine, logs=logs)


def of_instance(
    fleet: Fleet, typed: str, query: Query, since: timedelta, *, logs: bool
) -> Answer[Diagnosis]:
    """The one instance of that ID, name or unique prefix in all environments."""
    name = fleet.instance_name(typed)

    def examine(causes: Causes) -> Examined[Instance]:
        return causes.instance(name, query, since)

    return _of_one(fleet, name, query, examine, logs=logs)


def _of_one(
    fleet: Fleet,
    name: Name,
    query: Query,
    examine: Callable[[Causes], Examined[Item]],
    *,
    logs: bool,
) -> Answer[Diagnosis]:
    def ask(orchestrator: Orchestrator) -> Diagnosis:
        examined = examine(orchestrator.causes)
        return _told(fleet, orchestrator, examined, away(examined.item, query, name), logs=logs)

    answer = fleet.ask_all(ask, searching=True)
    answer.require_one(name)
    return answer


def is_one(patterns: Sequence[str]) -> bool:
    """Whether one workload is named: it then is examined by all facts, else by those of lists."""
    return len(patterns) == 1 and not has_wildcards(patterns[0])


class Survey(Struct, frozen=True):
    """What is not well among many workloads, and how much that is worth.

    ``missing`` is what could not be looked at, with the label of the environment.
    """

    answer: Answer[Diagnosis]
    looked_at: int
    missing: Sequence[tuple[str, NotChecked]]


def of_workloads(fleet: Fleet, patterns: Sequence[str], query: Query, since: timedelta) -> Survey:
    """What is not well among the workloads that fit.

    What was named without wildcards is told in any case. By the facts of lists, the worst
    first, then in the order of lists.

    Raises:
        NotFound: a name without wildcards that nothing fits.
    """
    names = [fleet.workload_name(pattern) for pattern in patterns]
    exact = [name for name in names if not has_wildcards(name.name)]

    def ask(orchestrator: Orchestrator) -> list[Examined[Workload]]:
        environment = orchestrator.environment
        here = [name for name in names if name.is_in(environment.label)]
        if names and not here:
            return []
        asked = widened(query, here)
        fitting = matching_in(environment, here, orchestrator.causes.workloads(asked, since))
        return [_addressed(fleet, environment, one, away(one.item, asked)) for one in fitting]

    answer = flat(fleet.ask_all(ask))
    if not answer.failures:
        require_matches(names, answer.items, fleet.where)
    told = [
        (diagnosis(one), exact and matching(exact, [one]))
        for one in sorted(matching(names, answer.items), key=order)
    ]
    shown = [one for one, is_named in told if is_named or not one.verdict.is_well]
    shown.sort(key=lambda one: _VERDICTS.index(one.verdict))
    missing = dict.fromkeys((_place(one), lost) for one, _ in told for lost in one.not_checked)
    found = Answer(shown, answer.failures, answer.asked, answer.answered)
    return Survey(found, len(told), list(missing))


def _place(diagnosed: Diagnosis) -> str:
    project, environment = diagnosed.project, diagnosed.environment
    return f"{project}/{environment}" if project else environment


def diagnosis(
    examined: Examined[Workload] | Examined[Instance], log: Sequence[LogTail] = ()
) -> Diagnosis:
    """What was found, with a verdict and a headline."""
    item = examined.item
    causes = list(examined.causes)
    if isinstance(item, Workload) and _is_unexplained(item, causes, examined.promising):
        causes.append(_unavailable(item))
    verdict = _verdict(examined, causes)
    worst = next((cause for cause in causes if cause.severity is Severity.ERROR), None)
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


def _addressed(
    fleet: Fleet, environment: Environment, examined: Examined[Item], namespace: str | None
) -> Examined[Item]:
    causes = fleet.addressed(examined.causes, environment, namespace)
    return msgspec.structs.replace(examined, causes=causes)


def _told(
    fleet: Fleet,
    orchestrator: Orchestrator,
    examined: Examined[Item],
    namespace: str | None,
    *,
    logs: bool,
) -> Diagnosis:
    examined = _addressed(fleet, orchestrator.environment, examined, namespace)
    return _with_logs(fleet, orchestrator, examined) if logs else diagnosis(examined)


def _with_logs(fleet: Fleet, orchestrator: Orchestrator, examined: Examined[Item]) -> Diagnosis:
    """The diagnosis with the last log lines of what failed; what cannot be read is told."""
    deadline = fleet.runtime(orchestrator.environment).deadline
    tails, missing = [], list(examined.not_checked)
    read = findings.last_log(examined.failed, examined.last_lines, LOG_LINES, deadline)
    for name, container, told in read:
        if isinstance(told, DashborionError):
            missing.append(NotChecked(what="logs", permission=None, reason=told.message))
        elif told:
            tails.append(LogTail(instance=name, container=container, lines=told))
    return diagnosis(msgspec.structs.replace(examined, not_checked=missing), tails)
