"""The ways in: Services that select a workload's pods, and Ingresses that route to these. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec import Struct

from dashborion.models.endpoint import Endpoint, EndpointType
from dashborion.orchestrators.kubernetes import wire

_HTTP, _HTTPS = 80, 443


class Health(Struct, frozen=True):
    """Ready addresses of a Service, of all that it has."""

    healthy: int
    total: int


@dataclass
class EndpointIndex:
    """Services by one pair of their selector, Ingresses by the Service they route to.

    A Service belongs to a workload when its selector fits the pod template's
    labels. Looking up by one pair keeps a thousand workloads from being held
    against a thousand Services.
    """

    _services: dict[tuple[str, str, str], list[wire.Service]] = field(default_factory=dict)
    _routes: dict[tuple[str, str], list[Endpoint]] = field(default_factory=dict)

    @classmethod
    def build(
        cls, services: Iterable[wire.Service], ingresses: Iterable[wire.Ingress]
    ) -> EndpointIndex:
        index = cls()
        for service in services:
            for key, value in (service.spec.selector or {}).items():
                pair = (service.metadata.namespace, key, value)
                index._services.setdefault(pair, []).append(service)
                break  # one pair is enough to find it by
        for ingress in ingresses:
            for service_name, endpoint in _routes(ingress):
                route = (ingress.metadata.namespace, service_name)
                index._routes.setdefault(route, []).append(endpoint)
        return index

    def services(self, namespace: str, template: wire.Template) -> list[wire.Service]:
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
        found: dict[tuple[Any, ...], Endpoint] = {}
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
                found.setdefault(key, counted)
        return list(found.values())


def slice_health(slices: Iterable[wire.EndpointSlice]) -> Health:
    """Counted over a Service's EndpointSlices. An unset ``ready`` means ready, says the API.

    A dual-stack Service has slices for both families with the same pods in
    each: the larger family counts.
    """
    families: dict[str, dict[str, bool]] = {}
    for one in slices:
        family = families.setdefault(one.address_type or "", {})
        for endpoint in one.endpoints or ():
            address = (endpoint.addresses or [""])[0]
            family[address] = endpoint.conditions.ready is not False
    largest = max(families.values(), key=len, default={})
    return Health(healthy=sum(largest.values()), total=len(largest))


def endpoints_health(item: wire.Endpoints) -> Health:
    """Counted over the older Endpoints object, whose subsets differ in ports, not in pods."""
    ready = {address.ip for one in item.subsets or () for address in one.addresses or ()}
    waiting = {
        address.ip for one in item.subsets or () for address in one.not_ready_addresses or ()
    }
    return Health(healthy=len(ready), total=len(ready | waiting))


def _of_service(service: wire.Service) -> list[Endpoint]:
    name, spec = service.metadata.name, service.spec
    balanced = _balanced(service.status)
    internal = f"{name}.{service.metadata.namespace}.svc"
    headless = spec.cluster_ip in (None, "", "None")
    address = balanced or (internal if headless else spec.cluster_ip)
    return [
        Endpoint(
            type=EndpointType.SERVICE,
            name=name,
            address=address,
            port=port.port,
            protocol=port.protocol or "TCP",
            url=_url(balanced, port) if balanced else None,
        )
        for port in spec.ports or ()
    ]


def _routes(ingress: wire.Ingress) -> list[tuple[str, Endpoint]]:
    """The Service each rule routes to, with the rule as an endpoint."""
    address = _balanced(ingress.status)
    secure = [tls.hosts or [] for tls in ingress.spec.tls or ()]
    found = []

    def endpoint(host: str | None, path: str | None) -> Endpoint:
        https = any(_covers(hosts, host) for hosts in secure)
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
                found.append((path.backend.service.name, endpoint(rule.host, path.path)))
    default = ingress.spec.default_backend
    if default and default.service:
        found.append((default.service.name, endpoint(None, None)))
    return found


def _balanced(status: wire.BalancedStatus) -> str | None:
    points = status.load_balancer.ingress or ()
    return next((point.hostname or point.ip for point in points), None)


def _covers(hosts: list[str], host: str | None) -> bool:
    """Whether a TLS entry is about a host: without hosts about all."""
    if not hosts or host in hosts:
        return True
    return host is not None and f"*.{host.partition('.')[2]}" in hosts


def _url(address: str, port: wire.ServicePort) -> str | None:
    scheme = {_HTTP: "http", _HTTPS: "https"}.get(port.port)
    if scheme is None or port.protocol not in (None, "TCP"):
        return None
    return f"{scheme}://{_in_url(address)}/"


def _in_url(address: str) -> str:
    return f"[{address}]" if ":" in address else address
