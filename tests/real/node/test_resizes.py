"""A pod that is resized in place: what runs is what the node has granted, not what is wished."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from tests.support.api import Manifest
from tests.support.boxes import WAIT, box, box_pod
from tests.support.cli import Cli
from tests.support.real_namespace import Space

STRATEGIC = "application/strategic-merge-patch+json"
TAKEN, LEFT = 200, 100  # millicores: another pod has more than a wish would leave


def amounts(cpu: str, memory: str = "32Mi") -> Manifest:
    both = {"cpu": cpu, "memory": memory}
    return {"resources": {"requests": both, "limits": both}}


def by_container(name: str) -> Manifest:
    beside = box(WAIT, name="beside", resources={"requests": {"cpu": "70m"}})
    return box_pod(name, containers=[box(WAIT, **amounts("130m")), beside])


def as_a_whole(name: str) -> Manifest:
    return box_pod(name, **amounts("200m"))


FORMS: dict[str, Any] = {
    "by container": (by_container, lambda one: {"containers": [{"name": "app", **one}]}, 70),
    "as a whole": (as_a_whole, lambda one: one, 0),
}


@pytest.fixture(scope="module")
def spare(space: Space) -> int:
    """Millicores that the node has, most of which a pod may wish for, and not get."""
    space.add(box_pod("takes-room", containers=[box(WAIT, **amounts(f"{TAKEN}m"))]))
    (node,) = space.plane.request("GET", "/api/v1/nodes")["items"]
    return int(float(node["status"]["allocatable"]["cpu"]) * 1000)


@pytest.mark.parametrize("form", FORMS)
def test_a_resize_counts_when_the_node_has_granted_it(
    here: Space, dashborion: Cli, spare: int, form: str
) -> None:
    build, patch, beside = FORMS[form]
    name = here.add(build(f"resized-{form.replace(' ', '-')}"))
    here.plane.wait_for("it to run", partial(is_running, here, name))
    before = found(dashborion, name)

    resize(here, name, patch(amounts("300m", "40Mi")))
    here.plane.wait_for("it to be granted", lambda: found(dashborion, name)["cpu"] != before["cpu"])
    granted = found(dashborion, name)
    assert (granted["cpu"], granted["memory"]) == (f"{300 + beside}m", "40Mi")
    assert granted["message"] is None

    resize(here, name, patch(amounts(f"{spare - LEFT - beside}m", "64Mi")))
    here.plane.wait_for("it to wait", partial(is_deferred, here, name))
    deferred = found(dashborion, name)
    assert (deferred["cpu"], deferred["memory"]) == (granted["cpu"], granted["memory"])
    assert (deferred["status"], deferred["ready"]) == ("running", True)
    assert deferred["message"].startswith("resize Deferred: Node didn't have enough resource: cpu")
    here.delete(name, "pods")  # for the scheduler the wish counts


def found(dashborion: Cli, name: str) -> Any:
    return dashborion(f"instances describe {name} -o json").json


def resize(space: Space, name: str, spec: Manifest) -> None:
    path = f"{space.path(name, 'pods')}/resize"
    space.plane.request("PATCH", path, {"spec": spec}, STRATEGIC)


def is_running(space: Space, name: str) -> bool:
    """Its containers too, and the node has said what they have."""
    status = space.get(name, "pods")["status"]
    statuses = status.get("containerStatuses", ())
    return bool(statuses) and all("running" in one["state"] for one in statuses)


def is_deferred(space: Space, name: str) -> bool:
    conditions = space.get(name, "pods")["status"]["conditions"]
    return "PodResizePending" in [one["type"] for one in conditions]
