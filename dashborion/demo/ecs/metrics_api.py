"""CloudWatch's numbers of ECS, minute by minute, and what Container Insights writes in its log.

moto has neither: its numbers are those that somebody has put. Here they follow from the tasks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.cloudwatch.exceptions import ValidationError
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult
from moto.ecs.models import ecs_backends

from dashborion.demo.behaviour import behaviour_of
from dashborion.demo.consumption import climbing, shares
from dashborion.demo.ecs.moto_objects import Json, definition_of
from dashborion.demo.ecs.tasks import PENDING_SECONDS, fate_of

QUERIES_A_CALL = 500
_MINUTE = timedelta(minutes=1)
_RESOURCES = {"CPUUtilization": 0, "MemoryUtilization": 1}
_STATISTICS: Mapping[str, Callable[[list[Any]], Any]] = {
    "Average": lambda values: sum(values) / len(values), "Maximum": max, "Minimum": min,
}  # fmt: skip


def minutes(start: datetime, end: datetime) -> Iterator[datetime]:
    """The minutes that have begun and ended between two times."""
    at = datetime.fromtimestamp(-(-start.timestamp() // 60) * 60, UTC)
    while at + _MINUTE <= end:
        yield at
        at += _MINUTE


def tasks_at(backend: Any, cluster: str, at: datetime) -> list[Any]:
    """The tasks of a cluster that ran in a minute; its end is what counts of those that began."""
    tasks, ended = list(backend.tasks.get(cluster, {}).values()), at + _MINUTE
    return [
        task for task in tasks
        if task.started_at and task.started_at <= ended
        and (task.stopping_at is None or task.stopping_at >= at)
    ]  # fmt: skip


def used(backend: Any, task: Any, at: datetime) -> dict[str, tuple[float, float]]:
    """CPU units and MiB of a task's containers."""
    definition = definition_of(backend, task.task_definition_arn)
    fate, found = fate_of(task, definition), {}
    for one in definition.container_definitions:
        cpu, memory = shares(task.group.rpartition(":")[2], task.id, at.timestamp())
        if one["name"] == fate.container and behaviour_of(one["image"]).reason == "OOMKilled":
            age = (at - task.created_at).total_seconds() - PENDING_SECONDS
            memory = climbing(memory, age, fate.after)
        found[one["name"]] = one.get("cpu", 0) * cpu, one.get("memory", 512) * memory
    return found


def reserved(backend: Any, task: Any) -> tuple[float, float]:
    """The task's size."""
    definition = definition_of(backend, task.task_definition_arn)
    return float(definition.cpu), float(definition.memory)


class MetricsApi(CloudWatchResponse):
    """One request to CloudWatch."""

    def get_metric_data(self) -> ActionResult:
        asked = self._get_params()
        queries, start, end = asked["MetricDataQueries"], asked["StartTime"], asked["EndTime"]
        if len(queries) > QUERIES_A_CALL:
            raise ValidationError("The collection MetricDataQueries must not have a size greater "
                                  f"than {QUERIES_A_CALL}.")  # fmt: skip
        if len({query["Id"] for query in queries}) < len(queries):
            raise ValidationError("The values for parameter id in MetricDataQueries are not unique")
        if start >= end:
            raise ValidationError("The parameter StartTime must be less than EndTime.")
        times = list(minutes(_in_utc(start), _in_utc(end)))
        if (asked.get("ScanBy") or "TimestampDescending") == "TimestampDescending":
            times.reverse()
        results = [self._series(query, times) for query in queries]
        return ActionResult({"MetricDataResults": results, "Messages": []})

    def _series(self, query: Json, times: list[datetime]) -> Json:
        statistic = query["MetricStat"]
        metric, period = statistic["Metric"], statistic["Period"]
        if period != 60 or statistic["Stat"] not in _STATISTICS:
            raise ValidationError("this stand-in has a Period of 60 and simple statistics")
        named = {one["Name"]: one["Value"] for one in metric.get("Dimensions", [])}
        points = [(at, self._values(metric, named, at)) for at in times]
        known = [(at, _STATISTICS[statistic["Stat"]](values)) for at, values in points if values]
        return {
            "Id": query["Id"],
            "Label": metric["MetricName"],
            "Timestamps": [at for at, _ in known],
            "Values": [round(value, 4) for _, value in known],
            "StatusCode": "Complete",
        }

    def _values(self, metric: Json, named: dict[str, str], at: datetime) -> list[float]:
        """The percent of each task, or of the cluster's machines as one; none if nobody sent it."""
        which = _RESOURCES.get(metric["MetricName"])
        is_known = metric["Namespace"] == "AWS/ECS" and set(named) <= {"ClusterName", "ServiceName"}
        if which is None or not is_known or "ClusterName" not in named:
            return []
        backend, cluster = self._ecs, named["ClusterName"]
        tasks = tasks_at(backend, cluster, at)
        sums = {
            task.id: sum(amounts[which] for amounts in used(backend, task, at).values())
            for task in tasks
        }
        if name := named.get("ServiceName"):
            return [
                100 * sums[task.id] / reserved(backend, task)[which]
                for task in tasks
                if task.group == f"service:{name}"
            ]
        machines = backend.container_instances.get(cluster, {}).values()
        room = sum(one.registered_resources[which]["integerValue"] for one in machines)
        on_them = sum(sums[task.id] for task in tasks if task.container_instance_arn)
        return [100 * on_them / room] if room else []

    @property
    def _ecs(self) -> Any:
        return ecs_backends[self.current_account][self.region]


def _in_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


# --- Container Insights --------------------------------------------------------------------------

INSIGHTS_GROUP = re.compile(r"/aws/ecs/containerinsights/(?P<cluster>[\w-]+)/performance")
INSIGHTS_QUERY = (
    'filter Type = "Container" '
    "| stats avg(CpuUtilized) as cpu, avg(MemoryUtilized) as memory, max(@timestamp) as at "
    "by TaskId, ContainerName | limit "
)


def insights(backend: Any, cluster: str, start: int, end: int) -> list[list[Json]]:
    """What the one query that is known here finds in a cluster's log."""
    found: dict[tuple[str, str], list[tuple[float, float, datetime]]] = {}
    for at in minutes(datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC)):
        for task in tasks_at(backend, cluster, at):
            for name, amounts in used(backend, task, at).items():
                found.setdefault((task.id, name), []).append((*amounts, at + _MINUTE))
    return [
        [
            {"field": "TaskId", "value": task},
            {"field": "ContainerName", "value": name},
            {"field": "cpu", "value": f"{sum(one[0] for one in events) / len(events):.4f}"},
            {"field": "memory", "value": f"{sum(one[1] for one in events) / len(events):.4f}"},
            {"field": "at", "value": f"{max(one[2] for one in events):%Y-%m-%d %H:%M:%S}.000"},
        ]
        for (task, name), events in found.items()
    ]
