"""The scheduler and the kubelets: pods get a node, a status that follows their age, and an end.

The logs of pods are told from it, too: ``GET pods/NAME/log`` with all of its options.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from dashborion.demo.behaviour import PULL_SECONDS, Line, lines, said, words_of
from dashborion.demo.kubernetes import metrics
from dashborion.demo.kubernetes.errors import Refused, bad_request
from dashborion.demo.kubernetes.objects import (
    SCHEDULER,
    World,
    is_ready,
    is_terminating,
    owner_uid,
)
from dashborion.demo.kubernetes.pods import (
    ATTACHED,
    Container,
    complaints_of,
    events_of,
    pod_at,
    pulls_of,
)
from dashborion.demo.kubernetes.request import Request
from dashborion.demo.kubernetes.resources import Object
from dashborion.demo.kubernetes.store import Store
from dashborion.demo.kubernetes.troubles import TROUBLES, filled, trouble_of

_ENDING_SECONDS = 1.5
_POLL_SECONDS = 0.2
_WAITS = {
    "ImagePullBackOff": "trying and failing to pull image",
    "ErrImagePull": "image can't be pulled",
}
_COMPLAINS_EVERY = 10.0
_PULLS_EVERY = 300.0  # the longest back-off
_TRIED_EVERY = 300.0  # what found no place, though nothing has changed
_TOPOLOGY = "topology.kubernetes.io/"
_CPUS = 8  # of every node; what asks for more finds no place
_UNSCHEDULABLE = (
    "0/{count} nodes are available: {clause}. preemption: 0/{count} nodes are available: {count} "
    "Preemption is not helpful for scheduling."
)
_LOST = "node-4"  # where pods go whose node is to be lost, and no others
_MOST_EVICTED = 3  # pods of one owner: they come and go for ever
_LOST_AFTER, _STUCK_AFTER, _GRACE = 5.0, 5.0, timedelta(minutes=2)


_NODE = msgspec.yaml.decode(Path(__file__).with_name("node.yaml").read_bytes())
_OF_PODS = ("FailedMount", "FailedCreatePodSandBox")  # events about no single container
_UNKNOWN = {
    "status": "Unknown",
    "reason": "NodeStatusUnknown",
    "message": "Kubelet stopped posting node status.",
}


@dataclass
class PodRecord:
    """What a kubelet remembers about a pod."""

    started: datetime
    ended: datetime | None = None
    is_lost: bool = False  # its kubelet reports no more
    begun: dict[str, int] = field(default_factory=dict)  # how often each container has started


class Kubelets:
    """All nodes' kubelets, and the scheduler; before ``epoch`` containers write little."""

    def __init__(self, store: Store, nodes: int, speed: float) -> None:
        self.names = [f"node-{number}" for number in range(1, nodes + 1)]
        self.epoch: datetime | None = None
        self._store, self._speed = store, speed
        self._records: dict[str, PodRecord] = {}
        self._placed = 0

    def join(self, world: World) -> None:
        for number, name in enumerate(self.names):
            world.store.create("nodes", _node(name, number, world.stamp))

    def _keep_lost_node(self, world: World) -> None:
        """There is a fourth node for as long as pods are on it."""
        node = world.store.get("nodes", "", _LOST)
        if all(pod["spec"].get("nodeName") != _LOST for pod in world.store.all("pods")):
            if node:
                world.store.remove("nodes", node)
        elif node is None:
            node = world.store.create("nodes", _node(_LOST, 4, world.stamp))
        elif world.seconds_since(node["metadata"]["creationTimestamp"]) > _LOST_AFTER:
            conditions = [{**node["status"]["conditions"][0], **_UNKNOWN}]
            if node["status"]["conditions"][0]["status"] == "True":
                conditions[0]["lastTransitionTime"] = world.stamp
                world.event(node, "NodeNotReady", f"Node {_LOST} status is now: NodeNotReady")
            world.store.set_status("nodes", node, {**node["status"], "conditions": conditions})

    def tick(self, world: World) -> None:
        self._keep_lost_node(world)
        alive: set[str] = set()
        for pod in world.store.all("pods"):
            uid = pod["metadata"]["uid"]
            alive.add(uid)
            record = self._records.get(uid)
            if record is None:
                record = self._place_pod(world, pod)
            elif is_terminating(pod):
                self._end(world, pod, record)
            else:
                self._report(world, pod, record)
        for uid in self._records.keys() - alive:
            del self._records[uid]

    def _place_pod(self, world: World, pod: Object) -> PodRecord | None:
        """Bind the pod to a node, or report why there is none."""
        asked = sum(_cpus(container) for container in pod["spec"]["containers"])
        clause = trouble_of(pod["spec"]).unplaced or (asked > _CPUS and "{count} Insufficient cpu")
        if clause and not pod["spec"].get("nodeName"):
            count = len(self.names)
            message = _UNSCHEDULABLE.format(count=count, clause=clause.format(count=count))
            since = {"lastTransitionTime": pod["metadata"]["creationTimestamp"]}
            condition = {"type": "PodScheduled", "status": "False", "lastProbeTime": None, **since}
            condition |= {"reason": "Unschedulable", "message": message}
            status = {**pod.get("status", {}), "phase": "Pending", "conditions": [condition]}
            world.store.set_status("pods", pod, status)
            again: dict[str, Any] = {"source": SCHEDULER, "every": _TRIED_EVERY}
            world.event(pod, "FailedScheduling", message, kind="Warning", **again)
            return None
        node = pod["spec"].get("nodeName")
        if not node:
            node = self.names[self._placed % len(self.names)]
            if trouble_of(pod["spec"]) is TROUBLES["node-not-ready"]:
                node = _LOST
            self._placed += 1
        pod = world.store.replace("pods", _bound(pod, node, world))
        full_name = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
        message = f"Successfully assigned {full_name} to {node}"
        world.event(pod, "Scheduled", message, source=SCHEDULER)
        record = self._records[pod["metadata"]["uid"]] = PodRecord(world.now)
        self._report(world, pod, record)
        return record

    def _report(self, world: World, pod: Object, record: PodRecord) -> None:
        status, containers = pod_at(pod, record.started, world.now, self._speed)
        node = world.store.get("nodes", "", _LOST) if pod["spec"]["nodeName"] == _LOST else None
        is_gone = node is not None and not is_ready(node)
        if record.is_lost or (is_gone and is_ready(pod)):
            record.is_lost = True
            self._lose(world, pod)
            return
        if status.get("reason") == "Evicted" and not pod["status"].get("reason"):
            world.event(pod, "Evicted", status["message"], kind="Warning", source="kubelet")
            pods = world.store.all("pods", pod["metadata"]["namespace"])
            pods = [one for one in pods if owner_uid(one) == owner_uid(pod)]
            gone = [one for one in pods if one["status"].get("reason") == "Evicted"]
            gone.sort(key=lambda one: str(one["metadata"]["creationTimestamp"]))
            for old in gone[: max(0, len(gone) - _MOST_EVICTED)]:
                world.store.remove("pods", old)
        world.store.set_status("pods", pod, status)
        is_old = world.seconds_since(record.started) > _STUCK_AFTER
        if is_old and trouble_of(pod["spec"]) is TROUBLES["stuck-terminating"]:
            self._get_stuck(world, pod)
        for container in containers:
            path = f"spec.containers{{{container.name}}}"
            if container.must_end or container.given not in pod["spec"]["containers"]:
                path = f"spec.initContainers{{{container.name}}}"
            _complain(world, pod, container, path)
            begun = container.moment.restarts + bool(container.moment.run)
            if record.begun.get(container.name, 0) == begun:
                continue
            record.begun[container.name] = begun
            for kind, reason, message in events_of(container):
                world.event(pod, reason, message, kind=kind, source="kubelet", field_path=path)

    def _lose(self, world: World, pod: Object) -> None:
        """Nobody reports on the pod any more: the node's controller calls it not ready."""
        conditions = [dict(one) for one in pod["status"].get("conditions") or ()]
        for one in conditions:
            if one["type"] == "Ready" and one["status"] == "True":
                one |= {"status": "False", "lastTransitionTime": world.stamp}
                source = "node-controller"
                world.event(pod, "NodeNotReady", "Node is not ready", kind="Warning", source=source)
        world.store.set_status("pods", pod, {**pod["status"], "conditions": conditions})

    def _get_stuck(self, world: World, pod: Object) -> None:
        """Somebody has deleted the first such pod, and its finalizer keeps it."""
        others = world.store.all("pods", pod["metadata"]["namespace"])
        stuck = [one for one in others if trouble_of(one["spec"]) is TROUBLES["stuck-terminating"]]
        if not any(map(is_terminating, stuck)):
            world.store.mark_for_deletion("pods", pod, world.now - _GRACE, 30)

    def _end(self, world: World, pod: Object, record: PodRecord) -> None:
        if record.ended is None:
            record.ended = world.now
            for container in pod["spec"]["containers"]:
                message = f"Stopping container {container['name']}"
                world.event(pod, "Killing", message, source="kubelet")
        images = [container["image"] for container in pod["spec"]["containers"]]
        stays = any("terminating" in words_of(image) for image in images)
        stays = stays or bool(pod["metadata"].get("finalizers"))
        if not stays and world.seconds_since(record.ended) >= _ENDING_SECONDS:
            world.store.remove("pods", pod)

    def metrics(self, request: Request) -> Object:
        """What metrics-server answers."""
        at, store = metrics.sampled_at(self._store.clock()), self._store
        pods = [(pod, self._pod_metrics(pod, at)) for pod in store.all("pods")]
        return metrics.answer(request, pods, store.all("nodes"), at)

    def _pod_metrics(self, pod: Object, at: datetime) -> Object | None:
        record = self._records.get(pod["metadata"]["uid"])
        if record is None or record.is_lost or record.ended or record.started > at:
            return None
        _, containers = pod_at(pod, record.started, at, self._speed)
        return metrics.pod_metrics(pod, containers, at)

    def end_attached(self, pod: Object, code: int | None, text: str) -> None:
        """What somebody was attached to has ended; the text is what its log has."""
        with self._store.lock:
            now = self._store.current("pods", pod)
            record = self._records.get(pod["metadata"]["uid"])
            if now is None or record is None:
                return
            age = (self._store.clock() - record.started).total_seconds() * self._speed
            had, metadata = now["metadata"].get("annotations") or {}, now["metadata"]
            told = {ATTACHED: json.dumps([max(0.0, age - PULL_SECONDS), code or 0, text])}
            self._store.replace(
                "pods", {**now, "metadata": {**metadata, "annotations": had | told}}
            )

    def log(
        self, pod: Object, query: Mapping[str, str], is_over: Callable[[], bool]
    ) -> Iterator[bytes]:
        name = container_of(pod, query.get("container", ""))
        is_stamped = query.get("timestamps") == "true"
        previous = query.get("previous") == "true"
        known, is_running = self._read_log(pod, name, previous=previous)
        chosen = _chosen(known, query, self._store.clock())
        text = b"".join(_line(line, is_stamped) for line in chosen)
        yield text[: int(query.get("limitBytes", len(text)))]
        if query.get("follow") != "true" or previous:
            return
        seen = len(known)
        while is_running and not is_over():
            time.sleep(_POLL_SECONDS)
            known, is_running = self._read_log(pod, name, previous=False)
            if len(known) < seen:
                return  # the container was started again: this was the log of its last run
            yield b"".join(_line(line, is_stamped) for line in known[seen:])
            seen = len(known)

    def _read_log(self, pod: Object, container: str, *, previous: bool) -> tuple[list[Line], bool]:
        """A container's log, and whether it may grow."""
        name, now = pod["metadata"]["name"], self._store.clock()
        record = self._records.get(pod["metadata"]["uid"])
        if record is None:
            raise bad_request(f'pod "{name}" does not have a host assigned')
        current = self._store.current("pods", pod)
        _, containers = pod_at(current or pod, record.started, record.ended or now, self._speed)
        made = next((made for made in containers if made.name == container), None)
        run = None
        if made is not None:
            run = made.moment.previous if previous else made.moment.run
        if made is None or run is None:
            raise _never_ran(f'container "{container}" in pod "{name}"', made, previous=previous)
        start = made.at(run.start)
        is_open = run.end is None and record.ended is None and current is not None
        if made.behaviour.says is not None:
            until = record.ended or now
            return said(made.behaviour.says, start, now=until, speed=self._speed), is_open
        written = lines(
            f"{name}/{container}",
            start,
            None if run.end is None else made.at(run.end),
            now=record.ended or now,
            epoch=self.epoch or now,
            last=made.behaviour.last_words,
        )
        return written, is_open


def _bound(pod: Object, name: str, world: World) -> Object:
    """The pod on a node, with the labels that say where that is."""
    node = world.store.get("nodes", "", name) or {"metadata": {"labels": {}}}
    where = {k: v for k, v in node["metadata"]["labels"].items() if k.startswith(_TOPOLOGY)}
    labels = (pod["metadata"].get("labels") or {}) | where
    metadata = {**pod["metadata"], "labels": labels}
    return {**pod, "metadata": metadata, "spec": {**pod["spec"], "nodeName": name}}


def _complain(world: World, pod: Object, container: Container, path: str) -> None:
    for every, repeated in (
        (_COMPLAINS_EVERY, complaints_of(container)),
        (_PULLS_EVERY, pulls_of(container)),
    ):
        for kind, reason, message in repeated:
            at = "" if reason in _OF_PODS else path
            by: dict[str, Any] = {"kind": kind, "source": "kubelet", "field_path": at}
            world.event(pod, reason, message, every=every, **by)


def _never_ran(which: str, container: Container | None, *, previous: bool) -> Refused:
    if container and previous:
        return bad_request(f"previous terminated {which} not found")
    reason = container.moment.state.value if container else "PodInitializing"
    return bad_request(f"{which} is waiting to start: {_WAITS.get(reason, reason)}")


def container_of(pod: Object, asked: str) -> str:
    spec, name = pod["spec"], pod["metadata"]["name"]
    regular: list[str] = [container["name"] for container in spec["containers"]]
    initial = [container["name"] for container in spec.get("initContainers") or ()]
    if asked:
        if asked not in regular + initial:
            raise bad_request(f"container {asked} is not valid for pod {name}")
        return asked
    if len(regular) == 1 and not initial:
        return regular[0]
    names = f"[{' '.join(regular)}]"
    if initial:
        names += f" or one of the init containers: [{' '.join(initial)}]"
    raise bad_request(f"a container name must be specified for pod {name}, choose one of: {names}")


def _chosen(lines: list[Line], query: Mapping[str, str], now: datetime) -> list[Line]:
    """Choose lines as the kubelet does: first the tail, then those that are new enough."""
    if "tailLines" in query:
        count = int(query["tailLines"])
        lines = lines[-count:] if count else []
    if "sinceTime" in query:
        since = datetime.fromisoformat(query["sinceTime"])
    elif "sinceSeconds" in query:
        since = now - timedelta(seconds=int(query["sinceSeconds"]))
    else:
        return lines
    return [line for line in lines if line.at >= since]


def _line(line: Line, is_stamped: bool) -> bytes:
    at = line.at.astimezone(UTC)
    stamp = f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond:06}000Z " if is_stamped else ""
    return f"{stamp}{line.text}\n".encode()


def _cpus(container: Object) -> float:
    text = str(((container.get("resources") or {}).get("requests") or {}).get("cpu", "0"))
    return float(text.removesuffix("m")) / 1000 if text.endswith("m") else float(text)


def _node(name: str, number: int, now: str) -> Object:
    facts = {"name": name, "zone": f"eu-west-3{'abc'[number % 3]}", "number": 10 + number}
    facts |= {"now": now, "id": hashlib.sha256(name.encode()).hexdigest()[:32]}
    node: Object = filled(_NODE, **facts)
    return node
