"""``workloads deploy``, ``history`` and ``rollback`` on a real control plane."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.api import Manifest
from tests.support.cli import Cli
from tests.support.manifests import container, daemon_set, deployment, image, service, stateful_set
from tests.support.real_namespace import STRATEGY, Space, writes

GOOD, BETTER, BAD = image("app"), image("app", "2.0"), image("pull", "3.0")
CAUSE = "kubernetes.io/change-cause"
KINDS = [
    pytest.param(deployment("web", replicas=2), "deployments", id="deployment"),
    pytest.param(stateful_set("db", replicas=2), "statefulsets", id="statefulset"),
    pytest.param(daemon_set("agent"), "daemonsets", id="daemonset"),
]


def images(space: Space, name: str, plural: str = "deployments") -> list[str]:
    spec = space.get(name, plural)["spec"]["template"]["spec"]
    return [one["image"] for one in (*spec.get("initContainers", ()), *spec["containers"])]


def history(dashborion: Cli, name: str) -> list[tuple[list[str], bool]]:
    seen = dashborion(f"workloads history {name} -o json")
    assert seen.exit_code == 0, seen.err
    return [(one["images"], one["current"]) for one in seen.json]


def now() -> datetime:
    """As the API stamps it: in whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)


def updated(dashborion: Cli, name: str) -> datetime:
    """Since when what runs runs, of which the list and the description say the same."""
    (listed,) = dashborion(f"workloads list {name} -o json").json
    described = dashborion(f"workloads describe {name} -o json").json
    assert listed["updatedAt"] == described["updatedAt"]
    assert listed["rollout"]["revision"] == described["rollout"]["revision"]
    (current,) = (one for one in described["revisions"] if one["current"])
    assert current["revision"] == listed["rollout"]["revision"]
    return datetime.fromisoformat(listed["updatedAt"])


@pytest.mark.parametrize(("manifest", "plural"), KINDS)
def test_rollback_then_redeploy(
    dashborion: Cli, here: Space, manifest: Manifest, plural: str
) -> None:
    if plural == "statefulsets":
        here.add(service("db", clusterIP="None"))
    name = here.add(manifest)

    seen = dashborion(f"workloads deploy {name} --image {BETTER} --wait -o json")
    assert (seen.exit_code, seen.json["action"]) == (0, "deploy"), seen.err
    assert (seen.json["before"], seen.json["after"]) == (GOOD, BETTER)
    assert seen.json["rollout"]["state"] == "complete"
    assert {one["spec"]["containers"][0]["image"] for one in here.pods(name)} == {BETTER}
    assert history(dashborion, name) == [([GOOD], False), ([BETTER], True)]

    begun = now()
    back = dashborion(f"workloads rollback {name} --wait -o json")
    assert (back.exit_code, images(here, name, plural)) == (0, [GOOD]), back.err
    assert history(dashborion, name) == [([BETTER], False), ([GOOD], True)]
    assert updated(dashborion, name) >= begun

    begun = now()
    again = dashborion(f"workloads rollback {name} --wait -o json")
    assert (again.exit_code, images(here, name, plural)) == (0, [BETTER]), again.err
    assert history(dashborion, name) == [([GOOD], False), ([BETTER], True)]
    since = updated(dashborion, name)
    assert since >= begun
    if plural != "daemonsets":
        assert dashborion(f"workloads scale {name} -r 3 --wait").exit_code == 0
        assert updated(dashborion, name) == since


def test_a_bad_image_fails_fast_and_is_rolled_back_by_hand(dashborion: Cli, here: Space) -> None:
    here.add(deployment("shop", replicas=2, strategy=STRATEGY))
    seen = dashborion(f"workloads deploy shop --image {BAD} --wait -o json")
    assert (seen.exit_code, seen.error["code"]) == (7, "rollout-failed")
    assert (seen.json["action"], seen.json["after"]) == ("deploy", BAD)
    assert "ImagePullBackOff" in seen.error["message"]
    assert sum(dashborion.slept) < 60, "well before the timeout of ten minutes"

    seen = dashborion(f"workloads deploy shop --image {BAD}-again --wait -o json")
    assert seen.exit_code == 7
    undo = seen.error["hint"].partition("undo it: dashborion ")[2]
    assert " --to 1 " in undo, "the first bad one is no way back"
    assert dashborion(undo).exit_code == 0
    assert images(here, "shop") == [GOOD]


def test_of_two_deploys_at_once_the_first_is_superseded(dashborion: Cli, here: Space) -> None:
    here.add(deployment("busy", replicas=2, strategy=STRATEGY))
    other = Cli(step_seconds=0.05)

    def meanwhile() -> None:
        assert other(f"workloads deploy busy --image {BETTER}").exit_code == 0

    dashborion.steps = [meanwhile]
    seen = dashborion(f"workloads deploy busy --image {image('unready', '5.0')} --wait -o json")
    assert (seen.exit_code, seen.error["code"]) == (7, "superseded")
    assert dashborion("workloads status busy --wait").exit_code == 0
    assert images(here, "busy") == [BETTER]


def test_nothing_but_the_images_changes(dashborion: Cli, here: Space) -> None:
    app = container(env=[{"name": "SECRET", "value": "s3cr3t"}], resources={"limits": {"cpu": "1"}})
    side = container(name="side")
    here.add(deployment("whole", app, side, init=[container("done", name="init")]), settled=False)
    before = here.get("whole")["spec"]

    words = f"--image side={BETTER} --image init={image('done', '9')}"
    seen = dashborion(f"workloads deploy whole {words} -v")

    assert (seen.exit_code, writes(seen)) == (0, ["PATCH 200"]), seen.err
    after = here.get("whole")["spec"]
    assert images(here, "whole") == [image("done", "9"), GOOD, BETTER]
    before["template"]["spec"]["initContainers"][0]["image"] = image("done", "9")
    before["template"]["spec"]["containers"][1]["image"] = BETTER
    assert after == before
    assert "s3cr3t" not in seen.err + seen.out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (f"--image {BETTER}", 2, "twins has 2 containers: app, side"),
        (f"--image apq={BETTER}", 3, "did you mean 'app'?"),
        (f"--image app={BETTER} --image app={GOOD}", 2, "two images for container 'app'"),
        ("--image app=", 2, "'app=' is not an image"),
        (f"--image ={BETTER}", 2, "is not an image"),
        ("--image 'web 2'", 2, "is not an image"),
    ],
    ids=["none named", "unknown", "twice", "no image", "no name", "space"],
)
def test_an_image_that_is_meant_for_no_container(
    dashborion: Cli, here: Space, words: str, code: int, said: str
) -> None:
    here.plane.apply(in_space(here, deployment("twins", container(), container(name="side"))))
    seen = dashborion(f"workloads deploy twins {words} -v")
    assert (seen.exit_code, writes(seen), seen.out) == (code, [], "")
    assert said in seen.err


def in_space(space: Space, manifest: Manifest) -> Manifest:
    manifest["metadata"]["namespace"] = space.name
    return manifest


def test_a_dry_run_prints_the_difference_and_sends_nothing(dashborion: Cli, here: Space) -> None:
    here.add(deployment("dry"))
    seen = dashborion(f"workloads deploy dry --image {BETTER} --dry-run --wait -v -o json")
    assert (seen.exit_code, writes(seen), seen.json["dryRun"]) == (0, [], True)
    assert f"would deploy deployment/dry in namespace {here.name}: {GOOD} -> {BETTER}" in seen.err
    assert f"spec.template.spec.containers[app].image: {GOOD} -> {BETTER}" in seen.err
    assert images(here, "dry") == [GOOD]


def test_the_same_image_changes_nothing_unless_forced(dashborion: Cli, here: Space) -> None:
    here.add(deployment("same"))
    generation = here.get("same")["metadata"]["generation"]
    seen = dashborion(f"workloads deploy same --image {GOOD} --wait -v -o json")
    assert (seen.exit_code, writes(seen), seen.json["before"]) == (0, [], GOOD)
    assert "nothing changes" in seen.err
    assert here.get("same")["metadata"]["generation"] == generation

    seen = dashborion(f"workloads deploy same --image {GOOD} --force --wait -o json")
    assert (seen.exit_code, seen.json["action"]) == (0, "restart"), seen.err
    assert here.get("same")["metadata"]["generation"] > generation


def test_a_retried_deploy_waits_for_the_rollout_that_it_began(dashborion: Cli, here: Space) -> None:
    here.add(deployment("retried", strategy=STRATEGY))
    here.change_image("retried", "pull", "3.0")
    seen = dashborion(f"workloads deploy retried --image {BAD} --wait")
    assert (seen.exit_code, "nothing changes" in seen.err) == (7, True), seen.err


# --- Rollbacks that are refused -----------------------------------------------------------------


def refused(dashborion: Cli, words: str, code: str = "refused") -> str:
    seen = dashborion(f"workloads rollback {words} -v -o json")
    assert (seen.error["code"], writes(seen), seen.out) == (code, [], ""), seen.err
    return f"{seen.error['message']} {seen.error['hint']}"


def test_a_rollback_with_nowhere_to_go(dashborion: Cli, here: Space) -> None:
    here.add(deployment("first"))
    assert "no other revision" in refused(dashborion, "first")
    assert "revision 1 is what runs" in refused(dashborion, "first --to 1")
    assert "known: 1" in refused(dashborion, "first --to 7", "not-found")


def test_a_paused_deployment_is_not_rolled_back_but_takes_a_new_image(
    dashborion: Cli, here: Space
) -> None:
    here.add(deployment("paused"))
    here.change_image("paused", "app")
    assert dashborion("workloads status paused --wait").exit_code == 0
    here.merge("paused", {"paused": True})
    assert "workloads resume" in refused(dashborion, "paused")

    seen = dashborion(f"workloads deploy paused --image {image('app', '4')}")
    assert (seen.exit_code, images(here, "paused")) == (0, [image("app", "4")])
    assert "workloads resume" in seen.err


def test_a_named_revision_by_kubectls_number_too(dashborion: Cli, here: Space) -> None:
    here.add(service("kept", clusterIP="None"))
    here.add(stateful_set("kept"))
    for tag in ("2.0", "3.0"):
        words = f"workloads deploy kept --image {image('app', tag)} --wait"
        assert dashborion(words).exit_code == 0
    oldest = dashborion("workloads history kept -o json").json[0]["revision"]

    seen = dashborion("workloads rollback kept --to 1 --dry-run -o json")
    assert (seen.exit_code, seen.json["after"]) == (0, oldest), seen.err
    assert f"containers[app].image: {image('app', '3.0')} -> {GOOD}" in seen.err
    assert dashborion(f"workloads rollback kept --to {oldest} --wait").exit_code == 0
    assert images(here, "kept", "statefulsets") == [GOOD]


def test_a_change_cause_goes_with_its_revision(dashborion: Cli, here: Space) -> None:
    made: Any = deployment("caused")
    made["metadata"]["annotations"] = {CAUSE: "the first", "team": "shop"}
    here.add(made)
    here.plane.merge(here.path("caused"), {"metadata": {"annotations": {CAUSE: "the second"}}})
    assert dashborion(f"workloads deploy caused --image {BETTER} --wait").exit_code == 0
    told = [one["message"] for one in dashborion("workloads history caused -o json").json]
    assert told[-1] == "the second"

    seen = dashborion("workloads rollback caused --wait")
    assert seen.exit_code == 0, seen.err
    annotations = here.get("caused")["metadata"]["annotations"]
    assert (annotations[CAUSE], annotations["team"]) == (told[0], "shop")


def test_an_environment_variables_value_is_not_shown_by_a_dry_run(
    dashborion: Cli, here: Space
) -> None:
    here.add(deployment("secretive", container(env=[{"name": "KEY", "value": "s3cr3t"}])))
    env = [{"name": "KEY", "value": "0ther-s3cr3t"}]
    here.change_image("secretive", "app", env=env)
    here.plane.wait_for("a second one", lambda: len(history(dashborion, "secretive")) == 2)
    seen = dashborion("workloads rollback secretive --dry-run")
    assert "containers[app].env[KEY].value: (hidden) -> (hidden)" in seen.err
    assert "s3cr3t" not in seen.err + seen.out
