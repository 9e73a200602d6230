"""A prompt may stand for minutes: the API itself tests that what was shown is still so."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.support.cli import Cli, Keyboard
from tests.support.manifests import daemon_set, deployment, image, pod, service, stateful_set
from tests.support.real_namespace import STRATEGY, Space

Somebody = Callable[[Space, str], None]
GOOD, BETTER = image("app"), image("app", "2.0")


@pytest.fixture
def guarded(here: Space, home: Path) -> Space:
    """That namespace, in which every change asks."""
    path = home / ".config" / "dashborion" / "config.yaml"
    path.parent.mkdir(parents=True)
    body = f"{{orchestrator: kubernetes, context: real, namespace: {here.name}, protected: true}}"
    path.write_text(f"environments: {{shop: {body}}}\n")
    return here


def scales(space: Space, name: str) -> None:
    space.merge(name, {"replicas": 1})


def fixes(space: Space, name: str) -> None:
    space.change_image(name, "app", "1.1")


def configures(space: Space, name: str) -> None:
    env = [{"name": "LEVEL", "value": "debug"}]
    space.change_image(name, "app", "2.0", env=env)


BY_NAME: dict[Somebody, str] = {scales: "scaled", fixes: "fixed", configures: "configured"}
MEANWHILE = {
    "scale, scaled": ("scale NAME -r 3", scales, "has 1 replicas, not 2"),
    "scale --current, scaled": ("scale NAME -r 3 --current 2", scales, "has 1 replicas, not 2"),
    "deploy, fixed": ("deploy NAME --image IMAGE", fixes, "changed the images of"),
    "rollback, fixed": ("rollback NAME", fixes, "changed the images of"),
    "rollback, configured": ("rollback NAME", configures, "changed the pod template of"),
    "restart, fixed": ("restart NAME", fixes, "changed the images of"),
    "pause, configured": ("pause NAME", configures, "changed the pod template of"),
}


def test_an_abort_restores_the_template_only_in_place_of_what_was_shown(
    dashborion: Cli, guarded: Space
) -> None:
    guarded.add(deployment("aborted", strategy=STRATEGY))
    guarded.change_image("aborted", "unready")
    guarded.plane.wait_for("its pod", lambda: len(guarded.pods("aborted")) == 2)
    dashborion.keyboard = Keyboard("y\n", before=partial(fixes, guarded, "aborted"))

    seen = dashborion("workloads abort aborted", tty=True)

    assert (seen.exit_code, seen.out) == (1, ""), seen.err
    assert "changed the images of aborted meanwhile" in seen.err
    spec = guarded.get("aborted")["spec"]["template"]["spec"]
    assert spec["containers"][0]["image"] == image("app", "1.1")


def is_observed(space: Space, name: str) -> bool:
    found = space.get(name)
    return bool(found["status"].get("observedGeneration") == found["metadata"]["generation"])


@pytest.mark.parametrize(("command", "somebody", "said"), MEANWHILE.values(), ids=MEANWHILE)
def test_what_moved_while_a_person_thought_is_a_conflict(
    dashborion: Cli, guarded: Space, command: str, somebody: Somebody, said: str
) -> None:
    words = command.replace("IMAGE", image("app", "3.0")).split()
    name = f"{words[0]}-{len(words)}-{BY_NAME[somebody]}"
    guarded.add(deployment(name, replicas=2))
    guarded.change_image(name, "app", "2.0")
    guarded.plane.wait_for("its revision", partial(is_observed, guarded, name))
    dashborion.keyboard = Keyboard("y\n", before=lambda: somebody(guarded, name))

    seen = dashborion(f"workloads {' '.join(words).replace('NAME', name)}", tty=True)

    after = guarded.get(name)["spec"]
    assert (seen.exit_code, seen.out) == (1, ""), seen.err
    assert said in seen.err
    theirs = {"scaled": (1, BETTER), "fixed": (2, image("app", "1.1")), "configured": (2, BETTER)}
    had = (after["replicas"], after["template"]["spec"]["containers"][0]["image"])
    assert had == theirs[BY_NAME[somebody]]


@pytest.mark.parametrize("kind", ["deployment", "statefulset", "daemonset"])
def test_what_stands_still_is_changed(dashborion: Cli, here: Space, kind: str) -> None:
    made = {"deployment": deployment, "statefulset": stateful_set, "daemonset": daemon_set}[kind]
    here.add(service("still", clusterIP="None"))
    here.add(made("still"))
    for command in (f"deploy still --image {BETTER}", "restart still", "rollback still"):
        assert dashborion(f"workloads {command} --wait").exit_code == 0, command
    here.delete("still", f"{kind}s")


def test_a_count_of_nothing_is_tested_too(dashborion: Cli, guarded: Space) -> None:
    """A Scale leaves out a count of zero."""
    guarded.add(deployment("nothing", replicas=0))
    up = "workloads scale nothing -r 3"
    dashborion.keyboard = Keyboard("y\n", before=lambda: guarded.merge("nothing", {"replicas": 1}))
    assert "has 1 replicas, not 0" in dashborion(up, tty=True).err
    guarded.merge("nothing", {"replicas": 0})
    assert dashborion(f"{up} --yes").exit_code == 0
    assert guarded.replicas("nothing") == 3


def test_a_pod_made_again_is_not_the_one_that_was_shown(dashborion: Cli, guarded: Space) -> None:
    guarded.add(pod("lone"), settled=False)

    def made_again() -> None:
        at_once = {"gracePeriodSeconds": 0}
        guarded.plane.request("DELETE", guarded.path("lone", "pods"), at_once)
        guarded.add(pod("lone"), settled=False)

    dashborion.keyboard = Keyboard("y\n", before=made_again)
    seen = dashborion("instances stop lone", tty=True)
    assert (seen.exit_code, "deleted and then recreated" in seen.err) == (1, True), seen.err
    assert "deletionTimestamp" not in guarded.get("lone", "pods")["metadata"]


CLAIM = {
    "metadata": {"name": "data"},
    "spec": {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}},
    },
}


def test_volumes_go_only_by_name(dashborion: Cli, here: Space) -> None:
    here.add(service("vault", clusterIP="None"))
    policy = {"persistentVolumeClaimRetentionPolicy": {"whenScaled": "Delete"}}
    manifest = stateful_set("vault", replicas=3, volumeClaimTemplates=[CLAIM])
    manifest["spec"] |= policy
    here.add(manifest, settled=False)
    seen = dashborion("workloads scale vault -r 1 --force -o json")
    assert (seen.exit_code, seen.error["code"]) == (1, "refused")
    assert "data-vault-1, data-vault-2" in seen.error["message"]
    assert here.replicas("vault", "statefulsets") == 3
    assert dashborion("workloads scale vault -r 1 --delete-volumes").exit_code == 0
    assert here.replicas("vault", "statefulsets") == 1


@pytest.mark.parametrize(
    "option", ["", " --delete-volumes"], ids=["policy set", "policy taken back"]
)
def test_a_policy_that_changed_while_a_person_thought_is_a_conflict(
    dashborion: Cli, guarded: Space, option: str
) -> None:
    name = f"safe{'-with' if option else ''}"
    policies = ["Delete", "Retain"] if option else ["Retain", "Delete"]
    shown, now = ({"persistentVolumeClaimRetentionPolicy": {"whenScaled": p}} for p in policies)
    guarded.add(service(name, clusterIP="None"))
    manifest = stateful_set(name, replicas=2, volumeClaimTemplates=[CLAIM])
    manifest["spec"] |= shown
    guarded.add(manifest, settled=False)

    def decides_otherwise() -> None:
        guarded.merge(name, now, "statefulsets")

    dashborion.keyboard = Keyboard("y\n", before=decides_otherwise)
    seen = dashborion(f"workloads scale {name} -r 1{option}", tty=True)
    assert (seen.exit_code, guarded.replicas(name, "statefulsets")) == (1, 2), seen.err
    assert f"somebody changed {name} meanwhile" in seen.err
