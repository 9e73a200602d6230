"""What credentials come from: programs, AWS' files, and servers in the place of SSO and STS."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

from tests.support.aws_objects import CLUSTER, REGION
from tests.support.cli import Result

SSO = f"""
[profile one]
region = {REGION}
sso_session = home
sso_account_id = 123456789012
sso_role_name = reader
[sso-session home]
sso_region = {REGION}
sso_start_url = https://home.example.test/start
"""
LOGIN = f"""
[profile one]
region = {REGION}
login_session = arn:aws:iam::123456789012:user/jane
"""


ROLE = "arn:aws:iam::123456789012:role/reader"


class Says(NamedTuple):
    """An answer to everything."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)


def sso_refusal(code: str, message: str = "No access", status: int = 403) -> Says:
    body = json.dumps({"message": message, "__type": f"com.amazonaws.switchboard#{code}"})
    kind = ("Content-Type", "application/json")
    return Says(status, body.encode(), (kind, ("x-amzn-ErrorType", code)))


def sts_refusal(code: str, message: str = "Not so", status: int = 400) -> Says:
    body = (
        '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>'
        f"<Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
    )
    return Says(status, body.encode(), (("Content-Type", "text/xml"),))


def credentials_json(**changes: object) -> str:
    """What a ``credential_process`` or a container's endpoint gives; None takes a key out."""
    given: dict[str, object] = {
        "Version": 1,
        "AccessKeyId": "AKIAEXAMPLE",
        "SecretAccessKey": "s3cr3t-of-the-program",
        "SessionToken": "s3cr3t-session",
        "Expiration": f"{datetime.now(UTC) + timedelta(hours=2):%Y-%m-%dT%H:%M:%SZ}",
    }
    changed = given | changes
    return json.dumps({key: value for key, value in changed.items() if value is not None})


def program(folder: Path, script: str, name: str = "helper") -> Path:
    """A program for ``credential_process``."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def process_profile(command: object, name: str = "one") -> str:
    return f"[profile {name}]\nregion = {REGION}\ncredential_process = {command}\n"


def sso_cache(home: Path, text: str | None = None) -> Path:
    """The file that ``aws sso login`` leaves for the session of ``SSO``; or another text."""
    folder = home / ".aws" / "sso" / "cache"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{hashlib.sha1(b'home').hexdigest()}.json"  # noqa: S324 - as AWS names it
    until = f"{datetime.now(UTC) + timedelta(hours=2):%Y-%m-%dT%H:%M:%SZ}"
    path.write_text(text if text is not None else json.dumps({
        "accessToken": "s3cr3t-sso-token", "expiresAt": until, "region": REGION,
    }))  # fmt: skip
    return path


@contextmanager
def answering(says: Says) -> Iterator[str]:
    """A server on loopback that answers every request alike; its URL."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(says.status)
            for name, value in says.headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(says.body)))
            self.end_headers()
            self.wfile.write(says.body)

        do_GET = do_POST = do_PUT = _answer  # noqa: N815 - as the base class calls them

        def log_message(self, *_: object) -> None:
            """Nothing to stderr."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def environment(**more: str) -> dict[str, str]:
    return {"cluster": CLUSTER, "region": REGION, **more}


def require(seen: Result, *words: str, hint: str = "") -> None:
    assert (seen.exit_code, seen.error["code"]) == (4, "credentials"), seen.err
    assert seen.error["environment"] == "one"
    for word in words:
        assert word in seen.error["message"], seen.error
    assert hint in seen.error["hint"]
