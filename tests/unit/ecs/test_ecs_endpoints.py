"""Ways in: target groups with the hosts routed to them, classic balancers, Service Connect."""

from __future__ import annotations

from typing import Any

import pytest

from dashborion.models.workload import Endpoint, EndpointType
from dashborion.orchestrators.ecs import balancer_wire, wire
from dashborion.orchestrators.ecs.endpoints import endpoints
from dashborion.orchestrators.ecs.routes import ListenerRoute as Route
from dashborion.orchestrators.ecs.routes import Routes, rule_target_groups, ways
from tests.unit.ecs.raw_ecs import ELB, convert, deployment, service

GROUP = f"{ELB}:targetgroup/web/0123456789abcdef"
BALANCER = "public-1.eu-west-3.elb.amazonaws.com"
BEHIND = [{"targetGroupArn": GROUP, "containerName": "app", "containerPort": 8080}]


def known_routes(*leading: Route, health: list[str] | None = None) -> Routes:
    group = {"TargetGroupArn": GROUP, "TargetGroupName": "web", "Protocol": "HTTP", "Port": 8080}
    states = [
        convert(
            balancer_wire.TargetHealth,
            {"Target": {"Id": "10.0.0.7"}, "TargetHealth": {"State": state}},
        )
        for state in health or ()
    ]
    return Routes(
        {GROUP: convert(balancer_wire.TargetGroup, group)},
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
        pytest.param(["healthy", "unhealthy", "initial"], (1, 3), id="one of three"),
        pytest.param(["healthy", "draining", "unhealthy.draining"], (1, 1), id="some are leaving"),
        pytest.param(["healthy", "healthy.draining", "unused"], (1, 1), id="some get no traffic"),
        pytest.param(["unavailable", "flying"], (0, 2), id="states that say nothing of health"),
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


def test_rules_that_say_the_same_are_one_way_in() -> None:
    route = Route(BALANCER, "HTTPS", 443, "a.test")
    assert len(endpoints(service(loadBalancers=BEHIND), known_routes(route, route))) == 1


def test_a_path_is_in_the_url_and_other_conditions_are_told() -> None:
    route = Route(BALANCER, "HTTPS", 443, "a.test", "/api/*", ("header X-Canary=1",))
    found = only_endpoint(known_routes(route))
    assert (found.url, found.name) == ("https://a.test/api/*", "web (header X-Canary=1)")


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        pytest.param(
            {"Field": "host-header", "Values": ["a"]}, [("a", None, ())], id="a host's values"
        ),
        pytest.param(
            {"Field": "host-header", "HostHeaderConfig": {"Values": ["a"]}},
            [("a", None, ())],
            id="a host's config",
        ),
        pytest.param(
            {"Field": "host-header", "Values": ["a"], "HostHeaderConfig": {"Values": ["a", "b"]}},
            [("a", None, ()), ("b", None, ())],
            id="both",
        ),
        pytest.param(
            {"Field": "host-header", "HostHeaderConfig": {"RegexValues": ["a[0-9]"]}},
            [(None, None, ("host ~ a[0-9]",))],
            id="a host by a regular expression",
        ),
        pytest.param(
            {"Field": "path-pattern", "Values": ["/x", "/y"]},
            [(None, "/x", ()), (None, "/y", ())],
            id="paths",
        ),
        pytest.param(
            {
                "Field": "query-string",
                "QueryStringConfig": {"Values": [{"Key": "v", "Value": "2"}, {"Value": "x"}]},
            },
            [(None, None, ("query v=2 or x",))],
            id="a query",
        ),
        pytest.param(
            {
                "Field": "http-header",
                "HttpHeaderConfig": {"HttpHeaderName": "X-Canary", "Values": ["1", "yes"]},
            },
            [(None, None, ("header X-Canary=1 or yes",))],
            id="a header",
        ),
        pytest.param(
            {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["GET"]}},
            [(None, None, ("method GET",))],
            id="a method",
        ),
        pytest.param(
            {"Field": "source-ip", "SourceIpConfig": {"Values": ["10.0.0.0/8"]}},
            [(None, None, ("source 10.0.0.0/8",))],
            id="a source",
        ),
        pytest.param(
            {"Field": "moon-phase", "Values": ["full"]},
            [(None, None, ("moon-phase full",))],
            id="one of tomorrow",
        ),
        pytest.param({}, [(None, None, ())], id="an empty one"),
    ],
)
def test_what_a_rule_asks_for(condition: dict[str, Any], expected: list[Any]) -> None:
    assert ways(convert(balancer_wire.Rule, {"Conditions": [condition], "Actions": []})) == expected


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
        pytest.param(
            {
                "ForwardConfig": {
                    "TargetGroups": [
                        {"TargetGroupArn": "a", "Weight": 0},
                        {"TargetGroupArn": "b", "Weight": 1},
                    ]
                }
            },
            ["b"],
            id="one is idle",
        ),
        pytest.param({}, [], id="somewhere else"),
    ],
)
def test_the_target_groups_of_a_rule(action: dict[str, Any], groups: list[str]) -> None:
    rule = convert(balancer_wire.Rule, {"Actions": [{"Type": "forward", **action}]})
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
        pytest.param({"portName": "http"}, [("http", "http.home", None)], id="none"),
        pytest.param(
            {"portName": "http", "clientAliases": [{}]},
            [("http", "http.home", None)],
            id="an empty one",
        ),
    ],
)
def test_the_endpoints_of_service_connect(
    offered: dict[str, Any], expected: list[tuple[str, str | None, int | None]]
) -> None:
    found = endpoints(connected(offered), Routes())
    assert [(one.name, one.address, one.port) for one in found] == expected
    assert {one.type for one in found} <= {EndpointType.SERVICE_CONNECT}


def test_a_namespace_that_is_known_by_its_arn_alone_makes_no_address() -> None:
    namespace = "arn:aws:servicediscovery:eu-west-3:123456789012:namespace/ns-abc"
    configuration = {"enabled": True, "namespace": namespace, "services": [{"portName": "http"}]}
    connected = service(deployments=[deployment(serviceConnectConfiguration=configuration)])
    assert [(one.name, one.address) for one in endpoints(connected, Routes())] == [("http", None)]


@pytest.mark.parametrize(
    "more", [{"enabled": False}, {"status": "ACTIVE"}], ids=["switched off", "of the one before"]
)
def test_service_connect_counts_on_the_primary_where_it_is_on(more: dict[str, Any]) -> None:
    offered = {"portName": "http", "clientAliases": [{"port": 80, "dnsName": "web.home"}]}
    assert endpoints(connected(offered, **more), Routes()) == []


def test_cloud_map_and_lattice_are_ways_in() -> None:
    lattice = [{"targetGroupArn": "arn:aws:vpc-lattice:eu-west-3:1:targetgroup/tg-07"}]
    registries = [{"registryArn": "arn:aws:servicediscovery:eu-west-3:1:service/srv-4", "port": 80}]
    found = endpoints(
        service(
            serviceRegistries=registries, deployments=[deployment(vpcLatticeConfigurations=lattice)]
        ),
        Routes(),
    )
    assert [(one.type, one.name, one.port) for one in found] == [
        (EndpointType.TARGET_GROUP, "tg-07", None),
        (EndpointType.SERVICE, "srv-4", 80),
    ]


# --- Blue/green ---------------------------------------------------------------------------------

BLUE, GREEN = f"{ELB}:targetgroup/blue/01", f"{ELB}:targetgroup/green/02"
PRODUCTION, TEST = f"{ELB}:listener-rule/app/public/1/2/3", f"{ELB}:listener-rule/app/public/1/4/5"
TWO_COLOURS = [
    {
        "targetGroupArn": BLUE,
        "advancedConfiguration": {
            "alternateTargetGroupArn": GREEN,
            "productionListenerRule": PRODUCTION,
            "testListenerRule": TEST,
        },
    }
]


def leads(rule: str) -> Route:
    return Route(BALANCER, "HTTPS", 443 if rule == PRODUCTION else 8443, rules=(rule,))


@pytest.mark.parametrize(
    ("routes", "shown"),
    [
        pytest.param({BLUE: [leads(PRODUCTION)]}, [("blue", 443)], id="blue is live"),
        pytest.param(
            {GREEN: [leads(PRODUCTION)], BLUE: [leads(TEST)]}, [("green", 443)], id="green is live"
        ),
        pytest.param(
            {BLUE: [leads(PRODUCTION)], GREEN: [leads(PRODUCTION)]},
            [("blue", 443), ("green", 443)],
            id="the traffic is being shifted",
        ),
        pytest.param({}, [("blue", None)], id="nobody may see the rules"),
    ],
)
def test_the_endpoint_is_the_target_group_with_the_production_traffic(
    routes: dict[str, list[Route]], shown: list[tuple[str, int | None]]
) -> None:
    found = endpoints(service(loadBalancers=TWO_COLOURS), Routes(routes=routes))
    assert [(one.name, one.port) for one in found] == shown
