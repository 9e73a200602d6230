"""Ways in: target groups with the hosts routed to them, classic balancers, Service Connect."""

from __future__ import annotations

from typing import Any

import pytest

from dashborion.models.workload import Endpoint, EndpointType
from dashborion.orchestrators.ecs import wire
from dashborion.orchestrators.ecs.endpoints import (
    Route,
    Routes,
    endpoints,
    hosts,
    rule_target_groups,
)
from tests.unit.ecs.raw_ecs import ELB, convert, deployment, service

GROUP = f"{ELB}:targetgroup/web/0123456789abcdef"
BALANCER = "public-1.eu-west-3.elb.amazonaws.com"
BEHIND = [{"targetGroupArn": GROUP, "containerName": "app", "containerPort": 8080}]


def known_routes(*leading: Route, health: list[str] | None = None) -> Routes:
    group = {"TargetGroupArn": GROUP, "TargetGroupName": "web", "Protocol": "HTTP", "Port": 8080}
    states = [
        convert(wire.TargetHealth, {"Target": {"Id": "10.0.0.7"}, "TargetHealth": {"State": state}})
        for state in health or ()
    ]
    return Routes(
        {GROUP: convert(wire.TargetGroup, group)},
        {GROUP: list(leading)},
        {} if health is None else {GROUP: states},
    )


def only_endpoint(ways: Routes, **change: Any) -> Endpoint:
    (found,) = endpoints(service(loadBalancers=BEHIND, **change), ways)
    return found


@pytest.mark.parametrize(
    ("route", "url"),
    [
        pytest.param(Route(BALANCER, "HTTPS", 443, "a.test"), "https://a.test/", id="a host"),
        pytest.param(Route(BALANCER, "HTTPS", 443), f"https://{BALANCER}/", id="no host"),
        pytest.param(Route(BALANCER, "HTTP", 80), f"http://{BALANCER}/", id="plain"),
        pytest.param(Route(BALANCER, "HTTPS", 8443, "a.test"), "https://a.test:8443/", id="a port"),
        pytest.param(Route(BALANCER, "HTTP", 443, "a.test"), "http://a.test:443/", id="odd port"),
        pytest.param(Route(BALANCER, "HTTPS", 443, "*.a.test"), None, id="a wildcard"),
        pytest.param(Route(BALANCER, "TCP", 5432), None, id="not the web"),
        pytest.param(Route(BALANCER, "TLS", 443), None, id="encrypted, not the web"),
        pytest.param(Route(None, "HTTP", 80), None, id="an unknown balancer"),
    ],
)
def test_the_url_of_a_listener(route: Route, url: str | None) -> None:
    found = only_endpoint(known_routes(route))
    assert (found.url, found.address, found.port) == (url, route.balancer, route.port)
    assert (found.type, found.name) == (EndpointType.TARGET_GROUP, "web")
    assert found.protocol == route.protocol


def test_a_group_without_a_listener_is_shown_as_it_is() -> None:
    found = only_endpoint(known_routes())
    assert (found.address, found.port, found.protocol, found.url) == (None, 8080, "HTTP", None)


def test_a_group_that_nobody_may_see_has_the_name_in_its_arn() -> None:
    found = only_endpoint(Routes())
    assert (found.name, found.address, found.url) == ("web", None, None)


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        pytest.param(["healthy", "healthy"], (2, 2), id="all"),
        pytest.param(["healthy", "unhealthy", "draining", "initial"], (1, 4), id="one of four"),
        pytest.param([], (0, 0), id="none registered"),
        pytest.param(None, (None, None), id="nobody asked"),
    ],
)
def test_the_healthy_targets_are_counted(
    states: list[str] | None, expected: tuple[int | None, int | None]
) -> None:
    found = only_endpoint(known_routes(Route(BALANCER, "HTTPS", 443), health=states))
    assert (found.healthy, found.total) == expected


def test_several_hosts_are_several_ways_in() -> None:
    routes = [Route(BALANCER, "HTTPS", 443, host) for host in ("a.test", "b.test")]
    found = endpoints(service(loadBalancers=BEHIND), known_routes(*routes))
    assert [one.url for one in found] == ["https://a.test/", "https://b.test/"]


def test_rules_that_differ_by_their_paths_are_one_way_in() -> None:
    route = Route(BALANCER, "HTTPS", 443, "a.test")
    assert len(endpoints(service(loadBalancers=BEHIND), known_routes(route, route))) == 1


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        pytest.param({"Field": "host-header", "Values": ["a"]}, ["a"], id="its values"),
        pytest.param(
            {"Field": "host-header", "HostHeaderConfig": {"Values": ["a"]}}, ["a"], id="its config"
        ),
        pytest.param(
            {"Field": "host-header", "Values": ["a"], "HostHeaderConfig": {"Values": ["a", "b"]}},
            ["a", "b"],
            id="both",
        ),
        pytest.param({"Field": "path-pattern", "Values": ["/x"]}, [], id="a path"),
    ],
)
def test_hosts_stand_in_either_of_two_places(
    condition: dict[str, Any], expected: list[str]
) -> None:
    assert hosts(convert(wire.Rule, {"Conditions": [condition], "Actions": []})) == expected


@pytest.mark.parametrize(
    ("action", "groups"),
    [
        pytest.param({"TargetGroupArn": "a"}, ["a"], id="one"),
        pytest.param(
            {"ForwardConfig": {"TargetGroups": [{"TargetGroupArn": "a"}, {"TargetGroupArn": "b"}]}},
            ["a", "b"],
            id="weighted",
        ),
        pytest.param(
            {"TargetGroupArn": "a", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": "a"}]}},
            ["a"],
            id="said twice",
        ),
        pytest.param({}, [], id="somewhere else"),
    ],
)
def test_the_target_groups_of_a_rule(action: dict[str, Any], groups: list[str]) -> None:
    rule = convert(wire.Rule, {"Actions": [{"Type": "forward", **action}]})
    assert rule_target_groups(rule) == groups


def test_a_classic_load_balancer_is_a_name() -> None:
    balancers = [{"loadBalancerName": "classic", "containerName": "app", "containerPort": 80}]
    (found,) = endpoints(service(loadBalancers=balancers), Routes())
    assert (found.type, found.name) == (EndpointType.LOAD_BALANCER, "classic")


def connected(*offered: dict[str, Any], enabled: bool = True, **more: Any) -> wire.Service:
    configuration = {"enabled": enabled, "namespace": "home", "services": list(offered)}
    return service(deployments=[deployment(serviceConnectConfiguration=configuration, **more)])


@pytest.mark.parametrize(
    ("offered", "expected"),
    [
        pytest.param(
            {"portName": "http", "clientAliases": [{"port": 80, "dnsName": "web.home"}]},
            [("http", "web.home", 80)],
            id="a name",
        ),
        pytest.param(
            {"portName": "http", "discoveryName": "web", "clientAliases": [{"port": 80}]},
            [("web", "web.home", 80)],
            id="no name: AWS makes it of discovery name and namespace",
        ),
        pytest.param(
            {
                "portName": "http",
                "clientAliases": [{"port": 80, "dnsName": "a"}, {"port": 81, "dnsName": "b"}],
            },
            [("http", "a", 80), ("http", "b", 81)],
            id="two",
        ),
        pytest.param({"portName": "http"}, [], id="none"),
    ],
)
def test_the_endpoints_of_service_connect(
    offered: dict[str, Any], expected: list[tuple[str, str | None, int | None]]
) -> None:
    found = endpoints(connected(offered), Routes())
    assert [(one.name, one.address, one.port) for one in found] == expected
    assert {one.type for one in found} <= {EndpointType.SERVICE_CONNECT}


@pytest.mark.parametrize(
    "more", [{"enabled": False}, {"status": "ACTIVE"}], ids=["switched off", "of the one before"]
)
def test_service_connect_counts_on_the_primary_where_it_is_on(more: dict[str, Any]) -> None:
    offered = {"portName": "http", "clientAliases": [{"port": 80, "dnsName": "web.home"}]}
    assert endpoints(connected(offered, **more), Routes()) == []
