"""Elastic Load Balancing: which listeners and rules lead to services' target groups."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from dashborion.concurrency import every
from dashborion.orchestrators.aws.client import AwsClient, convert
from dashborion.orchestrators.ecs import wire
from dashborion.orchestrators.ecs.client import Client
from dashborion.orchestrators.ecs.endpoints import (
    Route,
    Routes,
    hosts,
    rule_target_groups,
    target_groups,
)

ARNS_A_CALL = 20


def routes(client: Client, services: Iterable[wire.Service], *, health: bool = False) -> Routes:
    """Everything between the outside and these services' target groups.

    What the credentials may not read is left out, with a warning.
    """
    arns = {arn for service in services for arn in target_groups(service)}
    if not arns:
        return Routes()
    aws = client.aws
    groups = aws.optional(partial(_target_groups, aws, arns)) or []
    by_arn = {group.target_group_arn: group for group in groups}
    states = aws.optional(partial(_health, aws, by_arn)) if health else None
    by_group = aws.optional(partial(_routes_to, aws, groups))
    return Routes(by_arn, by_group or {}, states or {})


def _routes_to(aws: AwsClient, groups: Iterable[wire.TargetGroup]) -> dict[str, list[Route]]:
    """Routes by the ARN of the target group that they lead to."""
    arns = {arn for group in groups for arn in group.load_balancer_arns}
    if not arns:
        return {}
    dns_names = {item.load_balancer_arn: item.dns_name for item in _balancers(aws, arns)}
    listeners = _listeners(aws, arns)
    calls = [partial(_rules, aws, listener.listener_arn) for listener in listeners]
    routes: dict[str, list[Route]] = {}
    for listener, rules in zip(listeners, every(calls, aws.runtime.deadline), strict=True):
        balancer = dns_names.get(listener.load_balancer_arn)
        for rule in rules or [wire.Rule(actions=listener.default_actions)]:
            rule_hosts: list[str | None] = [*hosts(rule)] or [None]
            for group in rule_target_groups(rule):
                routes.setdefault(group, []).extend(
                    Route(balancer, listener.protocol, listener.port, host) for host in rule_hosts
                )
    return {group: list(dict.fromkeys(found)) for group, found in routes.items()}


# --- Calls --------------------------------------------------------------------------------------


def _target_groups(aws: AwsClient, arns: Iterable[str]) -> list[wire.TargetGroup]:
    items = aws.batched(
        "elbv2", "describe_target_groups", "TargetGroups",
        argument="TargetGroupArns", names=arns, size=ARNS_A_CALL,
    )  # fmt: skip
    return convert(list[wire.TargetGroup], items)


def _balancers(aws: AwsClient, arns: Iterable[str]) -> list[wire.Balancer]:
    items = aws.batched(
        "elbv2", "describe_load_balancers", "LoadBalancers",
        argument="LoadBalancerArns", names=arns, size=ARNS_A_CALL,
    )  # fmt: skip
    return convert(list[wire.Balancer], items)


def _listeners(aws: AwsClient, balancers: Iterable[str]) -> list[wire.Listener]:
    calls = [
        partial(_listed, aws, "describe_listeners", "Listeners", LoadBalancerArn=arn)
        for arn in sorted(balancers)
    ]
    items = [item for answer in every(calls, aws.runtime.deadline) for item in answer]
    return convert(list[wire.Listener], items)


def _rules(aws: AwsClient, listener: str) -> list[wire.Rule]:
    items = _listed(aws, "describe_rules", "Rules", ListenerArn=listener)
    return convert(list[wire.Rule], items)


def _health(aws: AwsClient, groups: Iterable[str]) -> dict[str, list[wire.TargetHealth]]:
    """The health of targets by the ARN of their group."""
    calls = {arn: partial(_target_health, aws, arn) for arn in groups}
    return dict(zip(calls, every(calls.values(), aws.runtime.deadline), strict=True))


def _target_health(aws: AwsClient, group: str) -> list[wire.TargetHealth]:
    items = aws.items("elbv2", "describe_target_health", "TargetHealthDescriptions",
                      TargetGroupArn=group)  # fmt: skip
    return convert(list[wire.TargetHealth], items)


def _listed(aws: AwsClient, operation: str, key: str, **arguments: Any) -> list[Any]:
    return aws.listed("elbv2", operation, key, token=("Marker", "NextMarker"), **arguments)
