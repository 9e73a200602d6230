"""What a kubelet writes into a pod's status, given how each of its containers fares."""

import hashlib
from dataclasses import dataclass

from tests.support.containers import (
    INIT,
    REGULAR,
    Fragment,
    Picture,
    Pod,
    Scene,
    Warned,
    completed_as_init,
    right_now,
)

Pictures = list[tuple[Scene, Picture]]


@dataclass(frozen=True)
class Verdict:
    """The status to write and the events to report."""

    status: Fragment
    warnings: list[tuple[str, Warned]]


def verdict_on(pod: Pod, *, pod_ip: str, host_ip: str) -> Verdict:
    now = right_now()
    if pod.has("evicted"):
        return _eviction(pod, now)
    initial, initialised = _init_pictures(pod, now)
    regular = _regular_pictures(pod, now, initialised=initialised)
    status: Fragment = {
        "phase": _phase(pod, initial, regular, initialised=initialised),
        "hostIP": host_ip,
        "startTime": now,
        "conditions": _conditions(initial, regular, now, initialised=initialised),
        "containerStatuses": [_status(each, picture) for each, picture in regular],
    }
    if initial:
        status["initContainerStatuses"] = [_status(each, picture) for each, picture in initial]
    pictures = [picture for _, picture in (*initial, *regular)]
    if not all(_waits_for_its_sandbox(picture) for picture in pictures):
        status |= {"podIP": pod_ip, "podIPs": [{"ip": pod_ip}]}
    warnings = [
        (scene.container.name, picture.warned)
        for scene, picture in (*initial, *regular)
        if picture.warned
    ]
    return Verdict(status, warnings)


def _init_pictures(pod: Pod, now: str) -> tuple[Pictures, bool]:
    """The init containers, and whether the regular ones may start."""
    pictures: Pictures = []
    may_go_on = True
    for container in pod.spec.init_containers:
        scene = Scene(pod, container, now)
        if not may_go_on:
            pictures.append((scene, scene.waits("PodInitializing")))
        elif container.restart_policy == "Always":
            pictures.append((scene, REGULAR.get(container.behaviour, Scene.runs)(scene)))
            may_go_on = pictures[-1][1].is_running
        else:
            behaviour = "initrun" if container.behaviour == "sidecar" else container.behaviour
            pictures.append((scene, INIT.get(behaviour, completed_as_init)(scene)))
            may_go_on = pictures[-1][1].has_completed
    return pictures, may_go_on


def _regular_pictures(pod: Pod, now: str, *, initialised: bool) -> Pictures:
    scenes = [Scene(pod, container, now) for container in pod.spec.containers]
    if not initialised:
        return [(scene, scene.waits("PodInitializing")) for scene in scenes]
    return [(scene, REGULAR.get(scene.container.behaviour, Scene.runs)(scene)) for scene in scenes]


def _waits_for_its_sandbox(picture: Picture) -> bool:
    waiting: Fragment = picture.state.get("waiting", {})
    return waiting.get("reason") in ("ContainerCreating", "PodInitializing")


def _phase(pod: Pod, initial: Pictures, regular: Pictures, *, initialised: bool) -> str:
    """As `getPhase` of the kubelet."""
    never = pod.spec.restart_policy == "Never"
    if not initialised:
        has_failed = any(
            "terminated" in picture.state and picture.exit_code for _, picture in initial
        )
        return "Failed" if never and has_failed else "Pending"
    pictures = [picture for _, picture in regular]
    if any(not picture.is_running and picture.exit_code is None for picture in pictures):
        return "Pending"
    if pod.spec.restart_policy == "Always" or any(picture.is_running for picture in pictures):
        return "Running"
    if all(picture.exit_code == 0 for picture in pictures):
        return "Succeeded"
    return "Failed" if never else "Running"


def _conditions(
    initial: Pictures, regular: Pictures, now: str, *, initialised: bool
) -> list[Fragment]:
    unready = [scene.container.name for scene, picture in regular if not picture.ready]
    completed = bool(regular) and all(picture.has_completed for _, picture in regular)
    why_unready: Fragment = {}
    if completed:
        why_unready = {"reason": "PodCompleted"}
    elif unready:
        why_unready = {
            "reason": "ContainersNotReady",
            "message": f"containers with unready status: [{' '.join(unready)}]",
        }
    why_uninitialised: Fragment = {}
    if not initialised:
        waiting = [scene.container.name for scene, each in initial if not each.has_completed]
        why_uninitialised = {
            "reason": "ContainersNotInitialized",
            "message": f"containers with incomplete status: [{' '.join(waiting)}]",
        }
    return [
        _condition("Initialized", now, why_uninitialised),
        _condition("Ready", now, why_unready),
        _condition("ContainersReady", now, why_unready),
        _condition("PodScheduled", now, {}),
    ]


def _condition(kind: str, now: str, why_not: Fragment) -> Fragment:
    status = "False" if why_not else "True"
    return {"type": kind, "status": status, "lastTransitionTime": now, **why_not}


def _status(scene: Scene, picture: Picture) -> Fragment:
    started = "waiting" not in picture.state or bool(picture.last)
    image = scene.container.image
    digest = hashlib.sha256(image.encode()).hexdigest()
    return {
        "name": scene.container.name,
        "image": image,
        "imageID": f"{image.split('@')[0].rsplit(':', 1)[0]}@sha256:{digest}" if started else "",
        "ready": picture.ready,
        "started": picture.is_running,
        "restartCount": picture.restarts,
        "state": picture.state,
        "lastState": picture.last,
        **({"containerID": scene.container_id(picture.restarts)} if started else {}),
    }


def _eviction(pod: Pod, now: str) -> Verdict:
    """An evicted pod keeps nothing but the reason."""
    name = pod.spec.containers[0].name
    message = (
        "The node was low on resource: memory. "
        f"Container {name} was using 512Mi, which exceeds its request of 128Mi. "
    )
    status = {"phase": "Failed", "reason": "Evicted", "message": message, "startTime": now}
    return Verdict(status, [(name, Warned("Evicted", message))])
