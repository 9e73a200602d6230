"""Endpoints of services: target groups with what is routed to them, classic load balancers,
VPC Lattice, Cloud Map and Service Connect. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dashborion.models.workload import Endpoint, EndpointType
from dashborion.orchestrators.ecs import balancer_wire, rollout, wire
from dashborion.orchestrators.ecs.routes import ListenerRoute, Routes, balancers_of

_DEFAULT_PORTS = {"HTTPS": 443, "HTTP": 80}


def endpoints(service: wire.Service, routes: Routes) -> list[Endpoint]:
    """The endpoints of a service, target groups first."""
    balancers = balancers_of(service)
    groups = {
        arn: routes.leading_to(arn, balancer)
        for balancer in balancers
        for arn in routes.live(balancer)
    }
    return [
        *(endpoint for arn, ways in groups.items() for endpoint in _of_group(arn, ways, routes)),
        *_express(routes.express.get(service.service_arn, ())),
        *_classic(service),
        *_lattice(service),
        *_cloud_map(service),
        *_service_connect(service),
    ]


def _of_group(arn: str, ways: list[ListenerRoute], routes: Routes) -> list[Endpoint]:
    """An endpoint for each route to a target group, or one for the group itself."""
    group = routes.groups.get(arn)
    states = routes.health.get(arn)
    registered = None if states is None else list(map(_state, filter(_is_registered, states)))
    parts_of_arn = arn.split("/")
    name = group.target_group_name if group else ""
    unrouted = ListenerRoute(None, group.protocol if group else None, group.port if group else None)
    return [
        Endpoint(
            type=EndpointType.TARGET_GROUP,
            name=_with_conditions(name or parts_of_arn[1 if len(parts_of_arn) > 1 else 0], route),
            address=route.balancer,
            port=route.port,
            protocol=route.protocol or (group.protocol if group else None),
            url=_url(route),
            healthy=None if registered is None else registered.count("healthy"),
            total=None if registered is None else len(registered),
        )
        for route in ways or [unrouted]
    ]


def _with_conditions(name: str, route: ListenerRoute) -> str:
    return f"{name} ({', '.join(route.conditions)})" if route.conditions else name


def _state(target: balancer_wire.TargetHealth) -> str:
    return target.target_health.state


def _is_registered(target: balancer_wire.TargetHealth) -> bool:
    """Whether a target is one to send traffic to: not on its way out (``draining``,
    ``unhealthy.draining``), nor ``unused`` by any listener or zone.
    """
    return _state(target) != "unused" and not _state(target).endswith("draining")


def _url(route: ListenerRoute) -> str | None:
    host, protocol = route.host or route.balancer, route.protocol
    if not host or "*" in host or "?" in host or protocol not in _DEFAULT_PORTS:
        return None
    port = "" if route.port in (None, _DEFAULT_PORTS[protocol]) else f":{route.port}"
    path = route.path or "/"
    return f"{protocol.lower()}://{host}{port}{path if path.startswith('/') else f'/{path}'}"


def _express(paths: Iterable[wire.IngressPath]) -> Iterator[Endpoint]:
    """The addresses that ECS has made for a service of Express mode, each once."""
    for one in dict.fromkeys(paths):
        host = one.endpoint.removeprefix("https://").rstrip("/")
        yield Endpoint(
            type=EndpointType.LOAD_BALANCER,
            name=f"express ({one.access_type.lower()})",
            address=host,
            port=_DEFAULT_PORTS["HTTPS"],
            protocol="HTTPS",
            url=f"https://{host}/",
        )


def _classic(service: wire.Service) -> Iterator[Endpoint]:
    for balancer in balancers_of(service):
        if balancer.load_balancer_name:
            yield Endpoint(type=EndpointType.LOAD_BALANCER, name=balancer.load_balancer_name)


def _lattice(service: wire.Service) -> Iterator[Endpoint]:
    """The target groups of VPC Lattice; ECS does not say what is routed to them."""
    newest = rollout.primary(service)
    for item in newest.vpc_lattice_configurations if newest else ():
        if item.target_group_arn:
            name = wire.arn_name(item.target_group_arn)
            yield Endpoint(type=EndpointType.TARGET_GROUP, name=name)


def _cloud_map(service: wire.Service) -> Iterator[Endpoint]:
    """The services of Cloud Map; ECS knows their ids, Cloud Map their names."""
    of_sets = [item for task_set in service.task_sets for item in task_set.service_registries]
    for item in dict.fromkeys([*service.service_registries, *of_sets]):
        if item.registry_arn:
            yield Endpoint(
                type=EndpointType.SERVICE,
                name=wire.arn_name(item.registry_arn),
                port=item.port or item.container_port,
            )


def _service_connect(service: wire.Service) -> Iterator[Endpoint]:
    """The names under which Service Connect offers a service to its namespace."""
    newest = rollout.primary(service)
    configuration = newest.service_connect_configuration if newest else None
    if configuration is None or not configuration.enabled:
        return
    for offered in configuration.services:
        name = offered.discovery_name or offered.port_name
        for alias in offered.client_aliases or [wire.ClientAlias()]:
            yield Endpoint(
                type=EndpointType.SERVICE_CONNECT,
                name=name,
                address=alias.dns_name or _in_namespace(name, configuration.namespace),
                port=alias.port,
            )


def _in_namespace(name: str, namespace: str | None) -> str | None:
    """The DNS name that AWS makes if none is given; None where only the namespace's ARN is known.

    That ends in an id, which is not the name.
    """
    if namespace and namespace.startswith("arn:"):
        return None
    return f"{name}.{namespace}" if namespace else name
