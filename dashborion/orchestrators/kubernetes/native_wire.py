"""Objects that only ``dashborion k8s`` and ``env check`` decode, or with more fields."""

from __future__ import annotations

from typing import Any

from msgspec import field

from dashborion.orchestrators.kubernetes import wire
from dashborion.orchestrators.kubernetes.resources import Resource
from dashborion.orchestrators.kubernetes.wire import (
    Condition,
    Event,
    Int,
    LabelSelector,
    Object,
    Reference,
    Template,
    Time,
    TracedMeta,
    Wire,
)


class Version(Wire, frozen=True):
    git_version: str


class UserInfo(Wire, frozen=True):
    username: str | None = None


class SelfSubject(Wire, frozen=True):
    user_info: UserInfo = UserInfo()


class SelfSubjectReview(Wire, frozen=True):
    status: SelfSubject = SelfSubject()


class Access(Wire, frozen=True):
    allowed: bool = False


class AccessReview(Wire, frozen=True):
    status: Access = Access()


class Taint(Wire, frozen=True):
    key: str = ""
    effect: str = ""
    value: str | None = None


class NodeSpec(Wire, frozen=True):
    unschedulable: bool | None = None
    taints: list[Taint] | None = None


class NodeAddress(Wire, frozen=True):
    type: str = ""
    address: str = ""


class NodeInfo(Wire, frozen=True):
    kubelet_version: str | None = None
    os_image: str | None = None
    kernel_version: str | None = None
    architecture: str | None = None
    container_runtime_version: str | None = None


class NodeStatus(Wire, frozen=True):
    allocatable: dict[str, str | int | float] | None = None
    conditions: list[Condition] | None = None
    addresses: list[NodeAddress] | None = None
    node_info: NodeInfo = NodeInfo()


class Node(Object, frozen=True):
    spec: NodeSpec = NodeSpec()
    status: NodeStatus = NodeStatus()


class NamespaceStatus(Wire, frozen=True):
    phase: str | None = None
    conditions: list[Condition] | None = None


class Namespace(Object, frozen=True):
    status: NamespaceStatus = NamespaceStatus()


class ConfigMap(Object, frozen=True):
    data: dict[str, str] | None = None
    binary_data: dict[str, str] | None = None  # base64
    immutable: bool | None = None


class JobSpec(Wire, frozen=True):
    completions: Int | None = None
    parallelism: Int | None = None
    suspend: bool | None = None
    template: Template = Template()


class JobStatus(Wire, frozen=True):
    active: Int | None = None
    succeeded: Int | None = None
    failed: Int | None = None
    start_time: Time | None = None
    completion_time: Time | None = None
    conditions: list[Condition] | None = None


class Job(Object, frozen=True):
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
    last_schedule_time: Time | None = None
    last_successful_time: Time | None = None


class CronJob(Object, frozen=True):
    spec: CronJobSpec = CronJobSpec()
    status: CronJobStatus = CronJobStatus()


class InvolvedObject(Reference, frozen=True):
    field_path: str | None = None


class EventSource(Wire, frozen=True):
    component: str | None = None
    host: str | None = None


class ReportedEvent(Event, frozen=True):
    """An event with what reported it, as ``k8s events`` shows it."""

    involved_object: InvolvedObject = InvolvedObject()
    first_timestamp: Time | None = None
    source: EventSource = EventSource()
    reporting_component: str | None = None
    reporting_instance: str | None = None


class Traced(Object, frozen=True):
    """The metadata of an object, with who wrote it when."""

    metadata: TracedMeta


class TableRow(Wire, frozen=True):
    """What the server prints of one object, cell by cell, and the object's metadata."""

    object: Traced
    cells: list[Any] | None = None

    @property
    def metadata(self) -> TracedMeta:
        return self.object.metadata


class MetricName(Wire, frozen=True):
    name: str = ""
    selector: LabelSelector = LabelSelector()


class MetricValue(Wire, frozen=True):
    """A metric's target or current value: the member that fits the target's type is set."""

    value: str | int | float | None = None
    average_value: str | int | float | None = None
    average_utilization: Int | None = None


class MetricSource(Wire, frozen=True):
    """The fields of all types of metric; resources are named by ``name``, others by ``metric``."""

    name: str | None = None
    container: str | None = None
    metric: MetricName = MetricName()
    described_object: Reference = Reference()
    target: MetricValue = MetricValue()
    current: MetricValue = MetricValue()


class Metric(Wire, frozen=True):
    """One metric; only the member that ``type`` names is set."""

    type: str = ""
    resource: MetricSource | None = None
    container_resource: MetricSource | None = None
    pods: MetricSource | None = None
    object: MetricSource | None = None
    external: MetricSource | None = None

    @property
    def source(self) -> MetricSource:
        known = (self.resource, self.container_resource, self.pods, self.object, self.external)
        return next(filter(None, known), MetricSource())


class AutoscalerSpec(wire.AutoscalerSpec, frozen=True):
    """``autoscaling/v1`` has ``cpu_percentage``, later versions have ``metrics``."""

    metrics: list[Metric] | None = None
    cpu_percentage: Int | None = field(name="targetCPUUtilizationPercentage", default=None)


class AutoscalerStatus(wire.AutoscalerStatus, frozen=True):
    current_metrics: list[Metric] | None = None
    conditions: list[Condition] | None = None
    cpu_percentage: Int | None = field(name="currentCPUUtilizationPercentage", default=None)


class Autoscaler(Object, frozen=True):
    spec: AutoscalerSpec = AutoscalerSpec()
    status: AutoscalerStatus = AutoscalerStatus()


JOBS = Resource(Job, "batch/v1", "jobs", "Job")
NODES = Resource(Node, "v1", "nodes", "Node", namespaced=False)
