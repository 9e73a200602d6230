"""``instances exec`` on a terminal: its size and its changes, keys that are signals, exit codes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.boxes import box, box_pod
from tests.support.cli import PROGRAM, Cli
from tests.support.real_namespace import Space
from tests.support.terminal import Shell


@pytest.fixture(scope="module")
def inside(space: Space) -> str:
    """A pod that runs and waits, with a container for debugging that came later."""
    name = space.add(box_pod("inside"))
    added = box("trap 'exit 0' TERM; echo said by the debugger; while :; do sleep 0.1; done")
    added |= {"name": "debugger", "targetContainerName": "app"}
    path = space.path(name, "pods")
    change = {"spec": {"ephemeralContainers": [added]}}
    space.plane.merge(f"{path}/ephemeralcontainers", change)

    def runs() -> bool:
        status = space.plane.request("GET", path)["status"]
        kinds = ("containerStatuses", "ephemeralContainerStatuses")
        states = [one["state"] for kind in kinds for one in status.get(kind, ())]
        return len(states) == 2 and all("running" in state for state in states)

    space.plane.wait_for("both to run", runs)
    return name


@contextmanager
def typed(inside: str, *words: str) -> Iterator[Shell]:
    command = [str(PROGRAM), "instances", "exec", inside, "--", *words]
    with Shell(command, os.environ) as shell:
        yield shell


def test_the_size_of_the_terminal_is_the_one_inside_and_follows_it(
    inside: str, here: Space
) -> None:
    with typed(inside, "sh") as shell:
        shell.wait_for("# ")
        shell.type("stty size\n")
        shell.wait_for("40 120\r")
        shell.resize(50, 90)
        shell.type("stty size\n")
        shell.wait_for("50 90\r")


def test_ctrl_c_is_a_signal_that_the_program_inside_may_catch(inside: str, here: Space) -> None:
    words = "trap 'echo had a signal; exit 7' INT; echo re''ady; while :; do sleep 0.1; done"
    with typed(inside, "sh", "-c", words) as shell:
        shell.wait_for("ready\r")
        shell.type("\x03")
        shell.wait_for("had a signal")
        assert shell.exit_code() == 7


@pytest.mark.parametrize(
    ("words", "keys", "code"),
    [
        pytest.param("exit 0", "", 0, id="success"),
        pytest.param("exit 42", "", 42, id="failure"),
        pytest.param("echo re''ady; exec sleep 1000", "\x03", 130, id="ctrl-c"),
        pytest.param("echo re''ady; cat", "\x04", 0, id="ctrl-d"),
    ],
)
def test_the_exit_code_comes_through_a_terminal(
    inside: str, here: Space, words: str, keys: str, code: int
) -> None:
    with typed(inside, "sh", "-c", words) as shell:
        if keys:
            shell.wait_for("ready\r")
            shell.type(keys)
        assert shell.exit_code() == code


def test_a_container_that_was_added_to_debug_is_known(
    inside: str, here: Space, dashborion: Cli
) -> None:
    containers = dashborion(f"instances describe {inside} -o json").json["containers"]
    assert [(one["name"], one["status"]) for one in containers] == [
        ("app", "running"), ("debugger", "running"),
    ]  # fmt: skip
    assert "debugger" in dashborion(f"instances describe {inside}").out
    seen = dashborion(f"instances exec {inside} -c debugger -- sh -c 'ps | grep -c debugger'")
    assert (seen.exit_code, seen.out.strip() != "0") == (0, True)
    seen = dashborion(f"instances logs {inside} -c debugger")
    assert (seen.exit_code, seen.out) == (0, "said by the debugger\n")
