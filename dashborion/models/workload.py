"""Workloads and the addresses at which they are reachable."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import field

from dashborion.models.base import Model
from dashborion.models.cause import Cause, Code, LogTail
from dashborion.models.event import Event
from dashborion.models.instance import Instance
from dashborion.models.kinds import WorkloadType
from dashborion.models.limits import Limits
from dashborion.models.managed import ManagedBy
from dashborion.models.rollout import Revision, Rollout


class WorkloadStatus(StrEnum):
    RUNNING = "running"
    DEGRADED = "degraded"
    STOPPED = "stopped"


class EndpointType(StrEnum):
    TARGET_GROUP = "target-group"
    LOAD_BALANCER = "load-balancer"
    SERVICE = "service"
    INGRESS = "ingress"
    ROUTE = "route"
    SERVICE_CONNECT = "service-connect"


class Endpoint(Model, frozen=True, kw_only=True):
    """An address at which a workload is reachable.

    ``healthy`` of its ``total`` targets are healthy; both are null if this was not
    asked for or is unknown. What a request has to have besides its URL stands behind the name:
    ``web (header X-Canary=1)``.
    """

    type: EndpointType
    name: str
    address: str | None = None
    port: int | None = None
    protocol: str | None = None
    url: str | None = None
    healthy: int | None = None
    total: int | None = None


class Resources(Model, frozen=True, kw_only=True):
    """Requested CPU and memory as numbers, comparable across orchestrators.

    CPU is in thousandths of a core, memory in MiB, both rounded up.
    """

    cpu_millicores: int | None
    memory_mib: int | None = field(name="memoryMiB")


class Parked(Model, frozen=True, kw_only=True):
    """What a workload had when ``workloads stop`` put it to zero, ``at`` which time.

    ``min`` and ``max`` are the bounds of its autoscaler, null without one.
    """

    desired: int
    min: int | None
    max: int | None
    at: datetime | None


class Workload(Model, frozen=True, kw_only=True):
    """An ECS service, or a Kubernetes Deployment, StatefulSet, DaemonSet or Argo Rollout.

    ``updatedAt`` is when what runs was put there, by a change or by a rollback; not when it was
    scaled. ``reason`` is the API's word for what is wrong, ``cause`` the code of it: of the worst
    cause that is an error. ``restarts`` are those of its current instances; on ECS, the tasks of
    its newest deployment that failed within the hour. They are null where nobody asked. ``parked``
    is null unless ``workloads stop`` put it to zero, where it still is.
    """

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
    reason: str | None = None
    cause: Code | None = None
    restarts: int | None = None
    parked: Parked | None = None


class Autoscaling(Model, frozen=True, kw_only=True):
    """The autoscaler of a workload, and its bounds; ``source`` names it.

    On Kubernetes there may be several: ``source`` names all with a comma, the bounds are the
    strictest, and ``desired`` is null where they disagree. A ``min`` above ``max`` contradicts.
    """

    min: int
    max: int
    current: int | None
    desired: int | None
    source: str
    suspended: bool

    @property
    def contradicts(self) -> bool:
        """Whether no number of replicas is within the bounds of all autoscalers."""
        return self.min > self.max

    @property
    def bounds(self) -> str:
        """Who keeps the replicas between which numbers, in words."""
        if self.contradicts:
            return (
                f"{self.source} contradict each other: "
                f"at least {self.min} replicas, and at most {self.max}"
            )
        verb = "keep" if "," in self.source else "keeps"
        return f"{self.source} {verb} it between {self.min} and {self.max}"


class Reason(Model, frozen=True, kw_only=True):
    """A cause in its older, flatter form: it occurs ``count`` times, in these instances."""

    reason: str
    message: str | None
    count: int
    last_seen: datetime | None
    instances: list[str]


class WorkloadDetail(Workload, frozen=True, kw_only=True):
    """A workload with what ``describe`` adds; ``log`` is the last line of what failed."""

    instances: list[Instance]
    causes: list[Cause]
    reasons: list[Reason]
    autoscaling: Autoscaling | None
    revisions: list[Revision]
    limits: list[Limits] = field(default_factory=list)
    events: list[Event]
    log: list[LogTail] = field(default_factory=list)
    managed_by: ManagedBy | None = None
