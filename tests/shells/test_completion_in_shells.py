"""Tab, pressed in the three real shells."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cli import PROGRAM, Cli
from tests.support.stub_api import Api
from tests.support.terminal import Shell

SCRIPTS = Path(__file__).parents[2] / "completions"

# The command itself only says how it was called: what counts is the line that tab has made.
SAY = "printf 'R''AN<%s>\\n'"
START = {
    "bash": (
        ["bash", "--norc", "--noprofile", "-i"],
        f"""dashborion() {{
            [ -z "$_DASHBORION_COMPLETE" ] || {{ command dashborion; return; }}; {SAY} "$*"; }}""",
    ),
    "zsh": (
        ["zsh", "-f", "-i"],
        f'autoload -Uz compinit; compinit -u -D; dashborion() {{ {SAY} "$*" }}',
    ),
    "fish": (["fish", "--no-config", "-i"], f'function dashborion; {SAY} "$argv"; end'),
}
TABS = {"bash": "\t\t", "zsh": "\t", "fish": "\t"}  # that make a shell list what there is


@pytest.fixture(params=START)
def name(request: pytest.FixtureRequest) -> str:
    """A shell that this machine has."""
    found = str(request.param)
    if shutil.which(found) is None:
        pytest.skip(f"there is no {found}")
    return found


@pytest.fixture
def shell(name: str, fleet: Api, dashborion: Cli) -> Iterator[Shell]:
    """A shell with the script loaded, after lists that have filled the cache.

    Nothing is left to be fetched on a tab, for which a busy machine may need too long.
    """
    for command in ("workloads list", "workloads list -A", "instances list"):
        assert dashborion(command).exit_code == 0
    words, set_up = START[name]
    path = f"{PROGRAM.parent}{os.pathsep}{os.environ['PATH']}"
    with Shell(words, {**os.environ, "PATH": path, "TERM": "xterm"}) as running:
        running.type(f"{set_up}; source {SCRIPTS}/dashborion.{name}; echo REA''DY\n")
        running.wait_for("READY\r?\n")
        yield running


LINES = {
    "workloads descr": "workloads describe",
    "workloads list --no-h": "workloads list --no-headers",
    "workloads list -o js": "workloads list -o json",
    "workloads describe we": "workloads describe web",
    "workloads describe deployment/a": "workloads describe deployment/api",
    "workloads list -e k8s:he": "workloads list -e k8s:here",
    "workloads list --env=k8s:h": "workloads list --env=k8s:here",
    "workloads list -e k8s:here we": "workloads list -e k8s:here web",
    "instances describe web": "instances describe web-1",
    "workloads describe k8s:here:w": "workloads describe k8s:here:web",
    "w describe k8s:here:deployment/a": "w describe k8s:here:deployment/api",
    "i exec k8s:here:web": "i exec k8s:here:web-1",
    "instances list -n def": "instances list -n default",
    "instances list --columns name,stat": "instances list --columns name,status",
    "--config some-f": "--config some-file",
    "--config=some-f": "--config=some-file",
    "env check -p nothing": "env check -p nothing",
    "workloads describe nothing-": "workloads describe nothing-",
}


def test_tab_completes_the_line(shell: Shell) -> None:
    Path("some-file").touch()
    for typed, wanted in LINES.items():
        shell.type(f"dashborion {typed}\t\n")
        line = shell.wait_for("RAN<([^>]*)>")[1].decode()
        assert line == wanted, typed


def test_tab_lists_what_there_is_to_choose_from(shell: Shell, name: str) -> None:
    shell.type(f"dashborion workloads describe {TABS[name]}")

    for workload in ("api", "db", "web"):
        shell.wait_for(workload)


def test_tab_shows_no_error(shell: Shell) -> None:
    """A kubeconfig that is none: there is nothing to offer, and nothing is said."""
    Path(os.environ["KUBECONFIG"]).write_text("contexts: [")
    shell.type("dashborion workloads describe we\t\n")

    before = shell.wait_for("(?s).*RAN<workloads describe we>")[0].decode()
    assert "rror" not in before
    assert "contexts" not in before


INTERACTIVE = {"bash": ["bash", "-i"], "zsh": ["zsh", "-i"], "fish": ["fish", "-i"]}


def test_what_install_completion_writes_works_on_the_first_tab(
    name: str, fleet: Api, dashborion: Cli
) -> None:
    assert dashborion("workloads list").exit_code == 0
    path = f"{PROGRAM.parent}{os.pathsep}{os.environ['PATH']}"
    environ = {**os.environ, "PATH": path, "TERM": "xterm"}
    # The shell stays beside it, which is how its name is found out.
    install = [name, "-c", "dashborion --install-completion || exit; true"]
    done = subprocess.run(install, env=environ, capture_output=True, text=True, check=True)
    assert f"{name} completion installed" in done.stdout
    changed = [Path(line.split()[0]) for line in done.stdout.splitlines() if " loads it" in line]
    assert [path.name for path in changed] == ([] if name == "fish" else [f".{name}rc"])
    assert all(path.read_text() for path in changed)

    with Shell(INTERACTIVE[name], environ) as running:
        running.type("echo REA''DY\n")
        running.wait_for("READY\r?\n")
        running.type("dashborion workloads describe we\t\n")
        running.wait_for("Name: +web")


CODE = {  # names that are code to a shell, by what is typed of them
    "sub": "sub$(touch pwned)",
    "tick": "tick`touch pwned`",
    "semi": "semi;touch pwned",
    "quote": "quote'$(touch pwned)'",
    "double": 'double"$(touch pwned)"',
    "redirect": "redirect>pwned",
    "glob": "glob*",
    "blank": "blank space",
    "background": "background&touch pwned",
    "history": "history!!",
    "tilde": "tilde~root",
    "brace": "brace{a,b}",
    "slash": "slash\\x\\:$(touch pwned)",
}


@pytest.mark.parametrize("opening", ["", '"', "'"], ids=["bare", "double quote", "single quote"])
def test_no_name_is_run_as_code(
    shell: Shell, fleet: Api, dashborion: Cli, name: str, opening: str
) -> None:
    """What a tab inserts is the name itself, or in quotes that bash leaves open, nothing."""
    web = fleet.objects["deployments"][0]
    fleet.objects["deployments"] = [
        {**web, "metadata": {**web["metadata"], "name": text, "uid": text}}
        for text in (*CODE.values(), "control\nname", "web")
    ]
    assert dashborion("workloads list").exit_code == 0
    for typed, whole in CODE.items():
        closing = opening if name == "bash" else ""
        shell.type(f"dashborion workloads describe {opening}{typed}\t{closing}\n")
        line = shell.wait_for("RAN<workloads describe ([^\r\n]*)>")[1].decode().strip()
        assert line in (whole, typed), (typed, line)
        assert opening or line == whole, (typed, line)
    assert not Path("pwned").exists()
