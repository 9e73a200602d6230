"""The API's objects, cut down to the fields that are used.

Every field may be missing or null: Go writes empty lists as null, and fields
come and go between versions. Decoding into these is where most of the speed
over ``json.loads`` comes from.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Generic, TypeVar

from msgspec import Meta as Bounds
from msgspec import Struct, field

Time = Annotated[datetime, Bounds(tz=True)]
Int = Annotated[int, Bounds(ge=-(2**53), le=2**53)]  # JSON's own have no bound

I = TypeVar("I")  # noqa: E741 - an item

# --- What every object, list and error has --------------------------------------------------------


class Wire(Struct, rename="camel", frozen=True, gc=False):
    """Decoded from an answer and never changed.

    Trees without cycles need no garbage collector, hence ``gc=False``.
    """


class Owner(Wire, frozen=True):
    kind: str = ""
    name: str = ""
    uid: str = ""
    api_version: str = ""
    controller: bool | None = None


class Present(Wire, frozen=True):
    """A field that is there, whatever it holds."""


class WrittenSpec(Wire, frozen=True):
    template: Present | None = field(name="f:template", default=None)
    replicas: Present | None = field(name="f:replicas", default=None)


class WrittenFields(Wire, frozen=True):
    spec: WrittenSpec | None = field(name="f:spec", default=None)


class Written(Wire, frozen=True):
    """Who last wrote to an object, and whether a template or a count is among what they wrote."""

    manager: str = ""
    subresource: str = ""
    time: Time | None = None
    fields_v1: WrittenFields | None = None

    @property
    def spec(self) -> WrittenSpec | None:
        return self.fields_v1.spec if self.fields_v1 else None

    @property
    def has_template(self) -> bool:
        return self.spec is not None and self.spec.template is not None

    @property
    def has_replicas(self) -> bool:
        return self.spec is not None and self.spec.replicas is not None


class Meta(Wire, frozen=True):
    name: str
    uid: str = ""
    resource_version: str = ""
    namespace: str = ""
    generation: Int = 0
    creation_timestamp: Time | None = None
    deletion_timestamp: Time | None = None
    grace_seconds: Int = field(name="deletionGracePeriodSeconds", default=0)
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    owner_references: list[Owner] | None = None
    finalizers: list[str] | None = None


class TracedMeta(Meta, frozen=True):
    managed_fields: list[Written] | None = None


class ListMeta(Wire, frozen=True):
    continue_: str | None = field(name="continue", default=None)
    resource_version: str = ""


class Object(Wire, frozen=True):
    """Any object of the API; by itself, what a ``PartialObjectMetadata`` has."""

    metadata: Meta


class TracedObject(Object, frozen=True):
    """The metadata of any object, with who wrote it."""

    metadata: TracedMeta


class Page(Wire, Generic[I], frozen=True):
    """One page of a list. ``items`` is required: an answer without it is not a list."""

    items: list[I] | None
    metadata: ListMeta = ListMeta()


class Rows(Wire, Generic[I], frozen=True):
    """One page of a list as the server prints it for kubectl: without the objects' bodies."""

    items: list[I] | None = field(name="rows")


class Header(Wire, frozen=True):
    """The part of a page that says whether another page follows."""

    metadata: ListMeta = ListMeta()


class Status(Wire, frozen=True):
    """The body of the API's error answers."""

    message: str | None = None
    reason: str | None = None
    code: Int = 0
    metadata: ListMeta = ListMeta()


class Condition(Wire, frozen=True):
    type: str = ""
    status: str = "Unknown"
    reason: str | None = None
    message: str | None = None
    last_update_time: Time | None = None
    last_transition_time: Time | None = None


class Reference(Wire, frozen=True):
    kind: str | None = None
    name: str | None = None
    uid: str | None = None
    field_path: str | None = None  # ``spec.containers{web}``


class Address(Wire, frozen=True):
    ip: str = ""
    node_name: str | None = None
    target_ref: Reference = Reference()


class Series(Wire, frozen=True):
    count: Int | None = None
    last_observed_time: Time | None = None


class Event(Object, frozen=True):
    involved_object: Reference = Reference()
    type: str | None = None
    reason: str | None = None
    message: str | None = None
    count: Int | None = None
    first_timestamp: Time | None = None
    last_timestamp: Time | None = None
    event_time: Time | None = None
    series: Series | None = None


# --- Pods, the controllers that make them, and their autoscalers ----------------------------------


class Amounts(Wire, frozen=True):
    requests: dict[str, str | int | float] | None = None
    limits: dict[str, str | int | float] | None = None


class Granted(Amounts, frozen=True):
    """What a node has granted; a limit that nobody has set may be a cgroup's, and nonsense."""


class ContainerPort(Wire, frozen=True):
    name: str | None = None
    container_port: Int = 0
    protocol: str | None = None


class Asked(Wire, frozen=True):
    """Where a probe asks."""

    path: str = ""
    port: Int | str = ""


class Hidden(Wire, frozen=True):
    """What is there and not decoded: a command may hold a password."""


class Probe(Wire, frozen=True):
    http_get: Asked | None = None
    tcp_socket: Asked | None = None
    grpc: Asked | None = None  # since 1.24
    exec: Hidden | None = None
    initial_delay_seconds: Int = 0
    period_seconds: Int = 10
    timeout_seconds: Int = 1
    failure_threshold: Int = 3


class ContainerSpec(Wire, frozen=True):
    name: str = ""
    image: str | None = None
    ports: list[ContainerPort] | None = None
    resources: Amounts = Amounts()
    restart_policy: str | None = None
    liveness_probe: Probe | None = None
    readiness_probe: Probe | None = None
    startup_probe: Probe | None = None

    @property
    def is_sidecar(self) -> bool:
        """Whether an init container keeps running: since 1.28."""
        return self.restart_policy == "Always"


class ClaimSource(Wire, frozen=True):
    claim_name: str = ""


class Volume(Wire, frozen=True):
    name: str = ""
    persistent_volume_claim: ClaimSource | None = None


class Named(Wire, frozen=True):
    name: str = ""


class PodSpec(Wire, frozen=True):
    containers: list[ContainerSpec] | None = None
    init_containers: list[ContainerSpec] | None = None
    ephemeral_containers: list[ContainerSpec] | None = None
    node_name: str | None = None
    scheduler_name: str | None = None
    scheduling_gates: list[Named] | None = None  # since 1.26
    volumes: list[Volume] | None = None
    restart_policy: str | None = None
    resources: Amounts = Amounts()  # of the pod as a whole: since 1.34


class Waiting(Wire, frozen=True):
    reason: str | None = None
    message: str | None = None


class Running(Wire, frozen=True):
    started_at: Time | None = None


class Terminated(Wire, frozen=True):
    exit_code: Int = 0
    signal: Int | None = None
    reason: str | None = None
    message: str | None = None
    started_at: Time | None = None
    finished_at: Time | None = None
    container_id: str | None = field(name="containerID", default=None)


class ContainerState(Wire, frozen=True):
    waiting: Waiting | None = None
    running: Running | None = None
    terminated: Terminated | None = None


class ContainerStatus(Wire, frozen=True):
    name: str = ""
    image: str | None = None
    image_id: str | None = field(name="imageID", default=None)
    ready: bool = False
    started: bool | None = None
    restart_count: Int = 0
    state: ContainerState = ContainerState()
    last_state: ContainerState = ContainerState()
    container_id: str | None = field(name="containerID", default=None)
    resources: Granted | None = None  # since 1.33


class PodStatus(Wire, frozen=True):
    phase: str | None = None
    reason: str | None = None
    message: str | None = None
    conditions: list[Condition] | None = None
    pod_ip: str | None = field(name="podIP", default=None)
    pod_ips: list[Address] | None = field(name="podIPs", default=None)
    start_time: Time | None = None
    container_statuses: list[ContainerStatus] | None = None
    init_container_statuses: list[ContainerStatus] | None = None
    ephemeral_container_statuses: list[ContainerStatus] | None = None
    resources: Granted | None = None  # of the pod as a whole
    resize: str | None = None  # before 1.33, since when there are conditions for it


class Pod(Object, frozen=True):
    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()


class NodeStatus(Wire, frozen=True):
    conditions: list[Condition] | None = None


class Node(Object, frozen=True):
    status: NodeStatus = NodeStatus()


class TemplateMeta(Wire, frozen=True):
    labels: dict[str, str] | None = None


class Template(Wire, frozen=True):
    metadata: TemplateMeta = TemplateMeta()
    spec: PodSpec = PodSpec()


class Requirement(Wire, frozen=True):
    key: str = ""
    operator: str = ""
    values: list[str] | None = None


class LabelSelector(Wire, frozen=True):
    match_labels: dict[str, str] | None = None
    match_expressions: list[Requirement] | None = None


class RollingUpdate(Wire, frozen=True):
    max_unavailable: Int | str | None = None
    max_surge: Int | str | None = None
    partition: Int | None = None


class Strategy(Wire, frozen=True):
    type: str | None = None
    rolling_update: RollingUpdate | None = None


class ControllerSpec(Wire, frozen=True):
    """What the specs of all three kinds have."""

    selector: LabelSelector = LabelSelector()
    template: Template = Template()


class ControllerStatus(Wire, frozen=True):
    """What the statuses of all three kinds have."""

    observed_generation: Int | Annotated[str, Bounds(max_length=18)] = 0  # text of Argo Rollouts
    conditions: list[Condition] | None = None


class ReplicasStatus(ControllerStatus, frozen=True):
    """The counts that Deployments and StatefulSets have in common."""

    replicas: Int = 0
    updated_replicas: Int = 0
    ready_replicas: Int = 0


class DeploymentSpec(ControllerSpec, frozen=True):
    replicas: Int | None = None
    paused: bool | None = None
    strategy: Strategy = Strategy()


class DeploymentStatus(ReplicasStatus, frozen=True):
    available_replicas: Int = 0


class Deployment(Object, frozen=True):
    metadata: TracedMeta
    spec: DeploymentSpec = DeploymentSpec()
    status: DeploymentStatus = DeploymentStatus()


class ClaimRetention(Wire, frozen=True):
    when_scaled: str | None = None


class Ordinals(Wire, frozen=True):
    start: Int = 0


class StatefulSetSpec(ControllerSpec, frozen=True):
    replicas: Int | None = None
    pod_management_policy: str | None = None
    update_strategy: Strategy = Strategy()
    persistent_volume_claim_retention_policy: ClaimRetention = ClaimRetention()
    volume_claim_templates: list[Object] | None = None
    ordinals: Ordinals = Ordinals()


class StatefulSetStatus(ReplicasStatus, frozen=True):
    available_replicas: Int | None = None  # servers before 1.22 do not report it
    current_revision: str | None = None
    update_revision: str | None = None


class StatefulSet(Object, frozen=True):
    metadata: TracedMeta
    spec: StatefulSetSpec = StatefulSetSpec()
    status: StatefulSetStatus = StatefulSetStatus()


class DaemonSetSpec(ControllerSpec, frozen=True):
    update_strategy: Strategy = Strategy()


class DaemonSetStatus(ControllerStatus, frozen=True):
    desired_number_scheduled: Int = 0
    current_number_scheduled: Int = 0
    updated_number_scheduled: Int = 0
    number_ready: Int = 0
    number_available: Int = 0
    number_misscheduled: Int = 0


class DaemonSet(Object, frozen=True):
    metadata: TracedMeta
    spec: DaemonSetSpec = DaemonSetSpec()
    status: DaemonSetStatus = DaemonSetStatus()


Controller = Deployment | StatefulSet | DaemonSet


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

    metadata: TracedMeta
    revision: Int = 0
    data: RevisionData | None = None

    @property
    def template(self) -> Template:
        return self.data.spec.template if self.data else Template()


class ScaleTarget(Wire, frozen=True):
    kind: str = ""
    name: str = ""


class AutoscalerSpec(Wire, frozen=True):
    scale_target_ref: ScaleTarget = ScaleTarget()
    max_replicas: Int = 0
    min_replicas: Int | None = None


class AutoscalerStatus(Wire, frozen=True):
    current_replicas: Int | None = None
    desired_replicas: Int | None = None


class Autoscaler(Object, frozen=True):
    """A HorizontalPodAutoscaler of any version of their API."""

    spec: AutoscalerSpec = AutoscalerSpec()
    status: AutoscalerStatus = AutoscalerStatus()


class TracedAutoscaler(Autoscaler, frozen=True):
    """The same, with who wrote it."""

    metadata: TracedMeta
