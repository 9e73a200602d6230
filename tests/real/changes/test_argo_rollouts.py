"""Argo Rollouts, by the real controller: listed, looked at, changed and steered."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import Cli
from tests.support.control_plane import ARGO, CURRENT, ControlPlane
from tests.support.kubelet import Kubelet
from tests.support.manifests import container, deployment, pod, rollout, service
from tests.support.real_namespace import Space, writes

CANARY = {"canary": {"steps": [{"setWeight": 25}, {"pause": {}}, {"setWeight": 50}]}}
TIMED = {"canary": {"steps": [{"setWeight": 50}, {"pause": {"duration": "2h"}}]}}
PREVIEW = {
    "blueGreen": {
        "activeService": "api", "previewService": "api-preview", "autoPromotionEnabled": False,
    }
}  # fmt: skip


@pytest.fixture(scope="module")
def space() -> Iterator[Space]:
    """A namespace on a control plane of its own: that other one has no such API."""
    for variable in (CURRENT, ARGO):
        if not os.environ.get(variable):
            pytest.skip(f"${variable} names no folder with the programs")
    with ControlPlane.from_environment() as plane, Kubelet(plane):
        plane.start_argo(Path(os.environ[ARGO]))
        space = Space.on(plane, "argo")
        for name in ("api", "api-preview"):
            space.add(service(name, selector={"app": "api"}))
        space.add(service("web"))
        space.add(rollout("web", strategy=CANARY, replicas=4))
        space.add(rollout("api", strategy=PREVIEW, replicas=2))
        space.add(rollout("slow", strategy=TIMED, replicas=2))
        space.add(deployment("legacy", replicas=0))
        moved = rollout("moved", strategy=CANARY, replicas=1)
        del moved["spec"]["template"], moved["spec"]["selector"]
        moved["spec"]["workloadRef"] = {
            "apiVersion": "apps/v1", "kind": "Deployment", "name": "legacy",
        }  # fmt: skip
        space.add(moved)
        for name in ("web", "api", "slow", "moved"):
            plane.wait_for(f"{name} to be healthy", partial(is_healthy, space, name))
        yield space


def the(space: Space, name: str) -> Any:
    path = f"/apis/argoproj.io/v1alpha1/namespaces/{space.name}/rollouts/{name}"
    return space.plane.request("GET", path)


def is_healthy(space: Space, name: str) -> bool:
    return bool(the(space, name).get("status", {}).get("phase") == "Healthy")


def deploy(dashborion: Cli, name: str, image: str) -> str:
    """Until it waits for a person; gives the hint."""
    seen = dashborion(f"workloads deploy {name} --image example.com/{image} --wait -o json")
    assert (seen.exit_code, seen.error["code"]) == (8, "rollout-pending"), seen.err
    return str(seen.error["hint"])


def refused(dashborion: Cli, words: str) -> str:
    seen = dashborion(f"workloads {words} -o json")
    assert (seen.exit_code, seen.error["code"], seen.out) == (2, "usage", ""), seen.err
    return f"{seen.error['message']}; {seen.error['hint']}"


def test_they_are_listed_with_what_they_are_made_of(dashborion: Cli, here: Space) -> None:
    listed = {one["name"]: one for one in dashborion("workloads list -o json").json}

    assert {name: one["type"] for name, one in listed.items()} == {
        **dict.fromkeys(["api", "moved", "slow", "web"], "k8s-rollout"),
        "legacy": "k8s-deployment",
    }
    web = listed["web"]
    assert (web["status"], web["available"], web["restarts"]) == ("running", 4, 0)
    assert (web["rollout"]["state"], web["rollout"]["strategy"]) == ("complete", "canary")
    assert web["rollout"]["traffic"] == {"production": 100.0, "test": None}
    # Argo writes a hash into what its Services select.
    assert [one["name"] for one in listed["api"]["endpoints"]] == ["api", "api-preview"]
    # Its template is the Deployment's that it names.
    assert listed["moved"]["image"] == "example.com/app:1.0"

    of_type = dashborion("workloads list --type ro -o name").out.split()
    assert of_type == ["api", "moved", "slow", "web"]
    pods = dashborion("instances list -w ro/moved -o json").json
    assert [(one["workload"], one["revision"], one["owner"]) for one in pods] == [
        ("moved", "1", None)
    ]
    described = dashborion("workloads describe rollout/web -o json").json
    assert len(described["instances"]) == 4
    assert {one["healthy"] for one in described["endpoints"]} == {4}
    assert dashborion("workloads logs rollout/web --tail 1").out.count("web-") >= 4
    assert dashborion("workloads why rollout/web -o json").json["verdict"] == "healthy"


def test_a_canary_waits_and_is_continued(dashborion: Cli, here: Space) -> None:
    assert "waits at no pause" in refused(dashborion, "continue web")
    assert "no rollout is under way" in refused(dashborion, "abort web")
    hint = deploy(dashborion, "web", "app:2.0")
    assert "dashborion workloads continue rollout/web --wait" in hint

    told = dashborion("workloads status web -o json").json
    assert (told["state"], told["stage"], told["message"]) == (
        "paused", "STEP-2", "step 2 of 3: CanaryPauseStep",
    )  # fmt: skip
    assert (told["traffic"]["production"], told["waitingFor"]["stage"]) == (25.0, "STEP-2")
    assert [one["code"] for one in told["causes"]] == ["hook-waiting"]
    assert dashborion("workloads status web --wait --until stage:STEP-2").exit_code == 0
    assert "neither paused by" in refused(dashborion, "resume web")
    assert "have no stage BAKE_TIME" in refused(
        dashborion, "status web --wait --until stage:BAKE_TIME"
    )

    dry = dashborion("workloads continue web --dry-run -v -o json")
    assert (writes(dry), dry.json["dryRun"]) == ([], True)
    seen = dashborion("workloads continue web --wait -v -o json")

    assert (seen.exit_code, writes(seen)) == (0, ["PATCH 200"]), seen.err
    assert seen.json["rollout"]["state"] == "complete"
    history = dashborion("workloads history web -o json").json
    assert [(one["revision"], one["current"]) for one in history] == [("1", False), ("2", True)]


def test_a_canary_is_aborted_and_tried_again(dashborion: Cli, here: Space) -> None:
    deploy(dashborion, "web", "app:3.0")
    number = the(here, "web")["metadata"]["annotations"]["rollout.argoproj.io/revision"]
    stable = str(int(number) - 1)

    seen = dashborion("workloads abort web --wait -v -o json")

    assert (seen.exit_code, writes(seen)) == (0, ["PATCH 200"]), seen.err
    assert (seen.json["before"], seen.json["after"]) == (number, stable)
    assert (
        f"the template stays the new one: `dashborion workloads rollback rollout/web --to {stable}`"
        in (seen.err)
    )
    assert "aborted already" in refused(dashborion, "abort web")
    assert "`dashborion workloads resume rollout/web` tries again" in refused(
        dashborion, "continue web"
    )
    told = dashborion("workloads why web -o json").json
    cause = told["causes"][0]
    assert (told["verdict"], cause["code"], cause["reason"]) == (
        "failing", "rollout-failed", "RolloutAborted",
    )  # fmt: skip
    assert f"rollback rollout/web --to {stable}" in cause["advice"][0]["command"]

    assert dashborion("workloads resume web -o json").exit_code == 0
    assert dashborion("workloads status web --wait --until paused").exit_code == 0
    # The controller leaves alone what is paused by hand: that is ended, too.
    paused = dashborion("workloads pause web --wait -o json")
    assert (paused.exit_code, "spec.paused" in paused.json["rollout"]["message"]) == (0, True)
    dry = dashborion("workloads continue web --dry-run")
    assert "it waits at a pause of its own then: CanaryPauseStep" in dry.err
    again = dashborion("workloads abort web --wait -v")
    assert (again.exit_code, writes(again)) == (0, ["PATCH 200"] * 2), again.err
    assert "paused" not in the(here, "web")["spec"]
    back = dashborion(f"workloads rollback web --to {stable} --wait -o json")
    assert (back.exit_code, back.json["rollout"]["state"]) == (0, "complete"), back.err
    assert "imagePullPolicy" not in back.err  # which the server sets in a ReplicaSet's template


def test_a_preview_waits_before_it_is_promoted(dashborion: Cli, here: Space) -> None:
    deploy(dashborion, "api", "app:2.0")
    told = dashborion("workloads status api -o json").json
    assert (told["message"], told["stage"]) == ("BlueGreenPause", None)
    assert told["traffic"] == {"production": 0.0, "test": 100.0}
    assert told["strategy"] == "blue-green"
    # The preview has as many again as are wanted.
    assert dashborion("workloads scale api -r 3 --wait --timeout 9").exit_code == 0

    assert dashborion("workloads continue api").exit_code == 0

    assert dashborion("workloads status api --wait --until shifted").exit_code == 0
    assert dashborion("workloads status api --wait").exit_code == 0


def test_a_timed_pause_waits_for_nobody(dashborion: Cli, here: Space) -> None:
    assert dashborion("workloads deploy slow --image example.com/app:2.0").exit_code == 0
    here.plane.wait_for("the pause", lambda: the(here, "slow")["status"].get("pauseConditions"))
    told = dashborion("workloads status slow -o json").json
    assert (told["state"], told["waitingFor"]) == ("progressing", None)
    assert told["message"] == "step 2 of 2, 2h: CanaryPauseStep"

    # Somebody may still cut it short, or hold it by hand, which is another pause.
    paused = dashborion("workloads pause slow --wait -o json")
    assert (paused.exit_code, paused.json["rollout"]["state"]) == (0, "paused"), paused.err
    assert "paused" in dashborion("workloads list -o json slow").json[0]["rollout"]["message"]
    assert dashborion("workloads resume slow").exit_code == 0
    assert dashborion("workloads continue slow --wait").exit_code == 0


def test_a_template_of_a_deployment_is_changed_there(dashborion: Cli, here: Space) -> None:
    said = refused(dashborion, "deploy moved --image example.com/app:2.0")
    assert "its pod template is that of deployment/legacy" in said
    assert "dashborion workloads deploy deployment/legacy --image IMAGE" in said
    assert "deployment/legacy" in refused(dashborion, "rollback moved")

    # Pods of the very second of a restart are no older than it: these are.
    before = {one["metadata"]["name"] for one in here.pods("legacy")}
    restarted = dashborion("workloads restart moved --wait -v -o json")
    assert (restarted.exit_code, writes(restarted)) == (0, ["PATCH 200"]), restarted.err
    after = {one["metadata"]["name"] for one in here.pods("legacy")}
    assert (len(after), before & after) == (1, set())
    found = the(here, "moved")
    assert found["status"]["restartedAt"] == found["spec"]["restartAt"]
    assert found["metadata"]["annotations"]["rollout.argoproj.io/revision"] == "1"
    scaled = dashborion("workloads scale rollout/moved -r 2 --wait -v -o json")
    assert (scaled.exit_code, writes(scaled)) == (0, ["PATCH 200"]), scaled.err


def test_why_one_fails_is_told_by_its_pods(dashborion: Cli, here: Space) -> None:
    here.add(rollout("broken", container("crash"), strategy=CANARY, replicas=1))
    here.plane.wait_for("a crash", lambda: here.is_waiting("broken", "CrashLoopBackOff"))

    told = dashborion("workloads why broken -o json").json

    assert (told["type"], told["verdict"]) == ("k8s-rollout", "failing")
    assert any(one["instances"] for one in told["causes"])
    seen = dashborion("workloads status broken --wait -o json")
    assert (seen.exit_code, seen.error["code"]) == (7, "rollout-failed"), seen.err


def test_a_pod_of_another_controller_says_whose_it_is(dashborion: Cli, here: Space) -> None:
    made = pod("odd")
    made["metadata"]["ownerReferences"] = [
        {"apiVersion": "apps.example.com/v1", "kind": "CloneSet", "name": "odd", "uid": "x-1",
         "controller": True}
    ]  # fmt: skip
    here.add(made)
    told = dashborion("instances describe odd -o json").json
    assert (told["workload"], told["owner"]) == (None, {"kind": "CloneSet", "name": "odd"})
    assert "cloneset/odd" in dashborion("instances list -o wide").out
    assert "cloneset/odd" in dashborion("instances describe odd").out


def test_who_may_not_see_them_is_told_that_rows_are_missing(
    dashborion: Cli, here: Space, as_viewer: None
) -> None:
    seen = dashborion("workloads list --type rollout -o json")
    assert (seen.exit_code, seen.error["code"]) == (4, "forbidden")
    seen = dashborion("workloads list -o json")
    assert (seen.exit_code, [one["name"] for one in seen.json]) == (5, ["legacy"])
