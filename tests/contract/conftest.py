"""The orchestrators that the suite runs over."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from tests.contract.under_test import UnderTest
from tests.support.aws import point_at, skip_naps
from tests.support.aws_server import StrictAws
from tests.support.cli import Cli
from tests.support.cluster import populate as populate_kubernetes
from tests.support.control_plane import ControlPlane
from tests.support.fleet_on_ecs import CLUSTER, REGION, populate
from tests.support.stand_in import StandIn

Point = Callable[[ControlPlane, str], Path]


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


@pytest.fixture(scope="session")
def living() -> Iterator[StrictAws]:
    """The demo's ECS, which plays changes out; the fleet in it stands still until it is changed."""
    with StrictAws(plays_out=True) as aws:
        populate(aws)
        yield aws


@pytest.fixture
def ecs(
    standing: StrictAws, monkeypatch: pytest.MonkeyPatch, nobodys_port: int
) -> Iterator[UnderTest]:
    """The strict AWS."""
    yield _ecs(standing, monkeypatch, nobodys_port)
    standing.faults.clear()


@pytest.fixture
def demo_ecs(
    living: StrictAws, monkeypatch: pytest.MonkeyPatch, nobodys_port: int
) -> Iterator[UnderTest]:
    """The demo's ECS."""
    yield _ecs(living, monkeypatch, nobodys_port)
    living.faults.clear()


def _ecs(aws: StrictAws, monkeypatch: pytest.MonkeyPatch, nobodys_port: int) -> UnderTest:
    point_at(monkeypatch, aws)
    skip_naps(monkeypatch)
    nowhere = f"http://127.0.0.1:{nobodys_port}"
    return UnderTest(
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
        refuse=lambda: aws.faults.deny("*"),
        unplug=lambda: monkeypatch.setenv("AWS_ENDPOINT_URL", nowhere),
        dashborion=Cli(),
    )


@pytest.fixture
def current_kubernetes(current_cluster: ControlPlane, point: Point, nobodys_port: int) -> UnderTest:
    """A real control plane."""
    return _real(current_cluster, point, nobodys_port)


@pytest.fixture
def oldest_kubernetes(oldest_cluster: ControlPlane, point: Point, nobodys_port: int) -> UnderTest:
    """The oldest one that is supported."""
    return _real(oldest_cluster, point, nobodys_port)


def _real(plane: ControlPlane, point: Point, nobodys_port: int) -> UnderTest:
    def refuse() -> None:
        point(plane, "nobody")

    return _kubernetes("real", point(plane, "admin"), nobodys_port, refuse)


@pytest.fixture(scope="session")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    """The demo's Kubernetes with the control plane's fleet in it."""
    with StandIn.running(tmp_path_factory.mktemp("stand-in")) as standing:
        populate_kubernetes(standing)
        yield standing


@pytest.fixture
def demo_kubernetes(
    stand_in: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nobodys_port: int
) -> UnderTest:
    """The demo's Kubernetes; it knows nobody's rights, only its one token."""
    kubeconfig = tmp_path / "kubeconfig-demo"
    stand_in.write_kubeconfig(kubeconfig, context="demo", namespace="media")
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))

    def refuse() -> None:
        pytest.skip("the demo knows no rights that it could deny")

    return _kubernetes("demo", kubeconfig, nobodys_port, refuse)


def _kubernetes(
    context: str, kubeconfig: Path, nobodys_port: int, refuse: Callable[[], None]
) -> UnderTest:
    def unplug() -> None:
        content = yaml.safe_load(kubeconfig.read_text())
        content["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{nobodys_port}"
        kubeconfig.write_text(yaml.safe_dump(content))

    return UnderTest(
        environment=f"k8s:{context}",
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
        dashborion=Cli(),
    )


REAL = [
    pytest.param(name, marks=pytest.mark.real)
    for name in ("current_kubernetes", "oldest_kubernetes")
]


@pytest.fixture(params=["ecs", *REAL, "demo_ecs", "demo_kubernetes"])
def there(request: pytest.FixtureRequest) -> UnderTest:
    """Each orchestrator in turn."""
    found: UnderTest = request.getfixturevalue(request.param)
    return found
