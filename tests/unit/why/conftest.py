"""A cluster whose adapter has found what the test says; nothing is asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest

from dashborion.errors import NotFound
from dashborion.models.query import Name, Query
from dashborion.models.workload import Workload
from dashborion.orchestrators.kubernetes.diagnose import Causes
from dashborion.orchestrators.kubernetes.inventory import Inventory
from dashborion.orchestrators.protocol import Examined
from tests.support.kubeconfigs import Kube

Found = Callable[..., list[timedelta]]


@pytest.fixture
def found(kube: Kube, monkeypatch: pytest.MonkeyPatch) -> Found:
    """Say what was examined; gives the ``since`` of each call."""
    kube("https://127.0.0.1:1")

    def give(*all_examined: Examined[Workload]) -> list[timedelta]:
        asked: list[timedelta] = []

        def workloads(_: Inventory, query: Query) -> Sequence[Examined[Workload]]:
            asked.append(query.since)
            return list(all_examined)

        def workload(_: Causes, name: Name, __: Query, since: timedelta) -> Examined[Workload]:
            asked.append(since)
            for one in all_examined:
                if one.item.name == name.name:
                    return one
            known = [one.item.name for one in all_examined]
            raise NotFound("workload", name.name, where="here", known=known)

        monkeypatch.setattr(Inventory, "workloads", workloads)
        monkeypatch.setattr(Causes, "workload", workload)
        return asked

    return give
