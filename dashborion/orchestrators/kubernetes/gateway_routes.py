"""How HTTPRoutes and GRPCRoutes lead from the listeners of Gateways to Services. Pure.

The rules are the API's own (GEP-1364 and the comments of its types): a route's hostnames and a
listener's are intersected, and only what the controller says that it has accepted is served.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from dashborion.models.workload import Endpoint, EndpointType
from dashborion.orchestrators.kubernetes import gateway_wire, network_wire, wire
from dashborion.orchestrators.kubernetes.endpoints import ServiceWay, in_url
from dashborion.orchestrators.kubernetes.rollout import condition

Gateways = Mapping[tuple[str, str], gateway_wire.Gateway]
"""Gateways by namespace and name."""

_PORTS = {"http": 80, "https": 443}
_PATTERN = "RegularExpression"


class _Door(Struct, frozen=True):
    """Where requests come in: at a listener, for one host or any; nothing is known of it without.

    ``is_open`` when the route was accepted there.
    """

    host: str | None = None
    address: str | None = None
    scheme: str | None = None
    port: int | None = None
    is_open: bool = False

    def url(self, path: str) -> str | None:
        host = self.host or (in_url(self.address) if self.address else None)
        if self.scheme is None or not self.is_open or not host or "*" in host:
            return None
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}{path}"


def ways(routes: Iterable[gateway_wire.Route], gateways: Gateways) -> Iterator[ServiceWay]:
    """Each way of some routes, with the namespace and name of the Service that it leads to."""
    for route in routes:
        doors = list(_doors(route, gateways))
        for rule in route.spec.rules or ():
            backends = list(services_of(rule))
            for match in rule.matches or [gateway_wire.RouteMatch()] if backends else ():
                for door in doors:
                    endpoint = _endpoint(route, match, door)
                    for backend in backends:
                        place = backend.namespace or route.metadata.namespace, backend.name
                        yield place, (endpoint, network_wire.BackendPort(number=backend.port))


def services_of(rule: gateway_wire.RouteRule) -> Iterator[gateway_wire.BackendRef]:
    """The Services that a rule sends requests to: those of weight 0 get none."""
    return (one for one in rule.backend_refs or () if one.kind == "Service" and one.weight)


def _endpoint(route: gateway_wire.Route, match: gateway_wire.RouteMatch, door: _Door) -> Endpoint:
    path, others = conditions(match)
    name = route.metadata.name
    return Endpoint(
        type=EndpointType.ROUTE,
        name=f"{name} ({', '.join(others)})" if others else name,
        address=door.address or door.host,
        port=door.port,
        protocol=door.scheme.upper() if door.scheme else None,
        url=door.url(path),
    )


def conditions(match: gateway_wire.RouteMatch) -> tuple[str, list[str]]:
    """The path of a match, and what a request has to have besides."""
    path = "/"
    others: list[str] = []
    if isinstance(match.method, gateway_wire.GrpcMethod):
        asked = f"/{match.method.service or '*'}/{match.method.method or '*'}"
        if match.method.type == _PATTERN or "*" in asked:
            others.append(f"call ~ {asked}" if match.method.type == _PATTERN else f"call {asked}")
        else:
            path = asked
    elif match.method:
        others.append(f"method {match.method}")
    if match.path is not None:
        is_pattern = match.path.type == _PATTERN
        path = path if is_pattern else match.path.value or "/"
        others += [f"path ~ {match.path.value}"] if is_pattern else []
    for word, values in (("header", match.headers), ("query", match.query_params)):
        for one in values or ():
            sign = " ~ " if one.type == _PATTERN else "="
            others.append(f"{word} {one.name}{sign}{one.value}")
    return path, others


def _doors(route: gateway_wire.Route, gateways: Gateways) -> Iterator[_Door]:
    """Where a route's requests come in; at a Gateway that nobody may see, just for its hosts."""
    hostnames = route.spec.hostnames or []
    anywhere: Sequence[str | None] = hostnames or [None]
    for parent in route.spec.parent_refs or ():
        if parent.kind != "Gateway":
            continue  # of a mesh: nothing from outside
        is_open = any(
            _is_true(status.conditions, "Accepted") for status in statuses_of(route, parent)
        )
        gateway = gateways.get((parent.namespace or route.metadata.namespace, parent.name))
        if gateway is None:
            yield from (_Door(host=host) for host in anywhere)
            continue
        addresses = gateway.status.addresses or ()
        address = next((one.value for one in addresses if one.value), None)
        for listener in _listeners(gateway, parent):
            scheme = "https" if listener.tls or listener.protocol == "HTTPS" else "http"
            for host in _hosts(listener.hostname or None, hostnames):
                yield _Door(host, address, scheme, listener.port, is_open)


def statuses_of(
    route: gateway_wire.Route, parent: gateway_wire.ParentRef
) -> list[gateway_wire.ParentStatus]:
    """What controllers say of one of a route's parents."""
    own = route.metadata.namespace
    return [
        one
        for one in route.status.parents or ()
        if _identity(one.parent_ref, own) == _identity(parent, own)
    ]


def _identity(parent: gateway_wire.ParentRef, own: str) -> tuple[object, ...]:
    place = parent.namespace or own
    return (parent.kind, place, parent.name, parent.section_name, parent.port)


def _listeners(
    gateway: gateway_wire.Gateway, parent: gateway_wire.ParentRef
) -> Iterator[gateway_wire.Listener]:
    for one in gateway.spec.listeners or ():
        is_meant = parent.section_name in (None, one.name) and parent.port in (None, one.port)
        if is_meant and one.protocol in ("HTTP", "HTTPS"):  # these routes attach to no others
            yield one


def _hosts(listener: str | None, hostnames: Sequence[str]) -> list[str | None]:
    """The hosts that both a listener and a route have; the narrower one where one is ``*.x``."""
    if not hostnames:
        return [listener]
    if listener is None:
        return list(hostnames)
    found: dict[str | None, None] = {}
    for host in hostnames:
        if host == listener or _covers(listener, host):
            found[host] = None
        elif _covers(host, listener):
            found[listener] = None
    return list(found)


def _covers(wildcard: str, host: str) -> bool:
    """Whether ``*.example.com`` has a host in it, at any depth, as these routes have it."""
    return wildcard.startswith("*.") and host.removeprefix("*").endswith(wildcard[1:])


def _is_true(conditions: Iterable[wire.Condition] | None, type_: str) -> bool:
    found = condition(conditions, type_)
    return found is not None and found.status == "True"
