"""What others put where the demo's folder would be is neither read, run, nor signalled."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.cli import Cli
from tests.support.shell import folder_of

NOBODY = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs a second user")
COMMANDS = ["demo status", "demo stop", "demo reset", "demo start", "workloads list --demo"]
HOLD = """
import fcntl, sys, time
file = open(sys.argv[1], "r+")
fcntl.flock(file, fcntl.LOCK_EX)
print(flush=True)
time.sleep(60)
"""


@pytest.fixture
def victim() -> Iterator[subprocess.Popen[bytes]]:
    """A process that is none of the demo's."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        yield process
        process.kill()


def belongs_to_another(folder: Path) -> None:
    folder.mkdir(parents=True, mode=0o700)
    os.chown(folder, NOBODY, NOBODY)


def is_a_link(folder: Path) -> None:
    folder.parent.mkdir(parents=True)
    (elsewhere := folder.parent / "elsewhere").mkdir()
    (elsewhere / "kept").write_text("mine")
    folder.symlink_to(elsewhere)


def is_a_file(folder: Path) -> None:
    folder.parent.mkdir(parents=True)
    folder.write_text("")


def is_open_to_all(folder: Path) -> None:
    folder.mkdir(parents=True)
    folder.chmod(0o777)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    "prepare",
    [pytest.param(belongs_to_another, marks=as_root), is_a_link, is_a_file, is_open_to_all],
)
def test_a_folder_that_is_not_ones_own_is_refused(
    home: Path,
    dashborion: Cli,
    victim: subprocess.Popen[bytes],
    prepare: Callable[[Path], None],
    command: str,
) -> None:
    folder = folder_of(home)
    prepare(folder)
    before = sorted(path.name for path in folder.parent.rglob("*"))
    if folder.is_dir():
        (folder / "alive").write_text(str(victim.pid))
        (folder / "kubeconfig").write_text(json.dumps({"users": "somebody else's"}))
        before = sorted(path.name for path in folder.parent.rglob("*"))

    seen = dashborion(command)

    assert (seen.exit_code, "the demo's folder: " in seen.err) == (2, True), seen.err
    assert "$XDG_STATE_HOME" in seen.err
    assert victim.poll() is None
    assert sorted(path.name for path in folder.parent.rglob("*")) == before


def test_a_process_that_is_not_the_demo_is_not_signalled(
    home: Path, dashborion: Cli, victim: subprocess.Popen[bytes]
) -> None:
    """Even one that holds the lock."""
    folder = folder_of(home)
    folder.mkdir(parents=True, mode=0o700)
    (folder / "alive").write_text(str(victim.pid))
    words = [sys.executable, "-c", HOLD, str(folder / "alive")]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        seen = dashborion("demo stop")
        assert (seen.exit_code, "not running" in seen.err) == (0, True)
        assert (victim.poll(), holder.poll()) == (None, None)
        holder.kill()


@as_root
@pytest.mark.parametrize("command", ["demo start", "workloads list --demo"])
def test_root_keeps_nothing_in_the_home_of_another(
    home: Path, dashborion: Cli, command: str
) -> None:
    """As ``sudo`` with $HOME kept."""
    os.chown(home, NOBODY, NOBODY)
    seen = dashborion(command)
    assert (seen.exit_code, "another user's" in seen.err) == (2, True), seen.err
    assert list(home.iterdir()) == []


@as_root
def test_root_keeps_no_caches_and_no_choice_in_the_home_of_another(
    home: Path, dashborion: Cli, api: object, kube: Callable[..., Path]
) -> None:
    kube(api.url)  # type: ignore[attr-defined]
    os.chown(home, NOBODY, NOBODY)
    assert dashborion("workloads list").exit_code == 0
    used = dashborion("env use k8s:here")
    assert used.exit_code != 0
    assert "another user's" in used.err
    assert list(home.iterdir()) == []
