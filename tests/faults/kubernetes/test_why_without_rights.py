"""What may not be looked at is told by ``why``, with the right that is missing."""

from __future__ import annotations

import json

import pytest

from tests.support.cli import Cli
from tests.support.misbehaviour import status
from tests.support.rich_objects import rich
from tests.support.stub_api import Api

LISTED = ("events", "replicasets", "controllerrevisions", "horizontalpodautoscalers", "pods")
NEARBY = ("events", "replicasets", "horizontalpodautoscalers", "services", "ingresses",
          "endpointslices", "pods")  # fmt: skip


def deny(cluster: Api, plural: str) -> None:
    cluster.objects = rich()
    cluster.on(f"*/{plural}", status(403, "jane may not", reason="Forbidden"))


@pytest.mark.parametrize("plural", NEARBY)
def test_of_one_workload(dashborion: Cli, cluster: Api, plural: str) -> None:
    deny(cluster, plural)
    seen = dashborion("workloads why web -o json")
    assert [one["permission"] for one in seen.json["notChecked"]] == [f"list {plural}"]


@pytest.mark.parametrize("plural", LISTED)
@pytest.mark.parametrize("output", ["table", "json", "github"])
def test_of_many_workloads(dashborion: Cli, cluster: Api, plural: str, output: str) -> None:
    """Nothing is wrong by what could be looked at, which is not the same as all is well."""
    deny(cluster, plural)
    seen = dashborion(f"workloads why -o {output}")
    assert seen.exit_code == 0
    assert f"jane may not (permission needed: list {plural})" in seen.out + seen.err
    assert "are well\n" not in seen.out + seen.err


def test_warnings_of_json_are_json(dashborion: Cli, cluster: Api) -> None:
    deny(cluster, "events")
    seen = dashborion("workloads why -o json")
    assert seen.json == []
    told = [json.loads(line) for line in seen.err.splitlines()]
    assert told[0]["warning"]["environment"] == "k8s:here"
    assert told[1]["note"]["message"].endswith("by what could be looked at")
