"""Clusters and the machines that are registered in them; only for ``dashborion ecs``."""

from __future__ import annotations

from datetime import datetime

from dashborion.orchestrators.ecs.wire.base import NameValue, Tag, Wire


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
    capacity_providers: list[str] = []
    settings: list[NameValue] = []
    statistics: list[NameValue] = []
    service_connect_defaults: Namespaced = Namespaced()
    tags: list[Tag] = []


class Amount(Wire, frozen=True):
    """What a machine has of a resource; only CPU and MEMORY are numbers."""

    name: str = ""
    integer_value: int = 0


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
    registered_resources: list[Amount] = []
    remaining_resources: list[Amount] = []
    attributes: list[NameValue] = []
    version_info: VersionInfo = VersionInfo()
    capacity_provider_name: str | None = None
    registered_at: datetime | None = None
