"""A cluster whose metrics-server is not there, may not be asked, or says something odd."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.faults.ecs.conftest import Serve, serve
from tests.support.aws_objects import CLUSTER, REGION, service
from tests.support.cli import Cli
from tests.support.misbehaviour import Fault, body, status
from tests.support.rich_objects import rich
from tests.support.stub_api import Api

__all__ = ["serve"]  # a fixture
COMMANDS = ["workloads top", "instances top", "k8s nodes top"]
METRICS = "/apis/metrics.k8s.io/*"


@pytest.fixture(autouse=True)
def whole(cluster: Api) -> None:
    cluster.objects = rich()


def used(name: str, cpu: str = "12m") -> dict[str, Any]:
    usage = {"cpu": cpu, "memory": "20Mi"}
    return {
        "metadata": {"name": name, "namespace": "default"}, "usage": usage,
        "timestamp": "2026-01-02T03:05:06Z", "window": "15s",
        "containers": [{"name": "main", "usage": usage}],
    }  # fmt: skip


def listing(*items: Any) -> Fault:
    return body({"metadata": {}, "items": list(items)})


def pod(cluster: Api) -> str:
    return str(cluster.objects["pods"][0]["metadata"]["name"])


@pytest.mark.parametrize("command", COMMANDS)
def test_no_metrics_server_is_exit_3_and_says_so(
    dashborion: Cli, cluster: Api, command: str
) -> None:
    seen = dashborion(f"{command} -o json")
    assert (seen.exit_code, seen.out, seen.error["code"]) == (3, "", "no-metrics")
    assert "metrics-server is not installed" in seen.error["message"]


@pytest.mark.parametrize(
    ("fault", "exit_code", "said"),
    [
        pytest.param(status(403, "jane may not list pods in metrics.k8s.io", reason="Forbidden"),
                     4, "jane may not", id="forbidden"),
        pytest.param(status(503, "service unavailable"), 6, "is metrics-server running?", id="503"),
        pytest.param(body({"kind": "Status", "metadata": {}}), 6, "", id="no list"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("command", COMMANDS)
def test_metrics_that_cannot_be_had_are_the_error(
    dashborion: Cli, cluster: Api, command: str, fault: Fault, exit_code: int, said: str
) -> None:
    cluster.on(METRICS, fault)
    seen = dashborion(f"{command} -o json")
    assert (seen.exit_code, seen.out) == (exit_code, "")
    assert said in f"{seen.error['message']} {seen.error['hint']}"


@pytest.mark.parametrize("plural", ["pods", "nodes"])
def test_what_is_measured_cannot_stand_alone(dashborion: Cli, cluster: Api, plural: str) -> None:
    cluster.on(METRICS, listing(used(pod(cluster))))
    cluster.on(f"/api/v1/*{plural}", status(403, "jane may not", reason="Forbidden"))
    command = "k8s nodes top" if plural == "nodes" else "instances top"
    assert dashborion(f"{command} -o json").exit_code == 4


def test_replicasets_cost_a_warning(dashborion: Cli, cluster: Api) -> None:
    cluster.on(METRICS, listing(used(pod(cluster))))
    expected = dashborion("instances top -o json").json
    cluster.on("*/replicasets", status(403, "jane may not", reason="Forbidden"))
    seen = dashborion("instances top -o json")
    assert (seen.exit_code, "jane may not" in seen.err) == (0, True)
    assert [one["instance"] for one in seen.json] == [one["instance"] for one in expected]
    assert seen.json[0]["cpu"]["used"] == 12


def test_an_odd_object_costs_its_numbers(dashborion: Cli, cluster: Api) -> None:
    name = pod(cluster)
    odd = used(name) | {"containers": "none"}
    cluster.on(METRICS, listing(odd, used("another")))
    seen = dashborion("instances top -o json")
    assert (seen.exit_code, "is left out" in seen.err) == (5, True)
    rows = {one["instance"]: one["cpu"]["used"] for one in seen.json}
    assert rows[name] is None


@pytest.mark.parametrize("cpu", ["-5m", "much", "9" * 400, "1e999", ""])
def test_odd_quantities_are_unknown_or_bounded(dashborion: Cli, cluster: Api, cpu: str) -> None:
    cluster.on(METRICS, listing(used(pod(cluster), cpu)))
    seen = dashborion("instances top -o json")
    assert seen.exit_code == 0
    assert dashborion("instances top", tty=True).exit_code == 0


def test_one_environment_without_metrics_costs_only_itself(
    dashborion: Cli, cluster: Api, serve: Serve
) -> None:
    both = {
        name: {"Average": 50, "Maximum": 60} for name in ("CPUUtilization", "MemoryUtilization")
    }
    serve(services=[service("web")], metrics={"web": both})
    seen = dashborion(f"workloads top -e k8s:here -e ecs:{REGION}/{CLUSTER} -o json")
    assert (seen.exit_code, [one["orchestrator"] for one in seen.json]) == (0, ["ecs"]), seen.err
    (said,) = [json.loads(line) for line in seen.err.splitlines() if "no-metrics" in line]
    assert said["warning"]["environment"] == "k8s:here"
