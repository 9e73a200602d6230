"""Tasks and their containers."""

from __future__ import annotations

from datetime import datetime

from msgspec import field

from dashborion.orchestrators.ecs.wire.base import NameValue, Tag, Wire


class NetworkInterface(Wire, frozen=True):
    private_ipv4_address: str | None = field(name="privateIpv4Address", default=None)


class Container(Wire, frozen=True):
    name: str = ""
    image: str | None = None
    runtime_id: str | None = None
    last_status: str = "PENDING"
    health_status: str | None = None
    exit_code: int | None = None
    reason: str | None = None
    network_interfaces: list[NetworkInterface] = []


class Attachment(Wire, frozen=True):
    type: str = ""
    details: list[NameValue] = []


class Task(Wire, frozen=True):
    task_arn: str
    task_definition_arn: str = ""
    last_status: str = "PROVISIONING"
    desired_status: str = "RUNNING"
    health_status: str | None = None
    group: str | None = None
    started_by: str | None = None
    launch_type: str | None = None
    availability_zone: str | None = None
    container_instance_arn: str | None = None
    connectivity: str | None = None
    cpu: str | None = None
    memory: str | None = None
    created_at: datetime | None = None
    pull_started_at: datetime | None = None
    started_at: datetime | None = None
    stopped_at: datetime | None = None
    stop_code: str | None = None
    stopped_reason: str | None = None
    containers: list[Container] = []
    attachments: list[Attachment] = []
    tags: list[Tag] = []


class ManagedAgent(Wire, frozen=True):
    name: str = ""
    last_status: str = ""
    reason: str | None = None


class ExecContainer(Wire, frozen=True):
    name: str = ""
    managed_agents: list[ManagedAgent] = []


class ExecTask(Wire, frozen=True):
    """What says whether a command can run in a task; asked for by nothing else."""

    cluster_arn: str = ""
    enable_execute_command: bool = False
    containers: list[ExecContainer] = []
