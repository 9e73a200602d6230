"""Fleets on ECS that a change plays out in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.aws import KEY, point_at, skip_naps
from tests.support.aws_server import StrictAws
from tests.support.cli import Cli
from tests.support.ecs_mover import Mover, after_operation
from tests.support.fleet_on_ecs import Fleet, populate
from tests.support.living_shop import CLUSTER, LivingShop


@pytest.fixture
def fleet(monkeypatch: pytest.MonkeyPatch) -> Iterator[Fleet]:
    """A fleet on ECS that the test may change."""
    skip_naps(monkeypatch)
    with StrictAws() as aws:
        point_at(monkeypatch, aws)
        yield populate(aws)


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch, dashborion: Cli) -> Iterator[LivingShop]:
    """The demo's fleet on ECS, which lives while the command sleeps."""
    skip_naps(monkeypatch)
    with StrictAws(access_key=KEY, plays_out=True) as aws:
        point_at(monkeypatch, aws, CLUSTER)
        living = LivingShop(aws)
        aws.spy.reset()
        dashborion.steps = living.meanwhile
        yield living


@pytest.fixture
def web(fleet: Fleet) -> Mover:
    """A service of two tasks whose new deployment waits for what the test does next."""
    found = Mover(fleet, "web")
    after_operation(fleet, "ecs:UpdateService", found.begins)
    return found


@pytest.fixture
def scaled(fleet: Fleet) -> Mover:
    """The same for a change of count."""
    found = Mover(fleet, "web")
    after_operation(fleet, "ecs:UpdateService", found.shrinks)
    return found
