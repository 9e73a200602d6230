"""Every command's help ends with an example, and the example works on the demo as it stands."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cli import Cli
from tests.support.command_tree import commands, options
from tests.support.shell import ROOT
from tests.support.waiting import wait_for

COMMANDS = commands()
EXAMPLE = re.compile(r"Example: (.+)$", re.MULTILINE)

BLOCKS = re.compile(r"(?<!-->\n)```sh\n(.*?)```", re.DOTALL)
README = [
    line
    for block in BLOCKS.findall((ROOT / "README.md").read_text())
    for line in block.splitlines()
    if not line.startswith("dashborion demo break")
]
"""But for the two commands, which are marked, and for what would change a shared demo."""

SESSION = re.compile(r"<!-- why: .*?-->\n```console\n\$ dashborion (.*?)\n(.*?)```", re.DOTALL)

NOT_HERE = {
    "demo start": "already running; tests/demo/process/test_demo_command_line.py types it",
    "demo stop": "others look at this demo",
    "demo reset": "others look at this demo",
    "demo break": "others look at this demo; test_demo_command_line.py types it",
    "instances port-forward": "it goes on; test_kubernetes_port_forward.py types it",
    "workloads resume": "nothing is paused there; tests/real/changes/test_kubernetes_steering.py",
    "env use": "it would be the environment of the examples without -e",
}
"""Commands that must not be run on a demo that is shared, and why."""


@pytest.fixture
def surroundings() -> Iterator[None]:
    """``--demo`` takes the user's variables out of its process' sight, which is ours."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


def examples(name: str) -> list[str]:
    return EXAMPLE.findall(COMMANDS[name].help or "")


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_ends_with_an_example_of_the_command(dashborion: Cli, name: str) -> None:
    found = examples(name)
    assert found
    assert all(f"dashborion {name}" in one for one in found)
    assert (COMMANDS[name].help or "").rstrip().endswith(found[-1])
    assert "\n" not in (COMMANDS[name].help or "").replace("\n\n", ""), "breaks stay at any width"
    shown = dashborion(f"{name} --help", width=200)
    assert (shown.exit_code, shown.err) == (0, "")
    assert f"Example: {found[-1]}" in " ".join(shown.out.split())


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in NOT_HERE])
def test_the_example_works_on_the_demo(
    dashborion: Cli,
    running: Path,
    surroundings: None,
    capfd: pytest.CaptureFixture[str],
    name: str,
) -> None:
    """Changes are tried without being made: what they do is tested elsewhere."""
    careful = " --dry-run" if "--dry-run" in options(COMMANDS[name]) else ""
    for example in examples(name):
        program, *words = shlex.split(example)
        assert program == "dashborion"
        done = dashborion(f"--demo {shlex.join(words)}{careful}")
        assert done.exit_code == 0, done.err
        assert done.out or capfd.readouterr().out  # `exec` hands on bytes to the process' own


@pytest.mark.parametrize("line", README)
def test_the_readmes_line_works_on_the_demo(
    dashborion: Cli,
    running: Path,
    surroundings: None,
    monkeypatch: pytest.MonkeyPatch,
    line: str,
) -> None:
    """Up to a pipe; changes are tried without being made, and what follows reads what there is."""
    monkeypatch.setenv("DASHBORION_DEMO", "1")
    program, *words = shlex.split(re.split(r" \|\|? ", line)[0], comments=True)
    assert program == "dashborion"
    words = [word for word in words if word not in ("--demo", "-f", "--watch")]
    name = next(name for name in COMMANDS if shlex.join(words).startswith(name))
    careful = ["--dry-run"] if "--dry-run" in options(COMMANDS[name]) else []
    done = dashborion(shlex.join([*words, *careful]))
    assert done.exit_code in ((0, 9) if "--exit-code" in words else (0,)), done.err


def test_the_readmes_diagnosis_is_what_is_printed(
    dashborion: Cli, running: Path, surroundings: None
) -> None:
    """But for generated names, times, how often, and what else the container wrote."""
    found = SESSION.search((ROOT / "README.md").read_text())
    assert found
    command, expected = found.groups()
    said = dashborion(command).out
    if "(Error)" in said:  # for a second after each crash, until the kubelet backs off
        wait_for("it to back off", lambda: "(Error)" not in dashborion(command).out)
        said = dashborion(command).out
    assert _stable(said) == _stable(expected)


def _stable(text: str) -> str:
    text = re.sub(r"^  INFO .*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:]+Z", "TIME", text)
    return re.sub(r"\b\d+ times|-[a-z0-9]{10}(-[a-z0-9]{5})?\b", "X", text)


def test_only_commands_that_there_are_stay_out() -> None:
    assert set(NOT_HERE) <= set(COMMANDS)
