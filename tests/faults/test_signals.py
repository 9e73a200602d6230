"""SIGTERM and SIGHUP end a command as Ctrl-C does: with its report, and with its children."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashborion.signals import ECHO_SECONDS
from tests.support.cli import PROGRAM, start
from tests.support.kubeconfigs import Kube, Plugin
from tests.support.misbehaviour import hang
from tests.support.processes import require_ended
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

SIGNALS = pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
    ids=["SIGINT", "SIGTERM", "SIGHUP"],
)
WAIT = f"{SCALE} --wait -o json"


@pytest.fixture
def waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """A rollout that does not end."""
    take_all_methods(monkeypatch)
    with Api() as server:
        point_at(server, tmp_path, monkeypatch)
        server.objects["deployments"] = [unfinished()]
        server.on(f"{WEB}/scale", takes_replicas(server, 3))
        yield server


def _looks(api: Api) -> int:
    made = (
        [one.method for one in api.requests].index("PATCH") if changed(api) else len(api.requests)
    )
    return sum(one.path == WEB for one in api.requests[made:])


def _ended(process: subprocess.Popen[str], *numbers: signal.Signals) -> tuple[str, str]:
    for number in numbers:
        process.send_signal(number)
    return process.communicate(timeout=PATIENCE_SECONDS)


@SIGNALS
def test_a_wait_reports_the_change_that_was_made(
    waiting: Api, number: signal.Signals, code: int
) -> None:
    with start(WAIT, text=True) as process:
        wait_for("its first look", lambda: _looks(waiting))
        out, err = _ended(process, number)

    assert process.returncode == code, err
    assert (json.loads(out)["action"], json.loads(out)["after"]) == ("scale", 3)
    assert json.loads(err.splitlines()[-1]) == {
        "note": {"message": "interrupted: the rollout of web goes on"}
    }


def test_the_echo_of_a_signal_is_no_second_one(waiting: Api) -> None:
    """`timeout` signals the child and then its group; SIGHUP comes from shell and kernel."""
    with start(WAIT, text=True) as process:
        wait_for("its first look", lambda: _looks(waiting))
        out, _ = _ended(process, signal.SIGTERM, signal.SIGTERM)

    assert process.returncode == 143
    assert json.loads(out)["action"] == "scale"


def test_a_second_signal_ends_a_command_that_cannot_say_anything_any_more(waiting: Api) -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    while True:  # nobody reads it
        try:
            os.write(writing, bytes(4096))
        except BlockingIOError:
            break
    os.set_blocking(writing, True)
    with start(WAIT, text=True, stdout=writing) as process:
        wait_for("its first look", lambda: _looks(waiting))
        process.send_signal(signal.SIGTERM)
        time.sleep(ECHO_SECONDS * 2)
        assert process.poll() is None, "it writes its report"
        process.send_signal(signal.SIGINT)

        assert process.wait(PATIENCE_SECONDS) == 143
    os.close(reading)
    os.close(writing)


def test_nohup_is_respected(waiting: Api) -> None:
    def ignore() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    with start(WAIT, text=True, preexec_fn=ignore) as process:
        wait_for("its first look", lambda: _looks(waiting))
        process.send_signal(signal.SIGHUP)
        looks = _looks(waiting)
        wait_for("another look", lambda: _looks(waiting) > looks)
        _ended(process, signal.SIGTERM)

    assert process.returncode == 143


@SIGNALS
def test_logs_that_are_followed_end(
    api: Api, kube: Kube, number: signal.Signals, code: int
) -> None:
    kube(api.url)
    api.objects["pods"][0]["status"]["containerStatuses"][0]["containerID"] = "containerd://1"
    api.on("*/log", hang)
    with start("instances logs web-1 -f", text=True) as process:
        wait_for("the log", lambda: any(one.path.endswith("/log") for one in api.requests))
        _, err = _ended(process, number)

    assert (process.returncode, "Traceback" in err) == (code, False)


@SIGNALS
def test_a_plugin_and_its_children_end_with_us(
    api: Api, kube: Kube, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    script = tmp_path / "log-in"
    lines = ('sleep 300 & echo $! > "$0.child"', 'echo $$ > "$0.self"', "sleep 300")
    kube(api.url, user=Plugin.script(script, *lines).user)
    with start("workloads list", text=True) as process:
        wait_for("the plugin", Path(f"{script}.self").exists)
        assert _ended(process, number) == ("", "")

    assert process.returncode == code
    require_ended(script, "self", "child")


@SIGNALS
def test_a_terminal_that_a_plugin_has_changed_gets_its_modes_back(
    api: Api, kube: Kube, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    script = tmp_path / "log-in"
    user = Plugin.script(script, "stty -echo raw", 'echo $$ > "$0.self"', "sleep 300").user
    user["exec"]["interactiveMode"] = "IfAvailable"
    kube(api.url, user=user)
    child, terminal = pty.fork()
    if not child:
        os.execv(PROGRAM, [str(PROGRAM), "workloads", "list"])  # noqa: S606
    before = termios.tcgetattr(terminal)
    wait_for("the plugin", Path(f"{script}.self").exists)
    assert termios.tcgetattr(terminal) != before
    os.kill(child, number)

    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == code
    assert termios.tcgetattr(terminal) == before
    os.close(terminal)


HELD = """
import os, signal
from dashborion import signals

def press():
    os.kill(os.getpid(), signal.{name})

signals.listen()
try:
    with signals.held() as release:
        press()
        print("made")
        {then}
        print("not reached")
except KeyboardInterrupt as ended:
    print("ended with", ended.exit_code)
"""


@pytest.mark.parametrize(
    ("name", "then", "words"),
    [
        ("SIGINT", "release()", ["made", "ended with 130"]),
        ("SIGTERM", "print('named')", ["made", "named", "not reached", "ended with 143"]),
    ],
    ids=["until it is released", "to the end"],
)
def test_a_signal_waits_while_what_it_would_leave_behind_is_made(
    name: str, then: str, words: list[str]
) -> None:
    script = HELD.format(name=name, then=then)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == words
