"""The scheduler and the kubelets: pods get a node, a status that follows their age, and an end."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime

from dashborion.demo.behaviour import Behaviour, behaviour_of, words_of
from dashborion.demo.container_lines import Line, lines
from dashborion.demo.kubernetes.errors import Refused, bad_request
from dashborion.demo.kubernetes.objects import World, is_terminating
from dashborion.demo.kubernetes.pods import Told, told_of
from dashborion.demo.kubernetes.resources import Object
from dashborion.demo.kubernetes.store import Store

_ENDING_SECONDS = 1.5
_CPUS = 8  # of every node; what asks for more finds no place
_UNSCHEDULABLE = (
    "0/{count} nodes are available: {count} Insufficient cpu. preemption: 0/{count} nodes are "
    "available: {count} No preemption victims found for incoming pod."
)


@dataclass
class Life:
    """What a kubelet knows of a pod and its status does not say exactly."""

    started: datetime
    ended: datetime | None = None
    restarts: dict[str, str] = field(default_factory=dict)


class Kubelets:
    """All nodes' kubelets, and the scheduler."""

    def __init__(self, store: Store, nodes: int, speed: float) -> None:
        self.names = [f"node-{number}" for number in range(1, nodes + 1)]
        self.epoch: datetime | None = None
        self._store, self._speed = store, speed
        self._lives: dict[str, Life] = {}
        self._placed = 0

    def join(self, world: World) -> None:
        """The nodes themselves."""
        for number, name in enumerate(self.names):
            world.store.create("nodes", _node(name, number, world.stamp))

    def tick(self, world: World) -> None:
        alive: set[str] = set()
        for pod in world.store.all("pods"):
            uid = pod["metadata"]["uid"]
            alive.add(uid)
            life = self._lives.get(uid)
            if life is None:
                life = self._placed_pod(world, pod)
            elif is_terminating(pod):
                self._end(world, pod, life)
            else:
                self._report(world, pod, life)
        for uid in self._lives.keys() - alive:
            del self._lives[uid]

    def _placed_pod(self, world: World, pod: Object) -> Life | None:
        """Binds it to a node, or says why there is none."""
        asked = sum(_cpus(each) for each in pod["spec"]["containers"])
        if asked > _CPUS and not pod["spec"].get("nodeName"):
            message = _UNSCHEDULABLE.format(count=len(self.names))
            condition = {
                "type": "PodScheduled",
                "status": "False",
                "lastProbeTime": None,
                "lastTransitionTime": pod["metadata"]["creationTimestamp"],
                "reason": "Unschedulable",
                "message": message,
            }
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
        where = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
        message = f"Successfully assigned {where} to {node}"
        world.event(pod, "Scheduled", message, source="default-scheduler")
        life = self._lives[pod["metadata"]["uid"]] = Life(world.now)
        self._report(world, pod, life)
        return life

    def _report(self, world: World, pod: Object, life: Life) -> None:
        told = told_of(pod, life.started, world.now, self._speed)
        world.store.set_status("pods", pod, told.status)
        for each in told.containers:
            seen = f"{each.moment.state.value} {each.moment.restarts} {each.moment.is_ready}"
            if life.restarts.get(each.name) != seen:
                life.restarts[each.name] = seen
                _tell(world, pod, each)

    def _end(self, world: World, pod: Object, life: Life) -> None:
        if life.ended is None:
            life.ended = world.now
            for each in pod["spec"]["containers"]:
                message = f"Stopping container {each['name']}"
                world.event(pod, "Killing", message, source="kubelet")
        stays = any("terminating" in words_of(each["image"]) for each in pod["spec"]["containers"])
        if not stays and world.seconds_since(life.ended) >= _ENDING_SECONDS:
            world.store.remove("pods", pod)

    def written(self, pod: Object, container: str, *, previous: bool) -> tuple[list[Line], bool]:
        """What a container has written, and whether it may write more; as `PodLogs` asks."""
        name, now = pod["metadata"]["name"], self._store.clock()
        life = self._lives.get(pod["metadata"]["uid"])
        if life is None:
            raise bad_request(f'pod "{name}" does not have a host assigned')
        told = told_of(pod, life.started, life.ended or now, self._speed)
        each = next((each for each in told.containers if each.name == container), None)
        if each is None:
            which = f'container "{container}" in pod "{name}"'
            raise bad_request(f"{which} is waiting to start: PodInitializing")
        run = each.moment.previous if previous else each.moment.run
        if run is None:
            raise _never_ran(name, container, each, previous=previous)
        start = each.at(run.start)
        end = None if run.end is None else each.at(run.end)
        is_alive = end is None and life.ended is None and self._is_there(pod)
        behaviour: Behaviour = behaviour_of(each.image)
        found = lines(
            f"{name}/{container}",
            start,
            end,
            now=life.ended or now,
            epoch=self.epoch or now,
            last=behaviour.last_words,
        )
        return found, is_alive

    def _is_there(self, pod: Object) -> bool:
        metadata = pod["metadata"]
        found = self._store.get("pods", metadata["namespace"], metadata["name"])
        return found is not None and found["metadata"]["uid"] == metadata["uid"]


def _never_ran(pod: str, container: str, told: Told, *, previous: bool) -> Refused:
    if previous:
        message = f'previous terminated container "{container}" in pod "{pod}" not found'
        return bad_request(message)
    reason = told.moment.state.value
    why = {
        "ImagePullBackOff": "trying and failing to pull image",
        "ErrImagePull": "image can't be pulled",
    }.get(reason, reason)
    return bad_request(f'container "{container}" in pod "{pod}" is waiting to start: {why}')


def _tell(world: World, pod: Object, told: Told) -> None:
    """The events that a change of a container's state brings."""
    state, image = told.moment.state.value, told.image
    if state == "Running" and not told.moment.is_ready:
        message = f'Container image "{image}" already present on machine'
        world.event(pod, "Pulled", message, source="kubelet")
        world.event(pod, "Created", f"Created container: {told.name}", source="kubelet")
        world.event(pod, "Started", f"Started container {told.name}", source="kubelet")
        if told.behaviour.ready_after is None and told.behaviour.runs_for is None:
            message = "Readiness probe failed: HTTP probe failed with statuscode: 503"
            world.event(pod, "Unhealthy", message, kind="Warning", source="kubelet")
    elif state == "ErrImagePull":
        message = f'Failed to pull image "{image}": {image}: not found'
        world.event(pod, "Failed", message, kind="Warning", source="kubelet")
        world.event(pod, "Failed", "Error: ErrImagePull", kind="Warning", source="kubelet")
    elif state == "ImagePullBackOff":
        message = f'Back-off pulling image "{image}"'
        world.event(pod, "BackOff", message, source="kubelet")
        world.event(pod, "Failed", "Error: ImagePullBackOff", kind="Warning", source="kubelet")
    elif state == "CrashLoopBackOff":
        metadata = pod["metadata"]
        which = f"{metadata['name']}_{metadata['namespace']}({metadata['uid']})"
        message = f"Back-off restarting failed container {told.name} in pod {which}"
        world.event(pod, "BackOff", message, kind="Warning", source="kubelet")


def _cpus(container: Object) -> float:
    text = str(((container.get("resources") or {}).get("requests") or {}).get("cpu", "0"))
    return float(text.removesuffix("m")) / 1000 if text.endswith("m") else float(text)


def _node(name: str, number: int, now: str) -> Object:
    room = {"cpu": str(_CPUS), "memory": "32Gi", "pods": "110"}
    address = f"192.168.0.{10 + number}"
    conditions = [
        {
            "type": "Ready",
            "status": "True",
            "reason": "KubeletReady",
            "message": "kubelet is posting ready status",
            "lastHeartbeatTime": now,
            "lastTransitionTime": now,
        }
    ]
    labels = {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "topology.kubernetes.io/zone": f"eu-west-3{'abc'[number % 3]}",
        "topology.kubernetes.io/region": "eu-west-3",
    }
    return {
        "metadata": {"name": name, "labels": labels},
        "spec": {"providerID": f"demo:///{name}"},
        "status": {
            "capacity": room,
            "allocatable": room,
            "conditions": conditions,
            "addresses": [
                {"type": "InternalIP", "address": address},
                {"type": "Hostname", "address": name},
            ],
            "nodeInfo": {
                "machineID": hashlib.sha256(name.encode()).hexdigest()[:32],
                "systemUUID": "",
                "bootID": "",
                "kernelVersion": "6.1.0",
                "osImage": "dashborion demo",
                "containerRuntimeVersion": "containerd://2.0.0",
                "kubeletVersion": "v1.33.0",
                "kubeProxyVersion": "",
                "operatingSystem": "linux",
                "architecture": "amd64",
            },
        },
    }
