"""Routes of the Gateway API as endpoints: each way from a listener to a Service."""

from __future__ import annotations

from typing import Any

import pytest

from dashborion.models.workload import Endpoint, EndpointType
from dashborion.orchestrators.kubernetes import gateway_wire, wire
from dashborion.orchestrators.kubernetes.endpoints import EndpointIndex, health
from dashborion.orchestrators.kubernetes.gateway_routes import ways
from tests.unit.kubernetes.raw_kubernetes import Raw, condition, decode, metadata
from tests.unit.kubernetes.raw_kubernetes_gateways import (
    HTTP,
    HTTPS,
    backend,
    gateway,
    parent,
    route,
    rule,
)
from tests.unit.kubernetes.raw_kubernetes_network import service
from tests.unit.kubernetes.raw_kubernetes_workloads import template

WEB = rule(backend())
SPACE = metadata("web")["namespace"]


def endpoints_of(
    item: gateway_wire.Route, *gateways: gateway_wire.Gateway, **healthy: Any
) -> list[Endpoint]:
    """The endpoints of the workload behind the Service ``web``, but for the Service's own."""
    known = {(one.metadata.namespace, one.metadata.name): one for one in gateways}
    index = EndpointIndex.build([service()], (), ways([item], known))
    return index.endpoints(SPACE, decode(wire.Template, template()), **healthy)[1:]


def urls(item: gateway_wire.Route, *gateways: gateway_wire.Gateway) -> list[str | None]:
    return [one.url for one in endpoints_of(item, *gateways)]


def test_a_route_follows_its_service_with_its_gateways_address_and_its_health() -> None:
    known = {"web": health([])}
    (found,) = endpoints_of(route(WEB, hosts=["a.example"]), gateway(HTTPS), health=known)
    assert found == Endpoint(
        type=EndpointType.ROUTE, name="shop", address="203.0.113.7", port=443, protocol="HTTPS",
        url="https://a.example/", healthy=0, total=0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("listener", "hosts", "expected"),
    [
        pytest.param(HTTP, ["a.example"], ["http://a.example/"], id="a host"),
        pytest.param(HTTPS, ["a.example"], ["https://a.example/"], id="tls"),
        pytest.param(
            HTTP | {"port": 8080}, ["a.example"], ["http://a.example:8080/"], id="another port"
        ),
        pytest.param(HTTP, None, ["http://203.0.113.7/"], id="no host anywhere"),
        pytest.param(
            HTTP | {"hostname": "b.example"}, None, ["http://b.example/"], id="the listener's host"
        ),
        pytest.param(
            HTTP | {"hostname": "*.example"}, ["a.b.example", "a.test"],
            ["http://a.b.example/"], id="a listener of a domain",
        ),
        pytest.param(
            HTTP | {"hostname": "a.example"}, ["*.example"], ["http://a.example/"],
            id="a route of a domain",
        ),
        pytest.param(HTTP | {"hostname": "*.example"}, ["example"], [], id="not the domain itself"),
        pytest.param(HTTP | {"hostname": "*.example"}, None, [None], id="any host of a domain"),
        pytest.param(
            HTTP | {"protocol": "TCP"}, ["a.example"], [], id="a listener for no requests"
        ),
    ],
)  # fmt: skip
def test_the_url_has_what_the_listener_and_the_route_agree_on(
    listener: Raw, hosts: list[str] | None, expected: list[str | None]
) -> None:
    assert urls(route(WEB, hosts=hosts), gateway(listener)) == expected


@pytest.mark.parametrize(
    ("attached", "expected"),
    [
        pytest.param(parent(), ["http://a.example/", "https://a.example/"], id="all listeners"),
        pytest.param(parent(sectionName="https"), ["https://a.example/"], id="one by its name"),
        pytest.param(parent(port=80), ["http://a.example/"], id="one by its port"),
        pytest.param(parent(sectionName="https", port=80), [], id="by both, which fit none"),
        pytest.param(parent(kind="Service", name="web"), [], id="a mesh's Service"),
    ],
)
def test_a_route_is_reached_at_the_listeners_that_it_is_attached_to(
    attached: Raw, expected: list[str | None]
) -> None:
    item = route(WEB, hosts=["a.example"], parents=[attached])
    assert urls(item, gateway(HTTP, HTTPS)) == expected


@pytest.mark.parametrize(
    "conditions",
    [[], [condition("Accepted", "False", reason="NotAllowedByListeners")]],
    ids=["nobody has looked at it", "not accepted"],
)
def test_what_no_gateway_has_accepted_has_no_url(conditions: list[Raw]) -> None:
    (found,) = endpoints_of(route(WEB, hosts=["a.example"], conditions=conditions), gateway(HTTP))
    assert (found.url, found.name, found.address) == (None, "shop", "203.0.113.7")


def test_what_is_behind_a_gateway_that_nobody_may_see_has_its_host_alone() -> None:
    (found,) = endpoints_of(route(WEB, hosts=["a.example"]))
    assert (found.url, found.address, found.port) == (None, "a.example", None)


def test_a_gateway_of_the_same_name_in_another_namespace_is_another() -> None:
    item = route(WEB, hosts=["a.example"], parents=[parent(namespace="infra")])
    assert urls(item, gateway(HTTP)) == [None]


@pytest.mark.parametrize(
    ("match", "name", "path"),
    [
        pytest.param({"path": {"type": "PathPrefix", "value": "/api"}}, "shop", "/api", id="path"),
        pytest.param({"path": {"type": "Exact", "value": "/x"}}, "shop", "/x", id="exact"),
        pytest.param(
            {"path": {"type": "RegularExpression", "value": "/v[0-9]"}}, "shop (path ~ /v[0-9])",
            "/", id="a pattern",
        ),
        pytest.param({"method": "POST"}, "shop (method POST)", "/", id="a method"),
        pytest.param(
            {"headers": [{"name": "X-Canary", "value": "1"}],
             "queryParams": [{"type": "RegularExpression", "name": "v", "value": "2.*"}]},
            "shop (header X-Canary=1, query v ~ 2.*)", "/", id="a header and a parameter",
        ),
    ],
)  # fmt: skip
def test_what_a_request_has_to_have_stands_in_the_url_or_behind_the_name(
    match: Raw, name: str, path: str
) -> None:
    item = route(rule(backend(), **match), hosts=["a.example"])
    (found,) = endpoints_of(item, gateway(HTTP))
    assert (found.name, found.url) == (name, f"http://a.example{path}")


@pytest.mark.parametrize(
    ("method", "name", "path"),
    [
        ({"service": "shop.Cart", "method": "Add"}, "shop", "/shop.Cart/Add"),
        ({"service": "shop.Cart"}, "shop (call /shop.Cart/*)", "/"),
        ({"type": "RegularExpression", "method": "Get.*"}, "shop (call ~ /*/Get.*)", "/"),
        (None, "shop", "/"),
    ],
    ids=["a method", "all of a service", "a pattern", "everything"],
)
def test_calls_of_a_grpc_route_are_paths(method: Raw | None, name: str, path: str) -> None:
    match = {"method": method} if method else {}
    item = route(rule(backend(), **match), hosts=["a.example"], type_=gateway_wire.GRPCRoute)
    (found,) = endpoints_of(item, gateway(HTTPS))
    assert (found.name, found.url) == (name, f"https://a.example{path}")


@pytest.mark.parametrize(
    ("backends", "count"),
    [
        pytest.param([backend(), backend("canary")], 1, id="one of two"),
        pytest.param([backend(weight=0)], 0, id="one that gets no requests"),
        pytest.param([backend(kind="ServiceImport")], 0, id="no Service"),
        pytest.param([backend(namespace="elsewhere")], 0, id="the name in another namespace"),
        pytest.param([backend(namespace=SPACE)], 1, id="its own namespace by name"),
        pytest.param([], 0, id="a redirect"),
    ],
)
def test_a_route_belongs_to_the_services_that_get_its_requests(
    backends: list[Raw], count: int
) -> None:
    assert len(urls(route(rule(*backends), hosts=["a.example"]), gateway(HTTP))) == count
