"""A pod's status at one moment, from its spec and its age. Pure, but for what was told before."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from dashborion.demo.behaviour import (
    COMPLETES,
    Behaviour,
    Moment,
    Run,
    State,
    as_init,
    behaviour_of,
    moment,
    words_of,
)
from dashborion.demo.kubernetes.resources import Object
from dashborion.demo.kubernetes.store import stamp

_EVICTED = (
    "The node was low on resource: memory. Container {name} was using 512Mi, which exceeds its "
    "request of 128Mi. "
)


@dataclass(frozen=True)
class Told:
    """One container that may have started; the moment's seconds count from `since`."""

    name: str
    image: str
    behaviour: Behaviour
    moment: Moment
    since: datetime
    speed: float

    def at(self, seconds: float) -> datetime:
        return self.since + timedelta(seconds=seconds / self.speed)


@dataclass(frozen=True)
class PodTold:
    status: Object
    containers: list[Told]


def told_of(pod: Object, started: datetime, now: datetime, speed: float) -> PodTold:
    spec = pod["spec"]
    regular = spec["containers"]
    if any("evicted" in words_of(each["image"]) for each in regular):
        return PodTold(_eviction(regular[0]["name"], started), [])
    policy = spec.get("restartPolicy", "Always")
    initial, since = _initial(spec.get("initContainers") or (), policy, started, now, speed)
    told: list[Told] = []
    if since is not None:
        for each in regular:
            behaviour = behaviour_of(each["image"])
            told.append(_told(each, behaviour, policy, since, now=now, speed=speed))
    status: Object = {
        "phase": _phase(policy, initial, told),
        "conditions": _conditions(pod, initial, told, now),
        "hostIP": _host_ip(spec["nodeName"]),
        "hostIPs": [{"ip": _host_ip(spec["nodeName"])}],
        "startTime": stamp(started),
        "qosClass": (pod.get("status") or {}).get("qosClass", "BestEffort"),
    }
    if any(each.moment.state is not State.CREATING for each in (*initial, *told)):
        address = pod_ip(pod["metadata"]["uid"])
        status |= {"podIP": address, "podIPs": [{"ip": address}]}
    uid = pod["metadata"]["uid"]
    if spec.get("initContainers"):
        status["initContainerStatuses"] = _statuses(uid, spec["initContainers"], initial)
    status["containerStatuses"] = _statuses(uid, regular, told)
    return PodTold(status, [*initial, *told])


def pod_ip(uid: str) -> str:
    digest = hashlib.sha256(uid.encode()).digest()
    return f"10.244.{digest[0] % 200}.{1 + digest[1] % 250}"


def _host_ip(node: str) -> str:
    number = node.rpartition("-")[2]
    return f"192.168.0.{9 + int(number) if number.isdecimal() else 9}"


def _told(
    container: Object,
    behaviour: Behaviour,
    policy: str,
    since: datetime,
    *,
    now: datetime,
    speed: float,
) -> Told:
    age = (now - since).total_seconds() * speed
    found = moment(behaviour, age, is_restarted=policy == "Always")
    return Told(container["name"], container["image"], behaviour, found, since, speed)


def _initial(
    containers: list[Object] | tuple[()],
    policy: str,
    started: datetime,
    now: datetime,
    speed: float,
) -> tuple[list[Told], datetime | None]:
    """Init containers one after the other, and when the regular ones start (None: not yet)."""
    told: list[Told] = []
    since = started
    for each in containers:
        is_sidecar = each.get("restartPolicy") == "Always"
        behaviour = behaviour_of(each["image"]) if is_sidecar else as_init(each["image"])
        own_policy = "Always" if policy != "Never" or is_sidecar else "Never"
        here = _told(each, behaviour, own_policy, since, now=now, speed=speed)
        told.append(here)
        run = here.moment.run
        if is_sidecar and run and here.moment.state is State.RUNNING:
            since = here.at(run.start)
        elif _has_completed(here) and run and run.end is not None:
            since = here.at(run.end)
        else:
            return told, None
    return told, since


def _has_completed(told: Told) -> bool:
    return told.moment.state is State.ENDED and told.behaviour.exit_code == 0


def _phase(policy: str, initial: list[Told], told: list[Told]) -> str:
    """As `getPhase` of the kubelet."""
    if not told:
        failed = [each for each in initial if each.moment.state is State.ENDED]
        bad = any(each.behaviour.exit_code for each in failed)
        return "Failed" if policy == "Never" and bad else "Pending"
    moments = [each.moment for each in told]
    if any(each.run is None for each in moments):
        return "Pending"
    if policy == "Always" or any(each.state is State.RUNNING for each in moments):
        return "Running"
    return "Failed" if any(each.behaviour.exit_code for each in told) else "Succeeded"


def _conditions(pod: Object, initial: list[Told], told: list[Told], now: datetime) -> list[Object]:
    known = {each["type"]: each for each in (pod.get("status") or {}).get("conditions") or ()}
    unready = [each.name for each in told if not each.moment.is_ready]
    if not told:
        unready = [each["name"] for each in pod["spec"]["containers"]]
    reasons: dict[str, tuple[str, str]] = {}
    if told and all(map(_has_completed, told)):
        reasons["Ready"] = reasons["ContainersReady"] = ("PodCompleted", "")
    elif unready:
        message = f"containers with unready status: [{' '.join(unready)}]"
        reasons["Ready"] = reasons["ContainersReady"] = ("ContainersNotReady", message)
    if not told:
        waiting = [
            each["name"]
            for at, each in enumerate(pod["spec"].get("initContainers") or ())
            if at >= len(initial) or not _has_completed(initial[at])
        ]
        message = f"containers with incomplete status: [{' '.join(waiting)}]"
        reasons["Initialized"] = ("ContainersNotInitialized", message)
    kinds = ("Initialized", "Ready", "ContainersReady", "PodScheduled")
    return [_condition(kind, known.get(kind), reasons.get(kind), now) for kind in kinds]


def _condition(
    kind: str, old: Object | None, why_not: tuple[str, str] | None, now: datetime
) -> Object:
    status = "False" if why_not else "True"
    same = old is not None and old["status"] == status
    found: Object = {
        "type": kind,
        "status": status,
        "lastProbeTime": None,
        "lastTransitionTime": old["lastTransitionTime"] if old and same else stamp(now),
    }
    if why_not:
        found["reason"] = why_not[0]
        if why_not[1]:
            found["message"] = why_not[1]
    return found


def _statuses(uid: str, containers: list[Object], told: list[Told]) -> list[Object]:
    found = []
    for at, each in enumerate(containers):
        if at < len(told):
            found.append(_status(uid, told[at]))
        else:
            found.append(_waiting(each))
    return found


def _waiting(container: Object) -> Object:
    return {
        "name": container["name"],
        "image": container["image"],
        "imageID": "",
        "ready": False,
        "started": False,
        "restartCount": 0,
        "state": {"waiting": {"reason": "PodInitializing"}},
        "lastState": {},
    }


def _status(uid: str, told: Told) -> Object:
    here = told.moment
    digest = hashlib.sha256(told.image.encode()).hexdigest()
    repository = told.image.split("@")[0].rsplit(":", 1)[0]
    ended = told.behaviour.reason if here.run else ""
    last = here.run if here.state is State.BACKING_OFF else here.previous
    found: Object = {
        "name": told.name,
        "image": told.image,
        "imageID": f"{repository}@sha256:{digest}" if here.run else "",
        # A kubelet calls an init container ready when it has done its work.
        "ready": here.is_ready or (told.behaviour is COMPLETES and _has_completed(told)),
        "started": here.state is State.RUNNING,
        "restartCount": here.restarts,
        "state": _state(uid, told),
        "lastState": {"terminated": _ended(uid, told, last, here.restarts, ended)} if last else {},
    }
    if here.run:
        found["containerID"] = _container_id(uid, told.name, here.restarts)
    return found


def _state(uid: str, told: Told) -> Object:
    here = told.moment
    if here.state is State.RUNNING and here.run:
        return {"running": {"startedAt": stamp(told.at(here.run.start))}}
    if here.state is State.ENDED and here.run:
        reason = told.behaviour.reason
        return {"terminated": _ended(uid, told, here.run, here.restarts + 1, reason)}
    waiting = {"reason": here.state.value}
    if here.state is State.BACKING_OFF:
        waiting["message"] = f"back-off restarting failed container={told.name}"
    elif here.state is State.PULL_BACK_OFF:
        waiting["message"] = f'Back-off pulling image "{told.image}"'
    elif here.state is State.PULL_FAILED:
        waiting["message"] = f"failed to resolve reference {told.image}: {told.image}: not found"
    return {"waiting": waiting}


def _ended(uid: str, told: Told, run: Run, number: int, reason: str) -> Object:
    return {
        "reason": reason,
        "exitCode": told.behaviour.exit_code,
        "startedAt": stamp(told.at(run.start)),
        "finishedAt": stamp(told.at(run.end or run.start)),
        "containerID": _container_id(uid, told.name, number - 1),
    }


def _container_id(uid: str, name: str, run: int) -> str:
    return f"containerd://{hashlib.sha256(f'{uid}/{name}/{run}'.encode()).hexdigest()}"


def _eviction(name: str, started: datetime) -> Object:
    """An evicted pod keeps nothing but the reason."""
    message = _EVICTED.format(name=name)
    told = {"phase": "Failed", "reason": "Evicted", "message": message}
    return {**told, "startTime": stamp(started)}
