"""The API's objects that only ``dashborion ecs`` shows, cut down to the fields that are used."""

from __future__ import annotations

from datetime import datetime

from msgspec import field

from dashborion.orchestrators.ecs.wire import Tag, Wire


class KeyValue(Wire, frozen=True):
    """A pair, whatever the API calls its two sides. Values of variables are not read."""

    name: str = ""
    value: str = ""


class Named(Wire, frozen=True):
    """A variable, a secret or a volume, of which the name is all that is shown."""

    name: str = ""


class PortMapping(Wire, frozen=True):
    container_port: int | None = None
    container_port_range: str | None = None
    host_port: int | None = None
    protocol: str = "tcp"


class Dependency(Wire, frozen=True):
    container_name: str = ""
    condition: str = ""


class HealthCheck(Wire, frozen=True):
    command: list[str] = field(default_factory=list)


class LogConfiguration(Wire, frozen=True):
    log_driver: str = ""


class ContainerDefinition(Wire, frozen=True):
    name: str
    image: str = ""
    essential: bool = True
    cpu: int = 0
    memory: int | None = None
    memory_reservation: int | None = None
    port_mappings: list[PortMapping] = field(default_factory=list)
    entry_point: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    environment: list[Named] = field(default_factory=list)
    secrets: list[Named] = field(default_factory=list)
    depends_on: list[Dependency] = field(default_factory=list)
    health_check: HealthCheck | None = None
    log_configuration: LogConfiguration | None = None


class TaskDefinition(Wire, frozen=True):
    task_definition_arn: str
    family: str
    revision: int
    status: str = "ACTIVE"
    cpu: str | None = None
    memory: str | None = None
    network_mode: str | None = None
    requires_compatibilities: list[str] = field(default_factory=list)
    task_role_arn: str | None = None
    execution_role_arn: str | None = None
    registered_at: datetime | None = None
    registered_by: str | None = None
    volumes: list[Named] = field(default_factory=list)
    container_definitions: list[ContainerDefinition] = field(default_factory=list)


class Namespaced(Wire, frozen=True):
    namespace: str | None = None


class Cluster(Wire, frozen=True):
    cluster_arn: str
    cluster_name: str
    status: str = ""
    active_services_count: int = 0
    running_tasks_count: int = 0
    pending_tasks_count: int = 0
    registered_container_instances_count: int = 0
    capacity_providers: list[str] = field(default_factory=list)
    settings: list[KeyValue] = field(default_factory=list)
    statistics: list[KeyValue] = field(default_factory=list)
    service_connect_defaults: Namespaced = Namespaced()
    tags: list[Tag] = field(default_factory=list)


class Amount(Wire, frozen=True):
    """What a machine has of a resource; only CPU and MEMORY are numbers."""

    name: str = ""
    integer_value: int = 0


class Attribute(Wire, frozen=True):
    name: str = ""
    value: str | None = None


class VersionInfo(Wire, frozen=True):
    agent_version: str | None = None
    docker_version: str | None = None


class ContainerInstance(Wire, frozen=True):
    container_instance_arn: str
    ec2_instance_id: str | None = None
    status: str = ""
    agent_connected: bool = False
    running_tasks_count: int = 0
    pending_tasks_count: int = 0
    registered_resources: list[Amount] = field(default_factory=list)
    remaining_resources: list[Amount] = field(default_factory=list)
    attributes: list[Attribute] = field(default_factory=list)
    version_info: VersionInfo = VersionInfo()
    capacity_provider_name: str | None = None
    registered_at: datetime | None = None


class RevisionCounts(Wire, frozen=True):
    arn: str = ""
    requested_task_count: int = 0
    running_task_count: int = 0
    pending_task_count: int = 0


class Breaker(Wire, frozen=True):
    status: str = ""
    failure_count: int = 0
    threshold: int = 0


class Rollback(Wire, frozen=True):
    reason: str | None = None
    service_revision_arn: str | None = None


class Configuration(Wire, frozen=True):
    strategy: str | None = None


class ServiceDeployment(Wire, frozen=True):
    service_deployment_arn: str
    service_arn: str = ""
    status: str = ""
    status_reason: str | None = None
    lifecycle_stage: str | None = None
    target_service_revision: RevisionCounts | None = None
    deployment_configuration: Configuration | None = None
    deployment_circuit_breaker: Breaker | None = None
    rollback: Rollback | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None


class ServiceRevision(Wire, frozen=True):
    service_revision_arn: str
    task_definition: str | None = None
