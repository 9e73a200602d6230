"""Workloads."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import field

from dashborion.models.base import Model
from dashborion.models.endpoint import Endpoint
from dashborion.models.event import Event
from dashborion.models.instance import Instance
from dashborion.models.kinds import WorkloadType
from dashborion.models.rollout import Revision, Rollout


class WorkloadStatus(StrEnum):
    RUNNING = "running"
    DEGRADED = "degraded"
    STOPPED = "stopped"


class Resources(Model, frozen=True, kw_only=True):
    """Requested CPU and memory as numbers, comparable across orchestrators.

    CPU is in thousandths of a core, memory in MiB, both rounded up.
    """

    cpu_millicores: int | None
    memory_mib: int | None = field(name="memoryMiB")


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


class Autoscaling(Model, frozen=True, kw_only=True):
    """The autoscaler of a workload, and its bounds; ``source`` names it."""

    min: int
    max: int
    current: int | None
    desired: int | None
    source: str
    suspended: bool


class Reason(Model, frozen=True, kw_only=True):
    """A problem of a workload, which occurs ``count`` times, in these instances."""

    reason: str
    message: str | None
    count: int
    last_seen: datetime | None
    instances: list[str]


class WorkloadDetail(Workload, frozen=True, kw_only=True):
    """A workload with what ``describe`` adds."""

    instances: list[Instance]
    reasons: list[Reason]
    autoscaling: Autoscaling | None
    revisions: list[Revision]
    events: list[Event]
