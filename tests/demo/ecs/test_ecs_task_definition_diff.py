"""What changed between two revisions, in words and as JSON; nobody's values unless asked for."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.support.cli import Cli
from tests.support.ecs_cluster import container
from tests.support.fleet_on_ecs import Fleet

SECRET = "arn:aws:ssm:eu-west-3:1:parameter/made-up-token"
OTHER = "arn:aws:ssm:eu-west-3:1:parameter/made-up-other"


@pytest.fixture
def revisions(own_fleet: Fleet) -> Fleet:
    """Three of a family ``api``."""
    own_fleet.define(
        "api",
        container(
            environment=[{"name": "MODE", "value": "hidden-slow"}, {"name": "OLD", "value": "x-y"}],
            secrets=[{"name": "TOKEN", "valueFrom": SECRET}],
            portMappings=[{"containerPort": 8080, "protocol": "tcp"}],
        ),
    )
    own_fleet.define(
        "api",
        container(
            image="example.test/app:2.0",
            cpu=512,
            environment=[{"name": "MODE", "value": "hidden-fast"}],
            secrets=[{"name": "TOKEN", "valueFrom": OTHER}],
            portMappings=[{"containerPort": 9090, "protocol": "tcp"}],
        ),
        container("proxy", environment=[{"name": "NEW", "value": "hidden-new"}]),
        cpu="512",
    )
    own_fleet.define("api", container(image="example.test/app:3.0"), cpu="512")
    return own_fleet


def changes(dashborion: Cli, command: str) -> list[Any]:
    found: list[Any] = dashborion(f"ecs task-definitions diff {command} -o json").json[
        "differences"
    ]
    return found


def by_place(
    found: list[Any],
) -> dict[tuple[str | None, str], tuple[str, str | None, str | None]]:
    return {
        (one["container"], one["field"]): (one["kind"], one["left"], one["right"]) for one in found
    }


def test_every_change_is_named(dashborion: Cli, revisions: Fleet) -> None:
    found = by_place(changes(dashborion, "api:1 api:2"))
    images = ("changed", "example.test/app:1.0", "example.test/app:2.0")
    assert found["app", "image"] == images
    assert found[None, "cpu"] == ("changed", "256", "512")
    assert found["app", "portMappings.8080.protocol"] == ("removed", "tcp", None)
    assert found["app", "portMappings.9090.protocol"] == ("added", None, "tcp")
    assert found["proxy", "image"][0] == "added"
    assert found["app", "variables.OLD"] == ("removed", None, None)
    assert found["app", "variables.MODE"] == ("changed", None, None)
    assert found["app", "secrets.TOKEN"] == ("changed", None, None)
    assert found["proxy", "variables.NEW"] == ("added", None, None)
    assert not [field for _, field in found if field in ("revision", "taskDefinitionArn")]


@pytest.mark.parametrize("output", ["table", "wide", "json", "yaml", "csv", "name"])
@pytest.mark.parametrize("tty", [True, False], ids=["terminal", "pipe"])
def test_values_of_variables_and_secrets_are_hidden(
    dashborion: Cli, revisions: Fleet, output: str, *, tty: bool
) -> None:
    shown = dashborion(f"ecs task-definitions diff api:1 api:2 -o {output}", tty=tty).out
    assert output == "name" or "variables.MODE" in shown
    for value in ("hidden-", "x-y", "made-up"):
        assert value not in shown


def test_raw_shows_the_hidden_values(dashborion: Cli, revisions: Fleet) -> None:
    found = by_place(changes(dashborion, "api:1 api:2 --raw"))
    mode = ("changed", "hidden-slow", "hidden-fast")
    assert found["app", "variables.MODE"] == mode
    assert found["app", "secrets.TOKEN"] == ("changed", SECRET, OTHER)


def test_the_table_has_a_row_for_each_difference(dashborion: Cli, revisions: Fleet) -> None:
    out = dashborion("ecs task-definitions diff api:1 api:2 -o table").out
    lines = [re.split("  +", line) for line in out.splitlines()]
    assert ["image of app", "app:1.0", "app:2.0", "changed"] in lines
    assert ["variables.MODE of app", "(hidden)", "(hidden)", "changed"] in lines
    assert ["variables.OLD of app", "(hidden)", "-", "removed"] in lines


@pytest.mark.parametrize(
    ("typed", "before", "after"),
    [
        pytest.param("api", "api:2", "api:3", id="the newest two"),
        pytest.param("api:1", "api:1", "api:3", id="with the newest"),
        pytest.param("api:1 2", "api:1", "api:2", id="a number"),
        pytest.param("api:3 api:1", "api:3", "api:1", id="backwards"),
        pytest.param("api 2", "api:1", "api:2", id="with the one before"),
        pytest.param("api:2 web", "api:2", "web:1", id="another family's newest"),
        pytest.param("web api:2", "web:1", "api:2", id="of another family"),
    ],
)
def test_which_two_revisions_are_compared(
    dashborion: Cli, revisions: Fleet, typed: str, before: str, after: str
) -> None:
    found = dashborion(f"ecs task-definitions diff {typed} -o json").json
    assert (found["left"]["revision"], found["right"]["revision"]) == (before, after)


@pytest.mark.parametrize(
    ("typed", "code", "said"),
    [
        pytest.param("web", 3, "no revision before 'web:1'", id="only one"),
        pytest.param("api 1", 3, "no revision before 'api:1'", id="the first"),
        pytest.param("api:1 9", 3, "no revision '9'", id="no such revision"),
        pytest.param("apo", 3, "did you mean 'api'?", id="no such family"),
    ],
)
def test_revisions_that_cannot_be_compared_are_named(
    dashborion: Cli, revisions: Fleet, typed: str, code: int, said: str
) -> None:
    found = dashborion(f"ecs task-definitions diff {typed}")
    assert (found.exit_code, found.out) == (code, "")
    assert said in found.err


def test_equal_revisions_have_no_differences(dashborion: Cli, revisions: Fleet) -> None:
    revisions.define("api", container(image="example.test/app:3.0"), cpu="512")
    found = dashborion("ecs task-definitions diff api")
    assert found.exit_code == 0
    assert "no differences between api:3 and api:4" in found.err
