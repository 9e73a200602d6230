"""The demo's Kubernetes with one of each kind in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import kind_samples
from tests.support.stand_in import StandIn


@pytest.fixture(scope="session")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    with StandIn.running(tmp_path_factory.mktemp("stand-in")) as stand_in:
        kind_samples.populate(stand_in, "batch/v1", status=False)
        yield stand_in


@pytest.fixture
def demo(standing: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    path = tmp_path / "kubeconfig-demo"
    standing.write_kubeconfig(path, context="demo", namespace=kind_samples.SPACE)
    monkeypatch.setenv("KUBECONFIG", str(path))
    return standing
