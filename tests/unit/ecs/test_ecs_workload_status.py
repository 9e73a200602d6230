"""stopped at zero; degraded below the floor, with a failed rollout or draining; else running."""

from __future__ import annotations

from typing import Any

import pytest

from dashborion.models.workload import WorkloadStatus
from dashborion.orchestrators.ecs import rollout
from tests.unit.ecs.raw_ecs import ABSENT, Raw, deployment, service, workload

RUNNING, DEGRADED, STOPPED = (
    WorkloadStatus.RUNNING,
    WorkloadStatus.DEGRADED,
    WorkloadStatus.STOPPED,
)


def counts(desired: int, running: int, **more: Any) -> Raw:
    return {"desiredCount": desired, "runningCount": running, **more}


@pytest.mark.parametrize(
    ("change", "unhealthy", "expected"),
    [
        pytest.param(counts(2, 2), 0, RUNNING, id="all there"),
        pytest.param(counts(2, 3), 0, RUNNING, id="one more than wanted"),
        pytest.param(counts(2, 1), 0, DEGRADED, id="one missing"),
        pytest.param(counts(2, 0), 0, DEGRADED, id="none there"),
        pytest.param(counts(2, 2), 1, DEGRADED, id="one unhealthy"),
        pytest.param(counts(2, 3), 1, RUNNING, id="one unhealthy and one more than wanted"),
        pytest.param(counts(0, 0), 0, STOPPED, id="at zero"),
        pytest.param(counts(0, 0, status="DRAINING"), 0, STOPPED, id="drained"),
        pytest.param(counts(0, 1), 0, RUNNING, id="on its way to zero"),
        pytest.param(counts(0, 1, status="DRAINING"), 0, DEGRADED, id="draining"),
        pytest.param(
            counts(1, 1, status="DRAINING"), 0, DEGRADED, id="draining with all its tasks"
        ),
        pytest.param(
            counts(2, 2, deployments=[deployment(rolloutState="FAILED")]),
            0,
            DEGRADED,
            id="a failed rollout",
        ),
        pytest.param(counts(2, 2, deployments=[]), 0, RUNNING, id="no deployments"),
        pytest.param(counts(1, 0, pendingCount=1), 0, DEGRADED, id="its only task pending"),
    ],
)
def test_the_status_of_a_service(change: Raw, unhealthy: int, expected: WorkloadStatus) -> None:
    assert workload(service(**change), unhealthy=unhealthy).status is expected


def test_available_is_what_runs_less_what_is_unhealthy() -> None:
    found = workload(service(**counts(4, 3)), unhealthy=1)
    assert (found.desired, found.running, found.available) == (4, 3, 2)


def test_available_is_never_below_zero() -> None:
    assert workload(service(**counts(1, 0)), unhealthy=1).available == 0


@pytest.mark.parametrize(
    ("desired", "percent", "strategy", "expected"),
    [
        pytest.param(4, 100, "REPLICA", 4, id="all"),
        pytest.param(4, 50, "REPLICA", 2, id="half"),
        pytest.param(3, 50, "REPLICA", 2, id="half of three is rounded up"),
        pytest.param(3, 67, "REPLICA", 3, id="two thirds of three are rounded up"),
        pytest.param(3, 66, "REPLICA", 2, id="just below two thirds"),
        pytest.param(4, 0, "REPLICA", 1, id="none, but never less than one"),
        pytest.param(100, 29, "REPLICA", 29, id="no rounding where there is nothing to round"),
        pytest.param(4, ABSENT, "REPLICA", 4, id="unset"),
        pytest.param(4, ABSENT, "DAEMON", 1, id="unset for a daemon"),
        pytest.param(4, 50, "DAEMON", 2, id="half of a daemon"),
    ],
)
def test_the_floor_while_rolling(desired: int, percent: int, strategy: str, expected: int) -> None:
    configuration = {} if percent is ABSENT else {"minimumHealthyPercent": percent}
    item = service(
        desiredCount=desired,
        schedulingStrategy=strategy,
        deploymentConfiguration=configuration,
    )
    assert rollout.floor(item) == expected


@pytest.mark.parametrize(
    ("state", "running", "expected"),
    [
        pytest.param("IN_PROGRESS", 2, RUNNING, id="at the floor while rolling"),
        pytest.param("IN_PROGRESS", 1, DEGRADED, id="below the floor while rolling"),
        pytest.param("COMPLETED", 2, DEGRADED, id="the floor means nothing when done"),
    ],
)
def test_the_floor_counts_while_a_rollout_progresses(
    state: str, running: int, expected: WorkloadStatus
) -> None:
    item = service(
        **counts(4, running),
        deploymentConfiguration={"minimumHealthyPercent": 50},
        deployments=[deployment(rolloutState=state)],
    )
    assert workload(item).status is expected


def test_a_daemon_with_an_unset_floor_is_running_while_it_rolls() -> None:
    item = service(
        **counts(3, 1),
        schedulingStrategy="DAEMON",
        deploymentConfiguration=ABSENT,
        deployments=[deployment(rolloutState="IN_PROGRESS")],
    )
    assert workload(item).status is RUNNING
