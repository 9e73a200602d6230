"""``metrics.k8s.io``: what metrics-server has last asked the kubelets, four times a minute."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from dashborion.demo.behaviour import State
from dashborion.demo.consumption import climbing, lasts, shares
from dashborion.demo.kubernetes.errors import not_allowed, not_found
from dashborion.demo.kubernetes.lists import matching
from dashborion.demo.kubernetes.pods import Container
from dashborion.demo.kubernetes.request import Request
from dashborion.demo.kubernetes.resources import METRICS, Object
from dashborion.demo.kubernetes.store import stamp

_RESOLUTION = 15.0  # seconds
_NODE = (150_000_000, 900 << 20)  # what a node uses besides its pods


def sampled_at(now: datetime) -> datetime:
    return datetime.fromtimestamp(now.timestamp() // _RESOLUTION * _RESOLUTION, UTC)


def pod_metrics(pod: Object, containers: Iterable[Container], at: datetime) -> Object | None:
    """What a pod uses; None until all that runs has run for one round."""
    running = [one for one in containers if one.moment.state is State.RUNNING]
    begun = [one.at(one.moment.run.start) for one in running if one.moment.run]
    if not begun or (at - max(begun)).total_seconds() < _RESOLUTION:
        return None
    kept = ("name", "namespace", "labels")
    metadata = {key: pod["metadata"][key] for key in kept if key in pod["metadata"]}
    used = [
        {"name": one.name, "usage": {"cpu": f"{cpu}n", "memory": f"{memory // 1024}Ki"}}
        for one, since in zip(running, begun, strict=True)
        for cpu, memory in [_used(one, since, at)]
    ]
    return {**_head("pods", metadata, at), "containers": used}


def _used(container: Container, since: datetime, at: datetime) -> tuple[int, int]:
    """Billionths of a core and bytes; of what is not said, a usual container has this much."""
    spec, own = container.pod["spec"], container.given.get("resources")
    sidecars = [one for one in spec.get("initContainers") or () if one.get("restartPolicy")]
    among = 1 if own else len(spec["containers"]) + len(sidecars)  # who share the pod's own
    asked = own or spec.get("resources") or {}
    requests, limits = asked.get("requests") or {}, asked.get("limits") or {}
    cores = _number(requests.get("cpu", "100m")) / among
    room = _number(limits.get("memory") or requests.get("memory") or "256Mi") / among
    cpu, memory = shares(container.name, container.pod["metadata"]["name"], at.timestamp())
    age = (at - since).total_seconds() * container.speed
    memory = climbing(memory, age, lasts(container.behaviour, container.moment))
    return int(cores * cpu * 10**9), int(room * memory)


def _number(text: str) -> float:
    units = {"m": 1e-3, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}
    unit = next((unit for unit in units if str(text).endswith(unit)), "")
    return float(str(text).removesuffix(unit)) * units.get(unit, 1)


def _head(plural: str, metadata: Object, at: datetime) -> Object:
    kind = next(one for one in METRICS if one.plural == plural)
    head = {"kind": kind.kind, "apiVersion": kind.group_version}
    return {**head, "metadata": metadata, "timestamp": stamp(at), "window": "15.0s"}


def answer(
    request: Request, pods: list[tuple[Object, Object | None]], nodes: list[Object], at: datetime
) -> Object:
    """A list, or one object; ``pods`` are pods with their metrics."""
    kind = next(one for one in METRICS if one.plural == request.plural)
    if request.method != "GET":
        raise not_allowed()
    items = [metrics for _, metrics in pods if metrics]
    if request.plural == "nodes":
        items = list(_nodes(nodes, pods, at))
    found = list(filter(matching(request), items))
    if not request.name:
        head = {"kind": f"{kind.kind}List", "apiVersion": kind.group_version}
        return {**head, "metadata": {}, "items": found}
    for one in found:
        if one["metadata"]["name"] == request.name:
            return one
    raise not_found(kind, request.name)


def _nodes(
    nodes: list[Object], pods: list[tuple[Object, Object | None]], at: datetime
) -> Iterator[Object]:
    for node in nodes:
        name, (cpu, memory) = node["metadata"]["name"], _NODE
        for pod, metrics in pods:
            if metrics and pod["spec"].get("nodeName") == name:
                for one in metrics["containers"]:
                    cpu += int(one["usage"]["cpu"][:-1])
                    memory += int(one["usage"]["memory"][:-2]) * 1024
        metadata = {"name": name, "labels": node["metadata"].get("labels") or {}}
        usage = {"cpu": f"{cpu}n", "memory": f"{memory // 1024}Ki"}
        yield {**_head("nodes", metadata, at), "usage": usage}
