"""What people see of a change, from its announcement to the line that it ends in."""

from __future__ import annotations

import re
from textwrap import dedent

import pytest

from tests.support.cli import Cli
from tests.support.ecs_mover import Mover
from tests.support.living_shop import CLUSTER, LivingShop


@pytest.mark.parametrize("width", [80, 120])
def test_a_change_and_its_wait(dashborion: Cli, scaled: Mover, width: int) -> None:
    dashborion.steps = [scaled.runs(2), scaled.runs(4)]
    seen = dashborion("workloads scale web -r 4 --wait", tty=True, width=width)
    assert seen.exit_code == 0, seen.err
    assert seen.out == "✓ here service/web scaled 2 → 4, 4 of 4 available after 4 s\n"
    lasting = [one for one in seen.err.splitlines() if "\r" not in one]
    bounds = "application-autoscaling/service/homebox-staging/web keeps it between 2 and 6"
    assert lasting == [
        "using here, from $DASHBORION_ENV",
        f"{bounds} and may change it again",
        "scale service/web in namespace media from 2 to 4 replicas in here",
    ]
    for progress in (
        "0 of 4 tasks running",
        "2 of 4 tasks running",
        "complete: 4 of 4 available",
    ):
        assert f"web: {progress}" in dashborion.raw_err


def test_a_pipe_sees_each_step_and_the_whole_object(dashborion: Cli, scaled: Mover) -> None:
    dashborion.steps = [scaled.runs(2), scaled.runs(4)]
    seen = dashborion("workloads scale web -r 4 --wait")
    expected = """\
    web: 0 of 4 tasks running
    web: 2 of 4 tasks running
    web: complete: 4 of 4 available
    """
    assert "".join(seen.err.splitlines(keepends=True)[2:]) == dedent(expected)
    for field in (
        "Before:      2\n",
        "After:       4\n",
        "Rollout:     complete, 4 of 4 available",
    ):
        assert field in seen.out


@pytest.mark.parametrize("more", ["", " --wait", " --dry-run"])
def test_what_is_there_already_is_left_as_it_is(dashborion: Cli, web: Mover, more: str) -> None:
    seen = dashborion(f"workloads scale web -r 2{more}", tty=True)
    assert seen.exit_code == 0, seen.err
    assert "nothing changes: service/web in namespace media has 2 replicas already" in seen.err
    assert "service/web is left as it is: 2 replicas" in seen.out
    assert web.fleet.aws.spy.counts["ecs:UpdateService"] == 0


def test_what_runs_nothing_says_so(dashborion: Cli, web: Mover) -> None:
    seen = dashborion("workloads restart idle", tty=True)
    assert (seen.exit_code, seen.out) == (0, "✓ here service/idle restarted\n"), seen.err
    assert "it has no replicas: nothing of it runs before it is scaled up" in seen.err


def test_a_rollback_shows_images_and_age_of_both_revisions(
    dashborion: Cli, shop: LivingShop
) -> None:
    new = "example.com/checkout:5.0"
    assert dashborion(f"workloads deploy checkout --image {new} --wait").exit_code == 0
    dashborion.steps = shop.meanwhile
    seen = dashborion("workloads rollback checkout --wait", tty=True)
    assert seen.exit_code == 0, seen.err
    old = "registry.example/shop/checkout:4.1.0"
    assert re.search(rf"checkout:\d+ \({new}, \d+s old\) -> ", seen.err)
    assert f" -> {CLUSTER}-checkout:1 ({old}, 26h old)" in seen.err
    assert re.search(r"rolled back \S+-checkout:\d+ \(checkout:5.0, \d+s\) → ", seen.out)
    assert f"{CLUSTER}-checkout:1 (checkout:4.1.0, 26h)" in seen.out


@pytest.mark.parametrize(
    ("words", "undo"),
    [
        pytest.param("scale web -r 4", "workloads scale service/web -r 2", id="scale"),
        pytest.param(
            "deploy web --image app=example.com/web:9",
            "workloads rollback service/web --to web:1 --wait",
            id="deploy",
        ),
        pytest.param("restart web", None, id="a restart, which nothing undoes"),
    ],
)
def test_a_change_that_fails_says_what_undoes_it(
    dashborion: Cli, web: Mover, words: str, undo: str | None
) -> None:
    dashborion.steps = [web.task_fails, web.task_fails]
    seen = dashborion(f"workloads {words} --wait -o json")
    assert (seen.exit_code, seen.error["code"]) == (7, "rollout-failed"), seen.err
    hint = seen.error["hint"] or ""
    assert hint.partition("undo it: dashborion ")[2] == (f"{undo} -e here -n media" if undo else "")


def test_no_way_back_is_named_where_nothing_tells_what_ran_well(
    dashborion: Cli, web: Mover
) -> None:
    web.begins()
    dashborion.steps = [web.task_fails, web.task_fails]
    seen = dashborion("workloads deploy web --image app=example.com/web:9 --wait -o json")
    assert (seen.exit_code, seen.error["code"]) == (7, "rollout-failed"), seen.err
    history = "dashborion workloads history service/web -e here -n media"
    assert seen.error["hint"].endswith(
        f"what ran before was not complete; the other revisions: {history}"
    )


def test_what_ecs_has_taken_back_is_not_undone_again(dashborion: Cli, web: Mover) -> None:
    dashborion.steps = [web.runs(1), web.rolls_back]
    seen = dashborion("workloads deploy web --image app=example.com/web:9 --wait -o json")
    assert (seen.exit_code, seen.error["code"]) == (7, "rolled-back"), seen.err
    assert "undo it" not in (seen.error["hint"] or "")


def test_a_wait_that_is_given_up_says_how_to_take_it_up_again(dashborion: Cli, web: Mover) -> None:
    dashborion.steps = [web.runs(1)]
    seen = dashborion("workloads restart web --wait --timeout 9s -o json")
    assert seen.exit_code == 8
    again = seen.error["hint"].partition("dashborion ")[2]
    assert again == "workloads status service/web --wait -e here -n media"
    dashborion.steps = [web.completes]
    assert dashborion(again).exit_code == 0
