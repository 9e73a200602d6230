"""When a wait for a Kubernetes workload is over, and what is wrong with its pods."""

from __future__ import annotations

import pytest

from dashborion.orchestrators.kubernetes import rollout, wire
from dashborion.orchestrators.kubernetes.progress import keys, started, troubles
from dashborion.orchestrators.kubernetes.reasons import Facts
from dashborion.orchestrators.protocol import Trouble, Verdict
from tests.unit.kubernetes.raw_kubernetes import (
    ABSENT,
    Raw,
    condition,
    ending,
    instance,
    pod,
    running,
    terminated,
    waiting,
)
from tests.unit.kubernetes.raw_kubernetes_workloads import (
    OVERDUE,
    ROLLED_OUT,
    ROLLING,
    daemonset,
    deployment,
    statefulset,
)


def judge(item: wire.Controller) -> Verdict:
    return rollout.verdict(item, rollout.rollout(item))


@pytest.mark.parametrize("item", [deployment(), statefulset(), daemonset()], ids=type)
def test_done_is_rolled_out_and_available(item: wire.Controller) -> None:
    found = judge(item)
    assert (found.done, found.ended) == (True, None)
    assert found.message == "complete: 3 of 3 replicas available"


@pytest.mark.parametrize("build", [deployment, statefulset, daemonset])
def test_an_unobserved_generation_is_never_done(
    build: type[wire.Deployment],
) -> None:
    found = judge(build(meta={"generation": 3}))  # type: ignore[call-arg]
    assert (found.done, found.ended) == (False, None)
    assert "observed" in found.message


@pytest.mark.parametrize(
    ("status", "message"),
    [
        pytest.param({"updatedReplicas": 1}, "1 of 3 replicas updated", id="not all updated"),
        pytest.param({"replicas": 4}, "1 old replicas pending termination", id="old ones left"),
        pytest.param(
            {"availableReplicas": 2, "conditions": [ROLLING]},
            "2 of 3 updated replicas available",
            id="not available yet",
        ),
        pytest.param(
            {"availableReplicas": 2, "conditions": [ROLLED_OUT]},
            "2 of 3 replicas available",
            id="complete to the controller, but not available",
        ),
        pytest.param(
            {"replicas": 2, "updatedReplicas": 2, "availableReplicas": 2},
            "2 of 3 replicas updated",
            id="scaled up, not there yet",
        ),
    ],
)
def test_a_deployment_on_its_way_says_how_far(status: Raw, message: str) -> None:
    found = judge(deployment(status=status))
    assert (found.done, found.ended, found.message) == (False, None, message)


def test_a_deployment_past_its_deadline_has_failed() -> None:
    found = judge(deployment(status={"updatedReplicas": 1, "conditions": [OVERDUE]}))
    assert (found.done, found.ended) == (False, "rollout-failed")
    assert "timed out progressing" in found.message


def test_a_paused_deployment_is_not_waited_for() -> None:
    found = judge(deployment(spec={"paused": True}, status={"updatedReplicas": 1}))
    assert (found.done, found.ended) == (False, "paused")


@pytest.mark.parametrize(
    ("status", "done"),
    [
        pytest.param({"updateRevision": "web-2"}, False, id="a new revision that is not current"),
        pytest.param({"updateRevision": "web-2", "updatedReplicas": 1}, False, id="one updated"),
        pytest.param({"readyReplicas": 2, "availableReplicas": 2}, False, id="not available"),
        pytest.param(
            {"readyReplicas": 2, "availableReplicas": ABSENT}, False, id="not ready, older server"
        ),
        pytest.param({"availableReplicas": ABSENT}, True, id="ready, on an older server"),
        pytest.param({"replicas": 4}, False, id="one too many"),
    ],
)
def test_a_statefulset(status: Raw, done: bool) -> None:
    assert judge(statefulset(status=status)).done is done


def test_a_statefulset_behind_a_partition_is_done_when_its_share_is() -> None:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}
    item = statefulset(
        spec={"updateStrategy": strategy}, status={"updateRevision": "web-2", "updatedReplicas": 1}
    )
    assert judge(item).done


@pytest.mark.parametrize(
    "item",
    [
        statefulset(
            spec={"updateStrategy": {"type": "OnDelete"}},
            status={"updatedReplicas": 1, "updateRevision": "web-2"},
        ),
        daemonset(
            spec={"updateStrategy": {"type": "OnDelete"}}, status={"updatedNumberScheduled": 1}
        ),
    ],
    ids=["statefulset", "daemonset"],
)
def test_with_on_delete_a_wait_ends_at_once(item: wire.Controller) -> None:
    found = judge(item)
    assert (found.done, found.ended) == (False, "paused")
    assert "2 pods keep the old revision" in found.message


# --- Troubles -----------------------------------------------------------------------------------

UNPLACED = condition("PodScheduled", "False", reason="Unschedulable", message="0/2 nodes")


def trouble(item: wire.Pod) -> Trouble | None:
    found = troubles(Facts(item=deployment(), instances=[instance(item)]))
    return found[0] if found else None


@pytest.mark.parametrize("reason", ["ErrImagePull", "ImagePullBackOff", "InvalidImageName",
                                    "ErrImageNeverPull", "CreateContainerConfigError"])  # fmt: skip
@pytest.mark.parametrize("initial", [False, True], ids=["regular", "init"])
def test_a_container_that_cannot_start(reason: str, initial: bool) -> None:
    stuck = waiting("app", reason, "as it says")
    item = (
        pod(waiting("app", "PodInitializing"), init=[stuck | {"name": "migrate"}],
            status={"phase": "Pending"}, conditions=[condition("Initialized", "False")])
        if initial
        else pod(stuck)
    )  # fmt: skip
    found = trouble(item)
    assert found is not None
    assert (found.kind, found.reason.removeprefix("Init:")) == ("pull", reason)


def test_a_pod_without_a_place() -> None:
    item = pod(status={"phase": "Pending", "containerStatuses": []}, conditions=[UNPLACED])
    found = trouble(item)
    assert found is not None
    assert (found.kind, found.message) == ("placement", "0/2 nodes")


LAST = {"terminated": ending(137, "OOMKilled")}


@pytest.mark.parametrize(
    ("item", "reason", "count"),
    [
        pytest.param(
            pod(waiting("app", "CrashLoopBackOff", restartCount=4, lastState=LAST)),
            "CrashLoopBackOff",
            4,
            id="waits for its next run",
        ),
        pytest.param(
            pod(running("app", restartCount=2, lastState=LAST)), "OOMKilled", 2, id="runs again"
        ),
        pytest.param(
            pod(terminated("app", 3, "Error"), status={"phase": "Failed"}), "Error", 1, id="ended"
        ),
    ],
)
def test_a_container_that_ends(item: wire.Pod, reason: str, count: int) -> None:
    found = trouble(item)
    assert found is not None
    assert (found.kind, found.reason, found.count) == ("crash", reason, count)


@pytest.mark.parametrize(
    "item",
    [
        pytest.param(pod(), id="well"),
        pytest.param(pod(running("app", ready=False)), id="not ready yet"),
        pytest.param(
            pod(waiting("app", "ContainerCreating"), status={"phase": "Pending"}), id="being made"
        ),
    ],
)
def test_a_state_that_may_become_well_is_no_trouble(item: wire.Pod) -> None:
    assert trouble(item) is None


def test_only_instances_made_after_the_request_count() -> None:
    old = instance(pod(meta={"name": "web-1"}))
    new = instance(pod(meta={"name": "web-2"}))
    assert started([old, new], "4", keys([old])) == [new]


def test_a_pod_of_a_statefulset_that_came_back_under_its_name_is_a_new_one() -> None:
    old = instance(pod(meta={"name": "db-0", "uid": "first"}))
    again = instance(
        pod(meta={"name": "db-0", "uid": "second", "creationTimestamp": "2024-05-01T09:00:00Z"})
    )
    assert started([again], None, keys([old])) == [again]
