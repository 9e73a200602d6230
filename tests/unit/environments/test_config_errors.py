"""A config that cannot be read as meant: exit 2, the file, the key's path, what was expected."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.cli import Cli

ENVIRONMENT = "projects: {shop: {environments: {prod: {%s}}}}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(
            ENVIRONMENT % "orchestrator: ecs, cluster: c, regoin: x",
            ["projects.shop.environments.prod.regoin: unknown key", "'region'"],
            id="a typing mistake in a key",
        ),
        pytest.param(
            ENVIRONMENT % "orchestrator: ecs, cluster: 12",
            ["projects.shop.environments.prod.cluster: expected text, not a number"],
            id="a wrong type",
        ),
        pytest.param(
            ENVIRONMENT % "orchestrator: ecs",
            ["projects.shop.environments.prod.cluster: is missing"],
            id="a missing key",
        ),
        pytest.param(
            ENVIRONMENT % "cluster: c",
            ["projects.shop.environments.prod.orchestrator: is missing", "ecs, kubernetes, eks"],
            id="no orchestrator",
        ),
        pytest.param(
            ENVIRONMENT % "orchestrator: nomad",
            ["projects.shop.environments.prod.orchestrator: 'nomad' is unknown"],
            id="an unknown orchestrator",
        ),
        pytest.param(
            ENVIRONMENT % "orchestrator: kubernetes, context: c, region: x",
            ["projects.shop.environments.prod.region: unknown key"],
            id="a key of another orchestrator",
        ),
        pytest.param(
            ENVIRONMENT % "orchestrator: ecs, cluster: c, protected: maybe",
            ["projects.shop.environments.prod.protected: expected true or false, not text"],
            id="a flag that is no boolean",
        ),
        pytest.param("enviroments: {}", ["enviroments: unknown key", "environments"], id="top key"),
        pytest.param("projects: {a: 3}", ["projects.a: expected a mapping"], id="project"),
        pytest.param(
            "projects: {a: {environments: {b: 3}}}",
            ["projects.a.environments.b: expected a mapping"],
            id="environment",
        ),
        pytest.param("- a\n- b", ["the file: expected a mapping"], id="a list"),
        pytest.param("a: [1", ["dashborion.yaml:2:1: not YAML"], id="broken YAML"),
        pytest.param("a:\n\tb: 1", ["dashborion.yaml:2:1: not YAML", "tabs"], id="a tab"),
        pytest.param("a: {b: 1}}", ["dashborion.yaml:1:10: not YAML"], id="broken YAML's line"),
        pytest.param(
            "environments:\n  a: {orchestrator: eks, cluster: c}\n  a: {}\n",
            ["dashborion.yaml:3:3: not YAML: duplicate key 'a'"],
            id="a key that is there twice",
        ),
        pytest.param(
            "default: a/prod\n" + ENVIRONMENT % "orchestrator: ecs, cluster: c",
            ["default: no environment 'a/prod'", "shop/prod"],
            id="a default that is not there",
        ),
        pytest.param(
            "environments: {'a b': {orchestrator: ecs, cluster: c}}",
            ["environments.a b: not a name"],
            id="a name with a space",
        ),
        pytest.param("!!python/object:os.system {}", ["not YAML"], id="a tag"),
    ],
)
def test_an_error_names_the_key_and_what_was_expected(
    dashborion: Cli, folder_file: Callable[[str], Path], text: str, said: list[str]
) -> None:
    path = folder_file(text)
    result = dashborion("env list")
    assert result.exit_code == 2
    assert result.out == ""
    assert result.err.startswith(f"error: {path}")
    assert all(words in result.err for words in said), result.err


def test_bytes_that_are_not_text(dashborion: Cli, folder_file: Callable[[str], Path]) -> None:
    folder_file("").write_bytes(b"default: \xff\xfe")
    result = dashborion("env list")
    assert (result.exit_code, "not UTF-8" in result.err) == (2, True)


def test_a_file_that_may_not_be_read_or_is_a_folder(dashborion: Cli) -> None:
    Path("there").mkdir()
    result = dashborion("env list --config there")
    assert (result.exit_code, "there: Is a directory" in result.err) == (2, True)


def test_a_named_file_that_is_not_there(dashborion: Cli) -> None:
    result = dashborion("env list --config nowhere.yaml")
    assert (result.exit_code, "nowhere.yaml: No such file" in result.err) == (2, True)
