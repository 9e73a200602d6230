"""Kinds in the states that the control plane of the tests never gets into."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from dashborion.cli import k8s
from dashborion.config.targets import Environment, KubernetesTarget
from dashborion.models import kubernetes as models
from dashborion.orchestrators.kubernetes import native, native_normalise, native_wire, wire
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


@pytest.mark.parametrize(
    ("spec", "conditions", "expected"),
    [
        pytest.param({}, [], "running", id="running"),
        pytest.param({"suspend": True}, [], "suspended", id="suspended"),
        pytest.param({}, [{"type": "Complete", "status": "True"}], "complete", id="complete"),
        pytest.param({}, [{"type": "Failed", "status": "True"}], "failed", id="failed"),
        pytest.param({}, [{"type": "Failed", "status": "False"}], "running", id="not failed"),
    ],
)
def test_a_jobs_status(spec: Any, conditions: Any, expected: str) -> None:
    item = decoded(native_wire.Job, spec=spec, status={"conditions": conditions})
    assert native_normalise.job(item, HERE).status == expected


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
    item = decoded(wire.Ingress, metadata={"name": "x", "annotations": annotations})
    assert native_normalise.ingress(item, HERE).ingress_class == "alb"


def test_every_kind_is_known_to_the_commands_the_adapter_and_the_renderer() -> None:
    commands = {kind.plural: kind.namespaced for kind in k8s.KINDS}
    assert commands == {word: kind.namespaced for word, kind in native.KINDS.items()}
    assert commands.keys() == views.LISTS.keys()
