"""Nobody, somebody whose time is up, somebody who is not let in: exit 4, with what to type."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.aws import HERE, SECRET, TOKEN, write_aws, write_config
from tests.support.cli import Cli, Result
from tests.support.fleet_on_ecs import CLUSTER, REGION, Fleet
from tests.support.waiting import PATIENCE_SECONDS

SSO = f"""\
[profile homebox]
region = {REGION}
sso_session = home
sso_account_id = 123456789012
sso_role_name = reader
[sso-session home]
sso_region = {REGION}
sso_start_url = https://home.example.test/start
"""
ROLE = "arn:aws:iam::200900000009:role/reader"


@pytest.fixture
def nobody(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    """No keys in the environment's variables."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    return fleet


def require_login(seen: Result, *, message: str = "", hint: str = "aws ") -> None:
    assert (seen.exit_code, seen.error["code"]) == (4, "credentials"), seen.err
    assert message in seen.error["message"]
    assert hint in (seen.error["hint"] or "")


def sso_token(home: Path, expires: datetime) -> None:
    """What `aws sso login` leaves."""
    folder = home / ".aws" / "sso" / "cache"
    folder.mkdir(parents=True)
    token = {"accessToken": TOKEN, "expiresAt": expires.strftime("%Y-%m-%dT%H:%M:%SZ")}
    name = hashlib.sha1(b"home").hexdigest()  # noqa: S324 - as AWS names the file
    (folder / f"{name}.json").write_text(json.dumps(token | {"region": REGION}))


@pytest.mark.parametrize(
    "command", ["workloads list", "instances list", "workloads describe web", "env check"]
)
def test_no_credentials(dashborion: Cli, nobody: Fleet, command: str) -> None:
    seen = dashborion(f"{command} -o json", fails_with_rows=command == "env check")
    require_login(seen, message="no AWS credentials")
    assert nobody.aws.spy.calls == []


def test_half_of_the_credentials(
    dashborion: Cli, nobody: Fleet, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA")
    require_login(dashborion("workloads list -o json"))


def test_an_unknown_profile(dashborion: Cli, nobody: Fleet, home: Path) -> None:
    write_aws(home, config="[profile homebox]\nregion = eu-west-3\n")
    seen = dashborion(f"workloads list -e ecs:homebx@{REGION}/{CLUSTER} -o json")
    require_login(seen, message="homebx", hint="aws configure --profile homebx")


def test_an_unknown_profile_of_the_variable(
    dashborion: Cli, nobody: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "homebx")
    require_login(dashborion("workloads list -o json"), message="homebx", hint="--profile homebx")


@pytest.mark.parametrize("expired", [True, False], ids=["expired", "never logged in"])
def test_an_sso_session_that_is_over(
    dashborion: Cli, nobody: Fleet, home: Path, *, expired: bool
) -> None:
    write_aws(home, config=SSO)
    if expired:
        sso_token(home, datetime.now(UTC) - timedelta(hours=1))
    seen = dashborion(f"workloads list -e ecs:homebox@{REGION}/{CLUSTER} -o json")
    require_login(seen, hint="aws sso login --profile homebox")


def test_an_sso_session_of_the_variables_profile(
    dashborion: Cli, nobody: Fleet, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_aws(home, config=SSO)
    monkeypatch.setenv("AWS_PROFILE", "homebox")
    require_login(dashborion("workloads list -o json"), hint="aws sso login --profile homebox")


def test_an_expired_token(dashborion: Cli, fleet: Fleet) -> None:
    fleet.aws.faults.expire_token()
    seen = dashborion("workloads list -o json")
    require_login(seen, message="expired")
    assert fleet.aws.spy.counts == {"ecs:ListServices": 1, "ecs:ListTasks": 1}


def test_an_expired_token_at_the_load_balancers(dashborion: Cli, fleet: Fleet) -> None:
    fleet.aws.faults.expire_token("elasticloadbalancing:*")
    require_login(dashborion("workloads list -o json"), message="expired")


@pytest.mark.parametrize(
    "code",
    [
        "UnrecognizedClientException",
        "InvalidSignatureException",
        "InvalidClientTokenId",
        "SignatureDoesNotMatch",
    ],
)
def test_credentials_that_aws_does_not_accept(dashborion: Cli, fleet: Fleet, code: str) -> None:
    fleet.aws.faults.refuse("ecs:*", code, "The security token is invalid.", 400)
    require_login(dashborion("workloads list -o json"), message="does not accept")


def test_a_process_that_gives_no_credentials(dashborion: Cli, nobody: Fleet, home: Path) -> None:
    config = f"[profile broken]\nregion = {REGION}\ncredential_process = false\n"
    write_aws(home, config=config)
    require_login(dashborion(f"workloads list -e ecs:broken@{CLUSTER} -o json"))


def test_a_role_without_anybody_to_assume_it(
    dashborion: Cli, nobody: Fleet, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    write_config(home, {HERE: {"cluster": CLUSTER, "region": REGION, "role_arn": ROLE}})
    require_login(dashborion("workloads list -o json"))


def test_a_role_that_one_may_not_assume(
    dashborion: Cli, fleet: Fleet, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    write_config(home, {HERE: {"cluster": CLUSTER, "region": REGION, "role_arn": ROLE}})
    fleet.aws.faults.deny("sts:AssumeRole", ROLE)
    seen = dashborion("workloads list -o json")
    assert (seen.exit_code, seen.error["code"]) == (4, "forbidden")
    assert "sts:AssumeRole" in seen.error["message"]


def test_a_role_that_nobody_answers_for_costs_the_deadline(
    dashborion: Cli, fleet: Fleet, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    write_config(home, {HERE: {"cluster": CLUSTER, "region": REGION, "role_arn": ROLE}})
    fleet.aws.faults.hang("sts:AssumeRole", times=100)
    seen = dashborion("workloads list -o json", seconds=0.5)
    assert seen.exit_code == 6
    assert dashborion.took < PATIENCE_SECONDS / 2


@pytest.mark.parametrize("text", ["[profile homebox\n", "region = x\n", "\x00"])
def test_a_config_of_aws_that_cannot_be_read(
    dashborion: Cli, fleet: Fleet, home: Path, text: str
) -> None:
    write_aws(home, config=text)
    seen = dashborion("workloads list -o json")
    assert seen.exit_code in (2, 4)
    assert str(home / ".aws" / "config") in seen.err


def test_keys_stay_out_of_sight(dashborion: Cli, fleet: Fleet) -> None:
    fleet.aws.faults.expire_token()
    for option in ("-v", "--debug"):
        seen = dashborion(f"workloads list {option}")
        assert SECRET not in seen.err


def test_libraries_do_not_talk_to_the_terminal(nobody: Fleet, home: Path) -> None:
    """botocore logs a failed refresh with its traceback; Python prints what nobody handles."""
    write_aws(home, config=SSO)
    sso_token(home, datetime.now(UTC) - timedelta(hours=1))
    place = f"ecs:homebox@{REGION}/{CLUSTER}"
    words = [sys.executable, "-m", "dashborion", "workloads", "list", "-e", place]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 2
