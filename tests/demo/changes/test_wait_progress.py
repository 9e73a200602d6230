"""What a person sees while a wait goes on, and what Ctrl-C does to it."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cli import Cli, Keyboard, start
from tests.support.ecs_mover import Mover
from tests.support.fleet_on_ecs import Fleet
from tests.support.misbehaviour import hang
from tests.support.stub_api import Api
from tests.support.stub_changes import (
    SCALE,
    WEB,
    changed,
    point_at,
    take_all_methods,
    takes_replicas,
    unfinished,
)
from tests.support.waiting import PATIENCE_SECONDS, wait_for

ERASE = "\r\x1b[K"


def test_progress_is_one_live_line_on_a_terminal(dashborion: Cli, web: Mover) -> None:
    dashborion.steps = [web.runs(1), web.runs(1), web.completes]

    seen = dashborion("workloads restart web --wait", tty=True)

    assert seen.exit_code == 0
    for count in ("0 of 2", "1 of 2"):
        assert dashborion.raw_err.count(f"{ERASE}web: {count} tasks running") == 1
    assert "web: " not in seen.err, "a line that stays"
    assert dashborion.raw_err.endswith(ERASE)


def test_the_live_line_is_gone_before_the_reason_is_said(dashborion: Cli, web: Mover) -> None:
    dashborion.steps = [web.task_fails, web.task_fails]
    seen = dashborion("workloads restart web --wait", tty=True)
    assert seen.exit_code == 7
    assert "error: the process fails (Error) in web-" in seen.err
    assert not any(one.startswith("web: ") for one in seen.err.splitlines())


def test_without_a_terminal_progress_is_a_line_for_each_change(dashborion: Cli, web: Mover) -> None:
    dashborion.steps = [web.runs(1), web.runs(1), web.completes]
    seen = dashborion("workloads restart web --wait")
    assert dashborion.raw_err == seen.err, "no line is erased where there is no terminal"
    assert sum(one.startswith("web: ") for one in seen.err.splitlines()) == 3


def test_with_json_each_line_on_stderr_is_an_object(dashborion: Cli, web: Mover) -> None:
    dashborion.steps = [web.task_fails, web.task_fails]
    seen = dashborion("workloads restart web --wait -o json")
    said = [next(iter(json.loads(line))) for line in seen.err.splitlines()]
    assert set(said) == {"note", "error"}
    assert said[-1] == "error"


def test_a_message_of_the_api_cannot_move_the_cursor(dashborion: Cli, web: Mover) -> None:
    def fails() -> None:
        web.task_fails(stop_code="TaskFailedToStart", stopped_reason="Bad: \x1b[2J", containers={})

    dashborion.steps = [fails, fails]
    seen = dashborion("workloads restart web --wait", tty=True)
    assert seen.exit_code == 7
    assert "\x1b" not in seen.err


def test_an_interrupt_in_process(dashborion: Cli, web: Mover) -> None:
    def ctrl_c() -> None:
        raise KeyboardInterrupt

    dashborion.steps = [web.runs(1), ctrl_c]
    seen = dashborion("workloads restart web --wait")
    assert seen.exit_code == 130
    assert seen.err.splitlines()[-1] == "interrupted: the rollout of web goes on"


def test_an_interrupt_at_the_question_changes_nothing(
    dashborion: Cli, fleet: Fleet, home: Path
) -> None:
    from tests.support.aws import FILE, HERE, write_config

    def ctrl_c() -> None:
        raise KeyboardInterrupt

    write_config(home, {HERE: {**FILE[HERE], "protected": True}})
    dashborion.keyboard = Keyboard("y\n", before=ctrl_c)
    seen = dashborion("workloads restart web", tty=True)
    assert seen.exit_code == 130
    assert fleet.aws.spy.counts["ecs:UpdateService"] == 0
    assert seen.err.splitlines()[-1] == "interrupted: nothing was changed"


def test_an_end_of_input_at_the_question_is_a_no_on_a_line_of_its_own(
    dashborion: Cli, fleet: Fleet, home: Path
) -> None:
    """Bug: the answer goes on where the question ended."""
    from tests.support.aws import FILE, HERE, write_config

    write_config(home, {HERE: {**FILE[HERE], "protected": True}})
    dashborion.keyboard = Keyboard("")
    seen = dashborion("workloads restart web", tty=True)
    assert (seen.exit_code, fleet.aws.spy.counts["ecs:UpdateService"]) == (1, 0)
    assert seen.err.splitlines()[-1] == "error: nothing was changed"


# --- A process of its own -----------------------------------------------------------------------


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    take_all_methods(monkeypatch)
    with Api() as server:
        point_at(server, tmp_path, monkeypatch)
        server.objects["deployments"] = [unfinished()]
        server.on(f"{WEB}/scale", takes_replicas(server, 3))
        yield server


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (SCALE, 1),
        (SCALE.replace("-r 3", "-r 1"), 0),
        ("workloads status deployment/web", 0),
    ],
    ids=["scale", "scale to what it has", "status"],
)
def test_ctrl_c_leaves_the_rollout_running_and_says_so(api: Api, words: str, count: int) -> None:
    with start(f"{words} --wait", text=True) as child:
        wait_for("its first look", lambda: looks_at(api) > 0)
        child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=PATIENCE_SECONDS)

    assert child.returncode == 130, err
    assert err.splitlines()[-1] == "interrupted: the rollout of web goes on"
    assert "Traceback" not in err
    assert len(changed(api)) == count


def test_ctrl_c_while_a_change_is_under_way_says_that_it_may_have_been_applied(api: Api) -> None:
    """Bug: it ends with 130 and not a word, and nobody knows whether it scaled."""
    api._rules.clear()
    api.on(f"{WEB}/scale", hang)
    with start(SCALE, text=True) as child:
        wait_for("the change", lambda: changed(api))
        child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=PATIENCE_SECONDS)
    assert child.returncode == 130
    assert "may have been applied" in err


def looks_at(api: Api) -> int:
    """How often the object itself was asked for: the first time is the search for the name."""
    return sum(one.path == WEB and one.method == "GET" for one in api.requests) - 1
