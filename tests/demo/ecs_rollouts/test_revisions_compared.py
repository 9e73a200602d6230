"""`workloads history --diff` and `--between` on ECS: what ran here, or else of the family."""

from __future__ import annotations

import pytest

from tests.support.aws_objects import AwsObjects, definition
from tests.support.cli import Cli

OLD = {"name": "app", "image": "example.test/app:1.0", "environment": []}
NEW = OLD | {
    "image": "example.test/app:2.0",
    "environment": [{"name": "MODE", "value": "made-up-value"}],
    "dockerLabels": {"token": "made-up-value"},
}


@pytest.fixture
def two(aws: AwsObjects) -> AwsObjects:
    aws.objects["definitions"] = [definition("web", OLD), definition("web", NEW, revision=2)]
    return aws


@pytest.mark.parametrize("typed", ["--diff", "--between 1..2", "--between web:1..web:2"])
@pytest.mark.parametrize("output", ["json", "table", "csv"])
def test_every_field_is_compared_and_no_value_is_shown(
    dashborion: Cli, two: AwsObjects, typed: str, output: str
) -> None:
    seen = dashborion(f"workloads history web {typed} -o {output}")
    assert seen.exit_code == 0, seen.err
    assert "made-up-value" not in seen.out + seen.err
    for field in ("image", "variables.MODE", "dockerLabels"):
        assert field in seen.out
    assert ("may never have run here" in seen.err) is (typed == "--diff")


def test_the_sides_are_named(dashborion: Cli, two: AwsObjects) -> None:
    found = dashborion("workloads history web --between 2..1 -o json").json
    sides = [(one["name"], one["type"], one["revision"]) for one in (found["left"], found["right"])]
    assert sides == [("web", "ecs-service", "web:2"), ("web", "ecs-service", "web:1")]


@pytest.mark.parametrize(
    ("typed", "code", "said"),
    [
        ("--between 1..9", 3, "no revision 'web:9' in the history of web"),
        ("--between 1", 2, "--between: '1' is not REV..REV"),
        ("--between ..2", 2, "--between: '..2' is not REV..REV"),
    ],
)
def test_what_cannot_be_compared_is_said(
    dashborion: Cli, two: AwsObjects, typed: str, code: int, said: str
) -> None:
    seen = dashborion(f"workloads history web {typed}")
    assert (seen.exit_code, seen.out, said in seen.err) == (code, "", True)


def test_one_revision_has_nothing_to_be_compared_with(dashborion: Cli, aws: AwsObjects) -> None:
    seen = dashborion("workloads history web --diff")
    assert (seen.exit_code, "no other revision of 'web'" in seen.err) == (3, True)
