"""Each exit code of a change and a wait, from a command as it is typed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.aws import FILE, HERE, write_config
from tests.support.cli import Cli, Keyboard
from tests.support.ecs_mover import Mover, after_operation
from tests.support.fleet_on_ecs import REGION, Fleet


def nothing(_: Fleet) -> None:
    """All is well."""


def protected(fleet: Fleet) -> None:
    write_config(Path.home(), {HERE: {**FILE[HERE], "protected": True}})


def one_of_two(fleet: Fleet) -> None:
    far = {"cluster": "far", "region": REGION, "endpoint_url": "http://127.0.0.1:9"}
    write_config(Path.home(), {HERE: FILE[HERE], "far": far})


def denied(fleet: Fleet) -> None:
    fleet.aws.faults.deny("ecs:UpdateService")


def lost(fleet: Fleet) -> None:
    fleet.aws.faults.lose_answer("ecs:UpdateService")


def failing(fleet: Fleet) -> None:
    web = Mover(fleet, "web")

    def fails() -> None:
        web.begins()
        web.shrinks()
        web.task_fails()
        web.task_fails()

    after_operation(fleet, "ecs:UpdateService", fails)


def stuck(fleet: Fleet) -> None:
    after_operation(fleet, "ecs:UpdateService", Mover(fleet, "web").begins)


@pytest.mark.parametrize(
    ("code", "before", "words"),
    [
        pytest.param(0, nothing, "workloads restart web --wait", id="0 done"),
        pytest.param(1, nothing, "workloads scale web -r 9", id="1 refused"),
        pytest.param(1, protected, "workloads restart web", id="1 declined"),
        pytest.param(2, nothing, "workloads scale web", id="2 usage"),
        pytest.param(3, nothing, "workloads restart wbe", id="3 not found"),
        pytest.param(4, denied, "workloads restart web", id="4 denied"),
        pytest.param(5, one_of_two, "workloads restart web --all-envs", id="5 not all searched"),
        pytest.param(6, lost, "workloads restart web", id="6 answer lost"),
        pytest.param(7, failing, "workloads restart web --wait", id="7 failed"),
        pytest.param(8, stuck, "workloads restart web --wait --timeout 4s", id="8 timeout"),
    ],
)
def test_the_exit_code_says_what_happened(
    dashborion: Cli, fleet: Fleet, code: int, before: Callable[[Fleet], None], words: str
) -> None:
    before(fleet)
    dashborion.keyboard = Keyboard("n\n")
    seen = dashborion(words, tty=True)
    assert seen.exit_code == code, seen.err
    assert bool(seen.out) is (code in (0, 7, 8)), "what was changed is printed, and nothing else"
    assert ("error: " in seen.err) is (code != 0)


@pytest.mark.parametrize("words", ["restart web", "scale web -r 3"])
def test_a_change_that_was_applied_and_then_failed_was_applied_once(
    dashborion: Cli, fleet: Fleet, words: str
) -> None:
    failing(fleet)
    assert dashborion(f"workloads {words} --wait --timeout 4s").exit_code == 7
    assert fleet.aws.spy.counts["ecs:UpdateService"] == 1
