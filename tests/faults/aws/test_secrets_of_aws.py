"""A secret of AWS' is in no output and in no file that we write, wherever it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pytest

from tests.support.aws import skip_naps, write_aws, write_config
from tests.support.aws_logins import (
    ROLE,
    SSO,
    Says,
    answering,
    credentials_json,
    environment,
    process_profile,
    program,
    sso_cache,
    sso_refusal,
    sts_refusal,
)
from tests.support.aws_objects import AwsObjects
from tests.support.cli import Cli

MARK = "s3cr3t-planted"
BROKEN = f"{MARK}\n{MARK}"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "plain"}
COMMANDS = [
    "workloads list",
    "workloads list -o json",
    "workloads list -v",
    "workloads list --debug",
    "env check",
    "env check -o json -v",
    "env show one -o json",
]


@dataclass
class Place:
    """Where a test plants."""

    aws: AwsObjects
    home: Path
    folder: Path
    patch: pytest.MonkeyPatch
    stack: ExitStack

    def variables(self, **values: str) -> None:
        for name, value in (KEYS | values).items():
            self.patch.setenv(name, value)
        write_config(self.home, {"one": environment()})

    def profile(self, text: str) -> Self:
        write_aws(self.home, config=f"[profile base]\n{_STATIC}\n{text}")
        return self

    def serve(self, service: str, says: Says) -> Self:
        self.patch.setenv(f"AWS_ENDPOINT_URL_{service}", self.stack.enter_context(answering(says)))
        return self

    def code(self, typed: str) -> Self:
        self.patch.setattr("getpass.getpass", lambda _: typed)
        return self

    def refused(self, code: str, message: str) -> None:
        self.variables()
        self.aws.faults.refuse("*", code, message, 403)

    def program(self, script: str, *, arguments: str = "") -> None:
        self.profile(process_profile(f"{program(self.folder, script)} {arguments}"))

    @property
    def port(self) -> str:
        return self.aws.url.rpartition(":")[2]


_STATIC = "aws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = plain"
_ROLE = f"[profile one]\nrole_arn = {ROLE}\nsource_profile = base\n"
_CANONICAL = (
    "The request signature we calculated does not match the signature you provided. Check it.\n\n"
    f"The Canonical String for this request should have been\n'POST\n/\n\nhost:x\n{MARK}'"
)
_AUTHORIZATION = f"'{MARK}+and/more=' not a valid key=value pair in Authorization header: '{MARK}'."
_VALUE = f"1 validation error detected: Value '{MARK}' at 'externalId' failed to satisfy constraint"


def _web_identity(place: Place, says: Says) -> None:
    token = place.folder / "token"
    token.write_text(MARK)
    place.profile(f"[profile one]\nrole_arn = {ROLE}\nweb_identity_token_file = {token}\n")
    place.serve("STS", says)


def _sso(place: Place, says: Says, text: str | None = None) -> None:
    place.profile(SSO)
    sso_cache(place.home, text)
    place.serve("SSO", says)


def _endpoint_of_config(place: Place, url: str) -> None:
    place.variables()
    write_config(place.home, {"one": environment(endpoint_url=url)})


PLACES: dict[str, Callable[[Place], object]] = {
    "access key": lambda at: at.variables(AWS_ACCESS_KEY_ID=MARK),
    "access key, broken": lambda at: at.variables(AWS_ACCESS_KEY_ID=BROKEN),
    "secret key": lambda at: at.variables(AWS_SECRET_ACCESS_KEY=MARK),
    "secret key, broken": lambda at: at.variables(AWS_SECRET_ACCESS_KEY=BROKEN),
    "session token": lambda at: at.variables(AWS_SESSION_TOKEN=MARK),
    "session token, broken": lambda at: at.variables(AWS_SESSION_TOKEN=BROKEN),
    "session token, carriage return": lambda at: at.variables(AWS_SESSION_TOKEN=f"{MARK}\r"),
    "session token, not latin": lambda at: at.variables(AWS_SESSION_TOKEN=f"{MARK}ł"),
    "keys in a file, broken": lambda at: at.profile(
        f"[profile one]\naws_access_key_id = {MARK}\n  {MARK}\naws_secret_access_key = {MARK}"
    ),
    "a file that cannot be parsed": lambda at: at.profile(f"aws_secret_access_key {MARK}"),
    "program's output": lambda at: at.program(f"echo {MARK}"),
    "program's output of the wrong shape": lambda at: at.program(
        f"echo '{credentials_json(SecretAccessKey=[MARK], Expiration=MARK)}'"
    ),
    "program's date": lambda at: at.program(f"echo '{credentials_json(Expiration=MARK)}'"),
    "program's version": lambda at: at.program(f"echo '{credentials_json(Version=MARK)}'"),
    "program's credentials": lambda at: at.program(f"echo '{credentials_json(SessionToken=MARK)}'"),
    "program's stderr": lambda at: at.program(f"echo {MARK} >&2; exit 1"),
    "program's arguments": lambda at: at.program("exit 1", arguments=f"--pin {MARK} {MARK}"),
    "program's arguments, open quote": lambda at: at.profile(process_profile(f"x '{MARK}")),
    "web identity token": lambda at: _web_identity(at, sts_refusal("InvalidIdentityToken")),
    "web identity token, told back": lambda at: _web_identity(
        at, sts_refusal("ValidationError", _VALUE)
    ),
    "a page instead of STS": lambda at: _web_identity(at, Says(200, f"<html>{MARK}".encode())),
    "a page instead of STS' error": lambda at: _web_identity(at, Says(400, MARK.encode())),
    "SSO token": lambda at: _sso(at, sso_refusal("ForbiddenException")),
    "SSO token, broken": lambda at: _sso(
        at,
        Says(200, b"{}"),
        f'{{"accessToken": "{MARK}\\n{MARK}", "expiresAt": "2099-01-01T00:00:00Z"}}',
    ),
    "SSO token, no date": lambda at: _sso(
        at, Says(200, b"{}"), f'{{"accessToken": "{MARK}", "expiresAt": "{MARK}"}}'
    ),
    "a page instead of SSO": lambda at: _sso(at, Says(200, f"<html>{MARK}".encode())),
    "external id": lambda at: at.profile(f"{_ROLE}external_id = {MARK}\n").serve(
        "STS", sts_refusal("ValidationError", _VALUE)
    ),
    "external id, too long": lambda at: at.profile(f"{_ROLE}external_id = {MARK * 200}\n"),
    "MFA code": lambda at: (
        at.profile(f"{_ROLE}mfa_serial = arn:aws:iam::123456789012:mfa/jane\n")
        .code(MARK)
        .serve("STS", sts_refusal("ValidationError", _VALUE.replace("externalId", "tokenCode")))
    ),
    "container's token": lambda at: at.variables(
        AWS_ACCESS_KEY_ID="",
        AWS_CONTAINER_CREDENTIALS_FULL_URI=f"http://127.0.0.1:1/?token={MARK}",
        AWS_CONTAINER_AUTHORIZATION_TOKEN=BROKEN,
    ),
    "container's URL": lambda at: at.variables(
        AWS_ACCESS_KEY_ID="",
        AWS_CONTAINER_CREDENTIALS_FULL_URI=f"http://me:{MARK}@example.test/?token={MARK}",
    ),
    "endpoint's password": lambda at: at.variables(
        AWS_ENDPOINT_URL=f"http://me:{MARK}@127.0.0.1:{at.port}"
    ),
    "endpoint's query": lambda at: at.variables(
        AWS_ENDPOINT_URL=f"http://127.0.0.1:{at.port}/?token={MARK}"
    ),
    "endpoint where nobody listens": lambda at: at.variables(
        AWS_ENDPOINT_URL=f"http://me:{MARK}@127.0.0.1:1/{MARK}?token={MARK}"
    ),
    "endpoint that is no URL": lambda at: at.variables(AWS_ENDPOINT_URL=f"me:{MARK}@127.0.0.1"),
    "endpoint of a strange scheme": lambda at: at.variables(
        AWS_ENDPOINT_URL=f"ftp://me:{MARK}@127.0.0.1"
    ),
    "endpoint of the config": lambda at: _endpoint_of_config(
        at, f"http://me:{MARK}@127.0.0.1:{at.port}?token={MARK}"
    ),
    "endpoint of the config that is no URL": lambda at: _endpoint_of_config(at, f"me:{MARK}@x"),
    "proxy where nobody listens": lambda at: at.variables(
        HTTP_PROXY=f"http://me:{MARK}@127.0.0.1:1", http_proxy=f"http://me:{MARK}@127.0.0.1:1"
    ),
    "proxy of an unknown scheme": lambda at: at.variables(
        HTTP_PROXY=f"ftp://me:{MARK}@127.0.0.1:1", http_proxy=f"ftp://me:{MARK}@127.0.0.1:1"
    ),
    "proxy that is no URL": lambda at: at.variables(
        HTTP_PROXY=f"http://me:{MARK}@[::1", http_proxy=f"http://me:{MARK}@[::1"
    ),
    "the canonical request": lambda at: at.refused("SignatureDoesNotMatch", _CANONICAL),
    "the authorization header": lambda at: at.refused("IncompleteSignature", _AUTHORIZATION),
    "a parameter that is told back": lambda at: at.refused("ValidationException", _VALUE),
}


@pytest.fixture
def place(
    aws: AwsObjects, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Place]:
    skip_naps(monkeypatch)
    monkeypatch.setattr("botocore.utils.ContainerMetadataFetcher.SLEEP_TIME", 0)
    with ExitStack() as stack:
        yield Place(aws, home, tmp_path, monkeypatch, stack)


@pytest.mark.parametrize("plant", PLACES.values(), ids=PLACES)
def test_a_secret_is_told_to_nobody(
    dashborion: Cli, place: Place, plant: Callable[[Place], object]
) -> None:
    plant(place)
    planted = set(_files(place.home))

    for command in COMMANDS:
        named = "" if command.startswith("env show") else " -e one"
        seen = dashborion(f"{command}{named}", fails_with_rows=True)

        assert "s3cr3t" not in seen.out + seen.err, command
        assert "unexpected" not in seen.err, command
    for path in set(_files(place.home)) - planted:
        assert b"s3cr3t" not in path.read_bytes(), path


def _files(home: Path) -> list[Path]:
    return [path for path in home.rglob("*") if path.is_file()]
