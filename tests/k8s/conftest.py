"""One namespace of the real control plane with one of each kind, and the demo's Kubernetes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.k8s import objects
from tests.support.control_plane import ControlPlane
from tests.support.stand_in import StandIn


@pytest.fixture(scope="session")
def kinds(cluster: ControlPlane) -> Iterator[ControlPlane]:
    served = cluster.request("GET", "/apis/batch/v1")["resources"]
    names = {one["name"] for one in served}
    objects.populate(cluster, "batch/v1" if "cronjobs" in names else "batch/v1beta1")
    yield cluster
    objects.clear(cluster)


@pytest.fixture
def kubeconfig(kinds: ControlPlane, as_admin: Path) -> Path:
    return as_admin


@pytest.fixture(scope="session")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    with StandIn.running(tmp_path_factory.mktemp("stand-in")) as stand_in:
        objects.populate(stand_in, "batch/v1", status=False)
        yield stand_in


@pytest.fixture
def demo(standing: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    path = tmp_path / "kubeconfig-demo"
    standing.write_kubeconfig(path, context="demo", namespace=objects.SPACE)
    monkeypatch.setenv("KUBECONFIG", str(path))
    return standing
