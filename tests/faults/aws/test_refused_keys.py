"""Credentials that AWS refuses at the first call: 4, in AWS' words, with the right hint."""

from __future__ import annotations

import pytest

from tests.support.aws import credentials
from tests.support.aws_logins import (
    require,
)
from tests.support.aws_objects import AwsObjects
from tests.support.cli import Cli

LIST = "workloads list -e one -o json"


CODES = [
    "UnrecognizedClient", "InvalidClientTokenId", "InvalidSignature", "SignatureDoesNotMatch",
    "AuthFailure", "MissingAuthenticationToken", "InvalidAccessKeyId", "IncompleteSignature",
    "RequestTimeTooSkewed", "OptInRequired", "SubscriptionRequired", "ExpiredToken",
    "RequestExpired", "InvalidToken",
]  # fmt: skip


@pytest.mark.parametrize("suffix", ["", "Exception"])
@pytest.mark.parametrize("code", CODES)
@pytest.mark.usefixtures("default_profile")
def test_credentials_that_aws_refuses_are_4_whatever_the_code_ends_in(
    dashborion: Cli, aws: AwsObjects, monkeypatch: pytest.MonkeyPatch, code: str, suffix: str
) -> None:
    credentials(monkeypatch)
    aws.faults.refuse("ecs:*", code + suffix, "AWS' own words about it.", 403)

    seen = dashborion(LIST)

    require(seen, "AWS' own words about it.")
    assert "sso" not in seen.error["hint"]
    assert ("clock" in seen.error["hint"]) is (code == "RequestTimeTooSkewed")
    assert set(aws.spy.counts.values()) == {1}
