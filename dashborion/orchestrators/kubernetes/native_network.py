"""Services and Ingresses of ``dashborion k8s`` as models. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import starmap
from typing import Any

from dashborion.config.targets import Environment
from dashborion.models import kubernetes as models
from dashborion.orchestrators.kubernetes import endpoints, network_wire
from dashborion.orchestrators.kubernetes.native_normalise import joined, namespaced_fields

_CLASS = "kubernetes.io/ingress.class"  # the older form of `spec.ingressClassName`, still in use
_HTTP, _HTTPS = 80, 443


def ingress(item: network_wire.Ingress, environment: Environment) -> models.Ingress:
    spec = item.spec
    return models.Ingress(
        **namespaced_fields(item.metadata, environment),
        ingress_class=spec.ingress_class_name or (item.metadata.annotations or {}).get(_CLASS),
        hosts=[rule.host for rule in spec.rules or () if rule.host],
        addresses=_balancer_addresses(item.status),
        ports=[_HTTP, _HTTPS] if spec.tls else [_HTTP],
        tls_hosts=[host for tls in spec.tls or () for host in tls.hosts or ()],
        routes=[_route(route) for route in endpoints.routes(item)],
    )


def _route(route: endpoints.IngressWay, problem: str | None = None) -> models.IngressRoute:
    backend = route.backend or network_wire.Backend()
    service, resource = backend.service, backend.resource
    port = (service.port.name or service.port.number) if service else None
    return models.IngressRoute(
        host=route.host,
        path=route.path,
        service=service.name if service else None,
        port=str(port) if port is not None else None,
        resource=f"{resource.kind}/{resource.name}" if resource else None,
        problem=problem,
    )


def ingress_details(
    item: network_wire.Ingress, services: Iterable[network_wire.Service]
) -> dict[str, Any]:
    """What a description adds: which routes lead to a Service or a port that is not there."""
    known = {service.metadata.name: service for service in services}

    def problem(backend: network_wire.Backend | None) -> str | None:
        if backend is None or (wanted := backend.service) is None:
            return None
        return endpoints.problem_of(known.get(wanted.name), wanted.port)

    return {"routes": [_route(way, problem(way.backend)) for way in endpoints.routes(item)]}


def service(item: network_wire.Service, environment: Environment) -> models.Service:
    spec = item.spec
    return models.Service(
        **namespaced_fields(item.metadata, environment),
        type=spec.type or "ClusterIP",
        cluster_ip=joined([spec.cluster_ip, *(spec.cluster_ips or ())]),
        external_ips=_external_addresses(item),
        ports=[_service_port(port) for port in spec.ports or ()],
        selector=spec.selector,
    )


def _service_port(
    port: network_wire.ServicePort, health: endpoints.Health | None = None
) -> models.ServicePort:
    return models.ServicePort(
        name=port.name,
        port=port.port,
        protocol=port.protocol or "TCP",
        target_port=port.target_port,
        node_port=port.node_port or None,
        healthy=health.of(port) if health else None,
        total=health.total if health else None,
    )


def service_details(
    item: network_wire.Service, backings: Sequence[endpoints.Backing] | None
) -> dict[str, Any]:
    """What a description adds: the addresses behind each port; None if they are unknown."""
    if backings is None:
        return {"endpoints": None}
    health, ports = endpoints.health(backings), item.spec.ports or ()
    # A headless Service may do without ports.
    rows = [(port, backing) for port in ports or (None,) for backing in backings]
    return {
        "ports": [_service_port(port, health) for port in ports],
        "endpoints": sorted(
            dict.fromkeys(starmap(_service_endpoint, rows)),
            key=lambda one: (one.instance or "", one.address),
        ),
    }


def _service_endpoint(
    port: network_wire.ServicePort | None, backing: endpoints.Backing
) -> models.ServiceEndpoint:
    target = endpoints.leads_to(port, backing) if port else None
    return models.ServiceEndpoint(
        name=port.name if port else None,
        protocol=(port.protocol or "TCP") if port else None,
        address=backing.address,
        port=target.port if target else None,
        ready=backing.is_ready and (port is None or target is not None),
        instance=backing.target.name if backing.target.kind == "Pod" else None,
        node=backing.node,
    )


def _external_addresses(item: network_wire.Service) -> list[str]:
    if item.spec.type == "ExternalName":
        return [item.spec.external_name] if item.spec.external_name else []
    return [*_balancer_addresses(item.status), *(item.spec.external_ips or ())]


def _balancer_addresses(status: network_wire.BalancedStatus) -> list[str]:
    points = [point.ip or point.hostname for point in status.load_balancer.ingress or ()]
    return [point for point in points if point]
