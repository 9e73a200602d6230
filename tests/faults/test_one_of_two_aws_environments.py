"""A broken AWS profile, variable or answer costs its environment and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.httpsession
import botocore.session
import pytest

from tests.support.aws import credentials, skip_naps, write_aws, write_config
from tests.support.aws_objects import CLUSTER, REGION, AwsObjects, definition, service
from tests.support.cli import Cli
from tests.support.kubeconfigs import Kube
from tests.support.stub_api import Api
from tests.support.thrown import EVERY_KIND, Thrown, every_kind, said_of

PROFILES = {
    "no token file": "role_arn = arn:aws:iam::123456789012:role/a\n"
    "web_identity_token_file = /nowhere",
    "no program": "credential_process = /nowhere/program",
    "a program that prints junk": "credential_process = echo s3cr3t",
    "a program that prints nothing": "credential_process = true",
    "an open quote": "credential_process = 'echo",
    "no login": "sso_start_url = https://a.test\nsso_region = us-east-1\nsso_account_id = 1\n"
    "sso_role_name = a",
    "credentials that have expired": "credential_process = echo '"
    '{"Version": 1, "AccessKeyId": "AKIAEXAMPLE", "SecretAccessKey": "s3cr3t", '
    '"SessionToken": "s3cr3t", "Expiration": "2020-01-01T00:00:00Z"}'
    "'",
    "a code and no terminal": "role_arn = arn:aws:iam::123456789012:role/a\n"
    "mfa_serial = arn:aws:iam::123456789012:mfa/me\nsource_profile = good",
    "no source": "role_arn = arn:aws:iam::123456789012:role/a\nsource_profile = none",
}
HANGS = "credential_process = sleep 30"
KEYS = "aws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = s3cr3t\n"


@pytest.fixture
def aws(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsObjects]:
    """Environments ``good`` and ``bad``, which differ by the profile."""
    credentials(monkeypatch)
    skip_naps(monkeypatch)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    target = {"cluster": CLUSTER, "region": REGION}
    write_config(home, {name: {**target, "profile": name} for name in ("good", "bad")})
    with AwsObjects(services=[service("web")], definitions=[definition("web")]) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        yield server


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
@pytest.mark.parametrize("command", ["workloads list", "instances list -A", "env check"])
def test_an_aws_profile_that_is_broken(
    dashborion: Cli, aws: AwsObjects, home: Path, profile: str, command: str
) -> None:
    keys = "" if "role" in profile or "credential" in profile else KEYS
    write_aws(home, config=f"[profile good]\n{KEYS}\n[profile bad]\n{keys}{profile}\n")

    seen = dashborion(f"{command} -e good -e bad -o json", unforeseen=True)

    assert seen.exit_code == 5, seen.err
    assert "s3cr3t" not in seen.err
    assert said_of(seen, "bad")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("AWS_CA_BUNDLE", "/nowhere/ca.pem"),
        ("HTTPS_PROXY", "foo://127.0.0.1:9"),
        ("HTTP_PROXY", "foo://127.0.0.1:9"),
        ("AWS_CONFIG_FILE", "/"),
        ("AWS_ENDPOINT_URL", "nonsense"),
        ("AWS_MAX_ATTEMPTS", "many"),
    ],
)
def test_a_variable_that_breaks_aws_leaves_kubernetes(
    dashborion: Cli,
    api: Api,
    kube: Kube,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
) -> None:
    kube(api.url)
    credentials(monkeypatch)
    write_config(home, {"bad": {"cluster": CLUSTER, "region": REGION}})
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://aws.test")
    monkeypatch.setenv(variable, value)

    seen = dashborion("workloads list -e k8s:here -e bad -o json", unforeseen=True, seconds=20)

    assert seen.exit_code == 5, seen.err
    assert len(seen.json) == 3
    assert said_of(seen, "bad")


def _throw_credentials(thrown: Thrown, patch: pytest.MonkeyPatch) -> None:
    """botocore throws when the credentials of the profile ``bad`` are loaded."""
    loaded = botocore.session.Session.get_credentials

    def get_credentials(session: Any, *words: Any) -> Any:
        if session.profile == "bad":
            raise thrown()
        return loaded(session, *words)

    patch.setattr(botocore.session.Session, "get_credentials", get_credentials)


@every_kind
@pytest.mark.parametrize("stage", ["prepared", "asked"])
def test_what_botocore_throws_costs_its_environment(
    dashborion: Cli,
    aws: AwsObjects,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    stage: str,
    thrown: Thrown,
) -> None:
    write_aws(home, config="".join(f"[profile {name}]\n{KEYS}\n" for name in ("good", "bad")))
    send = botocore.httpsession.URLLib3Session.send

    def throwing(http: Any, request: Any) -> Any:
        if b"/us-west-2/" in request.headers["Authorization"]:
            raise thrown()
        return send(http, request)

    if stage == "asked":
        monkeypatch.setattr(botocore.httpsession.URLLib3Session, "send", throwing)
    else:
        _throw_credentials(thrown, monkeypatch)
    write_config(home, {
        "good": {"cluster": CLUSTER, "region": REGION, "profile": "good"},
        "bad": {"cluster": CLUSTER, "region": "us-west-2", "profile": "bad"},
    })  # fmt: skip

    seen = dashborion("workloads list -e good -e bad -o json", unforeseen=True)

    assert seen.exit_code == 5, seen.err
    assert [row["environment"] for row in seen.json] == ["good"]
    assert said_of(seen, "bad")


def test_credentials_that_never_come_cost_their_environment(
    dashborion: Cli, aws: AwsObjects, home: Path
) -> None:
    write_aws(
        home, config=f"[profile good]\n{KEYS}\n[profile bad]\ncredential_process = sleep 300\n"
    )

    seen = dashborion("workloads list -e bad -e good -o json", seconds=3)

    assert seen.exit_code == 5
    assert [row["environment"] for row in seen.json] == ["good"]
    assert said_of(seen, "bad")


@pytest.mark.parametrize("kind", ["RuntimeError", "OSError", "EOFError", "MaxRetryError"])
def test_a_search_goes_on_beside_a_profile_that_is_broken(
    dashborion: Cli, aws: AwsObjects, home: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    write_aws(home, config="".join(f"[profile {name}]\n{KEYS}\n" for name in ("good", "bad")))
    _throw_credentials(EVERY_KIND[kind], monkeypatch)

    seen = dashborion(
        f"env discover --profile bad --profile good --region {REGION} -o json", unforeseen=True
    )

    assert seen.exit_code == 5
    assert seen.json
    assert "profile bad" in seen.err


def test_a_search_goes_on_beside_a_profile_that_hangs(
    dashborion: Cli, aws: AwsObjects, home: Path
) -> None:
    write_aws(home, config=f"[profile good]\n{KEYS}\n[profile bad]\n{HANGS}\n")

    seen = dashborion(
        f"env discover --profile bad --profile good --region {REGION} -o json", seconds=3
    )

    assert seen.exit_code == 5
    assert seen.json
    assert "profile bad" in seen.err
