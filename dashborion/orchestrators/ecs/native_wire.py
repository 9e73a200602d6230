"""Objects that only ``dashborion ecs`` decodes, or with more fields than others need."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import force_setattr

from dashborion.orchestrators.ecs.wire import (
    ContainerDefinition,
    HealthCheck,
    NameValue,
    Pascal,
    ServiceDeployment,
    Tag,
    TaskDefinition,
    Wire,
    arn_name,
)

# --- Task definitions and deployments -------------------------------------------------------------


class Named(Wire, frozen=True):
    """A variable, a secret or a volume; its name is all that is shown."""

    name: str = ""


class PortMapping(Wire, frozen=True):
    name: str | None = None
    container_port: int | None = None
    container_port_range: str | None = None
    host_port: int | None = None
    protocol: str = "tcp"


class Dependency(Wire, frozen=True):
    container_name: str = ""
    condition: str = ""


class HealthCheckDetail(HealthCheck, frozen=True):
    command: list[str] = []


class ContainerDetail(ContainerDefinition, frozen=True):
    port_mappings: list[PortMapping] = []
    entry_point: list[str] = []
    command: list[str] = []
    environment: list[Named] = []
    secrets: list[Named] = []
    depends_on: list[Dependency] = []
    health_check: HealthCheckDetail | None = None
    readonly_root_filesystem: bool = False


class TaskDefinitionDetail(TaskDefinition, frozen=True):
    status: str = "ACTIVE"
    network_mode: str | None = None
    requires_compatibilities: list[str] = []
    task_role_arn: str | None = None
    execution_role_arn: str | None = None
    registered_by: str | None = None
    volumes: list[Named] = []
    container_definitions: Sequence[ContainerDetail] = []


class Breaker(Wire, frozen=True):
    status: str = ""
    failure_count: int = 0
    threshold: int = 0


class ServiceDeploymentDetail(ServiceDeployment, frozen=True):
    service_arn: str = ""
    deployment_circuit_breaker: Breaker | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None


# --- Clusters and their machines ------------------------------------------------------------------


class Namespaced(Wire, frozen=True):
    namespace: str | None = None


class Cluster(Wire, frozen=True):
    cluster_arn: str
    cluster_name: str = ""
    status: str = ""
    active_services_count: int = 0
    running_tasks_count: int = 0
    pending_tasks_count: int = 0
    registered_container_instances_count: int = 0
    capacity_providers: list[str] = []
    settings: list[NameValue] = []
    statistics: list[NameValue] = []
    service_connect_defaults: Namespaced = Namespaced()
    tags: list[Tag] = []

    def __post_init__(self) -> None:
        if not self.cluster_name:
            force_setattr(self, "cluster_name", arn_name(self.cluster_arn))


class Amount(Wire, frozen=True):
    """What a machine has of a resource; only CPU and MEMORY are numbers."""

    name: str = ""
    integer_value: int | None = None


class VersionInfo(Wire, frozen=True):
    agent_version: str | None = None
    docker_version: str | None = None


class ContainerInstance(Wire, frozen=True):
    container_instance_arn: str
    ec2_instance_id: str | None = None
    status: str = ""
    status_reason: str | None = None
    agent_connected: bool | None = None
    running_tasks_count: int = 0
    pending_tasks_count: int = 0
    registered_resources: list[Amount] = []
    remaining_resources: list[Amount] = []
    attributes: list[NameValue] = []
    version_info: VersionInfo = VersionInfo()
    capacity_provider_name: str | None = None
    registered_at: datetime | None = None


# --- CloudWatch ----------------------------------------------------------------------------------


class Series(Pascal, frozen=True):
    """What was asked for by one query, or a piece of it."""

    id: str = ""
    status_code: str = ""
    timestamps: list[datetime] = []
    values: list[float] = []
