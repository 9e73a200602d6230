"""Objects that only ECS has. Times, names and nulls are as in ``models``."""

from __future__ import annotations

from datetime import datetime

from dashborion.models.base import Model


class EcsObject(Model, frozen=True, kw_only=True):
    """An object in the account and region of an environment's cluster."""

    project: str | None
    environment: str
    name: str


class TaskDefinitionFamily(EcsObject, frozen=True, kw_only=True):
    """A task definition family with an active revision."""


class TaskDefinition(EcsObject, frozen=True, kw_only=True):
    """A revision of a task definition; ``name`` is ``family:revision``.

    ``cpu`` is in CPU units, ``memory`` in MiB.
    """

    family: str
    revision: int | None
    images: list[str]
    cpu: str | None
    memory: str | None
    registered_at: datetime | None


class ContainerDefinition(Model, frozen=True, kw_only=True):
    """A container of a task definition.

    ``environment`` and ``secrets`` are names; only ``--raw`` shows their values.
    """

    name: str
    image: str
    essential: bool
    cpu: int
    memory: int | None
    memory_reservation: int | None
    ports: list[str]
    entry_point: list[str]
    command: list[str]
    environment: list[str]
    secrets: list[str]
    depends_on: list[str]
    health_check: str | None
    log_driver: str | None


class TaskDefinitionDetail(TaskDefinition, frozen=True, kw_only=True):
    """A task definition with what ``describe`` adds."""

    arn: str
    status: str
    registered_by: str | None
    network_mode: str | None
    launch_types: list[str]
    task_role: str | None
    execution_role: str | None
    volumes: list[str]
    containers: list[ContainerDefinition]
    labels: dict[str, str]


class Cluster(EcsObject, frozen=True, kw_only=True):
    """A cluster; ``instances`` counts container instances, which Fargate does not have."""

    status: str
    services: int
    running: int
    pending: int
    instances: int
    capacity_providers: list[str]


class ClusterDetail(Cluster, frozen=True, kw_only=True):
    """A cluster with what ``describe`` adds; ``statistics`` are ECS' counts by launch type."""

    arn: str
    service_connect_namespace: str | None
    settings: dict[str, str]
    statistics: dict[str, str]
    labels: dict[str, str]


class ContainerInstance(EcsObject, frozen=True, kw_only=True):
    """A container instance: a machine of a cluster. ``instance`` is its EC2 id.

    ``reason`` is why it could not be registered, ``connected`` whether its agent is.
    CPU is in CPU units, memory in MiB.
    """

    instance: str | None
    status: str
    reason: str | None
    connected: bool | None
    running: int
    pending: int
    instance_type: str | None
    zone: str | None
    cpu: int | None
    cpu_free: int | None
    memory: int | None
    memory_free: int | None
    agent_version: str | None
    runtime_version: str | None
    capacity_provider: str | None
    created_at: datetime | None


class ServiceDeployment(EcsObject, frozen=True, kw_only=True):
    """A deployment of a service, as ECS' service deployments API describes it.

    ``lifecycleStage`` is null for rolling deployments. ``failures`` counts failed
    tasks; at ``threshold`` the circuit breaker ends the deployment.
    """

    namespace: str
    service: str
    status: str
    reason: str | None
    lifecycle_stage: str | None
    strategy: str | None
    task_definition: str | None
    requested: int | None
    running: int | None
    pending: int | None
    failures: int | None
    threshold: int | None
    rollback: str | None
    created_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
