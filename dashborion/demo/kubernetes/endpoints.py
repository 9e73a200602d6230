"""Endpoints and an EndpointSlice for every Service that selects pods."""

from __future__ import annotations

from dashborion.demo.kubernetes.objects import World, is_ready, is_terminating, suffix
from dashborion.demo.kubernetes.resources import Object


def connect_services(world: World) -> None:
    for service in world.store.all("services"):
        selector = service["spec"].get("selector")
        if not selector:
            continue
        pods = [
            pod
            for pod in world.store.all("pods", service["metadata"]["namespace"])
            if selector.items() <= (pod["metadata"].get("labels") or {}).items()
            and pod["status"].get("podIP")
            and pod["status"].get("phase") not in ("Succeeded", "Failed")
        ]
        _write(world, "endpoints", _endpoints(service, pods))
        _write(world, "endpointslices", _slice(service, pods))


def _write(world: World, plural: str, new: Object) -> None:
    metadata = new["metadata"]
    old = world.store.get(plural, metadata["namespace"], metadata["name"])
    if old is None:
        world.store.create(plural, new)
        return
    parts = [key for key in ("subsets", "endpoints", "ports") if key in new or key in old]
    if any(old.get(key) != new.get(key) for key in parts):
        world.store.replace(plural, {**old, **{key: new.get(key, []) for key in parts}})


def _target(pod: Object) -> Object:
    reference = {key: pod["metadata"][key] for key in ("name", "namespace", "uid")}
    return {"nodeName": pod["spec"]["nodeName"], "targetRef": {"kind": "Pod", **reference}}


def _ports(service: Object) -> list[Object]:
    ports = []
    for port in service["spec"].get("ports") or ():
        number = port["targetPort"] if isinstance(port["targetPort"], int) else port["port"]
        named = {"name": port["name"]} if "name" in port else {}
        ports.append({**named, "port": number, "protocol": port["protocol"]})
    return ports


def _endpoints(service: Object, pods: list[Object]) -> Object:
    metadata = {key: service["metadata"][key] for key in ("name", "namespace")}
    labels = service["metadata"].get("labels") or {}
    subset: Object = {}
    for name, ready in (("addresses", True), ("notReadyAddresses", False)):
        alive = [pod for pod in pods if not is_terminating(pod) and is_ready(pod) == ready]
        if alive:
            subset[name] = [{"ip": pod["status"]["podIP"], **_target(pod)} for pod in alive]
    subsets = {"subsets": [{**subset, "ports": _ports(service)}]} if subset else {}
    return {"metadata": {**metadata, "labels": labels}, **subsets}


def _slice(service: Object, pods: list[Object]) -> Object:
    metadata = service["metadata"]
    name, uid = metadata["name"], metadata["uid"]
    endpoints = [
        {
            "addresses": [pod["status"]["podIP"]],
            "conditions": {
                "ready": is_ready(pod) and not is_terminating(pod),
                "serving": is_ready(pod),
                "terminating": is_terminating(pod),
            },
            **_target(pod),
        }
        for pod in pods
    ]
    owner = {"apiVersion": "v1", "kind": "Service", "name": name, "uid": uid, "controller": True}
    return {
        "metadata": {
            "name": f"{name}-{suffix(uid)}",
            "namespace": metadata["namespace"],
            "labels": {
                "kubernetes.io/service-name": name,
                "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
            },
            "ownerReferences": [owner],
        },
        "addressType": "IPv4",
        "endpoints": endpoints,
        "ports": _ports(service),
    }
