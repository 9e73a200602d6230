"""The API's objects that only ``dashborion k8s`` shows, cut down to the fields that are used."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import field

from dashborion.orchestrators.kubernetes import wire
from dashborion.orchestrators.kubernetes.wire import (
    BalancedStatus,
    Condition,
    IngressTls,
    ListMeta,
    Meta,
    PodSpec,
    Reference,
    ScaleTarget,
    Wire,
)

# --- Discovery and tables -----------------------------------------------------------------------


class ApiResource(Wire, frozen=True):
    name: str


class ApiResources(Wire, frozen=True):
    """What a group's version serves."""

    resources: list[ApiResource] | None = None


class TableColumn(Wire, frozen=True):
    name: str


class PartialObject(Wire, frozen=True):
    metadata: Meta


class TableRow(Wire, frozen=True):
    cells: list[Any]
    object: PartialObject

    @property
    def metadata(self) -> Meta:
        return self.object.metadata


class Table(Wire, frozen=True):
    """A list as the server prints it for kubectl: without the objects' bodies."""

    column_definitions: list[TableColumn]
    rows: list[TableRow] | None
    metadata: ListMeta = ListMeta()


# --- Ways in ------------------------------------------------------------------------------------


class BackendPort(Wire, frozen=True):
    name: str | None = None
    number: int | None = None


class BackendService(Wire, frozen=True):
    name: str
    port: BackendPort = BackendPort()


class Backend(Wire, frozen=True):
    service: BackendService | None = None


class IngressPath(Wire, frozen=True):
    backend: Backend = Backend()
    path: str | None = None


class IngressHttp(Wire, frozen=True):
    paths: list[IngressPath] | None = None


class IngressRule(Wire, frozen=True):
    host: str | None = None
    http: IngressHttp | None = None


class IngressSpec(Wire, frozen=True):
    ingress_class_name: str | None = None
    default_backend: Backend | None = None
    rules: list[IngressRule] | None = None
    tls: list[IngressTls] | None = None


class Ingress(Wire, frozen=True):
    metadata: Meta
    spec: IngressSpec = IngressSpec()
    status: BalancedStatus = BalancedStatus()


class ServicePort(Wire, frozen=True):
    port: int
    name: str | None = None
    protocol: str | None = None
    target_port: int | str | None = None
    node_port: int | None = None


class ServiceSpec(Wire, frozen=True):
    type: str | None = None
    cluster_ip: str | None = field(name="clusterIP", default=None)
    external_ips: list[str] | None = field(name="externalIPs", default=None)
    external_name: str | None = None
    selector: dict[str, str] | None = None
    ports: list[ServicePort] | None = None


class Service(Wire, frozen=True):
    metadata: Meta
    spec: ServiceSpec = ServiceSpec()
    status: BalancedStatus = BalancedStatus()


class ConfigMap(Wire, frozen=True):
    metadata: Meta
    data: dict[str, str] | None = None
    binary_data: dict[str, str] | None = None  # base64
    immutable: bool | None = None


# --- The cluster --------------------------------------------------------------------------------


class Taint(Wire, frozen=True):
    key: str
    effect: str = ""
    value: str | None = None


class NodeSpec(Wire, frozen=True):
    unschedulable: bool | None = None
    taints: list[Taint] | None = None


class NodeAddress(Wire, frozen=True):
    type: str
    address: str


class NodeInfo(Wire, frozen=True):
    kubelet_version: str | None = None
    os_image: str | None = None
    kernel_version: str | None = None
    container_runtime_version: str | None = None


class NodeStatus(Wire, frozen=True):
    allocatable: dict[str, str | int | float] | None = None
    conditions: list[Condition] | None = None
    addresses: list[NodeAddress] | None = None
    node_info: NodeInfo = NodeInfo()


class Node(Wire, frozen=True):
    metadata: Meta
    spec: NodeSpec = NodeSpec()
    status: NodeStatus = NodeStatus()


class NamespaceStatus(Wire, frozen=True):
    phase: str | None = None
    conditions: list[Condition] | None = None


class Namespace(Wire, frozen=True):
    metadata: Meta
    status: NamespaceStatus = NamespaceStatus()


class InvolvedObject(Reference, frozen=True):
    field_path: str | None = None


class EventSource(Wire, frozen=True):
    component: str | None = None
    host: str | None = None


class Event(wire.Event, frozen=True):
    involved_object: InvolvedObject = InvolvedObject()
    first_timestamp: datetime | None = None
    source: EventSource = EventSource()
    reporting_component: str | None = None
    reporting_instance: str | None = None


# --- Jobs ---------------------------------------------------------------------------------------


class JobTemplate(Wire, frozen=True):
    spec: PodSpec = PodSpec()


class JobSpec(Wire, frozen=True):
    completions: int | None = None
    parallelism: int | None = None
    suspend: bool | None = None
    template: JobTemplate = JobTemplate()


class JobStatus(Wire, frozen=True):
    active: int | None = None
    succeeded: int | None = None
    failed: int | None = None
    start_time: datetime | None = None
    completion_time: datetime | None = None
    conditions: list[Condition] | None = None


class Job(Wire, frozen=True):
    metadata: Meta
    spec: JobSpec = JobSpec()
    status: JobStatus = JobStatus()


class CronJobTemplate(Wire, frozen=True):
    spec: JobSpec = JobSpec()


class CronJobSpec(Wire, frozen=True):
    schedule: str = ""
    time_zone: str | None = None
    suspend: bool | None = None
    job_template: CronJobTemplate = CronJobTemplate()


class CronJobStatus(Wire, frozen=True):
    active: list[Reference] | None = None
    last_schedule_time: datetime | None = None
    last_successful_time: datetime | None = None


class CronJob(Wire, frozen=True):
    metadata: Meta
    spec: CronJobSpec = CronJobSpec()
    status: CronJobStatus = CronJobStatus()


# --- Autoscalers --------------------------------------------------------------------------------


class MetricName(Wire, frozen=True):
    name: str


class MetricValue(Wire, frozen=True):
    """A target or a current value; quantities as the API writes them."""

    value: str | None = None
    average_value: str | None = None
    average_utilization: int | None = None


class MetricSource(Wire, frozen=True):
    """What all kinds of metric have together: a resource's name or a metric's, target, current."""

    name: str | None = None
    container: str | None = None
    metric: MetricName | None = None
    target: MetricValue = MetricValue()
    current: MetricValue = MetricValue()


class Metric(Wire, frozen=True):
    """The member that ``type`` names is set."""

    type: str
    resource: MetricSource | None = None
    container_resource: MetricSource | None = None
    pods: MetricSource | None = None
    object: MetricSource | None = None
    external: MetricSource | None = None

    @property
    def source(self) -> MetricSource:
        known = (self.resource, self.container_resource, self.pods, self.object, self.external)
        return next(filter(None, known), MetricSource())


class AutoscalerSpec(Wire, frozen=True):
    """Of every version: ``v1`` has one percentage where later ones have ``metrics``."""

    scale_target_ref: ScaleTarget
    max_replicas: int
    min_replicas: int | None = None
    metrics: list[Metric] | None = None
    cpu_percentage: int | None = field(name="targetCPUUtilizationPercentage", default=None)


class AutoscalerStatus(Wire, frozen=True):
    current_replicas: int | None = None
    desired_replicas: int | None = None
    current_metrics: list[Metric] | None = None
    conditions: list[Condition] | None = None
    cpu_percentage: int | None = field(name="currentCPUUtilizationPercentage", default=None)


class Autoscaler(Wire, frozen=True):
    metadata: Meta
    spec: AutoscalerSpec
    status: AutoscalerStatus = AutoscalerStatus()
