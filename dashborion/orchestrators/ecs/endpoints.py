"""The ways in: target groups and the hosts routed to them, classic balancers, Service Connect.

``routes`` asks, in as many rounds as AWS makes necessary; the rest is pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from dashborion.concurrency import every
from dashborion.errors import Forbidden
from dashborion.models.endpoint import Endpoint, EndpointType
from dashborion.orchestrators.aws.errors import Refused
from dashborion.orchestrators.ecs import wire
from dashborion.orchestrators.ecs.client import Client

T = TypeVar("T")

_SECURE = frozenset({"HTTPS", "TLS"})


@dataclass(frozen=True)
class Route:
    """A listener, with the host that its rule asks for (None for any)."""

    balancer: str | None
    protocol: str | None
    port: int | None
    host: str | None = None


@dataclass(frozen=True)
class Routes:
    """Target groups by ARN, and the routes that lead to each."""

    groups: Mapping[str, wire.TargetGroup] = field(default_factory=dict)
    routes: Mapping[str, list[Route]] = field(default_factory=dict)
    health: Mapping[str, list[wire.TargetHealth]] = field(default_factory=dict)


def routes(client: Client, services: Iterable[wire.Service], *, health: bool = False) -> Routes:
    """Everything between the outside and these services' target groups.

    Whoever may not see load balancers gets what he may, and a warning.
    """
    arns = {arn for service in services for arn in target_groups(service)}
    if not arns:
        return Routes()
    known: dict[str, list[wire.TargetHealth]] = {}
    leading: dict[str, list[Route]] = {}
    groups: list[wire.TargetGroup] = []
    groups = _or_warn(client, partial(client.target_groups, arns), groups)
    found = {one.target_group_arn: one for one in groups}
    if health:
        known = _or_warn(client, partial(_health, client, found), known)
    leading = _or_warn(client, partial(_leading, client, groups), leading)
    return Routes(found, leading, known)


def _or_warn(client: Client, ask: Callable[[], T], otherwise: T) -> T:
    """The answer, or without the right to it, or when it has been deleted since, a warning."""
    try:
        return ask()
    except (Forbidden, Refused) as error:
        client.aws.runtime.warn(error)
        return otherwise


def _health(client: Client, arns: Iterable[str]) -> dict[str, list[wire.TargetHealth]]:
    asked = {arn: partial(client.target_health, arn) for arn in arns}
    return dict(zip(asked, every(asked.values(), client.aws.runtime.deadline), strict=True))


def _leading(client: Client, groups: Iterable[wire.TargetGroup]) -> dict[str, list[Route]]:
    arns = {arn for group in groups for arn in group.load_balancer_arns}
    if not arns:
        return {}
    names = {one.load_balancer_arn: one.dns_name for one in client.balancers(arns)}
    listeners = client.listeners(arns)
    asked = [partial(client.rules, one.listener_arn) for one in listeners]
    found: dict[str, list[Route]] = {}
    for listener, rules in zip(listeners, every(asked, client.aws.runtime.deadline), strict=True):
        balancer = names.get(listener.load_balancer_arn)
        plain = Route(balancer, listener.protocol, listener.port)
        for rule in rules or [wire.Rule(actions=listener.default_actions)]:
            hosts: list[str | None] = [*_hosts(rule)] or [None]
            for group in _targets(rule):
                found.setdefault(group, []).extend(
                    Route(plain.balancer, plain.protocol, plain.port, host) for host in hosts
                )
    return {group: list(dict.fromkeys(routes)) for group, routes in found.items()}


def _targets(rule: wire.Rule) -> list[str]:
    arns: dict[str, None] = {}
    for action in rule.actions:
        if action.target_group_arn:
            arns[action.target_group_arn] = None
        for one in action.forward_config.target_groups if action.forward_config else ():
            if one.target_group_arn:
                arns[one.target_group_arn] = None
    return list(arns)


def _hosts(rule: wire.Rule) -> list[str]:
    """Hosts of a rule's conditions, which stand in one of two places, or in both."""
    hosts: dict[str, None] = {}
    for condition in rule.conditions:
        if condition.field == "host-header":
            given = condition.host_header_config.values if condition.host_header_config else []
            hosts.update(dict.fromkeys([*condition.values, *given]))
    return list(hosts)


def target_groups(service: wire.Service) -> list[str]:
    """The ARNs of a service's target groups, its task sets' included."""
    balancers = [*service.load_balancers]
    for one in service.task_sets:
        balancers += one.load_balancers
    return list(dict.fromkeys(one.target_group_arn for one in balancers if one.target_group_arn))


def endpoints(service: wire.Service, known: Routes) -> list[Endpoint]:
    """A service's ways in, target groups first."""
    found = [
        endpoint for arn in target_groups(service) for endpoint in _of_target_group(arn, known)
    ]
    for balancer in service.load_balancers:
        if balancer.load_balancer_name:
            classic = EndpointType.LOAD_BALANCER
            found.append(Endpoint(type=classic, name=balancer.load_balancer_name))
    return found + _service_connect(service)


def _of_target_group(arn: str, known: Routes) -> list[Endpoint]:
    group = known.groups.get(arn)
    states = known.health.get(arn)
    name = group.target_group_name if group else arn.split("/")[1] if "/" in arn else arn
    return [
        Endpoint(
            type=EndpointType.TARGET_GROUP,
            name=name,
            address=route.balancer,
            port=route.port,
            protocol=route.protocol or (group.protocol if group else None),
            url=_url(route),
            healthy=sum(_is_healthy(one) for one in states) if states is not None else None,
            total=len(states) if states is not None else None,
        )
        for route in dict.fromkeys(known.routes.get(arn, ()))
        or [Route(None, group.protocol if group else None, group.port if group else None)]
    ]


def _is_healthy(one: wire.TargetHealth) -> bool:
    return one.target_health.state == "healthy"


def _url(route: Route) -> str | None:
    host = route.host or route.balancer
    if not host or "*" in host or route.protocol not in ("HTTP", "HTTPS"):
        return None
    scheme = "https" if route.protocol in _SECURE else "http"
    usual = {"https": 443, "http": 80}[scheme]
    port = "" if route.port in (None, usual) else f":{route.port}"
    return f"{scheme}://{host}{port}/"


def _in_namespace(name: str, namespace: str | None) -> str:
    """The name that AWS makes where none is given; a namespace may be named by its ARN."""
    return f"{name}.{namespace.rsplit('/', 1)[-1]}" if namespace else name


def _service_connect(service: wire.Service) -> list[Endpoint]:
    """The names under which Service Connect offers a service to its namespace."""
    found = []
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
