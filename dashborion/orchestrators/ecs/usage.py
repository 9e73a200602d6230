"""What CloudWatch and Container Insights say of services and tasks, and how it is asked. Pure.

CloudWatch has percents of what a service's tasks reserve: the task's size, or its containers'. The
amounts are worked out from these. Container Insights has amounts, by container.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from dashborion.models.kinds import WorkloadType
from dashborion.models.usage import MachineUsage
from dashborion.orchestrators.ecs import amounts, instances, native_wire, wire
from dashborion.orchestrators.ecs.normalise import ClusterScope, definition_of, type_of
from dashborion.orchestrators.samples import (
    MEBIBYTE,
    NANOCORES,
    Figures,
    Resource,
    Sample,
    consumption,
    known_sum,
    whole_sum,
)

CLOUDWATCH, INSIGHTS = "cloudwatch", "container-insights"
PERIOD = 60  # seconds: what ECS sends
QUERIES_A_CALL = 500
SERIES = (("CPUUtilization", "Average"), ("CPUUtilization", "Maximum"),
          ("MemoryUtilization", "Average"), ("MemoryUtilization", "Maximum"))  # fmt: skip
MOST_ROWS = 10_000  # of one query's answer

_UNIT: Mapping[Resource, float] = {"cpu": NANOCORES / amounts.UNITS_A_CORE, "memory": MEBIBYTE}
_STATED = "%Y-%m-%d %H:%M:%S.%f"  # how Logs Insights writes a time


def queries(cluster: str, services: Sequence[str | None]) -> list[dict[str, Any]]:
    """Four series of each service, or of the cluster as a whole; they come back by number."""
    return [
        {
            "Id": f"s{number}_{index}",
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/ECS",
                    "MetricName": metric,
                    "Dimensions": [
                        {"Name": "ClusterName", "Value": cluster},
                        *([{"Name": "ServiceName", "Value": name}] if name else ()),
                    ],
                },
                "Period": PERIOD,
                "Stat": statistic,
            },
        }
        for number, name in enumerate(services)
        for index, (metric, statistic) in enumerate(SERIES)
    ]


class Percents(Struct, frozen=True):
    """The average and the highest of CPU and of memory, and when the last minute ended."""

    cpu: tuple[float, float]
    memory: tuple[float, float]
    sampled_at: datetime


def percents(
    services: Sequence[str], answered: Iterable[native_wire.Series]
) -> tuple[dict[str, Percents], dict[str, str]]:
    """What was measured of each service, and why there is nothing of the others.

    A series may come in several pieces, of which the last says whether it is whole.
    """
    pieces: dict[str, list[native_wire.Series]] = {}
    for one in answered:
        pieces.setdefault(one.id, []).append(one)
    found, lost = {}, {}
    for number, name in enumerate(services):
        parts = [pieces.get(f"s{number}_{index}", []) for index in range(len(SERIES))]
        states = {part[-1].status_code if part else "" for part in parts}
        values = [[v for one in part for v in one.values if isfinite(v)] for part in parts]
        newest = max((at for part in parts for one in part for at in one.timestamps), default=None)
        if states != {"Complete"}:
            state = ", ".join(sorted(states - {"Complete", ""})) or "no answer"
            lost[name] = f"CloudWatch says {state}"
        elif newest is None or not all(values):
            lost[name] = "CloudWatch has no numbers of the last minutes"
        else:
            cpu, cpu_most, memory, memory_most = values
            found[name] = Percents(
                (sum(cpu) / len(cpu), max(cpu_most)),
                (sum(memory) / len(memory), max(memory_most)),
                newest + timedelta(seconds=PERIOD),
            )
    return found, lost


def running_definitions(service: wire.Service) -> dict[str, int]:
    """How many tasks run of each task definition, by its ARN: several during a rollout."""
    counts: dict[str, int] = {}
    parts = [(one.task_definition, one.running_count) for one in service.deployments]
    parts += [(one.task_definition, one.running_count) for one in service.task_sets]
    for arn, running in parts:
        if running:
            counts[arn] = counts.get(arn, 0) + running
    return counts or {definition_of(service): service.running_count}


def of_service(
    service: wire.Service,
    definitions: Mapping[str, wire.TaskDefinition],
    measured: Percents,
    scope: ClusterScope,
    window: timedelta,
) -> Sample:
    """A service as a whole."""
    running = running_definitions(service)

    def figures(name: Resource, average: float, highest: float) -> Figures:
        sizes = [(_size(name, definitions.get(arn)), count) for arn, count in running.items()]
        requested = whole_sum(size.requested and size.requested * n for size, n in sizes)
        limit = whole_sum(size.limit and size.limit * n for size, n in sizes)
        used = None if requested is None else round(requested * average / 100)
        return Figures(used, requested, limit, highest)

    return Sample(
        namespace=scope.namespace(service.tags),
        workload=service.service_name,
        type=type_of(service),
        instance=None,
        instances=service.running_count,
        cpu=figures("cpu", *measured.cpu),
        memory=figures("memory", *measured.memory),
        sampled_at=measured.sampled_at,
        window=window.total_seconds(),
        source=CLOUDWATCH,
    )


def _size(name: Resource, definition: wire.TaskDefinition | None) -> Figures:
    """What one task reserves, and its limit: the task's size is both.

    Without it, on EC2, ECS counts what containers reserve; their CPU is a share, which is no limit.
    """
    if definition is None:
        return Figures()
    declared = amounts.cpu_units(definition.cpu), amounts.mib(definition.memory)
    if (whole := _units(name, declared[name == "memory"])) is not None:
        return Figures(requested=whole, limit=whole)
    parts = [_of_container(name, one) for one in definition.container_definitions]
    reserved = known_sum(one.requested for one in parts)
    return Figures(requested=reserved, limit=whole_sum(one.limit for one in parts))


def _of_container(name: Resource, one: wire.ContainerDefinition | None) -> Figures:
    if one is None or name == "cpu":
        return Figures(requested=_units(name, (one and one.cpu) or None))
    limit = _units(name, one.memory)
    return Figures(requested=_units(name, one.memory_reservation) or limit, limit=limit)


def _units(name: Resource, number: float | None) -> int | None:
    return None if number is None else round(number * _UNIT[name])


# --- Container Insights --------------------------------------------------------------------------


def group_of(cluster: str) -> str:
    """The log group that Container Insights writes."""
    return f"/aws/ecs/containerinsights/{cluster}/performance"


INSIGHTS_QUERY = (
    'filter Type = "Container" '
    "| stats avg(CpuUtilized) as cpu, avg(MemoryUtilized) as memory, max(@timestamp) as at "
    f"by TaskId, ContainerName | limit {MOST_ROWS}"
)


Row = tuple[float, float, datetime | None]
"""The CPU units and MiB that one container used, and until when."""


def rows(answered: list[Any]) -> dict[str, dict[str, Row]]:
    """The rows of ``INSIGHTS_QUERY`` by task and container; what has no numbers is left out."""
    found: dict[str, dict[str, Row]] = {}
    for fields in answered:
        named = {one.get("field", ""): one.get("value", "") for one in fields}
        try:
            at = datetime.strptime(named["at"], _STATED).replace(tzinfo=UTC)
            row = float(named["cpu"]), float(named["memory"]), at
        except (KeyError, ValueError):
            continue
        if not all(map(isfinite, row[:2])):
            continue
        found.setdefault(named.get("TaskId", ""), {})[named.get("ContainerName", "")] = row
    return found


def of_task(
    task: wire.Task,
    tags: Sequence[wire.Tag],
    definition: wire.TaskDefinition | None,
    used: Mapping[str, Row],
    *,
    scope: ClusterScope,
    window: timedelta,
) -> Sample:
    """A task; one that began a moment ago has no numbers yet."""
    owner = instances.workload_of(task)
    defined = {one.name: one for one in definition.container_definitions} if definition else {}

    def figures(name: Resource, container: str) -> Figures:
        cpu, memory, _ = used.get(container, (None, None, None))
        spent = _units(name, cpu if name == "cpu" else memory)
        return replace(_of_container(name, defined.get(container)), used=spent)

    names = dict.fromkeys([*(one.name for one in task.containers), *used])
    parts = [(name, figures("cpu", name), figures("memory", name)) for name in names]
    cpu, memory = known_sum(of[1].used for of in parts), known_sum(of[2].used for of in parts)
    return Sample(
        namespace=scope.namespace(tags),
        workload=owner,
        type=WorkloadType.ECS_SERVICE if owner else None,
        instance=instances.name_of(task),
        cpu=replace(_size("cpu", definition), used=cpu),
        memory=replace(_size("memory", definition), used=memory),
        parts=parts,
        sampled_at=max((row[2] for row in used.values() if row[2]), default=None),
        window=window.total_seconds(),
        source=INSIGHTS,
    )


# --- Machines ------------------------------------------------------------------------------------


def machines(
    listed: Iterable[native_wire.ContainerInstance],
    measured: Percents | None,
    scope: ClusterScope,
    window: timedelta,
) -> list[MachineUsage]:
    """Container instances with what tasks reserve on them, and the cluster of them all.

    What a machine uses nobody tells; CloudWatch has percents of all that are registered.
    """
    found = {
        wire.arn_name(one.container_instance_arn): (_taken("cpu", one), _taken("memory", one))
        for one in listed
    }

    def row(name: str, kind: str, cpu: Figures, memory: Figures) -> MachineUsage:
        known = measured if kind == "cluster" else None
        return MachineUsage(
            project=scope.environment.project,
            environment=scope.environment.name,
            orchestrator=scope.environment.orchestrator,
            name=name,
            kind=kind,
            cpu=consumption("cpu", cpu),
            memory=consumption("memory", memory),
            sampled_at=known.sampled_at if known else None,
            window=window.total_seconds() if known else None,
            source=CLOUDWATCH if known else "ecs",
        )

    def together(each: Sequence[Figures], percent: float | None) -> Figures:
        limit = whole_sum(one.limit for one in each)
        used = None if limit is None or percent is None else round(limit * percent / 100)
        return Figures(used, whole_sum(one.requested for one in each), limit)

    cpu = together([one for one, _ in found.values()], measured.cpu[0] if measured else None)
    memory = together([one for _, one in found.values()], measured.memory[0] if measured else None)
    cluster = [row(scope.cluster, "cluster", cpu, memory)] if found else []
    return [*(row(name, "container-instance", *one) for name, one in found.items()), *cluster]


def _taken(name: Resource, machine: native_wire.ContainerInstance) -> Figures:
    has, free = (
        {one.name: one.integer_value for one in resources}.get(name.upper())
        for resources in (machine.registered_resources, machine.remaining_resources)
    )
    taken = has - free if has is not None and free is not None else None
    return Figures(requested=_units(name, taken), limit=_units(name, has))
