"""One diagnosis over all chosen environments: of one workload, of one instance, or of many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from dashborion.engines.answers import (
    Answer,
    away,
    matching,
)
from dashborion.engines.fleet import Fleet
from dashborion.engines.verdicts import diagnosis, not_checked
from dashborion.errors import DashborionError
from dashborion.models.cause import (
    Diagnosis,
    LogTail,
    NotChecked,
    Verdict,
)
from dashborion.models.instance import Instance
from dashborion.models.query import Name, Part, Query, has_wildcards
from dashborion.models.workload import Workload
from dashborion.orchestrators import findings
from dashborion.orchestrators.protocol import Causes, Examined, Orchestrator

Item = TypeVar("Item", Workload, Instance)

LOG_LINES = 10
ALL_FACTS: frozenset[Part] = frozenset({"health", "causes", "revisions", "evidence"})
"""What lists can tell of whether workloads are well."""
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
        namespace = away(examined.item, query, name)
        causes = fleet.addressed(examined.causes, orchestrator.environment, namespace)
        examined = replace(examined, causes=causes)
        return _with_logs(fleet, orchestrator, examined) if logs else diagnosis(examined)

    answer = fleet.ask_all(ask, searching=True)
    answer.require_one(name)
    return answer


class Survey(Struct, frozen=True):
    """What is not well among many workloads, and how much that is worth.

    ``missing`` is what could not be looked at, with the label of the environment.
    """

    answer: Answer[Diagnosis]
    looked_at: int
    missing: Sequence[tuple[str, NotChecked]]


def of_workloads(fleet: Fleet, patterns: Sequence[str], query: Query) -> Survey:
    """What is not well among the workloads that fit.

    What was named without wildcards is told in any case. By the facts of lists, the worst
    first, then in the order of lists.

    Raises:
        NotFound: a name without wildcards that nothing fits.
    """
    names = [fleet.workload_name(pattern) for pattern in patterns]
    exact = [name for name in names if not has_wildcards(name.name)]
    answer = fleet.workloads(replace(query, parts=ALL_FACTS), patterns=patterns)
    told = [(diagnosis(one), exact and matching(exact, [one])) for one in answer.items]
    shown = [one for one, is_named in told if is_named or not one.verdict.is_well]
    shown.sort(key=lambda one: _VERDICTS.index(one.verdict))
    found = Answer(shown, answer.failures, answer.asked, answer.answered)
    return Survey(found, len(told), not_checked(answer.items))


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
    return diagnosis(replace(examined, not_checked=missing), tails)
