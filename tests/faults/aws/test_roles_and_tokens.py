"""Roles that cannot be assumed, token files that are absent, containers that give nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.aws import credentials, skip_naps, write_aws, write_config
from tests.support.aws_logins import (
    ROLE,
    Says,
    answering,
    environment,
    require,
    sts_refusal,
)
from tests.support.aws_objects import AwsObjects
from tests.support.cli import Cli

LIST = "workloads list -e one -o json"


STS_REFUSALS = {
    code: (sts_refusal(code, f"words about {code}"), f"words about {code}")
    for code in (
        "InvalidIdentityToken", "RegionDisabledException", "ExpiredTokenException",
        "PackedPolicyTooLarge", "MalformedPolicyDocument", "IDPRejectedClaim", "ValidationError",
        "IDPCommunicationError", "RequestTimeTooSkewed", "IncompleteSignature",
    )
}  # fmt: skip


@pytest.mark.parametrize(("says", "words"), STS_REFUSALS.values(), ids=STS_REFUSALS)
@pytest.mark.parametrize("through", ["web identity", "role"])
def test_what_sts_refuses_is_told_in_its_words(
    dashborion: Cli,
    aws: AwsObjects,
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    through: str,
    says: Says,
    words: str,
) -> None:
    skip_naps(monkeypatch)
    token = tmp_path / "token"
    token.write_text("s3cr3t.web.identity")
    keys = "aws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = s3cr3t"
    source = f"web_identity_token_file = {token}" if through != "role" else "source_profile = base"
    text = f"[profile base]\n{keys}\n[profile one]\nrole_arn = {ROLE}\n{source}\n"
    write_aws(home, config=text)
    with answering(says) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", url)

        seen = dashborion(LIST)

    require(seen, words)


def test_a_role_of_the_config_is_refused_for_every_environment_alike(
    dashborion: Cli, aws: AwsObjects, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    credentials(monkeypatch)
    write_config(home, {name: environment(role_arn=ROLE) for name in ("one", "two")})
    with answering(sts_refusal("MalformedPolicyDocument", "Bad policy")) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", url)

        seen = dashborion("workloads list --all-envs -o json")

    said = [json.loads(line)["error"] for line in seen.err.splitlines()]
    assert seen.exit_code == 4
    assert ["Bad policy" in error["message"] for error in said[:2]] == [True, True]


FILES = ["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"]


@pytest.mark.parametrize("variable", FILES)
@pytest.mark.parametrize("kind", ["absent", "a folder"])
@pytest.mark.usefixtures("default_profile")
def test_a_token_file_that_cannot_be_read_is_named_with_its_variable(
    dashborion: Cli,
    aws: AwsObjects,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    kind: str,
) -> None:
    path = tmp_path if kind == "a folder" else tmp_path / "absent"
    monkeypatch.setenv(variable, str(path))
    monkeypatch.setenv("AWS_ROLE_ARN", ROLE)
    if "CONTAINER" in variable:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/v1")

    require(dashborion(LIST), f"${variable}", str(path))


CONTAINERS = {
    "a strange host": "http://example.test/v1?token=s3cr3t",
    "no URL": "localhost",
    "a bracket": "http://[::1/v1",
    "a user": "http://me:s3cr3t@example.test/",
    "nobody listens": "http://127.0.0.1:1/s3cr3t",
}


@pytest.mark.parametrize("url", CONTAINERS.values(), ids=CONTAINERS)
@pytest.mark.usefixtures("default_profile")
def test_a_containers_credentials_that_cannot_be_had_are_named(
    dashborion: Cli, aws: AwsObjects, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    _skip_container_naps(monkeypatch)
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url)

    require(dashborion(LIST), "container", "$AWS_CONTAINER_CREDENTIALS_")


CONTAINER_ANSWERS = {
    "no JSON": Says(200, b"s3cr3t"),
    "a list": Says(200, b"[]"),
    "nothing in it": Says(200, b"{}"),
    "refused": Says(400, b'{"Message": "s3cr3t"}'),
    "a bad date": Says(
        200,
        b'{"AccessKeyId": "A", "SecretAccessKey": "s3cr3t", "Token": "t", "Expiration": "soon"}',
    ),
}


@pytest.mark.parametrize("says", CONTAINER_ANSWERS.values(), ids=CONTAINER_ANSWERS)
@pytest.mark.usefixtures("default_profile")
def test_a_containers_answer_that_is_none_is_named(
    dashborion: Cli, aws: AwsObjects, monkeypatch: pytest.MonkeyPatch, says: Says
) -> None:
    _skip_container_naps(monkeypatch)
    with answering(says) as url:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{url}/v1")

        require(dashborion(LIST), "container")


def _skip_container_naps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.utils.ContainerMetadataFetcher.SLEEP_TIME", 0)
