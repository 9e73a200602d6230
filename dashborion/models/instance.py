"""Instances and their containers."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import field

from dashborion.models.base import Model
from dashborion.models.cause import LogTail
from dashborion.models.event import Event
from dashborion.models.limits import Limits


class InstanceStatus(StrEnum):
    RUNNING = "running"
    PENDING = "pending"
    STOPPED = "stopped"


class Termination(Model, frozen=True, kw_only=True):
    """How a container's previous run ended."""

    reason: str | None
    exit_code: int | None
    message: str | None
    finished_at: datetime | None


class Container(Model, frozen=True, kw_only=True):
    """A container of an instance.

    ``init`` is true of those that do not make an instance ready: they run to completion
    before the others, or are ephemeral, added later to look at what runs.
    """

    name: str
    status: InstanceStatus
    image: str | None
    ready: bool
    restarts: int
    exit_code: int | None
    reason: str | None
    last_termination: Termination | None
    init: bool = False


class Owner(Model, frozen=True, kw_only=True):
    """What has made an instance, where that is no workload: a Job, or a kind of somebody's own."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind.lower()}/{self.name}"


class Instance(Model, frozen=True, kw_only=True):
    """An ECS task or a Kubernetes pod; ``owner`` has made one whose ``workload`` is null."""

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
    owner: Owner | None = None


class InstanceDetail(Instance, frozen=True, kw_only=True):
    """An instance with what ``describe`` adds; ``log`` is the last line of what failed."""

    labels: dict[str, str]
    limits: list[Limits] = field(default_factory=list)
    events: list[Event]
    log: list[LogTail] = field(default_factory=list)
