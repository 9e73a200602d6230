"""``instances exec`` into a real container: streams, sizes, signals and exit codes."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest

from tests.support.boxes import box_pod
from tests.support.cli import PROGRAM, Cli
from tests.support.real_namespace import Space

MANY = 20_000_000


@pytest.fixture(scope="module")
def inside(space: Space) -> str:
    """A pod that runs and waits."""
    name = space.add(box_pod("inside"))
    path = space.path(name, "pods")

    def is_running() -> bool:
        return bool(space.plane.request("GET", path)["status"].get("phase") == "Running")

    space.plane.wait_for("the pod to run", is_running)
    return name


@pytest.mark.parametrize("code", [0, 1, 42, 130, 255])
def test_the_exit_code_is_the_commands(
    inside: str, here: Space, dashborion: Cli, code: int
) -> None:
    seen = dashborion(f"instances exec {inside} -- sh -c 'echo out; echo bad >&2; exit {code}'")
    assert (seen.exit_code, seen.out) == (code, "out\n")
    assert seen.err.startswith("bad\n")


def test_a_signal_that_ends_the_command_is_its_exit_code(
    inside: str, here: Space, dashborion: Cli
) -> None:
    assert dashborion(f"instances exec {inside} -- sh -c 'kill -9 $$'").exit_code == 137


def test_a_check_tries_the_shell_of_a_container_and_runs_nothing_else(
    inside: str, here: Space, dashborion: Cli
) -> None:
    seen = dashborion(f"instances exec {inside} --check -o json")
    assert (seen.exit_code, seen.json["possible"]) == (0, True)
    assert [(one["requirement"], one["met"]) for one in seen.json["requirements"]] == [
        ("get pods/exec", True), ("create pods/exec", True), ("container", True), ("shell", True)
    ]  # fmt: skip


def test_a_program_that_is_not_there(inside: str, here: Space, dashborion: Cli) -> None:
    seen = dashborion(f"instances exec {inside} -- /not/there")
    assert seen.exit_code in (1, 126, 127)
    assert "/not/there" in seen.err


def test_much_data_passes_unchanged_in_both_directions(
    inside: str, here: Space, tmp_path: Path
) -> None:
    sent = bytes(range(256)) * (MANY // 256)
    words = [str(PROGRAM), "instances", "exec", inside, "--", "cat"]
    done = subprocess.run(words, input=sent, capture_output=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert hashlib.sha256(done.stdout).digest() == hashlib.sha256(sent).digest()
