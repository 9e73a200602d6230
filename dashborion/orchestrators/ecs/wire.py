"""The API's objects, cut down to the fields that are used.

botocore has parsed the JSON already; converting its dictionaries into these
checks them once, at the edge. Anything may be missing: services without
``rolloutState``, tasks without containers, accounts with the old ARN format.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct, field
from msgspec.structs import force_setattr, replace

from dashborion.orchestrators.addresses import without_secrets


class Wire(Struct, rename="camel", frozen=True, gc=False):
    """Converted from an answer, never changed."""


class Pascal(Struct, rename="pascal", frozen=True, gc=False):
    """The same in the older APIs' spelling."""


class Tag(Wire, frozen=True):
    key: str = ""
    value: str = ""


class NameValue(Wire, frozen=True):
    """A setting, a detail or an attribute; never a variable, whose value is not decoded."""

    name: str = ""
    value: str = ""


def arn_name(arn: str) -> str:
    """What an ARN ends in, in the old format and the new: a name, an id, ``family:revision``."""
    return arn.rsplit("/", 1)[-1]


def family_and_revision(task_definition: str) -> tuple[str, int | None]:
    """The family and the number in a task definition's ARN or name, which may have none."""
    family, _, number = arn_name(task_definition).partition(":")
    return family, int(number) if _NUMBER.fullmatch(number) else None


_NUMBER = re.compile(r"[0-9]{1,18}")


# --- Task definitions, without what may be secret in them: they are kept on disk ------------------


class HealthCheck(Wire, frozen=True):
    """Its command is not decoded: it may hold a password. Times are in seconds."""

    interval: int | None = None
    timeout: int | None = None
    retries: int | None = None
    start_period: int | None = None


class LogOptions(Struct, frozen=True):
    """The options of ``awslogs``, and the addresses that other drivers send lines to.

    Other options of theirs may be secrets; so may an address' user, password and query.
    """

    group: str | None = field(name="awslogs-group", default=None)
    region: str | None = field(name="awslogs-region", default=None)
    stream_prefix: str | None = field(name="awslogs-stream-prefix", default=None)
    splunk: str | None = field(name="splunk-url", default=None)
    fluentd: str | None = field(name="fluentd-address", default=None)
    gelf: str | None = field(name="gelf-address", default=None)
    syslog: str | None = field(name="syslog-address", default=None)
    output: str | None = field(name="Name", default=None)  # FireLens' plugin

    def __post_init__(self) -> None:
        for name in ("splunk", "fluentd", "gelf", "syslog"):
            if address := getattr(self, name):
                force_setattr(self, name, without_secrets(address))

    @property
    def address(self) -> str | None:
        """Where another driver than ``awslogs`` sends lines to."""
        return self.splunk or self.fluentd or self.gelf or self.syslog


class LogConfiguration(Wire, frozen=True):
    log_driver: str = ""
    options: LogOptions = LogOptions()


class SizedContainer(Wire, frozen=True):
    """What every reader of a definition wants of a container."""

    name: str = ""
    image: str = ""
    essential: bool = True
    cpu: int = 0
    memory: int | None = None
    memory_reservation: int | None = None


class ContainerDefinition(SizedContainer, frozen=True):
    health_check: HealthCheck | None = None
    log_configuration: LogConfiguration | None = None


class TaskDefinition(Wire, frozen=True):
    """Kept on disk: without environment variables, secrets and commands."""

    task_definition_arn: str
    cpu: str | None = None
    memory: str | None = None
    registered_at: datetime | None = None
    container_definitions: Sequence[ContainerDefinition] = []


# --- Services, with their deployments in the older and the newer API ------------------------------


class AdvancedConfiguration(Wire, frozen=True):
    """The other target group of a blue/green service, and what decides which one is live.

    The rule may be given by its own ARN or, where it is a listener's default, by the listener's.
    """

    alternate_target_group_arn: str | None = None
    production_listener_rule: str | None = None


class LoadBalancer(Wire, frozen=True):
    """A target group, or a classic load balancer by name."""

    advanced_configuration: AdvancedConfiguration | None = None
    target_group_arn: str | None = None
    load_balancer_name: str | None = None
    container_name: str | None = None
    container_port: int | None = None


class Registry(Wire, frozen=True):
    """A service of Cloud Map, in which tasks are registered."""

    registry_arn: str = ""
    port: int | None = None
    container_port: int | None = None


class Lattice(Wire, frozen=True):
    """A target group of VPC Lattice."""

    target_group_arn: str = ""
    port_name: str | None = None


class ClientAlias(Wire, frozen=True):
    port: int | None = None
    dns_name: str | None = None


class ConnectService(Wire, frozen=True):
    port_name: str = ""
    discovery_name: str | None = None
    client_aliases: list[ClientAlias] = []


class ServiceConnect(Wire, frozen=True):
    enabled: bool = False
    namespace: str | None = None
    services: list[ConnectService] = []


class Deployment(Wire, frozen=True):
    id: str = ""
    status: str = ""
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
    vpc_lattice_configurations: list[Lattice] = []


class Scale(Wire, frozen=True):
    """The share of a service's desired count that a task set gets, in percent."""

    value: float = 100.0


class TaskSet(Wire, frozen=True):
    """What a service has instead of deployments when CODE_DEPLOY or EXTERNAL controls it."""

    id: str = ""
    status: str = ""
    task_definition: str = ""
    external_id: str | None = None  # of CodeDeploy's deployment
    running_count: int = 0
    stability_status: str | None = None
    scale: Scale = Scale()
    created_at: datetime | None = None
    load_balancers: list[LoadBalancer] = []
    service_registries: list[Registry] = []


class EarlySuccess(Wire, frozen=True):
    """Whether a deployment is called successful before all of its tasks run."""

    enable: bool = False


class ConfiguredHook(Wire, frozen=True):
    """What a deployment does at some of its stages: it calls a Lambda function, or waits."""

    target_type: str = "AWS_LAMBDA"
    lifecycle_stages: list[str] = []


class Canary(Wire, frozen=True):
    canary_percent: float = 5.0


class Linear(Wire, frozen=True):
    step_percent: float = 10.0


class DeploymentConfiguration(Wire, frozen=True):
    strategy: str = "ROLLING"
    minimum_healthy_percent: int | None = None
    maximum_percent: int | None = None
    bake_time_in_minutes: int | None = None
    lifecycle_hooks: list[ConfiguredHook] = []
    canary_configuration: Canary = Canary()
    linear_configuration: Linear = Linear()
    early_success_criteria: EarlySuccess = EarlySuccess()


class DeploymentController(Wire, frozen=True):
    type: str = "ECS"


class LifecycleHook(Wire, frozen=True):
    hook_id: str | None = None
    target_type: str | None = None
    target_arn: str | None = None
    status: str = ""
    expires_at: datetime | None = None
    timeout_action: str | None = None


class Rollback(Wire, frozen=True):
    reason: str | None = None
    started_at: datetime | None = None


class Alarms(Wire, frozen=True):
    """The CloudWatch alarms that watch a deployment."""

    status: str = ""
    triggered_alarm_names: list[str] = []


class RevisionSummary(Wire, frozen=True):
    """A revision in a deployment, its tasks, and its share of the traffic in percent."""

    arn: str = ""
    requested_task_count: int = 0
    running_task_count: int = 0
    pending_task_count: int = 0
    requested_test_traffic_weight: float | None = None
    requested_production_traffic_weight: float | None = None


class ServiceDeployment(Wire, frozen=True):
    """The newer API's view of a deployment, which remembers those that ended."""

    service_deployment_arn: str = ""
    status: str = ""
    status_reason: str | None = None
    rollback: Rollback = Rollback()
    lifecycle_stage: str | None = None
    lifecycle_hook_details: list[LifecycleHook] = []
    alarms: Alarms = Alarms()
    deployment_configuration: DeploymentConfiguration | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    target_service_revision_arn: str | None = None  # in a list; a description has an object
    target_service_revision: RevisionSummary | None = None
    source_service_revisions: list[RevisionSummary] = []


class ContainerImage(Wire, frozen=True):
    container_name: str = ""
    image: str = ""
    image_digest: str | None = None


class PlatformOverride(Wire, frozen=True):
    cpu_architecture: str | None = None


class RevisionOverrides(Wire, frozen=True):
    """What ECS itself makes of a task definition, where that differs."""

    runtime_platform: PlatformOverride = PlatformOverride()


class ServiceRevision(Wire, frozen=True):
    """What a service deployment goes to: a task definition and the service's settings."""

    service_revision_arn: str = ""
    task_definition: str = ""
    container_images: list[ContainerImage] = []
    overrides: RevisionOverrides = RevisionOverrides()


class Event(Wire, frozen=True):
    id: str = ""
    created_at: datetime | None = None
    message: str = ""


class Service(Wire, frozen=True):
    service_arn: str
    service_name: str = ""
    cluster_arn: str = ""
    status: str = "ACTIVE"
    desired_count: int = 0
    running_count: int = 0
    pending_count: int = 0
    task_definition: str = ""
    scheduling_strategy: str = "REPLICA"
    health_check_grace_period_seconds: int | None = None
    created_at: datetime | None = None
    deployments: list[Deployment] = []
    task_sets: list[TaskSet] = []
    events: list[Event] = []
    load_balancers: list[LoadBalancer] = []
    service_registries: list[Registry] = []
    tags: list[Tag] = []
    deployment_configuration: DeploymentConfiguration = DeploymentConfiguration()
    deployment_controller: DeploymentController = DeploymentController()
    current_service_deployment: str | None = None
    resource_management_type: str = "CUSTOMER"

    def __post_init__(self) -> None:
        if not self.service_name:
            force_setattr(self, "service_name", arn_name(self.service_arn))
        if self.is_express and self.deployment_configuration.strategy == "ROLLING":
            # The only one that they have, said or not.
            chosen = replace(self.deployment_configuration, strategy="CANARY")
            force_setattr(self, "deployment_configuration", chosen)

    @property
    def is_express(self) -> bool:
        """Whether it is of Express mode: ECS itself manages what belongs to it."""
        return self.resource_management_type == "ECS"


class IngressPath(Wire, frozen=True):
    access_type: str = ""
    endpoint: str = ""


class ExpressConfiguration(Wire, frozen=True):
    ingress_paths: list[IngressPath] = []


class ExpressService(Wire, frozen=True):
    """A service of Express mode as its own API tells it; two configurations while it changes."""

    service_arn: str = ""
    active_configurations: list[ExpressConfiguration] = []


# --- Tasks ----------------------------------------------------------------------------------------


class NetworkInterface(Wire, frozen=True):
    private_ipv4_address: str | None = field(name="privateIpv4Address", default=None)
    ipv6_address: str | None = field(name="ipv6Address", default=None)


class Container(Wire, frozen=True):
    name: str = ""
    image: str | None = None
    image_digest: str | None = None
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
    stopping_at: datetime | None = None
    stopped_at: datetime | None = None
    stop_code: str | None = None
    stopped_reason: str | None = None
    containers: list[Container] = []
    attachments: list[Attachment] = []
    tags: list[Tag] = []


class Protection(Wire, frozen=True):
    """Whether a task may be stopped to scale in or to deploy."""

    task_arn: str = ""
    protection_enabled: bool = False
    expiration_date: datetime | None = None


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


# --- Log events -----------------------------------------------------------------------------------


class LogEvent(Wire, frozen=True):
    """Times in milliseconds; id and stream only where several streams were asked for."""

    timestamp: int = 0
    message: str = ""
    ingestion_time: int = 0
    event_id: str = ""
    log_stream_name: str = ""


# --- Application Auto Scaling ---------------------------------------------------------------------


class Suspended(Pascal, frozen=True):
    dynamic_scaling_in_suspended: bool = False
    dynamic_scaling_out_suspended: bool = False
    scheduled_scaling_suspended: bool = False


class ScalableTarget(Pascal, frozen=True):
    resource_id: str = ""
    min_capacity: int = 0
    max_capacity: int = 0
    suspended_state: Suspended = Suspended()


class ScheduledAction(Pascal, frozen=True):
    scheduled_action_name: str = ""
    schedule: str = ""
    end_time: datetime | None = None
