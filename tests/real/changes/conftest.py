"""A namespace of the real control plane in which commands change something."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cli import Cli
from tests.support.real_namespace import Space


@pytest.fixture
def here(space: Space, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dashborion: Cli) -> Space:
    """That namespace, as the admin's current one; sleeps give the controllers a moment."""
    become(space, "admin", tmp_path, monkeypatch)
    dashborion.step_seconds = 0.05
    return space


@pytest.fixture
def as_viewer(here: Space, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    become(here, "viewer", tmp_path, monkeypatch)


def become(space: Space, user: str, folder: Path, patch: pytest.MonkeyPatch) -> None:
    path = folder / f"kubeconfig-{user}"
    space.plane.write_kubeconfig(path, user=user, namespace=space.name)
    patch.setenv("KUBECONFIG", str(path))
