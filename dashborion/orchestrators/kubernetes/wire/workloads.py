"""Pods, the controllers that make them with their revisions, and the autoscalers of these."""

from __future__ import annotations

from datetime import datetime

from msgspec import field

from dashborion.orchestrators.kubernetes.wire.meta import Condition, Object, Wire


class Requests(Wire, frozen=True):
    requests: dict[str, str | int | float] | None = None


class ContainerSpec(Wire, frozen=True):
    name: str
    image: str | None = None
    resources: Requests = Requests()
    restart_policy: str | None = None

    @property
    def is_sidecar(self) -> bool:
        """Whether an init container keeps running: since 1.28."""
        return self.restart_policy == "Always"


class PodSpec(Wire, frozen=True):
    containers: list[ContainerSpec] | None = None
    init_containers: list[ContainerSpec] | None = None
    ephemeral_containers: list[ContainerSpec] | None = None
    node_name: str | None = None


class Waiting(Wire, frozen=True):
    reason: str | None = None
    message: str | None = None


class Running(Wire, frozen=True):
    started_at: datetime | None = None


class Terminated(Wire, frozen=True):
    exit_code: int = 0
    signal: int | None = None
    reason: str | None = None
    message: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    container_id: str | None = field(name="containerID", default=None)


class ContainerState(Wire, frozen=True):
    waiting: Waiting | None = None
    running: Running | None = None
    terminated: Terminated | None = None


class ContainerStatus(Wire, frozen=True):
    name: str
    image: str | None = None
    ready: bool = False
    started: bool | None = None
    restart_count: int = 0
    state: ContainerState = ContainerState()
    last_state: ContainerState = ContainerState()
    container_id: str | None = field(name="containerID", default=None)


class PodStatus(Wire, frozen=True):
    phase: str | None = None
    reason: str | None = None
    message: str | None = None
    conditions: list[Condition] | None = None
    pod_ip: str | None = field(name="podIP", default=None)
    start_time: datetime | None = None
    container_statuses: list[ContainerStatus] | None = None
    init_container_statuses: list[ContainerStatus] | None = None
    ephemeral_container_statuses: list[ContainerStatus] | None = None


class Pod(Object, frozen=True):
    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()


class TemplateMeta(Wire, frozen=True):
    labels: dict[str, str] | None = None


class Template(Wire, frozen=True):
    metadata: TemplateMeta = TemplateMeta()
    spec: PodSpec = PodSpec()


class Requirement(Wire, frozen=True):
    key: str
    operator: str
    values: list[str] | None = None


class LabelSelector(Wire, frozen=True):
    match_labels: dict[str, str] | None = None
    match_expressions: list[Requirement] | None = None


class RollingUpdate(Wire, frozen=True):
    max_unavailable: int | str | None = None
    max_surge: int | str | None = None
    partition: int | None = None


class Strategy(Wire, frozen=True):
    type: str | None = None
    rolling_update: RollingUpdate | None = None


class ControllerSpec(Wire, frozen=True):
    """What the specs of all three kinds have."""

    selector: LabelSelector = LabelSelector()
    template: Template = Template()


class ControllerStatus(Wire, frozen=True):
    """What the statuses of all three kinds have."""

    observed_generation: int = 0
    conditions: list[Condition] | None = None


class ReplicasStatus(ControllerStatus, frozen=True):
    """The counts that Deployments and StatefulSets have in common."""

    replicas: int = 0
    updated_replicas: int = 0
    ready_replicas: int = 0


class DeploymentSpec(ControllerSpec, frozen=True):
    replicas: int | None = None
    paused: bool | None = None
    strategy: Strategy = Strategy()


class DeploymentStatus(ReplicasStatus, frozen=True):
    available_replicas: int = 0


class Deployment(Object, frozen=True):
    spec: DeploymentSpec = DeploymentSpec()
    status: DeploymentStatus = DeploymentStatus()


class StatefulSetSpec(ControllerSpec, frozen=True):
    replicas: int | None = None
    update_strategy: Strategy = Strategy()


class StatefulSetStatus(ReplicasStatus, frozen=True):
    available_replicas: int | None = None  # servers before 1.22 do not report it
    current_revision: str | None = None
    update_revision: str | None = None


class StatefulSet(Object, frozen=True):
    spec: StatefulSetSpec = StatefulSetSpec()
    status: StatefulSetStatus = StatefulSetStatus()


class DaemonSetSpec(ControllerSpec, frozen=True):
    update_strategy: Strategy = Strategy()


class DaemonSetStatus(ControllerStatus, frozen=True):
    desired_number_scheduled: int = 0
    updated_number_scheduled: int = 0
    number_ready: int = 0
    number_available: int = 0


class DaemonSet(Object, frozen=True):
    spec: DaemonSetSpec = DaemonSetSpec()
    status: DaemonSetStatus = DaemonSetStatus()


class RevisionSpec(Wire, frozen=True):
    template: Template = Template()


class ReplicaSet(Object, frozen=True):
    """One revision of a Deployment."""

    spec: RevisionSpec = RevisionSpec()

    @property
    def template(self) -> Template:
        return self.spec.template


class RevisionData(Wire, frozen=True):
    """A ControllerRevision's ``data``: a strategic-merge patch that replaces the template."""

    spec: RevisionSpec = RevisionSpec()


class ControllerRevision(Object, frozen=True):
    """One revision of a StatefulSet or DaemonSet."""

    revision: int = 0
    data: RevisionData | None = None

    @property
    def template(self) -> Template:
        return self.data.spec.template if self.data else Template()


class ScaleTarget(Wire, frozen=True):
    kind: str
    name: str


class MetricName(Wire, frozen=True):
    name: str


class MetricValue(Wire, frozen=True):
    """A metric's target or current value: the member that fits the target's type is set."""

    value: str | None = None
    average_value: str | None = None
    average_utilization: int | None = None


class MetricSource(Wire, frozen=True):
    """The fields of all types of metric; resources are named by ``name``, others by ``metric``."""

    name: str | None = None
    container: str | None = None
    metric: MetricName | None = None
    target: MetricValue = MetricValue()
    current: MetricValue = MetricValue()


class Metric(Wire, frozen=True):
    """One metric; only the member that ``type`` names is set."""

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
    """``autoscaling/v1`` has ``cpu_percentage``, later versions have ``metrics``."""

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


class Autoscaler(Object, frozen=True):
    spec: AutoscalerSpec
    status: AutoscalerStatus = AutoscalerStatus()
