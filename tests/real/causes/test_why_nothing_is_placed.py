"""Why pods get no node, in the words of both real schedulers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.api import Manifest
from tests.support.cli import Cli
from tests.support.control_plane import ControlPlane
from tests.support.manifests import container, deployment
from tests.support.real_namespace import Space

SPACE = "unplaced"
HOST = "kubernetes.io/hostname"
APART = {"key": "example.com/apart", "value": "yes", "effect": "NoSchedule"}
ANYWHERE = [{"operator": "Exists"}]
NODES: Mapping[str, Manifest] = {
    "node-cordoned": {"unschedulable": True, "taints": [APART]},
    "node-full": {"taints": [APART]},
    "node-tainted": {"taints": [APART]},
}


def later() -> datetime:
    """Than a scheduler may take for a moment."""
    return datetime.now(UTC) + timedelta(minutes=1)


def asking(**amounts: str) -> Manifest:
    return {"containers": [container(resources={"requests": amounts, "limits": amounts})]}


def on(node: str, **spec: Any) -> Manifest:
    return {"containers": [container()], "nodeSelector": {HOST: node}, **spec}


def beside(rule: str, app: str) -> Manifest:
    term = {"labelSelector": {"matchLabels": {"app": app}}, "topologyKey": HOST}
    return {
        "containers": [container()],
        "affinity": {rule: {"requiredDuringSchedulingIgnoredDuringExecution": [term]}},
    }


def with_claim(name: str) -> Manifest:
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": name}}
    return {"containers": [container()], "volumes": [volume]}


CLAIMS = {"classless": "no-such-class", "elsewhere": "by-hand", "unprovided": "later"}
SPREAD = {
    "maxSkew": 1,
    "topologyKey": "example.com/rack",
    "whenUnsatisfiable": "DoNotSchedule",
    "labelSelector": {"matchLabels": {"app": "spread"}},
}
PORT = {"containerPort": 8080, "hostPort": 18080}
# By name: what its pods want, how many of them there shall be, and the causes.
CASES: Mapping[str, tuple[Manifest, int, set[str]]] = {
    "cpu": (asking(cpu="500"), 1, {"unschedulable-cpu", "unschedulable-taint"}),
    "memory": (asking(memory="9999Gi"), 1, {"unschedulable-memory"}),
    "storage": (asking(**{"ephemeral-storage": "99Ti"}), 1, {"unschedulable-storage"}),
    "devices": (asking(**{"example.com/gpu": "1"}), 1, {"unschedulable-resource"}),
    "several": (
        asking(cpu="500", memory="9999Gi"), 1, {"unschedulable-cpu", "unschedulable-memory"},
    ),
    "tainted": (on("node-tainted"), 1, {"unschedulable-taint", "unschedulable-node"}),
    "cordoned": (on("node-cordoned"), 1, {"unschedulable-cordoned", "unschedulable-node"}),
    "full": (on("node-full", tolerations=ANYWHERE), 1, {"unschedulable-count"}),
    "nowhere": (on("no-such-node"), 1, {"unschedulable-node"}),
    "lonely": (beside("podAffinity", "nobody"), 1, {"unschedulable-affinity"}),
    "shy": (beside("podAntiAffinity", "shy"), 3, {"unschedulable-anti-affinity"}),
    "spread": (
        {"containers": [container()], "topologySpreadConstraints": [SPREAD]},
        1,
        {"unschedulable-spread"},
    ),
    "port": ({"containers": [container(ports=[PORT])]}, 3, {"unschedulable-port"}),
    "claimless": (with_claim("absent"), 1, {"volume-unbound"}),
    "unbound": (with_claim("classless"), 1, {"volume-unbound"}),
    "elsewhere": (with_claim("elsewhere"), 1, {"unschedulable-volume"}),
    "unprovided": (with_claim("unprovided"), 1, {"unschedulable-volume"}),
}  # fmt: skip


@pytest.fixture(scope="module")
def unplaced(cluster: ControlPlane) -> Iterator[Space]:
    """A workload for each case, on two nodes that take pods and three that take none."""
    space = Space.on(cluster, SPACE)
    for name, spec in NODES.items():
        cluster.apply(_node(name, spec))
    for manifest in _volumes():
        cluster.apply(manifest)
    cluster.wait_for("the claim to be bound", lambda: _is_bound(space, "elsewhere"))
    for name, (spec, count, _) in CASES.items():
        manifest = deployment(name, replicas=count)
        manifest["spec"]["template"]["spec"] = spec
        space.add(manifest, settled=False)
    for name in CASES:
        cluster.wait_for(f"{name} to be refused", partial(space.is_unscheduled, name))
    yield space
    space.clear()
    for name in NODES:
        cluster.request("DELETE", f"/api/v1/nodes/{name}")
    cluster.request("DELETE", "/api/v1/persistentvolumes/elsewhere")
    cluster.request("DELETE", "/apis/storage.k8s.io/v1/storageclasses/later")


def _node(name: str, spec: Manifest) -> Manifest:
    room = {"cpu": "8", "memory": "8Gi", "ephemeral-storage": "8Gi"}
    room["pods"] = "0" if name == "node-full" else "10"
    ready = {"type": "Ready", "status": "True", "reason": "KubeletReady"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {HOST: name}},
        "spec": spec,
        "status": {"capacity": room, "allocatable": room, "conditions": [ready]},
    }


def _volumes() -> Iterator[Manifest]:
    """Claims without a class, with a volume that no node reaches, and of a class without any."""
    size, one_writer = {"storage": "1Gi"}, ["ReadWriteOnce"]
    yield {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": "later"},
        "provisioner": "kubernetes.io/no-provisioner",
        "volumeBindingMode": "WaitForFirstConsumer",
    }
    term = {"key": HOST, "operator": "In", "values": ["no-such-node"]}
    yield {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": "elsewhere"},
        "spec": {
            "capacity": size,
            "accessModes": one_writer,
            "storageClassName": "by-hand",
            "hostPath": {"path": "/nowhere"},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [term]}]}},
        },
    }
    for name, its_class in CLAIMS.items():
        yield {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": name, "namespace": SPACE},
            "spec": {
                "accessModes": one_writer,
                "storageClassName": its_class,
                "resources": {"requests": size},
            },
        }


def _is_bound(space: Space, claim: str) -> bool:
    path = f"/api/v1/namespaces/{space.name}/persistentvolumeclaims/{claim}"
    return bool(space.plane.request("GET", path)["status"].get("phase") == "Bound")


@pytest.mark.parametrize("name", CASES)
def test_each_clause_of_the_scheduler_is_a_cause(
    unplaced: Space, dashborion: Cli, as_admin: Path, name: str
) -> None:
    found = dashborion(f"workloads why {name} -n {SPACE} -o json", now=later()).json
    causes = {one["code"]: one for one in found["causes"]}
    wanted = CASES[name][2]
    assert wanted <= causes.keys()
    assert "unschedulable" not in causes
    evidence = found["causes"][0]["evidence"][0]
    assert evidence["field"] == "status.conditions[PodScheduled].message"
    assert "0/5 nodes are available: " in evidence["value"]
    assert found["verdict"] == "failing"
    assert not found["notChecked"]


def test_all_of_them_by_lists_have_the_same_causes(
    unplaced: Space, dashborion: Cli, as_admin: Path
) -> None:
    seen = dashborion(f"workloads why -n {SPACE} -o json -v", now=later())
    found = {one["workload"]: {c["code"] for c in one["causes"]} for one in seen.json}
    assert found.keys() == CASES.keys()
    assert [name for name in CASES if not CASES[name][2] <= found[name]] == []
    calls = [line for line in seen.err.splitlines() if "GET" in line]
    assert len(calls) <= 9
