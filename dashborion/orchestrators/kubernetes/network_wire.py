"""Services, Ingresses, and the addresses behind a Service, cut down as in ``wire``."""

from __future__ import annotations

from msgspec import field

from dashborion.orchestrators.kubernetes.wire import Address, Int, Object, Reference, Wire


class LoadBalancerIngress(Wire, frozen=True):
    ip: str | None = None
    hostname: str | None = None


class LoadBalancer(Wire, frozen=True):
    ingress: list[LoadBalancerIngress] | None = None


class BalancedStatus(Wire, frozen=True):
    load_balancer: LoadBalancer = LoadBalancer()


class ServicePort(Wire, frozen=True):
    port: Int = 0
    name: str | None = None
    protocol: str | None = None
    target_port: Int | str | None = None
    node_port: Int | None = None


class ServiceSpec(Wire, frozen=True):
    type: str | None = None
    cluster_ip: str | None = field(name="clusterIP", default=None)
    cluster_ips: list[str] | None = field(name="clusterIPs", default=None)
    external_ips: list[str] | None = field(name="externalIPs", default=None)
    external_name: str | None = None
    selector: dict[str, str] | None = None
    ports: list[ServicePort] | None = None


class Service(Object, frozen=True):
    spec: ServiceSpec = ServiceSpec()
    status: BalancedStatus = BalancedStatus()


class BackendPort(Wire, frozen=True):
    name: str | None = None
    number: Int | None = None


class BackendService(Wire, frozen=True):
    name: str = ""
    port: BackendPort = BackendPort()


class Backend(Wire, frozen=True):
    """A Service's port, or any other object in the same namespace."""

    service: BackendService | None = None
    resource: Reference | None = None


class IngressPath(Wire, frozen=True):
    backend: Backend = Backend()
    path: str | None = None


class HttpRule(Wire, frozen=True):
    paths: list[IngressPath] | None = None


class IngressRule(Wire, frozen=True):
    host: str | None = None
    http: HttpRule | None = None


class IngressTls(Wire, frozen=True):
    hosts: list[str] | None = None


class IngressSpec(Wire, frozen=True):
    ingress_class_name: str | None = None
    default_backend: Backend | None = None
    rules: list[IngressRule] | None = None
    tls: list[IngressTls] | None = None


class Ingress(Object, frozen=True):
    spec: IngressSpec = IngressSpec()
    status: BalancedStatus = BalancedStatus()


class SliceConditions(Wire, frozen=True):
    ready: bool | None = None
    terminating: bool | None = None


class SliceEndpoint(Wire, frozen=True):
    addresses: list[str] | None = None
    conditions: SliceConditions = SliceConditions()
    node_name: str | None = None
    target_ref: Reference = Reference()


class EndpointPort(Wire, frozen=True):
    """Where a port of a Service leads to: the one with the same name and protocol."""

    name: str | None = None
    port: Int | None = None
    protocol: str | None = None


class EndpointSlice(Object, frozen=True):
    """Addresses that have the same ports: pods that lack a port of the Service are in another."""

    address_type: str | None = None
    endpoints: list[SliceEndpoint] | None = None
    ports: list[EndpointPort] | None = None


class Subset(Wire, frozen=True):
    addresses: list[Address] | None = None
    not_ready_addresses: list[Address] | None = None
    ports: list[EndpointPort] | None = None


class Endpoints(Object, frozen=True):
    """Core ``v1``: what there is before ``discovery.k8s.io/v1`` (1.21)."""

    subsets: list[Subset] | None = None
