"""Ingresses as endpoints: after the Service that they route to, one for each rule."""

from __future__ import annotations

import pytest

from tests.unit.kubernetes.raw_kubernetes import Raw
from tests.unit.kubernetes.raw_kubernetes_network import (
    backend,
    balancer,
    endpoints_of,
    ingress,
    rule,
    service,
)

WEB = rule("www.example.com", ("/", "web"))
TLS = [{"hosts": ["www.example.com"], "secretName": "www"}]
BALANCER = balancer(hostname="lb.example.com")


def urls(*rules: Raw, status: Raw | None = BALANCER, **spec: object) -> list[str | None]:
    """The URLs of the Ingress' endpoints, the Service's own left out."""
    return [one.url for one in endpoints_of(service(), ingress(*rules, status=status, **spec))[1:]]


def test_an_ingress_follows_its_service() -> None:
    inner, outer = endpoints_of(service(), ingress(WEB, status=BALANCER))
    assert (inner.type, outer.type) == ("service", "ingress")
    assert (outer.name, outer.address) == ("front", "lb.example.com")
    assert (outer.port, outer.protocol) == (80, "HTTP")
    assert outer.url == "http://www.example.com/"


def test_tls_for_the_host_makes_it_https() -> None:
    _, outer = endpoints_of(service(), ingress(WEB, tls=TLS))
    assert (outer.port, outer.protocol, outer.address) == (443, "HTTPS", None)
    assert outer.url == "https://www.example.com/"


@pytest.mark.parametrize(
    ("tls", "scheme"),
    [
        pytest.param([{"hosts": ["other.example.com"]}], "http", id="for another host"),
        pytest.param([{"secretName": "any"}], "https", id="for every host"),
        pytest.param([{"hosts": None}], "https", id="null hosts"),
        pytest.param([{"hosts": ["a"]}, *TLS], "https", id="in the second entry"),
        pytest.param([], "http", id="empty"),
        pytest.param(None, "http", id="null"),
    ],
)
def test_tls_counts_for_its_hosts(tls: list[Raw] | None, scheme: str) -> None:
    assert urls(WEB, tls=tls) == [f"{scheme}://www.example.com/"]


@pytest.mark.parametrize(
    "tls",
    [
        pytest.param([{"hosts": ["*.example.com"]}], id="a wildcard host"),
        pytest.param([{"hosts": ["a.example.com"]}, {"secretName": "b"}], id="one entry for all"),
    ],
)
def test_tls_that_covers_a_host_without_naming_it_counts_too(tls: list[Raw]) -> None:

    assert urls(WEB, tls=tls) == ["https://www.example.com/"]


@pytest.mark.parametrize("host", [None, ""])
def test_without_a_host_it_is_the_balancers(host: str | None) -> None:
    assert urls(rule(host, ("/shop", "web"))) == ["http://lb.example.com/shop"]


def test_without_a_host_or_a_balancer_there_is_no_url() -> None:
    assert urls(rule(None, ("/", "web")), status=None) == [None]


@pytest.mark.parametrize("path", ["", None])
def test_no_path_is_the_root(path: str | None) -> None:
    everything = {
        "host": "a.example.com",
        "http": {"paths": [{"path": path, "backend": backend("web")}]},
    }
    assert urls(everything) == ["http://a.example.com/"]


def test_only_rules_that_route_to_the_service_are_its_endpoints() -> None:
    mixed = rule("www.example.com", ("/", "web"), ("/shop", "shop"), ("/api", "web"))
    other = rule("shop.example.com", ("/", "shop"))
    assert urls(mixed, other) == ["http://www.example.com/", "http://www.example.com/api"]


def test_the_default_backend_is_an_endpoint() -> None:
    assert urls(defaultBackend=backend("web")) == ["http://lb.example.com/"]
    assert urls(defaultBackend=backend("shop")) == []


def test_the_default_backend_is_https_only_under_tls_for_all() -> None:
    assert urls(defaultBackend=backend("web"), tls=TLS) == ["http://lb.example.com/"]
    assert urls(defaultBackend=backend("web"), tls=[{}]) == ["https://lb.example.com/"]


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"rules": None}, id="no rules"),
        pytest.param({"rules": [{"host": "a"}]}, id="a rule without paths"),
        pytest.param({"rules": [{"host": "a", "http": {"paths": None}}]}, id="null paths"),
        pytest.param({"defaultBackend": {"resource": {"kind": "Bucket"}}}, id="a resource"),
        pytest.param({"rules": [rule("a") | {"http": {"paths": [{"backend": {}}]}}]}, id="empty"),
    ],
)
def test_a_rule_without_a_service_is_no_endpoint(spec: Raw) -> None:
    assert urls(**spec) == []


def test_the_same_url_twice_is_one_endpoint() -> None:
    assert len(urls(WEB, WEB)) == 1


def test_an_ingress_to_two_services_of_one_workload_is_listed_once_for_each_url() -> None:
    admin = service("admin")
    both = ingress(rule("a.example.com", ("/", "web"), ("/admin", "admin")))
    assert [(one.name, one.url) for one in endpoints_of(service(), admin, both)] == [
        ("web", None),
        ("front", "http://a.example.com/"),
        ("admin", None),
        ("front", "http://a.example.com/admin"),
    ]


def test_an_ingress_to_a_service_that_selects_another_workload_is_not_ours() -> None:
    shop = service("shop", selector={"app": "shop"})
    assert endpoints_of(shop, ingress(rule("a.example.com", ("/", "shop")))) == []


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param([{"host": "b.example.com"}], id="without paths"),
        pytest.param([{"host": "b.example.com", "http": {"paths": None}}], id="with null paths"),
    ],
)
def test_a_host_alone_leads_to_the_default_backend(rules: list[Raw]) -> None:
    everything = "http://lb.example.com/"
    assert urls(*rules, defaultBackend=backend("web")) == ["http://b.example.com/", everything]
    assert urls(*rules, defaultBackend=None) == []


def test_a_rule_of_nothing_is_the_default_backend_once() -> None:
    assert urls({}, defaultBackend=backend("web")) == ["http://lb.example.com/"]


def test_another_object_behind_a_path_is_no_endpoint() -> None:
    bucket = {"path": "/", "backend": {"resource": {"kind": "Bucket", "name": "pictures"}}}
    assert urls({"host": "a.example.com", "http": {"paths": [bucket]}}) == []
