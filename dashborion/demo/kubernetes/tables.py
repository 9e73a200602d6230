"""Tables as the API server prints them for ``kubectl get``, which has no columns of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from dashborion.demo.kubernetes.objects import is_ready
from dashborion.demo.kubernetes.resources import Object, Resource

# A path with its default behind a `|`, or several between slashes, or what makes the cell.
Cell = str | Callable[[Object], Any]


def table(resource: Resource, items: Sequence[Object], now: datetime, metadata: Object) -> Object:
    columns: dict[str, Cell] = {
        "Name": "metadata.name",
        **_COLUMNS.get(resource.plural, {}),
        "Age": lambda item: _age(item["metadata"].get("creationTimestamp"), now),
    }
    if resource.plural == "events":
        columns = {"Last Seen": lambda item: _age(item.get("lastTimestamp"), now), **_EVENTS}
    kind = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}
    rows = [
        {
            "cells": [_cell(source, item) for source in columns.values()],
            "object": {**kind, "metadata": item["metadata"]},
        }
        for item in items
    ]
    definitions = [
        {"name": name, "type": "string", "format": "name" if name == "Name" else ""}
        | {"description": "", "priority": 0}
        for name in columns
    ]
    head = {**kind, "kind": "Table", "metadata": metadata}
    return {**head, "columnDefinitions": definitions, "rows": rows}


def _cell(source: Cell, item: Object) -> Any:
    if not isinstance(source, str):
        return source(item)
    values = [_value(path, item) for path in source.split("/")]
    return values[0] if len(values) == 1 else "/".join(map(str, values))


def _value(path: str, item: Object) -> Any:
    path, _, default = path.partition("|")
    value: Any = item
    for key in path.split("."):
        value = (value or {}).get(key)
    return default if value is None else value


def _age(when: str | None, now: datetime) -> str:
    if not when:
        return "<unknown>"
    seconds = max(0, int((now - datetime.fromisoformat(when)).total_seconds()))
    for size, unit, limit in ((1, "s", 120), (60, "m", 120), (3600, "h", 48)):
        if seconds < size * limit:
            return f"{seconds // size}{unit}"
    return f"{seconds // 86400}d"


def _ready(pod: Object) -> str:
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    return f"{sum(status['ready'] for status in statuses)}/{len(pod['spec']['containers'])}"


def _restarts(pod: Object) -> str:
    part = "initContainerStatuses" if pod_reason(pod).startswith("Init:") else "containerStatuses"
    statuses = (pod.get("status") or {}).get(part) or ()
    return str(sum(status["restartCount"] for status in statuses))


def pod_reason(pod: Object) -> str:
    """The word of ``printPod``, for the states that this cluster's pods get into."""
    status = pod.get("status") or {}
    if pod["metadata"].get("deletionTimestamp"):
        return "Terminating"
    word: str = status.get("reason") or status.get("phase") or "Pending"
    initial = status.get("initContainerStatuses") or ()
    for number, container in enumerate(initial):
        state = container["state"]
        ended, waiting = state.get("terminated"), state.get("waiting") or {}
        is_sidecar = container.get("started") and "running" in state
        if is_sidecar or (ended and ended["exitCode"] == 0):
            continue
        if ended:
            return f"Init:{ended['reason']}"
        if waiting.get("reason", "PodInitializing") != "PodInitializing":
            return f"Init:{waiting['reason']}"
        return f"Init:{number}/{len(initial)}"
    has_running = False
    for container in reversed(status.get("containerStatuses") or ()):
        state = container["state"]
        word = (state.get("waiting") or state.get("terminated") or {}).get("reason") or word
        has_running = has_running or ("running" in state and container["ready"])
    return "NotReady" if word == "Completed" and has_running else word


def _addresses(item: Object) -> str:
    ingress = ((item.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    return ",".join(entry.get("ip") or entry.get("hostname", "") for entry in ingress)


def _endpoints(item: Object) -> str:
    subsets = item.get("subsets") or ()
    return ",".join(one["ip"] for part in subsets for one in part.get("addresses") or ())


_COLUMNS: Mapping[str, Mapping[str, Cell]] = {
    "pods": {"Ready": _ready, "Status": pod_reason, "Restarts": _restarts},
    "deployments": {
        "Ready": "status.readyReplicas|0/spec.replicas|0",
        "Up-to-date": "status.updatedReplicas|0",
        "Available": "status.availableReplicas|0",
    },
    "statefulsets": {"Ready": "status.readyReplicas|0/spec.replicas|0"},
    "daemonsets": {
        "Desired": "status.desiredNumberScheduled|0",
        "Current": "status.currentNumberScheduled|0",
        "Ready": "status.numberReady|0",
        "Up-to-date": "status.updatedNumberScheduled|0",
        "Available": "status.numberAvailable|0",
    },
    "replicasets": {
        "Desired": "spec.replicas",
        "Current": "status.replicas|0",
        "Ready": "status.readyReplicas|0",
    },
    "services": {
        "Type": "spec.type",
        "Cluster-IP": "spec.clusterIP",
        "External-IP": lambda item: _addresses(item) or "<none>",
        "Port(s)": lambda item: (
            ",".join(f"{port['port']}/{port['protocol']}" for port in item["spec"]["ports"])
            or "<none>"
        ),
    },
    "ingresses": {
        "Class": "spec.ingressClassName|<none>",
        "Hosts": lambda item: (
            ",".join(rule.get("host", "*") for rule in item["spec"].get("rules") or ()) or "*"
        ),
        "Address": _addresses,
    },
    "horizontalpodautoscalers": {
        "Reference": "spec.scaleTargetRef.kind/spec.scaleTargetRef.name",
        "MinPods": "spec.minReplicas|",
        "MaxPods": "spec.maxReplicas|",
        "Replicas": "status.currentReplicas|0",
    },
    "jobs": {"Completions": "status.succeeded|0/spec.completions|0"},
    "cronjobs": {"Schedule": "spec.schedule", "Suspend": "spec.suspend|"},
    "namespaces": {"Status": "status.phase|Active"},
    "nodes": {
        "Status": lambda node: "Ready" if is_ready(node) else "NotReady",
        "Version": "status.nodeInfo.kubeletVersion|",
    },
    "endpoints": {"Endpoints": lambda item: _endpoints(item) or "<none>"},
    "configmaps": {
        "Data": lambda item: len(item.get("data") or {}) + len(item.get("binaryData") or {})
    },
    "controllerrevisions": {"Revision": "revision"},
}
_EVENTS: Mapping[str, Cell] = {
    "Type": "type|",
    "Reason": "reason|",
    "Object": lambda item: (
        f"{item['involvedObject']['kind'].lower()}/{item['involvedObject']['name']}"
    ),
    "Message": "message|",
}
