"""The demo's autoscalers in both of their versions, and its jobs by the clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dashborion.demo.kubernetes.cluster import KubernetesCluster
from tests.support.kubectl import kubectl, kubectl_items
from tests.support.stand_in import StandIn

NAMESPACES = "/api/v1/namespaces"
PATH = "/apis/autoscaling/{}/namespaces/default/horizontalpodautoscalers"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    with StandIn.running(tmp_path_factory.mktemp("stand-in")) as standing:
        standing.wait_for("its first tick", lambda: standing.request("GET", NAMESPACES)["items"])
        yield standing


def scaler(name: str, version: str, **spec: Any) -> dict[str, Any]:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    return {
        "apiVersion": f"autoscaling/{version}",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 3, **spec},
    }


def cpu(percentage: int) -> list[Any]:
    target = {"type": "Utilization", "averageUtilization": percentage}
    return [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]


@pytest.mark.parametrize(
    ("version", "spec"),
    [
        pytest.param("v1", {"targetCPUUtilizationPercentage": 60}, id="v1"),
        pytest.param("v2", {"metrics": cpu(60)}, id="v2"),
    ],
)
def test_both_versions_read_what_either_writes(demo: StandIn, version: str, spec: Any) -> None:
    name = f"made-as-{version}"
    made = demo.request("POST", PATH.format(version), scaler(name, version, **spec))
    assert (made["apiVersion"], made["spec"] | spec) == (f"autoscaling/{version}", made["spec"])
    old = demo.request("GET", f"{PATH.format('v1')}/{name}")
    assert old["spec"]["targetCPUUtilizationPercentage"] == 60
    new = demo.request("GET", f"{PATH.format('v2')}/{name}")
    assert (new["apiVersion"], new["spec"]["metrics"]) == ("autoscaling/v2", cpu(60))
    assert "targetCPUUtilizationPercentage" not in new["spec"]


def test_a_change_through_the_newer_version(demo: StandIn) -> None:
    demo.apply(scaler("changed", "v2", metrics=cpu(50)))
    path = f"{PATH.format('v2')}/changed"
    patch = {"spec": {"maxReplicas": 9, "metrics": cpu(80)}}
    changed = demo.request("PATCH", path, patch, "application/merge-patch+json")
    assert (changed["spec"]["maxReplicas"], changed["spec"]["metrics"]) == (9, cpu(80))
    assert demo.request("GET", path)["spec"] == changed["spec"]


def test_kubectl_takes_the_newer_version(demo: StandIn, tmp_path: Path) -> None:
    demo.apply(scaler("listed", "v1", targetCPUUtilizationPercentage=70))
    kubeconfig = demo.write_kubeconfig(tmp_path / "kubeconfig", context="demo", namespace="default")
    found = {one["metadata"]["name"]: one for one in kubectl_items(kubeconfig, "get hpa")}
    assert found["listed"]["apiVersion"] == "autoscaling/v2"
    assert found["listed"]["spec"]["metrics"] == cpu(70)
    assert "listed" in kubectl(kubeconfig, "get hpa")


def test_jobs_are_made_by_the_clock_and_forgotten() -> None:
    cluster = KubernetesCluster("token")
    start = datetime(2026, 1, 1, 10, 3, tzinfo=UTC)
    cluster.tick(start)
    container = {"name": "app", "image": "example.com/app:1.0-done"}
    template = {"spec": {"restartPolicy": "Never", "containers": [container]}}
    for name, more in (("often", {}), ("never", {"suspend": True})):
        spec = {"schedule": "*/5 * * * *", "jobTemplate": {"spec": {"template": template}}, **more}
        metadata = {"name": name, "namespace": "default"}
        cluster.put({"kind": "CronJob", "metadata": metadata, "spec": spec})
    for second in range(40 * 60):
        if second % 60 < 10:  # each job has its time, and nothing happens between
            cluster.tick(start + timedelta(seconds=second))
    names = [one["metadata"]["name"] for one in cluster.store.all("jobs")]
    minute = int(datetime(2026, 1, 1, 10, 40, tzinfo=UTC).timestamp()) // 60
    assert names == [f"often-{minute - back}" for back in (10, 5, 0)]
    often = cluster.store.get("cronjobs", "default", "often") or {}
    assert often["status"]["lastScheduleTime"] == "2026-01-01T10:40:00Z"
    assert "active" not in often["status"]
    assert not (cluster.store.get("cronjobs", "default", "never") or {}).get("status")
