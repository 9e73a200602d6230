"""``workloads continue``, ``abort``, ``pause`` and ``resume`` on a real control plane."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest

from tests.support.api import Manifest
from tests.support.cli import Cli
from tests.support.manifests import container, daemon_set, deployment, image, service, stateful_set
from tests.support.real_namespace import STRATEGY, Space, writes

RESTARTED = "kubectl.kubernetes.io/restartedAt"


def refused(dashborion: Cli, words: str) -> str:
    """What a usage error says."""
    seen = dashborion(f"workloads {words} -o json")
    assert (seen.exit_code, seen.error["code"], seen.out) == (2, "usage", ""), seen.err
    return f"{seen.error['message']}; {seen.error['hint']}"


def the_image(space: Space, name: str, plural: str = "deployments") -> str:
    spec = space.get(name, plural)["spec"]["template"]["spec"]
    return str(spec["containers"][0]["image"])


def pods_of(space: Space, name: str, behaviour: str, tag: str = "2.0") -> int:
    """How many pods have the image."""
    images = [pod["spec"]["containers"][0]["image"] for pod in space.pods(name)]
    return images.count(image(behaviour, tag))


def has_one(space: Space, name: str, tag: str) -> bool:
    return pods_of(space, name, "unready", tag) == 1


def test_a_deployment_that_is_paused_and_goes_on(dashborion: Cli, here: Space) -> None:
    here.add(deployment("held", replicas=2))
    assert dashborion("workloads status held --wait").exit_code == 0

    seen = dashborion("workloads pause held --wait -v -o json")
    assert (seen.exit_code, writes(seen)) == (0, ["PATCH 200"]), seen.err
    assert (seen.json["before"], seen.json["after"]) == ("complete", "paused")
    assert seen.json["rollout"]["state"] == "paused"
    assert "nothing is rolling out: this holds back what is changed" in seen.err
    assert "paused already" in refused(dashborion, "pause held")
    assert here.get("held")["spec"]["paused"] is True

    # Whoever waits is told at once; whoever waits for just that, too.
    told = dashborion("workloads status held -o json")
    nothing = {"hook": None, "stage": None, "expiresAt": None, "onTimeout": None}
    assert (told.json["state"], told.json["waitingFor"]) == ("paused", nothing)
    assert "to go on: dashborion workloads continue deployment/held --wait" in told.err
    waited = dashborion("workloads status held --wait -o json")
    assert (waited.exit_code, waited.error["code"]) == (8, "rollout-pending")
    assert "workloads continue deployment/held" in waited.error["hint"]
    assert dashborion("workloads status held --wait --until paused").exit_code == 0
    assert "direct no traffic" in refused(dashborion, "status held --wait --until shifted")
    assert "has none" in refused(dashborion, "status held --wait --until stage:BAKE_TIME")
    better = f"held --image {image('app', '2.0')}"
    for words in (f"deploy {better} --wait", "restart held --wait"):
        seen = dashborion(f"workloads {words} -o json")
        assert (seen.exit_code, seen.error["code"]) == (1, "refused")
    assert dashborion(f"workloads deploy {better}").exit_code == 0
    assert pods_of(here, "held", "app") == 0

    planned = dashborion("workloads resume held --dry-run")
    assert "its progress deadline begins again" in planned.err
    assert "was changed while it was paused, and rolls out with it" in planned.err
    assert f"{image('app')} -> {image('app', '2.0')}" in planned.err
    seen = dashborion("workloads continue held --wait -o json")
    assert (seen.exit_code, seen.json["rollout"]["state"]) == (0, "complete"), seen.err
    assert pods_of(here, "held", "app") == 2
    assert "it is not paused" in refused(dashborion, "resume held")
    assert "only deployments of ECS" in refused(dashborion, "continue held --hook h1")


def test_an_abort_goes_back_to_what_most_pods_run(dashborion: Cli, here: Space) -> None:
    """Not to the revision before: that one was never ready. One patch, which unpauses, too."""
    here.add(deployment("twice", replicas=3, strategy=STRATEGY, progressDeadlineSeconds=1))
    for tag in ("2.0", "3.0"):
        here.change_image("twice", "unready", tag)
        here.plane.wait_for("its pod", partial(has_one, here, "twice", tag))
    assert dashborion("workloads status twice --wait").exit_code == 7
    assert dashborion("workloads pause twice").exit_code == 0
    told = dashborion("workloads status twice --wait -o json")  # whatever its deadline said before
    assert (told.exit_code, told.json["state"]) == (8, "paused")

    planned = dashborion("workloads abort twice --dry-run -o json").json
    assert (planned["before"], planned["after"]) == ("3", "1")
    seen = dashborion("workloads abort twice --wait -v -o json")

    assert (seen.exit_code, writes(seen)) == (0, ["PATCH 200"]), seen.err
    assert seen.json["rollout"]["state"] == "complete"
    assert the_image(here, "twice") == image("app")
    assert "paused" not in here.get("twice")["spec"]
    assert "no rollout is under way" in (again := refused(dashborion, "abort twice"))
    assert "workloads rollback" in again


def test_an_aborted_restart_replaces_the_pods_once_more(dashborion: Cli, here: Space) -> None:
    """Its pods are ready, but not available for as long as a minute."""
    here.add(deployment("again", strategy=STRATEGY))
    here.merge("again", {"minReadySeconds": 60})
    assert dashborion("workloads restart again").exit_code == 0
    here.plane.wait_for("another pod", lambda: len(here.pods("again")) == 2)

    seen = dashborion("workloads abort again")

    assert seen.exit_code == 0, seen.err
    assert (
        "takes back a restart only: the pods that were replaced are replaced once more" in seen.err
    )
    assert RESTARTED not in str(here.get("again")["spec"]["template"])


@pytest.fixture
def quota(here: Space) -> Iterator[Manifest]:
    """For one pod; the namespace is shared."""
    kind = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "few"}}
    yield kind | {"spec": {"hard": {"pods": "1"}}}
    here.plane.request("DELETE", f"/api/v1/namespaces/{here.name}/resourcequotas/few")


def test_a_way_back_that_fails_is_a_failure(dashborion: Cli, here: Space, quota: Manifest) -> None:
    """What was ended for the new revision does not come back: a quota is in the way."""
    in_place = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}
    here.add(deployment("few", replicas=2, strategy=in_place))
    here.change_image("few", "unready")
    here.plane.wait_for("its pod", partial(has_one, here, "few", "2.0"))
    here.add(quota)

    seen = dashborion("workloads abort few --wait -o json")

    assert (seen.exit_code, seen.error["code"]) == (7, "rollout-failed"), seen.err
    assert "undo it" not in (seen.error["hint"] or "")
    assert the_image(here, "few") == image("app")


def test_a_stateful_set_goes_back_to_its_current_revision(dashborion: Cli, here: Space) -> None:
    """The pod that is not ready is in the way, and named (kubernetes/kubernetes#67250)."""
    here.add(service("db", clusterIP="None"))
    here.add(stateful_set("db", replicas=2))
    broken = {"template": {"spec": {"containers": [container("unready")]}}}
    here.merge("db", broken, "statefulsets")
    here.plane.wait_for("its pod", partial(has_one, here, "db", "1.0"))

    seen = dashborion("workloads abort db -o json")

    assert seen.exit_code == 0, seen.err
    assert the_image(here, "db", "statefulsets") == image("app")
    assert "dashborion instances stop db-1" in seen.err
    here.delete("db-1", "pods")
    assert dashborion("workloads status db --wait").exit_code == 0
    current = here.get("db", "statefulsets")["status"]["currentRevision"]
    assert current.endswith(seen.json["after"])


PARTED: Manifest = {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}


@pytest.mark.parametrize(
    ("manifest", "refusals"),
    [
        pytest.param(
            deployment("never", container("unready")),
            {"abort": "no pod of an older template is ready", "resume": "it is not paused"},
            id="a first rollout",
        ),
        pytest.param(
            stateful_set("parted", updateStrategy=PARTED),
            {
                "continue": "partition holds back the replicas below 1",
                "pause": "and Argo Rollouts can pause",
                "abort": "no rollout is under way",
            },
            id="a partition",
        ),
        pytest.param(
            daemon_set("agent"),
            {
                "continue": "waits for no person",
                "resume": "and Argo Rollouts can resume",
            },
            id="a daemonset",
        ),
    ],
)
def test_what_cannot_be_done_is_told_with_what_can(
    dashborion: Cli, here: Space, manifest: Manifest, refusals: dict[str, str]
) -> None:
    here.add(manifest, settled=manifest["metadata"]["name"] != "never")
    name = manifest["metadata"]["name"]
    for verb, said in refusals.items():
        assert said in refused(dashborion, f"{verb} {name}")
