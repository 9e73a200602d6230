"""What Elastic Load Balancing describes, cut down to the fields that are used."""

from __future__ import annotations

from msgspec import field

from dashborion.orchestrators.ecs.wire import Pascal


class TargetGroup(Pascal, frozen=True):
    target_group_arn: str
    target_group_name: str = ""
    protocol: str | None = None
    port: int | None = None
    load_balancer_arns: list[str] = []
    health_check_interval_seconds: int | None = None
    unhealthy_threshold_count: int | None = None


class Balancer(Pascal, frozen=True):
    load_balancer_arn: str
    load_balancer_name: str = ""
    dns_name: str | None = field(name="DNSName", default=None)


class ForwardTarget(Pascal, frozen=True):
    target_group_arn: str | None = None
    weight: int | None = None


class Forward(Pascal, frozen=True):
    target_groups: list[ForwardTarget] = []


class Action(Pascal, frozen=True):
    type: str = ""
    target_group_arn: str | None = None
    forward_config: Forward | None = None


class Patterns(Pascal, frozen=True):
    """What a condition asks for: patterns with ``*`` and ``?``, or regular expressions."""

    values: list[str] = []
    regex_values: list[str] = []


class HeaderPatterns(Patterns, frozen=True):
    http_header_name: str = ""


class QueryPair(Pascal, frozen=True):
    key: str | None = None
    value: str | None = None


class QueryPairs(Pascal, frozen=True):
    values: list[QueryPair] = []


class RuleCondition(Pascal, frozen=True):
    """What a rule asks for; hosts and paths stand in either of two places, or in both."""

    field: str | None = None
    values: list[str] = []
    host_header_config: Patterns | None = None
    path_pattern_config: Patterns | None = None
    http_header_config: HeaderPatterns | None = None
    query_string_config: QueryPairs | None = None
    http_request_method_config: Patterns | None = None
    source_ip_config: Patterns | None = None


class Rule(Pascal, frozen=True):
    rule_arn: str = ""
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
    description: str | None = None


class Target(Pascal, frozen=True):
    id: str = ""


class TargetHealth(Pascal, frozen=True):
    target: Target = Target()
    target_health: TargetState = TargetState()
