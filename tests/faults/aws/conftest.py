"""An ECS for which nobody has credentials yet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.aws import credentials, write_config
from tests.support.aws_logins import environment
from tests.support.aws_objects import AwsObjects, service


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, home: Path) -> Iterator[AwsObjects]:
    """An ECS; nobody has credentials, and environment ``one`` uses profile ``one``."""
    credentials(monkeypatch)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    write_config(home, {"one": environment(profile="one")})
    with AwsObjects(services=[service("web")]) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        yield server


@pytest.fixture
def default_profile(aws: AwsObjects, home: Path) -> None:
    """Environment ``one`` has no profile: AWS' variables count."""
    write_config(home, {"one": environment()})
