"""A namespace of the real control plane in which workloads are not well."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import Cli
from tests.support.control_plane import ControlPlane

Why = Callable[..., dict[str, Any]]


@pytest.fixture
def why(
    control_plane: ControlPlane, dashborion: Cli, point: Callable[[ControlPlane, str], Path]
) -> Why:
    """The causes of a workload by their codes, five minutes later unless told otherwise.

    ``at`` is its namespace; ``of`` is ``instances`` for a pod.
    """

    def ask(
        name: str,
        *,
        at: str,
        of: str = "workloads",
        minutes: float = 5,
        plane: ControlPlane = control_plane,
    ) -> dict[str, Any]:
        point(plane, "admin")
        now = datetime.now(UTC) + timedelta(minutes=minutes)
        found = dashborion(f"{of} why {name} -n {at} -o json --all", now=now).json
        return {one["code"]: one for one in found["causes"]}

    return ask
