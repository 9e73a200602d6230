"""Commands against AWS' own objects, as a test wrote them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.support.aws import point_at, skip_naps
from tests.support.aws_objects import CLUSTER, AwsObjects

Serve = Callable[..., AwsObjects]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Starts an AWS with these objects, which is what commands are about."""
    with ExitStack() as stack:

        def start(**objects: Any) -> AwsObjects:
            aws = stack.enter_context(AwsObjects(**objects))
            point_at(monkeypatch, aws, cluster=CLUSTER)
            return aws

        yield start


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long botocore would have slept between its attempts; it does not."""
    return skip_naps(monkeypatch)
