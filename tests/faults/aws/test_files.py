"""AWS' own files and variables: absent, broken, unwritable."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.aws import credentials, write_aws, write_config
from tests.support.aws_logins import (
    ROLE,
    Says,
    answering,
    environment,
    require,
)
from tests.support.aws_objects import AwsObjects
from tests.support.cli import Cli

LIST = "workloads list -e one -o json"


@pytest.mark.parametrize("kind", ["absent", "a folder"])
@pytest.mark.parametrize("variable", ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"])
def test_a_file_of_aws_that_is_not_there_is_named_where_a_profile_is_missed(
    dashborion: Cli, aws: AwsObjects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    variable: str, kind: str,
) -> None:  # fmt: skip
    path = tmp_path if kind == "a folder" else tmp_path / "absent"
    monkeypatch.setenv(variable, str(path))

    require(dashborion(LIST), "one", f"${variable}", str(path))


@pytest.mark.parametrize("variable", ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"])
def test_a_file_of_aws_that_is_not_there_is_none_of_our_business_where_keys_are(
    dashborion: Cli, aws: AwsObjects, home: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    credentials(monkeypatch)
    monkeypatch.setenv(variable, "/nowhere/at-all")
    write_config(home, {"one": environment()})

    assert dashborion("workloads list -e one -o name").exit_code == 0


TEXTS = {
    "a header that is open": "[profile one\nregion = x\n",
    "no header": "aws_secret_access_key = s3cr3t\n",
    "the same key twice": "[profile one]\nregion = a\nregion = s3cr3t\n",
    "bytes": "[profile one]\nregion = \udcff\n",
    "a nested line": "[profile one]\ns3 =\n  s3cr3t\n",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("name", ["config", "credentials"])
def test_a_file_of_aws_that_cannot_be_parsed_is_named(
    dashborion: Cli, aws: AwsObjects, home: Path, name: str, text: str
) -> None:
    folder = home / ".aws"
    folder.mkdir()
    (folder / name).write_bytes(text.encode(errors="surrogateescape"))

    seen = dashborion(LIST)

    assert seen.exit_code in (2, 4), seen.err
    assert str(folder / name) in seen.error["message"]


@pytest.mark.parametrize("text", ["", "[]", "{", '{"Credentials": {}}', '{"Credentials": []}'])
@pytest.mark.parametrize("folder", ["kept", "unwritable"])
def test_the_cache_of_roles_may_be_broken_or_unwritable(
    dashborion: Cli, aws: AwsObjects, home: Path, monkeypatch: pytest.MonkeyPatch,
    text: str, folder: str,
) -> None:  # fmt: skip
    keys = "aws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = s3cr3t"
    write_aws(
        home, config=f"[profile base]\n{keys}\n[profile one]\nrole_arn = {ROLE}\n"
        "source_profile = base\n",
    )  # fmt: skip
    cache = home / ".aws" / "cli" / "cache"
    if folder == "unwritable":
        cache.parent.mkdir()
        cache.write_text("a file is no folder")
    with answering(Says(200, _ASSUMED.encode(), (("Content-Type", "text/xml"),))) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", url)
        assert dashborion("workloads list -e one -o name").lines == ["web"]
        for path in cache.glob("*.json"):
            path.write_text(text)

        assert dashborion("workloads list -e one -o name").lines == ["web"]


_ASSUMED = f"""<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<AssumeRoleResult><AssumedRoleUser><AssumedRoleId>A:b</AssumedRoleId><Arn>{ROLE}</Arn>
</AssumedRoleUser><Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId>
<SecretAccessKey>s3cr3t</SecretAccessKey><SessionToken>s3cr3t</SessionToken>
<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult>
</AssumeRoleResponse>"""


@pytest.mark.parametrize("value", ["soon", "2020-01-01T00:00:00Z"], ids=["no date", "past"])
@pytest.mark.usefixtures("default_profile")
def test_keys_in_variables_with_a_bad_expiration_are_named(
    dashborion: Cli, aws: AwsObjects, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    credentials(monkeypatch)
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", value)

    require(dashborion(LIST), "$AWS_ACCESS_KEY_ID", hint="$AWS_SESSION_TOKEN")


def test_an_mfa_code_is_not_taken_from_what_is_piped_in(
    aws: AwsObjects, home: Path, tmp_path: Path
) -> None:
    keys = "aws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = s3cr3t"
    write_aws(
        home, config=f"[profile base]\n{keys}\n[profile one]\nrole_arn = {ROLE}\n"
        "mfa_serial = arn:aws:iam::123456789012:mfa/jane\nsource_profile = base\n",
    )  # fmt: skip
    words = [sys.executable, "-m", "dashborion", *shlex.split(LIST)]
    done = subprocess.run(
        words, input="123456\n", capture_output=True, text=True, check=False, timeout=60,
        start_new_session=True,
    )  # fmt: skip
    assert done.returncode == 4
    error = json.loads(done.stderr)["error"]
    assert "'one' needs an MFA code" in error["message"]
    assert "terminal" in error["hint"]


KEYS = "aws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = s3cr3t\n"
SETTINGS = {
    "defaults_mode": ("defaults mode", KEYS),
    "request_min_compression_size_bytes": ("request_min_compression_size_bytes", KEYS),
    "account_id_endpoint_mode": ("account_id_endpoint_mode", KEYS),
    "response_checksum_validation": ("response_checksum_validation", KEYS),
    "sts_regional_endpoints": (
        "STS regional endpoints",
        f"role_arn = {ROLE}\nsource_profile = base\n[profile base]\n{KEYS}",
    ),
}


@pytest.mark.parametrize(("setting", "told", "rest"), [(k, *v) for k, v in SETTINGS.items()])
def test_a_setting_of_aws_that_is_not_valid_is_named_without_its_value(
    dashborion: Cli, aws: AwsObjects, home: Path, setting: str, told: str, rest: str
) -> None:
    write_aws(home, config=f"[profile one]\n{setting} = m4rked\n{rest}")

    seen = dashborion(LIST)

    assert (seen.exit_code, seen.error["code"]) == (2, "config"), seen.err
    assert told in seen.error["message"]
    assert "profile 'one' in AWS' config file" in seen.error["hint"]
    assert "m4rked" not in seen.err
    assert "renew the keys" not in seen.err


CIRCLE = f"role_arn = {ROLE}\nsource_profile = two\n[profile two]\nrole_arn = {ROLE}\n"
CANNOT_WORK = {
    "no such sso-session": "sso_session = nope\nsso_account_id = 1\nsso_role_name = r\n",
    "a role without source": f"role_arn = {ROLE}\n",
    "its own source": f"role_arn = {ROLE}\nsource_profile = one\n",
    "a circle": f"{CIRCLE}source_profile = one\n",
    "an unknown source": f"role_arn = {ROLE}\ncredential_source = m4rked\n",
    "two sources": f"role_arn = {ROLE}\ncredential_source = Environment\nsource_profile = two\n",
}


@pytest.mark.parametrize("text", CANNOT_WORK.values(), ids=CANNOT_WORK)
def test_a_profile_that_cannot_work_is_to_be_corrected_and_no_login_helps(
    dashborion: Cli, aws: AwsObjects, home: Path, text: str
) -> None:
    write_aws(home, config=f"[profile one]\n{text}")

    seen = dashborion(LIST)

    require(seen, hint="correct profile 'one' in AWS' config file")
    assert "m4rked" not in seen.err
