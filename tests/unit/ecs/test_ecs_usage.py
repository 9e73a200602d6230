"""What CloudWatch says in percent and Container Insights in units, as amounts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from dashborion.orchestrators.ecs import native_wire, usage, wire
from dashborion.orchestrators.samples import MEBIBYTE, NANOCORES, Figures
from tests.unit.ecs.raw_ecs import (
    ABSENT,
    DEFINITION,
    HEAD,
    NOW,
    SCOPE,
    TASK_ID,
    convert,
    deployment,
    service,
)

UNIT = NANOCORES / 1024
WINDOW = timedelta(minutes=5)
OLD = f"{HEAD}:task-definition/web:6"


def units(requested: int, limit: int | None = None) -> Figures:
    return Figures(None, round(requested * UNIT), limit and round(limit * UNIT))


def series(number: int, index: int, *values: float, status: str = "Complete") -> Any:
    times = [NOW - timedelta(minutes=one) for one in range(len(values))]
    whole = {"Id": f"s{number}_{index}", "StatusCode": status, "Timestamps": times,
             "Values": list(values), "Label": "web CPUUtilization"}  # fmt: skip
    return convert(native_wire.Series, whole)


def whole(number: int, average: float, highest: float) -> list[Any]:
    values = (average, highest, average, highest)
    return [series(number, index, value) for index, value in enumerate(values)]


def test_a_series_for_each_metric_and_statistic() -> None:
    asked = usage.queries("docs", ["web", "api"])
    assert len(asked) == 8
    assert len({one["Id"] for one in asked}) == 8
    first, last = asked[0]["MetricStat"], asked[-1]["MetricStat"]
    assert first == {
        "Metric": {
            "Namespace": "AWS/ECS",
            "MetricName": "CPUUtilization",
            "Dimensions": [
                {"Name": "ClusterName", "Value": "docs"}, {"Name": "ServiceName", "Value": "web"},
            ],
        },
        "Period": 60,
        "Stat": "Average",
    }  # fmt: skip
    assert (last["Metric"]["MetricName"], last["Stat"]) == ("MemoryUtilization", "Maximum")


def test_averages_are_of_all_minutes_and_the_highest_of_any() -> None:
    found, lost = usage.percents(
        ["web"],
        [series(0, 0, 10, 20), series(0, 1, 15, 60), series(0, 2, 40), series(0, 3, 50)],
    )
    end_of_that_minute = NOW + timedelta(minutes=1)
    assert found == {"web": usage.Percents((15, 60), (40, 50), end_of_that_minute)}
    assert lost == {}


def test_a_series_may_come_in_pieces() -> None:
    pieces = [series(0, 0, 10, status="PartialData"), *whole(0, 30, 40)]
    found, lost = usage.percents(["web"], pieces)
    assert (found["web"].cpu, lost) == ((20, 40), {})


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        pytest.param([series(0, 0, status="InternalError")], "CloudWatch says InternalError",
                     id="an error of theirs"),
        pytest.param([series(0, 0, 5, status="PartialData")], "CloudWatch says PartialData",
                     id="half of it"),
        pytest.param([series(0, 0)], "CloudWatch has no numbers of the last minutes", id="empty"),
        pytest.param([], "CloudWatch says no answer", id="missing"),
        pytest.param([series(0, 0, float("nan"))], "CloudWatch has no numbers of the last minutes",
                     id="no number at all"),
    ],
)  # fmt: skip
def test_what_is_not_complete_is_no_number(broken: list[Any], why: str) -> None:
    answered = [*broken, *whole(0, 1, 1)[1:], *whole(1, 5, 9)]
    found, lost = usage.percents(["web", "api"], answered)
    assert (list(found), lost) == (["api"], {"web": why})


def definition(*containers: Any, arn: str = DEFINITION, **more: Any) -> wire.TaskDefinition:
    base = {"taskDefinitionArn": arn, "containerDefinitions": list(containers)}
    return convert(wire.TaskDefinition, base | more)


SIZES: dict[str, tuple[wire.TaskDefinition, Figures, Figures]] = {
    "of the task": (
        definition({"name": "app", "cpu": 10, "memory": 64}, cpu="512", memory="1024"),
        units(512, 512),
        Figures(requested=1024 * MEBIBYTE, limit=1024 * MEBIBYTE),
    ),
    "in words": (
        definition({"name": "app"}, cpu=".5 vCPU", memory="1 GB"),
        units(512, 512),
        Figures(requested=1024 * MEBIBYTE, limit=1024 * MEBIBYTE),
    ),
    "of containers, whose CPU is a share": (
        definition({"name": "a", "cpu": 128, "memory": 256}, {"name": "b", "memory": 64}),
        units(128),
        Figures(requested=320 * MEBIBYTE, limit=320 * MEBIBYTE),
    ),
    "reserved with and without a limit": (
        definition({"name": "a", "memoryReservation": 128, "memory": 256},
                   {"name": "b", "memoryReservation": 64}),
        Figures(),
        Figures(requested=192 * MEBIBYTE),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SIZES)
def test_percents_are_of_what_tasks_reserve(name: str) -> None:
    made, cpu, memory = SIZES[name]
    measured = usage.Percents((50, 80), (25, 30), NOW)
    found = usage.of_service(service(), {DEFINITION: made}, measured, SCOPE, WINDOW)

    def twice(one: Figures, average: float, highest: float) -> Figures:
        requested = one.requested and one.requested * 2
        used = None if requested is None else round(requested * average / 100)
        return Figures(used, requested, one.limit and one.limit * 2, highest)

    assert (found.cpu, found.memory) == (twice(cpu, 50, 80), twice(memory, 25, 30))
    assert (found.workload, found.instances, found.window) == ("web", 2, 300.0)
    assert (found.instance, found.source) == (None, "cloudwatch")


def test_during_a_rollout_each_definition_counts_as_often_as_it_runs() -> None:
    rolling = service(
        runningCount=4,
        deployments=[
            deployment(runningCount=1),
            deployment(status="ACTIVE", taskDefinition=OLD, runningCount=3),
        ],
    )
    sizes = {DEFINITION: definition(cpu="1024"), OLD: definition(cpu="256", arn=OLD)}
    found = usage.of_service(rolling, sizes, usage.Percents((100, 100), (1, 1), NOW), SCOPE, WINDOW)
    assert found.cpu.requested == (1024 + 3 * 256) * UNIT
    assert usage.running_definitions(rolling) == {DEFINITION: 1, OLD: 3}


def test_a_size_that_is_not_known_leaves_the_percent_of_the_hottest() -> None:
    found = usage.of_service(service(), {}, usage.Percents((5, 7), (9, 11), NOW), SCOPE, WINDOW)
    assert (found.cpu, found.memory) == (Figures(highest=7), Figures(highest=11))


# --- Container Insights -------------------------------------------------------------------------


def row(container: str, cpu: str = "12.5", memory: str = "100", **more: str) -> list[Any]:
    named = {"TaskId": TASK_ID, "ContainerName": container, "cpu": cpu, "memory": memory,
             "at": "2026-05-01 11:59:00.000"} | more  # fmt: skip
    return [{"field": key, "value": value} for key, value in named.items() if value is not ABSENT]


def task(**more: Any) -> wire.Task:
    base = {
        "taskArn": f"{HEAD}:task/homebox-staging/{TASK_ID}", "taskDefinitionArn": DEFINITION,
        "group": "service:web", "lastStatus": "RUNNING", "containers": [{"name": "app"}],
    }  # fmt: skip
    return convert(wire.Task, base | more)


def of_task(item: wire.Task, made: wire.TaskDefinition | None, *rows: Any) -> Any:
    used = usage.rows(list(rows)).get(TASK_ID, {})
    return usage.of_task(item, [], made, used, scope=SCOPE, window=WINDOW)


def test_a_task_is_the_sum_of_its_containers() -> None:
    made = definition({"name": "app", "cpu": 64, "memory": 256}, cpu="256", memory="512")
    found = of_task(task(), made, row("app"), row("proxy", "7.5", "28"))
    assert found.cpu.used == pytest.approx(20 * NANOCORES / 1024, abs=2)
    assert (found.cpu.requested, found.cpu.limit) == (256 * UNIT, 256 * UNIT)
    assert found.memory.used == 128 * MEBIBYTE
    assert [(name, memory.limit) for name, _, memory in found.parts] == [
        ("app", 256 * MEBIBYTE), ("proxy", None),
    ]  # fmt: skip
    assert found.sampled_at == NOW - timedelta(minutes=1)
    assert (found.instance, found.source) == ("web-0f3c5d", "container-insights")


def test_a_task_that_was_not_measured_yet_has_no_numbers() -> None:
    found = of_task(task(), definition({"name": "app"}, cpu="256"))
    assert (found.cpu.used, found.cpu.limit, found.sampled_at) == (None, 256 * UNIT, None)


def test_a_task_run_by_hand_is_of_no_workload() -> None:
    found = of_task(task(group="family:migrate"), None, row("app"))
    assert (found.workload, found.type) == (None, None)


@pytest.mark.parametrize(
    "broken",
    [
        row("app", "inf"),
        row("app", memory="nan"),
        row("app", at="soon"),
        row("app", ABSENT),
        row("app", "much"),
        row("app", memory=ABSENT),
        [{"field": "@ptr"}],
        [],
    ],
    ids=[
        "endless",
        "not a number",
        "no time",
        "no CPU",
        "no number",
        "no memory",
        "another row",
        "nothing",
    ],
)
def test_rows_without_numbers_are_none(broken: Any) -> None:
    assert usage.rows([broken]) == {}


def test_machines_tell_what_is_reserved_and_their_cluster_what_is_used() -> None:
    def resources(cpu: int, memory: int) -> list[Any]:
        named = (("CPU", cpu), ("MEMORY", memory))
        return [{"name": name, "type": "INTEGER", "integerValue": one} for name, one in named]

    machines = [
        convert(native_wire.ContainerInstance, {
            "containerInstanceArn": f"{HEAD}:container-instance/homebox-staging/{name}",
            "registeredResources": resources(2048, 4096),
            "remainingResources": resources(free, 4096),
        })
        for name, free in (("a", 1024), ("b", 2048))
    ]  # fmt: skip
    measured = usage.Percents((25, 90), (50, 50), NOW)
    one, two, cluster = usage.machines(machines, measured, SCOPE, WINDOW)
    assert (one.cpu.used, one.cpu.requested, one.cpu.limit) == (None, 1000, 2000)
    assert (two.cpu.requested, two.sampled_at, two.source) == (0, None, "ecs")
    assert (cluster.name, cluster.kind, cluster.source) == (
        "homebox-staging", "cluster", "cloudwatch",
    )  # fmt: skip
    assert cluster.memory.used == 4096
    assert usage.machines([], None, SCOPE, WINDOW) == []
    *_, unknown = usage.machines(machines, None, SCOPE, WINDOW)
    assert (unknown.cpu.used, unknown.source) == (None, "ecs")
