"""What people see of what is used, at 80 and 120 columns and through a pipe."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from dashborion import render
from dashborion.models.kinds import WorkloadType
from dashborion.models.usage import Consumption, Hottest, MachineUsage, Usage
from dashborion.render import Style
from dashborion.render.columns import View
from dashborion.render.views.usage import MACHINES, USAGE
from dashborion.streams import Streams

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def of(
    used: int | None,
    requested: int | None,
    limit: int | None = None,
    hottest: Hottest | None = None,
) -> Consumption:
    def percent(whole: int | None) -> float | None:
        return round(used * 100 / whole, 1) if used is not None and whole else None

    return Consumption(
        used=used, requested=requested, limit=limit, percent_of_request=percent(requested),
        percent_of_limit=percent(limit), hottest=hottest,
    )  # fmt: skip


def usage(workload: str, cpu: Consumption, memory: Consumption, **more: Any) -> Usage:
    base: dict[str, Any] = {
        "project": "shop", "environment": "staging", "namespace": "shop", "workload": workload,
        "type": WorkloadType.DEPLOYMENT, "instance": None, "container": None,
        "orchestrator": "kubernetes", "instances": 3, "sampled": 3, "sampled_at": NOW,
        "window": 15.0, "source": "metrics-server",
    }  # fmt: skip
    return Usage(cpu=cpu, memory=memory, **base | more)


def machine(name: str, kind: str, cpu: Consumption, memory: Consumption) -> MachineUsage:
    return MachineUsage(
        project="shop", environment="staging", name=name, kind=kind, orchestrator="ecs", cpu=cpu,
        memory=memory, sampled_at=NOW, window=300.0, source="ecs",
    )  # fmt: skip


HOT = Hottest(instance="checkout-6cf64c-cwrxm", container="app", percent=97.4)
WORKLOADS = [
    usage("checkout", of(812, 900), of(1390, 1024, 1536, HOT), sampled=2),
    usage("idle", of(0, 100, 200), of(12, 64, 128)),
    usage("new", of(None, 100), of(None, 64, 128), sampled=0),
]
PODS = [
    usage("checkout", of(90, 100), of(9, 64, 128), instance="checkout-6cf64c-cwrxm",
          instances=1, container=name)
    for name in ("app", "proxy")
]  # fmt: skip
HOSTS = [
    machine("2860d940bf1ab8ab5ea9a09ba6b271a8", "container-instance", of(None, 125, 2000),
            of(None, 1024, 3884)),
    machine("shop-staging", "cluster", of(69, 125, 2000), of(398, 1024, 3884)),
]  # fmt: skip

SEEN: dict[str, tuple[View, list[Any], int, str]] = {
    "workloads at 80": (USAGE, WORKLOADS, 80, """
WORKLOAD   CPU  CPU%          MEMORY  MEM%          HOTTEST
checkout  812m  |||||  90% R  1390Mi  |||||  90% L  97% memory checkout-6cf64c-…
idle        0m          0% L    12Mi          9% L  -
new          -  -                  -  -             -
"""),
    "workloads at 120": (USAGE, WORKLOADS, 120, """
WORKLOAD  INSTANCES   CPU  CPU%          MEMORY  MEM%          HOTTEST
checkout        2/3  812m  |||||  90% R  1390Mi  |||||  90% L  97% memory checkout-6cf64c-cwrxm/app
idle            3/3    0m          0% L    12Mi          9% L  -
new             0/3     -  -                  -  -             -
"""),
    "containers at 80": (USAGE, PODS, 80, """
WORKLOAD  INSTANCE            CONTAINER  CPU  CPU%          MEMORY  MEM%
checkout  checkout-6cf64c-c…  app        90m  ||||   90% R     9Mi          7% L
checkout  checkout-6cf64c-c…  proxy      90m  ||||   90% R     9Mi          7% L
"""),
    "machines at 80": (MACHINES, HOSTS, 80, """
NAME                 CPU  CPU%         RESERVED  MEMORY  MEM%           RESERVED
2860d940bf1ab8ab5e…    -  -           125/2000m       -  -           1024/3884Mi
shop-staging         69m          3%  125/2000m   398Mi  |      10%  1024/3884Mi
"""),
}  # fmt: skip


def shown(view: View, items: list[Any], width: int) -> list[str]:
    streams = Streams.test(tty=True, width=width)
    render.show_list(streams, view, items, Style(), now=NOW)
    printed: str = streams.out.getvalue()  # type: ignore[attr-defined]
    return printed.splitlines()


@pytest.mark.parametrize("name", SEEN)
def test_on_a_terminal(name: str) -> None:
    view, items, width, expected = SEEN[name]
    assert shown(view, items, width) == expected.strip().splitlines()


def test_a_pipe_has_numbers_without_units() -> None:
    streams = Streams.test()
    columns = ["workload", "instances", "cpu", "cpu-percent", "memory", "memory-limit", "hottest"]
    render.show_list(streams, USAGE, WORKLOADS, Style(columns=columns), now=NOW)
    assert streams.out.getvalue().splitlines() == [  # type: ignore[attr-defined]
        "\t".join(column.upper() for column in columns),
        "checkout\t3\t812\t90.2\t1390\t1536\t97% memory checkout-6cf64c-cwrxm/app",
        "idle\t3\t0\t0.0\t12\t128\t-",
        "new\t3\t-\t-\t-\t128\t-",
    ]


@pytest.mark.parametrize(
    ("sort", "first"),
    [("-cpu", "checkout"), ("memory", "idle"), ("-cpu%", "checkout"), ("hottest", "checkout")],
)
def test_numbers_are_sorted_as_numbers(sort: str, first: str) -> None:
    assert USAGE.sorted(WORKLOADS[::-1], sort)[0].workload == first


def test_names_are_those_that_other_commands_take() -> None:
    (names,) = USAGE.names([*WORKLOADS, *PODS], frozenset())
    assert names[:3] == ["checkout", "idle", "new"]
    assert set(names[3:]) == {"checkout-6cf64c-cwrxm"}
