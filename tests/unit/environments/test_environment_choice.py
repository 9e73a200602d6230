"""Which environment a command is about, from what was typed down to the only one there is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.cli import Cli, Result

Write = Callable[..., Path]


def labels(result: Result) -> list[str]:
    """The names that ``env show`` settled on."""
    assert result.exit_code == 0, result.err
    shown = result.json
    return [one["name"] for one in (shown if isinstance(shown, list) else [shown])]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("homebox/production", ["homebox/production"], id="project and name"),
        pytest.param("'*/production'", ["homebox/production", "rubix/production"], id="a glob"),
        pytest.param("'homebox/*'", ["homebox/staging", "homebox/production"], id="of a project"),
        pytest.param("'stag*'", ["homebox/staging", "rubix/staging"], id="a glob on the name"),
    ],
)
def test_the_option_env_takes_a_name_or_a_glob(
    dashborion: Cli, folder_file: Write, name: str, expected: list[str]
) -> None:
    folder_file()
    assert labels(dashborion(f"env show {name} -o json")) == expected


def test_a_name_of_two_projects_has_to_be_told_apart(dashborion: Cli, folder_file: Write) -> None:
    folder_file()
    result = dashborion("workloads list -e production")
    assert result.exit_code == 2
    assert "homebox/production, rubix/production" in result.err


def test_with_a_project_a_short_name_is_enough(
    dashborion: Cli, folder_file: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder_file()
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    result = dashborion("workloads list -p rubix -e production")
    assert "rubix/production: no AWS credentials" in result.err  # it got as far as connecting


@pytest.mark.parametrize(
    ("options", "said"),
    [
        pytest.param("-e homebox/prod", ["no environment 'homebox/prod'", "homebox/"], id="env"),
        pytest.param("-p homebx", ["no project 'homebx'", "did you mean 'homebox'?"], id="project"),
        pytest.param("-e 'x*'", ["no environment 'x*'"], id="a glob that fits nothing"),
        pytest.param("-p rubix -e homebox/staging", ["no environment"], id="of another project"),
        pytest.param("--all-envs -e staging", ["cannot be used together"], id="all and one"),
        pytest.param("-p rubix", ["which environment?", "rubix/staging"], id="one of two"),
    ],
)
def test_an_unknown_environment_exits_2(
    dashborion: Cli, folder_file: Write, options: str, said: list[str]
) -> None:
    folder_file()
    result = dashborion(f"workloads list {options}")
    assert result.exit_code == 2
    assert all(words in result.err for words in said), result.err


def test_the_order_of_precedence(
    dashborion: Cli, folder_file: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder_file()
    assert labels(dashborion("env show -o json")) == ["homebox/staging"]  # the file's default
    dashborion("env use rubix/staging")
    assert labels(dashborion("env show -o json")) == ["rubix/staging"]
    monkeypatch.setenv("DASHBORION_ENV", "homebox/production")
    assert labels(dashborion("env show -o json")) == ["homebox/production"]
    assert labels(dashborion("env show rubix/production -o json")) == ["rubix/production"]


def test_the_project_variable_narrows(
    dashborion: Cli, folder_file: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder_file()
    monkeypatch.setenv("DASHBORION_PROJECT", "rubix")
    assert labels(dashborion("env show production -o json")) == ["rubix/production"]


def test_a_variable_that_fits_nothing_is_named(
    dashborion: Cli, folder_file: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder_file()
    monkeypatch.setenv("DASHBORION_ENV", "moon")
    result = dashborion("workloads list")
    assert result.exit_code == 2
    assert "$DASHBORION_ENV: no environment 'moon'" in result.err


def test_the_only_environment_needs_no_choice(dashborion: Cli, folder_file: Write) -> None:
    folder_file("environments: {one: {orchestrator: kubernetes, context: c}}")
    assert labels(dashborion("env show -o json")) == ["one"]


def test_use_is_remembered_for_each_config_file(
    dashborion: Cli, folder_file: Write, user_file: Write, tmp_path: Path
) -> None:
    folder_file()
    user_file("environments: {mine: {orchestrator: kubernetes, context: c}}")
    dashborion("env use rubix/staging")
    assert labels(dashborion("env show -o json", cwd=tmp_path)) == ["mine"]
    assert labels(dashborion("env show -o json")) == ["rubix/staging"]


def test_use_forget_goes_back_to_the_default(dashborion: Cli, folder_file: Write) -> None:
    folder_file()
    dashborion("env use rubix/staging")
    assert dashborion("env use --forget").exit_code == 0
    assert labels(dashborion("env show -o json")) == ["homebox/staging"]


@pytest.mark.parametrize(
    "words", ["env use", "env use 'rubix/*'", "env use moon", "env use rubix/staging --forget"]
)
def test_use_takes_one_environment(dashborion: Cli, folder_file: Write, words: str) -> None:
    folder_file()
    assert dashborion(words).exit_code == 2


def test_a_broken_state_file_remembers_nothing(
    dashborion: Cli, folder_file: Write, home: Path
) -> None:
    folder_file()
    state = home / ".local" / "state" / "dashborion" / "state.json"
    state.parent.mkdir(parents=True)
    state.write_text('{"in_use": {"')
    assert labels(dashborion("env show -o json")) == ["homebox/staging"]


def test_the_state_file_is_private(dashborion: Cli, folder_file: Write, home: Path) -> None:
    folder_file()
    dashborion("env use rubix/staging")
    state = home / ".local" / "state" / "dashborion" / "state.json"
    assert state.stat().st_mode & 0o777 == 0o600
    assert state.parent.stat().st_mode & 0o777 == 0o700


def test_a_project_means_all_of_its_environments(dashborion: Cli, folder_file: Write) -> None:
    folder_file()
    assert labels(dashborion("env show rubix -o json")) == ["rubix/staging", "rubix/production"]


def test_an_environment_goes_before_a_project_of_its_name(
    dashborion: Cli, folder_file: Write
) -> None:
    target = "{orchestrator: kubernetes, context: c}"
    folder_file(f"projects: {{one: {{environments: {{a: {target}}}}},"
                f" two: {{environments: {{one: {target}}}}}}}")  # fmt: skip
    assert labels(dashborion("env show one -o json")) == ["two/one"]
    assert labels(dashborion("env show two -o json")) == ["two/one"]


CHANGES = (
    "workloads restart web", "workloads scale web -r 1", "instances stop web-1",
    "instances exec web-1 -- ls",
)  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_no_change_is_made_in_a_whole_project(
    dashborion: Cli, folder_file: Write, change: str
) -> None:
    folder_file()
    words = change.split(" -- ")
    result = dashborion(" -- ".join([f"{words[0]} -e rubix", *words[1:]]))
    assert result.exit_code == 2
    said = "'rubix' is a project, and a change is made in one environment: rubix/staging, rubix"
    assert said in result.err


def test_the_only_environment_of_a_project_can_be_changed(
    dashborion: Cli, folder_file: Write
) -> None:
    folder_file("projects: {one: {environments: {a: {orchestrator: kubernetes, context: c}}}}")
    result = dashborion("workloads restart web -e one")
    assert result.err.startswith("error: one/a: ")  # it got as far as connecting


@pytest.mark.parametrize(
    ("chosen", "options", "said"),
    [
        pytest.param("", "", "using homebox/staging, the default of ", id="the default"),
        pytest.param("env use rubix/staging", "", "using rubix/staging, chosen by `env use`\n",
                     id="env use"),
        pytest.param("", "-e rubix/staging", None, id="typed"),
        pytest.param("", "--all-envs", None, id="all"),
        pytest.param("", "-q", None, id="quiet"),
    ],
)  # fmt: skip
def test_what_was_not_typed_is_said(
    dashborion: Cli, folder_file: Write, chosen: str, options: str, said: str | None
) -> None:
    folder_file()
    if chosen:
        dashborion(chosen)
    result = dashborion(f"workloads list {options}")
    assert result.err.count("using ") == (said is not None)
    assert said is None or result.err.startswith(said)


def test_a_person_is_told_of_the_variable_and_a_pipeline_is_not(
    dashborion: Cli, folder_file: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder_file()
    monkeypatch.setenv("DASHBORION_ENV", "rubix/staging")
    assert "using rubix/staging, from $DASHBORION_ENV" in dashborion("w list", tty=True).err
    assert "using" not in dashborion("w list").err


def test_with_json_it_is_an_object(dashborion: Cli, folder_file: Write) -> None:
    folder_file("environments: {one: {orchestrator: kubernetes, context: c}}")
    first = dashborion("workloads list -o json").err.splitlines()[0]
    assert json.loads(first) == {"note": {"message": "using one, the only environment"}}
