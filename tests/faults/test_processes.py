"""What only a process shows: closed pipes, Ctrl-C, full disks, and narrow encodings."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support import misbehaviour
from tests.support.cli import start
from tests.support.kubeconfigs import Kube, Plugin
from tests.support.stub_api import Api
from tests.support.stub_objects import deployment
from tests.support.waiting import PATIENCE_SECONDS, wait_for


@pytest.fixture(autouse=True)
def _buffered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unbuffered, Python itself loses what a pipe did not take, without an error."""
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)


def _shell(line: str, environment: Mapping[str, str] | None = None) -> tuple[int, str, str]:
    """A line of bash in which ``dashborion`` is this one: its code, stdout and stderr."""
    named = f'set -o pipefail; dashborion() {{ "{sys.executable}" -m dashborion "$@"; }}; {line}'
    done = subprocess.run(
        ["bash", "-c", named],  # noqa: S607
        capture_output=True,
        check=False,
        timeout=PATIENCE_SECONDS,
        env={**os.environ, **(environment or {})},
    )
    return done.returncode, done.stdout.decode("latin-1"), done.stderr.decode("latin-1")


@pytest.fixture
def large(cluster: Api) -> Api:
    """More than a pipe holds."""
    cluster.objects["deployments"] = [deployment(f"web-{n:04}-{'x' * 99}") for n in range(1500)]
    return cluster


@pytest.mark.parametrize("output", ["table", "json", "name"])
def test_head_ends_a_long_list_quietly(large: Api, output: str) -> None:
    code, out, err = _shell(f"dashborion workloads list --type deploy -o {output} | head -1")

    assert (code, err) == (141, "")
    assert len(out.splitlines()) == 1
    assert large.requests


@pytest.mark.parametrize("command", ["workloads list", "--help", "--version", "env list"])
def test_a_reader_that_has_gone_before_the_first_word_is_141_quietly(
    cluster: Api, command: str
) -> None:
    with start(command) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 141


def test_a_reader_of_errors_that_has_gone_does_not_change_the_code(
    cluster: Api, kube: Kube
) -> None:
    kube("http://127.0.0.1:9")
    with start("workloads list") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stderr.close()
        assert process.stdout.read() == b""
        assert process.wait() in (6, 141)


@pytest.mark.parametrize("command", ["workloads list", "--help", "workloads list -o json"])
def test_a_closed_stdout_is_an_error_in_words(cluster: Api, command: str) -> None:
    code, _, err = _shell(f"dashborion {command} >&-")

    assert code == 1
    assert err.count("\n") == 1
    assert "cannot write the output: stdout is closed" in err


def test_a_closed_stderr_does_not_cost_the_data(cluster: Api) -> None:
    cluster.on("*/statefulsets", misbehaviour.status(403, "forbidden"))

    code, out, _ = _shell("dashborion workloads list -o name 2>&-")

    assert (code, out) == (5, "api\nweb\n")


def test_a_closed_stdin_is_no_matter(cluster: Api) -> None:
    assert _shell("dashborion workloads list -o name <&-") == (0, "api\ndb\nweb\n", "")


@pytest.mark.parametrize(
    "command",
    [
        "workloads list",
        "workloads list -o json",
        "workloads describe web",
        "instances list -A -o json",
        "schema",
        "--help",
        "--show-completion bash",
    ],
)
def test_a_full_disk_is_an_error_in_words(large: Api, command: str) -> None:
    large.objects["deployments"].append(deployment("web"))

    code, _, err = _shell(f"dashborion {command} > /dev/full")

    assert code == 1
    assert err.count("\n") == 1
    assert "cannot write the output: No space left on device" in err


@pytest.mark.parametrize(
    ("command", "code"),
    [("workloads describe nothing", 3), ("workloads list -o name", 5), ("workloads --wrong", 2)],
)
def test_errors_that_a_full_disk_does_not_take_do_not_change_the_code(
    cluster: Api, command: str, code: int
) -> None:
    """Bug: 120, which is Python's own."""
    cluster.on("*/statefulsets", misbehaviour.status(403, "forbidden"))

    assert _shell(f"dashborion {command} 2> /dev/full")[0] == code


def test_with_both_streams_on_a_full_disk_the_code_alone_tells(cluster: Api) -> None:
    assert _shell("dashborion workloads list > /dev/full 2>&1") == (1, "", "")


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"_DASHBORION_COMPLETE": "source_bash"}, True),
        ({"_DASHBORION_COMPLETE": "complete_fish", "_TYPER_COMPLETE_ARGS": "dashborion "}, False),
    ],
    ids=["the script", "words, where an error would destroy the prompt"],
)
def test_completion_on_a_full_disk(variables: dict[str, str], told: bool) -> None:
    code, _, err = _shell("dashborion > /dev/full", variables)

    assert code == 1
    assert ("cannot write the output" in err) == told
    assert bool(err) == told


def _interrupt(process: subprocess.Popen[bytes]) -> tuple[int, bytes]:
    """Press Ctrl-C a moment later: the exit code and stderr, long before what it waits for ends."""
    time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE_SECONDS / 2)
    return process.returncode, err


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(misbehaviour.hang, id="hanging"),
        pytest.param(misbehaviour.trickle, id="trickling"),
        pytest.param(
            misbehaviour.status(429, headers={"Retry-After": "30"}), id="waiting to try again"
        ),
    ],
)
@pytest.mark.parametrize("command", ["workloads list", "env check"])
def test_an_interrupt_ends_a_hang_at_once_with_130(
    cluster: Api, fault: misbehaviour.Fault, command: str
) -> None:
    cluster.on("*", fault)
    with start(command) as process:
        assert cluster.asked.wait(PATIENCE_SECONDS)

        assert _interrupt(process) == (130, b"")


def test_an_interrupt_ends_a_plugin_that_hangs(api: Api, kube: Kube, tmp_path: Path) -> None:
    plugin = Plugin.script(tmp_path / "plugin", f"exec sleep {PATIENCE_SECONDS}")
    kube(api.url, user=plugin.user)
    with start("workloads list") as process:
        wait_for("the plugin", lambda: plugin.runs)

        assert _interrupt(process) == (130, b"")


SLOW_IMPORT = """
import sys, time, pathlib

class Slow:
    def find_spec(self, name, path=None, target=None):
        if name == {name!r}:
            pathlib.Path({marker!r}).touch()
            time.sleep({seconds})

sys.meta_path.insert(0, Slow())
"""


@pytest.mark.parametrize("name", ["typer", "dashborion.cli.app", "urllib3", "rich.table"])
def test_an_interrupt_while_something_is_imported_is_no_traceback(
    api: Api, kube: Kube, tmp_path: Path, name: str
) -> None:
    kube(api.url)
    marker = tmp_path / "importing"
    script = SLOW_IMPORT.format(name=name, marker=str(marker), seconds=PATIENCE_SECONDS)
    (tmp_path / "sitecustomize.py").write_text(script)
    command = f"workloads list -o {'table' if name == 'rich.table' else 'json'}"
    path = f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    with start(command, environ={"PYTHONPATH": path}) as process:
        wait_for("the import", marker.exists)

        assert _interrupt(process) == (130, b"")


NARROW = {
    "ASCII": {"PYTHONIOENCODING": "ascii"},
    "LANG=C": {"LC_ALL": "C", "LANG": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
}
every_encoding = pytest.mark.parametrize("encoding", NARROW.values(), ids=NARROW)
TEXT = "caf\u00e9 \u6771\u4eac \U0001f600"


@every_encoding
@pytest.mark.parametrize("output", ["table", "yaml"])
def test_text_that_the_encoding_lacks_is_shown_escaped(
    cluster: Api, encoding: dict[str, str], output: str
) -> None:
    cluster.objects["deployments"] = [deployment(TEXT)]

    code, out, err = _shell(f"dashborion workloads list -o {output} | cat", encoding)

    assert (code, err) == (0, "")
    assert "\\u0001f600" in out.lower()


@every_encoding
def test_json_is_valid_and_the_same_in_any_encoding(cluster: Api, encoding: dict[str, str]) -> None:
    cluster.objects["deployments"] = [deployment(TEXT)]

    code, out, _ = _shell("dashborion workloads list --type deploy -o json", encoding)

    assert code == 0
    assert json.loads(out)[0]["name"] == TEXT


@every_encoding
def test_an_error_that_the_encoding_lacks_is_shown_escaped(
    cluster: Api, encoding: dict[str, str]
) -> None:
    cluster.on("*", misbehaviour.status(403, TEXT))

    code, out, err = _shell("dashborion workloads list", encoding)

    assert (code, out) == (4, "")
    assert "Traceback" not in err
    assert "\\U0001f600" in err
