"""``instances exec`` on ECS: what is missing is named, and the plugin is run as AWS' CLI does."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import sys
import termios
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dashborion.orchestrators.ecs import plugin as plugin_
from tests.support.aws import point_at
from tests.support.aws_server import StrictAws
from tests.support.cli import PROGRAM, Cli, start
from tests.support.fleet_on_ecs import CLUSTER, REGION, Fleet, populate
from tests.support.processes import require_ended
from tests.support.waiting import PATIENCE_SECONDS, wait_for

EXECUTE = "ecs:ExecuteCommand"
VARIABLE = "AWS_SSM_START_SESSION_RESPONSE"


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
    """A new one, that writes down how it was called, and ends with 3."""
    folder, told = tmp_path / "bin", tmp_path / "called.json"
    folder.mkdir()
    program = folder / "session-manager-plugin"
    write_plugin(program, told, "print('1.2.707.0')")
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return told


def write_plugin(program: Path, told: Path, version: str) -> None:
    """``version`` is what it does when it is asked for its version."""
    program.write_text(f"""#!{sys.executable}
import json, os, sys, time
if sys.argv[1:] == ["--version"]:
    {version}
    sys.exit()
session = os.environ.get({VARIABLE!r})
open({str(told)!r}, "w").write(json.dumps({{"arguments": sys.argv[1:], "session": session}}))
sys.exit(3)
""")
    program.chmod(0o700)


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
    called = json.loads(plugin.read_text())
    named, region, operation, profile, target, endpoint = called["arguments"]
    assert (named, json.loads(called["session"])["streamUrl"]) == (VARIABLE, "wss://ssm.invalid/1")
    assert (region, operation, profile, endpoint) == (REGION, "StartSession", "", fleet.aws.url)
    prefix, _, runtime = json.loads(target)["Target"].rpartition("_")
    assert prefix == f"ecs:{CLUSTER}_{task}"
    assert runtime.startswith(f"{task}-"), "what DescribeTasks has for the container's runtimeId"


OLDER = {
    "the last that takes no variable": "print('1.2.497.0')",
    "much older": "print('1.2.30.0')",
    "no version": "print('None of your business 9.9')",
    "more than a version": "print('9' * 2_000_000)",
    "nothing": "pass",
    "a failure": "sys.exit('9.9.9')",
    "a version that takes its time": "time.sleep(60)",
}
NEWER = {"the first": "print('1.2.499.0')", "shorter": "print(' 1.3 ')", "2": "print('2.0.0.0')"}


@pytest.mark.parametrize("version", NEWER.values(), ids=NEWER)
def test_no_other_user_can_read_the_sessions_token(
    dashborion: Cli, fleet: Fleet, plugin: Path, typed: str, version: str
) -> None:
    write_plugin(plugin.parent / "bin" / "session-manager-plugin", plugin, version)

    seen = dashborion(f"{typed} -- sh", fails_with_rows=True)

    called = json.loads(plugin.read_text())
    token = json.loads(called["session"])["tokenValue"]
    assert token
    assert token not in str(called["arguments"])
    assert "can read the session's token" not in seen.err


@pytest.mark.parametrize("version", OLDER.values(), ids=OLDER)
def test_an_older_plugin_gets_it_as_an_argument_which_is_told(
    dashborion: Cli,
    fleet: Fleet,
    plugin: Path,
    typed: str,
    version: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(plugin_, "VERSION_SECONDS", 1.0)
    write_plugin(plugin.parent / "bin" / "session-manager-plugin", plugin, version)

    seen = dashborion(f"{typed} -- sh", fails_with_rows=True)

    called = json.loads(plugin.read_text())
    assert json.loads(called["arguments"][0])["streamUrl"] == "wss://ssm.invalid/1"
    assert called["session"] is None
    assert "can read the session's token" in seen.err


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
    version = '[ "$1" = --version ] && exec echo 1.2.707.0\n'
    program.write_text(
        f'#!/bin/sh\n{version}{trap}echo $$ > "$0.self"\nwhile :; do sleep 0.1; done\n'
    )
    with start(f"{typed} -- sh", text=True) as process:
        wait_for("the plugin", Path(f"{program}.self").exists)
        process.send_signal(number)
        _, err = process.communicate(timeout=PATIENCE_SECONDS)

    assert process.returncode == code
    assert err.splitlines()[-1].startswith("interrupted: the command may still be running in")
    require_ended(program, "self")


@pytest.mark.parametrize("deaf", [False, True], ids=["that listens", "deaf to SIGTERM"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_terminal_that_the_plugin_has_changed_gets_its_modes_back(
    fleet: Fleet, plugin: Path, typed: str, number: signal.Signals, code: int, *, deaf: bool
) -> None:
    program = plugin.parent / "bin" / "session-manager-plugin"
    trap = "trap '' TERM HUP\n" if deaf else ""
    version = '[ "$1" = --version ] && exec echo 1.2.707.0\n'
    script = 'stty raw -echo\necho $$ > "$0.self"\nwhile :; do sleep 0.1; done\n'
    program.write_text(f"#!/bin/sh\n{version}{trap}{script}")
    child, terminal = pty.fork()
    if not child:
        os.execv(PROGRAM, [str(PROGRAM), *typed.split(), "--", "sh"])  # noqa: S606
    before = termios.tcgetattr(terminal)
    wait_for("the plugin", Path(f"{program}.self").exists)
    assert termios.tcgetattr(terminal) != before
    os.kill(child, number)

    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == code
    assert termios.tcgetattr(terminal) == before
    os.close(terminal)
    require_ended(program, "self")


def requirements(seen: Any) -> dict[str, bool | None]:
    return {one["requirement"]: one["met"] for one in seen.json["requirements"]}


def test_a_check_tells_each_requirement_and_starts_nothing(
    dashborion: Cli, fleet: Fleet, plugin: Path
) -> None:
    task = fleet.tasks["web"][0].id
    seen = dashborion(f"instances exec {task} -c app --check -o json")
    assert seen.exit_code == 0
    found = requirements(seen)
    known = ("plugin", "task runs", "ECS Exec is on", "container of app", "writable root")
    assert {name: found[name] for name in known} == dict.fromkeys(known, True)
    assert found["ExecuteCommandAgent of app"] is True
    assert found["endpoint of ssmmessages"] is None, "this AWS does not say"
    assert len([name for name in found if name.startswith("ssmmessages:")]) == 4
    assert fleet.aws.spy.of(EXECUTE) == []


def test_a_check_says_what_is_missing_and_what_to_do(dashborion: Cli, fleet: Fleet) -> None:
    task = fleet.tasks["web"][1].id
    seen = dashborion(f"instances exec {task} -c app --check -o json")
    assert (seen.exit_code, seen.json["possible"]) == (0, False)
    assert requirements(seen)["ECS Exec is on"] is False
    page = dashborion(f"instances exec {task} -c app --check", tty=True, width=80).out
    assert page.splitlines()[1] == "Possible: no"
    assert re.search(r"ECS Exec is on +no +", page)
    assert re.search(r"\nWhat to do\n(.*\n)*ECS Exec is on: .*--enable-execute-command", page)


def test_an_exec_that_is_refused_says_what_else_is_missing(
    dashborion: Cli, fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    seen = dashborion(f"instances exec {fleet.tasks['web'][1].id} -c app -- sh")
    assert seen.exit_code == 1
    assert "ECS Exec is off" in seen.err.splitlines()[0]
    assert "also missing: plugin, " in seen.err.splitlines()[1]


@pytest.mark.parametrize("words", ["", "--check -- sh", "-o json -- sh"])
def test_a_command_or_a_check_is_typed(dashborion: Cli, fleet: Fleet, words: str) -> None:
    seen = dashborion(f"instances exec {fleet.tasks['web'][0].id} {words}")
    assert seen.exit_code == 2
