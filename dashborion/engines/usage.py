"""What is used, grouped by workload, instance and container, in all chosen environments.

``workloads``, ``instances`` and ``machines`` look once; whoever watches calls them again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, Literal, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from dashborion.config.targets import Environment
from dashborion.engines.answers import Answer, fits, has_wildcards, widened
from dashborion.engines.fleet import Fleet, OnlyOn
from dashborion.errors import NoMetrics
from dashborion.models.kinds import WorkloadType
from dashborion.models.query import Name, Query
from dashborion.models.usage import Consumption, Hottest, MachineUsage, Usage
from dashborion.orchestrators.protocol import Orchestrator
from dashborion.orchestrators.samples import MEBIBYTE, NANOCORES, Figures, Machine, Part, Sample

Row = TypeVar("Row", Usage, MachineUsage)

_MILLICORE = NANOCORES // 1000


class Asked(Struct, frozen=True):
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
        known = [each.percent for each in (row.cpu, row.memory) if each.percent is not None]
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

    def kept(self, asked: Asked) -> Top[Row]:
        """With the rows alone that are asked for."""
        self.answer.items = list(filter(asked.keeps, self.answer.items))
        return self


def workloads(fleet: Fleet, query: Query, patterns: Sequence[str], asked: Asked) -> Top[Usage]:
    """What the workloads that fit a pattern, or all, use.

    Raises:
        NoMetrics: no environment has any.
        NotFound: a pattern without wildcards that no workload fits.
    """
    names = [fleet.workload_name(pattern) for pattern in patterns]
    wide, each = widened(query, names), asked.instances or asked.containers

    def ask(orchestrator: Orchestrator) -> list[Usage]:
        target = orchestrator.environment.target
        here = [one for one in names if not one.is_elsewhere(target.cluster_name, target.region)]
        if names and not here:
            return []

        def is_meant(name: str, type_: WorkloadType | None, namespace: str) -> bool:
            return not here or any(fits(one, name, type_, namespace) for one in here)

        found = orchestrator.usage.workloads(wide, asked.window, is_meant, each=each)
        return rows(orchestrator.environment, found, asked)

    top = _collected(fleet, ask, _usage_order)
    if not top.missing and not top.answer.failures:
        seen = top.answer.items
        pairs = [
            (name, typed)
            for name, typed in zip(names, patterns, strict=True)
            if not has_wildcards(name.name) and not any(_fits(name, row) for row in seen)
        ]
        top.idle = [typed for _, typed in pairs]
    if top.idle:  # raises if there is no such workload
        fleet.workloads(replace(query, parts=frozenset()), patterns=top.idle)
    return top.kept(asked)


def instances(fleet: Fleet, query: Query, asked: Asked) -> Top[Usage]:
    """What instances use, those of no workload, too; raises as ``workloads``."""

    def ask(orchestrator: Orchestrator) -> list[Usage]:
        found = orchestrator.usage.instances(query, asked.window)
        return rows(orchestrator.environment, found, asked)

    return _collected(fleet, ask, _usage_order, searching=query.workload is not None).kept(asked)


def machines(fleet: Fleet, query: Query, asked: Asked, only_on: OnlyOn[Any]) -> Top[MachineUsage]:
    """What the machines of one orchestrator use; raises as ``workloads``."""

    def ask(orchestrator: Orchestrator) -> list[MachineUsage]:
        found = orchestrator.usage.machines(query, asked.window)
        return [machine_row(orchestrator.environment, one) for one in found]

    return _collected(fleet, ask, _machine_order, only_on=only_on).kept(asked)


def _collected(
    fleet: Fleet,
    ask: Callable[[Orchestrator], list[Row]],
    order: Callable[[Row], tuple[str, ...]],
    *,
    searching: bool = False,
    only_on: OnlyOn[Any] | None = None,
) -> Top[Row]:
    def attempt(orchestrator: Orchestrator) -> tuple[list[Row], NoMetrics | None]:
        try:
            return ask(orchestrator), None
        except NoMetrics as error:
            error.environment = orchestrator.environment.label
            return [], error

    whole = fleet.ask_all(attempt, searching=searching, only_on=only_on)
    missing = [error for _, error in whole.items if error is not None]
    if len(missing) == len(whole.items) and not whole.failures:
        for error in missing[1:]:
            fleet.report(error)
        raise missing[0]
    items = [row for found, _ in whole.items for row in found]
    answer = Answer(sorted(items, key=order), whole.failures, whole.asked, whole.answered)
    return Top(answer, missing)


def _fits(pattern: Name, one: Usage) -> bool:
    return fits(pattern, one.workload or "", one.type, one.namespace)


def _usage_order(row: Usage) -> tuple[str, ...]:
    """As every list."""
    named = (row.workload or row.instance or "", str(row.type or ""))
    place = (row.project or "", row.environment, f"{row.namespace}/")
    return (*place, *named, row.instance or "", row.container or "")


def _machine_order(row: MachineUsage) -> tuple[str, ...]:
    """By name, a cluster behind its machines."""
    return (row.project or "", row.environment, "~" if row.kind == "cluster" else "", row.name)


# --- Grouping: pure ------------------------------------------------------------------------------


class _Piece(Struct, frozen=True):
    """What is one addend of a row: an instance, or one of its containers."""

    sample: Sample
    cpu: Figures
    memory: Figures
    parts: Sequence[Part]
    container: str | None = None


def rows(environment: Environment, samples: Iterable[Sample], asked: Asked) -> list[Usage]:
    """A row for each workload, instance or container; bare instances are rows of their own."""
    groups: dict[tuple[Any, ...], list[_Piece]] = {}
    for sample in samples:
        own = sample.instance if asked.instances or sample.workload is None else None
        for piece in _pieces(sample, containers=asked.containers):
            key = (sample.namespace, sample.type, sample.workload, own, piece.container)
            groups.setdefault(key, []).append(piece)
    return [_row(environment, key[-2], pieces) for key, pieces in groups.items()]


def _pieces(sample: Sample, *, containers: bool) -> list[_Piece]:
    if not containers:
        return [_Piece(sample, sample.cpu, sample.memory, sample.parts)]
    return [_Piece(sample, one.cpu, one.memory, [one], one.name) for one in sample.parts]


def _row(environment: Environment, instance: str | None, pieces: Sequence[_Piece]) -> Usage:
    """The sums of those that have been measured, which percentages are of; else of all."""
    measured = [one for one in pieces if one.sample.sampled_at is not None]
    first, summed = pieces[0], measured or pieces
    times = [one.sample.sampled_at for one in measured if one.sample.sampled_at is not None]
    windows = [one.sample.window for one in measured if one.sample.window is not None]
    return Usage(
        project=environment.project,
        environment=environment.name,
        namespace=first.sample.namespace,
        workload=first.sample.workload,
        type=first.sample.type,
        orchestrator=environment.orchestrator,
        instance=instance,
        container=first.container,
        instances=sum(one.sample.instances for one in pieces),
        sampled=sum(one.sample.instances for one in measured),
        cpu=_consumption("cpu", summed),
        memory=_consumption("memory", summed),
        sampled_at=min(times, default=None),
        window=max(windows, default=None),
        source=first.sample.source,
    )


def machine_row(environment: Environment, one: Machine) -> MachineUsage:
    """One node, container instance or cluster."""
    return MachineUsage(
        project=environment.project,
        environment=environment.name,
        orchestrator=environment.orchestrator,
        name=one.name,
        kind=one.kind,
        cpu=_rounded("cpu", one.cpu, None),
        memory=_rounded("memory", one.memory, None),
        sampled_at=one.sampled_at,
        window=one.window,
        source=one.source,
    )


Resource = Literal["cpu", "memory"]


def _consumption(name: Resource, pieces: Sequence[_Piece]) -> Consumption:
    each: list[Figures] = [getattr(one, name) for one in pieces]
    limits = [one.limit for one in each]
    whole = Figures(
        _sum(one.used for one in each),
        _sum(one.requested for one in each),
        None if None in limits else _sum(limits),
    )
    candidates = [found for one in pieces if (found := _hottest(name, one)) is not None]
    return _rounded(name, whole, max(candidates, key=lambda one: one.percent, default=None))


def _hottest(name: Resource, piece: _Piece) -> Hottest | None:
    """The container that uses most of what it may, or the instance if these have no bounds."""
    instance, figures = piece.sample.instance, getattr(piece, name)
    if figures.highest is not None:
        return Hottest(instance=None, container=None, percent=round(figures.highest, 1))
    known = [(_percent(getattr(part, name)), part.name) for part in piece.parts]
    bounded: list[tuple[float, str | None]] = [(p, n) for p, n in known if p is not None]
    whole = _percent(figures)
    if not bounded and whole is not None:
        bounded = [(whole, None)]
    percent, container = max(bounded, key=lambda one: one[0], default=(None, None))
    if percent is None:
        return None
    return Hottest(instance=instance, container=container, percent=percent)


def _percent(one: Figures) -> float | None:
    return _of(one.used, one.requested if one.limit is None else one.limit)


def _of(part: int | None, whole: int | None) -> float | None:
    return round(part * 100 / whole, 1) if part is not None and whole else None


def _sum(values: Iterable[int | None]) -> int | None:
    """The sum of those that are known; None if none is."""
    known = [one for one in values if one is not None]
    return sum(known) if known else None


def _rounded(name: Resource, one: Figures, hottest: Hottest | None) -> Consumption:
    """As kubectl: what is used of CPU is rounded up, of memory down; all else up."""
    size = _MILLICORE if name == "cpu" else MEBIBYTE

    def up(value: int | None) -> int | None:
        return None if value is None else -(-value // size)

    used = one.used // size if name == "memory" and one.used is not None else up(one.used)
    return Consumption(
        used=used,
        requested=up(one.requested),
        limit=up(one.limit),
        percent_of_request=_of(one.used, one.requested),
        percent_of_limit=_of(one.used, one.limit),
        hottest=hottest,
    )
