"""A namespace of a test module's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.control_plane import ControlPlane
from tests.support.kubelet import Kubelet
from tests.support.real_namespace import Space


@pytest.fixture(scope="module")
def space(
    control_plane: ControlPlane, kubelet: Kubelet, request: pytest.FixtureRequest
) -> Iterator[Space]:
    """A namespace of the module's own on the real control plane."""
    name = request.module.__name__.rsplit(".", 1)[-1].replace("_", "-")
    space = Space.on(control_plane, name)
    yield space
    space.clear()
