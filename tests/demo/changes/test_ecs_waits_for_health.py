"""A service whose tasks all run is not there before they are healthy, too."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.cli import Cli
from tests.support.ecs_mover import Mover
from tests.support.fleet_on_ecs import Fleet

TARGETS = "elasticloadbalancing:DescribeTargetHealth"
BY_CHECK = "0 of 2 healthy (container health check: UNHEALTHY)"
BY_TARGET = "0 of 2 healthy in target group web (Request timed out)"


def checks(web: Mover, status: str) -> Callable[[], None]:
    def moment() -> None:
        with web.fleet.aws.lock:
            for task in web.fleet.tasks["web"]:
                vars(task)["health_status"] = status

    return moment


def traffic(web: Mover, state: str) -> Callable[[], None]:
    why = None if state == "healthy" else "Request timed out"

    def moment() -> None:
        with web.fleet.aws.lock:
            group = web.fleet.region.known_group("web")
            assert group is not None
            for address in group.targets:
                web.fleet.region.target(group, address, state, why and "Target.Timeout", why)

    return moment


@pytest.mark.parametrize(
    ("part", "bad", "good", "told"),
    [
        pytest.param(checks, "UNHEALTHY", "HEALTHY", BY_CHECK, id="a container's check"),
        pytest.param(traffic, "unhealthy", "healthy", BY_TARGET, id="a target group"),
    ],
)
@pytest.mark.parametrize(
    "words",
    ["scale web -r 2", "restart web", "status web", "deploy web --image app=example.com/web:9"],
)
def test_tasks_that_run_are_not_enough(
    dashborion: Cli,
    web: Mover,
    words: str,
    part: Callable[[Mover, str], Callable[[], None]],
    bad: str,
    good: str,
    told: str,
) -> None:
    part(web, bad)()
    dashborion.steps = [web.completes, lambda: None, part(web, good)]
    seen = dashborion(f"workloads {words} --wait")
    assert seen.exit_code == 0, seen.err
    assert f"web: 2 of 2 tasks running, {told}" in seen.err.splitlines()
    assert "web: complete: 2 of 2 available" in seen.err.splitlines()
    assert len(dashborion.slept) == 3


@pytest.mark.parametrize(
    ("status", "checked", "cause"),
    [
        ("UNHEALTHY", "0 of 1 healthy (container health check: UNHEALTHY), ", "liveness"),
        ("HEALTHY", "", "target-status"),
    ],
)
def test_a_wait_that_is_not_over_names_the_check_and_the_cause(
    dashborion: Cli, fleet: Fleet, status: str, checked: str, cause: str
) -> None:
    vars(fleet.tasks["unready"][0])["health_status"] = status
    seen = dashborion("workloads status unready --wait --timeout 9s -o json")
    assert (seen.exit_code, seen.error["code"]) == (8, "rollout-pending"), seen.err
    told = f"{checked}0 of 1 healthy in target group unready (Health checks failed: [503])"
    assert told in seen.error["message"]
    assert cause in {one["code"] for one in seen.error["causes"]}
    assert seen.json["state"] == "progressing"


def test_status_says_the_same_without_a_wait(dashborion: Cli, fleet: Fleet) -> None:
    seen = dashborion("workloads status unready -o json")
    assert (seen.exit_code, seen.json["state"]) == (0, "progressing")
    assert "0 of 1 healthy (container health check: UNHEALTHY)" in seen.json["message"]


@pytest.mark.parametrize(
    "denied", [TARGETS, "ecs:ListTasks", "ecs:DescribeTasks", "ecs:DescribeTaskDefinition"]
)
def test_what_may_not_be_read_is_warned_of_once_and_not_judged(
    dashborion: Cli, web: Mover, denied: str
) -> None:
    web.fleet.aws.faults.deny(denied)
    dashborion.steps = [lambda: None, web.completes]
    seen = dashborion("workloads restart web --wait")
    assert seen.exit_code == 0, seen.err
    warnings = [one for one in seen.err.splitlines() if one.startswith("warning")]
    assert len(warnings) == 1, seen.err
    assert denied in warnings[0]


def test_health_is_asked_for_only_once_all_tasks_run(dashborion: Cli, web: Mover) -> None:
    """One call for each target group and the tasks, at the looks that could be the last."""
    dashborion.steps = [web.runs(1), web.runs(1), web.completes]
    assert dashborion("workloads restart web --wait").exit_code == 0
    counts = web.fleet.aws.spy.counts
    assert counts[TARGETS] == counts["ecs:DescribeTaskDefinition"] == 1
    assert counts["elasticloadbalancing:DescribeListeners"] == 0


def test_a_service_without_checks_costs_no_more_than_its_definition(
    dashborion: Cli, fleet: Fleet
) -> None:
    assert dashborion("workloads status db --wait").exit_code == 0
    assert not {TARGETS, "ecs:ListTasks"} & set(fleet.aws.spy.counts)
