"""What runs on the control planes of the set-ups: objects as large as those of real teams.

Their metadata, probes, variables and mounts matter: most of a pod's JSON is what nobody prints.
"""

from __future__ import annotations

import hashlib
from typing import Any

from tests.support.api import Manifest
from tests.support.control_plane import ControlPlane
from tests.support.manifests import (
    container,
    daemon_set,
    deployment,
    ingress,
    namespace,
    service,
    stateful_set,
)

_TEAMS = ("media", "search", "billing", "edge", "data", "platform")
_KINDS = ("deployments", "statefulsets", "daemonsets")


def settled(plane: ControlPlane) -> bool:
    """Every workload has all its pods, and all of these are ready."""
    return all(
        _complete(item)
        for kind in _KINDS
        for item in plane.request("GET", f"/apis/apps/v1/{kind}")["items"]
    )


def _complete(item: Manifest) -> bool:
    status = item["status"]
    if status.get("observedGeneration") != item["metadata"]["generation"]:
        return False
    if "desiredNumberScheduled" in status:
        return bool(0 < status["desiredNumberScheduled"] == status.get("numberReady", 0))
    wanted = item["spec"]["replicas"]
    return bool(status.get("replicas", 0) == status.get("readyReplicas", 0) == wanted)


def _several_teams() -> list[Manifest]:
    """Forty Deployments, twelve StatefulSets and eight DaemonSets, with their ways in."""
    found = [namespace(team) for team in _TEAMS]
    for number in range(40):
        team, name = _TEAMS[number % len(_TEAMS)], f"service-{number}"
        made = deployment(name, *_containers(name), replicas=1 + number % 3, namespace=team)
        found += [_dressed(made, team), service(name, namespace=team)]
        if number % 2:
            found.append(ingress(name, host=f"{name}.example.test", namespace=team))
    for number in range(12):
        team, name = _TEAMS[number % len(_TEAMS)], f"store-{number}"
        made = stateful_set(name, *_containers(name), replicas=2, namespace=team)
        found += [service(name, namespace=team, clusterIP="None"), _dressed(made, team)]
    for number in range(8):
        team, name = _TEAMS[number % len(_TEAMS)], f"agent-{number}"
        found.append(_dressed(daemon_set(name, *_containers(name), namespace=team), team))
    return found


def _many_deployments(replicas: int) -> list[Manifest]:
    """Two hundred Deployments of so many pods each."""
    found = [namespace(team) for team in _TEAMS]
    for number in range(200):
        team, name = _TEAMS[number % len(_TEAMS)], f"service-{number}"
        made = deployment(name, *_containers(name), replicas=replicas, namespace=team)
        found.append(_dressed(made, team))
    return found


def _ten() -> list[Manifest]:
    """Seven Deployments, two StatefulSets and a DaemonSet, in the namespace that is there."""
    made = [deployment(f"web-{one}", *_containers(f"web-{one}"), replicas=2) for one in range(7)]
    made += [stateful_set(f"db-{one}", *_containers(f"db-{one}")) for one in range(2)]
    made.append(daemon_set("agent", *_containers("agent")))
    for one in made:
        one["metadata"]["namespace"] = "default"
    return [_dressed(one, "default") for one in made]


def _dressed(workload: Manifest, team: str) -> Manifest:
    """With the labels and annotations that charts and pipelines leave."""
    metadata, spec = workload["metadata"], workload["spec"]
    labels = {
        "app.kubernetes.io/name": metadata["name"],
        "app.kubernetes.io/instance": f"{metadata['name']}-{team}",
        "app.kubernetes.io/version": "1.4.2",
        "app.kubernetes.io/managed-by": "Helm",
        "team": team,
    }
    metadata["labels"] |= labels
    metadata["annotations"] = {
        "meta.helm.sh/release-name": metadata["name"],
        "meta.helm.sh/release-namespace": team,
    }
    template = spec["template"]
    template["metadata"]["labels"] = template["metadata"]["labels"] | labels
    template["metadata"]["annotations"] = {
        "checksum/config": hashlib.sha256(metadata["name"].encode()).hexdigest(),
        "prometheus.io/scrape": "true",
        "prometheus.io/port": "9102",
    }
    template["spec"]["volumes"] = [
        {"name": "config", "configMap": {"name": metadata["name"]}},
        {"name": "scratch", "emptyDir": {}},
    ]
    return workload


def _containers(name: str) -> list[Manifest]:
    """The program and a proxy beside it."""
    probe: dict[str, Any] = {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 10}
    variables: list[Manifest] = [
        {"name": f"SETTING_{number}", "value": f"https://{name}.example.test/{number}"}
        for number in range(12)
    ]
    node = {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}
    program = container(
        ports=[{"name": "http", "containerPort": 8080}],
        env=[*variables, node],
        resources={
            "requests": {"cpu": "10m", "memory": "32Mi"},
            "limits": {"cpu": "1", "memory": "512Mi"},
        },
        readinessProbe=probe,
        livenessProbe=probe,
        volumeMounts=[
            {"name": "config", "mountPath": "/etc/app", "readOnly": True},
            {"name": "scratch", "mountPath": "/tmp"},  # noqa: S108 - in a container
        ],
    )
    proxy = container(
        "proxy",
        name="proxy",
        ports=[{"name": "metrics", "containerPort": 9102}],
        resources={"requests": {"cpu": "5m", "memory": "16Mi"}},
    )
    return [program, proxy]


SIXTY_WORKLOADS = tuple(_several_teams())
TEN_WORKLOADS = tuple(_ten())
FIVE_THOUSAND_PODS = tuple(_many_deployments(25))
TWO_HUNDRED_WORKLOADS = tuple(_many_deployments(1))
