"""SSO logins that are refused, have expired or cannot be read; what to type for a profile."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.aws import skip_naps, write_aws, write_config
from tests.support.aws_logins import (
    LOGIN,
    SSO,
    Says,
    answering,
    environment,
    require,
    sso_cache,
    sso_refusal,
)
from tests.support.aws_objects import REGION, AwsObjects
from tests.support.cli import Cli

LIST = "workloads list -e one -o json"


SSO_REFUSALS = {
    "no access": (sso_refusal("ForbiddenException"), "No access"),
    "unauthorized": (sso_refusal("UnauthorizedException", "Session token not found", 401), ""),
    "bad request": (sso_refusal("InvalidRequestException", "Bad role", 400), "Bad role"),
    "not found": (sso_refusal("ResourceNotFoundException", "No such role", 404), "No such role"),
}


@pytest.mark.parametrize(("says", "words"), SSO_REFUSALS.values(), ids=SSO_REFUSALS)
@pytest.mark.parametrize("command", ["workloads list", "env check"])
def test_what_sso_refuses_is_told_in_its_words(
    dashborion: Cli,
    aws: AwsObjects,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    says: Says,
    words: str,
) -> None:
    write_aws(home, config=SSO)
    sso_cache(home)
    with answering(says) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", url)

        seen = dashborion(f"{command} -e one -o json")

    require(seen, "the SSO login of profile 'one'", words, hint="aws sso login --profile one")


CACHES = {
    "none": None,
    "empty": "",
    "a list": "[]",
    "a list of words": '["accessToken", "expiresAt"]',
    "text": '"accessToken expiresAt"',
    "null": "null",
    "a number": "7",
    "cut short": '{"accessToken": "s3cr3t',
    "without a token": "{}",
    "a bad date": '{"accessToken": "s3cr3t", "expiresAt": "soon"}',
    "a date of another type": '{"accessToken": "s3cr3t", "expiresAt": 7}',
    "expired": '{"accessToken": "s3cr3t", "expiresAt": "2020-01-01T00:00:00Z"}',
    "no token": '{"accessToken": null, "expiresAt": "2099-01-01T00:00:00Z"}',
    "a list as token": '{"accessToken": ["s3cr3t"], "expiresAt": "2099-01-01T00:00:00Z"}',
    "a line break": '{"accessToken": "s3cr3t\\n-2", "expiresAt": "2099-01-01T00:00:00Z"}',
}


@pytest.mark.parametrize("text", CACHES.values(), ids=CACHES)
def test_a_cached_sso_login_that_is_none_names_the_login(
    dashborion: Cli, aws: AwsObjects, home: Path, text: str | None
) -> None:
    write_aws(home, config=SSO)
    if text is not None:
        sso_cache(home, text)

    seen = dashborion(LIST)

    assert (seen.exit_code, seen.error["code"]) == (4, "credentials"), seen.err


@pytest.mark.parametrize("says", [Says(503, b""), Says(200, b'{"roleCre')], ids=["503", "cut"])
def test_an_sso_that_does_not_answer_is_no_login_problem_of_ours(
    dashborion: Cli, aws: AwsObjects, home: Path, monkeypatch: pytest.MonkeyPatch, says: Says
) -> None:
    skip_naps(monkeypatch)
    write_aws(home, config=SSO)
    sso_cache(home)
    with answering(says) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", url)
        seen = dashborion(LIST)
    assert seen.exit_code == (6 if says.status == 503 else 4)


HINTS = {
    "sso": (SSO, "one", "aws sso login --profile one"),
    "sso with a space": (SSO.replace("profile one", "profile 'Prod Acct'"), "Prod Acct",
                         "aws sso login --profile 'Prod Acct'"),
    "login": (LOGIN, "one", "pip install 'botocore[crt]'"),
    "nothing": (f"[profile one]\nregion = {REGION}\n", "one", "aws configure --profile one"),
    "a profile that is not there": ("", "Prod Acct/Admin", "--profile 'Prod Acct/Admin'"),
}  # fmt: skip


@pytest.mark.parametrize(("config", "profile", "hint"), HINTS.values(), ids=HINTS)
def test_the_hint_is_the_command_for_that_kind_of_profile(
    dashborion: Cli, aws: AwsObjects, home: Path, config: str, profile: str, hint: str
) -> None:
    write_aws(home, config=config)
    write_config(home, {"one": environment(profile=profile)})

    seen = dashborion(LIST)

    assert (seen.exit_code, seen.error["code"]) == (4, "credentials")
    assert hint in seen.error["hint"]
    assert ("sso login" in seen.error["hint"]) is ("sso_session" in config)
