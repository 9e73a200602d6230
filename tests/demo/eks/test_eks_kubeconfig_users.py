"""Kubeconfig users whose plugin is one of AWS': the token is made here, the program not run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.demo.eks.conftest import CLUSTER, OTHER_KEY, REGION, Eks
from tests.support.aws import KEY
from tests.support.cli import Cli
from tests.support.kubeconfigs import Plugin, credential
from tests.support.misbehaviour import status

Kube = Callable[..., None]


@pytest.fixture
def program(eks: Eks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plugin:
    """A program called ``aws`` that prints what the cluster does not take."""
    monkeypatch.setenv("PATH", "/usr/bin:/bin")  # it is a shell script
    (tmp_path / "bin").mkdir()
    return Plugin.write(tmp_path / "bin" / "aws", credential("no-t0ken"))


def test_the_token_is_made_here_and_the_program_not_run(
    dashborion: Cli, program: Plugin, eks: Eks, kube: Kube
) -> None:
    kube(str(program.path), "--region", REGION, "eks", "get-token", "--cluster-name", CLUSTER)

    seen = dashborion("workloads list -o json")

    assert (seen.exit_code, seen.err, len(seen.json)) == (0, "", 3)
    assert {one.access_key for one in eks.api.seen} == {KEY}
    assert (eks.api.refused, program.runs) == ([], 0)
    assert eks.aws.spy.calls == []


def test_the_aws_program_is_not_needed(dashborion: Cli, eks: Eks, kube: Kube) -> None:
    kube("aws", "eks", "get-token", "--cluster-name", CLUSTER, "--region", REGION)

    assert dashborion("workloads list -o name").lines == ["api", "db", "web"]


def test_a_profile_and_a_region_in_the_entrys_variables_count(
    dashborion: Cli, eks: Eks, kube: Kube, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    kube("aws-iam-authenticator", "token", "-i", CLUSTER, AWS_PROFILE="rubix", AWS_REGION=REGION)

    assert dashborion("workloads list -o name").lines == ["api", "db", "web"]
    assert {one.access_key for one in eks.api.seen} == {OTHER_KEY}


def test_a_role_is_assumed(dashborion: Cli, eks: Eks, kube: Kube) -> None:
    role = f"arn:aws:iam::{eks.aws.account}:role/on-call"
    kube("aws", "eks", "get-token", "--cluster-name", CLUSTER, "--region", REGION, "--role", role)

    assert dashborion("workloads list -o name").lines == ["api", "db", "web"]
    assert {one.session_token is not None for one in eks.api.seen} == {True}
    assert eks.aws.spy.counts["sts:AssumeRole"] == 1


def test_a_refused_token_is_made_again(dashborion: Cli, eks: Eks, kube: Kube) -> None:
    kube("aws", "eks", "get-token", "--cluster-name", CLUSTER, "--region", REGION)
    eks.api.on("*", status(401, "Unauthorized", reason="Unauthorized"), times=1)

    assert dashborion("workloads list -o name").exit_code == 0


def test_a_token_for_another_cluster_is_refused_and_the_user_named(
    dashborion: Cli, eks: Eks, kube: Kube
) -> None:
    kube("aws", "eks", "get-token", "--cluster-name", "another", "--region", REGION)

    seen = dashborion("workloads list -o json")

    assert (seen.exit_code, seen.error["code"]) == (4, "credentials")
    assert "here-user" in seen.error["message"]
    assert set(eks.api.refused) == {"the signature"}


@pytest.mark.parametrize(
    "more",
    [
        pytest.param(["--endpoint-url", "https://example.com"], id="an option not understood"),
        pytest.param(["--profile", "nobody"], id="a profile that boto does not know"),
    ],
)
def test_the_program_runs_when_we_cannot_do_the_same(
    dashborion: Cli, eks: Eks, kube: Kube, program: Plugin, more: list[str]
) -> None:
    command = ["eks", "get-token", "--cluster-name", CLUSTER, "--region", REGION]
    kube(str(program.path), *command, *more)

    assert dashborion("workloads list -o json").exit_code == 4

    assert program.runs > 0
    assert set(eks.api.refused) == {"not such a token"}


def test_without_session_and_program_the_error_names_the_user_and_says_what_to_do(
    dashborion: Cli, eks: Eks, kube: Kube
) -> None:
    args = ["eks", "get-token", "--cluster-name", CLUSTER, "--region", REGION]
    kube("aws", *args, "--profile", "nobody")

    seen = dashborion("workloads list -o json")

    assert (seen.exit_code, seen.error["code"]) == (4, "credentials")
    assert seen.error["message"].startswith("user 'here-user': ")
    assert "aws configure --profile nobody" in seen.error["hint"]
