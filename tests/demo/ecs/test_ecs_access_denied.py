"""AccessDenied on each call: what is not needed costs itself and one warning, the rest exit 4."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from dashborion.demo.ecs.aws_protocol import AwsRequest, refusal
from dashborion.demo.http_server import Answer
from tests.support.aws import MANY
from tests.support.cli import Cli, Result
from tests.support.fleet_on_ecs import Fleet

SCALING = "application-autoscaling:DescribeScalableTargets"
ELB = "elasticloadbalancing"


def warnings(seen: Result) -> list[Any]:
    return [
        said["warning"] for line in seen.err.splitlines() if "warning" in (said := json.loads(line))
    ]


def without_tags(action: str) -> Callable[[AwsRequest, Callable[[], Answer]], Answer]:
    """Whoever asks for tags is told that he may not see them."""

    def fault(ask: AwsRequest, do: Callable[[], Answer]) -> Answer:
        if "TAGS" not in ask.params.get("include", ()):
            return do()
        message = f"User: arn:x is not authorized to perform: {action} on resource: *"
        return refusal(ask, "AccessDeniedException", message)

    return fault


@pytest.mark.parametrize(
    ("command", "action"),
    [
        ("workloads list", "ecs:ListServices"),
        ("workloads list", "ecs:DescribeServices"),
        ("instances list", "ecs:ListTasks"),
        ("instances list", "ecs:DescribeTasks"),
        ("instances list -w web", "ecs:DescribeServices"),
        ("workloads describe web", "ecs:DescribeServices"),
        ("instances describe web-", "ecs:ListTasks"),
        ("instances describe web-", "ecs:DescribeTasks"),
    ],
)
def test_a_denied_necessary_call_exits_4(
    dashborion: Cli, fleet: Fleet, command: str, action: str
) -> None:
    fleet.aws.faults.deny(action)
    seen = dashborion(f"{command} -o json")
    assert (seen.exit_code, seen.error["code"]) == (4, "forbidden")
    assert action in seen.error["message"]
    assert seen.error["environment"] == "here"


@pytest.mark.parametrize("action", ["ecs:ListTasks", "ecs:DescribeTasks"])
def test_tasks_cost_a_list_the_health(dashborion: Cli, fleet: Fleet, action: str) -> None:
    whole = len(dashborion("workloads list -o name").lines)
    fleet.aws.faults.deny(action)
    seen = dashborion("workloads list -o json")
    assert (seen.exit_code, len(seen.json)) == (0, whole)
    assert all(action in warning["message"] for warning in warnings(seen))


@pytest.mark.parametrize(
    "action",
    [
        "DescribeTargetGroups",
        "DescribeTargetHealth",
        "DescribeLoadBalancers",
        "DescribeListeners",
        "DescribeRules",
    ],
)
def test_load_balancers_cost_the_ways_in(dashborion: Cli, fleet: Fleet, action: str) -> None:
    fleet.aws.faults.deny(f"{ELB}:{action}")
    seen = dashborion("workloads describe web -o json")
    assert seen.exit_code == 0
    (warning,) = warnings(seen)
    assert f"{ELB}:{action}" in warning["message"]
    ways = {one["type"]: one for one in seen.json["endpoints"]}
    assert ways["target-group"]["name"] == "web"
    assert ways["service-connect"]["address"] == "web.home"


def test_target_health_costs_no_more_than_itself(dashborion: Cli, fleet: Fleet) -> None:
    fleet.aws.faults.deny(f"{ELB}:DescribeTargetHealth")
    way = dashborion("workloads describe web -o json").json["endpoints"][0]
    assert (way["healthy"], way["total"]) == (None, None)
    assert way["url"] == "https://web.example.test/"


@pytest.mark.parametrize("action", ["DescribeRules", "DescribeListeners", "DescribeLoadBalancers"])
def test_rules_cost_no_health(dashborion: Cli, fleet: Fleet, action: str) -> None:
    fleet.aws.faults.deny(f"{ELB}:{action}")
    way = dashborion("workloads describe web -o json").json["endpoints"][0]
    assert (way["healthy"], way["total"]) == (2, 2)


def test_a_list_warns_once_of_a_denied_call(dashborion: Cli, fleet: Fleet) -> None:
    fleet.aws.faults.deny(f"{ELB}:*")
    seen = dashborion("workloads list -o json")
    assert (seen.exit_code, len(warnings(seen))) == (0, 1)


def test_scaling_costs_the_autoscaler(dashborion: Cli, fleet: Fleet) -> None:
    fleet.aws.faults.deny(SCALING)
    seen = dashborion("workloads describe web -o json")
    assert (seen.exit_code, seen.json["autoscaling"]) == (0, None)
    (warning,) = warnings(seen)
    assert SCALING in warning["message"]


def test_task_definitions_cost_images_and_requests(dashborion: Cli, fleet: Fleet) -> None:
    fleet.aws.faults.deny("ecs:DescribeTaskDefinition")
    seen = dashborion("workloads list -o json")
    assert seen.exit_code == 0, seen.err
    assert {one["image"] for one in seen.json} == {None}
    (warning,) = warnings(seen)
    assert "ecs:DescribeTaskDefinition" in warning["message"]


def test_task_definitions_cost_no_more_of_a_description(dashborion: Cli, fleet: Fleet) -> None:
    fleet.aws.faults.deny("ecs:DescribeTaskDefinition")
    seen = dashborion("workloads describe web -o json")
    assert seen.exit_code == 0, seen.err
    assert (seen.json["available"], len(seen.json["instances"])) == (2, 2)


def test_a_definition_that_was_denied_is_asked_for_again(dashborion: Cli, fleet: Fleet) -> None:
    fleet.aws.faults.deny("ecs:DescribeTaskDefinition")
    dashborion("workloads list")
    fleet.aws.faults.clear()
    assert all(one["image"] for one in dashborion("workloads list -o json").json)


def test_a_list_of_revisions_costs_the_earlier_ones(dashborion: Cli, fleet: Fleet) -> None:
    fleet.aws.faults.deny("ecs:ListTaskDefinitions")
    seen = dashborion("workloads describe rolling -o json")
    assert seen.exit_code == 0
    assert [one["current"] for one in seen.json["revisions"]] == [True]
    assert len(warnings(seen)) == 1


def test_tags_of_services_cost_the_namespaces(dashborion: Cli, fleet: Fleet) -> None:
    fleet.aws.faults.add("ecs:DescribeServices", without_tags("ecs:ListTagsForResource"))
    seen = dashborion("workloads list -o json")
    assert seen.exit_code == 0
    assert {one["namespace"] for one in seen.json} == {"homebox-staging"}
    assert len(warnings(seen)) == 1


def test_tags_of_many_services_are_one_warning(dashborion: Cli, fleet: Fleet) -> None:
    fleet.aws.faults.add("ecs:DescribeServices", without_tags("ecs:ListTagsForResource"))
    seen = dashborion(f"workloads list -e {MANY} -o json")
    assert (len(seen.json), len(warnings(seen))) == (150, 1)


def test_tags_of_tasks_cost_themselves(dashborion: Cli, fleet: Fleet) -> None:
    fleet.aws.faults.add("ecs:DescribeTasks", without_tags("ecs:ListTagsForResource"))
    seen = dashborion("instances list -w web -o json")
    assert seen.exit_code == 0, seen.err
    assert [one["namespace"] for one in seen.json] == ["media"] * 2
    assert len(warnings(seen)) == 1


def test_a_check_says_what_is_allowed(dashborion: Cli, fleet: Fleet) -> None:
    fleet.aws.faults.deny("ecs:ListTasks")
    (found,) = dashborion("env check -o json").json
    allowed = {one["action"]: one["allowed"] for one in found["permissions"]}
    assert (allowed["list workloads"], allowed["list instances"]) == (True, False)
    assert allowed["read logs"] is None, "there is no task to try it on"
    assert (allowed["scale workloads"], allowed["execute in instances"]) == (None, None)
    assert found["identity"].startswith(f"arn:aws:sts::{fleet.aws.account}:")


@pytest.mark.parametrize("denied", [False, True], ids=["allowed", "denied"])
def test_a_check_tries_a_log_and_changes_nothing(
    dashborion: Cli, fleet: Fleet, denied: bool
) -> None:
    if denied:
        fleet.aws.faults.deny("logs:*")

    (found,) = dashborion("env check -o json").json

    allowed = {one["action"]: one["allowed"] for one in found["permissions"]}
    assert allowed["read logs"] is not denied
    verbs = {name.partition(":")[2][:3] for name in fleet.aws.spy.counts}
    assert verbs <= {"Lis", "Des", "Get"}
