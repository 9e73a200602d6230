"""Kinds in the states that the control plane of the tests never gets into."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from dashborion.cli import k8s
from dashborion.config.targets import Environment, KubernetesTarget
from dashborion.models import kubernetes as models
from dashborion.orchestrators.kubernetes import (
    native,
    native_network,
    native_normalise,
    native_wire,
    network_wire,
)
from dashborion.render.views import kubernetes as views

HERE = Environment(project=None, name="here", target=KubernetesTarget(context="x"))


def decoded(type_: Any, **body: Any) -> Any:
    return msgspec.convert({"metadata": {"name": "x", "namespace": "n"}, **body}, type_)


def autoscaler(spec: dict[str, Any], **status: Any) -> models.Autoscaler:
    whole = {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "maxReplicas": 5, **spec}
    return native_normalise.autoscaler(
        decoded(native_wire.Autoscaler, spec=whole, status=status), HERE
    )


def metric(kind: str, key: str, what: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, key: {what: more.pop("value"), **more}}


def test_autoscaling_v1_has_the_share_of_cpu() -> None:
    spec, status = {"targetCPUUtilizationPercentage": 70}, {"currentCPUUtilizationPercentage": 0}
    found = autoscaler(spec, **status).metrics
    assert found == [models.Metric(name="cpu", current="0%", target="70%")]


@pytest.mark.parametrize(
    ("target", "current", "expected"),
    [
        pytest.param(
            metric("Resource", "resource", "target", name="cpu", value={"averageUtilization": 70}),
            metric("Resource", "resource", "current", name="cpu",
                   value={"averageUtilization": 12, "averageValue": "120m"}),
            ("cpu", "12%", "70%"),
            id="a share",
        ),
        pytest.param(
            metric("Resource", "resource", "target", name="memory", value={"averageValue": "1Gi"}),
            metric("Resource", "resource", "current", name="memory",
                   value={"averageUtilization": 12, "averageValue": "300Mi"}),
            ("memory", "300Mi", "1Gi"),
            id="an average",
        ),
        pytest.param(
            metric("Pods", "pods", "target", metric={"name": "requests"},
                   value={"averageValue": "10"}),
            metric("Pods", "pods", "current", metric={"name": "requests"},
                   value={"averageValue": "4500m"}),
            ("requests", "4500m", "10"),
            id="of pods",
        ),
        pytest.param(
            metric("External", "external", "target", metric={"name": "queue"},
                   value={"value": "100"}),
            None,
            ("queue", None, "100"),
            id="unknown yet",
        ),
        pytest.param(
            metric("ContainerResource", "containerResource", "target", name="cpu",
                   container="app", value={"averageUtilization": 50}),
            metric("ContainerResource", "containerResource", "current", name="cpu",
                   container="app", value={"averageUtilization": 40}),
            ("app:cpu", "40%", "50%"),
            id="of one container",
        ),
    ],
)  # fmt: skip
def test_metrics_in_the_units_of_their_targets(
    target: dict[str, Any], current: dict[str, Any] | None, expected: tuple[str, str | None, str]
) -> None:
    status = {"currentMetrics": [current]} if current else {}
    (found,) = autoscaler({"metrics": [target]}, **status).metrics
    assert (found.name, found.current, found.target) == expected


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        pytest.param([{"type": "Ready", "status": "True"}], "Ready", id="ready"),
        pytest.param([{"type": "Ready", "status": "False"}], "NotReady", id="not ready"),
        pytest.param([{"type": "Ready", "status": "Unknown"}], "NotReady", id="lost"),
        pytest.param(None, "Unknown", id="never heard of"),
    ],
)
def test_a_nodes_status(conditions: Any, expected: str) -> None:
    node = native_normalise.node(decoded(native_wire.Node, status={"conditions": conditions}), HERE)
    assert node.status == expected


def test_a_nodes_roles_and_taints() -> None:
    labels = {
        "node-role.kubernetes.io/control-plane": "",
        "kubernetes.io/role": "infra",
        "other": "x",
    }
    taints = [{"key": "a", "effect": "NoSchedule"}, {"key": "b", "value": "c", "effect": "E"}]
    item = decoded(
        native_wire.Node,
        metadata={"name": "x", "labels": labels},
        spec={"unschedulable": True, "taints": taints},
    )
    node = native_normalise.node(item, HERE)
    assert (node.roles, node.schedulable) == (["control-plane", "infra"], False)
    assert native_normalise.node_details(item)["taints"] == ["a:NoSchedule", "b=c:E"]


def _held(*types: str) -> Any:
    return [{"type": type_, "status": "True"} for type_ in types]


@pytest.mark.parametrize(
    ("spec", "conditions", "expected"),
    [
        pytest.param({}, [], "running", id="running"),
        pytest.param({"suspend": True}, [], "suspended", id="suspended"),
        pytest.param({}, [{"type": "Complete", "status": "True"}], "complete", id="complete"),
        pytest.param({}, [{"type": "Failed", "status": "True"}], "failed", id="failed"),
        pytest.param({}, [{"type": "Failed", "status": "False"}], "running", id="not failed"),
        pytest.param({}, _held("FailureTarget"), "FailureTarget", id="failing"),
        pytest.param({}, _held("SuccessCriteriaMet"), "SuccessCriteriaMet", id="succeeding"),
        pytest.param({}, _held("FailureTarget", "Failed"), "failed", id="has failed"),
        pytest.param({}, _held("SuccessCriteriaMet", "Complete"), "complete", id="has succeeded"),
        pytest.param({}, _held("Suspended"), "suspended", id="still suspended"),
        pytest.param({}, _held("Suspended", "FailureTarget"), "suspended", id="as in kubectl"),
        pytest.param({}, _held("SomethingNew"), "running", id="unknown"),
    ],
)
def test_a_jobs_status(spec: Any, conditions: Any, expected: str) -> None:
    item = decoded(native_wire.Job, spec=spec, status={"conditions": conditions})
    assert native_normalise.job(item, HERE).status == expected


@pytest.mark.parametrize(
    ("conditions", "expected"), [([], "Terminating"), (_held("Complete"), "complete")]
)
def test_a_job_that_is_deleted(conditions: Any, expected: str) -> None:
    metadata = {"name": "x", "deletionTimestamp": "2026-01-01T00:00:00Z"}
    item = decoded(native_wire.Job, metadata=metadata, status={"conditions": conditions})
    assert native_normalise.job(item, HERE).status == expected


def _depth(queue: str | None, **value: Any) -> Any:
    metric: Any = {"name": "depth"}
    if queue:
        metric["selector"] = {"matchLabels": {"queue": queue}}
    return {"type": "External", "external": {"metric": metric, **value}}


def _target(queue: str | None, value: str) -> Any:
    return _depth(queue, target={"type": "Value", "value": value})


def _current(queue: str | None, value: str) -> Any:
    return _depth(queue, current={"value": value})


FAILED: Any = {"type": ""}  # what the controller writes of a metric that it could not get


@pytest.mark.parametrize(
    ("wanted", "current", "expected"),
    [
        pytest.param("ab", [_current("a", "1"), _current("b", "2")], ["1", "2"], id="in order"),
        pytest.param("ab", [_current("b", "2"), _current("a", "1")], ["1", "2"], id="by selector"),
        pytest.param("ab", [FAILED, _current("b", "2")], [None, "2"], id="the first failed"),
        pytest.param("ab", [_current("b", "2")], [None, "2"], id="the first is missing"),
        pytest.param("aa", [_current("a", "1"), _current("a", "2")], ["1", "2"], id="twins"),
        pytest.param("aa", [FAILED, _current("a", "2")], [None, "2"], id="the first twin failed"),
        pytest.param("a", None, [None], id="null"),
        pytest.param("a", [_current(None, "1")], [None], id="another one of that name"),
    ],
)
def test_metrics_of_one_name_have_their_own_values(
    wanted: str, current: Any, expected: list[str | None]
) -> None:
    item = decoded(
        native_wire.Autoscaler,
        spec={
            "scaleTargetRef": {"kind": "Deployment", "name": "x"},
            "maxReplicas": 3,
            "metrics": [_target(queue, "9") for queue in wanted],
        },
        status={"currentMetrics": current},
    )
    metrics = native_normalise.autoscaler(item, HERE).metrics
    assert [one.current for one in metrics] == expected
    assert {one.target for one in metrics} == {"9"}


def test_metrics_of_two_objects_have_their_own_values() -> None:
    def about(name: str, **value: Any) -> Any:
        described = {"kind": "Ingress", "name": name}
        return {
            "type": "Object",
            "object": {"describedObject": described, "metric": {"name": "hits"}, **value},
        }

    item = decoded(
        native_wire.Autoscaler,
        spec={"metrics": [about(name, target={"value": "9"}) for name in ("a", "b")]},
        status={"currentMetrics": [about(name, current={"value": name}) for name in ("b", "a")]},
    )
    assert [one.current for one in native_normalise.autoscaler(item, HERE).metrics] == ["a", "b"]


def test_both_addresses_of_dual_stack_objects_are_shown() -> None:
    addresses = [{"type": "InternalIP", "address": one} for one in ("10.0.0.1", "fd00::1")]
    node = native_normalise.node(decoded(native_wire.Node, status={"addresses": addresses}), HERE)
    assert (node.internal_ip, node.external_ip) == ("10.0.0.1,fd00::1", None)
    spec = {"clusterIP": "10.96.0.1", "clusterIPs": ["10.96.0.1", "fd00::2"]}
    service = native_network.service(decoded(network_wire.Service, spec=spec), HERE)
    assert service.cluster_ip == "10.96.0.1,fd00::2"


@pytest.mark.parametrize("amount", ["9" * 400, "1e400", int("9" * 400)], ids=["text", "e", "int"])
def test_an_absurd_amount_stays_short(amount: Any) -> None:
    node = native_normalise.node(
        decoded(native_wire.Node, status={"allocatable": {"memory": amount}}), HERE
    )
    assert node.memory is not None
    assert len(node.memory) <= 32


def test_bytes_that_are_no_base64_are_counted_as_they_are() -> None:
    item = decoded(native_wire.ConfigMap, binaryData={"a": "AAEC", "b": "!"})
    assert native_normalise.config_map_details(item)["binary_data"] == {"a": 3, "b": 1}


def test_a_newer_events_series_and_reporter() -> None:
    item = decoded(
        native_wire.ReportedEvent,
        type="Warning",
        eventTime="2026-01-01T00:00:00Z",
        series={"count": 7, "lastObservedTime": "2026-01-01T01:00:00Z"},
        reportingComponent="scheduler",
        reportingInstance="one",
        involvedObject={"kind": "Pod", "name": "web", "fieldPath": "spec.containers{app}"},
    )
    found = native_normalise.event(item, HERE)
    assert (found.count, found.source, found.object) == (7, "scheduler, one", "pod/web")
    assert found.timestamp
    assert found.first_seen
    assert (found.timestamp.hour, found.first_seen.hour) == (1, 0)
    assert found.subobject == "spec.containers{app}"


def test_the_old_way_to_name_an_ingress_class() -> None:
    annotations = {"kubernetes.io/ingress.class": "alb"}
    item = decoded(network_wire.Ingress, metadata={"name": "x", "annotations": annotations})
    assert native_network.ingress(item, HERE).ingress_class == "alb"


def test_every_kind_is_known_to_the_commands_the_adapter_and_the_renderer() -> None:
    commands = {kind.plural: kind.namespaced for kind in k8s.KINDS}
    assert commands == {word: kind.namespaced for word, kind in native.KINDS.items()}
    assert commands.keys() == views.LISTS.keys()
