"""Credentials, endpoints and config files of a test that has the strict AWS."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import botocore.endpoint
import pytest
from botocore.config import Config

from dashborion.orchestrators.aws import sessions
from dashborion.orchestrators.aws.models import Models
from tests.support.aws_server import StrictAws
from tests.support.fleet_on_ecs import CLUSTER, REGION
from tests.support.waiting import PATIENCE_SECONDS

KEY, SECRET, TOKEN = "AKIAIOSFODNN7EXAMPLE", "s3cr3t-of-aws", "s3cr3t-session-token"
HERE, MANY = "here", "many"  # environments of the user's own file
FILE = {
    HERE: {"cluster": CLUSTER, "region": REGION},
    MANY: {"cluster": "homebox-many", "region": REGION},
}


def credentials(patch: pytest.MonkeyPatch) -> None:
    """Keys in AWS' own variables."""
    # Reading the API's models takes half of a command's time, and they never change.
    patch.setattr(sessions, "Models", _models)
    patch.setenv("AWS_ACCESS_KEY_ID", KEY)
    patch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    # Nobody waits for an instance's metadata where there is none.
    patch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def skip_naps(patch: pytest.MonkeyPatch) -> list[float]:
    """botocore does not sleep between its attempts; gives how long it would have, each time."""
    naps: list[float] = []
    patch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=naps.append, time=time.time))
    return naps


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
            **{
                "inject_host_prefix": False,
                "retries": {"max_attempts": 0},
                "read_timeout": PATIENCE_SECONDS,
            }
            | config
        ),
    )


@cache
def _models(_: object) -> Models:
    return Models(None)


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
