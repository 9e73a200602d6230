"""Endpoints of workloads: Services that select their pods, and what leads to these. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from dashborion.models.workload import Endpoint, EndpointType
from dashborion.orchestrators.kubernetes import argo, network_wire, wire

_HTTP, _HTTPS = 80, 443
PortKey = tuple[str, str]  # a port's name and protocol, which tell a Service's ports apart
NAME_ALONE = network_wire.ServicePort(protocol="any")  # instead of a port, of a Service without any
Way = tuple[Endpoint, network_wire.BackendPort]
ServiceWay = tuple[tuple[str, str], Way]  # with the namespace and the name of the Service


class Backing(Struct, frozen=True):
    """What is behind a Service: an address, ready or not, and the ports that it has."""

    address: str
    family: str
    target: wire.Reference
    node: str | None
    is_ready: bool
    ports: Sequence[network_wire.EndpointPort]

    @property
    def key(self) -> str:
        """What it stands for: pods of a node's network have the node's address in common."""
        return self.target.uid or self.target.name or self.address


class Health(Struct, frozen=True):
    """How many pods or other addresses are behind a Service, and how many are ready by port."""

    total: int
    ready: Mapping[PortKey, int]  # under ``NAME_ALONE`` for a Service without ports

    def of(self, port: network_wire.ServicePort | None) -> int:
        """How many are ready for a port; none for one that the Service does not have."""
        return self.ready.get(_key(port), 0) if port else 0


class EndpointIndex(Struct):
    """Services by one pair of their selector, ways from outside by the Service they lead to.

    A Service belongs to a workload if its selector matches the labels of the pod template.
    Looking it up by one pair avoids comparing each of a thousand workloads with each of a
    thousand Services.
    """

    _services: dict[tuple[str, str, str], list[network_wire.Service]] = {}
    _routes: dict[tuple[str, str], list[Way]] = {}

    @classmethod
    def build(
        cls,
        services: Iterable[network_wire.Service],
        ingresses: Iterable[network_wire.Ingress] = (),
        ways: Iterable[ServiceWay] = (),
    ) -> EndpointIndex:
        """The index of some Services and Ingresses, and of the ``ways`` of other routes."""
        index = cls()
        for service in services:
            if service.spec.type == "ExternalName":
                continue  # a name in DNS, whatever its selector says
            for key, value in _selector(service).items():
                pair = (service.metadata.namespace, key, value)
                index._services.setdefault(pair, []).append(service)
                break  # one pair is enough for the lookup
        for ingress in ingresses:
            for backend, endpoint in _of_ingress(ingress):
                route = (ingress.metadata.namespace, backend.name)
                index._routes.setdefault(route, []).append((endpoint, backend.port))
        for place, way in ways:
            index._routes.setdefault(place, []).append(way)
        return index

    def services(self, namespace: str, template: wire.Template) -> list[network_wire.Service]:
        """The Services that select pods made from a template."""
        labels = template.metadata.labels or {}
        return [
            service
            for key, value in labels.items()
            for service in self._services.get((namespace, key, value), ())
            if _selector(service).items() <= labels.items()
        ]

    def endpoints(
        self, namespace: str, template: wire.Template, health: Mapping[str, Health] | None = None
    ) -> list[Endpoint]:
        """A Service's endpoints, each followed by those of its Ingresses and routes."""
        endpoints: dict[tuple[Any, ...], Endpoint] = {}
        for service in self.services(namespace, template):
            name = service.metadata.name
            known = (health or {}).get(name)
            routes = self._routes.get((namespace, name), ())
            ways = [*_of_service(service), *((way, port_of(service, port)) for way, port in routes)]
            for endpoint, port in ways:
                counted = msgspec.structs.replace(
                    endpoint,
                    healthy=known.of(port) if known else None,
                    total=known.total if known else None,
                )
                key = (endpoint.type, endpoint.name, endpoint.url, endpoint.port, endpoint.protocol)
                endpoints.setdefault(key, counted)
        return list(endpoints.values())


def _selector(service: network_wire.Service) -> dict[str, str]:
    """What a Service selects; Argo Rollouts writes one revision's hash into it."""
    selector = service.spec.selector or {}
    return {key: value for key, value in selector.items() if key != argo.TEMPLATE_HASH}


def from_slices(slices: Iterable[network_wire.EndpointSlice]) -> list[Backing]:
    """What is in a Service's EndpointSlices; an unset ``ready`` means ready, as documented.

    What ends and takes no traffic is left out, as in Endpoints.
    """
    return [
        Backing(
            address=(endpoint.addresses or [""])[0],
            family=item.address_type or "",
            target=endpoint.target_ref,
            node=endpoint.node_name,
            is_ready=is_ready,
            ports=item.ports or (),
        )
        for item in slices
        for endpoint in item.endpoints or ()
        if (is_ready := endpoint.conditions.ready is not False)
        or not endpoint.conditions.terminating
    ]


def from_endpoints(item: network_wire.Endpoints) -> list[Backing]:
    """What is in the older Endpoints object, which leaves out addresses without any port."""
    return [
        Backing(
            address=address.ip,
            family="",
            target=address.target_ref,
            node=address.node_name,
            is_ready=is_ready,
            ports=subset.ports or (),
        )
        for subset in item.subsets or ()
        for listed, is_ready in ((subset.addresses, True), (subset.not_ready_addresses, False))
        for address in listed or ()
    ]


def health(backings: Iterable[Backing]) -> Health:
    """The health of a Service.

    A dual-stack Service has the same pods under addresses of both families: the family with
    more of them counts. One is ready for the ports that it has: a ``targetPort`` that names
    none of a pod's ports leads nowhere, however ready the pod is.
    """
    families: dict[str, dict[str, set[PortKey]]] = {}
    for backing in backings:
        ports = families.setdefault(backing.family, {}).setdefault(backing.key, set())
        if backing.is_ready:
            ports.update([_key(NAME_ALONE), *map(_key, backing.ports)])
    largest = max(families.values(), key=len, default={})
    ready = Counter(port for ports in largest.values() for port in ports)
    return Health(total=len(largest), ready=ready)


def leads_to(port: network_wire.ServicePort, backing: Backing) -> network_wire.EndpointPort | None:
    """The port of an address to which a Service's port leads, if it has one."""
    return next((one for one in backing.ports if _key(one) == _key(port)), None)


def port_of(
    service: network_wire.Service, wanted: network_wire.BackendPort
) -> network_wire.ServicePort | None:
    """The port of a Service that an Ingress names, by its name or by its number."""
    return next(
        (
            port
            for port in service.spec.ports or ()
            if (port.name == wanted.name if wanted.name else port.port == wanted.number)
        ),
        None,
    )


def problem_of(
    service: network_wire.Service | None, wanted: network_wire.BackendPort
) -> str | None:
    """Why nothing can be reached at a Service's port."""
    if service is None:
        return "no such Service"
    if service.spec.type == "ExternalName" or port_of(service, wanted):
        return None  # a name outside may do without ports
    return "the Service has no such port"


def _key(port: network_wire.ServicePort | network_wire.EndpointPort) -> PortKey:
    return (port.name or "", port.protocol or "TCP")


def _of_service(service: network_wire.Service) -> list[tuple[Endpoint, network_wire.ServicePort]]:
    name, spec = service.metadata.name, service.spec
    balanced = _balancer_address(service.status)
    internal = f"{name}.{service.metadata.namespace}.svc"
    headless = spec.cluster_ip in (None, "", "None")
    address = balanced or (internal if headless else spec.cluster_ip)
    if not spec.ports:  # as headless ones may be: it is its name that counts
        return [(Endpoint(type=EndpointType.SERVICE, name=name, address=address), NAME_ALONE)]
    return [
        (
            Endpoint(
                type=EndpointType.SERVICE,
                name=name,
                address=address,
                port=port.port,
                protocol=port.protocol or "TCP",
                url=_url(balanced, port) if balanced else None,
            ),
            port,
        )
        for port in spec.ports
    ]


class IngressWay(Struct, frozen=True):
    """One way through an Ingress; None is any host, any path, and nowhere."""

    host: str | None
    path: str | None
    backend: network_wire.Backend | None


def routes(ingress: network_wire.Ingress) -> list[IngressWay]:
    """The ways through an Ingress; a rule without paths leads to its default backend."""
    default = ingress.spec.default_backend
    ways = []
    for rule in ingress.spec.rules or ():
        host = rule.host or None
        paths = (rule.http.paths if rule.http else None) or ()
        ways += [IngressWay(host, path.path, path.backend) for path in paths]
        if not paths:
            ways.append(IngressWay(host, None, default))
    anything = IngressWay(None, None, default)
    return ways if default is None or anything in ways else [*ways, anything]


def _of_ingress(
    ingress: network_wire.Ingress,
) -> list[tuple[network_wire.BackendService, Endpoint]]:
    """The routes of an Ingress as endpoints, each with the Service that it leads to."""
    address = _balancer_address(ingress.status)
    tls_hosts = [tls.hosts or [] for tls in ingress.spec.tls or ()]

    def endpoint(host: str | None, path: str | None) -> Endpoint:
        https = any(_covers(hosts, host) for hosts in tls_hosts)
        shown = host or (in_url(address) if address else None)
        scheme, port = ("https", _HTTPS) if https else ("http", _HTTP)
        return Endpoint(
            type=EndpointType.INGRESS,
            name=ingress.metadata.name,
            address=address,
            port=port,
            protocol=scheme.upper(),
            url=f"{scheme}://{shown}{path or '/'}" if shown else None,
        )

    return [
        (route.backend.service, endpoint(route.host, route.path))
        for route in routes(ingress)
        if route.backend and route.backend.service
    ]


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
    return f"{scheme}://{in_url(address)}/"


def in_url(address: str) -> str:
    return f"[{address}]" if ":" in address else address
