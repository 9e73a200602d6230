"""A pod's status at one moment, from its spec and its age. Pure, but for its last conditions."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property, partial
from pathlib import Path

import msgspec
from msgspec.structs import replace

from dashborion.demo.behaviour import (
    PULL_SECONDS,
    WELL,
    Behaviour,
    Moment,
    Run,
    State,
    as_init,
    behaviour_of,
    digest_of,
    moment,
    words_of,
)
from dashborion.demo.commands import commanded
from dashborion.demo.kubernetes.resources import Object
from dashborion.demo.kubernetes.store import stamp
from dashborion.demo.kubernetes.troubles import Trouble, told, trouble_of

ATTACHED = "demo.dashborion.io/attached"  # how long, the exit code, and what it wrote to the log
_REFERENCE = re.compile(r"\$\$|\$\((\w+)\)")  # in words and values of variables
_EVICTED = (
    "The node was low on resource: memory. Container {name} was using 512Mi, which exceeds its "
    "request of 128Mi. "
)
_UNTIL_EVICTED, _PROBED_AFTER = 10.0, 2.0
_WAITING = {
    State.BACKING_OFF: "back-off {pause} restarting failed container={name} pod={pod}",
    State.PULL_BACK_OFF: 'Back-off pulling image "{image}": ErrImagePull: {pull}',
    State.PULL_FAILED: "{pull}",
}
_EVENTS: dict[str, list[list[str]]] = msgspec.yaml.decode(
    Path(__file__).with_name("kubelets.yaml").read_bytes()
)
_UNPACK = 'failed to pull and unpack image "{image}": '


@dataclass(frozen=True)
class Container:
    """One container that may have started; the moment's seconds count from ``since``."""

    given: Object
    behaviour: Behaviour
    since: datetime
    now: datetime
    speed: float
    pod: Object
    is_restarted: bool
    must_end: bool = False  # before the next ones start

    @property
    def name(self) -> str:
        return str(self.given["name"])

    @property
    def image(self) -> str:
        return str(self.given["image"])

    @cached_property
    def moment(self) -> Moment:
        age = (self.now - self.since).total_seconds() * self.speed
        return moment(self.behaviour, age, is_restarted=self.is_restarted)

    def ending(self, at: datetime) -> Behaviour:
        """One that lasts until then and ends well."""
        seconds = (at - self.since).total_seconds() * self.speed - PULL_SECONDS
        return replace(WELL, runs_for=seconds, is_restarted=False)

    def at(self, seconds: float) -> datetime:
        return self.since + timedelta(seconds=seconds / self.speed)

    @property
    def pod_name(self) -> str:
        """The pod's name in a kubelet's messages."""
        return told("{full}", self.pod)

    @property
    def trouble(self) -> Trouble:
        """What ``demo break`` has put into the pod's first container, and no other."""
        is_first = self.given is self.pod["spec"]["containers"][0]
        return trouble_of(self.pod["spec"]) if is_first else Trouble()

    @property
    def pull(self) -> str:
        """Why the image cannot be had."""
        missing = f"failed to resolve image: {self.image}: not found"
        return told(_UNPACK, self.pod, image=self.image) + told(
            self.trouble.pull or missing, self.pod
        )

    @property
    def has_completed(self) -> bool:
        return self.moment.state is State.ENDED and self.behaviour.exit_code == 0

    @property
    def status(self) -> Object:
        now = self.moment
        name = self.image.partition("@")[0]
        tag = name.rpartition("/")[2].partition(":")[2]
        repository = name.removesuffix(f":{tag}")
        last = now.run if now.state is State.BACKING_OFF else now.previous
        # A kubelet calls an init container ready when it has done its work.
        is_ready = self.has_completed if self.must_end else now.is_ready
        status = _no_status(self.given) | {
            "imageID": f"{repository}@{digest_of(self.image)}" if now.run else "",
            "ready": is_ready,
            "started": now.state is State.RUNNING,
            "restartCount": now.restarts,
            "state": self._state(),
            "lastState": {"terminated": self._ended(last, now.restarts - 1)} if last else {},
        }
        return status | ({"containerID": self._id(now.restarts)} if now.run else {})

    def _state(self) -> Object:
        now = self.moment
        if now.state is State.RUNNING and now.run:
            return {"running": {"startedAt": stamp(self.at(now.run.start))}}
        if now.state is State.ENDED and now.run:
            return {"terminated": self._ended(now.run, now.restarts)}
        waiting = {"reason": now.state.value}
        if message := _WAITING.get(now.state):
            minutes, seconds = divmod(min(300, 5 * 2**now.restarts), 60)  # as a kubelet counts
            pause = f"{minutes}m{seconds}s" if minutes else f"{seconds}s"
            names = {"name": self.name, "image": self.image, "pod": self.pod_name}
            waiting["message"] = message.format(**names, pull=self.pull, pause=pause)
        trouble = self.trouble
        if trouble.waits and now.is_begun:
            waiting = {"reason": trouble.waits, "message": told(trouble.message, self.pod)}
        return {"waiting": waiting}

    def _ended(self, run: Run, number: int) -> Object:
        return {
            "reason": self.behaviour.reason,
            "exitCode": self.behaviour.exit_code,
            "startedAt": stamp(self.at(run.start)),
            "finishedAt": stamp(self.at(run.end or run.start)),
            "containerID": self._id(number),
        }

    def _id(self, run: int) -> str:
        digest = hashlib.sha256(f"{self.pod['metadata']['uid']}/{self.name}/{run}".encode())
        return f"containerd://{digest.hexdigest()}"


def pod_at(
    pod: Object, started: datetime, now: datetime, speed: float
) -> tuple[Object, list[Container]]:
    """The pod's status at ``now``, and its containers that may have started."""
    spec, uid = pod["spec"], pod["metadata"]["uid"]
    regular, first = spec["containers"], spec.get("initContainers") or ()
    is_evicted = any("evicted" in words_of(container["image"]) for container in regular)
    if is_evicted and (now - started).total_seconds() * speed >= _UNTIL_EVICTED:
        # An evicted pod keeps nothing but the reason.
        message = _EVICTED.format(name=regular[0]["name"])
        evicted = {"phase": "Failed", "reason": "Evicted", "message": message}
        return {**evicted, "startTime": stamp(started)}, []
    policy = spec.get("restartPolicy", "Always")
    make = partial(Container, now=now, speed=speed, pod=pod)
    initial, since = _initial(make, first, policy, started)
    containers: list[Container] = []
    if since is not None:
        of = _commanded if policy == "Never" else _of_image
        containers = [
            make(given, of(given, pod), since, is_restarted=policy == "Always") for given in regular
        ]
        initial = _without_work(initial, containers)
    number = spec["nodeName"].rpartition("-")[2]
    host = {"ip": f"192.168.0.{9 + int(number) if number.isdecimal() else 9}"}
    status: Object = {
        "phase": _phase(policy, initial, containers),
        "conditions": _conditions(pod, initial, containers, now),
        "hostIP": host["ip"],
        "hostIPs": [host],
        "startTime": stamp(started),
    }
    if any(made.moment.state is not State.CREATING for made in (*initial, *containers)):
        digest = hashlib.sha256(uid.encode()).digest()
        address = f"10.244.{digest[0] % 200}.{1 + digest[1] % 250}"
        status |= {"podIP": address, "podIPs": [{"ip": address}]}
    if first:
        status["initContainerStatuses"] = _statuses(first, initial)
    status["containerStatuses"] = _statuses(regular, containers)
    return status, [*initial, *containers]


def _of_image(given: Object, _: Object) -> Behaviour:
    return behaviour_of(given["image"])


def _commanded(given: Object, pod: Object) -> Behaviour:
    """Of a pod that runs once: what its command does, with stdin once somebody was attached."""
    words, name = words_of_command(given), pod["metadata"]["name"]
    behaviour = commanded(given["image"], words, name, variables_of(given))
    if not given.get("stdin") or behaviour.says is None or behaviour.reason == "StartError":
        return behaviour
    ended = (pod["metadata"].get("annotations") or {}).get(ATTACHED)
    if ended is None:
        return replace(behaviour, runs_for=None, says=())
    seconds, code, text = json.loads(ended)
    return replace(
        behaviour,
        runs_for=seconds,
        exit_code=code,
        reason="Error" if code else "Completed",
        says=tuple((seconds, line) for line in text.splitlines()),
    )


def words_of_command(given: Object) -> list[str]:
    words, variables = (
        [*(given.get("command") or ()), *(given.get("args") or ())],
        variables_of(given),
    )
    return [_expanded(word, variables) for word in words]


def variables_of(given: Object) -> dict[str, str]:
    variables: dict[str, str] = {}
    for one in given.get("env") or ():
        if "value" in one:
            variables[one["name"]] = _expanded(str(one["value"]), variables)
    return variables


def _expanded(text: str, variables: Mapping[str, str]) -> str:
    """As a kubelet does: ``$(NAME)`` is the value of a variable that there is, ``$$`` is ``$``."""
    return _REFERENCE.sub(
        lambda found: variables.get(found[1], found[0]) if found[1] else "$", text
    )


def _initial(
    make: Callable[..., Container], given: Sequence[Object], policy: str, started: datetime
) -> tuple[list[Container], datetime | None]:
    """The init containers, and when the regular ones start (None: not yet)."""
    containers: list[Container] = []
    since = started
    for container in given:
        is_sidecar = container.get("restartPolicy") == "Always"
        behaviour = (behaviour_of if is_sidecar else as_init)(container["image"])
        is_restarted = policy != "Never" or is_sidecar
        made = make(container, behaviour, since, is_restarted=is_restarted, must_end=not is_sidecar)
        containers.append(made)
        run = made.moment.run
        if is_sidecar and run and made.moment.state is State.RUNNING:
            since = made.at(run.start)
        elif made.has_completed and run and run.end is not None:
            since = made.at(run.end)
        else:
            return containers, None
    return containers, since


def _without_work(initial: list[Container], containers: list[Container]) -> list[Container]:
    """The init containers; those that are sidecars end when nothing is left to be beside."""
    if any(made.is_restarted or made.moment.state is not State.ENDED for made in containers):
        return initial
    last = max(made.at(run.end or 0) for made in containers if (run := made.moment.run))
    return [
        made if made.must_end else dataclasses.replace(made, behaviour=made.ending(last))
        for made in initial
    ]


def _phase(policy: str, initial: list[Container], containers: list[Container]) -> str:
    """As ``getPhase`` of the kubelet."""
    if not containers:
        ended = [made for made in initial if made.moment.state is State.ENDED]
        has_failed = any(made.behaviour.exit_code for made in ended)
        return "Failed" if policy == "Never" and has_failed else "Pending"
    if any(made.moment.run is None for made in containers):
        return "Pending"
    is_running = any(made.moment.state is State.RUNNING for made in containers)
    if policy == "Always" or is_running:
        return "Running"
    return "Failed" if any(made.behaviour.exit_code for made in containers) else "Succeeded"


def _conditions(
    pod: Object, initial: list[Container], containers: list[Container], now: datetime
) -> list[Object]:
    known = {had["type"]: had for had in (pod.get("status") or {}).get("conditions") or ()}
    reasons: dict[str, Object] = {}
    regular, first = pod["spec"]["containers"], pod["spec"].get("initContainers") or ()
    ready = {made.name for made in containers if made.moment.is_ready}
    unready = [given["name"] for given in regular if given["name"] not in ready]
    if containers and all(made.has_completed for made in containers):
        reasons["Ready"] = reasons["ContainersReady"] = {"reason": "PodCompleted"}
    elif unready:
        message = f"containers with unready status: [{' '.join(unready)}]"
        why = {"reason": "ContainersNotReady", "message": message}
        reasons["Ready"] = reasons["ContainersReady"] = why
    if not containers:
        done = {made.name for made in initial if made.has_completed}
        waiting = [given["name"] for given in first if given["name"] not in done]
        message = f"containers with incomplete status: [{' '.join(waiting)}]"
        reasons["Initialized"] = {"reason": "ContainersNotInitialized", "message": message}
    kinds = ("Initialized", "Ready", "ContainersReady", "PodScheduled")
    return [_condition(kind, known.get(kind), reasons.get(kind, {}), now) for kind in kinds]


def _condition(kind: str, old: Object | None, why_not: Object, now: datetime) -> Object:
    status = "False" if why_not else "True"
    is_same = old is not None and old["status"] == status
    since = old["lastTransitionTime"] if old and is_same else stamp(now)
    times = {"lastProbeTime": None, "lastTransitionTime": since}
    return {"type": kind, "status": status, **times, **why_not}


def _statuses(given: Sequence[Object], containers: list[Container]) -> list[Object]:
    """Statuses; containers that have not begun wait in PodInitializing."""
    return [made.status for made in containers] + list(map(_no_status, given[len(containers) :]))


def _no_status(given: Object) -> Object:
    return {
        **{key: given[key] for key in ("name", "image")},
        "imageID": "",
        "ready": False,
        "started": False,
        "restartCount": 0,
        "state": {"waiting": {"reason": "PodInitializing"}},
        "lastState": {},
    }


Said = list[tuple[str, str, str]]


def _said(key: str, container: Container, **more: str) -> Said:
    """Type, reason and message of events of the table."""
    facts = {"name": container.name, "image": container.image, "pull": container.pull, **more}
    return [(*what, told(text, container.pod, **facts)) for *what, text in _EVENTS[key]]  # type: ignore[misc]


def complaints_of(container: Container) -> Said:
    """Those that the kubelet repeats for as long as a container is in trouble."""
    trouble, now, pod = container.trouble, container.moment, container.pod
    age = (container.now - container.since).total_seconds() * container.speed
    if now.state in (State.PULL_BACK_OFF, State.BACKING_OFF):
        return _said(now.state.value, container)
    if not now.is_begun or now.state not in (State.CREATING, State.RUNNING):
        return []
    if now.run and age < now.run.start + _PROBED_AFTER:
        return []
    events = [("Warning", reason, told(text, pod)) for reason, text in trouble.says.items()]
    if trouble.kills:
        events += _said("killed", container, probe=trouble.kills)
    reason, message = trouble.waits, told(trouble.message, pod)
    if reason.startswith("CreateContainer"):
        return [*events, ("Warning", "Failed", f"Error: {message}")]
    if reason:
        kind = "InspectFailed" if reason == "InvalidImageName" else reason
        return [*events, ("Warning", kind, message), ("Warning", "Failed", f"Error: {reason}")]
    behaviour = container.behaviour
    if not events and behaviour.ready_after is None and behaviour.runs_for is None and now.run:
        return _said("unready", container)
    return events


def events_of(container: Container) -> Said:
    """Those that the start of a container brings."""
    return _said("began", container)


def pulls_of(container: Container) -> Said:
    """Those that the kubelet repeats whenever it tries to pull again."""
    is_tried = container.moment.state in (State.PULL_FAILED, State.PULL_BACK_OFF)
    return _said("ErrImagePull", container) if is_tried else []
