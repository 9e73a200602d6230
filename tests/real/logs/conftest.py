"""A namespace of the real control plane whose pods write logs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.real_namespace import Space


@pytest.fixture
def here(space: Space, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Space:
    """That namespace, as the admin's current one."""
    path = space.plane.write_kubeconfig(tmp_path / "kubeconfig", namespace=space.name)
    monkeypatch.setenv("KUBECONFIG", str(path))
    return space
