"""Endpoints of workloads: Services that select their pods, and Ingresses to these. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec import Struct

from dashborion.models.workload import Endpoint, EndpointType
from dashborion.orchestrators.kubernetes import network_wire, wire

_HTTP, _HTTPS = 80, 443


class Health(Struct, frozen=True):
    """How many of the pods or other addresses behind a Service are ready."""

    healthy: int
    total: int


@dataclass
class EndpointIndex:
    """Services by one pair of their selector, Ingresses by the Service that they route to.

    A Service belongs to a workload if its selector matches the labels of the pod template.
    Looking it up by one pair avoids comparing each of a thousand workloads with each of a
    thousand Services.
    """

    _services: dict[tuple[str, str, str], list[network_wire.Service]] = field(default_factory=dict)
    _routes: dict[tuple[str, str], list[Endpoint]] = field(default_factory=dict)

    @classmethod
    def build(
        cls, services: Iterable[network_wire.Service], ingresses: Iterable[network_wire.Ingress]
    ) -> EndpointIndex:
        index = cls()
        for service in services:
            if service.spec.type == "ExternalName":
                continue  # a name in DNS, whatever its selector says
            for key, value in (service.spec.selector or {}).items():
                pair = (service.metadata.namespace, key, value)
                index._services.setdefault(pair, []).append(service)
                break  # one pair is enough for the lookup
        for ingress in ingresses:
            for service_name, endpoint in _routes(ingress):
                route = (ingress.metadata.namespace, service_name)
                index._routes.setdefault(route, []).append(endpoint)
        return index

    def services(self, namespace: str, template: wire.Template) -> list[network_wire.Service]:
        """The Services that select pods made from a template."""
        labels = template.metadata.labels or {}
        return [
            service
            for key, value in labels.items()
            for service in self._services.get((namespace, key, value), ())
            if (service.spec.selector or {}).items() <= labels.items()
        ]

    def endpoints(
        self, namespace: str, template: wire.Template, health: Mapping[str, Health] | None = None
    ) -> list[Endpoint]:
        """A Service's endpoints, each followed by those of its Ingresses."""
        endpoints: dict[tuple[Any, ...], Endpoint] = {}
        for service in self.services(namespace, template):
            name = service.metadata.name
            known = (health or {}).get(name)
            for endpoint in (*_of_service(service), *self._routes.get((namespace, name), ())):
                counted = msgspec.structs.replace(
                    endpoint,
                    healthy=known.healthy if known else None,
                    total=known.total if known else None,
                )
                key = (endpoint.type, endpoint.name, endpoint.url, endpoint.port, endpoint.protocol)
                endpoints.setdefault(key, counted)
        return list(endpoints.values())


def slice_health(slices: Iterable[network_wire.EndpointSlice]) -> Health:
    """The health in a Service's EndpointSlices; an unset ``ready`` means ready, as documented.

    A dual-stack Service has slices for both address families, with the same pods in each:
    the family with more of them counts. What ends and takes no traffic is not counted, as in
    Endpoints.
    """
    families: dict[str, dict[str, bool]] = {}
    for item in slices:
        family = families.setdefault(item.address_type or "", {})
        for endpoint in item.endpoints or ():
            is_ready = endpoint.conditions.ready is not False
            if is_ready or not endpoint.conditions.terminating:
                address = (endpoint.addresses or [""])[0]
                family[_target(endpoint.target_ref, address)] = is_ready
    largest = max(families.values(), key=len, default={})
    return Health(healthy=sum(largest.values()), total=len(largest))


def endpoints_health(item: network_wire.Endpoints) -> Health:
    """The health in the older Endpoints object, whose subsets differ in ports, not in pods."""
    ready, waiting = (
        {_target(address.target_ref, address.ip) for one in listed for address in one or ()}
        for listed in (
            [subset.addresses for subset in item.subsets or ()],
            [subset.not_ready_addresses for subset in item.subsets or ()],
        )
    )
    return Health(healthy=len(ready), total=len(ready | waiting))


def _target(reference: wire.Reference, address: str) -> str:
    """What an address stands for: pods of a node's network have the node's in common."""
    return reference.uid or reference.name or address


def _of_service(service: network_wire.Service) -> list[Endpoint]:
    name, spec = service.metadata.name, service.spec
    balanced = _balancer_address(service.status)
    internal = f"{name}.{service.metadata.namespace}.svc"
    headless = spec.cluster_ip in (None, "", "None")
    address = balanced or (internal if headless else spec.cluster_ip)
    if not spec.ports:  # as headless ones may be: it is its name that counts
        return [Endpoint(type=EndpointType.SERVICE, name=name, address=address)]
    return [
        Endpoint(
            type=EndpointType.SERVICE,
            name=name,
            address=address,
            port=port.port,
            protocol=port.protocol or "TCP",
            url=_url(balanced, port) if balanced else None,
        )
        for port in spec.ports
    ]


def _routes(ingress: network_wire.Ingress) -> list[tuple[str, Endpoint]]:
    """The rules of an Ingress as endpoints, each with the name of the Service it routes to."""
    address = _balancer_address(ingress.status)
    tls_hosts = [tls.hosts or [] for tls in ingress.spec.tls or ()]
    routes = []

    def endpoint(host: str | None, path: str | None) -> Endpoint:
        https = any(_covers(hosts, host) for hosts in tls_hosts)
        shown = host or (_in_url(address) if address else None)
        scheme, port = ("https", _HTTPS) if https else ("http", _HTTP)
        return Endpoint(
            type=EndpointType.INGRESS,
            name=ingress.metadata.name,
            address=address,
            port=port,
            protocol=scheme.upper(),
            url=f"{scheme}://{shown}{path or '/'}" if shown else None,
        )

    for rule in ingress.spec.rules or ():
        for path in (rule.http.paths if rule.http else None) or ():
            if path.backend.service:
                routes.append((path.backend.service.name, endpoint(rule.host, path.path)))
    default = ingress.spec.default_backend
    if default and default.service:
        routes.append((default.service.name, endpoint(None, None)))
    return routes


def _balancer_address(status: network_wire.BalancedStatus) -> str | None:
    points = status.load_balancer.ingress or ()
    return next((point.hostname or point.ip for point in points), None)


def _covers(hosts: list[str], host: str | None) -> bool:
    """Whether a TLS entry applies to a host; one without hosts applies to all."""
    if not hosts or host in hosts:
        return True
    return host is not None and f"*.{host.partition('.')[2]}" in hosts


def _url(address: str, port: network_wire.ServicePort) -> str | None:
    scheme = {_HTTP: "http", _HTTPS: "https"}.get(port.port)
    if scheme is None or port.protocol not in (None, "TCP"):
        return None
    return f"{scheme}://{_in_url(address)}/"


def _in_url(address: str) -> str:
    return f"[{address}]" if ":" in address else address
