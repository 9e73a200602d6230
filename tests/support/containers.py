"""How a container fares in the eyes of a kubelet: the name of its image says it.

The name is the part between the last `/` and the tag: `example.com/crash:1.0` is `crash`. Any name
that is not in the table runs and is ready.

========== =======================================================================================
image      a container of that image
========== =======================================================================================
crash      CrashLoopBackOff after 4 restarts, last terminated with Error, exit code 1
pull       ImagePullBackOff, never started
oom        runs again and is ready after 2 restarts, last terminated with OOMKilled, exit code 137
unready    runs, its readiness probe fails
creating   ContainerCreating for ever
done       terminated: Completed, exit code 0
fail       terminated: Error, exit code 3
evicted    the whole pod is Failed with reason Evicted and has no container statuses
terminating runs and is ready; the kubelet never removes its pod, which stays Terminating
========== =======================================================================================

As an init container `crash` (or `initcrash`), `pull`, `creating` and `fail` fare the same,
`initrun` is still running, `sidecar` runs on if its restartPolicy is Always (Kubernetes 1.29), and
any other name (such as `init`) has completed. Containers after an unfinished one wait with
PodInitializing.

The pod's phase follows the kubelet's own rule, so only a pod whose restartPolicy is not Always
becomes Succeeded (`done`) or Failed (`fail`, Never). `done` next to a running container in such a
pod is what kubectl calls NotReady. `evicted` and `fail` are for bare pods and Jobs: a ReplicaSet
replaces a Failed pod at once, and for ever.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

Fragment = dict[str, Any]


class Metadata(msgspec.Struct, rename="camel"):
    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    deletion_timestamp: str | None = None


class ContainerSpec(msgspec.Struct, rename="camel"):
    name: str
    image: str = ""
    restart_policy: str | None = None

    @property
    def behaviour(self) -> str:
        return self.image.rsplit("/", 1)[-1].split("@")[0].split(":")[0]


class PodSpec(msgspec.Struct, rename="camel"):
    containers: list[ContainerSpec] = []
    init_containers: list[ContainerSpec] = []
    node_name: str = ""
    restart_policy: str = "Always"


class PodState(msgspec.Struct, rename="camel"):
    phase: str = ""


class Pod(msgspec.Struct, rename="camel"):
    metadata: Metadata = msgspec.field(default_factory=Metadata)
    spec: PodSpec = msgspec.field(default_factory=PodSpec)
    status: PodState = msgspec.field(default_factory=PodState)

    @property
    def key(self) -> tuple[str, str]:
        return self.metadata.namespace, self.metadata.name

    def has(self, behaviour: str) -> bool:
        return any(container.behaviour == behaviour for container in self.spec.containers)


@dataclass(frozen=True)
class Warned:
    """An event that the kubelet reports about a container."""

    reason: str
    message: str
    count: int = 1


@dataclass(frozen=True)
class Picture:
    """One container as a kubelet sees it."""

    state: Fragment
    ready: bool = False
    last: Fragment = field(default_factory=dict)
    restarts: int = 0
    warned: Warned | None = None

    @property
    def is_running(self) -> bool:
        return "running" in self.state

    @property
    def exit_code(self) -> int | None:
        """Of a container that has ended or waits for its restart."""
        ended = self.state.get("terminated") or self.last.get("terminated")
        return None if self.is_running or ended is None else int(ended["exitCode"])

    @property
    def has_completed(self) -> bool:
        return "terminated" in self.state and self.exit_code == 0


@dataclass(frozen=True)
class Scene:
    """One container, in one pod, now."""

    pod: Pod
    container: ContainerSpec
    now: str

    def container_id(self, run: int) -> str:
        text = f"{self.pod.metadata.uid}/{self.container.name}/{run}"
        return f"containerd://{hashlib.sha256(text.encode()).hexdigest()}"

    def runs(self, *, ready: bool = True, **rest: Any) -> Picture:
        return Picture({"running": {"startedAt": self.now}}, ready=ready, **rest)

    def waits(self, reason: str, message: str | None = None, **rest: Any) -> Picture:
        said = {} if message is None else {"message": message}
        return Picture({"waiting": {"reason": reason, **said}}, **rest)

    def ended(self, reason: str, exit_code: int, *, run: int = 0, ago: int = 0) -> Fragment:
        """`ago` seconds before now, and it had run for as long."""
        now = datetime.fromisoformat(self.now)
        return {
            "terminated": {
                "reason": reason,
                "exitCode": exit_code,
                "startedAt": stamp(now - timedelta(seconds=2 * ago)),
                "finishedAt": stamp(now - timedelta(seconds=ago)),
                "containerID": self.container_id(run),
            }
        }


def _crashes(scene: Scene) -> Picture:
    name, namespace = scene.pod.metadata.name, scene.pod.metadata.namespace
    which = f"{scene.container.name} pod={name}_{namespace}({scene.pod.metadata.uid})"
    return scene.waits(
        "CrashLoopBackOff",
        f"back-off 1m20s restarting failed container={which}",
        last=scene.ended("Error", 1, run=3, ago=60),
        restarts=4,
        warned=Warned("BackOff", "Back-off restarting failed container", count=4),
    )


def _cannot_be_pulled(scene: Scene) -> Picture:
    message = f'Back-off pulling image "{scene.container.image}"'
    return scene.waits(
        "ImagePullBackOff", message, warned=Warned("Failed", "Error: ImagePullBackOff", count=3)
    )


def _ran_out_of_memory(scene: Scene) -> Picture:
    return scene.runs(last=scene.ended("OOMKilled", 137, run=1, ago=60), restarts=2)


def _is_never_ready(scene: Scene) -> Picture:
    message = "Readiness probe failed: HTTP probe failed with statuscode: 503"
    return scene.runs(ready=False, warned=Warned("Unhealthy", message, count=5))


def _is_created(scene: Scene) -> Picture:
    return scene.waits("ContainerCreating")


def _completed(scene: Scene) -> Picture:
    return Picture(scene.ended("Completed", 0))


def completed_as_init(scene: Scene) -> Picture:
    """A kubelet calls an init container ready when it has done its work."""
    return Picture(scene.ended("Completed", 0), ready=True)


def _failed(scene: Scene) -> Picture:
    return Picture(scene.ended("Error", 3))


REGULAR: dict[str, Callable[[Scene], Picture]] = {
    "crash": _crashes,
    "pull": _cannot_be_pulled,
    "oom": _ran_out_of_memory,
    "unready": _is_never_ready,
    "creating": _is_created,
    "done": _completed,
    "fail": _failed,
}
INIT: dict[str, Callable[[Scene], Picture]] = {
    "initcrash": _crashes,
    "crash": _crashes,
    "pull": _cannot_be_pulled,
    "creating": _is_created,
    "fail": _failed,
    "initrun": lambda scene: scene.runs(ready=False),
}


def stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def right_now() -> str:
    return stamp(datetime.now(UTC))
