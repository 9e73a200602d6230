"""Endpoints of services: target groups with the hosts routed to them, classic load balancers,
and Service Connect; and the calls to Elastic Load Balancing that find the routes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from dashborion.concurrency import every
from dashborion.models.workload import Endpoint, EndpointType
from dashborion.orchestrators.aws.client import AwsClient, convert
from dashborion.orchestrators.ecs import wire
from dashborion.orchestrators.ecs.client import Client

T = TypeVar("T")

ARNS_A_CALL = 20
# The operation that gives objects of a type, its answer's key, and what they are asked for by:
# their own ARNs, or the ARN of the object that they belong to.
_CALLS: dict[type[Any], tuple[str, str, str]] = {
    wire.TargetGroup: ("describe_target_groups", "TargetGroups", "TargetGroupArns"),
    wire.TargetHealth: ("describe_target_health", "TargetHealthDescriptions", "TargetGroupArn"),
    wire.Balancer: ("describe_load_balancers", "LoadBalancers", "LoadBalancerArns"),
    wire.Listener: ("describe_listeners", "Listeners", "LoadBalancerArn"),
    wire.Rule: ("describe_rules", "Rules", "ListenerArn"),
}


@dataclass(frozen=True)
class Route:
    """A listener of a load balancer, and the host that its rule asks for; None is any host."""

    balancer: str | None
    protocol: str | None
    port: int | None
    host: str | None = None


@dataclass(frozen=True)
class Routes:
    """By the ARN of a target group: the group, the routes that lead to it, its targets' health."""

    groups: Mapping[str, wire.TargetGroup] = field(default_factory=dict)
    routes: Mapping[str, list[Route]] = field(default_factory=dict)
    health: Mapping[str, list[wire.TargetHealth]] = field(default_factory=dict)


def rule_target_groups(rule: wire.Rule) -> list[str]:
    """The ARNs of the target groups that a rule forwards to."""
    arns: dict[str | None, None] = {}
    for action in rule.actions:
        arns[action.target_group_arn] = None
        for target in action.forward_config.target_groups if action.forward_config else ():
            arns[target.target_group_arn] = None
    return list(filter(None, arns))


def hosts(rule: wire.Rule) -> list[str]:
    """The hosts of a rule's conditions, which stand in one of two places, or in both."""
    names: dict[str, None] = {}
    for condition in rule.conditions:
        if condition.field == "host-header":
            config = condition.host_header_config
            names.update(dict.fromkeys([*condition.values, *(config.values if config else [])]))
    return list(names)


def target_groups(service: wire.Service) -> list[str]:
    """The ARNs of the target groups of a service and of its task sets."""
    balancers = [*service.load_balancers]
    for task_set in service.task_sets:
        balancers += task_set.load_balancers
    return list(dict.fromkeys(item.target_group_arn for item in balancers if item.target_group_arn))


def endpoints(service: wire.Service, routes: Routes) -> list[Endpoint]:
    """The endpoints of a service, target groups first."""
    groups = [
        endpoint for arn in target_groups(service) for endpoint in _of_target_group(arn, routes)
    ]
    classic = [
        Endpoint(type=EndpointType.LOAD_BALANCER, name=balancer.load_balancer_name)
        for balancer in service.load_balancers
        if balancer.load_balancer_name
    ]
    return [*groups, *classic, *_service_connect(service)]


def _of_target_group(arn: str, routes: Routes) -> list[Endpoint]:
    """An endpoint for each route to a target group, or one for the group itself."""
    group = routes.groups.get(arn)
    states = routes.health.get(arn)
    name = group.target_group_name if group else arn.split("/")[1] if "/" in arn else arn
    unrouted = Route(None, group.protocol if group else None, group.port if group else None)
    return [
        Endpoint(
            type=EndpointType.TARGET_GROUP,
            name=name,
            address=route.balancer,
            port=route.port,
            protocol=route.protocol or (group.protocol if group else None),
            url=_url(route),
            healthy=sum(map(_is_healthy, states)) if states is not None else None,
            total=len(states) if states is not None else None,
        )
        for route in dict.fromkeys(routes.routes.get(arn, ())) or [unrouted]
    ]


def _is_healthy(target: wire.TargetHealth) -> bool:
    return target.target_health.state == "healthy"


def _url(route: Route) -> str | None:
    host = route.host or route.balancer
    if not host or "*" in host or route.protocol not in ("HTTP", "HTTPS"):
        return None
    scheme = route.protocol.lower()
    default_port = {"https": 443, "http": 80}[scheme]
    port = "" if route.port in (None, default_port) else f":{route.port}"
    return f"{scheme}://{host}{port}/"


def _service_connect(service: wire.Service) -> list[Endpoint]:
    """The names under which Service Connect offers a service to its namespace."""
    found: list[Endpoint] = []
    for deployment in service.deployments:
        configuration = deployment.service_connect_configuration
        if deployment.status != "PRIMARY" or not configuration or not configuration.enabled:
            continue
        for offered in configuration.services:
            name = offered.discovery_name or offered.port_name
            found += [
                Endpoint(
                    type=EndpointType.SERVICE_CONNECT,
                    name=name,
                    address=alias.dns_name or _in_namespace(name, configuration.namespace),
                    port=alias.port,
                )
                for alias in offered.client_aliases
            ]
    return found


def _in_namespace(name: str, namespace: str | None) -> str:
    """The DNS name that AWS makes if none is given; a namespace may be named by its ARN."""
    return f"{name}.{wire.arn_name(namespace)}" if namespace else name


# --- Calls --------------------------------------------------------------------------------------


def routes(client: Client, services: Iterable[wire.Service], *, health: bool = False) -> Routes:
    """Everything between the outside and these services' target groups.

    What the credentials may not read is left out, with a warning.
    """
    aws, arns = client.aws, {arn for service in services for arn in target_groups(service)}
    if not arns:
        return Routes()
    ask = partial(_by_arn, aws, wire.TargetGroup, arns)
    groups = {group.target_group_arn: group for group in aws.optional(ask) or ()}
    states = aws.optional(partial(_health, aws, list(groups))) if health else None
    by_group = aws.optional(partial(_routes_to, aws, groups.values()))
    return Routes(groups, by_group or {}, states or {})


def _health(aws: AwsClient, groups: Sequence[str]) -> dict[str, list[wire.TargetHealth]]:
    """The health of targets by the ARN of their group."""
    return dict(zip(groups, _of_each(aws, wire.TargetHealth, groups), strict=True))


def _routes_to(aws: AwsClient, groups: Iterable[wire.TargetGroup]) -> dict[str, list[Route]]:
    """Routes by the ARN of the target group that they lead to."""
    arns = sorted({arn for group in groups for arn in group.load_balancer_arns})
    balancers = _by_arn(aws, wire.Balancer, arns)
    dns_names = {balancer.load_balancer_arn: balancer.dns_name for balancer in balancers}
    found = _of_each(aws, wire.Listener, arns)
    listeners = [listener for of_balancer in found for listener in of_balancer]
    rules_of = _of_each(aws, wire.Rule, [listener.listener_arn for listener in listeners])
    routes: dict[str, list[Route]] = {}
    for listener, rules in zip(listeners, rules_of, strict=True):
        balancer = dns_names.get(listener.load_balancer_arn)
        for rule in rules or [wire.Rule(actions=listener.default_actions)]:
            rule_hosts: list[str | None] = [*hosts(rule)] or [None]
            for group in rule_target_groups(rule):
                routes.setdefault(group, []).extend(
                    Route(balancer, listener.protocol, listener.port, host) for host in rule_hosts
                )
    return routes


def _by_arn(aws: AwsClient, type_: type[T], arns: Iterable[str]) -> list[T]:
    operation, key, argument = _CALLS[type_]
    items = aws.batched("elbv2", operation, key, argument=argument, names=arns, size=ARNS_A_CALL)
    return [convert(type_, item) for item in items]


def _of_each(aws: AwsClient, type_: type[T], owners: Iterable[str]) -> list[list[T]]:
    """What belongs to each of the owners, by their ARNs; asked for side by side."""
    operation, key, argument = _CALLS[type_]
    ask: Any = partial(aws.listed, "elbv2", operation, key, token=("Marker", "NextMarker"))
    answers = every([partial(ask, **{argument: arn}) for arn in owners], aws.runtime.deadline)
    return [[convert(type_, item) for item in items] for items in answers]
