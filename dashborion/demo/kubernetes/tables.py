"""Tables as the API server prints them for `kubectl get`, which has no columns of its own."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from dashborion.demo.kubernetes.resources import Object, Resource

Column = tuple[str, Callable[[Object], Any]]


def table(resource: Resource, items: Sequence[Object], now: datetime, metadata: Object) -> Object:
    columns: list[Column] = [
        ("Name", lambda item: item["metadata"]["name"]),
        *_COLUMNS.get(resource.plural, ()),
        ("Age", lambda item: _age(item["metadata"].get("creationTimestamp"), now)),
    ]
    if resource.plural == "events":
        columns = [("Last Seen", lambda item: _age(item.get("lastTimestamp"), now)), *_EVENTS]
    rows = [
        {
            "cells": [cell(item) for _, cell in columns],
            "object": {
                "kind": "PartialObjectMetadata",
                "apiVersion": "meta.k8s.io/v1",
                "metadata": item["metadata"],
            },
        }
        for item in items
    ]
    definitions = [
        {"name": name, "type": "string", "format": "name" if name == "Name" else ""}
        | {"description": "", "priority": 0}
        for name, _ in columns
    ]
    kind = {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata}
    return {**kind, "columnDefinitions": definitions, "rows": rows}


def _age(when: str | None, now: datetime) -> str:
    if not when:
        return "<unknown>"
    seconds = max(0, int((now - datetime.fromisoformat(when)).total_seconds()))
    for size, unit, limit in ((1, "s", 120), (60, "m", 120), (3600, "h", 48)):
        if seconds < size * limit:
            return f"{seconds // size}{unit}"
    return f"{seconds // 86400}d"


def _status(name: str, default: Any = 0) -> Callable[[Object], Any]:
    return lambda item: (item.get("status") or {}).get(name, default)


def _of(count: str, total: str) -> Callable[[Object], str]:
    def cell(item: Object) -> str:
        status, spec = item.get("status") or {}, item.get("spec") or {}
        return f"{status.get(count, 0)}/{spec.get(total, 0)}"

    return cell


def _ready(pod: Object) -> str:
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    return f"{sum(each['ready'] for each in statuses)}/{len(pod['spec']['containers'])}"


def _restarts(pod: Object) -> str:
    status = pod.get("status") or {}
    part = "initContainerStatuses" if pod_reason(pod).startswith("Init:") else "containerStatuses"
    return str(sum(each["restartCount"] for each in status.get(part) or ()))


def pod_reason(pod: Object) -> str:
    """The word of `printPod`, for the states that this cluster's pods get into."""
    status = pod.get("status") or {}
    if pod["metadata"].get("deletionTimestamp"):
        return "Terminating"
    word: str = status.get("reason") or status.get("phase") or "Pending"
    initial = status.get("initContainerStatuses") or ()
    for number, each in enumerate(initial):
        ended, waiting = each["state"].get("terminated"), each["state"].get("waiting") or {}
        is_sidecar = each.get("started") and "running" in each["state"]
        if is_sidecar or (ended and ended["exitCode"] == 0):
            continue
        if ended:
            return f"Init:{ended['reason']}"
        if waiting.get("reason", "PodInitializing") != "PodInitializing":
            return f"Init:{waiting['reason']}"
        return f"Init:{number}/{len(initial)}"
    running = False
    for each in reversed(status.get("containerStatuses") or ()):
        state = each["state"]
        told = (state.get("waiting") or state.get("terminated") or {}).get("reason")
        word = told or word
        running = running or ("running" in state and each["ready"])
    if word == "Completed" and running:
        return "NotReady"
    return word


def _hosts(ingress: Object) -> str:
    hosts = [rule.get("host", "*") for rule in ingress["spec"].get("rules") or ()]
    return ",".join(hosts) or "*"


def _addresses(item: Object) -> str:
    found = ((item.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    return ",".join(each.get("ip") or each.get("hostname", "") for each in found)


def _ports(service: Object) -> str:
    ports = service["spec"].get("ports") or ()
    return ",".join(f"{each['port']}/{each['protocol']}" for each in ports) or "<none>"


def _node(item: Object) -> str:
    conditions = (item.get("status") or {}).get("conditions") or ()
    ready = any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
    return "Ready" if ready else "NotReady"


def _node_version(item: Object) -> str:
    info: Object = (item.get("status") or {}).get("nodeInfo") or {}
    return str(info.get("kubeletVersion", ""))


def _addressed(item: Object) -> str:
    found = [
        address["ip"]
        for subset in item.get("subsets") or ()
        for address in subset.get("addresses") or ()
    ]
    return ",".join(found) or "<none>"


def _spec(name: str) -> Callable[[Object], Any]:
    return lambda item: (item.get("spec") or {}).get(name)


def _keys(item: Object) -> int:
    return len(item.get("data") or {}) + len(item.get("binaryData") or {})


def _target(item: Object) -> str:
    reference = item["spec"]["scaleTargetRef"]
    return f"{reference['kind']}/{reference['name']}"


_COLUMNS: dict[str, tuple[Column, ...]] = {
    "pods": (("Ready", _ready), ("Status", pod_reason), ("Restarts", _restarts)),
    "deployments": (
        ("Ready", _of("readyReplicas", "replicas")),
        ("Up-to-date", _status("updatedReplicas")),
        ("Available", _status("availableReplicas")),
    ),
    "statefulsets": (("Ready", _of("readyReplicas", "replicas")),),
    "daemonsets": (
        ("Desired", _status("desiredNumberScheduled")),
        ("Current", _status("currentNumberScheduled")),
        ("Ready", _status("numberReady")),
        ("Up-to-date", _status("updatedNumberScheduled")),
        ("Available", _status("numberAvailable")),
    ),
    "replicasets": (
        ("Desired", _spec("replicas")),
        ("Current", _status("replicas")),
        ("Ready", _status("readyReplicas")),
    ),
    "services": (
        ("Type", _spec("type")),
        ("Cluster-IP", _spec("clusterIP")),
        ("External-IP", lambda item: _addresses(item) or "<none>"),
        ("Port(s)", _ports),
    ),
    "ingresses": (
        ("Class", lambda item: item["spec"].get("ingressClassName") or "<none>"),
        ("Hosts", _hosts),
        ("Address", _addresses),
    ),
    "horizontalpodautoscalers": (
        ("Reference", _target),
        ("MinPods", _spec("minReplicas")),
        ("MaxPods", _spec("maxReplicas")),
        ("Replicas", _status("currentReplicas")),
    ),
    "jobs": (("Completions", _of("succeeded", "completions")),),
    "cronjobs": (("Schedule", _spec("schedule")), ("Suspend", _spec("suspend"))),
    "namespaces": (("Status", _status("phase", "Active")),),
    "nodes": (("Status", _node), ("Version", _node_version)),
    "endpoints": (("Endpoints", _addressed),),
    "configmaps": (("Data", _keys),),
    "controllerrevisions": (("Revision", lambda item: item["revision"]),),
}
_EVENTS: tuple[Column, ...] = (
    ("Type", lambda item: item.get("type")),
    ("Reason", lambda item: item.get("reason")),
    (
        "Object",
        lambda item: f"{item['involvedObject']['kind'].lower()}/{item['involvedObject']['name']}",
    ),
    ("Message", lambda item: item.get("message")),
)
