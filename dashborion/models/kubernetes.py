"""What only Kubernetes has, as it stands in ``-o json``.

What a list has of an object, its description has too, with ``events`` and
whatever costs more to ask for. Times, names and nulls are as in ``models``.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import field

from dashborion.models.base import Model
from dashborion.models.event import Event, EventType


class ClusterObject(Model, frozen=True, kw_only=True):
    """Anything that is in no namespace."""

    project: str | None
    environment: str
    name: str
    created_at: datetime | None
    labels: dict[str, str]


class NamespacedObject(ClusterObject, frozen=True, kw_only=True):
    """Anything else."""

    namespace: str


class Condition(Model, frozen=True, kw_only=True):
    """What is or is not the case; ``status`` is ``True``, ``False`` or ``Unknown``."""

    type: str
    status: str
    reason: str | None
    message: str | None
    changed_at: datetime | None


class IngressRoute(Model, frozen=True, kw_only=True):
    """One rule; ``host`` None is any, ``service`` None a backend that is no Service."""

    host: str | None
    path: str | None
    service: str | None
    port: str | None


class Ingress(NamespacedObject, frozen=True, kw_only=True):
    """Routes from outside; ``hosts`` is empty where any host is served."""

    ingress_class: str | None = field(name="class")
    hosts: list[str]
    addresses: list[str]
    ports: list[int]
    tls_hosts: list[str]
    routes: list[IngressRoute]


class IngressDetail(Ingress, frozen=True, kw_only=True):
    """What ``k8s ingresses describe`` adds."""

    events: list[Event]


class ConfigMap(NamespacedObject, frozen=True, kw_only=True):
    """``keys`` counts them, binary ones included; a list does not ask for values."""

    keys: int


class ConfigMapDetail(ConfigMap, frozen=True, kw_only=True):
    """Values of ``data``; of ``binaryData`` the sizes in bytes."""

    data: dict[str, str]
    binary_data: dict[str, int]
    immutable: bool
    events: list[Event]


class ServicePort(Model, frozen=True, kw_only=True):
    """A port of a Service and where it leads; ``targetPort`` may be a port's name."""

    name: str | None
    port: int
    protocol: str
    target_port: int | str | None
    node_port: int | None


class Service(NamespacedObject, frozen=True, kw_only=True):
    """``clusterIP`` is ``None`` (a word) for headless ones, null for external names.

    ``externalIPs`` are addresses of load balancers, ``spec.externalIPs``, or the
    name of an ExternalName. A null ``selector`` selects nothing.
    """

    type: str
    cluster_ip: str | None = field(name="clusterIP")
    external_ips: list[str] = field(name="externalIPs")
    ports: list[ServicePort]
    selector: dict[str, str] | None


class ServiceDetail(Service, frozen=True, kw_only=True):
    """What ``k8s services describe`` adds."""

    events: list[Event]


class Node(ClusterObject, frozen=True, kw_only=True):
    """``status`` is ``Ready``, ``NotReady`` or ``Unknown``; the amounts are the allocatable."""

    status: str
    schedulable: bool
    roles: list[str]
    version: str | None
    internal_ip: str | None = field(name="internalIP")
    external_ip: str | None = field(name="externalIP")
    os_image: str | None
    kernel: str | None
    runtime: str | None
    zone: str | None
    cpu: str | None
    memory: str | None
    pods: str | None


class NodeDetail(Node, frozen=True, kw_only=True):
    """``taints`` as ``key=value:effect``."""

    taints: list[str]
    conditions: list[Condition]
    events: list[Event]


class Namespace(ClusterObject, frozen=True, kw_only=True):
    """``status`` is ``Active`` or ``Terminating``."""

    status: str


class NamespaceDetail(Namespace, frozen=True, kw_only=True):
    """Why one that is Terminating does not end stands in its conditions."""

    conditions: list[Condition]
    events: list[Event]


class ClusterEvent(NamespacedObject, frozen=True, kw_only=True):
    """An event as an object of its own: ``count`` times, last at ``timestamp``."""

    timestamp: datetime | None
    first_seen: datetime | None
    type: EventType
    reason: str | None
    object: str
    subobject: str | None
    source: str | None
    count: int
    message: str


class Job(NamespacedObject, frozen=True, kw_only=True):
    """``status`` is ``running``, ``suspended``, ``complete`` or ``failed``.

    ``completions`` None means that any success completes it. ``durationSeconds``
    is None until it is over.
    """

    status: str
    completions: int | None
    parallelism: int | None
    succeeded: int
    active: int
    failed: int
    started_at: datetime | None
    completed_at: datetime | None
    duration_seconds: int | None
    containers: list[str]
    images: list[str]
    cron_job: str | None


class JobDetail(Job, frozen=True, kw_only=True):
    """What ``k8s jobs describe`` adds."""

    conditions: list[Condition]
    events: list[Event]


class CronJob(NamespacedObject, frozen=True, kw_only=True):
    """``schedule`` in cron's words, in ``timeZone`` or the controller's; ``active`` counts jobs."""

    schedule: str
    time_zone: str | None
    suspended: bool
    active: int
    last_scheduled_at: datetime | None
    last_succeeded_at: datetime | None
    containers: list[str]
    images: list[str]


class CronJobDetail(CronJob, frozen=True, kw_only=True):
    """``jobs`` are the names of those that run now."""

    jobs: list[str]
    events: list[Event]


class Metric(Model, frozen=True, kw_only=True):
    """What an autoscaler looks at, in the API's own units; ``current`` None is unknown."""

    name: str
    current: str | None
    target: str


class Autoscaler(NamespacedObject, frozen=True, kw_only=True):
    """A HorizontalPodAutoscaler; ``reference`` is ``Kind/name`` of what it scales."""

    reference: str
    metrics: list[Metric]
    min: int
    max: int
    replicas: int
    desired: int | None


class AutoscalerDetail(Autoscaler, frozen=True, kw_only=True):
    """What ``k8s autoscalers describe`` adds; ``autoscaling/v1`` has no conditions."""

    conditions: list[Condition]
    events: list[Event]
