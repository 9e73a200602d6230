"""Pods that were sent away, whose node is not well, or that do not leave; never of a well node."""

from __future__ import annotations

from typing import Any

import pytest

from dashborion.models.cause import Code, Severity
from dashborion.orchestrators.kubernetes import facts, nearby_wire, wire
from dashborion.orchestrators.kubernetes.causes.nodes import DISRUPTIONS, ENDED, LOST
from tests.unit.kubernetes.raw_kubernetes import ABSENT, Raw, condition, decode, metadata, pod
from tests.unit.kubernetes.raw_kubernetes_causes import ago, codes, event, found
from tests.unit.kubernetes.raw_kubernetes_workloads import deployment

UNREADY = condition("Ready", "False")
CUT_OFF = [UNREADY, condition("ContainersReady")]


@pytest.mark.parametrize(("reason", "code"), DISRUPTIONS.items(), ids=DISRUPTIONS)
def test_who_sends_a_pod_away(reason: str, code: Code) -> None:
    target = condition("DisruptionTarget", reason=reason, message="why")
    assert codes(pod(conditions=[target])) == [code]
    assert codes(pod(conditions=[target | {"status": "Unknown"}])) == []


@pytest.mark.parametrize(("reason", "code"), ENDED.items(), ids=ENDED)
def test_what_a_kubelet_has_ended(reason: str, code: Code) -> None:
    ended = pod(status={"phase": "Failed", "reason": reason, "message": "why"})
    (one,) = found(ended)
    assert (one.code, one.stands, one.message) == (code, False, "why")
    assert one.severity is None, "a pod of no workload is not replaced"
    (one,) = found(ended, item=deployment())
    assert one.severity is Severity.WARNING, "the workload has another"


def test_a_word_of_a_kubelet_that_is_not_known_here() -> None:
    status = {"phase": "Failed", "reason": "Unforeseen", "containerStatuses": None}
    assert codes(pod(status=status)) == ["node-rejected"]


@pytest.mark.parametrize(("reason", "code"), LOST.items(), ids=LOST)
def test_what_events_tell_of_pods_that_are_gone(reason: str, code: Code) -> None:
    told = event(reason, "why")
    told["involvedObject"] |= {"name": "web-7d9c5b8f6d-aaaaa", "uid": "uid-gone"}
    others = facts.others([decode(wire.Event, told)], {"uid-web-7d9c5b8f6d-x2x9p"})
    (one,) = found(pod(), makers=["web-7d9c5b8f6d"], others=others)
    assert (one.code, one.severity, one.stands) == (code, Severity.WARNING, False)
    assert found(pod(), makers=["api-7d9c5b8f6d"], others=others) == []


def node(status: str, **more: Any) -> wire.Node:
    ready = condition("Ready", status, **more)
    return decode(wire.Node, {"metadata": metadata("node-a"), "status": {"conditions": [ready]}})


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        pytest.param(None, ["node-not-ready"], id="not asked"),
        pytest.param({"node-a": node("Unknown", message="silent")}, ["node-not-ready"], id="ill"),
        pytest.param({"node-a": node("False", reason="Down")}, ["node-not-ready"], id="down"),
        pytest.param({"node-a": None}, ["node-not-ready"], id="gone"),
        pytest.param({"node-a": node("True")}, [], id="well again"),
    ],
)
def test_a_node_that_is_not_ready(known: Any, expected: list[str]) -> None:
    assert codes(pod(conditions=CUT_OFF), nodes=known) == expected


def test_a_pod_that_is_ready_is_well_whatever_its_node_is() -> None:
    assert codes(pod(), nodes={"node-a": node("False")}) == []


@pytest.mark.parametrize(
    ("ago_seconds", "finalizers", "expected"),
    [(30, None, []), (90, None, ["stuck-terminating"]), (90, ["a/b"], ["stuck-terminating"])],
    ids=["in its grace period", "beyond it", "finalizer"],
)
def test_a_pod_that_does_not_end(
    ago_seconds: int, finalizers: list[str] | None, expected: list[str]
) -> None:
    meta = {"deletionTimestamp": ago(seconds=ago_seconds), "finalizers": finalizers}
    assert codes(pod(meta=meta)) == expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({"resize": "Infeasible"}, ["resize-pending"]),
        ({"resize": "Deferred"}, ["resize-pending"]),
        ({"resize": "InProgress"}, []),
    ],
    ids=["infeasible", "deferred", "in progress"],
)
def test_a_resize_before_there_were_conditions_for_it(status: Raw, expected: list[str]) -> None:
    assert codes(pod(status=status)) == expected


def budget(name: str = "web", *, allowed: int = 0, **labels: str) -> nearby_wire.Budget:
    selector = {"matchLabels": labels or {"app": "web"}}
    status = {"disruptionsAllowed": allowed, "expectedPods": 3, "currentHealthy": 2,
              "desiredHealthy": 2}  # fmt: skip
    item = {"metadata": metadata(name), "spec": {"selector": selector}, "status": status}
    return decode(nearby_wire.Budget, item)


@pytest.mark.parametrize(
    ("budgets", "expected"),
    [
        pytest.param([budget()], ["budget"], id="used up"),
        pytest.param([budget(allowed=1)], [], id="room"),
        pytest.param([budget(app="api")], [], id="others'"),
        pytest.param([budget(allowed=1), budget("b", allowed=1)], ["budget", "budget"], id="two"),
    ],
)
def test_budgets(budgets: list[nearby_wire.Budget], expected: list[str]) -> None:
    told = found(pod(meta={"annotations": ABSENT}), budgets=budgets)
    assert [one.code for one in told] == expected
