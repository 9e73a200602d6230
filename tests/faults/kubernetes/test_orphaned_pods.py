"""Whose a pod is whose ReplicaSet lost its Deployment, or is gone: told alike everywhere."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.cli import Cli
from tests.support.rich_objects import rich
from tests.support.stub_api import Api

ORPHAN: dict[str, Any] = {"ownerReferences": None}
TAKEN = {
    "ownerReferences": [
        {"apiVersion": "apps.example.com/v1", "kind": "CloneSet", "name": "web", "uid": "x",
         "controller": True}
    ]
}  # fmt: skip
STATES: dict[str, tuple[dict[str, Any] | None, str | None]] = {
    "gone": (None, "web"),
    "without an owner": (ORPHAN, None),
    "of another kind": (TAKEN, None),
    "whole": ({}, "web"),
}


@pytest.fixture(params=STATES.keys())
def expected(request: pytest.FixtureRequest, cluster: Api) -> str | None:
    """The workload of the pod; the cluster has its ReplicaSet in one of the states."""
    change, workload = STATES[request.param]
    cluster.objects = rich()
    if change is None:
        cluster.objects["replicasets"] = []
    else:
        cluster.objects["replicasets"][0]["metadata"] |= change
    return workload


@pytest.mark.parametrize(
    "command", ["instances list", "instances list -A", "instances describe web-5d9-x"]
)
def test_the_workload_of_an_orphaned_pod(
    dashborion: Cli, expected: str | None, command: str
) -> None:
    found = dashborion(f"{command} -o json").json

    assert (found[0] if isinstance(found, list) else found)["workload"] == expected


def test_the_instances_of_a_workload_are_those_that_name_it(
    dashborion: Cli, expected: str | None
) -> None:
    described = dashborion("workloads describe web -o json").json
    filtered = dashborion("instances list -w web -o json").json

    names = ["web-5d9-x"] if expected else []
    assert [one["name"] for one in described["instances"]] == names
    assert [one["name"] for one in filtered] == names


def test_the_events_of_a_workload_are_those_of_its_own_pods(
    dashborion: Cli, expected: str | None
) -> None:
    found = dashborion("workloads events web -o json").json

    assert [one["reason"] for one in found] == (["BackOff"] if expected else [])


def test_the_logs_of_a_workload_are_those_of_its_own_pods(
    dashborion: Cli, cluster: Api, expected: str | None
) -> None:
    dashborion("workloads logs web")

    assert any(one.path.endswith("/log") for one in cluster.requests) == bool(expected)
