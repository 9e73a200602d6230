"""Causes that only a real kubelet brings about: it is not heard of, rejects a pod or a size."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from tests.support.api import Manifest
from tests.support.boxes import WAIT, box, box_deployment, box_pod
from tests.support.cli import Cli
from tests.support.real_namespace import Space
from tests.support.real_node import RealNode


def causes(dashborion: Cli, command: str, minutes: float = 1) -> dict[str, Any]:
    now = datetime.now(UTC) + timedelta(minutes=minutes)
    found = dashborion(f"{command} -o json --all", now=now).json["causes"]
    return {one["code"]: one for one in found}


def test_a_node_that_is_not_heard_of(node: RealNode, here: Space, dashborion: Cli) -> None:
    here.add(box_deployment("on-it"))
    with node.silent() as give_up:
        here.add(box_deployment("for-it"), settled=False)
        here.plane.wait_for("its pod to be bound", lambda: is_bound(here, "for-it"))
        told = causes(dashborion, "workloads why for-it")
        assert node.name in told["not-started"]["message"]

        give_up()
        here.plane.wait_for("a pod to be given up", lambda: not is_ready(here, "on-it"))
        told = causes(dashborion, "workloads why on-it")
        assert told.keys() == {"node-not-ready"}
        assert told["node-not-ready"]["message"].startswith(f"node {node.name} is not ready: ")
        assert told["node-not-ready"]["evidence"][0]["source"] == f"node/{node.name}"
        listed = dashborion("workloads why -o json").json
        first = {one["workload"]: one["causes"][0]["code"] for one in listed if one["causes"]}
        assert first["on-it"] == "node-not-ready"


def test_a_pod_that_its_node_has_no_room_for(node: RealNode, here: Space, dashborion: Cli) -> None:
    """Bound by hand, past the scheduler."""
    amounts = {"requests": {"cpu": "500"}, "limits": {"cpu": "500"}}
    pod = box_pod("squeezed", containers=[box(WAIT, resources=amounts)], nodeName=node.name)
    here.add(pod)
    here.plane.wait_for("it to be rejected", partial(has_failed, here, "squeezed"))
    told = causes(dashborion, "instances why squeezed")
    assert told["node-rejected"]["reason"] == "OutOfcpu"
    assert told.keys() == {"node-rejected"}


def test_a_size_that_its_node_cannot_give_now(here: Space, dashborion: Cli) -> None:
    (node,) = here.plane.request("GET", "/api/v1/nodes")["items"]
    room = int(float(node["status"]["allocatable"]["cpu"]) * 1000)
    here.add(box_pod("beside", containers=[box(WAIT, resources=cpu(200))]))
    name = here.add(box_pod("growing", containers=[box(WAIT, resources=cpu(10))]))
    for pod in ("beside", name):
        here.plane.wait_for("it to run", partial(is_running, here, pod))
    change = {"spec": {"containers": [{"name": "app", "resources": cpu(room - 100)}]}}
    here.plane.merge(f"{here.path(name, 'pods')}/resize", change)
    here.plane.wait_for("an answer", lambda: is_pending(here, name))
    told = causes(dashborion, f"instances why {name}")
    assert told["resize-pending"]["reason"] == "Deferred"
    assert told.keys() == {"resize-pending"}


def cpu(millicores: int) -> Manifest:
    amounts = {"cpu": f"{millicores}m"}
    return {"requests": amounts, "limits": amounts}


def is_bound(space: Space, name: str) -> bool:
    return any(one["spec"].get("nodeName") for one in space.pods(name))


def is_ready(space: Space, name: str) -> bool:
    states = [
        one["status"]
        for pod in space.pods(name)
        for one in pod["status"]["conditions"]
        if one["type"] == "Ready"
    ]
    return "True" in states


def phase(space: Space, pod: str) -> str:
    return str(space.get(pod, "pods")["status"].get("phase"))


def is_running(space: Space, pod: str) -> bool:
    return phase(space, pod) == "Running"


def has_failed(space: Space, pod: str) -> bool:
    return phase(space, pod) == "Failed"


def is_pending(space: Space, pod: str) -> bool:
    conditions = space.get(pod, "pods")["status"].get("conditions", ())
    return "PodResizePending" in [one["type"] for one in conditions]
