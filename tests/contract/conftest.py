"""The orchestrators that the suite runs over."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import botocore.endpoint
import pytest
import yaml

from dashborion.demo.strict_moto import StrictAws
from tests.aws import Terminal, point_at
from tests.support.fleet_on_ecs import CLUSTER, REGION, populate

from .under_test import UnderTest


@pytest.fixture(scope="session")
def standing() -> Iterator[StrictAws]:
    with StrictAws() as aws:
        populate(aws)
        yield aws


@pytest.fixture
def nobodys_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture
def ecs(
    standing: StrictAws, monkeypatch: pytest.MonkeyPatch, nobodys_port: int
) -> Iterator[UnderTest]:
    """The strict AWS."""
    point_at(monkeypatch, standing)
    awake = SimpleNamespace(sleep=lambda _: None, time=time.time)  # between botocore's attempts
    monkeypatch.setattr(botocore.endpoint, "time", awake)
    nowhere = f"http://127.0.0.1:{nobodys_port}"
    yield UnderTest(
        environment=f"ecs:{REGION}/{CLUSTER}",
        orchestrator="ecs",
        kind="service",
        type="ecs-service",
        other_types=frozenset(),
        namespaces=("media", CLUSTER),
        selector="team=blue",
        healthy="media/web",
        degraded=f"{CLUSTER}/crash",
        stopped=f"{CLUSTER}/idle",
        rolling=f"{CLUSTER}/rolling",
        refuse=lambda: standing.faults.deny("*"),
        unplug=lambda: monkeypatch.setenv("AWS_ENDPOINT_URL", nowhere),
        dashborion=Terminal(),
    )
    standing.faults.clear()


@pytest.fixture
def kubernetes(as_user: Callable[[str], Path], as_admin: Path, nobodys_port: int) -> UnderTest:
    """A real control plane."""

    def refuse() -> None:
        as_user("nobody")

    def unplug() -> None:
        content = yaml.safe_load(as_admin.read_text())
        content["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{nobodys_port}"
        as_admin.write_text(yaml.safe_dump(content))

    return UnderTest(
        environment="k8s:real",
        orchestrator="kubernetes",
        kind="deployment",
        type="k8s-deployment",
        other_types=frozenset({"k8s-statefulset", "k8s-daemonset"}),
        namespaces=("media", "other"),
        selector="team=blue",
        healthy="media/web",
        degraded="media/crash",
        stopped="media/idle",
        rolling="media/rolling",
        refuse=refuse,
        unplug=unplug,
        dashborion=Terminal(),
    )


@pytest.fixture(params=["ecs", "kubernetes"])
def there(request: pytest.FixtureRequest) -> UnderTest:
    """Each orchestrator in turn."""
    found: UnderTest = request.getfixturevalue(request.param)
    return found
