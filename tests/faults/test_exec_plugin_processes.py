"""Exec plugins as processes: their deadline, their children, our stdin and our terminal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.cli import Cli, start
from tests.support.kubeconfigs import (
    TOKEN,
    Kube,
    Plugin,
    credential,
    document,
    exec_user,
    merged,
    write,
)
from tests.support.processes import require_ended
from tests.support.stub_api import Api
from tests.support.terminal import Shell
from tests.support.waiting import PATIENCE_SECONDS, wait_for

LIST = [sys.executable, "-m", "dashborion", "workloads", "list", "-o", "name"]
NOTE_CHILD = 'sleep 300 & echo $! > "$0.child"'
PRINT = f"cat <<'END'\n{credential()}\nEND"


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param("exec sleep 300", id="asleep"),
        pytest.param("trap '' TERM\nsleep 300\nsleep 300", id="deaf to SIGTERM"),
        pytest.param("exec >&-\nsleep 300", id="its stdout closed"),
        pytest.param("exit 0", id="ended, its stdout held by a child"),
    ],
)
def test_a_plugin_that_hangs_is_named_and_ended_with_its_children(
    dashborion: Cli, api: Api, kube: Kube, tmp_path: Path, lines: str
) -> None:
    script = tmp_path / "log-in"
    kube(api.url, user=Plugin.script(script, 'echo $$ > "$0.self"', NOTE_CHILD, lines).user)

    seen = dashborion("workloads list -o json", seconds=2)

    assert (seen.exit_code, seen.error["code"]) == (4, "credentials")
    assert f"user 'here-user': plugin '{script}' did not answer" in seen.error["message"]
    require_ended(script, "self", "child")


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        pytest.param(PRINT, 0, id="it has printed a credential"),
        pytest.param("echo half of it", 4, id="it has printed something else"),
        pytest.param("exit 3", 4, id="it has failed"),
    ],
)
def test_a_plugin_that_has_ended_is_not_waited_for_because_of_a_child(
    dashborion: Cli, api: Api, kube: Kube, tmp_path: Path, lines: str, code: int
) -> None:
    script = tmp_path / "log-in"
    kube(api.url, user=Plugin.script(script, NOTE_CHILD, lines).user)

    seen = dashborion("workloads list")
    os.kill(int(Path(f"{script}.child").read_text()), signal.SIGKILL)

    assert seen.exit_code == code
    assert "did not answer" not in seen.err
    assert dashborion.took < PATIENCE_SECONDS / 2


def test_environments_that_share_a_plugin_that_hangs_wait_for_it_once(
    dashborion: Cli, api: Api, kube: Kube, tmp_path: Path
) -> None:
    plugin = Plugin.script(tmp_path / "log-in", "exec sleep 300")
    content = merged(*(document(api.url, context=name, user=plugin.user) for name in ("here", "b")))
    write(kube(api.url), merged(content, document(api.url, context="good")))

    seen = dashborion("workloads list -e k8s:here -e k8s:b -e k8s:good -o name", seconds=2)

    assert (seen.exit_code, len(seen.lines)) == (5, 3)
    assert "user 'here-user'" in seen.err
    assert "user 'b-user'" in seen.err
    assert plugin.runs == 1


def test_ctrl_c_ends_a_plugin_and_its_children(api: Api, kube: Kube, tmp_path: Path) -> None:
    script = tmp_path / "log-in"
    kube(api.url, user=Plugin.script(script, 'echo $$ > "$0.self"', NOTE_CHILD, "sleep 300").user)
    with start("workloads list") as process:
        wait_for("the plugin", Path(f"{script}.child").exists)

        def is_interrupted() -> bool:
            process.send_signal(signal.SIGINT)
            return process.poll() is not None

        # The first may be lost: Python sleeps on where another thread handles it.
        wait_for("its end", is_interrupted, interval=0.2)
        out, error = process.communicate(timeout=PATIENCE_SECONDS)

    assert (process.returncode, out, error) == (130, b"", b"")
    require_ended(script, "self", "child")


@pytest.mark.parametrize("mode", ["Never", "IfAvailable"])
def test_a_plugin_does_not_read_the_piped_stdin(
    api: Api, kube: Kube, tmp_path: Path, mode: str
) -> None:
    script = tmp_path / "log-in"
    user = Plugin.script(script, 'cat > "$0.stdin"', PRINT).user
    user["exec"]["interactiveMode"] = mode
    kube(api.url, user=user)
    reading, writing = os.pipe()
    os.write(writing, b"a manifest")
    os.close(writing)

    done = subprocess.run(LIST, stdin=reading, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert Path(f"{script}.stdin").read_bytes() == b""
    assert os.read(reading, 100) == b"a manifest"
    os.close(reading)


def test_a_plugin_that_needs_a_terminal_is_not_run_without_one(
    dashborion: Cli, api: Api, kube: Kube, tmp_path: Path
) -> None:
    plugin = Plugin.write(tmp_path / "log-in", credential())
    user = plugin.user
    user["exec"]["interactiveMode"] = "Always"
    kube(api.url, user=user)

    seen = dashborion("workloads list -o json")

    assert (seen.exit_code, seen.error["code"]) == (4, "credentials")
    assert "log-in' needs a terminal" in seen.error["message"]
    assert plugin.runs == 0


@pytest.mark.parametrize("mode", ["Always", "IfAvailable"])
def test_on_a_terminal_a_plugin_asks_and_is_answered(
    api: Api, kube: Kube, tmp_path: Path, mode: str
) -> None:
    lines = ('printf "Your code: " >&2', "read code", '[ "$code" = 123 ] || exit 1', PRINT)
    user = Plugin.script(tmp_path / "log-in", *lines).user
    user["exec"]["interactiveMode"] = mode
    kube(api.url, user=user)

    with Shell(LIST, os.environ) as shell:
        shell.wait_for("Your code: ")
        shell.type("123\n")
        shell.wait_for("web")

    assert {one.headers["authorization"] for one in api.requests} == {f"Bearer {TOKEN}"}


def test_on_a_terminal_a_plugin_that_must_not_ask_gets_no_stdin(
    api: Api, kube: Kube, tmp_path: Path
) -> None:
    lines = ('echo "Open a browser" >&2', '[ -t 0 ] || cat > "$0.stdin"', PRINT)
    kube(api.url, user=Plugin.script(tmp_path / "log-in", *lines).user)

    with Shell(LIST, os.environ) as shell:
        shell.wait_for("Open a browser")
        shell.wait_for("web")

    assert (tmp_path / "log-in.stdin").read_bytes() == b""


def test_ctrl_c_on_a_terminal_ends_a_plugin_that_asks(api: Api, kube: Kube, tmp_path: Path) -> None:
    script = tmp_path / "log-in"
    lines = ('echo $$ > "$0.self"', NOTE_CHILD, 'printf "Your code: " >&2', "read code")
    user = Plugin.script(script, *lines).user
    user["exec"]["interactiveMode"] = "IfAvailable"
    kube(api.url, user=user)

    with Shell(LIST, os.environ) as shell:
        shell.wait_for("Your code: ")
        require_ended(script, "self", "child", meanwhile=lambda: shell.type("\x03"))


def test_a_plugin_may_say_much_on_stderr(
    dashborion: Cli, api: Api, kube: Kube, tmp_path: Path
) -> None:
    lines = ("i=0; while [ $i -lt 4000 ]; do echo 's3cr3t %080d' $i >&2; i=$((i+1)); done", PRINT)
    kube(api.url, user=Plugin.script(tmp_path / "log-in", *lines).user)

    assert dashborion("workloads list -o name").exit_code == 0


def test_a_plugin_that_prints_without_end_is_ended(
    dashborion: Cli, api: Api, kube: Kube, tmp_path: Path
) -> None:
    kube(api.url, user=Plugin.script(tmp_path / "log-in", "exec yes s3cr3t").user)

    seen = dashborion("workloads list -o json")

    assert (seen.exit_code, seen.error["code"]) == (4, "credentials")
    assert "printed too much" in seen.error["message"]


def test_a_bare_name_is_looked_for_in_the_path(
    dashborion: Cli, api: Api, kube: Kube, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Plugin.write(tmp_path / "acme-log-in", credential())
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    kube(api.url, user=exec_user("acme-log-in"))

    assert dashborion("workloads list -o name").exit_code == 0
