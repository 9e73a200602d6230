"""Which containers of a pod have something to say, and which run of each. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dashborion.errors import NotFound
from dashborion.orchestrators.kubernetes import instances, wire

DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"


@dataclass(frozen=True)
class Run:
    """One run of one container, by the id that no other run ever has.

    ``restarts`` is how many runs there were before it.
    """

    pod: str
    uid: str
    container: str
    id: str
    restarts: int
    is_running: bool


def statuses(pod: wire.Pod) -> dict[str, wire.ContainerStatus]:
    """What is known of each container, whatever its kind."""
    status = pod.status
    kinds = (
        status.init_container_statuses,
        status.container_statuses,
        status.ephemeral_container_statuses,
    )
    return {one.name: one for kind in kinds for one in kind or ()}


def run_of(pod: wire.Pod, container: str) -> Run | None:
    """The run whose log the kubelet has, as its ``validateContainerLogStatus``; None before any.

    Between two runs, as in CrashLoopBackOff, it is the last one.
    """
    status = statuses(pod).get(container)
    if status is None:
        return None
    state, last = status.state, status.last_state.terminated
    between = state.running is None and state.terminated is None
    found = status.container_id
    if state.terminated:
        found = state.terminated.container_id or found
    elif between:
        found = last.container_id if last else None
    if not found:
        return None
    restarts = status.restart_count - (1 if between and status.restart_count else 0)
    name, uid = pod.metadata.name, pod.metadata.uid
    return Run(name, uid, container, found, restarts, state.running is not None)


def previous_id(pod: wire.Pod, container: str) -> str | None:
    """The id of the run whose log the API calls ``previous``."""
    status = statuses(pod).get(container)
    last = status.last_state.terminated if status else None
    return last.container_id if last else None


def chosen(pod: wire.Pod, wanted: Sequence[str]) -> list[str]:
    """The containers to read: those named, else all that run beside each other and what failed.

    An init container is read when it keeps the pod from starting.

    Raises:
        NotFound: the pod has none of those named, with those it has.
    """
    spec = pod.spec
    kinds = (spec.containers, spec.init_containers, spec.ephemeral_containers)
    every = [one.name for kind in kinds for one in kind or ()]
    if wanted:
        found = [name for name in every if name in wanted]
        if not found:
            missing = ", ".join(wanted)
            raise NotFound("container", missing, where=f"pod '{pod.metadata.name}'", known=every)
        return found
    beside = [
        one.name for kind in (spec.containers, spec.ephemeral_containers) for one in kind or ()
    ]
    return [*_initial(pod), *beside]


def _initial(pod: wire.Pod) -> Iterator[str]:
    known = statuses(pod)
    for spec in pod.spec.init_containers or ():
        is_sidecar = spec.restart_policy == "Always"  # 1.28
        if is_sidecar or _keeps_failing(known.get(spec.name)):
            yield spec.name


def _keeps_failing(status: wire.ContainerStatus | None) -> bool:
    """Whether its newest run failed, or the one before if that is not over."""
    if status is None:
        return False
    ended = status.state.terminated or status.last_state.terminated
    return ended is not None and ended.exit_code != 0


def is_over(pod: wire.Pod) -> bool:
    """Whether no container of the pod will ever run again."""
    return pod.status.phase in ("Succeeded", "Failed")


def waits_for(pod: wire.Pod, container: str) -> str:
    """Why a container has not written anything yet."""
    status = statuses(pod).get(container)
    waiting = status.state.waiting if status else None
    reason = waiting.reason if waiting and waiting.reason else instances.state_word(pod)
    return f"{pod.metadata.name}/{container} is waiting to start: {reason}"
