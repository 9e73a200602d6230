"""The routes of the Gateway API that lead to a namespace's Services, where a server has any.

What may not be had of them costs these endpoints, or their URLs, and a warning.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from dashborion.models.query import Found
from dashborion.orchestrators.kubernetes import gateway_wire
from dashborion.orchestrators.kubernetes.client import Client
from dashborion.orchestrators.kubernetes.endpoints import ServiceWay
from dashborion.orchestrators.kubernetes.gateway_routes import ways
from dashborion.orchestrators.kubernetes.resources import Resource

_API = "gateway.networking.k8s.io/v1"
GATEWAYS = Resource(gateway_wire.Gateway, _API, "gateways", "Gateway", is_optional=True)
ROUTES: tuple[Resource[Any], ...] = (
    Resource(gateway_wire.HTTPRoute, _API, "httproutes", "HTTPRoute", is_optional=True),
    Resource(gateway_wire.GRPCRoute, _API, "grpcroutes", "GRPCRoute", is_optional=True),
)


def begin(client: Client, namespace: str | None) -> Callable[[], list[ServiceWay]]:
    """Start to list the routes in a namespace, or in all; what is called gathers their ways."""
    listed = [client.collect(one, namespace, decoration=True) for one in ROUTES]
    return lambda: _gather(client, namespace, listed)


def _gather(
    client: Client, namespace: str | None, listed: list[Future[list[Found[gateway_wire.Route]]]]
) -> list[ServiceWay]:
    routes = [route for one in listed for route in client.optional(one)]
    places = {
        parent.namespace or route.metadata.namespace
        for route in routes
        for parent in route.spec.parent_refs or ()
    }
    # Gateways are few, and often in a namespace of their own.
    wanted = sorted(places) if namespace else [None] * bool(places)
    listed_gateways = [client.collect(GATEWAYS, one, decoration=True) for one in wanted]
    gateways = [one for listed in listed_gateways for one in client.optional(listed)]
    known = {(one.metadata.namespace, one.metadata.name): one for one in gateways}
    return list(ways(routes, known))
