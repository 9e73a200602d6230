"""Endpoints of services: target groups with the hosts routed to them, classic load balancers,
and Service Connect. Pure; ``load_balancers`` asks for the routes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dashborion.models.workload import Endpoint, EndpointType
from dashborion.orchestrators.ecs import wire


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
