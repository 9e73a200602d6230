"""Rollouts that failed or that somebody, or something, holds back, by the real controllers."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from tests.real.causes.conftest import Why
from tests.support.control_plane import CURRENT, ControlPlane
from tests.support.manifests import autoscaler, container, daemon_set, deployment, stateful_set
from tests.support.real_namespace import Space

TAINT = {"key": "example.com/emptied", "effect": "NoSchedule"}


def test_a_deadline_that_has_passed(space: Space, why: Why) -> None:
    manifest = deployment("late", container("pull"), progressDeadlineSeconds=1)
    name = space.add(manifest, settled=False)
    # As long as anything moves, the controller takes back that the deadline has passed.
    space.plane.wait_for("its pod", lambda: space.is_waiting(name, "ImagePullBackOff"))
    space.plane.wait_for("it to be late", lambda: is_late(space, name))
    causes = why(name, at=space.name)
    assert "deadline" not in causes
    assert "deadline" in [one for each in causes.values() for one in each["explains"]]


def test_what_is_paused_with_a_change_that_waits(space: Space, why: Why) -> None:
    name = space.add(deployment("paused"))
    space.merge(name, {"paused": True})
    space.change_image(name, "app")
    space.plane.wait_for("it to be seen", lambda: is_observed(space, name))
    assert why(name, at=space.name).keys() == {"paused"}


@pytest.mark.parametrize("plural", ["statefulsets", "daemonsets"])
def test_pods_that_are_replaced_only_when_they_are_deleted(
    space: Space, why: Why, plural: str
) -> None:
    make = {"statefulsets": stateful_set, "daemonsets": daemon_set}[plural]
    manifest = make(f"by-hand-{plural}")
    manifest["spec"]["updateStrategy"] = {"type": "OnDelete"}
    name = space.add(manifest)
    change(space, name, plural)
    space.plane.wait_for("it to be seen", lambda: is_observed(space, name, plural))
    causes = why(name, at=space.name)
    assert causes.keys() == {"on-delete"}
    assert f"instances stop {name}-" in causes["on-delete"]["advice"][0]["command"]


def test_a_partition(space: Space, why: Why) -> None:
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}
    name = space.add(stateful_set("parted", replicas=2, updateStrategy=rolling))
    change(space, name, "statefulsets")
    space.plane.wait_for("one to be replaced", lambda: updated(space, name) == 1)
    space.plane.wait_for("it to be settled", lambda: ready(space, name) == 2)
    assert why(name, at=space.name).keys() == {"partition"}


def test_a_pod_of_the_old_revision_that_blocks_the_new_one(space: Space, why: Why) -> None:
    name = space.add(stateful_set("held", container("crash"), replicas=2), settled=False)
    space.plane.wait_for("it to crash", lambda: space.is_waiting(name, "CrashLoopBackOff"))
    change(space, name, "statefulsets")
    space.plane.wait_for("it to be seen", lambda: is_observed(space, name, "statefulsets"))
    causes = why(name, at=space.name)
    blocked = causes["rollout-blocked"]
    assert blocked["instances"] == [f"{name}-0"]
    assert f"instances stop {name}-0" in blocked["advice"][0]["command"]


def test_a_daemonset_that_no_node_is_meant_for(space: Space, why: Why) -> None:
    manifest = daemon_set("nowhere")
    manifest["spec"]["template"]["spec"]["nodeSelector"] = {"example.com/kind": "none"}
    name = space.add(manifest, settled=False)
    space.plane.wait_for("it to be seen", lambda: is_observed(space, name, "daemonsets"))
    causes = why(name, at=space.name)
    assert [(code, one["severity"]) for code, one in causes.items()] == [
        ("unschedulable-node", "info")
    ]


def test_a_daemonset_on_a_node_that_is_not_for_it_any_more(space: Space, why: Why) -> None:
    name = space.add(daemon_set("left-over"))
    path = "/api/v1/nodes/node-2"
    space.plane.merge(path, {"spec": {"taints": [TAINT]}})
    space.plane.merge(space.path(name, "daemonsets"), {"metadata": {"annotations": {"a": "b"}}})
    try:
        space.plane.wait_for("it to be out of place", lambda: misplaced(space, name) == 1)
        assert why(name, at=space.name).keys() == {"misplaced"}
    finally:
        space.plane.merge(path, {"spec": {"taints": None}})


def test_a_change_that_no_controller_takes_up(why: Why) -> None:
    with ControlPlane.from_environment(CURRENT, is_moving=False) as plane:
        space = Space.on(plane, "still")
        name = space.add(deployment("unseen"), settled=False)
        assert "not-observed" in why(name, at=space.name, minutes=1, plane=plane)
        assert "not-observed" not in why(name, at=space.name, minutes=0, plane=plane)


# --- Autoscalers --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def scaled(space: Space) -> Iterator[Space]:
    """Workloads with autoscalers, of which the controller has said what it thinks."""
    scalers = {
        "unmeasured": [autoscaler("unmeasured", low=1, high=3)],
        "off": [autoscaler("off", low=1, high=3)],
        "contested": [autoscaler("contested", low=1, high=3), autoscaler("rival", low=2, high=4)],
    }
    for name, mine in scalers.items():
        space.add(deployment(name, replicas=0 if name == "off" else 1))
        for one in mine:
            one["metadata"]["namespace"] = space.name
            one["spec"]["scaleTargetRef"]["name"] = name
            space.plane.apply(one)
    space.plane.wait_for("autoscalers to be looked at", partial(are_looked_at, space))
    yield space
    path = f"/apis/autoscaling/v1/namespaces/{space.name}/horizontalpodautoscalers"
    space.plane.request("DELETE", path)


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("unmeasured", {"autoscaler-metrics"}),
        ("off", {"autoscaler-off", "zero"}),
        ("contested", {"autoscaler-conflict"}),
    ],
)
def test_autoscalers_that_do_not_scale(scaled: Space, why: Why, name: str, codes: set[str]) -> None:
    causes = why(name, at=scaled.name)
    assert causes.keys() == codes
    assert not [one for one in causes.values() if one["severity"] == "error"]


def are_looked_at(space: Space) -> bool:
    path = f"/apis/autoscaling/v2/namespaces/{space.name}/horizontalpodautoscalers"
    found = space.plane.request("GET", path)["items"]
    conditions = [one["status"].get("conditions") or () for one in found]
    return all("ScalingActive" in [one["type"] for one in each] for each in conditions)


# --- What the controllers have said --------------------------------------------------------------


def change(space: Space, name: str, plural: str) -> None:
    containers = [{"name": "app", "image": "example.com/app:2.0"}]
    space.merge(name, {"template": {"spec": {"containers": containers}}}, plural)


def is_late(space: Space, name: str) -> bool:
    conditions = space.get(name)["status"].get("conditions", ())
    return "ProgressDeadlineExceeded" in [one.get("reason") for one in conditions]


def status(space: Space, name: str, plural: str) -> dict[str, Any]:
    found: dict[str, Any] = space.get(name, plural)["status"]
    return found


def is_observed(space: Space, name: str, plural: str = "deployments") -> bool:
    generation = space.get(name, plural)["metadata"]["generation"]
    return bool(status(space, name, plural).get("observedGeneration") == generation)


def updated(space: Space, name: str) -> int:
    return int(status(space, name, "statefulsets").get("updatedReplicas", 0))


def ready(space: Space, name: str) -> int:
    return int(status(space, name, "statefulsets").get("readyReplicas", 0))


def misplaced(space: Space, name: str) -> int:
    return int(status(space, name, "daemonsets")["numberMisscheduled"])
