"""``instances exec`` on the demo's Kubernetes, over real sockets and descriptors."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Iterator
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ

import pytest

from dashborion.demo.kubernetes import exec as demo_exec
from dashborion.demo.kubernetes.cluster import KubernetesCluster
from tests.support.cli import PROGRAM, Cli, start
from tests.support.kubeconfigs import document, write
from tests.support.manifests import container, deployment, namespace, pod
from tests.support.waiting import PATIENCE_SECONDS, wait_for

TOKEN = "made-up-token"


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KubernetesCluster]:
    found = KubernetesCluster(TOKEN, nodes=1, speed=50)
    found.api.start()
    found.tick()
    found.put(namespace("media"))
    app = container(env=[{"name": "STAGE", "value": "test"}])
    found.put(pod("web", app, container(name="side")))
    found.put(pod("broken", container("missing")))
    wait_for("the pod", lambda: _runs_now(found))
    path = write(tmp_path / "kubeconfig", document(found.api.url, user={"token": TOKEN}))
    monkeypatch.setenv("KUBECONFIG", str(path))
    monkeypatch.setenv("DASHBORION_ENV", "k8s:here/media")
    yield found
    found.api.stop()


def _runs_now(cluster: KubernetesCluster) -> bool:
    cluster.tick()
    found = cluster.store.get("pods", "media", "web")
    statuses = ((found or {}).get("status") or {}).get("containerStatuses") or ()
    return bool(statuses) and all("running" in each["state"] for each in statuses)


@pytest.fixture
def deployed(cluster: KubernetesCluster) -> KubernetesCluster:
    """A Deployment of two beside the pods."""
    cluster.put(deployment("front", container(), replicas=2))
    cluster.put(deployment("sick", container("missing")))
    wait_for("both", lambda: _has_ready(cluster, 2))
    return cluster


def _has_ready(cluster: KubernetesCluster, count: int) -> bool:
    cluster.tick()
    found = cluster.store.get("deployments", "media", "front") or {}
    return bool((found.get("status") or {}).get("readyReplicas") == count)


def test_a_workload_stands_for_a_ready_instance(
    dashborion: Cli, deployed: KubernetesCluster
) -> None:
    seen = dashborion("instances exec -w front -- sh -c 'echo in'")
    assert (seen.exit_code, seen.out) == (0, "in\n")
    assert re.search(r"using (front-\S+), a ready instance of front\n", seen.err)

    seen = dashborion("instances exec -w deployment/sick -- ls -e")
    assert (seen.exit_code, "no instance of deployment/sick is ready" in seen.err) == (1, True)
    assert dashborion("instances exec -w nobody -- ls").exit_code == 3


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        pytest.param("web", "no command, and a shell needs a terminal", id="no terminal"),
        pytest.param("-w web", "no command, and a shell needs a terminal", id="of a workload"),
        pytest.param("-- ls", "expected either the ID of an instance or -w", id="no instance"),
        pytest.param("web -w web -- ls", "expected either the ID", id="both"),
        pytest.param("-w web ls", "a command stands behind `--`", id="no dashes"),
    ],
)
def test_what_is_missing_is_said(
    dashborion: Cli, cluster: KubernetesCluster, typed: str, said: str
) -> None:
    seen = dashborion(f"instances exec {typed}")
    assert (seen.exit_code, said in seen.err) == (2, True), seen.err


def test_what_stands_behind_the_dashes_is_the_command(
    dashborion: Cli, cluster: KubernetesCluster
) -> None:
    seen = dashborion("instances exec k8s:here/media:web -- echo k8s:here/media:web -- -e -q")
    assert (seen.exit_code, seen.out) == (0, "k8s:here/media:web -- -e -q\n")


def test_streams_and_the_exit_code_are_the_commands_own(
    dashborion: Cli, cluster: KubernetesCluster
) -> None:
    seen = dashborion("instances exec web -- sh -c 'echo $STAGE; echo bad >&2; exit 7'")
    assert (seen.exit_code, seen.out) == (7, "test\n")
    assert seen.err.startswith("bad\n")
    assert "container 'app' out of: app, side" in seen.err


def test_an_option_of_the_command_is_not_ours(dashborion: Cli, cluster: KubernetesCluster) -> None:
    seen = dashborion("instances exec web -c side -- echo -n -o json -- --help")
    assert (seen.exit_code, seen.out) == (0, "-n -o json -- --help\n")
    assert "out of" not in seen.err


def test_stdin_is_sent_as_it_is_and_its_end_too(cluster: KubernetesCluster) -> None:
    data = os.urandom(1 << 20)
    with start("instances exec web -- cat", stdin=subprocess.PIPE) as process:
        out, err = process.communicate(data, timeout=PATIENCE_SECONDS)
    assert (process.returncode, out == data) == (0, True), err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("web -- nope", 1, "'nope' did not run"),
        ("web -c nope -- ls", 3, "no container 'nope'"),
        ("broken -- ls", 1, "does not run"),
        ("nobody -- ls", 3, "no instance 'nobody'"),
    ],
    ids=["no program", "no container", "not running", "no pod"],
)
def test_an_exec_that_cannot_start_is_explained(
    dashborion: Cli, cluster: KubernetesCluster, words: str, code: int, said: str
) -> None:
    seen = dashborion(f"instances exec {words}")
    assert (seen.exit_code, seen.out) == (code, "")
    assert said in seen.err


@pytest.mark.parametrize(("flag", "code"), [("read_only", 1), ("protected", 2)])
def test_a_guarded_environment_is_guarded_here_too(
    dashborion: Cli, cluster: KubernetesCluster, home: Path, flag: str, code: int
) -> None:
    path = home / ".config" / "dashborion" / "config.yaml"
    path.parent.mkdir(parents=True)
    target = f"{{orchestrator: kubernetes, context: here, namespace: media, {flag}: true}}"
    path.write_text(f"environments:\n  prod: {target}\n")
    seen = dashborion("instances exec web -e prod -- echo hello")
    assert (seen.exit_code, seen.out) == (code, "")
    seen = dashborion("instances exec web -e prod --yes -- echo hello")
    assert seen.out == ("hello\n" if flag == "protected" else "")


def test_an_older_server_cannot_be_told_that_stdin_has_ended(
    dashborion: Cli, cluster: KubernetesCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    only = demo_exec.PROTOCOLS[1:]
    monkeypatch.setattr(
        demo_exec.exec_answer, "__kwdefaults__", {"protocols": only, "on_end": None}
    )
    seen = dashborion("instances exec web -- sh -c 'sleep 0.5; echo done'", stdin=b"x\n")
    assert (seen.exit_code, seen.out) == (0, "done\n")
    assert "cannot be told that stdin has ended" in seen.err


def test_a_terminal_there_and_here(cluster: KubernetesCluster) -> None:
    ours, theirs = pty.openpty()
    ioctl(theirs, TIOCSWINSZ, struct.pack("HHHH", 31, 97, 0, 0))
    command = "instances exec web -- sh"
    with start(command, stdin=theirs, stdout=theirs, stderr=theirs) as running:
        _until(ours, b"$ ")
        os.write(ours, b"stty size\r")
        _until(ours, b"31 97\r\n$ ")
        ioctl(theirs, TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        running.send_signal(signal.SIGWINCH)
        os.write(ours, b"\x03")
        assert b"^C" in _until(ours, b"$ ")

        def has_the_new_size() -> bool:
            os.write(ours, b"stty size\r")
            return b"40 120\r\n" in _until(ours, b"\r\n$ ")

        wait_for("the new size", has_the_new_size)
        os.write(ours, b"exit 5\r")
        assert running.wait(PATIENCE_SECONDS) == 5
    os.close(ours)
    os.close(theirs)


@pytest.mark.parametrize("times", [1, 2], ids=["once", "twice"])
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=["SIGTERM", "SIGHUP"]
)
def test_a_terminal_is_not_left_raw(
    cluster: KubernetesCluster, number: signal.Signals, code: int, times: int
) -> None:
    child, terminal = pty.fork()
    if not child:
        words = ["instances", "exec", "web", "--", "sh"]
        os.execv(PROGRAM, [str(PROGRAM), *words])  # noqa: S606
    before = termios.tcgetattr(terminal)
    _until(terminal, b"$ ")
    assert termios.tcgetattr(terminal) != before
    for _ in range(times):
        os.kill(child, number)

    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == code
    assert termios.tcgetattr(terminal) == before
    os.close(terminal)


def _until(descriptor: int, wanted: bytes) -> bytes:
    """What is shown until then."""
    seen, end = b"", time.monotonic() + PATIENCE_SECONDS
    while wanted not in seen:
        readable, _, _ = select.select([descriptor], [], [], max(0, end - time.monotonic()))
        assert readable, seen
        seen += os.read(descriptor, 1024)
    return seen
