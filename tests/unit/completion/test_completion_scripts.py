"""The completion scripts are generated; tab offers commands, options and environments."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.cli import PROGRAM

FOLDER = Path(__file__).parents[3] / "completions"


def complete(*, kubeconfig: Path | None = None, **environ: str) -> str:
    settings = {**os.environ, **environ}
    if kubeconfig:
        settings["KUBECONFIG"] = str(kubeconfig)
    done = subprocess.run([PROGRAM], env=settings, capture_output=True, text=True, check=False)
    return done.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_what_the_program_prints(shell: str) -> None:
    printed = complete(_DASHBORION_COMPLETE=f"source_{shell}")
    assert (FOLDER / f"dashborion.{shell}").read_text() == printed


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        pytest.param("dashborion work", "workloads", id="group"),
        pytest.param("dashborion workloads des", "describe", id="command"),
        pytest.param("dashborion workloads list --all-n", "--all-namespaces", id="option"),
        pytest.param("dashborion workloads list -o y", "yaml", id="format"),
        pytest.param("dashborion workloads list -e sta", "staging", id="environment"),
    ],
)
def test_tab_offers(words: str, offered: str) -> None:
    Path("dashborion.yaml").write_text(
        "environments: {staging: {orchestrator: kubernetes, context: a}}"
    )
    out = complete(
        _DASHBORION_COMPLETE="complete_bash",
        COMP_WORDS=words,
        COMP_CWORD=str(len(words.split()) - 1),
    )
    assert out.split() == [offered]


def test_a_broken_config_offers_nothing_and_says_nothing() -> None:
    Path("dashborion.yaml").write_text("environments: [")
    out = complete(
        _DASHBORION_COMPLETE="complete_bash",
        COMP_WORDS="dashborion workloads list -e ",
        COMP_CWORD="4",
    )
    assert out.strip() == ""
