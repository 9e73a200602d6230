"""What commands return: the normalised objects, as they stand in ``-o json``.

Field names are the JSON names in snake case. Unknown is None and stays in the
JSON as ``null``. Nothing in here knows an orchestrator's API.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Generic, TypeVar

from msgspec import Meta, Struct, field


class WorkloadType(StrEnum):
    ECS_SERVICE = "ecs-service"
    DEPLOYMENT = "k8s-deployment"
    STATEFULSET = "k8s-statefulset"
    DAEMONSET = "k8s-daemonset"


KIND_WORDS = {
    "service": WorkloadType.ECS_SERVICE,
    "services": WorkloadType.ECS_SERVICE,
    "svc": WorkloadType.ECS_SERVICE,
    "deployment": WorkloadType.DEPLOYMENT,
    "deployments": WorkloadType.DEPLOYMENT,
    "deploy": WorkloadType.DEPLOYMENT,
    "deployment.apps": WorkloadType.DEPLOYMENT,
    "statefulset": WorkloadType.STATEFULSET,
    "statefulsets": WorkloadType.STATEFULSET,
    "sts": WorkloadType.STATEFULSET,
    "statefulset.apps": WorkloadType.STATEFULSET,
    "daemonset": WorkloadType.DAEMONSET,
    "daemonsets": WorkloadType.DAEMONSET,
    "ds": WorkloadType.DAEMONSET,
    "daemonset.apps": WorkloadType.DAEMONSET,
    **{str(member): member for member in WorkloadType},
}
"""What users call the types, kubectl's short names and ``-o name`` forms included."""

KIND_OF = {
    WorkloadType.ECS_SERVICE: "service",
    WorkloadType.DEPLOYMENT: "deployment",
    WorkloadType.STATEFULSET: "statefulset",
    WorkloadType.DAEMONSET: "daemonset",
}
"""The word for a type inside a NAME such as ``deployment/web``."""


INSTANCE_WORDS = frozenset({"pod", "pods", "po", "task", "tasks", "instance", "instances"})


class WorkloadStatus(StrEnum):
    RUNNING = "running"
    DEGRADED = "degraded"
    STOPPED = "stopped"


class InstanceStatus(StrEnum):
    RUNNING = "running"
    PENDING = "pending"
    STOPPED = "stopped"


class RolloutState(StrEnum):
    COMPLETE = "complete"
    PROGRESSING = "progressing"
    PAUSED = "paused"
    FAILED = "failed"


class EndpointType(StrEnum):
    TARGET_GROUP = "target-group"
    LOAD_BALANCER = "load-balancer"
    SERVICE = "service"
    INGRESS = "ingress"
    SERVICE_CONNECT = "service-connect"


class EventType(StrEnum):
    NORMAL = "normal"
    WARNING = "warning"


class Model(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """The common ground of all models: frozen, camelCase in JSON, without cycles."""


class Resources(Model, frozen=True, kw_only=True):
    """Requested CPU and memory as plain numbers, to compare across orchestrators.

    CPU in thousandths of a core, memory in MiB, both rounded up.
    """

    cpu_millicores: int | None
    memory_mib: int | None = field(name="memoryMiB")


class Rollout(Model, frozen=True, kw_only=True):
    """How far the newest revision has come; ``message`` says what it waits for."""

    state: RolloutState
    revision: str | None
    message: str | None


class Endpoint(Model, frozen=True, kw_only=True):
    """A way in. ``healthy`` of ``total`` targets; both None where nobody asked."""

    type: EndpointType
    name: str
    address: str | None = None
    port: int | None = None
    protocol: str | None = None
    url: str | None = None
    healthy: int | None = None
    total: int | None = None


class Workload(Model, frozen=True, kw_only=True):
    """An ECS service, or a Kubernetes Deployment, StatefulSet or DaemonSet."""

    project: str | None
    environment: str
    namespace: str
    name: str
    type: WorkloadType
    orchestrator: str
    status: WorkloadStatus
    desired: int
    running: int
    available: int
    image: str | None
    images: list[str]
    created_at: datetime | None
    updated_at: datetime | None
    cpu: str | None
    memory: str | None
    resources: Resources
    rollout: Rollout
    endpoints: list[Endpoint]
    labels: dict[str, str]


class Termination(Model, frozen=True, kw_only=True):
    """How a container's previous run ended."""

    reason: str | None
    exit_code: int | None
    message: str | None
    finished_at: datetime | None


class Container(Model, frozen=True, kw_only=True):
    """One container of an instance. ``init`` ones run to their end before the others start."""

    name: str
    status: InstanceStatus
    image: str | None
    ready: bool
    restarts: int
    exit_code: int | None
    reason: str | None
    last_termination: Termination | None
    init: bool = False


class Instance(Model, frozen=True, kw_only=True):
    """An ECS task or a Kubernetes pod."""

    project: str | None
    environment: str
    namespace: str
    id: str
    name: str
    workload: str | None
    orchestrator: str
    status: InstanceStatus
    ready: bool
    reason: str | None
    message: str | None
    health: str | None
    ip: str | None
    node: str | None
    zone: str | None
    revision: str | None
    restarts: int
    created_at: datetime | None
    started_at: datetime | None
    stopped_at: datetime | None
    cpu: str | None
    memory: str | None
    containers: list[Container]


class Event(Model, frozen=True, kw_only=True):
    """Something the orchestrator said about an object; ``count`` times, last at ``timestamp``."""

    timestamp: datetime | None
    type: EventType
    reason: str | None
    message: str
    object: str
    count: int


class Revision(Model, frozen=True, kw_only=True):
    """One version of a workload's definition."""

    revision: str
    current: bool
    images: list[str]
    created_at: datetime | None
    message: str | None


class Autoscaling(Model, frozen=True, kw_only=True):
    """Who else sets the replicas, and within which bounds; ``source`` names it."""

    min: int
    max: int
    current: int | None
    desired: int | None
    source: str
    suspended: bool


class Reason(Model, frozen=True, kw_only=True):
    """Why a workload is not as it should be, grouped over its instances."""

    reason: str
    message: str | None
    count: int
    last_seen: datetime | None
    instances: list[str]


class WorkloadDetail(Workload, frozen=True, kw_only=True):
    """What ``workloads describe`` adds to the list's object."""

    instances: list[Instance]
    reasons: list[Reason]
    autoscaling: Autoscaling | None
    revisions: list[Revision]
    events: list[Event]


class InstanceDetail(Instance, frozen=True, kw_only=True):
    """What ``instances describe`` adds to the list's object."""

    labels: dict[str, str]
    events: list[Event]


# Lines travel as bytes with their moment in front, 2026-01-01T00:00:00.000000000Z, and a space.
STAMP = 30
HEAD = STAMP + 1


class LogLine(Model, frozen=True, kw_only=True):
    """One line that a container wrote; ``timestamp`` is as precise as the orchestrator has it."""

    timestamp: Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
    project: str | None
    environment: str
    namespace: str
    workload: str | None
    instance: str
    container: str
    message: str


class Change(Model, frozen=True, kw_only=True):
    """What a command changed, or with ``dryRun`` would: one workload or one instance.

    ``before`` and ``after`` are what the action is about: replicas, a revision (of a
    restart on ECS, which makes none, the deployments' ids), an instance's status;
    ``after`` is None as long as it is not known. ``rollout`` is where the wait ended,
    well or not, None without one.
    """

    action: str
    project: str | None
    environment: str
    namespace: str
    workload: str | None
    instance: str | None
    before: int | str | None
    after: int | str | None
    dry_run: bool
    rollout: Rollout | None


class Permission(Model, frozen=True, kw_only=True):
    """Whether the credentials may do one thing; None when the API would not say."""

    action: str
    allowed: bool | None


class Check(Model, frozen=True, kw_only=True):
    """Whether an environment can be reached, as whom, and how long that took in seconds."""

    project: str | None
    environment: str
    orchestrator: str
    endpoint: str | None
    reachable: bool
    identity: str | None
    version: str | None
    seconds: float
    permissions: list[Permission]
    error: str | None


class EnvironmentInfo(Model, frozen=True, kw_only=True):
    """An environment as ``env list`` and ``env show`` have it.

    ``name`` is what ``-e`` takes, ``target`` the cluster or context, ``source`` the
    file that says so, None without one.
    """

    name: str
    project: str | None
    environment: str
    current: bool
    orchestrator: str
    target: str
    namespace: str | None
    region: str | None
    profile: str | None
    protected: bool
    read_only: bool
    source: str | None


class Discovered(Model, frozen=True, kw_only=True):
    """A cluster as ``env discover`` proposes it: the environment that it would be.

    ``configured`` when the config file has its target already, under that ``name``.
    """

    name: str
    project: str | None
    environment: str
    orchestrator: str
    target: str
    region: str | None
    profile: str | None
    protected: bool
    configured: bool


T = TypeVar("T")


class Found(Struct, Generic[T], frozen=True, gc=False):
    """A normalised object and, only when it was asked for, the API's own JSON for it."""

    item: T
    raw: dict[str, Any] | None = None


class Name(Struct, frozen=True):
    """A NAME as typed: ``[namespace/][kind/]name``."""

    name: str
    type: WorkloadType | None = None
    namespace: str | None = None

    @classmethod
    def parse(cls, text: str) -> Name:
        """Read a NAME; the part before the last is a kind where it is a known kind word."""
        *before, name = text.split("/")
        kind = KIND_WORDS.get(before[-1].lower()) if before else None
        if kind is not None:
            before.pop()
        return cls(name=name, type=kind, namespace="/".join(before) or None)

    @classmethod
    def parse_instance(cls, text: str) -> Name:
        """Read an instance's ID: ``[namespace/][pod/|task/]id``."""
        *before, name = text.split("/")
        if before and before[-1].lower() in INSTANCE_WORDS:
            before.pop()
        return cls(name=name, namespace="/".join(before) or None)

    def __str__(self) -> str:
        kind = KIND_OF[self.type] if self.type else None
        return "/".join(part for part in (self.namespace, kind, self.name) if part)


class Query(Struct, frozen=True, kw_only=True):
    """Which objects of one environment are wanted; None does not restrict.

    ``namespace`` None is the environment's own, unless ``all_namespaces``.
    ``selector`` is ``key=value[,…]`` on labels or tags. ``workload`` keeps
    that workload's instances. ``stopped`` asks for finished instances too.
    ``endpoints`` asks for the ways in, which take calls of their own. ``raw`` asks
    for the API's own objects beside the models. ``within`` names what has the
    objects as its parts, such as a task definition's family, ``limit`` keeps the
    newest of them.
    """

    namespace: str | None = None
    all_namespaces: bool = False
    selector: str | None = None
    types: frozenset[WorkloadType] | None = None
    workload: Name | None = None
    stopped: bool = False
    endpoints: bool = True
    raw: bool = False
    within: str | None = None
    limit: int | None = None
