"""`orchestrator: eks`: no kubeconfig, no program; a token that the cluster takes."""

from __future__ import annotations

import base64
import getpass
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from dashborion.orchestrators.kubernetes.credentials.eks import Token
from tests.demo.eks.conftest import (
    CLUSTER,
    OTHER_KEY,
    REGION,
    Eks,
    Environments,
    write_environments,
)
from tests.support.aws import KEY, write_aws
from tests.support.cli import Cli
from tests.support.misbehaviour import status


def test_the_cluster_is_found_and_takes_the_token(
    dashborion: Cli, eks: Eks, environment: Environments
) -> None:
    environment()

    seen = dashborion("workloads list -o json")

    assert (seen.exit_code, seen.err) == (0, "")
    assert [(one["name"], one["orchestrator"]) for one in seen.json] == [
        ("api", "kubernetes"), ("db", "kubernetes"), ("web", "kubernetes"),
    ]  # fmt: skip
    assert {(one.access_key, one.host) for one in eks.api.seen} == {
        (KEY, f"sts.{REGION}.amazonaws.com")
    }
    assert eks.api.refused == []
    assert [one.operation for one in eks.aws.spy.calls] == ["eks:GET /clusters/rubix-prod"]


def test_the_environments_namespace_is_the_one_that_is_asked(
    dashborion: Cli, eks: Eks, environment: Environments
) -> None:
    environment(namespace="media")

    dashborion("workloads list -o json")

    assert {one.path.split("/")[5] for one in eks.api.to("deployments")} == {"media"}


def test_check_names_the_endpoint_and_what_the_server_calls_us(
    dashborion: Cli, eks: Eks, environment: Environments
) -> None:
    environment()

    (check,) = dashborion("env check -o json").json

    assert check["endpoint"] == eks.api.url
    assert check["identity"] == "jane"


def test_a_profiles_keys_sign(dashborion: Cli, eks: Eks, environment: Environments) -> None:
    environment(profile="rubix", region=None)

    assert dashborion("workloads list -o json").exit_code == 0

    assert {one.access_key for one in eks.api.seen} == {OTHER_KEY}


def test_a_role_is_assumed_and_its_keys_sign(
    dashborion: Cli, eks: Eks, environment: Environments
) -> None:
    environment(role_arn=f"arn:aws:iam::{eks.aws.account}:role/on-call")

    assert dashborion("workloads list -o json").exit_code == 0

    (signed,) = {(one.access_key, one.session_token) for one in eks.api.seen}
    assert signed[0] not in (KEY, OTHER_KEY)
    assert signed[1]
    assert eks.aws.spy.counts["sts:AssumeRole"] == 1


@pytest.mark.parametrize("command", ["workloads list -o json", "env check -o json"])
def test_a_refused_token_is_made_again_once(
    dashborion: Cli, eks: Eks, environment: Environments, command: str
) -> None:
    environment()
    eks.api.on("*", status(401, "Unauthorized", reason="Unauthorized"), times=1)

    assert dashborion(command).exit_code == 0


def test_a_cluster_that_takes_no_token_of_ours_is_4_and_says_as_whom(
    dashborion: Cli, eks: Eks, environment: Environments
) -> None:
    environment(profile="rubix")
    eks.api.cluster = "another"

    seen = dashborion("workloads list -o json")

    assert (seen.exit_code, seen.error["code"]) == (4, "credentials")
    assert "AWS profile rubix" in seen.error["message"]
    assert set(eks.api.refused) == {"the signature"}


def test_a_token_too_old_is_refused_by_such_a_cluster(
    dashborion: Cli, eks: Eks, environment: Environments
) -> None:
    environment()
    eks.api.now = lambda: datetime.now(UTC) + timedelta(minutes=16)

    assert dashborion("workloads list -o json").exit_code == 4
    assert set(eks.api.refused) == {"expired"}


def test_a_token_is_made_again_after_14_minutes() -> None:
    made, now = iter(("first", "second", "third")), [1000.0]
    token = Token(lambda: next(made), clock=lambda: now[0])

    assert token.authorization() == token.authorization() == "Bearer first"
    now[0] += 14 * 60 - 1
    assert token.authorization() == "Bearer first"
    now[0] += 1
    assert token.authorization() == token.authorization() == "Bearer second"
    now[0] -= 3600  # somebody set the clock back
    assert token.authorization() == "Bearer third"


def test_an_unknown_cluster_is_3_and_suggests_those_there_are(
    dashborion: Cli, eks: Eks, environment: Environments
) -> None:
    environment(cluster="rubix-prd")

    seen = dashborion("workloads list -o json")

    assert (seen.exit_code, seen.error["code"]) == (3, "not-found")
    assert (seen.error["message"], seen.error["hint"]) == (
        f"no cluster 'rubix-prd' in {REGION}",
        f"did you mean '{CLUSTER}'?",
    )


def test_no_permission_to_describe_the_cluster_exits_4(
    dashborion: Cli, eks: Eks, environment: Environments
) -> None:
    environment()
    eks.aws.faults.deny("eks:*")

    seen = dashborion("workloads list -o json")

    assert (seen.exit_code, seen.error["code"]) == (4, "forbidden")
    assert "DescribeCluster" in seen.error["message"]
    assert eks.api.requests == []


def test_no_credentials_exits_4_and_says_what_to_do(
    dashborion: Cli, eks: Eks, environment: Environments, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment()
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")

    seen = dashborion("workloads list -o json")

    assert (seen.exit_code, seen.error["code"]) == (4, "credentials")
    assert "aws configure" in seen.error["hint"]


def test_a_cluster_in_the_making_is_6_and_says_so(
    dashborion: Cli, eks: Eks, environment: Environments
) -> None:
    environment()
    eks.described.endpoint, eks.described.status = None, "CREATING"

    seen = dashborion("workloads list -o json")

    assert seen.exit_code == 6
    assert f"cluster '{CLUSTER}' is creating" in seen.error["message"]


@pytest.mark.parametrize(
    ("endpoint", "said"),
    [
        pytest.param("http://127.0.0.1:1", "not an https address", id="not encrypted"),
        pytest.param("nonsense", "not an https address", id="no address"),
    ],
)
def test_no_token_goes_to_a_strange_endpoint(
    dashborion: Cli, eks: Eks, environment: Environments, endpoint: str, said: str
) -> None:
    environment()
    eks.described.endpoint = endpoint

    seen = dashborion("workloads list -o json")

    assert (seen.exit_code, seen.error["code"]) == (6, "bad-answer")
    assert said in seen.error["message"]


@pytest.mark.parametrize("data", ["bm90IGEgY2VydGlmaWNhdGU=", "%%%"], ids=["text", "not base64"])
def test_an_authority_that_is_none_is_6(
    dashborion: Cli, eks: Eks, environment: Environments, data: str
) -> None:
    environment()
    eks.described.certificate_authority = {"data": data}

    seen = dashborion("workloads list -o json")

    assert (seen.exit_code, seen.error["code"]) == (6, "bad-answer")


def test_a_server_of_another_authority_gets_no_token(
    dashborion: Cli, eks: Eks, environment: Environments
) -> None:
    environment()
    other = base64.b64encode(trustme.CA().cert_pem.bytes()).decode()
    eks.described.certificate_authority = {"data": other}

    assert dashborion("workloads list -o json").exit_code == 6
    assert eks.api.requests == []


def test_read_only_holds_on_eks(dashborion: Cli, eks: Eks, environment: Environments) -> None:
    environment(read_only=True)

    assert dashborion("workloads restart web -o json").exit_code == 1
    assert not [one for one in eks.api.requests if one.method == "PATCH"]


def test_an_mfa_code_is_asked_for_once_for_all_environments_of_a_profile(
    dashborion: Cli, eks: Eks, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompts = _careful(eks, home, monkeypatch)

    seen = dashborion("workloads list --all-envs -o json")

    assert (seen.exit_code, len(seen.json)) == (0, 9)
    assert len(prompts) == 1


def test_a_wrong_mfa_code_is_what_every_environment_says(
    dashborion: Cli, eks: Eks, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompts = _careful(eks, home, monkeypatch)
    eks.aws.faults.refuse("sts:AssumeRole", "AccessDenied", "MultiFactorAuthentication failed")

    seen = dashborion("workloads list --all-envs -o json")

    said = [json.loads(line)["error"] for line in seen.err.splitlines()]
    assert seen.exit_code == 4
    assert {one["environment"] for one in said} == {"one", "two", "three"}
    assert {one["message"] for one in said} == {"AssumeRole: MultiFactorAuthentication failed"}
    assert len(prompts) == 1


def _careful(eks: Eks, home: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Three environments of a profile that asks for a code; the prompts that there will be."""
    prompts: list[str] = []
    monkeypatch.setattr(getpass, "getpass", _answering(prompts))
    role = f"arn:aws:iam::{eks.aws.account}:role/on-call"
    write_aws(
        home,
        config="[profile careful]\nsource_profile=rubix\n"
        f"role_arn={role}\nmfa_serial=arn:aws:iam::{eks.aws.account}:mfa/jane\n",
    )
    body = {"orchestrator": "eks", "cluster": CLUSTER, "region": REGION, "profile": "careful"}
    write_environments(home, dict.fromkeys(("one", "two", "three"), body))
    return prompts


def _answering(prompts: list[str]) -> Callable[[str], str]:
    def answer(prompt: str) -> str:
        prompts.append(prompt)
        return "123456"

    return answer
