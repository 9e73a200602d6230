"""One strict AWS for the folder; what a test changes, it builds for itself."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.aws import connect
from tests.support.aws_server import StrictAws
from tests.support.ecs_cluster import Cluster
from tests.support.fleet_on_ecs import REGION, Fleet, many, populate


@pytest.fixture(scope="session")
def standing() -> Iterator[StrictAws]:
    """The fleet and many services: for tests that only look."""
    with StrictAws() as aws:
        populate(aws)
        many(aws)
        yield aws


@pytest.fixture(scope="session")
def clients(standing: StrictAws) -> dict[str, Any]:
    names = ("ecs", "elbv2", "application-autoscaling", "sts", "logs")
    return {name: connect(standing, name) for name in names}


@pytest.fixture
def ecs(clients: dict[str, Any]) -> Any:
    return clients["ecs"]


@pytest.fixture
def elb(clients: dict[str, Any]) -> Any:
    return clients["elbv2"]


@pytest.fixture
def aws() -> Iterator[StrictAws]:
    """An empty one of the test's own."""
    with StrictAws() as own:
        yield own


@pytest.fixture
def cluster(aws: StrictAws) -> Cluster:
    return aws.region(REGION).cluster("own")


@pytest.fixture
def own_ecs(aws: StrictAws, cluster: Cluster) -> Any:
    return connect(aws, "ecs")


@pytest.fixture
def fleet(aws: StrictAws) -> Fleet:
    return populate(aws)
