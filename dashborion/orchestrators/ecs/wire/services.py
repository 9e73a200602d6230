"""Services, their deployments in the older and the newer API's words, and their events."""

from __future__ import annotations

from datetime import datetime

from dashborion.orchestrators.ecs.wire.base import Tag, Wire


class LoadBalancer(Wire, frozen=True):
    """A target group, or a classic load balancer by name."""

    target_group_arn: str | None = None
    load_balancer_name: str | None = None
    container_name: str | None = None
    container_port: int | None = None


class ClientAlias(Wire, frozen=True):
    port: int
    dns_name: str | None = None


class ConnectService(Wire, frozen=True):
    port_name: str
    discovery_name: str | None = None
    client_aliases: list[ClientAlias] = []


class ServiceConnect(Wire, frozen=True):
    enabled: bool = False
    namespace: str | None = None
    services: list[ConnectService] = []


class Deployment(Wire, frozen=True):
    id: str
    status: str
    task_definition: str = ""
    desired_count: int = 0
    pending_count: int = 0
    running_count: int = 0
    failed_tasks: int = 0
    created_at: datetime | None = None
    updated_at: datetime | None = None
    rollout_state: str | None = None
    rollout_state_reason: str | None = None
    service_connect_configuration: ServiceConnect | None = None


class TaskSet(Wire, frozen=True):
    """What a service has instead of deployments when CODE_DEPLOY or EXTERNAL controls it."""

    id: str
    status: str
    task_definition: str = ""
    stability_status: str | None = None
    created_at: datetime | None = None
    load_balancers: list[LoadBalancer] = []


class DeploymentConfiguration(Wire, frozen=True):
    strategy: str = "ROLLING"
    maximum_percent: int | None = None
    minimum_healthy_percent: int | None = None


class DeploymentController(Wire, frozen=True):
    type: str = "ECS"


class LifecycleHook(Wire, frozen=True):
    hook_id: str | None = None
    status: str = ""


class ServiceDeployment(Wire, frozen=True):
    """The newer API's view of a deployment, which remembers those that ended."""

    service_deployment_arn: str
    status: str = ""
    status_reason: str | None = None
    lifecycle_stage: str | None = None
    lifecycle_hook_details: list[LifecycleHook] = []
    created_at: datetime | None = None
    target_service_revision_arn: str | None = None  # in a list; a description has an object


class ContainerImage(Wire, frozen=True):
    image: str = ""


class ServiceRevision(Wire, frozen=True):
    """What a service deployment goes to: a task definition and the service's settings."""

    service_revision_arn: str
    task_definition: str = ""
    container_images: list[ContainerImage] = []


class Event(Wire, frozen=True):
    id: str
    created_at: datetime | None = None
    message: str = ""


class Service(Wire, frozen=True):
    service_arn: str
    service_name: str
    cluster_arn: str = ""
    status: str = "ACTIVE"
    desired_count: int = 0
    running_count: int = 0
    pending_count: int = 0
    task_definition: str = ""
    scheduling_strategy: str = "REPLICA"
    created_at: datetime | None = None
    deployments: list[Deployment] = []
    task_sets: list[TaskSet] = []
    events: list[Event] = []
    load_balancers: list[LoadBalancer] = []
    tags: list[Tag] = []
    deployment_configuration: DeploymentConfiguration = DeploymentConfiguration()
    deployment_controller: DeploymentController = DeploymentController()
    current_service_deployment: str | None = None
