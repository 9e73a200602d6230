"""What only ECS has, as it stands in ``-o json``. Times, names and nulls are as in ``models``."""

from __future__ import annotations

from datetime import datetime

from dashborion.models.base import Model


class EcsObject(Model, frozen=True, kw_only=True):
    """Anything in an account and region, which is where an environment's cluster is."""

    project: str | None
    environment: str
    name: str


class TaskDefinitionFamily(EcsObject, frozen=True, kw_only=True):
    """A family that has an active revision."""


class TaskDefinition(EcsObject, frozen=True, kw_only=True):
    """One revision; ``name`` is ``family:revision``. CPU in units, memory in MiB."""

    family: str
    revision: int
    images: list[str]
    cpu: str | None
    memory: str | None
    registered_at: datetime | None


class ContainerDefinition(Model, frozen=True, kw_only=True):
    """Of variables and secrets the names: values are shown by ``--raw`` alone."""

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
    """What ``ecs task-definitions describe`` adds."""

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


class Changed(Model, frozen=True, kw_only=True):
    """One difference. ``where`` is what it is about, ``field`` which setting of it.

    ``change`` is ``added``, ``removed`` or ``changed``. When ``hidden``, the
    values are null: they are those of a variable or a secret.
    """

    where: str
    field: str
    change: str
    before: str | None
    after: str | None
    hidden: bool


class Difference(EcsObject, frozen=True, kw_only=True):
    """What changed from one revision to another; ``name`` is the later one's."""

    before: str
    after: str
    changes: list[Changed]


class Cluster(EcsObject, frozen=True, kw_only=True):
    """``instances`` counts registered container instances: none with Fargate alone."""

    status: str
    services: int
    running: int
    pending: int
    instances: int
    capacity_providers: list[str]


class ClusterDetail(Cluster, frozen=True, kw_only=True):
    """``statistics`` counts by launch type, in ECS' own words."""

    arn: str
    service_connect_namespace: str | None
    settings: dict[str, str]
    statistics: dict[str, str]
    labels: dict[str, str]


class ContainerInstance(EcsObject, frozen=True, kw_only=True):
    """A machine of a cluster; ``instance`` is its EC2 id. CPU in units, memory in MiB."""

    instance: str | None
    status: str
    connected: bool
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
    """A deployment of a service in the words of ECS' newer API.

    ``lifecycleStage`` is where a blue/green, linear or canary one is; rolling ones
    have none. ``failures`` of the ``threshold`` at which the circuit breaker opens.
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
