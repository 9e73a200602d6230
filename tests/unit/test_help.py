"""Help on one screen, in the words of the README."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashborion.cli.help import TOPICS, section
from tests.support.cli import Cli
from tests.support.command_tree import commands

README = Path(__file__).parents[2] / "README.md"


@pytest.mark.parametrize("command", commands())
def test_the_help_of_a_command_fits_a_screen_of_80_columns(dashborion: Cli, command: str) -> None:
    found = dashborion(f"{command} -h")
    assert found.exit_code == 0
    assert len(found.lines) <= 45
    assert max(map(len, found.lines)) <= 80
    assert "Example: " in found.out


@pytest.mark.parametrize("words", ["", "workloads", "workloads scale", "env", "env list"])
def test_help_of_a_command_is_what_its_option_prints(dashborion: Cli, words: str) -> None:
    assert dashborion(f"help {words}").out == dashborion(f"{words} --help").out


@pytest.mark.parametrize(
    ("short", "long"), [("w ls", "workloads list"), ("i top", "instances top")]
)
def test_help_knows_the_short_names(dashborion: Cli, short: str, long: str) -> None:
    assert dashborion(f"help {short}").out == dashborion(f"help {long}").out


@pytest.mark.parametrize("topic", TOPICS)
def test_a_topic_is_a_section_of_the_readme(topic: str) -> None:
    lines = list(section(README.read_text(), TOPICS[topic]))
    assert lines[0].lstrip("# ") == TOPICS[topic]
    assert len(lines) > 5


def test_a_section_ends_at_the_next_heading_that_is_no_deeper() -> None:
    text = "# all\n## one\na\n### below\n```\n# no heading\n```\n## two\nb\n"
    assert list(section(text, "one")) == ["## one", "a", "### below", "# no heading"]
    assert list(section(text, "three")) == []


def test_a_topic_can_be_read_in_the_terminal(dashborion: Cli) -> None:
    assert "| 0 | done |" in dashborion("help exit-codes").out


@pytest.mark.parametrize("topic", TOPICS)
@pytest.mark.parametrize("width", [80, 120])
def test_a_terminal_draws_a_topic(
    dashborion: Cli, monkeypatch: pytest.MonkeyPatch, topic: str, width: int
) -> None:
    monkeypatch.setattr("dashborion.cli.help._readme", README.read_text)
    found = dashborion(f"help {topic}", tty=True, width=width)
    assert max(map(len, found.lines)) <= width
    for markdown in ("## ", "| code |", "|---|", "```", "**"):
        assert markdown not in found.out


def test_what_is_neither_a_command_nor_a_topic_is_not_found(dashborion: Cli) -> None:
    found = dashborion("help workload")
    assert (found.exit_code, "did you mean 'workloads'?" in found.err) == (3, True)
