"""What only events, nodes and the workload beside it tell of a pod that does not start."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import pytest

from dashborion.models.event import Event, EventType
from dashborion.models.instance import Instance
from dashborion.orchestrators.kubernetes import wire
from dashborion.orchestrators.kubernetes.progress import troubles
from dashborion.orchestrators.kubernetes.reasons import Facts, holders, reasons
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
    daemonset,
    deployment,
    statefulset,
    template,
)

NAME = "web-7d9c5b8f6d-x2x9p"
BOUND = condition("PodScheduled")
PENDING: Raw = {"phase": "Pending", "containerStatuses": None}
NEW = instance(pod(status={**PENDING, "startTime": ABSENT}, conditions=[BOUND]))
UNSEEN = instance(pod(status={**PENDING, "startTime": ABSENT}, spec={"nodeName": ABSENT},
                      conditions=[]))  # fmt: skip
BEING_MADE = instance(
    pod(waiting(reason="ContainerCreating"), status={"phase": "Pending"}, conditions=[BOUND])
)
NO_SECRET = 'MountVolume.SetUp failed for volume "v" : secret "x" not found'
NO_DRIVER = "MountVolume.MountDevice failed: driver name d.csi not found in the list of drivers"


def told(reason: str, at: str, message: str = "", about: str = f"pod/{NAME}") -> Event:
    return Event(
        timestamp=datetime.fromisoformat(f"2024-05-01T{at}+00:00"),
        type=EventType.WARNING,
        reason=reason,
        message=message,
        object=about,
        count=1,
    )


def judged(facts: Facts) -> tuple[list[str], list[tuple[str, str]]]:
    """The reasons, and what may end a wait."""
    kinds = [(one.kind, one.reason) for one in troubles(facts)]
    return [one.reason for one in reasons(facts)], kinds  # type: ignore[return-value]


def facts(*events: Event, of: Instance = BEING_MADE, nodes: Any = None, **spec: Any) -> Facts:
    item = deployment(spec={"template": template() | {"spec": spec}} if spec else None)
    return Facts(item=item, instances=[of], events=events, nodes=nodes or {})


@pytest.mark.parametrize(
    ("events", "kind"),
    [
        pytest.param([told("FailedMount", "08:00:09", NO_SECRET)], "pull", id="no secret"),
        pytest.param([told("FailedMount", "08:00:09", NO_DRIVER)], None, id="no driver yet"),
        pytest.param(
            [told("FailedAttachVolume", "08:00:09", "Multi-Attach")], None, id="attached elsewhere"
        ),
        pytest.param([told("FailedCreatePodSandBox", "08:00:09", "no IP")], None, id="no sandbox"),
    ],
)
def test_what_keeps_containers_from_being_made(events: Sequence[Event], kind: str | None) -> None:
    reason = str(events[-1].reason)
    expected = [(kind, reason)] if kind else []
    assert judged(facts(*events)) == ([reason], expected)


@pytest.mark.parametrize(
    "events",
    [
        pytest.param([], id="nothing was said"),
        pytest.param(
            [told("FailedMount", "08:00:09", NO_SECRET), told("Pulling", "08:00:11")],
            id="it came, and the image is pulled",
        ),
        pytest.param(
            [told("FailedMount", "07:59:00", NO_SECRET)], id="of a pod that had the name before"
        ),
        pytest.param(
            [told("FailedMount", "08:00:09", NO_SECRET, about="pod/other")], id="of another pod"
        ),
    ],
)
def test_what_is_over_or_about_others_is_no_reason(events: Sequence[Event]) -> None:
    assert judged(facts(*events)) == ([], [])


def test_a_pod_that_runs_has_no_unmounted_files() -> None:
    found = facts(told("FailedMount", "08:00:09", NO_SECRET), of=instance(pod()))
    assert judged(found) == ([], [])


@pytest.mark.parametrize(
    ("of", "reason", "words"),
    [
        pytest.param(UNSEEN, "NotScheduled", "no scheduler 'mine' has taken it up", id="scheduler"),
        pytest.param(NEW, "NotStarted", "kubelet of node-a has not taken it up", id="kubelet"),
    ],
)
def test_a_pod_that_nobody_has_taken_up(of: Instance, reason: str, words: str) -> None:
    found = facts(of=of, schedulerName="mine")
    assert judged(found) == ([reason], [("placement", reason)])
    assert words in str(reasons(found)[0].message)


def test_a_dead_node_explains_all_that_is_not_ready_there() -> None:
    crashing = instance(pod(waiting(reason="CrashLoopBackOff"), conditions=[BOUND]))
    dead = {"node-a": "Kubelet stopped posting node status."}
    for of in (NEW, BEING_MADE, crashing):
        assert judged(facts(of=of, nodes=dead)) == (
            ["NodeNotReady"],
            [("placement", "NodeNotReady")],
        )
    assert judged(facts(of=instance(pod()), nodes=dead)) == ([], [])


CUT_OFF = [condition("Ready", "False"), condition("ContainersReady")]


def test_a_pod_whose_node_is_not_heard_of_does_not_look_healthy() -> None:
    found = instance(pod(conditions=CUT_OFF))
    assert (found.ready, found.health, found.reason) == (False, "unhealthy", "NodeNotReady")
    assert found.message == "node node-a is not ready"


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


# --- How containers ended -----------------------------------------------------------------------

UNREADY = [condition("Ready", "False", reason="ContainersNotReady", message="unready: [app]")]
WELL = {"terminated": ending(0, "Completed")}


@pytest.mark.parametrize(
    ("item", "reason", "message"),
    [
        pytest.param(
            pod(terminated("app", 3, "Error"), conditions=UNREADY),
            "Error", "app exited with 3", id="failed",
        ),
        pytest.param(
            pod(running("log"), terminated("app", 3, "Error"), conditions=UNREADY),
            "Error", "app exited with 3", id="one of two",
        ),
        pytest.param(
            pod(waiting(reason="CrashLoopBackOff", lastState=WELL), conditions=UNREADY),
            "Completed", "app exited with 0", id="well, before it waits",
        ),
        pytest.param(
            pod(terminated("app", 0, "Completed", restartCount=2, lastState=WELL),
                conditions=UNREADY),
            "Completed", "app exited with 0", id="well, again",
        ),
    ],
)  # fmt: skip
def test_an_end_has_its_container_and_code(item: wire.Pod, reason: str, message: str) -> None:
    found = {one.reason: one.message for one in reasons(facts(of=instance(item)))}
    assert found[reason] == message


# --- Pods that cannot be made -------------------------------------------------------------------

FEW: Raw = {"replicas": 2, "currentNumberScheduled": 2}
REFUSED = "exceeded quota: small"


@pytest.mark.parametrize("build", [statefulset, daemonset])
@pytest.mark.parametrize(
    ("status", "made_at", "expected"),
    [
        pytest.param(FEW, "08:00:01", True, id="refused last"),
        pytest.param(FEW, "08:00:02", True, id="some made, then refused, in one second"),
        pytest.param(FEW, "08:00:03", False, id="made since"),
        pytest.param({"currentNumberScheduled": 3}, "08:00:01", False, id="none is missing"),
    ],
)
def test_a_kind_without_conditions_is_refused_by_its_events(
    build: Any, status: Raw, made_at: str, expected: bool
) -> None:
    item = build(status=status)
    about = f"{type(item).__name__.lower()}/web"
    events = [
        told("SuccessfulCreate", made_at, about=about),
        told("FailedCreate", "08:00:02", REFUSED, about=about),
    ]
    found = Facts(item=item, events=events)
    failed = (["FailedCreate"], [("placement", "FailedCreate")]) if expected else ([], [])
    assert judged(found) == failed


def test_a_deployment_is_refused_by_its_condition() -> None:
    said = condition("ReplicaFailure", reason="FailedCreate", message=REFUSED)
    found = Facts(item=deployment(status={"conditions": [said]}))
    assert judged(found) == (["FailedCreate"], [("placement", "FailedCreate")])


# --- What holds the next revision back ----------------------------------------------------------


def of_revision(name: str, ready: bool) -> Instance:
    broken = [waiting(reason="ImagePullBackOff", message="no such image")]
    item = instance(pod(*([] if ready else broken), conditions=None if ready else UNREADY))
    return msgspec.structs.replace(item, name=name, revision=name)


ROLLING: Raw = {"updateRevision": "web-new", "updatedReplicas": 0}
SETS: dict[str, tuple[wire.Controller, list[str]]] = {
    "in order": (statefulset(status=ROLLING), ["old"]),
    "all at once": (statefulset(status=ROLLING, spec={"podManagementPolicy": "Parallel"}), []),
    "on delete": (
        statefulset(status=ROLLING, spec={"updateStrategy": {"type": "OnDelete"}}), [],
    ),
    "rolled out": (statefulset(status=ROLLING | {"updatedReplicas": 3}), []),
    "a deployment": (deployment(), []),
}  # fmt: skip


@pytest.mark.parametrize("name", SETS)
def test_an_unready_pod_of_an_older_revision_holds_a_set_that_goes_in_order(name: str) -> None:
    item, expected = SETS[name]
    around = [of_revision("old", False), of_revision("older", True), of_revision("new", False)]
    assert [one.name for one in holders(item, around)] == expected


def test_the_pod_to_stop_is_named() -> None:
    item, _ = SETS["in order"]
    found = Facts(item=item, instances=[of_revision("old", False)])
    assert judged(found) == (["ImagePullBackOff"], [("placement", "ImagePullBackOff")])
    assert reasons(found)[0].message == (
        "no such image; it holds the new revision back until `dashborion instances stop old`"
    )
