"""The runs of a pod's containers, and which containers have a log worth reading. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from dashborion.orchestrators.kubernetes import instances, wire


@dataclass(frozen=True)
class Run:
    """One run of one container; ``id`` is the runtime's, which no other run has.

    ``restarts`` counts the runs before this one; where a virtual kubelet names no ids, it is
    the id, too.
    """

    pod: wire.Meta
    container: str
    id: str
    restarts: int
    is_running: bool
    node: str | None = None


def container_statuses(pod: wire.Pod) -> dict[str, wire.ContainerStatus]:
    """The status of each container by name: init, regular and ephemeral ones."""
    status = pod.status
    kinds = (
        status.init_container_statuses,
        status.container_statuses,
        status.ephemeral_container_statuses,
    )
    return {item.name: item for kind in kinds for item in kind or ()}


def latest_run(pod: wire.Pod, container: str) -> Run | None:
    """The run whose log the kubelet serves, as in its ``validateContainerLogStatus``.

    Between two runs, as in CrashLoopBackOff, that is the one that ended; before the first
    run it is None.
    """
    status = container_statuses(pod).get(container)
    if status is None:
        return None
    state, last = status.state, status.last_state.terminated
    is_between = state.running is None and state.terminated is None
    id_ = status.container_id
    if state.terminated:
        id_ = state.terminated.container_id or id_
    elif is_between:
        id_ = last.container_id if last else None
    restarts = status.restart_count - (1 if is_between and status.restart_count else 0)
    if not id_:
        if is_between and last is None:
            return None
        id_ = str(restarts)
    is_running, node = state.running is not None, pod.spec.node_name or None
    return Run(pod.metadata, container, id_, restarts, is_running, node)


def previous_run_id(pod: wire.Pod, container: str) -> str | None:
    """The id of the run whose log the API serves with ``previous=true``."""
    status = container_statuses(pod).get(container)
    last = status.last_state.terminated if status else None
    if status is None or last is None:
        return None
    return last.container_id or str(status.restart_count - 1)


def previous_run(pod: wire.Pod, run: Run) -> Run | None:
    """The run whose log the API serves with ``previous=true``, if there is one.

    Between two runs that is the latest run itself.
    """
    id_ = previous_run_id(pod, run.container)
    if id_ is None:
        return None
    return replace(run, id=id_, restarts=run.restarts - 1, is_running=False)


def containers_to_read(pod: wire.Pod, names: Sequence[str]) -> list[str]:
    """The containers of these names; without names the regular and ephemeral ones and sidecars.

    An init container is added when it fails, as it keeps the pod from starting.
    """
    existing = container_names(pod)
    if names:
        return [name for name in existing if name in names]
    initial = {item.name for item in pod.spec.init_containers or ()}
    others = [name for name in existing if name not in initial]
    return [*_init_containers_to_read(pod), *others]


def container_names(pod: wire.Pod) -> list[str]:
    """The names of all containers: regular, init and ephemeral ones."""
    kinds = (pod.spec.containers, pod.spec.init_containers, pod.spec.ephemeral_containers)
    return [item.name for kind in kinds for item in kind or ()]


def _init_containers_to_read(pod: wire.Pod) -> Iterator[str]:
    statuses = container_statuses(pod)
    for spec in pod.spec.init_containers or ():
        if spec.is_sidecar or _keeps_failing(statuses.get(spec.name)):
            yield spec.name


def _keeps_failing(status: wire.ContainerStatus | None) -> bool:
    """Whether the run that ended last has failed."""
    if status is None:
        return False
    ended = status.state.terminated or status.last_state.terminated
    return ended is not None and ended.exit_code != 0


def waiting_message(pod: wire.Pod, container: str) -> str:
    """Why a container has no log yet."""
    status = container_statuses(pod).get(container)
    waiting = status.state.waiting if status else None
    reason = waiting.reason if waiting and waiting.reason else instances.state_word(pod)
    return f"{pod.metadata.name}/{container} is waiting to start: {reason}"
