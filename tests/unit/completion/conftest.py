"""A small fleet behind a stub API, whose names tab offers."""

from __future__ import annotations

import pytest

from tests.support.kubeconfigs import Kube
from tests.support.stub_api import Api


@pytest.fixture
def fleet(api: Api, kube: Kube) -> Api:
    """The server, with $KUBECONFIG pointing at it."""
    kube(api.url, user={})  # a tab sends no credential over plain http
    return api
