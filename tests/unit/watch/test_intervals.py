"""How often an environment is looked at: as asked, and not before there can be anything new."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from dashborion.cli.top import MEASURED_SECONDS
from dashborion.engines.watch import Frames, WatchRequest, _Watcher


@pytest.mark.parametrize(
    ("orchestrator", "asked", "waited"),
    [
        ("kubernetes", 1.0, 15.0),
        ("kubernetes", 30.0, 30.0),
        ("ecs", 1.0, 60.0),
        ("ecs", 90.0, 90.0),
    ],
)
def test_what_is_used_is_asked_for_as_it_is_measured(
    orchestrator: str, asked: float, waited: float
) -> None:
    environment: Any = SimpleNamespace(orchestrator=orchestrator)
    fleet: Any = None
    look = WatchRequest(lambda _: [], asked, MEASURED_SECONDS)
    assert _Watcher(fleet, environment, look, Frames()).interval == waited
