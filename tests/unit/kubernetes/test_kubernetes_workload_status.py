"""A workload's counts and its one-word status, for each kind."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dashborion.orchestrators.kubernetes import wire
from tests.unit.kubernetes.raw_kubernetes import ABSENT, Raw
from tests.unit.kubernetes.raw_kubernetes_workloads import (
    OVERDUE,
    daemonset,
    deployment,
    statefulset,
    workload,
)


def counts(item: wire.Controller) -> tuple[int, int, int]:
    found = workload(item)
    return found.desired, found.running, found.available


def test_a_deployments_counts() -> None:
    status = {"readyReplicas": 4, "availableReplicas": 3, "replicas": 6, "updatedReplicas": 5}
    assert counts(deployment(spec={"replicas": 5}, status=status)) == (5, 4, 3)


def test_a_statefulsets_counts() -> None:
    status = {"readyReplicas": 4, "availableReplicas": 3, "replicas": 6, "updatedReplicas": 5}
    assert counts(statefulset(spec={"replicas": 5}, status=status)) == (5, 4, 3)


def test_a_daemonsets_counts() -> None:
    status = {
        "desiredNumberScheduled": 5,
        "currentNumberScheduled": 6,
        "numberReady": 4,
        "numberAvailable": 3,
    }
    assert counts(daemonset(status=status)) == (5, 4, 3)


def test_a_server_that_does_not_report_available_statefulset_replicas_has_ready_ones() -> None:
    assert counts(statefulset(status={"availableReplicas": ABSENT, "readyReplicas": 2})) == (
        3,
        2,
        2,
    )


def test_a_statefulset_that_reports_none_available_has_none() -> None:
    assert counts(statefulset(status={"availableReplicas": 0})) == (3, 3, 0)


def test_counts_that_go_leaves_out_are_zero() -> None:
    nothing = {"replicas": ABSENT, "readyReplicas": ABSENT, "availableReplicas": ABSENT}
    assert counts(deployment(status=nothing)) == (3, 0, 0)


@pytest.mark.parametrize("replicas", [None, ABSENT])
def test_an_absent_desired_count_is_one(replicas: object) -> None:
    assert counts(deployment(spec={"replicas": replicas}))[0] == 1
    assert counts(statefulset(spec={"replicas": replicas}))[0] == 1


@pytest.mark.parametrize("build", [deployment, statefulset, daemonset])
def test_as_many_available_as_wanted_is_running(build: Callable[[], wire.Controller]) -> None:
    assert workload(build()).status == "running"


ZERO_PODS = {"replicas": 0, "updatedReplicas": 0, "readyReplicas": 0, "availableReplicas": 0}
ZERO_NODES = {
    "desiredNumberScheduled": 0,
    "updatedNumberScheduled": 0,
    "numberReady": 0,
    "numberAvailable": 0,
}


@pytest.mark.parametrize(
    "item",
    [
        pytest.param(deployment(spec={"replicas": 0}, status=ZERO_PODS), id="Deployment"),
        pytest.param(statefulset(spec={"replicas": 0}, status=ZERO_PODS), id="StatefulSet"),
        pytest.param(daemonset(status=ZERO_NODES), id="DaemonSet"),
        pytest.param(
            deployment(spec={"replicas": 0}, status=ZERO_PODS | {"conditions": [OVERDUE]}),
            id="even after a failed rollout",
        ),
        pytest.param(
            deployment(spec={"replicas": 0, "paused": True}, status=ZERO_PODS), id="even paused"
        ),
    ],
)
def test_none_wanted_and_none_running_is_stopped(item: wire.Controller) -> None:
    assert workload(item).status == "stopped"


def test_none_wanted_while_one_still_runs_is_not_stopped() -> None:
    left = ZERO_PODS | {"replicas": 1, "readyReplicas": 1}
    assert workload(deployment(spec={"replicas": 0}, status=left)).status == "running"


def test_none_running_though_wanted_is_degraded() -> None:
    assert workload(deployment(status=ZERO_PODS | {"replicas": 3})).status == "degraded"


def test_pods_that_cannot_be_created_at_all_are_missed() -> None:
    status: Raw = ZERO_PODS | {"unavailableReplicas": 3}
    assert workload(deployment(status=status)).status == "degraded"


def test_a_failed_rollout_is_degraded_although_the_old_pods_are_available() -> None:
    status = {"conditions": [OVERDUE], "updatedReplicas": 1, "replicas": 4}
    found = workload(deployment(status=status))
    assert (found.available, found.status, found.rollout.state) == (3, "degraded", "failed")


def test_more_available_than_wanted_is_running() -> None:
    assert workload(deployment(status={"replicas": 4, "availableReplicas": 4})).status == "running"


def test_a_paused_deployment_with_all_available_is_running() -> None:
    assert workload(deployment(spec={"paused": True})).status == "running"
