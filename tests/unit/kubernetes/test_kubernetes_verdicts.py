"""When a wait for a Kubernetes workload is over, and what is wrong with its pods."""

from __future__ import annotations

from typing import Any

import pytest

from dashborion.models.instance import Instance
from dashborion.orchestrators.changing import Trouble, Verdict
from dashborion.orchestrators.kubernetes import facts, rollout, wire
from dashborion.orchestrators.kubernetes.progress import holds, keys, started, troubles
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
from tests.unit.kubernetes.raw_kubernetes_causes import event, found
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
    seen = judge(item)
    assert (seen.done, seen.ended) == (True, None)
    assert seen.message == "3 of 3 available"


@pytest.mark.parametrize("build", [deployment, statefulset, daemonset])
def test_an_unobserved_generation_is_never_done(
    build: type[wire.Deployment],
) -> None:
    seen = judge(build(meta={"generation": 3}))  # type: ignore[call-arg]
    assert (seen.done, seen.ended) == (False, None)
    assert "observed" in seen.message


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
    seen = judge(deployment(status=status))
    assert (seen.done, seen.ended, seen.message) == (False, None, message)


def test_a_deployment_past_its_deadline_has_failed() -> None:
    seen = judge(deployment(status={"updatedReplicas": 1, "conditions": [OVERDUE]}))
    assert (seen.done, seen.ended) == (False, "rollout-failed")
    assert "timed out progressing" in seen.message


def test_a_paused_deployment_is_not_waited_for() -> None:
    seen = judge(deployment(spec={"paused": True}, status={"updatedReplicas": 1}))
    assert (seen.done, seen.ended) == (False, "paused")


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
    seen = judge(item)
    assert (seen.done, seen.ended) == (False, "paused")
    assert "2 pods keep the old revision" in seen.message


# --- Troubles -----------------------------------------------------------------------------------

UNPLACED = condition("PodScheduled", "False", reason="Unschedulable", message="0/2 nodes")


def trouble(item: wire.Pod, **more: Any) -> Trouble | None:
    about = facts.PodFacts(pod=item, instance=instance(item))
    return next(iter(troubles(found(item, **more), [about])), None)


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
    seen = trouble(item)
    assert seen is not None
    assert (seen.kind, seen.reason) == ("pull", reason)


def test_a_pod_without_a_place() -> None:
    item = pod(status={"phase": "Pending", "containerStatuses": []}, conditions=[UNPLACED])
    seen = trouble(item)
    assert seen is not None
    assert (seen.kind, seen.message) == ("placement", "0/2 nodes")


LAST = {"terminated": ending(137, "OOMKilled")}


@pytest.mark.parametrize(
    ("item", "reason", "count"),
    [
        pytest.param(
            pod(waiting("app", "CrashLoopBackOff", restartCount=4, lastState=LAST)),
            "OOMKilled",
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
    seen = trouble(item)
    assert seen is not None
    assert (seen.kind, seen.reason, seen.count) == ("crash", reason, count)


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


def member(item: wire.Pod) -> tuple[wire.Pod, Instance]:
    return item, instance(item)


def test_only_pods_made_after_the_request_count() -> None:
    old, new = (member(pod(meta={"name": name})) for name in ("web-1", "web-2"))
    assert started([old, new], "4", keys([old])) == [new]


def test_a_pod_of_a_statefulset_that_came_back_under_its_name_is_a_new_one() -> None:
    old = member(pod(meta={"name": "db-0", "uid": "first"}))
    again = member(
        pod(meta={"name": "db-0", "uid": "second", "creationTimestamp": "2024-05-01T09:00:00Z"})
    )
    assert started([again], None, keys([old])) == [again]


BOUND = condition("PodScheduled")
BEING_MADE = pod(
    waiting(reason="ContainerCreating"), status={"phase": "Pending"}, conditions=[BOUND]
)
PENDING: Raw = {"phase": "Pending", "containerStatuses": None, "startTime": ABSENT}
NO_SECRET = 'MountVolume.SetUp failed for volume "v" : secret "x" not found'
NO_DRIVER = "MountVolume.MountDevice failed: driver name d.csi not found in the list of drivers"


@pytest.mark.parametrize(
    ("reason", "message", "kind"),
    [
        pytest.param("FailedMount", NO_SECRET, "pull", id="no secret"),
        pytest.param("FailedMount", NO_DRIVER, None, id="no driver yet"),
        pytest.param("FailedAttachVolume", "Multi-Attach error", None, id="attached elsewhere"),
        pytest.param("FailedCreatePodSandBox", "no IP", None, id="no sandbox"),
    ],
)
def test_what_keeps_containers_from_being_made_may_bound_a_wait(
    reason: str, message: str, kind: str | None
) -> None:
    seen = trouble(BEING_MADE, events=[event(reason, message, container=None)])
    assert (seen and seen.kind) == kind


@pytest.mark.parametrize(
    "item",
    [
        pytest.param(
            pod(status=PENDING, spec={"nodeName": ABSENT}, conditions=[]), id="no scheduler"
        ),
        pytest.param(pod(status=PENDING, conditions=[BOUND]), id="no kubelet"),
    ],
)
def test_a_pod_that_nobody_has_taken_up_has_no_place(item: wire.Pod) -> None:
    seen = trouble(item)
    assert seen is not None
    assert seen.kind == "placement"


ROLLING_SET: Raw = {"updateRevision": "web-new", "updatedReplicas": 0}
UNREADY = pod(running(ready=False), conditions=[condition("Ready", "False")])


@pytest.mark.parametrize(
    ("item", "holding"),
    [
        pytest.param(statefulset(status=ROLLING_SET), True, id="in order"),
        pytest.param(
            statefulset(status=ROLLING_SET, spec={"podManagementPolicy": "Parallel"}), False,
            id="all at once",
        ),
        pytest.param(
            statefulset(status=ROLLING_SET, spec={"updateStrategy": {"type": "OnDelete"}}), False,
            id="on delete",
        ),
        pytest.param(
            statefulset(status=ROLLING_SET | {"updatedReplicas": 3}), False, id="rolled out"
        ),
        pytest.param(deployment(), False, id="a deployment"),
    ],
)  # fmt: skip
def test_an_unready_pod_of_an_older_revision_holds_a_set_that_goes_in_order(
    item: wire.Controller, holding: bool
) -> None:
    assert holds(item, instance(UNREADY)) is holding
    assert not holds(item, instance(pod()))


CUT_OFF = [condition("Ready", "False"), condition("ContainersReady")]


def test_a_pod_whose_node_is_not_heard_of_does_not_look_healthy() -> None:
    seen = instance(pod(conditions=CUT_OFF))
    assert (seen.ready, seen.health, seen.reason) == (False, "unhealthy", "NodeNotReady")
    assert seen.message == "node node-a is not ready"


@pytest.mark.parametrize(
    "conditions",
    [
        pytest.param(
            [condition("Ready", "False", reason="ReadinessGatesNotReady"), CUT_OFF[1]], id="a gate"
        ),
        pytest.param(
            [CUT_OFF[0], condition("ContainersReady", "False")], id="its containers are not ready"
        ),
        pytest.param([CUT_OFF[0] | {"lastTransitionTime": None}, CUT_OFF[1]], id="never turned"),
    ],
)
def test_what_only_is_not_ready_is_not_said_to_be_on_a_dead_node(conditions: list[Raw]) -> None:
    assert instance(pod(conditions=conditions)).reason is None
