"""``instances exec`` on ECS: what is missing is named, and the plugin is run as AWS' CLI does."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.aws import point_at
from tests.support.aws_server import StrictAws
from tests.support.cli import Cli, start
from tests.support.fleet_on_ecs import CLUSTER, REGION, Fleet, populate
from tests.support.processes import require_ended
from tests.support.waiting import PATIENCE_SECONDS, wait_for

EXECUTE = "ecs:ExecuteCommand"


@pytest.fixture
def fleet(monkeypatch: pytest.MonkeyPatch) -> Iterator[Fleet]:
    with StrictAws() as aws:
        point_at(monkeypatch, aws)
        found = populate(aws)
        enable(found.tasks["web"][0])
        yield found


def enable(task: Any, agent: str = "RUNNING") -> None:
    task.enable_execute_command = True
    for each in task.containers:
        each.managed_agents = [{"name": "ExecuteCommandAgent", "lastStatus": agent}]


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One that writes down how it was called, and ends with 3."""
    folder, told = tmp_path / "bin", tmp_path / "called.json"
    folder.mkdir()
    program = folder / "session-manager-plugin"
    body = (
        f"import json, sys; open({str(told)!r}, 'w').write(json.dumps(sys.argv[1:])); sys.exit(3)"
    )
    program.write_text(f"#!{sys.executable}\n{body}\n")
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return told


@pytest.fixture
def typed(fleet: Fleet) -> str:
    return f"instances exec {fleet.tasks['web'][0].id} -c app"


def test_the_plugin_gets_what_the_aws_cli_gives_it(
    dashborion: Cli, fleet: Fleet, plugin: Path, typed: str
) -> None:
    seen = dashborion(f"{typed} -- sh -c 'echo two words'", fails_with_rows=True)
    assert seen.exit_code == 3, seen.err
    (sent,) = fleet.aws.spy.of(EXECUTE)
    task = fleet.tasks["web"][0].id
    assert (sent["command"], sent["interactive"]) == ("sh -c 'echo two words'", True)
    session, region, operation, profile, target, endpoint = json.loads(plugin.read_text())
    assert json.loads(session)["streamUrl"] == "wss://ssm.invalid/1"
    assert (region, operation, profile, endpoint) == (REGION, "StartSession", "", fleet.aws.url)
    prefix, _, runtime = json.loads(target)["Target"].rpartition("_")
    assert prefix == f"ecs:{CLUSTER}_{task}"
    assert runtime.startswith(f"{task}-"), "what DescribeTasks has for the container's runtimeId"


def test_without_the_plugin_it_says_where_to_get_it(
    dashborion: Cli, fleet: Fleet, typed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    seen = dashborion(f"{typed} -- sh")
    assert (seen.exit_code, fleet.aws.spy.of(EXECUTE)) == (1, [])
    assert "session-manager-plugin" in seen.err
    assert "https://docs.aws.amazon.com/" in seen.err


def test_a_task_without_it_says_how_to_turn_it_on(
    dashborion: Cli, fleet: Fleet, plugin: Path
) -> None:
    seen = dashborion(f"instances exec {fleet.tasks['web'][1].id} -- sh")
    assert (seen.exit_code, plugin.exists()) == (1, False)
    assert "--service web --enable-execute-command" in seen.err


def test_an_agent_that_does_not_run(
    dashborion: Cli, fleet: Fleet, plugin: Path, typed: str
) -> None:
    enable(fleet.tasks["web"][0], "PENDING")
    seen = dashborion(f"{typed} -- sh")
    assert (seen.exit_code, fleet.aws.spy.of(EXECUTE)) == (1, [])
    assert "ExecuteCommandAgent of container 'app' is PENDING" in seen.err


def test_a_missing_right_is_named(dashborion: Cli, fleet: Fleet, plugin: Path, typed: str) -> None:
    fleet.aws.faults.deny(EXECUTE)
    seen = dashborion(f"{typed} -- sh")
    assert (seen.exit_code, plugin.exists()) == (4, False)
    assert EXECUTE in seen.err


def test_an_unknown_container(dashborion: Cli, fleet: Fleet, plugin: Path, typed: str) -> None:
    seen = dashborion(f"{typed}x -- sh")
    assert (seen.exit_code, plugin.exists()) == (3, False)


@pytest.mark.parametrize("deaf", [False, True], ids=["that listens", "deaf to SIGTERM"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_the_plugin_does_not_outlive_us(
    fleet: Fleet, plugin: Path, typed: str, number: signal.Signals, code: int, *, deaf: bool
) -> None:
    program = plugin.parent / "bin" / "session-manager-plugin"
    trap = "trap '' TERM HUP\n" if deaf else ""
    program.write_text(f'#!/bin/sh\n{trap}echo $$ > "$0.self"\nwhile :; do sleep 0.1; done\n')
    with start(f"{typed} -- sh", text=True) as process:
        wait_for("the plugin", Path(f"{program}.self").exists)
        process.send_signal(number)
        _, err = process.communicate(timeout=PATIENCE_SECONDS)

    assert process.returncode == code
    assert err.splitlines()[-1].startswith("interrupted: the command may still be running in")
    require_ended(program, "self")
