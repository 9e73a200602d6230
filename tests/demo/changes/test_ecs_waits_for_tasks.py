"""Waits for a count on ECS, and for a place that a task does not find."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from dashborion.demo.ecs.aws_protocol import AwsRequest
from dashborion.demo.http_server import Answer
from dashborion.engines.rollout import POLL_SECONDS
from tests.support.cli import Cli
from tests.support.ecs_mover import Mover
from tests.support.fleet_on_ecs import Fleet

RESTART = "workloads restart web --wait"


def test_scaling_is_waited_for_without_a_deployment(dashborion: Cli, scaled: Mover) -> None:
    dashborion.steps = [scaled.runs(2), scaled.runs(4)]
    seen = dashborion("workloads scale web -r 4 --wait")
    assert (seen.exit_code, len(dashborion.slept)) == (0, 2), seen.err
    assert "web: 2 of 4 tasks running" in seen.err


def test_scaling_fails_by_tasks_started_after_it(dashborion: Cli, scaled: Mover) -> None:
    scaled.task_fails()
    scaled.task_fails()
    dashborion.steps = [scaled.task_fails, scaled.task_fails]
    seen = dashborion("workloads scale web -r 4 --wait")
    assert (seen.exit_code, len(dashborion.slept)) == (7, 2), seen.err


def test_a_desired_count_set_by_somebody_else_supersedes_scaling(
    dashborion: Cli, scaled: Mover
) -> None:
    def sets() -> None:
        scaled.service.desired_count = 5

    dashborion.steps = [scaled.runs(2), sets]
    seen = dashborion("workloads scale web -r 4 --wait -o json")
    assert (seen.exit_code, seen.error["code"]) == (7, "superseded")
    assert "5" in seen.error["message"]


def test_scaling_does_not_wait_for_a_running_deployment(dashborion: Cli, scaled: Mover) -> None:
    scaled.begins()
    dashborion.steps = [scaled.runs(4)]
    assert dashborion("workloads scale web -r 4 --wait").exit_code == 0


# --- Placement ----------------------------------------------------------------------------------

UNPLACED = "was unable to place a task because no container instance met all of its requirements."


@pytest.mark.parametrize(
    ("more", "takes"), [("", 30), ("--fail-placement 4s", 4)], ids=["30s", "4s"]
)
def test_a_task_that_finds_no_place(dashborion: Cli, web: Mover, more: str, takes: float) -> None:
    dashborion.steps = [lambda: web.says(UNPLACED)]
    seen = dashborion(f"{RESTART} {more} -o json")
    assert (seen.exit_code, seen.error["code"]) == (7, "rollout-failed")
    assert "no container instance met" in seen.error["message"]
    assert takes <= sum(dashborion.slept) <= takes + 2 * POLL_SECONDS


def test_a_task_that_found_no_place_before_the_wait_began(dashborion: Cli, fleet: Fleet) -> None:
    """Bug: ``status --wait`` ignores what was said since the deployment began."""
    seen = dashborion("workloads status huge --wait --timeout 2m")
    assert seen.exit_code == 7, seen.err


def test_any_later_event_does_not_hide_that_there_is_no_place(dashborion: Cli, web: Mover) -> None:
    """Bug: only the newest event is looked at."""

    def says() -> None:
        web.says(UNPLACED)
        web.says("registered 1 targets in (target-group web)")

    dashborion.steps = [says]
    seen = dashborion(f"{RESTART} --timeout 2m")
    assert seen.exit_code == 7, seen.err


# --- Answers that are behind --------------------------------------------------------------------


def stale(fleet: Fleet, times: int = 2) -> None:
    """ECS is eventually consistent: the next looks see the service as it was before."""
    seen: list[Answer] = []

    def remember(_: AwsRequest, do: Callable[[], Answer]) -> Answer:
        answer = do()
        if not fleet.aws.spy.counts["ecs:UpdateService"]:
            seen[:] = [answer]
        elif len(seen) <= times:
            seen.append(answer)
            return seen[0]
        return answer

    fleet.aws.faults.add("ecs:DescribeServices", remember)


@pytest.mark.parametrize("words", ["scale web -r 4", "restart web"])
def test_an_answer_from_before_the_change_is_not_somebody_elses_change(
    dashborion: Cli, fleet: Fleet, words: str
) -> None:
    """Bug: it is said to be superseded, exit 7, by the very count or deployment it replaces."""
    stale(fleet)
    Mover(fleet, "web").grows(4)
    seen = dashborion(f"workloads {words} --wait -o json")
    assert seen.exit_code == 0, seen.err
    assert len(dashborion.slept) == 2


# --- Without a deployment to follow -------------------------------------------------------------


def test_task_sets_that_are_not_stable_are_not_done(dashborion: Cli, fleet: Fleet) -> None:
    """Bug: ``status`` says progressing, and ``status --wait`` is done at once."""
    assert dashborion("workloads status blue-green -o json").json["state"] == "progressing"
    seen = dashborion("workloads status blue-green --wait --timeout 10s")
    assert seen.exit_code == 8, seen.err
    assert "2 task sets" in seen.err


def test_task_sets_that_are_stable_are_done(dashborion: Cli, fleet: Fleet) -> None:
    assert dashborion("workloads status external --wait").exit_code == 0
    assert dashborion.slept == []


def test_an_answer_without_a_new_deployment_is_no_success(dashborion: Cli, fleet: Fleet) -> None:
    """Bug: there is nothing to follow then, which counts as done."""

    def without(_: AwsRequest, do: Callable[[], Answer]) -> Answer:
        answer = do()
        told = json.loads(answer.body)
        told["service"].pop("deployments")
        return replace(answer, body=json.dumps(told).encode())

    fleet.aws.faults.add("ecs:UpdateService", without)
    seen = dashborion("workloads restart web --wait -o json")
    assert (seen.exit_code, seen.error["code"], seen.out) == (6, "maybe-applied", "")
