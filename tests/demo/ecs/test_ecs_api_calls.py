"""How often AWS is asked: pages at their largest, side by side, nothing twice."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.aws import HERE, MANY
from tests.support.cli import Cli
from tests.support.fleet_on_ecs import Fleet


def test_another_revision_is_asked_for_alone(dashborion: Cli, own_fleet: Fleet) -> None:
    dashborion("workloads list")
    own_fleet.aws.spy.reset()
    newer = own_fleet.define("idle")
    own_fleet.service("idle").deployments[0]["taskDefinition"] = newer.arn
    dashborion("workloads list")
    (call,) = own_fleet.aws.spy.of("ecs:DescribeTaskDefinition")
    assert call["taskDefinition"] == newer.arn


def test_pages_and_batches_are_as_large_as_they_can_be(dashborion: Cli, fleet: Fleet) -> None:
    dashborion(f"instances list -e {MANY}")
    spy = fleet.aws.spy
    assert {one["maxResults"] for one in spy.of("ecs:List*")} == {100}
    assert [len(one["services"]) for one in spy.of("ecs:DescribeServices")] == [10] * 15
    assert sorted(len(one["tasks"]) for one in spy.of("ecs:DescribeTasks")) == [50, *[100] * 7]


def test_tasks_are_asked_for_only_where_there_is_a_health_check(
    dashborion: Cli, own_fleet: Fleet
) -> None:
    dashborion("workloads list -l team=blue")  # one service, which has a check
    calls = own_fleet.aws.spy.of(
        "ecs:ListTasks"
    )  # those that are being stopped are listed as stopped
    assert {one["serviceName"] for one in calls} == {"web"}
    assert sorted(one["desiredStatus"] for one in calls) == ["RUNNING", "STOPPED"]
    own_fleet.aws.spy.reset()
    dashborion("workloads list -l namespace!=media,team=nobody")
    assert own_fleet.aws.spy.of("ecs:*Tasks") == []


def test_a_list_of_names_asks_for_no_load_balancer(dashborion: Cli, fleet: Fleet) -> None:
    dashborion("workloads list -o name")
    assert not fleet.aws.spy.of("elasticloadbalancing:*")
    dashborion("workloads list -o wide")
    assert fleet.aws.spy.of("elasticloadbalancing:*")


@pytest.mark.parametrize("command", ["workloads list -o json", "instances list --all"])
def test_never_more_than_16_calls_are_under_way(
    dashborion: Cli, fleet: Fleet, command: str
) -> None:
    fleet.aws.faults.delay("*", 0.02)
    dashborion(f"{command} -e {MANY}")
    assert 2 <= fleet.aws.spy.most_at_once() <= 16


def test_two_environments_of_one_region_share_the_16(dashborion: Cli, fleet: Fleet) -> None:
    fleet.aws.faults.delay("*", 0.02)
    dashborion(f"workloads list -e {MANY} -e {HERE} -o json")
    assert fleet.aws.spy.most_at_once() <= 16


def test_descriptions_are_fetched_side_by_side(dashborion: Cli, fleet: Fleet) -> None:
    dashborion(f"workloads list -e {MANY}")  # the definitions are known, the code is warm
    fleet.aws.spy.reset()
    fleet.aws.faults.delay("ecs:DescribeServices", 0.2)
    assert dashborion(f"workloads list -e {MANY}").exit_code == 0
    assert fleet.aws.spy.most_at_once("ecs:DescribeServices") >= 5


def test_connections_are_kept(dashborion: Cli, fleet: Fleet) -> None:
    before = fleet.aws.connections
    dashborion(f"instances list -e {MANY}")
    assert fleet.aws.connections - before <= 16


def test_verbose_names_each_call(dashborion: Cli, fleet: Fleet) -> None:
    seen = dashborion(f"workloads list -e {MANY} -v")
    calls: list[Any] = [line for line in seen.err.splitlines() if "ms" in line]
    assert len(calls) == len(fleet.aws.spy.calls)
    assert sum("ListServices" in line or "list_services" in line for line in calls) == 2
