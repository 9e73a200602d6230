"""How many replicas must be available: all of them, or while rolling, less maxUnavailable.

One at least: with none available a workload is degraded, whatever its strategy allows.

Each case is held at the floor (running) and one below it (degraded).
"""

from __future__ import annotations

import pytest

from tests.unit.kubernetes.raw_kubernetes import ABSENT, Raw
from tests.unit.kubernetes.raw_kubernetes_workloads import (
    OVERDUE,
    ROLLING,
    daemonset,
    deployment,
    statefulset,
    workload,
)


def rolling_deployment(desired: int, available: int, strategy: Raw) -> str:
    status = {"conditions": [ROLLING], "updatedReplicas": 0, "readyReplicas": desired or 1}
    spec = {"replicas": desired, "strategy": strategy}
    return workload(deployment(spec=spec, status=status | {"availableReplicas": available})).status


def limits(unavailable: object, surge: object) -> Raw:
    return {"rollingUpdate": {"maxUnavailable": unavailable, "maxSurge": surge}}


@pytest.mark.parametrize(
    ("desired", "strategy", "floor"),
    [
        pytest.param(4, limits(1, 1), 3, id="a count"),
        pytest.param(4, limits("25%", "25%"), 3, id="a percentage"),
        pytest.param(7, limits("25%", "25%"), 6, id="unavailable rounds down"),
        pytest.param(3, limits("25%", "25%"), 3, id="to nothing as long as it surges"),
        pytest.param(3, limits("25%", "1%"), 3, id="surge rounds up"),
        pytest.param(3, limits("25%", 0), 2, id="both zero after rounding is one"),
        pytest.param(3, limits(0, "0%"), 2, id="both zero is one"),
        pytest.param(3, limits("100%", 0), 1, id="all of them, but never all of them at once"),
        pytest.param(3, limits(9, 1), 1, id="more than there are"),
        pytest.param(8, limits(None, None), 6, id="null is a quarter"),
        pytest.param(8, limits(ABSENT, 1), 6, id="absent is a quarter"),
        pytest.param(8, {"rollingUpdate": ABSENT}, 6, id="no numbers at all"),
        pytest.param(50, limits("29%", 0), 36, id="no floating point"),
        pytest.param(4, {"type": "Recreate", "rollingUpdate": None}, 1, id="Recreate"),
    ],
)
def test_a_rolling_deployment(desired: int, strategy: Raw, floor: int) -> None:
    assert rolling_deployment(desired, floor, strategy) == "running"
    assert rolling_deployment(desired, floor - 1, strategy) == "degraded"


def rolling_statefulset(desired: int, available: int, strategy: Raw) -> str:
    spec = {"replicas": desired, "updateStrategy": {"rollingUpdate": strategy}}
    status = {"updatedReplicas": 0, "readyReplicas": desired, "availableReplicas": available}
    return workload(statefulset(spec=spec, status=status)).status


@pytest.mark.parametrize(
    ("desired", "strategy", "floor"),
    [
        pytest.param(3, {"partition": 0}, 2, id="one by one unless told"),
        pytest.param(3, {"maxUnavailable": None}, 2, id="null"),
        pytest.param(5, {"maxUnavailable": 2}, 3, id="a count"),
        pytest.param(4, {"maxUnavailable": "50%"}, 2, id="a percentage"),
        pytest.param(3, {"maxUnavailable": "1%"}, 2, id="at least one"),
        pytest.param(2, {"maxUnavailable": 5}, 1, id="more than there are"),
        pytest.param(5, {"maxUnavailable": "30%"}, 4, id="rounds down"),
    ],
)
def test_a_rolling_statefulset(desired: int, strategy: Raw, floor: int) -> None:
    assert rolling_statefulset(desired, floor, strategy) == "running"
    assert rolling_statefulset(desired, floor - 1, strategy) == "degraded"


def rolling_daemonset(desired: int, available: int, strategy: Raw) -> str:
    counts = {
        "desiredNumberScheduled": desired,
        "updatedNumberScheduled": 0,
        "numberReady": desired,
        "numberAvailable": available,
    }
    spec = {"updateStrategy": {"rollingUpdate": strategy}}
    return workload(daemonset(spec=spec, status=counts)).status


@pytest.mark.parametrize(
    ("desired", "strategy", "floor"),
    [
        pytest.param(3, limits(1, 0)["rollingUpdate"], 2, id="a count"),
        pytest.param(3, limits(None, None)["rollingUpdate"], 2, id="one by one unless told"),
        pytest.param(5, limits("30%", 0)["rollingUpdate"], 3, id="a percentage rounds up"),
        pytest.param(
            2,
            limits("100%", 0)["rollingUpdate"],
            1,
            id="all of them, but never all of them at once",
        ),
        pytest.param(3, limits(0, 1)["rollingUpdate"], 3, id="surging"),
        pytest.param(3, limits(0, "10%")["rollingUpdate"], 3, id="surging by a percentage"),
    ],
)
def test_a_rolling_daemonset(desired: int, strategy: Raw, floor: int) -> None:
    assert rolling_daemonset(desired, floor, strategy) == "running"
    assert rolling_daemonset(desired, floor - 1, strategy) == "degraded"


def test_at_rest_the_floor_is_all_of_them() -> None:
    loose = {"strategy": limits("100%", "100%")}
    one_short: Raw = {"availableReplicas": 2}
    assert workload(deployment(spec=loose, status=one_short)).status == "degraded"
    assert workload(statefulset(status=one_short)).status == "degraded"
    assert workload(daemonset(status={"numberAvailable": 2})).status == "degraded"


def test_a_paused_or_failed_rollout_does_not_lower_the_floor() -> None:
    paused = {"paused": True, "strategy": limits("100%", 0)}
    failed = {"conditions": [OVERDUE]}
    assert workload(deployment(spec=paused, status={"availableReplicas": 2})).status == "degraded"
    assert workload(deployment(status=failed)).status == "degraded"
