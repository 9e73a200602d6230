"""``demo start|stop|status|reset``, and what becomes of a demo that came to harm."""

from __future__ import annotations

import json
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.shell import ROOT, before, end_all_in, folder_of, sh, state_of
from tests.support.waiting import wait_for

_NOBODY = 65534
_WITHOUT_MOTO = """
import sys

class Without:
    def __init__(self, finder):
        self.finder = finder

    def __getattr__(self, name):
        return getattr(self.finder, name)

    def find_spec(self, name, path=None, target=None):
        hidden = name.partition(".")[0] == "moto"
        return None if hidden else self.finder.find_spec(name, path, target)

sys.meta_path[:] = [Without(one) for one in sys.meta_path]
"""
_BREAKING = """
import os, sys

if "dashborion.demo" in sys.orig_argv:
    os.write(2, b"it broke\\n")
    os._exit(3)
"""


def test_a_substitution_of_the_command_that_starts_it_returns(new_home: Path) -> None:
    done = sh('echo "<$(dashborion --demo workloads list -o name)>"')
    assert done.returncode == 0
    assert done.stdout.startswith("<agent\ncart\n"), done.stderr
    assert sh("dashborion demo status").stdout.startswith("running since ")


def test_start_stop_and_status_say_what_they_did(new_home: Path) -> None:
    assert sh("dashborion demo status").stdout == "not running\n"
    assert "not running" in sh("dashborion demo stop").stderr
    first = sh("dashborion demo start")
    assert (first.returncode, first.stderr) == (0, "")
    second = sh("dashborion demo start")
    assert (second.returncode, second.stdout) == (0, first.stdout)
    assert f"already running since {state_of(new_home)['started']}" in second.stderr
    status = sh("dashborion demo status").stdout
    for word in ("aws_url", "kubernetes_url", "log"):
        assert state_of(new_home)[word] in status
    assert "stopped" in sh("dashborion demo stop").stderr
    assert sh("dashborion demo status").stdout == "not running\n"


def test_a_reset_takes_changes_back_and_keeps_the_addresses(running: Path) -> None:
    look = "dashborion --demo workloads list reports -o json"
    exports = sh("dashborion demo start").stdout
    changed = sh("dashborion --demo workloads scale reports --replicas 1")
    assert changed.returncode == 0, changed.stderr
    seen = sh(look)
    assert seen.returncode == 0, seen.stderr
    assert json.loads(seen.stdout)[0]["desired"] == 1
    assert "back in its initial state" in sh("dashborion demo reset").stderr
    assert json.loads(sh(look).stdout)[0]["desired"] == 0
    assert sh("dashborion demo start").stdout == exports


def test_a_config_beside_it_is_refused_before_anything_starts(new_home: Path) -> None:
    for command in ("--demo --config x workloads list", "workloads list --demo --config x"):
        done = sh(f"dashborion {command}")
        assert (done.returncode, done.stdout) == (2, "")
        assert "--demo and --config" in done.stderr
    assert not folder_of(new_home).exists()


@pytest.mark.parametrize("command", ["--demo workloads list", "demo start", "demo reset"])
def test_without_the_extra_it_is_named(new_home: Path, tmp_path: Path, command: str) -> None:
    done = sh(f"dashborion {command}", {"PYTHONPATH": before(tmp_path / "first", _WITHOUT_MOTO)})
    assert (done.returncode, done.stdout) == (2, "")
    assert "pip install 'dashborion[demo]'" in done.stderr


def test_a_process_that_cannot_start_leaves_its_log(new_home: Path, tmp_path: Path) -> None:
    path = before(tmp_path / "first", _BREAKING)
    for command in ("--demo workloads list", "demo start"):
        done = sh(f"dashborion {command}", {"PYTHONPATH": path})
        log = folder_of(new_home) / "log"
        assert (done.returncode, done.stdout) == (6, "")
        assert str(log) in done.stderr
        assert "it broke" in log.read_text()
    assert sh("dashborion demo start").returncode == 0


def test_a_killed_process_and_its_stale_state_are_recovered_from(new_home: Path) -> None:
    sh("dashborion demo start")
    left = state_of(new_home)
    os.kill(left["pid"], signal.SIGKILL)
    wait_for("its end", lambda: sh("dashborion demo status").stdout == "not running\n")
    state = folder_of(new_home) / "state.json"
    state.write_text(json.dumps(left | {"pid": os.getpid()}))  # somebody else has its number
    assert "not running" in sh("dashborion demo stop").stderr
    state.write_text(json.dumps(left | {"pid": os.getpid()}))
    done = sh("dashborion --demo workloads list -o name -q")
    assert (done.returncode, done.stderr) == (0, "")
    assert state_of(new_home)["pid"] not in (left["pid"], os.getpid())


def test_a_process_whose_state_was_lost_is_found_or_replaced(new_home: Path) -> None:
    # Also what an update leaves, when the state of the older version lacks a field.
    sh("dashborion demo start")
    (folder_of(new_home) / "state.json").write_text('{"of": "another version"}')
    done = sh("dashborion demo start")
    assert done.returncode == 0, done.stderr
    assert "stopped" in sh("dashborion demo stop").stderr


def test_the_environment_in_use_is_not_written_over_its_state(new_home: Path) -> None:
    sh("dashborion demo start")
    state = state_of(new_home)
    done = sh("dashborion --demo env use media/production")
    assert done.returncode == 0, done.stderr
    assert state_of(new_home) == state
    done = sh("dashborion --demo workloads list -o json")
    assert {one["environment"] for one in json.loads(done.stdout)} == {"production"}


@pytest.fixture
def read_only() -> Iterator[Path]:
    """A HOME that its user may not write to."""
    place = Path(tempfile.mkdtemp(prefix="read-only-"))
    place.chmod(0o555)
    yield place
    place.chmod(0o755)
    shutil.rmtree(place)


def test_a_read_only_home_is_no_obstacle(read_only: Path) -> None:
    user = _NOBODY if os.geteuid() == 0 else None  # root may write everywhere
    home, instead = str(read_only), Path(tempfile.gettempdir())
    folder = instead / f"dashborion-demo-{user or os.getuid()}"
    settings = {"HOME": home, "TMPDIR": str(instead), "PYTHONDONTWRITEBYTECODE": "1"}
    if sh("dashborion --version", settings, user=user).returncode:
        pytest.skip(f"user {user} cannot read {ROOT}")
    try:
        line = "cd /; dashborion --demo workloads list -o name && dashborion demo stop"
        done = sh(line, settings, user=user)
        assert done.returncode == 0, done.stderr
        assert "web" in done.stdout.split()
    finally:
        end_all_in(folder)
        shutil.rmtree(folder, ignore_errors=True)


def test_a_place_where_nothing_can_be_written_is_named() -> None:
    for command in ("--demo workloads list", "demo start", "demo reset"):
        done = sh(f"dashborion {command}", {"HOME": "/dev/null/home"})
        assert (done.returncode, done.stdout) == (6, "")
        assert "cannot write in /dev/null/home/" in done.stderr
    assert sh("dashborion demo status", {"HOME": "/dev/null/home"}).stdout == "not running\n"
