"""A change that was made is printed however the wait for it ends: a script has to know."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.cli import Cli, Step
from tests.support.ecs_mover import Mover


def interrupted() -> None:
    raise KeyboardInterrupt


def rolled_back(web: Mover) -> list[Step]:
    return [web.runs(1), web.rolls_back]


def superseded(web: Mover) -> list[Step]:
    return [web.runs(1), web.replaced]


def deleted(web: Mover) -> list[Step]:
    return [web.runs(1), web.is_gone]


def failing(web: Mover) -> list[Step]:
    return [web.runs(1), web.task_fails, web.task_fails]


def stuck(web: Mover) -> list[Step]:
    return [web.runs(1)]


def ctrl_c(web: Mover) -> list[Step]:
    return [web.runs(1), interrupted]


@pytest.mark.parametrize(
    ("happens", "code", "state"),
    [
        pytest.param(rolled_back, 7, "failed", id="rolled back"),
        pytest.param(superseded, 7, "failed", id="superseded"),
        pytest.param(deleted, 7, "failed", id="deleted"),
        pytest.param(failing, 7, "progressing", id="hopeless"),
        pytest.param(stuck, 8, "progressing", id="not finished"),
        pytest.param(ctrl_c, 130, "progressing", id="interrupted"),
    ],
)
def test_the_change_is_printed_with_where_its_rollout_stood(
    dashborion: Cli,
    web: Mover,
    happens: Callable[[Mover], list[Step]],
    code: int,
    state: str,
) -> None:
    dashborion.steps = happens(web)
    before = web.primary["id"]

    seen = dashborion("workloads restart web --wait --timeout 9s -o json")

    assert seen.exit_code == code, seen.err
    change: dict[str, Any] = seen.json
    assert (change["action"], change["workload"], change["dryRun"]) == ("restart", "web", False)
    assert change["before"] == before
    assert change["after"].startswith("ecs-svc/")
    assert change["after"] != before
    assert change["rollout"]["state"] == state
    assert change["rollout"]["revision"] == "web:1"


def test_the_rollback_of_a_deployment_is_not_its_success(dashborion: Cli, web: Mover) -> None:
    """Bug: the rollout of a service that was rolled back is complete: that of the old revision."""

    def rolls_back_and_settles() -> None:
        web.rolls_back()
        web.primary["rolloutState"] = "COMPLETED"

    dashborion.steps = [web.runs(1), rolls_back_and_settles]
    seen = dashborion("workloads restart web --wait -o json")
    assert (seen.exit_code, seen.error["code"]) == (7, "rolled-back")
    assert seen.json["rollout"]["state"] == "failed"
    assert seen.json["rollout"]["message"] == seen.error["message"]


def test_a_restart_names_the_deployment_that_it_made(dashborion: Cli, web: Mover) -> None:
    before = web.primary["id"]
    seen = dashborion("workloads restart web -o json")
    assert (seen.json["before"], seen.json["after"]) == (before, web.primary["id"])
    assert before != web.primary["id"]


def test_a_status_that_is_not_waited_out_says_where_it_stood(dashborion: Cli, web: Mover) -> None:
    dashborion("workloads restart web")
    dashborion.steps = [web.runs(1)]
    seen = dashborion("workloads status web --wait --timeout 9s -o json")
    assert (seen.exit_code, seen.json["state"]) == (8, "progressing")
    assert seen.json["message"] == "1 of 2 tasks running"


def test_a_terminal_shows_how_the_rollout_ended(dashborion: Cli, web: Mover) -> None:
    dashborion.steps = [web.completes]
    seen = dashborion("workloads restart web --wait", tty=True)
    assert seen.out == "✓ here service/web restarted, 2 of 2 available after 2 s\n"


@pytest.mark.parametrize(
    ("now", "said"),
    [(4, "most likely application-autoscaling/"), (9, "somebody set the replicas to 9")],
    ids=["within its bounds", "outside"],
)
def test_an_autoscaler_that_sets_the_count_is_told_from_somebody(
    dashborion: Cli, scaled: Mover, now: int, said: str
) -> None:
    def changes() -> None:
        with scaled.fleet.aws.lock:
            scaled.service.desired_count = now

    dashborion.steps = [changes]
    seen = dashborion("workloads scale web -r 3 --wait -o json")
    assert (seen.exit_code, seen.error["code"]) == (7, "superseded")
    assert said in seen.error["message"]
    assert str(now) in seen.error["message"]
