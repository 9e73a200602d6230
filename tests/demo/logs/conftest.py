"""A fleet on ECS whose tasks write logs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dashborion.orchestrators.ecs import follow as ecs_follow
from tests.support.aws import point_at
from tests.support.aws_server import StrictAws
from tests.support.fleet_on_ecs import Fleet, populate


@pytest.fixture
def fleet(monkeypatch: pytest.MonkeyPatch) -> Iterator[Fleet]:
    """A fleet on ECS that the test may change, and a poll that does not take its time."""
    monkeypatch.setattr(ecs_follow, "POLL_SECONDS", 0.02)
    with StrictAws() as aws:
        point_at(monkeypatch, aws)
        yield populate(aws)
