"""The API's objects as JSON, whole and healthy unless told otherwise, decoded as an answer is.

Builders take what a test is about; the rest is what a real object has there.
``None`` stays in the JSON as null, ``ABSENT`` removes a field.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, TypeVar

import msgspec

from dashborion.config.targets import Environment, KubernetesTarget
from dashborion.models.instance import Instance
from dashborion.orchestrators.kubernetes import instances, wire

Raw = dict[str, Any]
T = TypeVar("T")

ABSENT: Any = object()
CREATED = "2024-05-01T08:00:00Z"
STARTED = "2024-05-01T08:00:02Z"
ENVIRONMENT = Environment(project="rubix", name="staging", target=KubernetesTarget(context="rubix"))


def decode(type_: type[T], item: Raw) -> T:
    """Through JSON, as the client does it."""
    return msgspec.json.decode(msgspec.json.encode(item), type=type_)


def merged(base: Raw, *changes: Raw | None) -> Raw:
    """A copy with changes laid over it, object by object."""
    found = dict(base)
    for change in changes:
        for key, value in (change or {}).items():
            inner = found.get(key)
            if value is ABSENT:
                found.pop(key, None)
            elif isinstance(inner, dict) and isinstance(value, dict):
                found[key] = merged(inner, value)
            else:
                found[key] = value
    return found


def metadata(name: str, change: Raw | None = None) -> Raw:
    base = {
        "name": name,
        "namespace": "media",
        "uid": f"uid-{name}",
        "resourceVersion": "4711",
        "generation": 2,
        "creationTimestamp": CREATED,
        "labels": {"app": "web"},
        "managedFields": [{"manager": "kubectl", "operation": "Update", "time": CREATED}],
    }
    return merged(base, change)


def owner(kind: str, name: str, uid: str | None = None, *, group: str = "apps/v1") -> Raw:
    return {
        "apiVersion": group,
        "kind": kind,
        "name": name,
        "uid": uid or f"uid-{name}",
        "controller": True,
        "blockOwnerDeletion": True,
    }


def condition(type_: str, status: str = "True", **more: Any) -> Raw:
    base = {"type": type_, "status": status, "lastProbeTime": None, "lastTransitionTime": STARTED}
    return base | more


def container(name: str, requests: Raw | None = None, **more: Any) -> Raw:
    base = {
        "name": name,
        "image": f"registry.example.com/{name}:1.4.2",
        "imagePullPolicy": "IfNotPresent",
        "ports": [{"containerPort": 8080, "protocol": "TCP"}],
        "resources": {"requests": requests} if requests is not None else {},
        "terminationMessagePath": "/dev/termination-log",
    }
    return base | more


# --- What a kubelet says of a container ---------------------------------------------------------


def reported(name: str, state: Raw, **more: Any) -> Raw:
    base = {
        "name": name,
        "image": f"registry.example.com/{name}:1.4.2",
        "imageID": f"registry.example.com/{name}@sha256:0f3c",
        "containerID": "containerd://5b1d",
        "ready": "running" in state,
        "started": "running" in state,
        "restartCount": 0,
        "state": state,
        "lastState": {},
    }
    return merged(base, more)


def running(name: str = "app", **more: Any) -> Raw:
    return reported(name, {"running": {"startedAt": STARTED}}, **more)


def waiting(
    name: str = "app", reason: str | None = None, message: str | None = None, **more: Any
) -> Raw:
    return reported(name, {"waiting": {"reason": reason, "message": message}}, **more)


def terminated(name: str = "app", code: int = 0, reason: str | None = None, **more: Any) -> Raw:
    return reported(name, {"terminated": ending(code, reason)}, **more)


def ending(code: int, reason: str | None = None, **more: Any) -> Raw:
    base = {
        "exitCode": code,
        "reason": reason,
        "startedAt": STARTED,
        "finishedAt": "2024-05-01T09:00:00Z",
        "containerID": "containerd://5b1d",
    }
    return base | more


def pod(
    *statuses: Raw,
    init: Sequence[Raw] = (),
    sidecars: Collection[str] = (),
    conditions: Sequence[Raw] | None = None,
    status: Raw | None = None,
    spec: Raw | None = None,
    meta: Raw | None = None,
) -> wire.Pod:
    """A pod whose containers are those that its status reports, all of them ready by default."""
    regular = list(statuses) or [running()]
    initial = [
        container(one["name"]) | ({"restartPolicy": "Always"} if one["name"] in sidecars else {})
        for one in init
    ]
    whole = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata("web-7d9c5b8f6d-x2x9p", {"generateName": "web-7d9c5b8f6d-"}),
        "spec": {
            "containers": [container(one["name"]) for one in regular],
            "initContainers": initial,
            "nodeName": "node-a",
            "restartPolicy": "Always",
            "schedulerName": "default-scheduler",
        },
        "status": {
            "phase": "Running",
            "conditions": [
                condition("Initialized"),
                condition("Ready"),
                condition("ContainersReady"),
                condition("PodScheduled"),
            ],
            "hostIP": "10.0.0.7",
            "podIP": "10.1.0.12",
            "podIPs": [{"ip": "10.1.0.12"}],
            "qosClass": "Burstable",
            "startTime": STARTED,
            "containerStatuses": regular,
            "initContainerStatuses": list(init),
        },
    }
    change: Raw = {"metadata": meta, "spec": spec, "status": status}
    if conditions is not None:
        change["status"] = {"conditions": list(conditions), **(status or {})}
    return decode(wire.Pod, merged(whole, {key: part for key, part in change.items() if part}))


def instance(item: wire.Pod, owned: instances.Owned | None = None) -> Instance:
    return instances.instance(item, owned, ENVIRONMENT)
