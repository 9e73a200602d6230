"""What metrics-server has measured is told as ``kubectl top`` tells it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import Cli
from tests.support.control_plane import ControlPlane
from tests.support.kubectl import kubectl

Point = Callable[[ControlPlane, str], Path]


@pytest.fixture
def measured(metrics: ControlPlane, point: Point) -> Path:
    return point(metrics, "admin")


def by_kubectl(kubeconfig: Path, command: str) -> dict[str, tuple[int, int]]:
    """Millicores and MiB by the words before them."""
    rows = [row.split() for row in kubectl(kubeconfig, f"{command} --no-headers").splitlines()]
    return {
        "/".join(words): (int(cpu.removesuffix("m")), int(memory.removesuffix("Mi")))
        for *words, cpu, memory in rows
    }


def used(row: Any) -> tuple[Any, Any]:
    return row["cpu"]["used"], row["memory"]["used"]


def test_every_pod_that_has_been_measured(dashborion: Cli, measured: Path) -> None:
    rows = dashborion("instances top -n media -o json").json
    ours = {row["instance"]: used(row) for row in rows if row["sampled"]}
    assert ours == by_kubectl(measured, "top pods -n media")
    assert len(ours) > 5


def test_every_container(dashborion: Cli, measured: Path) -> None:
    rows = dashborion("instances top -n media --containers -o json").json
    ours = {f"{row['instance']}/{row['container']}": used(row) for row in rows if row["sampled"]}
    theirs = by_kubectl(measured, "top pods -n media --containers")
    assert {key: one for key, one in ours.items() if one != (None, None)} == theirs


def test_every_node(dashborion: Cli, metrics: ControlPlane, measured: Path) -> None:
    path = "/apis/metrics.k8s.io/v1beta1/nodes"  # which have numbers from the second round on
    nodes = metrics.request("GET", "/api/v1/nodes")["items"]
    metrics.wait_for("all nodes", lambda: len(metrics.request("GET", path)["items"]) == len(nodes))
    rows = dashborion("k8s nodes top -o json").json
    ours = {
        row["name"]: [
            f"{row['cpu']['used']}m", f"{int(row['cpu']['percentOfLimit'])}%",
            f"{row['memory']['used']}Mi", f"{int(row['memory']['percentOfLimit'])}%",
        ]
        for row in rows
    }  # fmt: skip
    rows = kubectl(measured, "top nodes --no-headers").splitlines()
    assert ours == {name: rest for name, *rest in map(str.split, rows)}


def test_a_workload_is_the_sum_of_its_pods(dashborion: Cli, measured: Path) -> None:
    (row,) = dashborion("workloads top web -n media -o json").json
    pods = by_kubectl(measured, "top pods -n media -l app=web")
    assert used(row) == tuple(map(sum, zip(*pods.values(), strict=True)))
    assert (row["instances"], row["sampled"], row["source"]) == (2, 2, "metrics-server")
    assert row["sampledAt"].endswith("Z")
    assert row["window"] > 0


def test_what_has_not_run_is_unknown_and_not_nothing(dashborion: Cli, measured: Path) -> None:
    rows = {row["workload"]: row for row in dashborion("workloads top -n media -o json").json}
    assert used(rows["pull"]) == (None, None)
    assert (rows["pull"]["instances"], rows["pull"]["sampled"]) == (1, 0)
    assert rows["pull"]["sampledAt"] is None
    assert "idle" not in rows  # it has no pods
    found = dashborion("workloads top idle -n media")
    assert (found.exit_code, "nothing of 'idle' runs" in found.err) == (0, True)


def test_a_workload_is_chosen_by_its_own_labels(
    dashborion: Cli, metrics: ControlPlane, measured: Path
) -> None:
    labelled = metrics.request("GET", "/apis/apps/v1/namespaces/media/deployments/web")
    key, value = next(iter(labelled["metadata"]["labels"].items()))
    rows = dashborion(f"workloads top -n media -l {key}={value} -o json").json
    listed = dashborion(f"workloads list -n media -l {key}={value} -o json").json
    assert {row["workload"] for row in rows} <= {one["name"] for one in listed}
    assert "web" in {row["workload"] for row in rows}


@pytest.mark.parametrize("command", ["workloads top", "instances top", "k8s nodes top"])
def test_without_the_right_to_metrics_it_is_denied(
    dashborion: Cli, metrics: ControlPlane, point: Point, command: str
) -> None:
    point(metrics, "viewer")
    found = dashborion(f"{command} -o json")
    assert (found.exit_code, found.out, found.error["code"]) == (4, "", "forbidden")
    assert "metrics.k8s.io" in found.error["message"]


def test_without_metrics_server_there_is_a_reason_and_exit_3(
    dashborion: Cli, oldest_cluster: ControlPlane, point: Point
) -> None:
    point(oldest_cluster, "admin")
    for command in ("workloads top", "instances top", "k8s nodes top"):
        found = dashborion(f"{command} -o json")
        assert (found.exit_code, found.out, found.error["code"]) == (3, "", "no-metrics")
        assert "metrics-server is not installed" in found.error["message"]
