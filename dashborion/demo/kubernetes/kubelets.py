"""The scheduler and the kubelets: pods get a node, a status that follows their age, and an end."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime

from dashborion.demo.behaviour import words_of
from dashborion.demo.kubernetes.objects import World, is_terminating
from dashborion.demo.kubernetes.pods import events_of, pod_at
from dashborion.demo.kubernetes.resources import Object

_ENDING_SECONDS = 1.5
_CPUS = 8  # of every node; what asks for more finds no place
_UNSCHEDULABLE = (
    "0/{count} nodes are available: {count} Insufficient cpu. preemption: 0/{count} nodes are "
    "available: {count} No preemption victims found for incoming pod."
)


@dataclass
class PodRecord:
    """What a kubelet remembers about a pod."""

    started: datetime
    ended: datetime | None = None
    reported: dict[str, str] = field(default_factory=dict)  # the last state of each container


class Kubelets:
    """All nodes' kubelets, and the scheduler."""

    def __init__(self, nodes: int) -> None:
        self.names = [f"node-{number}" for number in range(1, nodes + 1)]
        self.records: dict[str, PodRecord] = {}
        self._placed = 0

    def join(self, world: World) -> None:
        """Create the nodes."""
        for number, name in enumerate(self.names):
            world.store.create("nodes", _node(name, number, world.stamp))

    def tick(self, world: World) -> None:
        alive: set[str] = set()
        for pod in world.store.all("pods"):
            uid = pod["metadata"]["uid"]
            alive.add(uid)
            record = self.records.get(uid)
            if record is None:
                record = self._place_pod(world, pod)
            elif is_terminating(pod):
                self._end(world, pod, record)
            else:
                self._report(world, pod, record)
        for uid in self.records.keys() - alive:
            del self.records[uid]

    def _place_pod(self, world: World, pod: Object) -> PodRecord | None:
        """Bind the pod to a node, or report why there is none."""
        asked = sum(_cpus(container) for container in pod["spec"]["containers"])
        if asked > _CPUS and not pod["spec"].get("nodeName"):
            message = _UNSCHEDULABLE.format(count=len(self.names))
            since = {"lastTransitionTime": pod["metadata"]["creationTimestamp"]}
            condition = {"type": "PodScheduled", "status": "False", "lastProbeTime": None, **since}
            condition |= {"reason": "Unschedulable", "message": message}
            status = {**pod.get("status", {}), "phase": "Pending", "conditions": [condition]}
            if pod.get("status") != status:
                world.store.set_status("pods", pod, status)
                source = "default-scheduler"
                world.event(pod, "FailedScheduling", message, kind="Warning", source=source)
            return None
        node = pod["spec"].get("nodeName")
        if not node:
            node = self.names[self._placed % len(self.names)]
            self._placed += 1
            pod = world.store.replace("pods", {**pod, "spec": {**pod["spec"], "nodeName": node}})
        full_name = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
        message = f"Successfully assigned {full_name} to {node}"
        world.event(pod, "Scheduled", message, source="default-scheduler")
        record = self.records[pod["metadata"]["uid"]] = PodRecord(world.now)
        self._report(world, pod, record)
        return record

    def _report(self, world: World, pod: Object, record: PodRecord) -> None:
        pod_now = pod_at(pod, record.started, world.now, world.speed)
        world.store.set_status("pods", pod, pod_now.status)
        for container in pod_now.containers:
            moment = container.moment
            reported = f"{moment.state.value} {moment.restarts} {moment.is_ready}"
            if record.reported.get(container.name) == reported:
                continue
            record.reported[container.name] = reported
            for kind, reason, message in events_of(container):
                world.event(pod, reason, message, kind=kind, source="kubelet")

    def _end(self, world: World, pod: Object, record: PodRecord) -> None:
        if record.ended is None:
            record.ended = world.now
            for container in pod["spec"]["containers"]:
                message = f"Stopping container {container['name']}"
                world.event(pod, "Killing", message, source="kubelet")
        images = [container["image"] for container in pod["spec"]["containers"]]
        stays = any("terminating" in words_of(image) for image in images)
        if not stays and world.seconds_since(record.ended) >= _ENDING_SECONDS:
            world.store.remove("pods", pod)


def _cpus(container: Object) -> float:
    text = str(((container.get("resources") or {}).get("requests") or {}).get("cpu", "0"))
    return float(text.removesuffix("m")) / 1000 if text.endswith("m") else float(text)


def _node(name: str, number: int, now: str) -> Object:
    room = {"cpu": str(_CPUS), "memory": "32Gi", "pods": "110"}
    ready = {"type": "Ready", "status": "True", "reason": "KubeletReady"}
    ready |= {"message": "kubelet is posting ready status"}
    ready |= {"lastHeartbeatTime": now, "lastTransitionTime": now}
    return {
        "metadata": {
            "name": name,
            "labels": {
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
                "topology.kubernetes.io/zone": f"eu-west-3{'abc'[number % 3]}",
                "topology.kubernetes.io/region": "eu-west-3",
            },
        },
        "spec": {"providerID": f"demo:///{name}"},
        "status": {
            "capacity": room,
            "allocatable": room,
            "conditions": [ready],
            "addresses": [
                {"type": "InternalIP", "address": f"192.168.0.{10 + number}"},
                {"type": "Hostname", "address": name},
            ],
            "nodeInfo": {
                **dict.fromkeys(("systemUUID", "bootID", "kubeProxyVersion"), ""),
                "machineID": hashlib.sha256(name.encode()).hexdigest()[:32],
                "kernelVersion": "6.1.0",
                "osImage": "dashborion demo",
                "containerRuntimeVersion": "containerd://2.0.0",
                "kubeletVersion": "v1.33.0",
                "operatingSystem": "linux",
                "architecture": "amd64",
            },
        },
    }
