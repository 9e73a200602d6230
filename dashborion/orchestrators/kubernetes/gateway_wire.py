"""The Gateway API's objects (``gateway.networking.k8s.io/v1``), cut down as in ``wire``."""

from __future__ import annotations

from dashborion.orchestrators.kubernetes.wire import Condition, Hidden, Int, Object, Wire


class Listener(Wire, frozen=True):
    name: str = ""
    port: Int = 0
    protocol: str = ""
    hostname: str | None = None
    tls: Hidden | None = None


class GatewaySpec(Wire, frozen=True):
    gateway_class_name: str | None = None
    listeners: list[Listener] | None = None


class GatewayAddress(Wire, frozen=True):
    value: str = ""


class ListenerStatus(Wire, frozen=True):
    name: str = ""
    attached_routes: Int | None = None
    conditions: list[Condition] | None = None


class GatewayStatus(Wire, frozen=True):
    addresses: list[GatewayAddress] | None = None
    conditions: list[Condition] | None = None
    listeners: list[ListenerStatus] | None = None


class Gateway(Object, frozen=True):
    spec: GatewaySpec = GatewaySpec()
    status: GatewayStatus = GatewayStatus()


class ParentRef(Wire, frozen=True):
    """What a route is attached to: a Gateway or one of its listeners, else a mesh's Service."""

    kind: str = "Gateway"
    namespace: str | None = None
    name: str = ""
    section_name: str | None = None
    port: Int | None = None


class Value(Wire, frozen=True):
    """What a path, a header or a parameter has to be; ``type`` says how they are compared."""

    type: str | None = None
    name: str = ""
    value: str = ""


class GrpcMethod(Wire, frozen=True):
    type: str | None = None
    service: str | None = None
    method: str | None = None


class RouteMatch(Wire, frozen=True):
    path: Value | None = None
    method: str | GrpcMethod | None = None
    headers: list[Value] | None = None
    query_params: list[Value] | None = None


class BackendRef(Wire, frozen=True):
    kind: str = "Service"
    namespace: str | None = None
    name: str = ""
    port: Int | None = None
    weight: Int = 1


class RouteRule(Wire, frozen=True):
    matches: list[RouteMatch] | None = None
    backend_refs: list[BackendRef] | None = None


class RouteSpec(Wire, frozen=True):
    parent_refs: list[ParentRef] | None = None
    hostnames: list[str] | None = None
    rules: list[RouteRule] | None = None


class ParentStatus(Wire, frozen=True):
    """What one controller says of one of the route's parents."""

    parent_ref: ParentRef = ParentRef()
    conditions: list[Condition] | None = None


class RouteStatus(Wire, frozen=True):
    parents: list[ParentStatus] | None = None


class Route(Object, frozen=True):
    spec: RouteSpec = RouteSpec()
    status: RouteStatus = RouteStatus()


class HTTPRoute(Route, frozen=True):
    """Requests by host, path, method, headers and parameters."""


class GRPCRoute(Route, frozen=True):
    """Calls by host, service, method and headers."""
