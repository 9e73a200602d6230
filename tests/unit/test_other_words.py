"""Whoever types the words of kubectl, docker or aws is told the command that is meant."""

from __future__ import annotations

import pytest

from dashborion.cli.option_values import duration, members
from dashborion.models.workload import WorkloadStatus
from tests.support.cli import Cli
from tests.support.command_tree import commands


@pytest.mark.parametrize(
    ("typed", "instead"),
    [
        ("get pods", "dashborion instances list"),
        ("get deployments", "dashborion workloads list"),
        ("get httproutes", "dashborion k8s routes list"),
        ("get gateways", "dashborion k8s gateways list"),
        ("pods", "dashborion instances list"),
        ("scale web 3", "dashborion workloads scale web -r 3"),
        ("scale web -r 3", "dashborion workloads scale web -r 3"),
        ("logs web", "dashborion workloads logs web"),
        ("exec web-1 -- sh", "dashborion instances exec web-1 -- sh"),
        ("restart 'a b'", "dashborion workloads restart 'a b'"),
        ("rollout status web", "dashborion workloads status web"),
        ("rollout undo deploy/web", "dashborion workloads rollback deploy/web"),
        ("rollout restart", "dashborion workloads restart"),
        ("rollout history web", "dashborion workloads history web"),
        ("rollout web", "dashborion workloads status web"),
        ("workloads get", "dashborion workloads list"),
        ("workloads inspect web", "dashborion workloads describe web"),
        ("instances rm web-1", "dashborion instances stop web-1"),
    ],
)
def test_a_word_of_another_tool_is_answered_with_our_command(
    dashborion: Cli, typed: str, instead: str
) -> None:
    found = dashborion(typed)
    assert found.exit_code == 2
    assert f"use `{instead}`" in found.err
    words = instead.split()[1:]
    assert {" ".join(words[:2]), " ".join(words[:3])} & set(commands())


@pytest.mark.parametrize("typed", ["xyz", "workloads xyz", "env xyz"])
def test_a_word_that_nobody_has_is_an_error_that_names_the_help(
    dashborion: Cli, typed: str
) -> None:
    found = dashborion(typed)
    assert (found.exit_code, "--help" in found.err) == (2, True)


@pytest.mark.parametrize(
    ("short", "long"),
    [("w ls", "workloads list"), ("i ls", "instances list"), ("w list", "workloads list")],
)
def test_short_names_are_the_same_commands(dashborion: Cli, short: str, long: str) -> None:
    found, expected = dashborion(f"{short} -h"), dashborion(f"{long} -h")
    assert found.out.splitlines()[1:] == expected.out.splitlines()[1:]
    assert found.exit_code == 0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("5min", 300), ("90 sec", 90), ("2hours", 7200), ("1day", 86400), ("15M", 900), ("7", 7)],
)
def test_durations_take_the_words_that_people_type(text: str, seconds: float) -> None:
    assert duration(text, "--since") == seconds


def test_one_option_may_name_several_values() -> None:
    expected = frozenset(WorkloadStatus)
    assert members(WorkloadStatus, ["running, degraded", "stopped"], "--status") == expected
