"""``dashborion api PATH`` is the command that the path stands for, byte by byte."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

from tests.contract.under_test import UnderTest, bare
from tests.support.cli import Result
from tests.support.waiting import wait_for


def get(there: UnderTest, path: str) -> Result:
    """``{env}`` and ``{name}`` in the path are this orchestrator's, quoted."""
    filled = path.format(
        env=quote(there.environment, safe=""), name=quote(there.healthy, safe=""),
        bare=bare(there.healthy),
    )  # fmt: skip
    return there.dashborion(f"api '{filled}'", seconds=20)


@pytest.mark.parametrize(
    ("path", "command"),
    [
        pytest.param(
            "/api/-/workloads/{env}?namespace=media&status=running&sort=-name",
            "workloads list -n media --status running --sort -name",
            id="workloads",
        ),
        pytest.param(
            "/api/-/workloads/{env}/{name}", "workloads describe {healthy}", id="a workload"
        ),
        pytest.param(
            "/api/-/instances/{env}/?workload={bare}&namespace=media&all=true",
            "instances list -w {healthy} -n media --all",
            id="instances",
        ),
        pytest.param(
            "/api/-/instances/{env}?workload={bare}&namespace=media&all=false",
            "instances list -w {healthy} -n media",
            id="without a flag",
        ),
        pytest.param(
            "/api/-/workloads/{env}?namespace=media&selector=team%3Dblue",
            "workloads list -n media -l team=blue",
            id="a selector",
        ),
    ],
)
def test_a_path_is_its_command(there: UnderTest, path: str, command: str) -> None:
    typed = command.format(healthy=there.healthy)

    def is_the_same() -> bool:
        asked = get(there, path)
        assert (asked.exit_code, asked.err) == (0, "")
        return bool(asked.json) and asked.out == there(f"{typed} -o json").out

    wait_for("the same answer, of a fleet that moves", is_the_same, 60)


def test_an_instance_by_its_id(there: UnderTest) -> None:
    (id_, *_) = [
        one["id"]
        for one in there(f"instances list -w {there.healthy} -o json").json
    ]  # fmt: skip
    asked = get(there, f"/api/-/instances/{{env}}/{id_}?namespace=media")
    assert asked.json == there(f"instances describe {id_} -n media -o json").json


def test_logs_are_the_commands_lines_in_one_array(there: UnderTest) -> None:
    listed = there(f"instances list -w {there.healthy} -o json").json
    id_ = listed[0]["id"]
    asked = get(there, f"/api/-/instances/{{env}}/{id_}/logs?namespace=media&tail=3")
    lines = there(f"instances logs {id_} -n media --tail 3 -o json").lines
    assert [set(one) for one in asked.json] == [set(json.loads(line)) for line in lines]
    assert {one["instance"] for one in asked.json} <= {listed[0]["name"]}


def test_an_unknown_workload_is_the_commands_error(there: UnderTest) -> None:
    asked = get(there, "/api/-/workloads/{env}/nope?namespace=media")
    expected = there("workloads describe nope -n media -o json")
    assert (asked.exit_code, asked.out) == (3, "")
    assert asked.error == expected.error
