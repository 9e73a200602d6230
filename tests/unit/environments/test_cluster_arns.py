"""A cluster that is written as an ARN says its region itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.aws import credentials, write_config
from tests.support.aws_objects import AwsObjects, arn, cluster, service
from tests.support.cli import Cli

OTHER = "us-west-2"
ARN = arn("cluster", "docs", region=OTHER)
HERE = "eu-west-3"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsObjects]:
    """A cluster in one region, where the variables name another."""
    credentials(monkeypatch)
    monkeypatch.setenv("AWS_REGION", HERE)
    known = cluster() | {"clusterArn": ARN}
    with AwsObjects(clusters=[known], services=[service("web")]) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        yield server


@pytest.mark.parametrize("written", [{}, {"region": OTHER}], ids=["alone", "with its region"])
def test_the_arns_region_is_asked(
    dashborion: Cli, aws: AwsObjects, home: Path, written: dict[str, str]
) -> None:
    write_config(home, {"one": {"cluster": ARN, **written}})

    assert dashborion("workloads list -e one -o name").exit_code == 0
    assert {call.region for call in aws.spy.calls} == {OTHER}


@pytest.mark.parametrize("typed", [f"ecs:{ARN}", f"ecs:{OTHER}/{ARN}"])
def test_the_arns_region_is_asked_of_an_environment_that_is_typed(
    dashborion: Cli, aws: AwsObjects, typed: str
) -> None:
    assert dashborion(f"workloads list -e {typed} -o name").exit_code == 0
    assert {call.region for call in aws.spy.calls} == {OTHER}


@pytest.mark.parametrize("command", ["workloads list", "env check", "workloads scale web -r 2"])
def test_another_region_than_the_arns_is_refused_and_nothing_is_asked(
    dashborion: Cli, aws: AwsObjects, home: Path, command: str
) -> None:
    write_config(home, {"one": {"cluster": ARN, "region": HERE}})

    seen = dashborion(f"{command} -e one -o json", fails_with_rows=True)

    assert (seen.exit_code, seen.error["code"]) == (2, "config")
    assert OTHER in seen.error["message"]
    assert HERE in seen.error["message"]
    assert aws.spy.calls == []


def test_another_region_than_the_arns_is_refused_of_an_environment_that_is_typed(
    dashborion: Cli, aws: AwsObjects
) -> None:
    seen = dashborion(f"workloads list -e ecs:{HERE}/{ARN} -o json")

    assert (seen.exit_code, aws.spy.calls) == (2, [])


def test_a_contradiction_costs_no_other_environment(
    dashborion: Cli, aws: AwsObjects, home: Path
) -> None:
    write_config(home, {"bad": {"cluster": ARN, "region": HERE}, "good": {"cluster": ARN}})

    seen = dashborion("workloads list --all-envs -o json")

    assert (seen.exit_code, [row["environment"] for row in seen.json]) == (5, ["good"])


OTHERS = {
    "a service": arn("service", "docs/web"),
    "an EKS cluster": arn("cluster", "docs", of="eks"),
    "cut short": "arn:aws:ecs:us-west-2",
    "no region": "arn:aws:ecs::123456789012:cluster/docs",
}


@pytest.mark.parametrize("text", OTHERS.values(), ids=OTHERS)
def test_an_arn_of_something_else_is_refused(
    dashborion: Cli, aws: AwsObjects, home: Path, text: str
) -> None:
    write_config(home, {"one": {"cluster": text}})

    seen = dashborion("workloads list -e one -o json")

    assert (seen.exit_code, aws.spy.calls) == (2, [])
    assert "is not the ARN of an ECS cluster" in seen.error["message"]


def test_the_users_flags_hold_for_a_cluster_by_its_arn(
    dashborion: Cli, aws: AwsObjects, home: Path
) -> None:
    write_config(home, {"one": {"cluster": "docs", "region": OTHER, "read_only": True}})

    assert dashborion(f"workloads restart web -e ecs:{ARN}").exit_code == 1
    assert aws.spy.of("ecs:UpdateService") == []


@pytest.mark.parametrize("region", ["us-west-2 ", "us_west_2", "${AWS_REGION}", "-a-1"])
def test_what_is_no_region_is_named_with_where_to_correct_it(
    dashborion: Cli, aws: AwsObjects, home: Path, region: str
) -> None:
    write_config(home, {"one": {"cluster": "docs", "region": region}})

    seen = dashborion("workloads list -e one -o json")

    assert (seen.exit_code, seen.error["code"]) == (2, "usage")
    assert seen.error["message"] == f"'{region}' is not a region of AWS"
    assert "region:" in seen.error["hint"]
    assert aws.spy.calls == []
