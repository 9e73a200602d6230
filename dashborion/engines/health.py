"""How all chosen environments are, each judged by what lists can tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec.structs import replace

from dashborion.config.targets import Environment
from dashborion.engines.answers import Answer, order
from dashborion.engines.diagnosis import ALL_FACTS
from dashborion.engines.fleet import Fleet
from dashborion.engines.verdicts import diagnosis, not_checked
from dashborion.errors import DashborionError
from dashborion.models.cause import Verdict
from dashborion.models.health import EnvironmentHealth, FailedRun, Problem, StatusCounts
from dashborion.models.query import Query
from dashborion.models.workload import Workload
from dashborion.orchestrators.protocol import Examined, Orchestrator, Overview

_VERDICTS = list(Verdict)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def of_environments(fleet: Fleet, query: Query) -> Answer[EnvironmentHealth]:
    """The health of each environment; of one that cannot be asked, that it cannot."""
    asked = replace(query, parts=ALL_FACTS)

    def ask(orchestrator: Orchestrator) -> EnvironmentHealth:
        environment, overview = orchestrator.environment, orchestrator.causes.overview(asked)
        told = [fleet.told(one, environment, asked) for one in overview.workloads]
        return _health(environment, sorted(told, key=order), overview)

    return fleet.each(ask, _lost)


def _health(
    environment: Environment, told: Sequence[Examined[Workload]], overview: Overview
) -> EnvironmentHealth:
    problems, verdicts = [], []
    for one in told:
        found, item = diagnosis(one), one.item
        verdicts.append(found.verdict)
        if found.verdict.is_well:
            continue
        problems.append(
            Problem(
                project=item.project,
                environment=item.environment,
                namespace=item.namespace,
                workload=item.name,
                type=str(item.type),
                status=str(item.status),
                verdict=found.verdict,
                since=found.since,
                reason=item.reason,
                cause=item.cause,
                headline=found.headline,
            )
        )
    missing = [*(lost for _, lost in not_checked(told)), *overview.not_checked]
    counts = Counter(str(one.item.status) for one in told)
    return EnvironmentHealth(
        project=environment.project,
        environment=environment.name,
        orchestrator=environment.orchestrator,
        verdict=_worst(verdicts),
        workloads=StatusCounts(
            running=counts["running"], degraded=counts["degraded"], stopped=counts["stopped"]
        ),
        problems=sorted(problems, key=lambda one: _VERDICTS.index(one.verdict)),
        failed=sorted(overview.failed, key=_failed_at, reverse=True),
        not_checked=list(dict.fromkeys(missing)),
        error=None,
    )


def _failed_at(run: FailedRun) -> datetime:
    return run.failed_at or _LONG_AGO


def _worst(verdicts: Sequence[Verdict]) -> Verdict:
    """The worst of them; what is stopped says nothing beside what is not."""
    going = [one for one in verdicts if one is not Verdict.STOPPED]
    if not going:
        return Verdict.STOPPED if verdicts else Verdict.HEALTHY
    return min(going, key=_VERDICTS.index)


def _lost(environment: Environment, error: DashborionError) -> EnvironmentHealth:
    return EnvironmentHealth(
        project=environment.project,
        environment=environment.name,
        orchestrator=environment.orchestrator,
        verdict=Verdict.UNKNOWN,
        workloads=None,
        problems=[],
        failed=[],
        not_checked=[],
        error=error.message,
    )
