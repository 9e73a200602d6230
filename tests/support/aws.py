"""The strict AWS as a test sees it: who we are there, and the door held to the rules.

The rules: nothing on stdout when a command fails, no traceback without ``--debug``, and no
key, token, signature, header or body in anything that is printed.
"""

from __future__ import annotations

import contextlib
import re
import shlex
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import botocore.loaders
import botocore.session
import pytest
from botocore.config import Config

from dashborion.__main__ import main
from dashborion.context import Context
from dashborion.streams import Streams
from tests.support import schemas
from tests.support.aws_server import StrictAws
from tests.support.door import Result
from tests.support.fleet_on_ecs import CLUSTER, REGION

KEY, SECRET, TOKEN = "AKIAIOSFODNN7EXAMPLE", "s3cr3t-of-aws", "s3cr3t-session-token"
HERE, MANY = "here", "many"  # environments of the user's own file
FILE = {
    HERE: {"cluster": CLUSTER, "region": REGION},
    MANY: {"cluster": "homebox-many", "region": REGION},
}

# Every secret of these tests has the word in it; the rest is what signed requests consist of.
_PRIVATE = re.compile(r"s3cr3t|AWS4-HMAC|X-Amz-|Signature=|Credential=|X-Amz-Target", re.IGNORECASE)
_PROGRESS = re.compile(r"\r\x1b\[K([^\r\n\x1b]*(?=\r))?")


def credentials(patch: pytest.MonkeyPatch) -> None:
    """Keys in AWS' own variables."""
    # Reading the API's models takes half of a command's time, and they never change.
    patch.setattr(botocore.session, "create_loader", _loader)
    patch.setenv("AWS_ACCESS_KEY_ID", KEY)
    patch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    # Nobody waits for an instance's metadata where there is none.
    patch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def point_at(patch: pytest.MonkeyPatch, aws: StrictAws, cluster: str = CLUSTER) -> None:
    """AWS is this one, and an environment of it is what commands are about."""
    credentials(patch)
    patch.setenv("AWS_ENDPOINT_URL", aws.url)
    patch.setenv("DASHBORION_ENV", HERE)
    write_config(Path.home(), FILE | {HERE: {"cluster": cluster, "region": REGION}})


def connect(aws: StrictAws, service: str, region: str = REGION, **config: Any) -> Any:
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=aws.url,
        aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
        aws_secret_access_key="made-up",
        config=Config(
            **{"inject_host_prefix": False, "retries": {"max_attempts": 0}, "read_timeout": 5}
            | config
        ),
    )


@cache
def _loader(*_: object) -> Any:
    return botocore.loaders.create_loader(None)


def write_aws(home: Path, **files: str) -> None:
    """``~/.aws/config`` and ``~/.aws/credentials``."""
    folder = home / ".aws"
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)


def write_config(home: Path, environments: Mapping[str, Mapping[str, Any]]) -> Path:
    """The user's own config file, without projects; each environment is an ECS cluster."""
    import yaml

    path = home / ".config" / "dashborion" / "config.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    made = {name: {"orchestrator": "ecs", **body} for name, body in environments.items()}
    path.write_text(yaml.safe_dump({"environments": made}))
    return path


@dataclass
class Terminal:
    """The door, with a deadline of the test's own."""

    took: float = 0.0
    slept: list[float] = field(default_factory=list)

    def __call__(
        self,
        command: str,
        *,
        seconds: float = 10.0,
        tty: bool = False,
        width: int = 200,
        fails_with_rows: bool = False,
    ) -> Result:
        streams = Streams.test(tty=tty, width=width)
        context = Context(streams, cwd=Path.cwd(), read_seconds=seconds, sleep=self.slept.append)
        started = time.monotonic()
        with contextlib.redirect_stdout(streams.out), contextlib.redirect_stderr(streams.err):
            code = main(shlex.split(command), context=context)
        self.took = time.monotonic() - started
        said = _PROGRESS.sub("", streams.err.getvalue())  # type: ignore[attr-defined]
        seen = Result(code, streams.out.getvalue(), said)  # type: ignore[attr-defined]
        schemas.check(command, seen.out)
        _hold_to_the_rules(seen, command, fails_with_rows=fails_with_rows)
        return seen


def _hold_to_the_rules(seen: Result, command: str, *, fails_with_rows: bool) -> None:
    assert not _PRIVATE.search(seen.err), f"something private on stderr: {seen.err}"
    assert "--raw" in command or not _PRIVATE.search(seen.out), "something private on stdout"
    assert "unexpected " not in seen.err, f"an error that no class stands for: {seen.err}"
    assert "None" not in seen.err, f"a name that nobody has: {seen.err}"
    if "--debug" not in command:
        assert "Traceback" not in seen.err
    if seen.exit_code not in (0, 5) and not fails_with_rows:
        assert seen.out == "", "data on stdout although the command failed"
    if seen.exit_code != 0:
        assert seen.err, "a failure without a word"
