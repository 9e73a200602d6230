"""A namespace on a real node: containers that run, write, fail and are killed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cli import Cli
from tests.support.real_namespace import Space
from tests.support.real_node import RealNode, why_not


@pytest.fixture(scope="package")
def node() -> Iterator[RealNode]:
    """It goes after the last test of this folder: idle, it takes a tenth of a core."""
    if reason := why_not():
        pytest.skip(reason)
    with RealNode.running(log_size="1Mi") as real_node:
        yield real_node


@pytest.fixture(scope="module")
def space(node: RealNode, request: pytest.FixtureRequest) -> Iterator[Space]:
    """A namespace of the module's own on the real node."""
    space = Space.on(node.plane, request.module.__name__.rsplit(".", 1)[-1].replace("_", "-"))
    yield space
    space.clear()


@pytest.fixture
def here(space: Space, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dashborion: Cli) -> Space:
    """That namespace, as the current one; a command's sleeps take a moment."""
    path = space.plane.write_kubeconfig(tmp_path / "kubeconfig", namespace=space.name)
    monkeypatch.setenv("KUBECONFIG", str(path))
    dashborion.step_seconds = 0.05
    return space
