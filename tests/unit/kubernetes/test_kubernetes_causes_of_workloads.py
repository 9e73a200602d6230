"""What keeps a workload from having pods, from rolling out and from being scaled."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dashborion.models.cause import Code
from dashborion.orchestrators import findings
from dashborion.orchestrators.kubernetes import facts, nearby_wire, wire
from dashborion.orchestrators.kubernetes.causes import RULES
from dashborion.orchestrators.kubernetes.causes.admission import meaning
from dashborion.orchestrators.kubernetes.causes.network import NO_ADDRESSES
from tests.unit.kubernetes.raw_kubernetes import (
    Raw,
    condition,
    decode,
    metadata,
    pod,
    waiting,
)
from tests.unit.kubernetes.raw_kubernetes_causes import NOW, ago, codes, event
from tests.unit.kubernetes.raw_kubernetes_network import ingress, service
from tests.unit.kubernetes.raw_kubernetes_workloads import daemonset, deployment, statefulset


def of(item: wire.Controller, **more: Any) -> list[str]:
    """The codes of what all rules find in a workload and what is around it."""
    known = facts.Facts(now=NOW, item=item, **more)
    return [str(one.code) for one in findings.found(RULES, known)]


FORBIDDEN = 'pods "web-x" is forbidden: '


@pytest.mark.parametrize(
    ("message", "code", "key"),
    [
        (FORBIDDEN + "exceeded quota: team, requested: pods=1, used: pods=5, limited: pods=5",
         Code.QUOTA, "team"),
        (FORBIDDEN + "failed quota: team: must specify limits.cpu", Code.QUOTA, "team"),
        (FORBIDDEN + "maximum cpu usage per Container is 1, but limit is 2", Code.LIMIT_RANGE, ""),
        (FORBIDDEN + "minimum memory usage per Pod is 1Gi, but request is 1Mi",
         Code.LIMIT_RANGE, ""),
        (FORBIDDEN + "cpu max limit to request ratio per Container is 2, but provided ratio is 4",
         Code.LIMIT_RANGE, ""),
        (FORBIDDEN + 'violates PodSecurity "baseline:latest": privileged', Code.POD_SECURITY,
         "baseline:latest"),
        (FORBIDDEN + "unable to validate against any pod security policy: []",
         Code.POD_SECURITY, ""),
        ('admission webhook "policy.example.com" denied the request: exceeded quota: x',
         Code.WEBHOOK_DENIED, "policy.example.com"),
        ('Internal error occurred: failed calling webhook "a.example.com": no endpoints',
         Code.WEBHOOK_DOWN, "a.example.com"),
        (FORBIDDEN + 'error looking up service account a/b: serviceaccount "b" not found',
         Code.SERVICE_ACCOUNT, "a/b"),
        ("of a kind that is not known here", Code.CREATE_REFUSED, ""),
    ],
)  # fmt: skip
def test_what_a_refusal_means(message: str, code: Code, key: str) -> None:
    assert meaning(message) == (code, key)


def of_set(reason: str, minutes: float, name: str = "web") -> Raw:
    told = event(reason, "exceeded quota: q, x", at=ago(minutes=minutes))
    about = {"kind": "StatefulSet", "name": name, "uid": f"uid-{name}"}
    return told | {"involvedObject": about}


@pytest.mark.parametrize(
    ("replicas", "told", "expected"),
    [
        pytest.param(2, [of_set("FailedCreate", 1)], ["quota"], id="it lacks one"),
        pytest.param(3, [of_set("FailedCreate", 1)], [], id="it has all"),
        pytest.param(
            2, [of_set("FailedCreate", 2), of_set("SuccessfulCreate", 1)], [], id="it made one"
        ),
        pytest.param(2, [of_set("FailedCreate", 1, "api")], [], id="another's"),
        pytest.param(2, [], [], id="nothing is said"),
    ],
)
def test_only_events_tell_of_pods_that_a_set_cannot_make(
    replicas: int, told: list[Raw], expected: list[str]
) -> None:
    events = facts.ordered(decode(wire.Event, one) for one in told)
    assert of(statefulset(status={"replicas": replicas}), events=events) == expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [("True", ["create-refused"]), ("False", []), ("Unknown", [])],
    ids=str,
)
def test_a_deployment_says_it_itself(status: str, expected: list[str]) -> None:
    told = condition("ReplicaFailure", status, reason="FailedCreate", message="no")
    item = deployment(status={"conditions": [told]})
    assert [one for one in of(item) if one == "create-refused"] == expected


# --- Rollouts ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "item",
    [deployment(), statefulset(), daemonset()],
    ids=["deployment", "statefulset", "daemonset"],
)
def test_nothing_is_wrong_with_what_is_well(item: wire.Controller) -> None:
    assert of(item, events=[], scaling=[], services=[], ingresses=[], backings={}) == []


LATE = condition("Progressing", "False", reason="ProgressDeadlineExceeded", message="late")


@pytest.mark.parametrize(
    ("spec", "meta", "expected"),
    [
        ({}, {}, ["deadline"]),
        ({"paused": True}, {}, ["paused"]),
        ({}, {"generation": 9, "managedFields": [{"time": ago(seconds=9)}]}, []),
    ],
    ids=["late", "paused since", "of the change before"],
)
def test_a_deadline(spec: Raw, meta: Raw, expected: list[str]) -> None:
    item = deployment(spec=spec, meta=meta, status={"conditions": [LATE]})
    assert of(item) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ([{"manager": "kubectl", "time": ago(seconds=9)}], []),
        ([{"manager": "kubectl", "time": ago(minutes=1)}], ["not-observed"]),
        (
            [
                {"manager": "kubectl", "time": ago(minutes=1)},
                {"manager": "kube-controller-manager", "time": ago(seconds=9)},
                {"manager": "other", "subresource": "status", "time": ago(seconds=9)},
            ],
            ["not-observed"],
        ),
    ],
    ids=["just now", "long ago", "the status was written since"],
)
def test_a_change_that_is_not_taken_up(written: list[Raw], expected: list[str]) -> None:
    item = deployment(meta={"generation": 3, "managedFields": written})
    assert of(item) == expected


# --- Autoscalers ----------------------------------------------------------------------------------


def scaler(type_: str, status: str, reason: str, at: str) -> wire.Autoscaler:
    said = [condition(type_, status, reason=reason, message="why") | {"lastTransitionTime": at}]
    annotations = {"autoscaling.alpha.kubernetes.io/conditions": json.dumps(said)}
    return decode(wire.Autoscaler, {"metadata": metadata("web", {"annotations": annotations})})


@pytest.mark.parametrize(
    ("type_", "status", "reason", "expected"),
    [
        ("ScalingActive", "False", "FailedGetResourceMetric", ["autoscaler-metrics"]),
        ("ScalingActive", "False", "ScalingDisabled", ["autoscaler-off"]),
        ("ScalingActive", "False", "AmbiguousSelector", ["autoscaler-conflict"]),
        ("ScalingActive", "Unknown", "FailedGetResourceMetric", []),
        ("ScalingActive", "True", "ValidMetricFound", []),
        ("ScalingLimited", "True", "TooManyReplicas", ["autoscaler-limit"]),
        ("ScalingLimited", "True", "TooFewReplicas", []),
        ("AbleToScale", "False", "FailedUpdateScale", ["other"]),
        ("AbleToScale", "False", "BackoffDownscale", []),
    ],
)
def test_what_autoscalers_say(type_: str, status: str, reason: str, expected: list[str]) -> None:
    scaling = [scaler(type_, status, reason, ago(minutes=5))]
    assert of(deployment(), scaling=scaling) == expected


# --- Networks -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "message",
    [
        'plugin type="aws-cni" failed (add): failed to assign an IP address to container',
        "failed to allocate for range 0: no IP addresses available in range set: 10.0.0.1-10.0.0.9",
        "InsufficientFreeAddressesInSubnet: The specified subnet does not have enough free ones",
        "IPAM error: no available IP addresses",
        "failed to allocate: range is full",
        "address pool exhausted",
        "no more available IPs",
        "exceeded max number of IPs per node",
    ],
)
def test_what_says_that_there_are_no_addresses(message: str) -> None:
    assert NO_ADDRESSES.search(message)


@pytest.mark.parametrize(
    ("reasons", "message", "expected"),
    [
        (["FailedCreatePodSandBox"], "cni plugin not initialized", ["sandbox"]),
        (["FailedCreatePodSandBox"], "failed to assign an IP address", ["no-addresses"]),
        (["FailedCreatePodSandBox", "Pulling"], "failed to assign an IP address", []),
    ],
    ids=["no network", "no address", "made since"],
)
def test_a_sandbox_that_is_not_made(reasons: list[str], message: str, expected: list[str]) -> None:
    told = [
        event(one, message, container=None, at=ago(seconds=20 - number))
        for number, one in enumerate(reasons)
    ]
    being_made = pod(
        waiting(reason="ContainerCreating"),
        status={"phase": "Pending", "startTime": ago(seconds=30)},
        conditions=[condition("PodScheduled", lastTransitionTime=ago(seconds=30))],
    )
    assert codes(being_made, events=told) == expected


@pytest.mark.parametrize(
    ("kind", "reasons", "expected"),
    [
        ("Service", ["SyncLoadBalancerFailed"], ["load-balancer"]),
        ("Service", ["SyncLoadBalancerFailed", "EnsuredLoadBalancer"], []),
        ("Ingress", ["FailedDeployModel"], ["load-balancer"]),
        ("Ingress", ["FailedDeployModel", "SuccessfullyReconciled"], []),
    ],
)
def test_what_controllers_of_load_balancers_say(
    kind: str, reasons: list[str], expected: list[str]
) -> None:
    name = {"Service": "web", "Ingress": "front"}[kind]
    told = [decode(wire.Event, event(one, "why", container=None)) for one in reasons]
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    route = {"host": "a.test", "http": {"paths": [{"path": "/", "backend": backend}]}}
    found = of(
        deployment(),
        services=[service()],
        ingresses=[ingress(route, status={"loadBalancer": {"ingress": [{"ip": "10.0.0.9"}]}})],
        others={(kind, name): told},
    )
    assert found == expected


def policy(ingress: list[Raw] | None, *types: str, app: str = "web") -> nearby_wire.NetworkPolicy:
    spec = {"podSelector": {"matchLabels": {"app": app}}, "policyTypes": types or None}
    item = {"metadata": metadata("closed"), "spec": spec | {"ingress": ingress}}
    return decode(nearby_wire.NetworkPolicy, item)


@pytest.mark.parametrize(
    ("policies", "expected"),
    [
        pytest.param([policy(None)], ["network-policy"], id="nobody"),
        pytest.param([policy(None, "Egress")], [], id="about what goes out"),
        pytest.param([policy(None), policy([{}])], [], id="another lets somebody in"),
        pytest.param([policy(None, app="api")], [], id="others'"),
    ],
)
def test_policies(policies: list[nearby_wire.NetworkPolicy], expected: list[str]) -> None:
    assert of(deployment(), policies=policies) == expected
