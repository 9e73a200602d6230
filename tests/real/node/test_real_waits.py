"""How waits end on a real node when what they wait for cannot come, and the reasons told for it."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from dashborion.engines.rollout import POLL_SECONDS
from tests.support.api import Manifest
from tests.support.boxes import box, box_deployment
from tests.support.cli import Cli
from tests.support.manifests import daemon_set, stateful_set
from tests.support.real_namespace import Space
from tests.support.real_node import IMAGES, RealNode

NOWHERE = "127.0.0.1:9/none:1"
SECRET = {"secret": {"secretName": "not-there"}}
FILES = {"configMap": {"name": "not-there"}}
NEVER_READY: dict[str, Any] = {"readinessProbe": {"exec": {"command": ["false"]}}}
TRAPPED = box("trap '' TERM; sleep 600")
BROKEN: dict[str, tuple[Manifest, str, str]] = {
    "no-secret": (box_deployment("no-secret"), "FailedMount", 'secret "not-there" not found'),
    "no-files": (stateful_set("no-files", box()), "FailedMount",
                 'configmap "not-there" not found'),
    "no-variable": (
        box_deployment("no-variable", box(envFrom=[{"secretRef": {"name": "not-there"}}])),
        "CreateContainerConfigError", 'secret "not-there" not found',
    ),
    "ends-well": (
        box_deployment("ends-well", box("exit 0", **NEVER_READY)),
        "Completed", "app exited with 0",
    ),
    "ends-badly": (
        box_deployment("ends-badly", box("exit 3", **NEVER_READY)),
        "Error", "app exited with 3",
    ),
}  # fmt: skip


def mounting(manifest: Manifest, volume: Manifest) -> None:
    spec = manifest["spec"]["template"]["spec"]
    spec["volumes"] = [{"name": "files", **volume}]
    spec["containers"][0]["volumeMounts"] = [{"name": "files", "mountPath": "/files"}]


@pytest.fixture(scope="module")
def broken(space: Space) -> Space:
    """Workloads that cannot run, side by side."""
    mounting(BROKEN["no-secret"][0], SECRET)
    mounting(BROKEN["no-files"][0], FILES)
    for manifest, _, _ in BROKEN.values():
        space.add(manifest, settled=False)
    for name in ("no-secret", "no-files"):
        event = partial(space.has_event, name, "FailedMount")
        space.plane.wait_for(f"the mount of {name} to fail", event)
    for name in ("ends-well", "ends-badly"):
        again = partial(space.is_waiting, name, "CrashLoopBackOff")
        space.plane.wait_for(f"{name} to end again", again)
    return space


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_start_ends_a_wait_with_the_apis_words(
    broken: Space, here: Space, dashborion: Cli, name: str
) -> None:
    _, reason, words = BROKEN[name]
    seen = dashborion(f"workloads status {name} --wait --fail-pull 1s --fail-crashes 1")
    assert seen.exit_code == 7, seen.err
    (error,) = [one for one in seen.err.splitlines() if one.startswith("error: ")]
    pod = here.pods(name)[0]["metadata"]["name"]
    if name.startswith("ends"):
        assert f"(CrashLoopBackOff) in {pod}: " in error or f"({reason}) in {pod}: " in error
    else:
        assert f"({reason}) in {pod}: " in error
        assert words in error
        assert sum(dashborion.slept) <= 2 * POLL_SECONDS


@pytest.mark.parametrize("name", BROKEN)
def test_describe_has_the_reason(broken: Space, here: Space, dashborion: Cli, name: str) -> None:
    _, reason, words = BROKEN[name]
    (found,) = dashborion(f"workloads describe {name} -o json").json["reasons"]
    assert found["reason"] in (reason, "CrashLoopBackOff")
    assert words in found["message"]
    assert found["instances"] == [here.pods(name)[0]["metadata"]["name"]]


def test_a_timeout_says_the_reason_that_describe_has(here: Space, dashborion: Cli) -> None:
    probe = {"exec": {"command": ["sh", "-c", "echo not yet; exit 1"]}, "periodSeconds": 1}
    here.add(box_deployment("not-yet", box(readinessProbe=probe)), settled=False)
    here.plane.wait_for("the probe", lambda: here.has_event("not-yet", "Unhealthy"))
    seen = dashborion("workloads status not-yet --wait --timeout 1s")
    assert seen.exit_code == 8
    (pod,) = [one["metadata"]["name"] for one in here.pods("not-yet")]
    assert f"(Unhealthy) in {pod}: Readiness probe failed: not yet" in seen.err
    assert any(one.startswith("event: 20") and pod in one for one in seen.err.splitlines())


def test_a_broken_pod_that_holds_the_next_revision_back_is_named(
    here: Space, dashborion: Cli
) -> None:
    here.add(stateful_set("held", box()))
    assert (
        dashborion(f"workloads deploy held --image {NOWHERE} --wait --fail-pull 0").exit_code == 7
    )

    seen = dashborion(
        f"workloads deploy held --image {IMAGES[1]} --wait --fail-placement 1s -o json"
    )
    assert seen.exit_code == 7
    assert "held-0 is of the old revision and not ready" in seen.error["message"]
    assert "dashborion instances stop held-0" in seen.error["hint"]
    codes = [one["code"] for one in seen.error["causes"]]
    assert codes == ["rollout-blocked", "image-unreachable"]

    assert dashborion("instances stop held-0").exit_code == 0
    assert dashborion("workloads status held --wait").exit_code == 0


def test_a_daemon_without_its_new_image_is_not_complete(here: Space, dashborion: Cli) -> None:
    """Not while the old pod, which was available, ends slowly either."""
    manifest = daemon_set("daemon", TRAPPED)
    manifest["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = 3
    here.add(manifest)
    seen = dashborion(f"workloads deploy daemon --image {NOWHERE} --wait --fail-pull 0 -o json")
    assert seen.exit_code == 7, seen.err
    assert seen.json["rollout"]["state"] == "progressing"
    assert "ImagePull" in seen.error["message"]
    assert dashborion("workloads status daemon -o json").json["state"] == "progressing"


def test_a_dead_node_is_told_where_its_instances_are(
    node: RealNode, here: Space, dashborion: Cli
) -> None:
    here.add(box_deployment("on-it", replicas=2))
    with node.silent() as give_up:
        seen = dashborion(f"workloads deploy on-it --image {IMAGES[2]} --wait --fail-placement 1s")
        assert seen.exit_code == 7, seen.err
        assert f"the kubelet of {node.name} has not taken it up" in seen.err

        give_up()
        here.plane.wait_for("its pods to be given up", partial(has_none_ready, here, "on-it"))
        seen = dashborion("workloads status on-it --wait --fail-placement 0 -o json")
        assert (seen.exit_code, seen.json["state"]) == (7, "progressing")
        assert f"node {node.name} is not ready: " in seen.error["message"]

        found: Any = dashborion("workloads describe on-it -o json").json
        assert found["reasons"][0]["reason"] == "NodeNotReady"
        assert f"node {node.name} is not ready: " in found["reasons"][0]["message"]
        running = [one for one in found["instances"] if one["status"] == "running"]
        told = {(one["ready"], one["health"], one["reason"]) for one in running}
        assert told <= {(False, "unhealthy", "NodeNotReady"), (False, "unhealthy", "Terminating")}
        assert found["status"] == "degraded"


def test_what_was_rolled_out_on_a_node_that_died_is_not_complete_to_status(
    node: RealNode, here: Space, dashborion: Cli
) -> None:
    here.add(box_deployment("was-on-it"))
    with node.silent() as give_up:
        give_up()
        here.plane.wait_for("its pod to be given up", partial(has_none_ready, here, "was-on-it"))
        told = dashborion("workloads status was-on-it -o json").json
        assert (told["state"], told["message"]) == ("progressing", "0 of 1 replicas available")
        seen = dashborion("workloads status was-on-it --wait --timeout 1s -o json")
        assert (seen.exit_code, seen.json["state"]) == (8, "progressing")
        assert f"node {node.name} is not ready" in seen.error["message"]


def has_none_ready(space: Space, name: str) -> bool:
    return not space.get(name)["status"].get("readyReplicas")
