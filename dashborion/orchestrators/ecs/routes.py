"""The ways from the outside to target groups: load balancers, their listeners and rules.

Each call to Elastic Load Balancing that is not answered costs what it is about, and a warning.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from dashborion.errors import DashborionError
from dashborion.orchestrators.aws.client import AwsClient, api_name, convert
from dashborion.orchestrators.aws.errors import Refused
from dashborion.orchestrators.aws.parts import Tell, decoded, part, parts
from dashborion.orchestrators.ecs import balancer_wire, wire
from dashborion.orchestrators.ecs.client import Client

T = TypeVar("T")

ARNS_A_CALL = 20
# The operation that gives objects of a type, its answer's key, and what they are asked for by:
# their own ARNs, or the ARN of the object that they belong to.
_CALLS: dict[type[Any], tuple[str, str, str]] = {
    balancer_wire.TargetGroup: ("describe_target_groups", "TargetGroups", "TargetGroupArns"),
    balancer_wire.TargetHealth: (
        "describe_target_health",
        "TargetHealthDescriptions",
        "TargetGroupArn",
    ),
    balancer_wire.Balancer: ("describe_load_balancers", "LoadBalancers", "LoadBalancerArns"),
    balancer_wire.Listener: ("describe_listeners", "Listeners", "LoadBalancerArn"),
    balancer_wire.Rule: ("describe_rules", "Rules", "ListenerArn"),
}


@dataclass(frozen=True)
class ListenerRoute:
    """A listener of a load balancer, and what its rule asks for; None is anything.

    ``conditions`` are those that no URL can hold. ``rules`` are the ARNs by which the way may
    be called the production traffic's: the rule's and the listener's.
    """

    balancer: str | None
    protocol: str | None
    port: int | None
    host: str | None = None
    path: str | None = None
    conditions: tuple[str, ...] = ()
    rules: tuple[str, ...] = field(default=(), compare=False)


class Routes(Struct, frozen=True):
    """By the ARN of a target group: the group, the routes that lead to it, its targets' health.

    ``gone`` are the ARNs of groups that were deleted, though rules may still name them.
    ``express`` are the addresses of services of Express mode, by the ARN of the service.
    """

    groups: Mapping[str, balancer_wire.TargetGroup] = {}
    routes: Mapping[str, list[ListenerRoute]] = {}
    health: Mapping[str, list[balancer_wire.TargetHealth]] = {}
    gone: frozenset[str] = frozenset()
    express: Mapping[str, list[wire.IngressPath]] = {}

    def live(self, balancer: wire.LoadBalancer) -> list[str]:
        """The ARNs of those of its target groups that get production traffic now.

        Of two groups those that a route leads to; the first one if that is not known.
        """
        arns = [arn for arn in target_groups_of(balancer) if arn not in self.gone]
        return [arn for arn in arns if self.leading_to(arn, balancer)] or arns[:1]

    def leading_to(self, arn: str, balancer: wire.LoadBalancer) -> list[ListenerRoute]:
        """The routes to a target group, of blue/green services those of production traffic."""
        advanced = balancer.advanced_configuration
        rule = advanced.production_listener_rule if advanced else None
        found = self.routes.get(arn, [])
        return list(dict.fromkeys(way for way in found if not rule or rule in way.rules))


def target_groups_of(balancer: wire.LoadBalancer) -> list[str]:
    """The ARNs of a target group and of its blue/green alternate."""
    advanced = balancer.advanced_configuration
    other = advanced.alternate_target_group_arn if advanced else None
    return list(dict.fromkeys(arn for arn in (balancer.target_group_arn, other) if arn))


def balancers_of(service: wire.Service) -> list[wire.LoadBalancer]:
    """The load balancers of a service and of its task sets, each once."""
    of_sets = [balancer for task_set in service.task_sets for balancer in task_set.load_balancers]
    return list(dict.fromkeys([*service.load_balancers, *of_sets]))


# --- Rules --------------------------------------------------------------------------------------


def rule_target_groups(rule: balancer_wire.Rule) -> list[str]:
    """The ARNs of the target groups that a rule sends traffic to: those of weight 0 get none."""
    arns: dict[str | None, None] = {}
    for action in rule.actions:
        weighted = action.forward_config.target_groups if action.forward_config else []
        idle = {target.target_group_arn for target in weighted if target.weight == 0}
        if action.target_group_arn not in idle:
            arns[action.target_group_arn] = None
        arns.update((one.target_group_arn, None) for one in weighted if one.weight != 0)
    return list(filter(None, arns))


def ways(rule: balancer_wire.Rule) -> list[tuple[str | None, str | None, tuple[str, ...]]]:
    """Each host with each path that a rule asks for, None for any, and its other conditions."""
    hosts: dict[str | None, None] = {}
    paths: dict[str | None, None] = {}
    others: list[str] = []
    for condition in rule.conditions:
        in_url, config = {
            "host-header": (hosts, condition.host_header_config),
            "path-pattern": (paths, condition.path_pattern_config),
        }.get(condition.field or "", (None, None))
        if in_url is None:
            others += _condition(condition)
            continue
        in_url.update(dict.fromkeys([*condition.values, *(config.values if config else ())]))
        if config and config.regex_values:
            others.append(
                f"{(condition.field or '').partition('-')[0]} ~ {_any(config.regex_values)}"
            )
    return [(host, path, tuple(others)) for host, path in product(hosts or [None], paths or [None])]


def _condition(condition: balancer_wire.RuleCondition) -> Iterator[str]:
    """A condition that has no place in a host or path, as text."""
    header, query = condition.http_header_config, condition.query_string_config
    method, source = condition.http_request_method_config, condition.source_ip_config
    if header:
        sign, values = ("=", header.values) if header.values else (" ~ ", header.regex_values)
        yield f"header {header.http_header_name}{sign}{_any(values)}"
    elif query:
        pairs = ["=".join(filter(None, (pair.key, pair.value))) for pair in query.values]
        yield f"query {_any(pairs)}"
    elif method:
        yield f"method {_any(method.values)}"
    elif source:
        yield f"source {_any(source.values)}"
    elif condition.field:
        yield f"{condition.field} {_any(condition.values)}".rstrip()


def _any(values: Iterable[str]) -> str:
    return " or ".join(values)


# --- Calls --------------------------------------------------------------------------------------


def routes(
    client: Client,
    services: Iterable[wire.Service],
    *,
    health: bool = False,
    tell: Tell | None = None,
) -> Routes:
    """Everything between the outside and these services' target groups.

    What cannot be had is left out, with a warning, or whatever ``tell`` does.
    """
    aws, tell, services = client.aws, tell or client.aws.runtime.warn, list(services)
    express = _express(aws, [one.service_arn for one in services if one.is_express], tell)
    balancers = [balancer for service in services for balancer in balancers_of(service)]
    arns = {arn for balancer in balancers for arn in target_groups_of(balancer)}
    if not arns:
        return Routes(express=express)
    lost: list[DashborionError] = []
    listed = _by_arn(aws, balancer_wire.TargetGroup, arns, lost.append)
    groups = {group.target_group_arn: group for group in listed}
    is_told = all(isinstance(error, Refused) for error in lost)
    for error in lost:
        tell(error)
    known = Routes(
        groups,
        _routes_to(aws, groups.values(), tell),
        gone=frozenset(arns - groups.keys() if is_told else ()),
        express=express,
    )
    if not health:
        return known
    live = [arn for balancer in balancers for arn in known.live(balancer)]
    shown = [arn for arn in dict.fromkeys(live) if arn in groups]
    return replace(known, health=health_of(client, shown, tell))


def _express(aws: AwsClient, arns: Sequence[str], tell: Tell) -> dict[str, list[wire.IngressPath]]:
    """The addresses of services of Express mode, by their ARN, one call each."""
    name = "describe_express_gateway_service"
    calls = [partial(aws.call, "ecs", name, serviceArn=arn) for arn in arns]
    answers = parts(calls, aws.runtime.deadline, tell)
    paths = {}
    for arn, answer in zip(arns, answers, strict=True):
        if answer is not None:
            told = convert(wire.ExpressService, answer.get("service"), f"ecs:{name}")
            configured = told.active_configurations
            paths[arn] = [path for one in configured for path in one.ingress_paths]
    return paths


def health_of(
    client: Client, groups: Iterable[str], tell: Tell
) -> dict[str, list[balancer_wire.TargetHealth]]:
    """The targets by the ARN of their group, one call each; without what cannot be had."""
    arns = list(dict.fromkeys(groups))
    states = zip(arns, _of_each(client.aws, balancer_wire.TargetHealth, arns, tell), strict=True)
    return {arn: targets for arn, targets in states if targets is not None}


def _routes_to(
    aws: AwsClient, groups: Iterable[balancer_wire.TargetGroup], tell: Tell
) -> dict[str, list[ListenerRoute]]:
    """Routes by the ARN of the target group that they lead to."""
    arns = sorted({arn for group in groups for arn in group.load_balancer_arns if arn})
    balancers = _by_arn(aws, balancer_wire.Balancer, arns, tell)
    dns_names = {balancer.load_balancer_arn: balancer.dns_name for balancer in balancers}
    listed = _of_each(aws, balancer_wire.Listener, arns, tell)
    listeners = [listener for of_balancer in listed for listener in of_balancer or ()]
    named = [listener.listener_arn for listener in listeners]
    rules_of = _of_each(aws, balancer_wire.Rule, named, tell)
    routes: dict[str, list[ListenerRoute]] = {}
    for listener, rules in zip(listeners, rules_of, strict=True):
        balancer = dns_names.get(listener.load_balancer_arn)
        for rule in rules or [balancer_wire.Rule(actions=listener.default_actions)]:
            called = tuple(filter(None, (rule.rule_arn, listener.listener_arn)))
            leading = [
                ListenerRoute(balancer, listener.protocol, listener.port, *way, rules=called)
                for way in ways(rule)
            ]
            for group in rule_target_groups(rule):
                routes.setdefault(group, []).extend(leading)
    return routes


def _by_arn(aws: AwsClient, type_: type[T], arns: Iterable[str], tell: Tell) -> list[T]:
    """The objects of these ARNs, but for those that are gone or may not be read."""
    operation, key, argument = _CALLS[type_]
    ask = partial(
        aws.batched, "elbv2", operation, key,
        argument=argument, names=arns, size=ARNS_A_CALL, tell=tell,
    )  # fmt: skip
    return _converted(type_, part(ask, tell) or [], tell)


def _of_each(
    aws: AwsClient, type_: type[T], owners: Iterable[str], tell: Tell
) -> list[list[T] | None]:
    """What belongs to each of the owners, by their ARNs; None if that cannot be had."""
    operation, key, argument = _CALLS[type_]
    ask: Any = partial(aws.listed, "elbv2", operation, key, token=("Marker", "NextMarker"))
    calls = [partial(ask, **{argument: arn}) for arn in owners]
    answers = parts(calls, aws.runtime.deadline, tell)
    return [None if items is None else _converted(type_, items, tell) for items in answers]


def _converted(type_: type[T], items: list[Any], tell: Tell) -> list[T]:
    name = api_name("elbv2", _CALLS[type_][0])
    ask = partial(decoded, type_, items, name, tell)
    return [item for item, _ in part(ask, tell) or ()]
