"""Pods and their containers, cut down to the fields that are used."""

from __future__ import annotations

from datetime import datetime

from msgspec import field

from dashborion.orchestrators.kubernetes.wire.meta import Condition, Object, Wire


class Requests(Wire, frozen=True):
    requests: dict[str, str | int | float] | None = None


class ContainerSpec(Wire, frozen=True):
    name: str
    image: str | None = None
    resources: Requests = Requests()
    restart_policy: str | None = None


class PodSpec(Wire, frozen=True):
    containers: list[ContainerSpec] | None = None
    init_containers: list[ContainerSpec] | None = None
    ephemeral_containers: list[ContainerSpec] | None = None
    node_name: str | None = None


class Waiting(Wire, frozen=True):
    reason: str | None = None
    message: str | None = None


class Running(Wire, frozen=True):
    started_at: datetime | None = None


class Terminated(Wire, frozen=True):
    exit_code: int = 0
    signal: int | None = None
    reason: str | None = None
    message: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    container_id: str | None = field(name="containerID", default=None)


class ContainerState(Wire, frozen=True):
    waiting: Waiting | None = None
    running: Running | None = None
    terminated: Terminated | None = None


class ContainerStatus(Wire, frozen=True):
    name: str
    image: str | None = None
    ready: bool = False
    started: bool | None = None
    restart_count: int = 0
    state: ContainerState = ContainerState()
    last_state: ContainerState = ContainerState()
    container_id: str | None = field(name="containerID", default=None)


class PodStatus(Wire, frozen=True):
    phase: str | None = None
    reason: str | None = None
    message: str | None = None
    conditions: list[Condition] | None = None
    pod_ip: str | None = field(name="podIP", default=None)
    start_time: datetime | None = None
    container_statuses: list[ContainerStatus] | None = None
    init_container_statuses: list[ContainerStatus] | None = None
    ephemeral_container_statuses: list[ContainerStatus] | None = None


class Pod(Object, frozen=True):
    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()
