"""Load balancers, their listeners and rules, as Elastic Load Balancing describes them."""

from __future__ import annotations

from typing import Any

from tests.support.aws_objects import arn

Json = dict[str, Any]
ELB = "elasticloadbalancing"
BALANCER = arn("loadbalancer", "app/public/50dc6c49", of=ELB)
LISTENER = arn("listener", "app/public/50dc6c49/01", of=ELB)


def group_arn(name: str) -> str:
    return arn("targetgroup", f"{name}/0123456789abcdef", of=ELB)


def group(name: str, **more: Any) -> Json:
    return {
        "TargetGroupArn": group_arn(name),
        "TargetGroupName": name,
        "Protocol": "HTTP",
        "Port": 80,
        "LoadBalancerArns": [BALANCER],
        "TargetType": "ip",
    } | more


def behind(name: str, **advanced: Any) -> Json:
    """What a service says of its target group."""
    of_two = {"advancedConfiguration": advanced} if advanced else {}
    return {
        "targetGroupArn": group_arn(name), "containerName": "app", "containerPort": 80, **of_two
    }  # fmt: skip


def rule(number: int, *conditions: Json, **weights: int) -> Json:
    """A rule that sends requests to target groups by weight."""
    targets = [{"TargetGroupArn": group_arn(name), "Weight": weights[name]} for name in weights]
    return {
        "RuleArn": f"{LISTENER}/{number}",
        "Priority": str(number),
        "Conditions": list(conditions),
        "Actions": [{"Type": "forward", "ForwardConfig": {"TargetGroups": targets}}],
    }


def host(name: str) -> Json:
    return {"Field": "host-header", "HostHeaderConfig": {"Values": [name]}}


def health(*states: str) -> list[Json]:
    return [
        {"Target": {"Id": f"10.0.0.{number}", "Port": 80}, "TargetHealth": {"State": state}}
        for number, state in enumerate(states, 1)
    ]


def balancing(*rules: Json, groups: list[Json], **states: list[str]) -> dict[str, Any]:
    """One load balancer with one listener, for ``AwsObjects``; ``states`` by target group."""
    return {
        "targetGroups": groups,
        "loadBalancers": [
            {
                "LoadBalancerArn": BALANCER,
                "LoadBalancerName": "public",
                "DNSName": "public-1.elb.example.test",
            }
        ],
        "listeners": [
            {
                "ListenerArn": LISTENER,
                "LoadBalancerArn": BALANCER,
                "Port": 443,
                "Protocol": "HTTPS",
                "DefaultActions": [],
            }
        ],
        "rules": {LISTENER: list(rules)},
        "targetHealth": {group_arn(name): health(*texts) for name, texts in states.items()},
    }
