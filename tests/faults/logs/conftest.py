"""A StatefulSet ``db`` whose pods' logs a test serves as it likes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.misbehaviour import Fault, body
from tests.support.stub_api import Api
from tests.support.stub_objects import Manifest, pod, statefulset

Logs = Callable[..., Api]


def db_pod(number: int) -> Manifest:
    made = pod(f"db-{number}")
    owner = {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db", "controller": True}
    owner["uid"] = statefulset()["metadata"]["uid"]
    made["metadata"]["ownerReferences"] = [owner]
    made["status"]["containerStatuses"][0]["containerID"] = f"containerd://{number}"
    return made


def at(second: float, text: str = "") -> str:
    """A line of a log with its timestamp."""
    return f"2026-01-01T00:00:{second:012.9f}Z {text}\n"


def chunk(text: str) -> bytes:
    """A piece of a body whose length is not known before."""
    return b"%x\r\n%s\r\n" % (len(text), text.encode())


@pytest.fixture
def logs(cluster: Api) -> Logs:
    """Serve these logs, one for each pod: texts, or faults."""

    def serve(*served: str | Fault) -> Api:
        cluster.objects["pods"] = [db_pod(number) for number in range(len(served))]
        for number, log in enumerate(served):
            fault = body(log.encode(), "text/plain") if isinstance(log, str) else log
            cluster.on(f"*/pods/db-{number}/log", fault)
        return cluster

    return serve
