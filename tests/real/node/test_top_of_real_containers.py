"""What real containers use is told as by ``kubectl top``, beside what the node has granted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.boxes import WAIT, box, box_pod
from tests.support.cli import Cli
from tests.support.kubectl import kubectl
from tests.support.real_namespace import Space
from tests.support.real_node import RealNode
from tests.support.waiting import wait_for

STRATEGIC = "application/strategic-merge-patch+json"
BUSY = "trap 'exit 0' TERM; head -c 8m /dev/zero | tail & while :; do :; done"
BOUNDS: dict[str, Any] = {"resources": {"limits": {"cpu": "200m", "memory": "32Mi"}}}


@pytest.fixture(scope="module")
def measured(node: RealNode, space: Space) -> Space:
    """Three pods that metrics-server has measured."""
    if not node.plane.can_have_metrics:
        pytest.skip("there is no metrics-server")
    for manifest in (
        box_pod("bounded", containers=[box(BUSY, **BOUNDS), box(WAIT, name="beside")]),
        box_pod("as-a-whole", **BOUNDS),
        box_pod("resized", containers=[box(WAIT, **BOUNDS)]),
    ):
        space.add(manifest)
    space.plane.wait_for("them to run", lambda: all(map(runs, listed(space))))
    more = {"cpu": "300m", "memory": "48Mi"}
    space.plane.request(
        "PATCH",
        f"{space.path('resized', 'pods')}/resize",
        {
            "spec": {
                "containers": [{"name": "app", "resources": {"requests": more, "limits": more}}]
            }
        },
        STRATEGIC,
    )
    node.plane.start_metrics()
    path = f"/apis/metrics.k8s.io/v1beta1/namespaces/{space.name}/pods"
    space.plane.wait_for("all numbers", lambda: len(node.plane.request("GET", path)["items"]) == 3)
    return space


def listed(space: Space) -> list[Any]:
    path = f"/api/v1/namespaces/{space.name}/pods"
    found: list[Any] = space.plane.request("GET", path)["items"]
    return found


def runs(pod: Any) -> bool:
    statuses = pod["status"].get("containerStatuses", ())
    return bool(statuses) and all("running" in one["state"] for one in statuses)


def same(look: Callable[[], tuple[Any, Any]]) -> tuple[Any, Any]:
    """Both of what is asked within one of metrics-server's rounds: it goes on measuring."""
    return wait_for("two answers of one round", lambda: (pair := look())[0] == pair[1] and pair)


def test_pods_and_containers_agree(here: Space, dashborion: Cli, measured: Space) -> None:
    kubeconfig = here.plane.folder / "admin.kubeconfig"

    def look() -> tuple[Any, Any]:
        rows = dashborion("instances top --containers -o json").json
        ours = {
            (
                row["instance"],
                row["container"],
                f"{row['cpu']['used']}m",
                f"{row['memory']['used']}Mi",
            )
            for row in rows
        }
        theirs = kubectl(kubeconfig, f"top pods -n {here.name} --containers --no-headers")
        return ours, {tuple(line.split()) for line in theirs.splitlines()}

    ours, _ = same(look)
    assert len(ours) == 4


def test_nodes_agree(here: Space, dashborion: Cli, measured: Space) -> None:
    kubeconfig = here.plane.folder / "admin.kubeconfig"

    def look() -> tuple[Any, Any]:
        (row,) = dashborion("k8s nodes top -o json").json
        ours = [row["name"]]
        for name, unit in (("cpu", "m"), ("memory", "Mi")):
            one = row[name]
            ours += [f"{one['used']}{unit}", f"{int(one['percentOfLimit'])}%"]
        return ours, kubectl(kubeconfig, "top nodes --no-headers").split()

    same(look)


def test_limits_are_those_that_hold(here: Space, dashborion: Cli, measured: Space) -> None:
    rows = {row["instance"]: row for row in dashborion("instances top -o json").json}
    limits = {name: (row["cpu"]["limit"], row["memory"]["limit"]) for name, row in rows.items()}
    assert limits == {"bounded": (None, None), "as-a-whole": (200, 32), "resized": (300, 48)}
    hottest = rows["bounded"]["cpu"]["hottest"]
    assert (hottest["container"], hottest["percent"] > 0) == ("app", True)
    assert rows["bounded"]["cpu"]["percentOfLimit"] is None
