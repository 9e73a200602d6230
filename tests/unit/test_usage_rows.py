"""What was measured, by workload, instance and container: sums, percentages, the hottest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dashborion.engines.usage import UsageRequest, rows
from dashborion.models.kinds import WorkloadType
from dashborion.models.usage import Hottest, Usage
from dashborion.orchestrators.samples import MEBIBYTE, NANOCORES, Figures, Sample, consumption
from tests.unit.kubernetes.raw_kubernetes import ENVIRONMENT

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
WINDOW = timedelta(minutes=5)
WHOLE = UsageRequest(window=WINDOW)


def cpu(used: float | None, requested: float | None = None, limit: float | None = None) -> Figures:
    """In millicores."""
    amounts = [None if one is None else round(one * NANOCORES / 1000) for one in
               (used, requested, limit)]  # fmt: skip
    return Figures(*amounts)


def part(name: str, of: Figures) -> tuple[str, Figures, Figures]:
    return name, of, Figures()


def sample(
    instance: str | None, of: Figures, *parts: tuple[str, Figures, Figures], **more: Any
) -> Sample:
    base: dict[str, Any] = {
        "namespace": "media", "workload": "web", "type": WorkloadType.DEPLOYMENT,
        "instance": instance, "cpu": of, "memory": Figures(), "parts": parts,
        "sampled_at": None if of.used is None and of.highest is None else NOW,
        "window": 15.0, "source": "metrics-server",
    }  # fmt: skip
    return Sample(**base | more)


def one(*samples: Sample) -> Usage:
    (row,) = rows(ENVIRONMENT, samples, WHOLE)
    return row


def test_instances_are_added_up_before_they_are_rounded() -> None:
    row = one(sample("a", cpu(100.4, 200, 300)), sample("b", cpu(100.4, 200, 300)))
    assert (row.cpu.used, row.cpu.requested, row.cpu.limit) == (201, 400, 600)
    assert (row.cpu.percent_of_request, row.cpu.percent_of_limit) == (50.2, 33.5)
    assert (row.instances, row.sampled, row.sampled_at) == (2, 2, NOW)


@pytest.mark.parametrize(
    ("nanocores", "bytes_", "expected"),
    [
        pytest.param(1, 1, (1, 0), id="the least"),
        pytest.param(1_000_000, MEBIBYTE, (1, 1), id="exactly one"),
        pytest.param(1_000_001, 2 * MEBIBYTE - 1, (2, 1), id="CPU up, memory down, as kubectl"),
        pytest.param(0, 0, (0, 0), id="nothing is not unknown"),
    ],
)
def test_what_is_used_is_rounded_as_by_kubectl(
    nanocores: int, bytes_: int, expected: tuple[int, int]
) -> None:
    row = one(sample("a", Figures(nanocores), memory=Figures(bytes_)))
    assert (row.cpu.used, row.memory.used) == expected


@pytest.mark.parametrize(
    ("second", "limit", "percent"),
    [
        pytest.param(cpu(50, 100, 100), 200, 50.0, id="both have one"),
        pytest.param(cpu(50, 100), None, None, id="one has none"),
    ],
)
def test_a_limit_is_that_of_all_or_of_none(
    second: Figures, limit: int | None, percent: float | None
) -> None:
    found = one(sample("a", cpu(50, 100, 100)), sample("b", second)).cpu
    assert (found.limit, found.percent_of_limit, found.requested) == (limit, percent, 200)
    assert found.percent == 50.0  # of the request, if there is no limit


def test_what_has_not_been_measured_has_no_part_in_percentages() -> None:
    row = one(sample("a", cpu(80, 100)), sample("new", cpu(None, 100)))
    assert (row.instances, row.sampled) == (2, 1)
    assert (row.cpu.used, row.cpu.requested, row.cpu.percent_of_request) == (80, 100, 80.0)


def test_where_nothing_has_been_measured_the_use_is_unknown() -> None:
    row = one(sample("new", cpu(None, 100, 200)))
    assert (row.cpu.used, row.cpu.requested, row.cpu.limit) == (None, 100, 200)
    assert (row.cpu.percent, row.cpu.hottest, row.sampled_at) == (None, None, None)


def test_a_request_of_nothing_has_no_percentage() -> None:
    assert one(sample("a", cpu(80, 0))).cpu.percent_of_request is None


HOTTEST = {
    "of limits": (
        [sample("a", cpu(0), part("app", cpu(50, 10, 100)), part("proxy", cpu(9, None, 10)))],
        Hottest(instance="a", container="proxy", percent=90.0),
    ),
    "of requests, where there is no limit": (
        [sample("a", cpu(0), part("app", cpu(50, 100, 100)), part("proxy", cpu(30, 20)))],
        Hottest(instance="a", container="proxy", percent=150.0),
    ),
    "among instances": (
        [sample("a", cpu(0), part("app", cpu(1, 2))), sample("b", cpu(0), part("app", cpu(2, 2)))],
        Hottest(instance="b", container="app", percent=100.0),
    ),
    "of an instance whose containers have no bounds": (
        [sample("a", cpu(150, 100, 200), part("app", cpu(150)))],
        Hottest(instance="a", container=None, percent=75.0),
    ),
    "of a maximum that names nobody": (
        [sample(None, Figures(1, 2, 2, highest=97.32))],
        Hottest(instance=None, container=None, percent=97.3),
    ),
    "of nothing that is bounded": ([sample("a", cpu(5), part("app", cpu(5)))], None),
}


@pytest.mark.parametrize("name", HOTTEST)
def test_the_hottest(name: str) -> None:
    samples, expected = HOTTEST[name]
    assert one(*samples).cpu.hottest == expected


def test_rows_of_each() -> None:
    pods = [
        sample(name, cpu(3, 6), part("app", cpu(1, 2)), part("proxy", cpu(2, 4)))
        for name in ("a", "b")
    ]
    bare = sample("bare", cpu(7), part("app", cpu(7)), workload=None, type=None)

    def found(**asked: bool) -> list[tuple[Any, ...]]:
        whole = rows(ENVIRONMENT, [*pods, bare], UsageRequest(window=WINDOW, **asked))
        return [(row.workload, row.instance, row.container, row.cpu.used) for row in whole]

    assert found() == [(None, "bare", None, 7), ("web", None, None, 6)]
    assert found(instances=True) == [
        (None, "bare", None, 7), ("web", "a", None, 3), ("web", "b", None, 3),
    ]  # fmt: skip
    assert found(containers=True) == [
        (None, "bare", "app", 7), ("web", None, "app", 2), ("web", None, "proxy", 4),
    ]  # fmt: skip
    assert len(found(instances=True, containers=True)) == 5


@pytest.mark.parametrize(
    ("over", "under", "percents", "kept"),
    [
        pytest.param(None, None, (None, None), True, id="everything"),
        pytest.param(90, None, (90, 89), False, id="not over"),
        pytest.param(90, None, (5, 90.1), True, id="over, of either resource"),
        pytest.param(None, 25, (25, 99), False, id="not under"),
        pytest.param(None, 25, (99, 24.9), True, id="under, of either resource"),
        pytest.param(90, 25, (50, 50), False, id="in between"),
        pytest.param(90, 25, (95, 50), True, id="one of two bounds"),
        pytest.param(90, 25, (None, None), False, id="unknown is neither"),
    ],
)
def test_bounds(
    over: float | None, under: float | None, percents: tuple[Any, Any], kept: bool
) -> None:
    figures = [Figures() if one is None else cpu(one, 100) for one in percents]
    row = one(sample("a", figures[0], memory=figures[1]))
    assert UsageRequest(window=WINDOW, over=over, under=under).keeps(row) is kept


def test_a_machine_has_no_hottest() -> None:
    found = consumption("cpu", cpu(500, None, 2000))
    assert (found.used, found.limit, found.percent, found.hottest) == (500, 2000, 25.0, None)
