"""The StatefulSet and DaemonSet controllers, whose revisions are ControllerRevisions."""

from __future__ import annotations

from typing import Any

from dashborion.demo.kubernetes.objects import (
    MOST_PODS,
    World,
    controlled_by,
    is_active,
    is_ready,
    is_terminating,
    scaled,
    suffix,
    template_hash,
    without_zeros,
)
from dashborion.demo.kubernetes.resources import Object

REVISION_HASH = "controller-revision-hash"


def revision_of(world: World, item: Object) -> tuple[str, int]:
    """Hash and number of the current template's revision, which is stored if it is new."""
    template = item["spec"]["template"]
    code, name = template_hash(template), item["metadata"]["name"]
    known = world.owned("controllerrevisions", item)
    newest = max((revision["revision"] for revision in known), default=0)
    current = next((e for e in known if e["metadata"]["name"] == f"{name}-{code}"), None)
    if current is None:
        labels = template["metadata"].get("labels") or {}
        metadata = {
            "name": f"{name}-{code}",
            "namespace": item["metadata"]["namespace"],
            "labels": {**labels, REVISION_HASH: code},
            "ownerReferences": [controlled_by(item)],
        }
        data = {"spec": {"template": {**template, "$patch": "replace"}}}
        created = {"metadata": metadata, "data": data, "revision": newest + 1}
        world.store.create("controllerrevisions", created)
        newest += 1
        surplus = len(known) - item["spec"]["revisionHistoryLimit"]
        for revision in sorted(known, key=lambda revision: revision["revision"])[: max(0, surplus)]:
            world.store.remove("controllerrevisions", revision)
    elif current["revision"] < newest:
        newest += 1
        world.store.replace("controllerrevisions", {**current, "revision": newest})
    return code, newest


def _code(pod: Object) -> str:
    return str((pod["metadata"].get("labels") or {}).get(REVISION_HASH, ""))


def run_stateful_sets(world: World) -> None:
    """Create, update and delete the pods of StatefulSets in order, one at a time."""
    for stateful_set in world.store.all("statefulsets"):
        code, _ = revision_of(world, stateful_set)
        name, status = stateful_set["metadata"]["name"], stateful_set.get("status") or {}
        update = f"{name}-{code}"  # which is also what their pods' labels say
        current = status.get("currentRevision") or update
        pods = {_ordinal(pod): pod for pod in world.owned("pods", stateful_set)}
        _step(world, stateful_set, pods, update, current)
        _report(world, stateful_set, list(pods.values()), update, current)


def _ordinal(pod: Object) -> int:
    return int(pod["metadata"]["name"].rpartition("-")[2])


def _step(world: World, item: Object, pods: dict[int, Object], code: str, current: str) -> None:
    spec = item["spec"]
    count = spec["replicas"]
    if _fill_up(world, item, pods, code, current):
        return
    surplus = sorted((number for number in pods if number >= count), reverse=True)
    if surplus:
        world.stop_pod(item, pods[surplus[0]])
        return
    for number in range(min(count, MOST_PODS) - 1, _first_to_update(spec) - 1, -1):
        pod = pods.get(number)
        if pod is None or is_terminating(pod):
            return
        if _is_behind(spec, pod, code, number):
            world.stop_pod(item, pod)
            return
        if not is_ready(pod):
            return


def _fill_up(world: World, item: Object, pods: dict[int, Object], code: str, current: str) -> bool:
    """Create missing pods; returns whether to wait before anything else."""
    spec = item["spec"]
    in_turn = spec["podManagementPolicy"] == "OrderedReady"
    first = _first_to_update(spec)
    for number in range(min(spec["replicas"], MOST_PODS)):
        pod = pods.get(number)
        if pod is None and world.refuses(item):
            return True
        if pod is None:
            pods[number] = _make(world, item, number, code if number >= first else current)
            if in_turn:
                return True
        elif in_turn and (is_terminating(pod) or not is_ready(pod)):
            # One that is neither of the newest revision nor well is replaced all the same.
            return not _is_behind(spec, pod, code, number)
    return False


def _first_to_update(spec: Object) -> int:
    """The partition: pods with a smaller ordinal are not updated."""
    partition: int = (spec["updateStrategy"].get("rollingUpdate") or {}).get("partition", 0)
    return partition


def _is_behind(spec: Object, pod: Object, code: str, number: int) -> bool:
    is_rolling = spec["updateStrategy"]["type"] == "RollingUpdate"
    is_due = is_rolling and number >= _first_to_update(spec)
    return is_due and _code(pod) != code and not is_terminating(pod)


def _make(world: World, item: Object, number: int, code: str) -> Object:
    name = f"{item['metadata']['name']}-{number}"
    template = item["spec"]["template"]
    for revision in world.owned("controllerrevisions", item):
        if revision["metadata"]["name"] == code:
            kept = revision["data"]["spec"]["template"]
            template = {key: value for key, value in kept.items() if key != "$patch"}
    labels = {
        REVISION_HASH: code,
        "statefulset.kubernetes.io/pod-name": name,
        "apps.kubernetes.io/pod-index": str(number),
    }
    subdomain = item["spec"].get("serviceName", "")
    return world.start_pod(item, template, name, labels, hostname=name, subdomain=subdomain)


def _report(world: World, item: Object, pods: list[Object], update: str, current: str) -> None:
    spec = item["spec"]
    count = spec["replicas"]
    alive = [pod for pod in pods if is_active(pod)]
    updated = [pod for pod in alive if _code(pod) == update]
    is_done = len(updated) == count == len(pods) and all(map(is_ready, updated))
    if is_done and spec["updateStrategy"]["type"] == "RollingUpdate":
        current = update
    counts = {
        "readyReplicas": sum(map(is_ready, alive)),
        "currentReplicas": sum(_code(pod) == current for pod in alive),
        "updatedReplicas": len(updated),
    }
    status: Object = {
        "observedGeneration": item["metadata"]["generation"],
        "replicas": len(pods),
        **without_zeros(counts),
        "availableReplicas": world.count_available(item, alive),
        "currentRevision": current,
        "updateRevision": update,
        "collisionCount": 0,
    }
    world.store.set_status("statefulsets", item, status)


def run_daemon_sets(world: World, nodes: list[str]) -> None:
    """Give every DaemonSet a pod on each node; updates go node by node."""
    for daemon_set in world.store.all("daemonsets"):
        code, number = revision_of(world, daemon_set)
        places = _places(daemon_set, nodes)
        pods = world.owned("pods", daemon_set)
        by_node = {pod["spec"].get("nodeName", ""): pod for pod in pods}
        for node, pod in by_node.items():
            if node not in places:
                world.end_pod(pod)
        if len(by_node) < len(places) and world.refuses(daemon_set):
            places = [node for node in places if node in by_node]
        running = [
            by_node.get(node) or _daemon(world, daemon_set, node, code, number) for node in places
        ]
        _roll_daemons(world, daemon_set, running, code)
        _report_daemons(world, daemon_set, running, code)


def _places(item: Object, nodes: list[str]) -> list[str]:
    wanted = item["spec"]["template"]["spec"].get("nodeSelector") or {}
    hostname = wanted.get("kubernetes.io/hostname")
    return [node for node in nodes if hostname in (None, node)]


def _daemon(world: World, item: Object, node: str, code: str, number: int) -> Object:
    metadata = item["metadata"]
    name = f"{metadata['name']}-{suffix(metadata['uid'], node, world.store.version)}"
    labels = {REVISION_HASH: code, "pod-template-generation": str(number)}
    return world.start_pod(item, item["spec"]["template"], name, labels, nodeName=node)


def _roll_daemons(world: World, item: Object, pods: list[Object], code: str) -> None:
    strategy = item["spec"]["updateStrategy"]
    if strategy["type"] != "RollingUpdate":
        return
    most: Any = strategy["rollingUpdate"]["maxUnavailable"]
    room = max(1, scaled(most, len(pods), up=True)) - sum(not is_ready(pod) for pod in pods)
    for pod in pods:
        if _code(pod) == code or is_terminating(pod):
            continue
        if not is_ready(pod) or room > 0:
            room -= is_ready(pod)
            world.stop_pod(item, pod)


def _report_daemons(world: World, item: Object, pods: list[Object], code: str) -> None:
    alive = [pod for pod in pods if is_active(pod)]
    available = world.count_available(item, alive)
    counts = {
        "updatedNumberScheduled": sum(_code(pod) == code for pod in alive),
        "numberAvailable": available,
        "numberUnavailable": len(pods) - available,
    }
    status = {
        "currentNumberScheduled": len(pods),
        "desiredNumberScheduled": len(pods),
        "numberMisscheduled": 0,
        "numberReady": sum(map(is_ready, alive)),
        "observedGeneration": item["metadata"]["generation"],
        **without_zeros(counts),
    }
    world.store.set_status("daemonsets", item, status)
