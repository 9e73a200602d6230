"""Pods as instances: their one-word state as kubectl shows it, and their containers. Pure.

The state follows ``printPod`` in kubectl's ``printers.go``, where each step overwrites the
one before.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec import Struct

from dashborion.config.targets import Environment
from dashborion.models.instance import Container, Instance, InstanceStatus, Owner, Termination
from dashborion.models.kinds import WorkloadType
from dashborion.models.query import Name
from dashborion.orchestrators.kubernetes import argo, quantity, wire
from dashborion.orchestrators.kubernetes.rollout import condition, revision_of

ZONE = "topology.kubernetes.io/zone"
DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"
NODE_NOT_READY = "NodeNotReady"  # the event that the node controller writes for each pod there
_UNSAID = wire.PodStatus()
_FINISHED = ("Succeeded", "Failed")
_KINDS = {"StatefulSet": WorkloadType.STATEFULSET, "DaemonSet": WorkloadType.DAEMONSET}


TEMPLATE_HASH = "pod-template-hash"
_HASHES = {TEMPLATE_HASH: WorkloadType.DEPLOYMENT, argo.TEMPLATE_HASH: WorkloadType.ROLLOUT}


class Owned(Struct, frozen=True):
    """The workload that owns a pod, and the revision of it that the pod runs.

    ``uid`` is empty where only the workload's name is known.
    """

    name: Name
    uid: str
    revision: str | None

    def is_of(self, metadata: wire.Meta) -> bool:
        """Whether this is the workload with that metadata."""
        return self.uid == metadata.uid or (not self.uid and self.name.name == metadata.name)


def owner(pod: wire.Object, replicasets: Mapping[str, wire.Meta]) -> Owned | None:
    """The owner by the controller references; None for a bare pod or a Job's.

    ``replicasets`` are the metadata of ReplicaSets by uid. For one that is missing (created
    after the list, or forbidden) the name of the Deployment, or of the Argo Rollout, is
    the ReplicaSet's without the hash that the pod has as a label.
    """
    reference = controller(pod.metadata)
    labels = pod.metadata.labels or {}
    if reference is None or not reference.api_version.startswith("apps/"):
        return None  # no owner, a Job, or a kind of the same name from another API group
    namespace = pod.metadata.namespace
    if reference.kind in _KINDS:
        name = Name(reference.name, _KINDS[reference.kind], namespace)
        label = labels.get("controller-revision-hash", "")
        return Owned(name, reference.uid, label.removeprefix(f"{reference.name}-") or None)
    if reference.kind != "ReplicaSet":
        return None
    if (replicaset := replicasets.get(reference.uid)) is not None:
        parent = controller(replicaset)
        if parent is None or (type_ := _makes_replicasets(parent)) is None:
            return None
        return Owned(Name(parent.name, type_, namespace), parent.uid, revision_of(replicaset))
    for label, type_ in _HASHES.items():
        if (hash_ := labels.get(label)) and reference.name.endswith(f"-{hash_}"):
            return Owned(Name(reference.name.removesuffix(f"-{hash_}"), type_, namespace), "", None)
    return None


def _makes_replicasets(parent: wire.Owner) -> WorkloadType | None:
    if parent.kind == "Rollout" and parent.api_version.startswith(argo.GROUP):
        return WorkloadType.ROLLOUT
    return WorkloadType.DEPLOYMENT if parent.kind == "Deployment" else None


def controller(metadata: wire.Meta) -> wire.Owner | None:
    """The owner that manages an object, if it has one."""
    return next((owner for owner in metadata.owner_references or () if owner.controller), None)


def instance(pod: wire.Pod, owned: Owned | None, environment: Environment) -> Instance:
    """The normalised pod."""
    ready = condition(pod.status.conditions, "Ready")
    status = instance_status(pod)
    cpu, memory = requests(pod.spec, pod.status)
    made_by = controller(pod.metadata) if owned is None else None
    return Instance(
        project=environment.project,
        environment=environment.name,
        namespace=pod.metadata.namespace,
        id=pod.metadata.name,
        name=pod.metadata.name,
        workload=owned.name.name if owned else None,
        orchestrator=environment.orchestrator,
        status=status,
        ready=ready is not None and ready.status == "True",
        reason=_reason(pod, status),
        message=_message(pod, ready),
        health=_health(status, ready),
        ip=_addresses(pod.status),
        node=pod.spec.node_name or None,
        zone=(pod.metadata.labels or {}).get(ZONE),
        revision=owned.revision if owned else None,
        restarts=restarts(pod),
        created_at=pod.metadata.creation_timestamp,
        started_at=pod.status.start_time,
        stopped_at=stopped_at(pod) if status is InstanceStatus.STOPPED else None,
        cpu=quantity.canonical_cpu(cpu) if cpu else None,
        memory=quantity.canonical_memory(memory) if memory else None,
        containers=containers(pod),
        owner=Owner(kind=made_by.kind, name=made_by.name) if made_by else None,
    )


_SAME_MOMENT = timedelta(seconds=1)  # for stamps of whole seconds


def is_finished(pod: wire.Pod) -> bool:
    """Whether no container of the pod will ever run again."""
    return pod.status.phase in _FINISHED


def instance_status(pod: wire.Pod) -> InstanceStatus:
    """Pending until all regular containers have started, and again while one of them waits."""
    if is_finished(pod):
        return InstanceStatus.STOPPED
    states = [item.state for item in pod.status.container_statuses or ()]
    if not states or len(states) < len(pod.spec.containers or ()):
        return InstanceStatus.PENDING
    if any(state.running is None and state.terminated is None for state in states):
        return InstanceStatus.PENDING
    if any(state.running for state in states):
        return InstanceStatus.RUNNING
    is_deleted = pod.metadata.deletion_timestamp is not None
    return InstanceStatus.STOPPED if is_deleted else InstanceStatus.PENDING


def state_word(pod: wire.Pod) -> str:
    """The STATUS that ``kubectl get pods`` prints."""
    word = pod.status.reason or pod.status.phase or "Unknown"
    scheduled = condition(pod.status.conditions, "PodScheduled")
    if scheduled and scheduled.reason == "SchedulingGated":
        word = "SchedulingGated"
    initializing = _init_word(pod)
    if initializing is None or _initialized(pod):
        word = _container_word(pod, initializing or word)
    else:
        word = initializing
    if pod.metadata.deletion_timestamp is not None:
        if pod.status.reason == "NodeLost":
            return "Unknown"
        if not is_finished(pod):
            return "Terminating"
    return word


def restarts(pod: wire.Pod) -> int:
    """kubectl's RESTARTS: of the init containers while these run, then of all other containers.

    Init containers behind the first that is not done have no part in either.
    """
    sidecars = _sidecars(pod)
    initial = pod.status.init_container_statuses or ()
    undone = (index for index, item in enumerate(initial) if not _is_done(item, sidecars))
    begun = initial[: next(undone, len(initial)) + 1]
    if _init_word(pod) is not None and not _initialized(pod):
        return sum(item.restart_count for item in begun)
    counted = [item for item in begun if item.name in sidecars]
    counted += pod.status.container_statuses or ()
    return sum(item.restart_count for item in counted)


def was_ready(pod: wire.Pod) -> bool:
    """Whether the pod is ready, or was: the condition has turned since it was first written.

    The kubelet writes it as False together with ``startTime``.
    """
    ready = condition(pod.status.conditions, "Ready")
    if ready is None or ready.status == "True":
        return ready is not None
    started, turned = pod.status.start_time, ready.last_transition_time
    return bool(started and turned and turned - started > _SAME_MOMENT)


def has_run(pod: wire.Pod) -> bool:
    """Whether any of the pod's containers has ever begun."""
    states = [one for item in _statuses(pod.status) for one in (item.state, item.last_state)]
    return any(one.running or one.terminated for one in states)


_OF_HEALTHY = frozenset({
    "PodScheduled", "Initialized", "ContainersReady", "Ready", "PodReadyToStartContainers",
})  # fmt: skip


def is_well(pod: wire.Pod) -> bool:
    """Whether a pod says nothing but that it is ready, and that no container of it has ended."""
    status = pod.status
    is_leaving = pod.metadata.deletion_timestamp is not None
    if status.phase != "Running" or status.reason or status.resize or is_leaving:
        return False
    known = status.conditions or ()
    says_more = any(one.status != "True" or one.type not in _OF_HEALTHY for one in known)
    initial, regular = status.init_container_statuses or (), status.container_statuses or ()
    has_ended = any(one.last_state.terminated for one in (*initial, *regular))
    runs = all(one.ready and one.state.running for one in regular)
    return bool(known) and not says_more and not has_ended and runs


def is_cut_off(pod: wire.Pod) -> bool:
    """Whether the kubelet of the pod's node is not heard of any more.

    The node controller then says that the pod is not ready and leaves all else as it was
    (``MarkPodsNotReady``); a kubelet never says so without a reason.
    """
    ready = condition(pod.status.conditions, "Ready")
    inside = condition(pod.status.conditions, "ContainersReady")
    if ready is None or inside is None or pod.status.phase != "Running":
        return False
    is_marked = ready.status == "False" and not ready.reason and ready.last_transition_time
    return bool(is_marked and inside.status == "True")


def containers(pod: wire.Pod) -> list[Container]:
    """Regular ones, sidecars, init containers that have not succeeded, then ephemeral ones."""
    statuses = {item.name: item for item in _statuses(pod.status)}
    initial = pod.spec.init_containers or ()
    sidecars = [spec for spec in initial if spec.is_sidecar]
    result = [
        _container(spec, statuses.get(spec.name))
        for spec in (*(pod.spec.containers or ()), *sidecars)
    ]
    for spec in initial:
        status = statuses.get(spec.name)
        terminated = status.state.terminated if status else None
        has_succeeded = terminated is not None and terminated.exit_code == 0
        if not spec.is_sidecar and not has_succeeded:
            result.append(_container(spec, status, init=True))
    debugging = {item.name: item for item in pod.status.ephemeral_container_statuses or ()}
    for spec in pod.spec.ephemeral_containers or ():
        result.append(_container(spec, debugging.get(spec.name), init=True))
    return result


def _addresses(status: wire.PodStatus) -> str | None:
    """Both of a dual-stack pod; the list of them, or the first by itself, may be missing."""
    known = [status.pod_ip, *(address.ip for address in status.pod_ips or ())]
    return ",".join(dict.fromkeys(filter(None, known))) or None


def _statuses(status: wire.PodStatus) -> tuple[wire.ContainerStatus, ...]:
    return (*(status.init_container_statuses or ()), *(status.container_statuses or ()))


def requests(
    spec: wire.PodSpec, status: wire.PodStatus = _UNSAID
) -> tuple[quantity.Amount | None, quantity.Amount | None]:
    """CPU cores and bytes of memory that a pod requests as a whole; None for none.

    As the API server completes a pod (``SetDefaults_Pod``), which it does not do to a template:
    what is not requested for the pod, its regular containers and sidecars request together, or
    else it is the pod's limit. A container requests its limit unless it says otherwise. Of what
    runs, it is what the node has granted: a resize may have to wait for room, or for ever.
    """
    granted = {item.name: item.resources for item in _statuses(status) if item.resources}
    sidecars = [item for item in spec.init_containers or () if item.is_sidecar]
    parts = [
        granted[item.name].requests or {}
        if item.name in granted
        else (item.resources.limits or {}) | (item.resources.requests or {})
        for item in (*(spec.containers or ()), *sidecars)
    ]
    wanted, limits = spec.resources.requests or {}, spec.resources.limits or {}
    whole = (status.resources.requests if status.resources and wanted else wanted) or {}

    def total(name: str) -> quantity.Amount | None:
        if name in whole:
            return quantity.total([whole[name]])
        amounts = [part[name] for part in parts if name in part]
        return quantity.total(amounts or [limits[name]] if name in limits else amounts)

    return total("cpu"), total("memory")


def _container(
    spec: wire.ContainerSpec,
    status: wire.ContainerStatus | None,
    *,
    init: bool = False,
) -> Container:
    state = status.state if status else wire.ContainerState()
    last = status.last_state.terminated if status else None
    return Container(
        name=spec.name,
        status=_container_status(state),
        image=spec.image,
        ready=status.ready if status else False,
        restarts=status.restart_count if status else 0,
        exit_code=state.terminated.exit_code if state.terminated else None,
        reason=_state_reason(state),
        last_termination=_termination(last) if last else None,
        init=init,
    )


def _container_status(state: wire.ContainerState) -> InstanceStatus:
    if state.terminated:
        return InstanceStatus.STOPPED
    return InstanceStatus.RUNNING if state.running else InstanceStatus.PENDING


def _termination(ended: wire.Terminated) -> Termination:
    return Termination(
        reason=_termination_reason(ended),
        exit_code=ended.exit_code,
        message=ended.message,
        finished_at=ended.finished_at,
    )


def _state_reason(state: wire.ContainerState) -> str | None:
    """Why a container does not run; the reason to wait comes before that of the last end."""
    if state.waiting and state.waiting.reason:
        return state.waiting.reason
    return _termination_reason(state.terminated) if state.terminated else None


def _termination_reason(ended: wire.Terminated) -> str:
    if ended.reason:
        return ended.reason
    return f"Signal:{ended.signal}" if ended.signal else f"ExitCode:{ended.exit_code}"


def _init_word(pod: wire.Pod) -> str | None:
    """``Init:…`` for the first init container that is not done; None if all are done."""
    sidecars = _sidecars(pod)
    for done_count, item in enumerate(pod.status.init_container_statuses or ()):
        if _is_done(item, sidecars):
            continue
        ended = item.state.terminated
        if ended:
            return f"Init:{_termination_reason(ended)}"
        waiting = item.state.waiting
        if waiting and waiting.reason and waiting.reason != "PodInitializing":
            return f"Init:{waiting.reason}"
        return f"Init:{done_count}/{len(pod.spec.init_containers or ())}"
    return None


def _is_done(item: wire.ContainerStatus, sidecars: frozenset[str]) -> bool:
    """Whether the next init container may start."""
    ended = item.state.terminated
    return (ended is not None and ended.exit_code == 0) or (
        item.name in sidecars and bool(item.started)
    )


def _container_word(pod: wire.Pod, word: str) -> str:
    """The word of the regular containers, from last to first: the first one's reason wins.

    As kubectl since 1.3x: next to one that has ended well, one that failed gives the word.
    """
    has_running, failure = False, None
    for item in reversed(pod.status.container_statuses or ()):
        ended = item.state.terminated
        if reason := _state_reason(item.state):
            word = reason
            if ended and ended.exit_code:
                failure = reason
        elif item.ready and item.state.running:
            has_running = True
    if word != "Completed":
        return word
    ready = condition(pod.status.conditions, "Ready")
    if has_running and ready and ready.status == "True":
        return "Running"
    return failure or ("NotReady" if has_running else word)


def _reason(pod: wire.Pod, status: InstanceStatus) -> str | None:
    word = state_word(pod)
    if word.lower() != status:
        return word
    scheduled = condition(pod.status.conditions, "PodScheduled")
    if scheduled and scheduled.status == "False":
        return scheduled.reason
    return NODE_NOT_READY if is_cut_off(pod) else None


def _message(pod: wire.Pod, ready: wire.Condition | None) -> str | None:
    """The first message of: the pod, a container, its end, the scheduler, readiness, a resize.

    That its node is not heard of comes before what the pod said last.
    """
    if pod.status.message:
        return pod.status.message
    if is_cut_off(pod):
        return f"node {pod.spec.node_name} is not ready"
    for item in _statuses(pod.status):
        waiting, ended = item.state.waiting, item.state.terminated
        if waiting and waiting.message:
            return waiting.message
        if ended and ended.message and ended.exit_code:
            return ended.message
    if end := _end(pod):
        return end
    scheduled = condition(pod.status.conditions, "PodScheduled")
    if scheduled and scheduled.status == "False":
        return scheduled.message
    if is_finished(pod):
        return None
    if ready and ready.status == "False":
        return ready.message
    resize = condition(pod.status.conditions, "PodResizePending")  # Deferred or Infeasible
    return f"resize {resize.reason}: {resize.message}" if resize and resize.message else None


def _end(pod: wire.Pod) -> str | None:
    """How a container ended that left no words: the first that failed, or else ended too early."""
    regular = () if is_finished(pod) else pod.status.container_statuses or ()
    for item in (*(one for one in _statuses(pod.status) if _failed(one)), *regular):
        if ended := item.state.terminated:
            return f"{item.name} exited with {ended.exit_code}"
    return None


def _failed(item: wire.ContainerStatus) -> bool:
    return item.state.terminated is not None and item.state.terminated.exit_code != 0


def _health(status: InstanceStatus, ready: wire.Condition | None) -> str | None:
    if status is not InstanceStatus.RUNNING or ready is None:
        return None
    return "healthy" if ready.status == "True" else "unhealthy"


def stopped_at(pod: wire.Pod) -> datetime | None:
    """When the container that ended last did so."""
    ended = [item.state.terminated for item in _statuses(pod.status)]
    times = [item.finished_at for item in ended if item and item.finished_at]
    return max(times, default=None)


def _initialized(pod: wire.Pod) -> bool:
    initialized = condition(pod.status.conditions, "Initialized")
    return initialized is not None and initialized.status == "True"


def _sidecars(pod: wire.Pod) -> frozenset[str]:
    return frozenset(item.name for item in pod.spec.init_containers or () if item.is_sidecar)
