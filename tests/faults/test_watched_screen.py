"""A list that is watched on a real terminal: keys, sizes, and what is left when it ends."""

from __future__ import annotations

import os
import termios
from collections.abc import Iterator

import pytest

from tests.support.cli import PROGRAM
from tests.support.rich_objects import rich
from tests.support.stub_api import Api
from tests.support.terminal import Shell

ENTERED, LEFT = r"\x1b\[\?1049h", r"\x1b\[\?1049l"


@pytest.fixture
def terminal(cluster: Api) -> Iterator[Shell]:
    """A shell in front of a cluster of a few workloads."""
    cluster.objects = rich()
    environ = {**os.environ, "TERM": "xterm", "PS1": "$ "}
    environ.pop("COLUMNS", None)
    with Shell(["/bin/sh"], environ) as shell:
        yield shell


def watch(shell: Shell, words: str = "workloads list") -> list[object]:
    """Watch a list until its first row is there; the terminal's modes before."""
    before = termios.tcgetattr(shell.descriptor)
    shell.type(f"{PROGRAM} {words} --watch; echo ended with $?\n")
    shell.wait_for(ENTERED)
    shell.wait_for("web ")
    return before


def test_keys_are_obeyed_and_the_last_state_is_left_behind(terminal: Shell) -> None:
    before = watch(terminal)
    terminal.type("/")
    terminal.wait_for("type a regular expression")
    terminal.type("nothing-has-this\r")
    terminal.wait_for("0 of [0-9]+ workloads")
    terminal.type("\x1b")
    terminal.wait_for("web ")
    terminal.type("?")
    terminal.wait_for("move the mark")
    terminal.type("x")
    terminal.wait_for("web ")
    terminal.type("q")
    terminal.wait_for(LEFT)
    terminal.wait_for("web ")
    terminal.wait_for("ended with 0")
    assert termios.tcgetattr(terminal.descriptor) == before


def test_why_and_logs_of_the_marked_row_are_told_on_the_other_screen(terminal: Shell) -> None:
    watch(terminal)
    terminal.type("w")
    terminal.wait_for(LEFT)
    terminal.wait_for("press a key to go on")
    terminal.type("x")
    terminal.wait_for(ENTERED)
    terminal.wait_for("web ")
    terminal.type("q")
    terminal.wait_for("ended with 0")


def test_the_table_takes_the_size_of_its_window(terminal: Shell) -> None:
    watch(terminal)
    terminal.resize(10, 50)
    terminal.wait_for(r"q quit  / filter  f problems  s sort  w why  l log.\r?\n?")


def test_ctrl_c_leaves_the_terminal_as_it_was_and_the_last_state(terminal: Shell) -> None:
    before = watch(terminal)
    terminal.type("\x03")
    terminal.wait_for(LEFT)
    terminal.wait_for("web ")
    terminal.wait_for("ended with 130")
    assert termios.tcgetattr(terminal.descriptor) == before


def test_an_environment_that_is_lost_keeps_its_rows_and_is_told_below(
    terminal: Shell, cluster: Api
) -> None:
    watch(terminal)
    cluster.__exit__()
    terminal.wait_for("failed: ")
    terminal.wait_for("web ")
    terminal.type("q")
    terminal.wait_for("1 environment failed")
    terminal.wait_for("ended with 5")
