"""A group that an environment has no use for: which environment that is, and what to type there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.aws import point_at
from tests.support.aws_server import StrictAws
from tests.support.cli import Cli
from tests.support.command_tree import commands
from tests.support.fleet_on_ecs import CLUSTER, REGION

FILE = """
environments:
  ours: {orchestrator: ecs, cluster: homebox, region: eu-west-3}
  theirs: {orchestrator: kubernetes, context: rubix}
  more: {orchestrator: eks, cluster: rubix, region: eu-west-3}
"""
NAMES = {"describe": " NAME", "diff": " NAME"}
ECS = [name for name in commands() if name.startswith("ecs ")]
K8S = [name for name in commands() if name.startswith("k8s ")]


@pytest.fixture(autouse=True)
def config() -> None:
    """None of these can be reached: nobody must try."""
    Path("dashborion.yaml").write_text(FILE)


def typed(name: str) -> str:
    return name + NAMES.get(name.rsplit(maxsplit=1)[-1], "")


@pytest.mark.parametrize("name", K8S)
def test_a_kubernetes_command_on_ecs(dashborion: Cli, name: str) -> None:
    found = dashborion(f"{typed(name)} -e ours -o json")
    assert (found.exit_code, found.out) == (2, "")
    assert (found.error["code"], found.error["environment"]) == ("wrong-orchestrator", "ours")
    assert "runs on Amazon ECS" in found.error["message"]
    assert_helps(found.error["hint"], "-e ours")


@pytest.mark.parametrize("environment", ["theirs", "more"])
@pytest.mark.parametrize("name", ECS)
def test_an_ecs_command_on_kubernetes(dashborion: Cli, name: str, environment: str) -> None:
    found = dashborion(f"{typed(name)} -e {environment} -o json")
    assert (found.exit_code, found.out) == (2, "")
    assert (found.error["code"], found.error["environment"]) == ("wrong-orchestrator", environment)
    assert "runs on Kubernetes" in found.error["message"]
    assert_helps(found.error["hint"], f"-e {environment}")


def assert_helps(hint: str, where: str) -> None:
    """It names a command that there is, in that environment."""
    words = hint.removeprefix("use `dashborion ").removesuffix("`")
    assert words.endswith(where)
    assert any(words.startswith(f"{name} ") for name in commands())


def test_a_person_reads_it_in_two_lines(dashborion: Cli) -> None:
    found = dashborion("ecs clusters list -e theirs")
    assert found.err.splitlines() == [
        "error: theirs: this environment runs on Kubernetes, for which the command does not exist",
        "  use `dashborion k8s nodes list -e theirs`",
    ]


@pytest.fixture
def both(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An ECS that answers beside an environment that the group is not for."""
    with StrictAws() as aws:
        aws.region(REGION).cluster(CLUSTER)
        point_at(monkeypatch, aws)
        monkeypatch.delenv("DASHBORION_ENV")
        Path("dashborion.yaml").write_text(
            "environments:\n"
            f"  ours: {{orchestrator: ecs, cluster: {CLUSTER}, region: {REGION}}}\n"
            "  theirs: {orchestrator: kubernetes, context: rubix}\n"
        )
        yield


def test_the_one_that_the_group_is_for_still_answers(both: None) -> None:
    found = Cli()("ecs clusters list --all-envs -o name")
    assert (found.exit_code, found.lines) == (5, ["ours:homebox-staging"])
    assert "theirs: this environment runs on Kubernetes" in found.err
