"""Services as endpoints: which ones, at which address, one for each port."""

from __future__ import annotations

import pytest

from dashborion.models.workload import Endpoint, EndpointType
from tests.unit.kubernetes.raw_kubernetes import Raw
from tests.unit.kubernetes.raw_kubernetes_network import balancer, endpoints_of, port, service


def test_the_endpoint_of_a_service() -> None:
    assert endpoints_of(service()) == [
        Endpoint(
            type=EndpointType.SERVICE, name="web", address="10.96.0.20", port=80, protocol="TCP"
        )
    ]


@pytest.mark.parametrize(
    ("selector", "labels", "matches"),
    [
        pytest.param({"app": "web"}, {"app": "web"}, True, id="equal"),
        pytest.param({"app": "web"}, {"app": "web", "tier": "front"}, True, id="a subset"),
        pytest.param({"a": "1", "b": "2"}, {"b": "2", "c": "3", "a": "1"}, True, id="several"),
        pytest.param({"app": "web", "tier": "back"}, {"app": "web", "tier": "front"}, False),
        pytest.param({"app": "web", "tier": "front"}, {"app": "web"}, False, id="a superset"),
        pytest.param({"tier": "front", "app": "web"}, {"tier": "front"}, False, id="half of it"),
        pytest.param({"app": "shop"}, {"app": "web"}, False, id="another value"),
        pytest.param({}, {"app": "web"}, False, id="an empty selector"),
        pytest.param(None, {"app": "web"}, False, id="no selector"),
        pytest.param({"app": "web"}, {}, False, id="no labels"),
    ],
)
def test_a_service_is_a_workloads_when_its_selector_fits_the_template(
    selector: Raw | None, labels: Raw, *, matches: bool
) -> None:
    assert bool(endpoints_of(service(selector=selector), labels=labels)) is matches


def test_a_service_of_another_namespace_selects_nothing_here() -> None:
    assert endpoints_of(service(), namespace="other") == []


def test_a_service_is_found_once_though_several_labels_lead_to_it() -> None:
    both = service(selector={"app": "web", "tier": "front"})
    assert len(endpoints_of(both, labels={"app": "web", "tier": "front"})) == 1


def test_several_ports_are_several_endpoints() -> None:
    several = service(ports=[port(80, name="http"), port(9090, name="metrics"), port(53, "UDP")])
    assert [(one.port, one.protocol) for one in endpoints_of(several)] == [
        (80, "TCP"),
        (9090, "TCP"),
        (53, "UDP"),
    ]


@pytest.mark.parametrize("protocol", [None, ""])
def test_a_protocol_that_is_unsaid_is_tcp(protocol: str | None) -> None:
    (one,) = endpoints_of(service(ports=[port(80) | {"protocol": protocol}]))
    assert one.protocol == "TCP"


@pytest.mark.parametrize("address", ["None", "", None])
def test_a_headless_service_is_reached_by_its_name(address: str | None) -> None:
    (one,) = endpoints_of(service(clusterIP=address))
    assert (one.address, one.url) == ("web.media.svc", None)


@pytest.mark.parametrize(
    ("point", "address"),
    [
        pytest.param({"ip": "203.0.113.9"}, "203.0.113.9", id="ip"),
        pytest.param({"hostname": "lb.example.com"}, "lb.example.com", id="hostname"),
    ],
)
def test_a_load_balancer_is_reached_from_outside(point: dict[str, str], address: str) -> None:
    balanced = service(type="LoadBalancer", status=balancer(**point))
    (one,) = endpoints_of(balanced)
    assert (one.address, one.url) == (address, f"http://{address}/")


@pytest.mark.parametrize(
    ("number", "url"),
    [(80, "http://lb.example.com/"), (443, "https://lb.example.com/"), (5432, None)],
)
def test_a_load_balancers_well_known_ports_have_a_url(number: int, url: str | None) -> None:
    status = balancer(hostname="lb.example.com")
    (one,) = endpoints_of(service(type="LoadBalancer", ports=[port(number)], status=status))
    assert one.url == url


@pytest.mark.parametrize("ingress", [None, []])
def test_a_load_balancer_that_is_not_there_yet_is_reached_from_inside(ingress: object) -> None:
    pending = service(type="LoadBalancer", status={"loadBalancer": {"ingress": ingress}})
    (one,) = endpoints_of(pending)
    assert (one.address, one.url) == ("10.96.0.20", None)


def test_one_port_over_two_protocols_is_two_endpoints() -> None:

    dns = service(ports=[port(53, "UDP", "dns"), port(53, "TCP", "dns-tcp")])
    assert [one.protocol for one in endpoints_of(dns)] == ["UDP", "TCP"]


def test_an_ipv6_address_is_bracketed_in_a_url() -> None:

    (one,) = endpoints_of(service(type="LoadBalancer", status=balancer(ip="2001:db8::9")))
    assert (one.address, one.url) == ("2001:db8::9", "http://[2001:db8::9]/")


def test_a_udp_port_has_no_url() -> None:

    status = balancer(hostname="lb.example.com")
    (one,) = endpoints_of(service(type="LoadBalancer", ports=[port(443, "UDP")], status=status))
    assert one.url is None


def test_a_service_without_ports_is_its_name() -> None:
    found = endpoints_of(service("peers", clusterIP="None", ports=None))
    assert [(one.name, one.address, one.port) for one in found] == [
        ("peers", "peers.media.svc", None)
    ]


def test_a_name_in_dns_selects_nothing_whatever_its_selector_says() -> None:
    assert endpoints_of(service(type="ExternalName", clusterIP=None)) == []
