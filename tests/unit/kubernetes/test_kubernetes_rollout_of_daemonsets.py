"""A DaemonSet's rollout: on how many nodes the pod is the updated one."""

from __future__ import annotations

import pytest

from dashborion.orchestrators.kubernetes.rollout import rollout as judge
from tests.unit.kubernetes.raw_kubernetes import ABSENT, Raw
from tests.unit.kubernetes.raw_kubernetes_workloads import daemonset

ON_DELETE = {"updateStrategy": {"type": "OnDelete", "rollingUpdate": ABSENT}}


def test_every_node_updated_is_complete() -> None:
    found = judge(daemonset())
    assert (found.state, found.message, found.revision) == ("complete", None, None)


@pytest.mark.parametrize(
    ("meta", "status"),
    [
        pytest.param({"generation": 3}, {}, id="a newer generation"),
        pytest.param({}, {"observedGeneration": ABSENT}, id="never observed"),
    ],
)
@pytest.mark.parametrize("spec", [{}, ON_DELETE], ids=["RollingUpdate", "OnDelete"])
def test_an_unobserved_change_comes_first(meta: Raw, status: Raw, spec: Raw) -> None:
    found = judge(daemonset(meta=meta, spec=spec, status=status | {"updatedNumberScheduled": 0}))
    assert found.state == "progressing"
    assert found.message == "waiting for the change to be observed"


def test_missing_updates_are_progress() -> None:
    found = judge(daemonset(status={"updatedNumberScheduled": 2}))
    assert (found.state, found.message) == ("progressing", "2 of 3 pods updated")


def test_updates_that_the_status_leaves_out_are_none() -> None:
    found = judge(daemonset(status={"updatedNumberScheduled": ABSENT}))
    assert found.message == "0 of 3 pods updated"


def test_on_delete_says_that_pods_wait_to_be_deleted() -> None:
    found = judge(daemonset(spec=ON_DELETE, status={"updatedNumberScheduled": 1}))
    assert found.state == "paused"
    assert found.message == "OnDelete: 2 pods keep the old revision until they are deleted"


def test_on_delete_is_complete_when_all_were_deleted() -> None:
    assert judge(daemonset(spec=ON_DELETE)).state == "complete"


def test_a_pod_that_dies_after_the_rollout_does_not_start_it_again() -> None:
    assert judge(daemonset(status={"numberReady": 1, "numberAvailable": 1})).state == "complete"


def test_no_node_to_run_on_is_complete() -> None:
    counts = dict.fromkeys(("desiredNumberScheduled", "updatedNumberScheduled"), 0)
    assert judge(daemonset(status=counts)).state == "complete"
