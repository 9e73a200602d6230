"""``workloads restart``, ``workloads status`` and ``instances stop`` on a real control plane."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dashborion.orchestrators.kubernetes.deploy import RESTARTED_AT
from tests.support.api import ApiError
from tests.support.cli import Cli
from tests.support.manifests import daemon_set, deployment, service, stateful_set
from tests.support.real_namespace import Space, writes

ROLLING = {  # what no Deployment has but its strategy
    **dict.fromkeys(("stage", "traffic", "bakeUntil", "waitingFor")),
    "strategy": "rolling",
}
NOW = datetime(2026, 5, 1, 12, 0, 0, 999, tzinfo=UTC)


def stamp_of(space: Space, name: str, plural: str = "deployments") -> str | None:
    template = space.get(name, plural)["spec"]["template"]
    found: str | None = template["metadata"].get("annotations", {}).get(RESTARTED_AT)
    return found


def test_a_restart_is_kubectls_annotation_and_nothing_else(dashborion: Cli, here: Space) -> None:
    here.add(deployment("plain"))
    before = here.get("plain")["spec"]
    dashborion.moment = NOW

    seen = dashborion("workloads restart plain -v")

    assert (seen.exit_code, writes(seen)) == (0, ["PATCH 200"])
    assert seen.err.splitlines()[-1] != ""
    after = here.get("plain")["spec"]
    assert after["template"]["metadata"].pop("annotations") == {
        RESTARTED_AT: "2026-05-01T12:00:00Z"
    }
    before["template"]["metadata"].pop("annotations", None)
    assert after == before


@pytest.mark.parametrize(
    ("manifest", "plural"),
    [
        (deployment("good", replicas=2), "deployments"),
        (stateful_set("good-db", replicas=2), "statefulsets"),
        (daemon_set("good-agent"), "daemonsets"),
    ],
    ids=["deployment", "statefulset", "daemonset"],
)
def test_a_restart_exits_0_when_all_pods_are_new(
    dashborion: Cli, here: Space, manifest: dict[str, object], plural: str
) -> None:
    if plural == "statefulsets":
        here.add(service("good-db", clusterIP="None"))
    name = here.add(manifest)
    before = {one["metadata"]["uid"] for one in here.pods(name)}

    seen = dashborion(f"workloads restart {name} --wait -o json")

    assert seen.exit_code == 0, seen.err
    assert seen.json["rollout"]["state"] == "complete"
    after = {one["metadata"]["uid"] for one in here.pods(name)}
    assert len(after) == len(before)
    assert not after & before


def test_two_restarts_within_a_second_are_one_with_a_note(dashborion: Cli, here: Space) -> None:
    here.add(deployment("twice"))
    dashborion.moment = NOW
    assert dashborion("workloads restart twice --wait").exit_code == 0
    seen = dashborion("workloads restart twice -o json")
    assert (seen.exit_code, seen.error["code"], seen.out) == (1, "conflict", "")
    assert "this very second" in seen.error["message"]


@pytest.mark.parametrize("more", ["", "--dry-run"])
def test_a_paused_deployment_is_not_restarted(dashborion: Cli, here: Space, more: str) -> None:
    """Bug: with --dry-run it says that it would."""
    here.add(deployment("paused", paused=True), settled=False)
    seen = dashborion(f"workloads restart paused {more} -o json")
    assert (seen.exit_code, seen.out) == (1, "")
    assert seen.error["code"] == "refused"
    assert "workloads resume" in seen.error["message"]
    assert stamp_of(here, "paused") is None


def test_a_paused_deployment_can_be_scaled_and_waited_for(dashborion: Cli, here: Space) -> None:
    """Bug: pausing stops new revisions, not scaling, but the wait ends as paused at once."""
    here.add(deployment("still"))
    here.merge("still", {"paused": True})
    seen = dashborion("workloads scale still -r 3 --wait")
    assert here.replicas("still") == 3
    assert seen.exit_code == 0, seen.err
    assert here.get("still")["status"]["readyReplicas"] == 3


def test_ondelete_is_told_that_nothing_is_replaced_and_the_wait_ends_at_once(
    dashborion: Cli, here: Space
) -> None:
    here.add(service("keeps", clusterIP="None"))
    here.add(stateful_set("keeps", updateStrategy={"type": "OnDelete"}))
    seen = dashborion("workloads restart keeps --wait")
    assert seen.exit_code == 0
    assert "OnDelete: no pod is replaced until somebody deletes it" in seen.err
    assert dashborion.slept == []
    assert stamp_of(here, "keeps", "statefulsets") is not None

    here.plane.wait_for(
        "the controller to see it",
        lambda: (
            here.get("keeps", "statefulsets")["status"]["updateRevision"]
            != here.get("keeps", "statefulsets")["status"]["currentRevision"]
        ),
    )
    seen = dashborion("workloads status keeps --wait")
    assert (seen.exit_code, dashborion.slept) == (8, [])
    assert "OnDelete: 1 pods keep the old revision" in seen.err


def test_a_dry_run_restarts_nothing(dashborion: Cli, here: Space) -> None:
    here.add(deployment("dry"))
    seen = dashborion("workloads restart dry --dry-run --wait -v")
    assert (seen.exit_code, writes(seen)) == (0, [])
    assert "would restart deployment/dry" in seen.err
    assert stamp_of(here, "dry") is None


def test_a_change_is_printed_with_all_its_fields(dashborion: Cli, here: Space) -> None:
    here.add(deployment("shown"))
    seen = dashborion("workloads restart shown --wait -o json")
    assert seen.json == {
        "action": "restart",
        "project": None,
        "environment": "k8s:real",
        "namespace": here.name,
        "workload": "shown",
        "instance": None,
        "before": "1",
        "after": "2",
        "dryRun": False,
        "rollout": {
            "state": "complete",
            "revision": "2",
            "message": "1 of 1 available",
            "causes": None,
            **ROLLING,
        },
        "type": "k8s-deployment",
        "seconds": seen.json["seconds"],
        "revisions": None,
        "managedBy": None,
        "outcome": "done",
        "error": None,
    }
    assert seen.json["seconds"] >= 0


def test_status_of_a_finished_rollout(dashborion: Cli, here: Space) -> None:
    here.add(deployment("settled"))
    for more in ("", "--wait"):
        seen = dashborion(f"workloads status settled {more} -o json")
        assert seen.exit_code == 0
        assert seen.json == {
            "project": None,
            "environment": "k8s:real",
            "namespace": here.name,
            "workload": "settled",
            "type": "k8s-deployment",
            "state": "complete",
            "revision": "1",
            "message": None,
            "causes": None,
            **ROLLING,
        }


# --- Instances ----------------------------------------------------------------------------------


def test_one_instance_is_stopped_and_its_workload_starts_another(
    dashborion: Cli, here: Space
) -> None:
    here.add(deployment("stoppable"))
    pod = here.only_pod("stoppable")

    seen = dashborion(f"instances stop {pod} -o json -v")

    assert (seen.exit_code, writes(seen)) == (0, ["DELETE 200"])
    assert seen.json == {
        "action": "stop",
        "project": None,
        "environment": "k8s:real",
        "namespace": here.name,
        "workload": "stoppable",
        "instance": pod,
        "before": "running",
        "after": "terminating",
        "dryRun": False,
        "rollout": None,
        "type": None,
        "seconds": None,
        "revisions": None,
        "managedBy": None,
        "outcome": "done",
        "error": None,
    }
    here.plane.wait_for("it to be gone", lambda: here.is_gone(pod, "pods"))
    here.plane.wait_for("another one", lambda: len(here.pods("stoppable")) == 1)


def test_a_unique_prefix_names_an_instance_and_an_ambiguous_one_none(
    dashborion: Cli, here: Space
) -> None:
    here.add(deployment("many", replicas=2))
    seen = dashborion("instances stop many- -o json -v")
    assert (seen.exit_code, writes(seen), len(here.pods("many"))) == (2, [], 2)
    assert seen.error["code"] == "ambiguous"
    one = here.pods("many")[0]["metadata"]["name"]
    assert dashborion(f"instances stop {one[:-1]}").exit_code == 0


def test_another_pod_of_the_same_name_is_left_alone(
    dashborion: Cli, here: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A StatefulSet's pod comes back under its name between the look and the stop."""
    here.add(service("again", clusterIP="None"))
    here.add(stateful_set("again"))
    first = here.get("again-0", "pods")["metadata"]["uid"]

    def meanwhile(*_: object) -> None:
        here.delete("again-0", "pods")
        here.plane.wait_for("it to come back", lambda: uid() not in (None, first))

    def uid() -> str | None:
        try:
            return str(here.get("again-0", "pods")["metadata"]["uid"])
        except ApiError:
            return None  # gone, not yet back

    monkeypatch.setattr("dashborion.engines.changes.Changer.announce", meanwhile)
    seen = dashborion("instances stop again-0 -o json")
    assert (seen.exit_code, seen.error["code"], seen.out) == (1, "conflict", "")
    assert uid() not in (None, first)


@pytest.mark.parametrize(
    ("words", "code"), [("no-such-pod", 3), ("stays --dry-run", 0)], ids=["unknown", "dry run"]
)
def test_an_unclear_name_stops_nothing(dashborion: Cli, here: Space, words: str, code: int) -> None:
    here.add(deployment("stays"))
    seen = dashborion(f"instances stop {words} -v")
    assert (seen.exit_code, writes(seen), len(here.pods("stays"))) == (code, [], 1)
