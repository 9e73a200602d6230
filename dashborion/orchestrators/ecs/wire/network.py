"""Load balancers: target groups with their health, listeners and rules."""

from __future__ import annotations

from typing import Any

from msgspec import field

from dashborion.orchestrators.ecs.wire.base import Pascal


class TargetGroup(Pascal, frozen=True):
    target_group_arn: str
    target_group_name: str = ""
    protocol: str | None = None
    port: int | None = None
    load_balancer_arns: list[str] = []


class Balancer(Pascal, frozen=True):
    load_balancer_arn: str
    load_balancer_name: str = ""
    dns_name: str | None = field(name="DNSName", default=None)


class ForwardTarget(Pascal, frozen=True):
    target_group_arn: str | None = None


class Forward(Pascal, frozen=True):
    target_groups: list[ForwardTarget] = []


class Action(Pascal, frozen=True):
    type: str = ""
    target_group_arn: str | None = None
    forward_config: Forward | None = None


class HostHeader(Pascal, frozen=True):
    values: list[str] = []


class RuleCondition(Pascal, frozen=True):
    """Host names stand in either of two places, depending on how the rule was made."""

    field: str | None = None
    values: list[str] = []
    host_header_config: HostHeader | None = None


class Rule(Pascal, frozen=True):
    actions: list[Action] = []
    conditions: list[RuleCondition] = []


class Listener(Pascal, frozen=True):
    listener_arn: str
    load_balancer_arn: str = ""
    port: int | None = None
    protocol: str | None = None
    default_actions: list[Action] = []


class TargetState(Pascal, frozen=True):
    state: str = ""
    reason: str | None = None


class TargetHealth(Pascal, frozen=True):
    target: dict[str, Any] = {}
    target_health: TargetState = TargetState()
