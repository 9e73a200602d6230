"""What may not be looked at is told by ``why``, with the action that is missing."""

from __future__ import annotations

import pytest

from tests.faults.ecs.conftest import Serve
from tests.support.aws_balancing import balancing, behind, group, rule
from tests.support.aws_objects import AwsObjects, definition, service, task
from tests.support.cli import Cli

PARTS = {
    "ecs:ListTasks": "instances",
    "ecs:DescribeTasks": "instances",
    "ecs:DescribeTaskDefinition": "revisions",
    "ecs:ListTaskDefinitions": "revisions",
    "application-autoscaling:DescribeScalableTargets": "autoscalers",
    "elasticloadbalancing:DescribeTargetGroups": "load balancers",
    "elasticloadbalancing:DescribeTargetHealth": "load balancers",
    "elasticloadbalancing:DescribeListeners": "load balancers",
    "elasticloadbalancing:DescribeRules": "load balancers",
    "elasticloadbalancing:DescribeLoadBalancers": "load balancers",
}


def web(serve: Serve) -> AwsObjects:
    return serve(
        services=[service("web", loadBalancers=[behind("web")])],
        tasks=[task(1, "web")],
        definitions=[definition("web")],
        **balancing(rule(1, web=1), groups=[group("web")]),
    )


def test_with_all_rights_everything_is_checked(dashborion: Cli, serve: Serve) -> None:
    web(serve)
    seen = dashborion("workloads why web -o json")
    assert seen.json["notChecked"] == []
    assert set(PARTS.values()) <= set(seen.json["checked"])


@pytest.mark.parametrize(("action", "part"), PARTS.items(), ids=PARTS)
def test_of_one_service(dashborion: Cli, serve: Serve, action: str, part: str) -> None:
    """It is not said to be checked, nor warned of besides."""
    web(serve).faults.deny(action)
    seen = dashborion("workloads why web -o json")
    (lost,) = seen.json["notChecked"]
    assert (lost["what"], lost["permission"]) == (part, action)
    assert part not in seen.json["checked"]
    assert seen.err == ""


@pytest.mark.parametrize("action", list(PARTS)[:3])
@pytest.mark.parametrize("output", ["table", "github"])
def test_of_many_services(dashborion: Cli, serve: Serve, action: str, output: str) -> None:
    web(serve).faults.deny(action)
    seen = dashborion(f"workloads why -o {output}")
    assert f"(permission needed: {action})" in seen.out + seen.err
    assert "is well\n" not in seen.out + seen.err
