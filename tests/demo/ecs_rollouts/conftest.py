"""A cluster with one service, `web`, whose states tests write down as AWS has them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.aws import point_at, skip_naps
from tests.support.aws_objects import CLUSTER, AwsObjects, definition, service


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsObjects]:
    skip_naps(monkeypatch)
    with AwsObjects(services=[service("web", count=2)], definitions=[definition("web")]) as made:
        point_at(monkeypatch, made, cluster=CLUSTER)
        yield made
