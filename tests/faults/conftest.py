"""Commands against a stub API that misbehaves."""

from __future__ import annotations

import socket

import pytest

from tests.support.kubeconfigs import Kube
from tests.support.stub_api import Api


@pytest.fixture
def cluster(api: Api, kube: Kube) -> Api:
    """The server, with $KUBECONFIG pointing at it."""
    kube(api.url)
    return api


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
