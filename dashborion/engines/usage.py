"""What is used, by workload, instance and container, in all chosen environments.

``workloads``, ``instances`` and ``machines`` look once; whoever watches calls them again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from dashborion.config.targets import Environment
from dashborion.engines.answers import Answer, widened
from dashborion.engines.fleet import Fleet, OnlyOn
from dashborion.errors import NoMetrics
from dashborion.models.base import environment_label
from dashborion.models.kinds import WorkloadType
from dashborion.models.query import Name, Query, has_wildcards
from dashborion.models.usage import Consumption, Hottest, MachineUsage, Usage
from dashborion.orchestrators.protocol import Orchestrator
from dashborion.orchestrators.samples import (
    Figures,
    Resource,
    Sample,
    consumption,
    known_sum,
    whole_sum,
)

Row = TypeVar("Row", Usage, MachineUsage)


class UsageRequest(Struct, frozen=True):
    """A row for each instance, for each container, or for each container of each instance.

    ``over`` and ``under`` keep what uses more, or less, than this percentage of its limit, or
    without one of its request, of either resource.
    """

    window: timedelta
    instances: bool = False
    containers: bool = False
    over: float | None = None
    under: float | None = None

    def keeps(self, row: Usage | MachineUsage) -> bool:
        """Whether a row is asked for; one of which nothing is known is not."""
        known = [one.percent for one in (row.cpu, row.memory) if one.percent is not None]
        return (self.over is None and self.under is None) or any(
            (self.over is not None and percent > self.over)
            or (self.under is not None and percent < self.under)
            for percent in known
        )


@dataclass
class Top(Generic[Row]):
    """The rows in the default order, and the environments in which nobody measures anything.

    ``idle`` are workloads that were named and of which nothing runs.
    """

    answer: Answer[Row]
    missing: Sequence[NoMetrics] = ()
    idle: Sequence[str] = ()

    def kept(self, asked: UsageRequest) -> Top[Row]:
        """With the rows alone that are asked for."""
        self.answer.items = list(filter(asked.keeps, self.answer.items))
        return self


def workloads(
    fleet: Fleet, query: Query, patterns: Sequence[str], asked: UsageRequest
) -> Top[Usage]:
    """What the workloads that fit a pattern, or all, use.

    Raises:
        NoMetrics: no environment has any.
        NotFound: a pattern without wildcards that no workload fits.
    """
    names = [fleet.workload_name(pattern) for pattern in patterns]
    wide, each = widened(query, names), asked.instances or asked.containers

    def ask(orchestrator: Orchestrator) -> list[Usage]:
        environment = orchestrator.environment
        target = environment.target
        here = [
            one
            for one in names
            if one.is_in(environment.label)
            and not one.is_elsewhere(target.cluster_name, target.region)
        ]

        def is_meant(name: str, type_: WorkloadType | None, namespace: str) -> bool:
            return not names or any(one.fits(name, type_, namespace) for one in here)

        found = orchestrator.usage.workloads(wide, asked.window, is_meant, each=each)
        return rows(environment, found, asked)

    top = _collected(fleet, ask)
    if not top.missing and not top.answer.failures:
        absent = [
            typed
            for name, typed in zip(names, patterns, strict=True)
            if not has_wildcards(name.name)
            and not any(_is_of(name, row) for row in top.answer.items)
        ]
        if absent:  # raises if there is no such workload
            found = fleet.workloads(replace(query, parts=frozenset()), patterns=absent)
            top.idle = [one.item.name for one in found.items if not one.item.running]
    return top.kept(asked)


def instances(fleet: Fleet, query: Query, asked: UsageRequest) -> Top[Usage]:
    """What instances use, those of no workload, too; raises as ``workloads``."""

    def ask(orchestrator: Orchestrator) -> list[Usage]:
        found = orchestrator.usage.instances(query, asked.window)
        return rows(orchestrator.environment, found, asked)

    return _collected(fleet, ask, searching=query.workload is not None).kept(asked)


def machines(
    fleet: Fleet, query: Query, asked: UsageRequest, only_on: OnlyOn[Any]
) -> Top[MachineUsage]:
    """What the machines of one orchestrator use, their cluster last; raises as ``workloads``."""

    def ask(orchestrator: Orchestrator) -> list[MachineUsage]:
        found = orchestrator.usage.machines(query, asked.window)
        return sorted(found, key=lambda one: (one.kind == "cluster", one.name))

    return _collected(fleet, ask, only_on=only_on).kept(asked)


def _collected(fleet: Fleet, ask: Callable[[Orchestrator], list[Row]], **how: Any) -> Top[Row]:
    def attempt(orchestrator: Orchestrator) -> tuple[list[Row], NoMetrics | None]:
        try:
            return ask(orchestrator), None
        except NoMetrics as error:
            error.environment = orchestrator.environment.label
            return [], error

    whole = fleet.ask_all(attempt, **how)
    missing = [error for _, error in whole.items if error is not None]
    if len(missing) == len(whole.items) and not whole.failures:
        for error in missing[1:]:
            fleet.report(error)
        raise missing[0]
    items = [row for found, _ in whole.items for row in found]
    items.sort(key=lambda row: (row.project or "", row.environment))
    return Top(Answer(items, whole.failures, whole.asked, whole.answered), missing)


# --- Grouping: pure ------------------------------------------------------------------------------


def rows(environment: Environment, samples: Iterable[Sample], asked: UsageRequest) -> list[Usage]:
    """A row for each workload, instance or container; bare instances are rows of their own."""
    groups: dict[tuple[str, ...], list[Sample]] = {}
    for sample in samples:
        is_single = asked.instances or sample.workload is None
        instance = (sample.instance or "") if is_single else ""
        named = (sample.workload or instance, str(sample.type or ""), instance)
        for one in _containers(sample) if asked.containers else [sample]:
            key = (f"{sample.namespace}/", *named, one.container or "")
            groups.setdefault(key, []).append(one)
    return [_row(environment, key[-2] or None, groups[key]) for key in sorted(groups)]


def _containers(sample: Sample) -> list[Sample]:
    return [
        replace(sample, container=part[0], cpu=part[1], memory=part[2], parts=[part])
        for part in sample.parts
    ]


def _row(environment: Environment, instance: str | None, samples: Sequence[Sample]) -> Usage:
    """The sums of those that have been measured, which percentages are of; else of all."""
    measured = [one for one in samples if one.sampled_at is not None]
    first, summed = samples[0], measured or samples
    return Usage(
        project=environment.project,
        environment=environment.name,
        namespace=first.namespace,
        workload=first.workload,
        type=first.type,
        orchestrator=environment.orchestrator,
        instance=instance,
        container=first.container,
        instances=sum(one.instances for one in samples),
        sampled=sum(one.instances for one in measured),
        cpu=_consumption("cpu", summed),
        memory=_consumption("memory", summed),
        sampled_at=min((one.sampled_at for one in measured if one.sampled_at), default=None),
        window=max((one.window for one in measured if one.window), default=None),
        source=first.source,
    )


def _consumption(name: Resource, samples: Sequence[Sample]) -> Consumption:
    each: list[Figures] = [getattr(one, name) for one in samples]
    whole = Figures(
        known_sum(one.used for one in each),
        known_sum(one.requested for one in each),
        whole_sum(one.limit for one in each),
    )
    candidates = [hot for one in samples for hot in _hot(name, one)]
    return consumption(name, whole, max(candidates, key=lambda one: one.percent, default=None))


def _hot(name: Resource, sample: Sample) -> list[Hottest]:
    """The containers with what they use of what they may, or the instance if these have no bounds.

    Of a whole workload it is the maximum, which names neither.
    """
    figures: Figures = getattr(sample, name)
    if figures.highest is not None:
        return [Hottest(instance=None, container=None, percent=round(figures.highest, 1))]
    known: list[tuple[str | None, float | None]] = [
        (container, (cpu if name == "cpu" else memory).percent)
        for container, cpu, memory in sample.parts
    ]
    bounded = [one for one in known if one[1] is not None] or [(None, figures.percent)]
    return [
        Hottest(instance=sample.instance, container=container, percent=percent)
        for container, percent in bounded
        if percent is not None
    ]


def _is_of(name: Name, row: Usage) -> bool:
    is_here = name.is_in(environment_label(row))
    return is_here and name.fits(row.workload or "", row.type, row.namespace)
