"""Commands against the strict AWS: one that stands for the folder, and one of a test's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.aws import point_at, skip_naps
from tests.support.aws_server import StrictAws
from tests.support.fleet_on_ecs import Fleet, many, populate


@pytest.fixture(scope="session")
def standing() -> Iterator[Fleet]:
    """The fleet, and many services beside it; nobody changes what is in it."""
    with StrictAws() as aws:
        fleet = populate(aws)
        many(aws)
        yield fleet


@pytest.fixture
def fleet(standing: Fleet, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fleet]:
    """The fleet, with the environment's variables pointing at it, and no faults."""
    point_at(monkeypatch, standing.aws)
    standing.aws.spy.reset()
    yield standing
    standing.aws.faults.clear()


@pytest.fixture
def own_fleet(monkeypatch: pytest.MonkeyPatch) -> Iterator[Fleet]:
    """A fleet that the test may change."""
    with StrictAws() as aws:
        point_at(monkeypatch, aws)
        yield populate(aws)


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long botocore would have slept between its attempts; it does not."""
    return skip_naps(monkeypatch)
