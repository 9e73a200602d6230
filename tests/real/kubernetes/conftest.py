"""One namespace of the real control plane with one of each kind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import kind_samples
from tests.support.control_plane import ControlPlane


@pytest.fixture(scope="session")
def kinds(cluster: ControlPlane) -> Iterator[ControlPlane]:
    served = cluster.request("GET", "/apis/batch/v1")["resources"]
    names = {one["name"] for one in served}
    kind_samples.populate(cluster, "batch/v1" if "cronjobs" in names else "batch/v1beta1")
    yield cluster
    kind_samples.clear(cluster)


@pytest.fixture
def kubeconfig(kinds: ControlPlane, as_admin: Path) -> Path:
    return as_admin
