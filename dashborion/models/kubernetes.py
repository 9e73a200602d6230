"""Objects that only Kubernetes has.

``describe`` adds events and what takes additional calls to an object of ``list``.
Times, names and nulls are as in ``models``.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import field

from dashborion.models.base import Model
from dashborion.models.event import Event, EventType


class ClusterObject(Model, frozen=True, kw_only=True):
    """An object without a namespace."""

    project: str | None
    environment: str
    name: str
    created_at: datetime | None
    labels: dict[str, str]


class NamespacedObject(ClusterObject, frozen=True, kw_only=True):
    """An object in a namespace."""

    namespace: str


class Condition(Model, frozen=True, kw_only=True):
    """A condition of an object; ``status`` is ``True``, ``False`` or ``Unknown``."""

    type: str
    status: str
    reason: str | None
    message: str | None
    changed_at: datetime | None


class IngressRoute(Model, frozen=True, kw_only=True):
    """One way through an Ingress. ``host`` and ``path`` are null for any.

    It leads to the port of a ``service``, or to another object, the ``resource`` ``Kind/name``;
    both are null for a rule that says neither and has no default backend to lead to. ``problem``
    says why nothing can be reached by it, as far as ``describe`` has asked.
    """

    host: str | None
    path: str | None
    service: str | None
    port: str | None
    resource: str | None
    problem: str | None


class Ingress(NamespacedObject, frozen=True, kw_only=True):
    """An Ingress; ``hosts`` is empty if it serves any host."""

    ingress_class: str | None = field(name="class")
    hosts: list[str]
    addresses: list[str]
    ports: list[int]
    tls_hosts: list[str]
    routes: list[IngressRoute]


class IngressDetail(Ingress, frozen=True, kw_only=True):
    """An Ingress with what ``describe`` adds."""

    events: list[Event]


class GatewayListener(Model, frozen=True, kw_only=True):
    """A listener of a Gateway; ``hostname`` is null for any.

    ``routes`` are attached to it, null where no controller has said so; ``message`` says what is
    wrong with it.
    """

    name: str
    port: int
    protocol: str
    hostname: str | None
    routes: int | None
    message: str | None


class Gateway(NamespacedObject, frozen=True, kw_only=True):
    """A Gateway: where requests come in for the routes that are attached to it.

    ``status`` is ``ready`` (programmed), ``not-ready``, ``rejected`` (not accepted), or
    ``pending`` where no controller has looked at it; ``message`` says why it is not ready.
    """

    status: str
    message: str | None
    gateway_class: str | None = field(name="class")
    addresses: list[str]
    listeners: list[GatewayListener]


class GatewayDetail(Gateway, frozen=True, kw_only=True):
    """A Gateway with what ``describe`` adds."""

    conditions: list[Condition]
    events: list[Event]


class RouteParent(Model, frozen=True, kw_only=True):
    """What a route is attached to, ``Kind/namespace/name``, and perhaps only one listener of it.

    ``status`` is ``accepted``, ``unresolved`` (accepted, and a backend is not to be had),
    ``rejected`` or ``pending``; ``message`` says why.
    """

    parent: str
    listener: str | None
    status: str
    message: str | None


class RouteRule(Model, frozen=True, kw_only=True):
    """What one rule sends requests to; ``path`` and ``conditions`` are what a request has to have.

    Of the backends of one path, each gets the share of its ``weight``. It leads to the port of a
    ``service``, which is ``namespace/name`` in another namespace, or to the ``resource``
    ``Kind/name``; both are null where a filter answers. ``problem`` is as that of an Ingress.
    """

    path: str
    conditions: list[str]
    service: str | None
    port: int | None
    weight: int | None
    resource: str | None
    problem: str | None


class Route(NamespacedObject, frozen=True, kw_only=True):
    """An HTTPRoute or GRPCRoute (``kind``); without ``hosts`` it has those of the listeners.

    ``status`` and ``message`` are those of the worst of its ``parents``.
    """

    kind: str
    status: str
    message: str | None
    hosts: list[str]
    parents: list[RouteParent]
    rules: list[RouteRule]


class RouteDetail(Route, frozen=True, kw_only=True):
    """A route with what ``describe`` adds."""

    events: list[Event]


class ConfigMap(NamespacedObject, frozen=True, kw_only=True):
    """A ConfigMap; ``keys`` is the number of keys, binary ones included."""

    keys: int


class ConfigMapDetail(ConfigMap, frozen=True, kw_only=True):
    """A ConfigMap with the values of ``data``, and of ``binaryData`` the sizes in bytes."""

    data: dict[str, str]
    binary_data: dict[str, int]
    immutable: bool
    events: list[Event]


class ServicePort(Model, frozen=True, kw_only=True):
    """A port of a Service; ``targetPort`` is a number or the name of a container's port.

    ``healthy`` of the ``total`` addresses behind the Service are ready and have the port; both
    are null in lists.
    """

    name: str | None
    port: int
    protocol: str
    target_port: int | str | None
    node_port: int | None
    healthy: int | None
    total: int | None


class Service(NamespacedObject, frozen=True, kw_only=True):
    """A Service.

    ``clusterIP`` is the text ``None`` for headless Services, null for ExternalName, and both
    addresses of a dual-stack one, with a comma.
    ``externalIPs`` are addresses of load balancers, ``spec.externalIPs``, or the name
    of an ExternalName. A null ``selector`` selects nothing.
    """

    type: str
    cluster_ip: str | None = field(name="clusterIP")
    external_ips: list[str] = field(name="externalIPs")
    ports: list[ServicePort]
    selector: dict[str, str] | None


class ServiceEndpoint(Model, frozen=True, kw_only=True):
    """An address behind a Service for one of its ports, which ``name`` and ``protocol`` tell.

    ``port`` is the address' own, null if it has none for this port of the Service; ``ready``
    whether it gets the port's traffic. ``instance`` is null for what is not a pod.
    """

    name: str | None
    protocol: str | None
    address: str
    port: int | None
    ready: bool
    instance: str | None
    node: str | None


class ServiceDetail(Service, frozen=True, kw_only=True):
    """A Service with what ``describe`` adds; ``endpoints`` is null if they cannot be read."""

    endpoints: list[ServiceEndpoint] | None
    events: list[Event]


class Node(ClusterObject, frozen=True, kw_only=True):
    """A node; ``status`` is ``Ready``, ``NotReady`` or ``Unknown``.

    ``cpu``, ``memory`` and ``pods`` are allocatable amounts. A dual-stack node has two of
    each kind of IP, with a comma.
    """

    status: str
    schedulable: bool
    roles: list[str]
    version: str | None
    internal_ip: str | None = field(name="internalIP")
    external_ip: str | None = field(name="externalIP")
    os_image: str | None
    kernel: str | None
    architecture: str | None
    runtime: str | None
    zone: str | None
    cpu: str | None
    memory: str | None
    pods: str | None


class NodeDetail(Node, frozen=True, kw_only=True):
    """A node with what ``describe`` adds; ``taints`` are ``key=value:effect``."""

    taints: list[str]
    conditions: list[Condition]
    events: list[Event]


class Namespace(ClusterObject, frozen=True, kw_only=True):
    """A namespace; ``status`` is ``Active`` or ``Terminating``."""

    status: str


class NamespaceDetail(Namespace, frozen=True, kw_only=True):
    """A namespace with what ``describe`` adds.

    The conditions explain why a Terminating namespace still exists.
    """

    conditions: list[Condition]
    events: list[Event]


class ClusterEvent(NamespacedObject, frozen=True, kw_only=True):
    """An event as an object: it happened ``count`` times, last at ``timestamp``."""

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
    """A Job; ``status`` is ``running``, ``suspended``, ``complete``, ``failed``, ``Terminating``,
    or one of the conditions under which its pods are ended: ``FailureTarget``,
    ``SuccessCriteriaMet``.

    ``completions`` is null if any success completes it, ``durationSeconds`` until it
    is over.
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
    """A Job with what ``describe`` adds."""

    conditions: list[Condition]
    events: list[Event]


class CronJob(NamespacedObject, frozen=True, kw_only=True):
    """A CronJob; ``active`` is the number of running Jobs.

    ``schedule`` is in cron's format, in ``timeZone`` or if null the controller's.
    """

    schedule: str
    time_zone: str | None
    suspended: bool
    active: int
    last_scheduled_at: datetime | None
    last_succeeded_at: datetime | None
    containers: list[str]
    images: list[str]


class CronJobDetail(CronJob, frozen=True, kw_only=True):
    """A CronJob with what ``describe`` adds; ``jobs`` are the names of running Jobs."""

    jobs: list[str]
    events: list[Event]


class Metric(Model, frozen=True, kw_only=True):
    """A metric of an autoscaler, in the API's units; ``current`` is null if unknown."""

    name: str
    current: str | None
    target: str


class Autoscaler(NamespacedObject, frozen=True, kw_only=True):
    """A HorizontalPodAutoscaler; ``reference`` is the ``Kind/name`` that it scales."""

    reference: str
    metrics: list[Metric]
    min: int
    max: int
    replicas: int
    desired: int | None


class AutoscalerDetail(Autoscaler, frozen=True, kw_only=True):
    """An autoscaler with what ``describe`` adds; ``autoscaling/v1`` has no conditions."""

    conditions: list[Condition]
    events: list[Event]
