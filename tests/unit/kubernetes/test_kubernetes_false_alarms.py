"""What rules do not claim: of what is over, of words that nobody knows, of what others have."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dashborion.models.cause import Cause, Severity
from dashborion.orchestrators import findings
from dashborion.orchestrators.kubernetes import facts, instances, wire
from dashborion.orchestrators.kubernetes.causes import RULES
from tests.unit.kubernetes.raw_kubernetes import (
    ENVIRONMENT,
    condition,
    decode,
    ending,
    pod,
    reported,
    terminated,
    waiting,
)
from tests.unit.kubernetes.raw_kubernetes_causes import NOW, ago, event
from tests.unit.kubernetes.raw_kubernetes_network import service
from tests.unit.kubernetes.raw_kubernetes_workloads import deployment, statefulset

WEB = deployment()


def causes(*pods: wire.Pod, item: wire.Controller | None = WEB, **more: Any) -> list[Cause]:
    events = facts.ordered(decode(wire.Event, one) for one in more.pop("events", ()))
    known = [
        facts.of_pod(one, instances.instance(one, None, ENVIRONMENT), events, None) for one in pods
    ]
    found = findings.found(RULES, facts.Facts(now=NOW, item=item, pods=known, **more))
    return findings.causes(found, now=NOW)


def errors(*pods: wire.Pod, **more: Any) -> list[str]:
    return [str(one.code) for one in causes(*pods, **more) if one.severity is Severity.ERROR]


@pytest.mark.parametrize("phase", ["Failed", "Succeeded"])
@pytest.mark.parametrize(("code", "reason"), [(255, "Unknown"), (137, "Error"), (1, "StartError")])
def test_a_pod_that_has_finished_is_replaced(phase: str, code: int, reason: str) -> None:
    over = pod(terminated(code=code, reason=reason), status={"phase": phase})
    assert errors(over) == []
    assert errors(over, item=None) != []  # but by itself nothing replaces it


def test_what_has_finished_a_day_ago_is_not_told() -> None:
    ended = ending(1, "Error", finishedAt=ago(days=1))
    over = pod(reported("app", {"terminated": ended}), status={"phase": "Failed"})
    assert causes(over) == []


@pytest.mark.parametrize("code", ["node-rejected", "node-not-ready", "evicted"])
def test_a_disruption_of_an_unknown_reason_claims_nothing(code: str) -> None:
    target = condition("DisruptionTarget", reason="OfSomebodyElse", message="why ever")
    begun = {"phase": "Pending", "containerStatuses": []}
    found = causes(pod(conditions=[target], status=begun))
    assert code not in [str(one.code) for one in found]


def test_a_deadline_of_its_own_is_no_rejection_by_its_node() -> None:
    over = {"phase": "Failed", "reason": "DeadlineExceeded", "containerStatuses": []}
    over |= {"startTime": ago(minutes=5)}
    assert [str(one.code) for one in causes(pod(status=over), item=None)] == ["other"]


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("FailedGetResourceMetric", "autoscaler-metrics"),
        ("FailedGetContainerResourceMetric", "autoscaler-metrics"),
        ("InvalidMetricSourceType", "autoscaler-metrics"),
        ("InvalidSelector", "other"),
        ("OfTomorrow", "other"),
    ],
)
def test_an_autoscaler_that_is_not_active_lacks_metrics_only_if_it_says_so(
    reason: str, code: str
) -> None:
    told = {"type": "ScalingActive", "status": "False", "reason": reason, "message": "why",
            "lastTransitionTime": ago(hours=2)}  # fmt: skip
    scaler = {
        "metadata": {
            "name": "web", "namespace": "shop",
            "annotations": {"autoscaling.alpha.kubernetes.io/conditions": json.dumps([told])},
        },
        "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "web"}},
    }  # fmt: skip
    (found,) = causes(scaling=[decode(wire.Autoscaler, scaler)])
    assert (str(found.code), found.severity, found.message) == (code, Severity.WARNING, "why")


def test_a_port_of_an_injected_container_is_there() -> None:
    ports = [{"name": "mesh", "containerPort": 15020}]
    meshed = pod(spec={"containers": [{"name": "app"}, {"name": "proxy", "ports": ports}]})
    to_mesh = service("web", ports=[{"port": 80, "targetPort": "mesh"}])
    assert errors(meshed, services=[to_mesh]) == []
    assert errors(pod(), services=[to_mesh]) == ["port-name"]


@pytest.mark.parametrize(("seconds", "expected"), [(20, []), (120, ["sandbox"])])
def test_a_network_has_a_minute_to_be_set_up(seconds: int, expected: list[str]) -> None:
    begun = {"phase": "Pending", "containerStatuses": [waiting("app", "ContainerCreating")]}
    failed = event(
        "FailedCreatePodSandBox", "plugin is not ready", container=None, first=ago(seconds=seconds)
    )
    assert errors(pod(status=begun), events=[failed]) == expected


def test_pods_of_a_statefulset_are_not_those_of_a_deployment_of_its_name() -> None:
    gone = decode(
        wire.Event,
        event("Evicted", "disk", container=None)
        | {"involvedObject": {"kind": "Pod", "name": "web-0", "uid": "gone"}},
    )
    others = facts.others([gone], ())
    for item, expected in ((WEB, []), (statefulset(), ["evicted"])):
        found = causes(item=item, makers=facts.makers(item, ()), others=others)
        assert [str(one.code) for one in found] == expected
