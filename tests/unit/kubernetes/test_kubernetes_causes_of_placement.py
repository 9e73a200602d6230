"""Pods without a node: what schedulers of all versions say, clause by clause, and autoscalers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from dashborion.models.cause import Code, Severity
from dashborion.orchestrators.kubernetes import nearby_wire
from dashborion.orchestrators.kubernetes.causes.placement import clauses
from tests.unit.kubernetes.raw_kubernetes import (
    ABSENT,
    CREATED,
    Raw,
    condition,
    decode,
    metadata,
    pod,
    waiting,
)
from tests.unit.kubernetes.raw_kubernetes_causes import ago, codes, event, found

FULL = "0/3 nodes are available: 3 Insufficient cpu."
PENDING: Raw = {"phase": "Pending", "containerStatuses": None, "startTime": ABSENT}


@pytest.mark.parametrize(
    ("clause", "code", "key"),
    [
        ("Insufficient cpu", Code.UNSCHEDULABLE_CPU, ""),
        ("Insufficient memory", Code.UNSCHEDULABLE_MEMORY, ""),
        ("Insufficient ephemeral-storage", Code.UNSCHEDULABLE_STORAGE, ""),
        ("Insufficient nvidia.com/gpu", Code.UNSCHEDULABLE_RESOURCE, "nvidia.com/gpu"),
        ("cannot allocate all claims", Code.UNSCHEDULABLE_RESOURCE, ""),
        (
            "Insufficient vpc.amazonaws.com/pod-eni",
            Code.UNSCHEDULABLE_NETWORK,
            "vpc.amazonaws.com/pod-eni",
        ),
        ("Too many pods", Code.UNSCHEDULABLE_COUNT, ""),
        ("node(s) were unschedulable", Code.UNSCHEDULABLE_CORDONED, ""),
        (
            "node(s) had untolerated taint {node.kubernetes.io/unschedulable: }",
            Code.UNSCHEDULABLE_CORDONED,
            "",
        ),
        ("node(s) had untolerated taint {team: blue}", Code.UNSCHEDULABLE_TAINT, "team: blue"),
        ("node(s) had untolerated taint(s)", Code.UNSCHEDULABLE_TAINT, ""),
        (
            "node(s) had taint {team: blue}, that the pod didn't tolerate",
            Code.UNSCHEDULABLE_TAINT,
            "team: blue",
        ),
        ("node(s) didn't match Pod's node affinity/selector", Code.UNSCHEDULABLE_NODE, ""),
        ("node(s) didn't match Pod's node affinity", Code.UNSCHEDULABLE_NODE, ""),
        ("node(s) didn't match node selector", Code.UNSCHEDULABLE_NODE, ""),
        ("node(s) didn't match the requested node name", Code.UNSCHEDULABLE_NODE, ""),
        ("node(s) didn't satisfy plugin(s) [NodeAffinity]", Code.UNSCHEDULABLE_NODE, ""),
        ("node(s) didn't match pod affinity rules", Code.UNSCHEDULABLE_AFFINITY, ""),
        ("node(s) didn't match pod anti-affinity rules", Code.UNSCHEDULABLE_ANTI_AFFINITY, ""),
        (
            "node(s) didn't satisfy existing pods anti-affinity rules",
            Code.UNSCHEDULABLE_ANTI_AFFINITY,
            "",
        ),
        ("node(s) didn't match pod topology spread constraints", Code.UNSCHEDULABLE_SPREAD, ""),
        (
            "node(s) didn't have free ports for the requested pod ports",
            Code.UNSCHEDULABLE_PORT,
            "",
        ),
        ("node(s) had volume node affinity conflict", Code.UNSCHEDULABLE_VOLUME, ""),
        ("node(s) didn't match PersistentVolume's node affinity", Code.UNSCHEDULABLE_VOLUME, ""),
        (
            "node(s) didn't find available persistent volumes to bind",
            Code.UNSCHEDULABLE_VOLUME,
            "",
        ),
        ("node(s) exceed max volume count", Code.UNSCHEDULABLE_VOLUME, ""),
        ("node(s) had no available volume zone", Code.UNSCHEDULABLE_VOLUME, ""),
        ("node(s) had no available disk", Code.UNSCHEDULABLE_VOLUME, ""),
        ("node(s) did not have enough free storage", Code.UNSCHEDULABLE_VOLUME, ""),
        (
            "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod",
            Code.UNSCHEDULABLE_VOLUME,
            "",
        ),
        ("pod has unbound immediate PersistentVolumeClaims", Code.VOLUME_UNBOUND, ""),
        ('persistentvolumeclaim "data" not found', Code.VOLUME_UNBOUND, "data"),
        ("persistentvolumeclaim bound to non-existent persistentvolume", Code.VOLUME_UNBOUND, ""),
        ("node(s) are on fire", Code.UNSCHEDULABLE, "node(s) are on fire"),
    ],
)
def test_what_a_clause_means(clause: str, code: Code, key: str) -> None:
    (one,) = clauses(f"0/3 nodes are available: 3 {clause}.")
    assert (one.code, one.key, one.nodes, one.text) == (code, key, 3, clause)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        pytest.param(
            "0/9 nodes are available: 2 Insufficient cpu, 3 node(s) had untolerated taint {a: b},"
            " 4 Insufficient memory. preemption: 0/9 nodes are available: 9 No preemption victims"
            " found for incoming pod.",
            ["unschedulable-memory", "unschedulable-cpu", "unschedulable-taint"],
            id="what it lacks, the most nodes first, then what is not for it",
        ),
        pytest.param(
            "0/2 nodes are available: 2 Insufficient cpu. no new claims to deallocate, preemption:"
            " 0/2 nodes are available: 2 Preemption is not helpful for scheduling.",
            ["unschedulable-cpu"],
            id="claims",
        ),
        pytest.param(
            "0/2 nodes are available: 2 node(s) didn't match pod affinity/anti-affinity, 2 node(s)"
            " didn't match pod anti-affinity rules.",
            ["unschedulable-anti-affinity"],
            id="which affinity",
        ),
        pytest.param(
            "0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found",
            ["volume-unbound"],
            id="without a count",
        ),
        pytest.param('persistentvolumeclaim "a" not found', ["volume-unbound"], id="no nodes"),
        pytest.param("no nodes available to schedule pods", ["no-nodes"], id="none"),
        pytest.param("0/0 nodes are available: .", ["no-nodes"], id="none of none"),
        pytest.param("of another scheduler's own", ["unschedulable"], id="another scheduler"),
    ],
)
def test_a_message_clause_by_clause(message: str, expected: list[str]) -> None:
    assert [str(one.code) for one in clauses(message)] == expected


def unscheduled(
    message: str = FULL, *, reason: str = "Unschedulable", status: str = "False", **spec: Any
) -> Any:
    told = condition("PodScheduled", status, reason=reason, message=message)
    return pod(status=PENDING, spec={"nodeName": ABSENT, **spec}, conditions=[told])


def test_an_unknown_condition_is_no_cause() -> None:
    assert codes(unscheduled(status="Unknown")) == []


@pytest.mark.parametrize(
    ("event_reason", "message", "expected", "severity"),
    [
        ("NotTriggerScaleUp", "pod didn't trigger scale-up: 1 max node group size reached",
         ["unschedulable-cpu", "capacity"], None),
        ("FailedScaleUp", "failed to increase node group size",
         ["unschedulable-cpu", "capacity"], None),
        ("FailedScheduling", 'Failed to schedule pod, incompatible with nodepool "default"',
         ["unschedulable-cpu", "capacity"], None),
        ("FailedScheduling", FULL, ["unschedulable-cpu"], None),
        ("TriggeredScaleUp", "pod triggered scale-up: [{workers 1->2 (max: 3)}]",
         ["unschedulable-cpu"], Severity.WARNING),
    ],
    ids=["no group", "no machine", "karpenter", "the scheduler", "on its way"],
)  # fmt: skip
def test_what_autoscalers_of_nodes_say(
    event_reason: str, message: str, expected: list[str], severity: Severity | None
) -> None:
    told = [event(event_reason, message, container=None, at=ago(minutes=1))]
    findings = found(unscheduled(), events=told)
    assert [one.code for one in findings] == expected
    assert findings[0].severity is severity


def test_a_pod_of_this_moment_is_no_more_than_a_warning() -> None:
    moment = datetime.fromisoformat(CREATED) + timedelta(seconds=5)
    (one,) = found(unscheduled(), now=moment)
    assert one.severity is Severity.WARNING


def test_a_claim_that_waits_says_why() -> None:
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": "data"}}
    claim = decode(
        nearby_wire.Claim, {"metadata": metadata("data"), "status": {"phase": "Pending"}}
    )
    (one,) = found(
        unscheduled("0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.",
                    volumes=[volume]),
        claims={"data": claim},
    )  # fmt: skip
    assert [(e.source, e.value) for e in one.evidence][1] == (
        "persistentvolumeclaim/data",
        "Pending",
    )


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({}, ["not-started"], id="its kubelet says nothing"),
        pytest.param({"startTime": ago(minutes=4)}, [], id="it has begun, and events are unknown"),
    ],
)
def test_what_a_node_does_not_begin_with(change: Raw, expected: list[str]) -> None:
    bound = condition("PodScheduled", lastTransitionTime=ago(minutes=5))
    assert codes(pod(status=PENDING | change, conditions=[bound])) == expected


def test_what_waits_for_its_image_is_begun() -> None:
    told = [event("Pulling", "Pulling image", at=ago(minutes=4))]
    being_made = pod(
        waiting(reason="ContainerCreating"),
        status={"phase": "Pending", "startTime": ago(minutes=5)},
        conditions=[condition("PodScheduled", lastTransitionTime=ago(minutes=5))],
    )
    assert "not-started" not in codes(being_made, events=told)
