"""``workloads scale`` on a real control plane."""

from __future__ import annotations

import pytest

from dashborion.models.instance import Instance
from tests.support.cli import Cli
from tests.support.manifests import autoscaler, daemon_set, deployment, service, stateful_set
from tests.support.real_namespace import Space, writes


@pytest.fixture(scope="module")
def small(space: Space) -> str:
    return space.add(deployment("small"))


@pytest.fixture(scope="module")
def bounded(space: Space) -> str:
    """Under a HorizontalPodAutoscaler."""
    name = space.add(deployment("bounded", replicas=2))
    space.add(autoscaler(name, low=2, high=4))
    return name


@pytest.fixture(scope="module")
def contested(space: Space) -> str:
    """Under two HorizontalPodAutoscalers, whose controller has seen that they are two."""
    name = space.add(deployment("contested", replicas=3))
    for scaler, low, high in (("first", 1, 9), ("second", 3, 4)):
        manifest = autoscaler(name, low=low, high=high)
        manifest["metadata"]["name"] = scaler
        space.add(manifest)
    path = f"/apis/autoscaling/v1/namespaces/{space.name}/horizontalpodautoscalers"
    space.plane.wait_for(
        "autoscalers that are told apart",
        lambda: "AmbiguousSelector" in str(space.plane.request("GET", path)),
    )
    return name


@pytest.mark.parametrize("replicas", [3, 0, 1], ids=["up", "to nothing", "up again"])
def test_a_deployment_is_scaled_and_waited_for(
    dashborion: Cli, here: Space, small: str, replicas: int
) -> None:
    before = here.replicas(small)

    seen = dashborion(f"workloads scale {small} -r {replicas} --wait -o json -v")

    assert (seen.exit_code, here.replicas(small)) == (0, replicas), seen.err
    assert (seen.json["before"], seen.json["after"]) == (before, replicas)
    assert seen.json["rollout"]["state"] == "complete"
    assert len(here.pods(small)) == replicas
    assert len(writes(seen)) == 1


@pytest.mark.parametrize("replicas", [2, 5], ids=["below the second's", "above the second's"])
def test_of_two_autoscalers_the_strictest_bounds_guard(
    dashborion: Cli, here: Space, contested: str, replicas: int
) -> None:
    seen = dashborion(f"workloads scale {contested} -r {replicas} -o json")
    assert (seen.exit_code, here.replicas(contested)) == (1, 3)
    both = "horizontalpodautoscaler/first, horizontalpodautoscaler/second"
    assert f"{both} keep it between 3 and 4" in seen.error["message"]


def test_two_autoscalers_are_both_described_with_what_their_controller_says(
    dashborion: Cli, here: Space, contested: str
) -> None:
    found = dashborion(f"workloads describe {contested} -o json").json
    both = "horizontalpodautoscaler/first, horizontalpodautoscaler/second"
    scaling = found["autoscaling"]
    assert (scaling["source"], scaling["min"], scaling["max"]) == (both, 3, 4)
    (reason,) = [one for one in found["reasons"] if one["reason"] == "AmbiguousSelector"]
    assert "controlled by more than one HPA" in reason["message"]
    assert f"Autoscaler:  {both}: 3 to 4" in dashborion(f"workloads describe {contested}").out


def test_scaling_patches_the_scale_subresource_once(
    dashborion: Cli, here: Space, small: str
) -> None:
    seen = dashborion(f"workloads scale {small} -r 3 -v")
    assert (seen.exit_code, writes(seen)) == (0, ["PATCH 200"])
    assert f"PATCH {here.path(small)}/scale 200" in seen.err


def test_the_change_is_announced_with_its_namespace(
    dashborion: Cli, here: Space, small: str
) -> None:
    before = here.replicas(small)
    seen = dashborion(f"workloads scale deployment/{small} -r 2")
    said = f"scale deployment/{small} in namespace {here.name} from {before} to 2 replicas"
    assert f"{said} in k8s:real" in seen.err.splitlines()


def test_a_statefulset_is_scaled_too(dashborion: Cli, here: Space) -> None:
    here.add(service("db", clusterIP="None"))
    here.add(stateful_set("db"))
    seen = dashborion("workloads scale db -r 2 --wait")
    assert (seen.exit_code, here.replicas("db", "statefulsets")) == (0, 2), seen.err


def test_an_ondelete_statefulset_that_is_scaled_is_waited_for(dashborion: Cli, here: Space) -> None:
    """Bug: OnDelete is about restarts, but `finish` takes it for a reason not to wait at all."""
    here.add(service("slow", clusterIP="None"))
    here.add(stateful_set("slow", updateStrategy={"type": "OnDelete"}))
    seen = dashborion("workloads scale slow -r 3 --wait -o json")
    assert seen.exit_code == 0
    assert seen.json["rollout"] is not None
    assert here.get("slow", "statefulsets")["status"].get("readyReplicas") == 3


@pytest.mark.parametrize("current", [2, 0], ids=["fewer than that", "more than that"])
def test_a_precondition_that_does_not_hold_is_a_conflict_and_changes_nothing(
    dashborion: Cli, here: Space, current: int
) -> None:
    here.add(deployment("exact", replicas=1))
    seen = dashborion(f"workloads scale exact -r 5 --current {current} -o json")
    assert (seen.exit_code, seen.error["code"], seen.out) == (1, "conflict", "")
    assert seen.error["message"] == f"exact has 1 replicas, not {current}"
    assert here.replicas("exact") == 1


def test_a_precondition_that_holds(dashborion: Cli, here: Space) -> None:
    here.add(deployment("exactly"))
    assert dashborion("workloads scale exactly -r 2 --current 1").exit_code == 0
    assert here.replicas("exactly") == 2


def test_the_api_itself_checks_the_precondition(
    dashborion: Cli, here: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody scales between our look and our change."""
    here.add(deployment("raced"))

    def meanwhile(*_: object) -> list[Instance]:
        here.merge("raced", {"replicas": 4})
        return []

    monkeypatch.setattr("dashborion.orchestrators.kubernetes.progress.members", meanwhile)
    seen = dashborion("workloads scale raced -r 2 --current 1 -o json")
    assert (seen.exit_code, seen.error["code"]) == (1, "conflict")
    assert seen.error["message"] == "raced has 4 replicas, not 1"
    assert here.replicas("raced") == 4


def test_a_workload_replaced_under_its_name_is_left_alone(
    dashborion: Cli, here: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.add(deployment("reborn"))

    def meanwhile(*_: object) -> list[Instance]:
        here.delete("reborn")
        here.plane.wait_for("it to be gone", lambda: here.is_gone("reborn", "deployments"))
        here.add(deployment("reborn"), settled=False)
        return []

    monkeypatch.setattr("dashborion.orchestrators.kubernetes.progress.members", meanwhile)
    seen = dashborion("workloads scale reborn -r 3 -o json")
    assert (seen.exit_code, seen.error["code"]) == (1, "conflict")
    assert "deleted or replaced" in seen.error["message"]
    assert here.replicas("reborn") == 1


def test_an_autoscalers_bounds_are_told(dashborion: Cli, here: Space, bounded: str) -> None:
    seen = dashborion(f"workloads scale {bounded} -r 3")
    assert seen.exit_code == 0
    assert "between 2 and 4 and may change it again" in seen.err


@pytest.mark.parametrize("replicas", [1, 5, 0], ids=["below", "above", "zero"])
def test_counts_outside_the_autoscalers_bounds_are_refused(
    dashborion: Cli, here: Space, bounded: str, replicas: int
) -> None:
    before = here.replicas(bounded)
    seen = dashborion(f"workloads scale {bounded} -r {replicas} -o json")
    assert (seen.exit_code, seen.error["code"]) == (1, "refused")
    assert "between 2 and 4" in seen.error["message"]
    assert "--force" in seen.error["hint"]
    assert here.replicas(bounded) == before


def test_force_scales_outside_the_autoscalers_bounds(dashborion: Cli, here: Space) -> None:
    here.add(deployment("forced", replicas=2))
    here.add(autoscaler("forced", low=2, high=4))
    seen = dashborion("workloads scale forced -r 5 --force -v")
    assert (seen.exit_code, writes(seen)) == (0, ["PATCH 200"])


@pytest.mark.parametrize("more", ["", "--dry-run", "--force"])
def test_a_daemonset_has_no_replicas_to_set(dashborion: Cli, here: Space, more: str) -> None:
    here.add(daemon_set("agent"))
    seen = dashborion(f"workloads scale agent -r 3 {more} -o json")
    assert (seen.exit_code, seen.error["code"], seen.out) == (1, "refused", "")
    assert "every node" in seen.error["message"]


def test_a_dry_run_sends_nothing_that_changes(dashborion: Cli, here: Space, small: str) -> None:
    before = here.get(small)["metadata"]["generation"]
    seen = dashborion(f"workloads scale {small} -r 9 --dry-run --wait -v")
    assert (seen.exit_code, writes(seen)) == (0, [])
    assert "would scale" in seen.err
    assert "9" in seen.out
    assert here.get(small)["metadata"]["generation"] == before


def test_changing_a_workload_under_deletion_is_refused(dashborion: Cli, here: Space) -> None:
    manifest = deployment("going")
    manifest["metadata"]["finalizers"] = ["example.com/wait"]
    here.add(manifest)
    here.delete("going")
    for command in ("scale going -r 3", "restart going"):
        seen = dashborion(f"workloads {command} -o json")
        assert (seen.exit_code, seen.error["code"]) == (1, "refused")
        assert "being deleted" in seen.error["message"]
    here.plane.merge(here.path("going"), {"metadata": {"finalizers": None}})


def test_changes_by_a_viewer_exit_4(
    dashborion: Cli, as_viewer: None, here: Space, small: str
) -> None:
    before = here.replicas(small)
    for command in (f"scale deployment/{small} -r 7", f"restart deployment/{small}"):
        seen = dashborion(f"workloads {command} -o json")
        assert (seen.exit_code, seen.error["code"], seen.out) == (4, "forbidden", "")
        assert "viewer" in seen.error["message"]
    assert here.replicas(small) == before


@pytest.mark.parametrize(
    ("words", "code"),
    [
        pytest.param("nothing-here -r 1", 3, id="no such workload"),
        pytest.param("small -r -1", 2, id="a negative count"),
        pytest.param("small -r 2147483648", 2, id="more than 32 bits"),
        pytest.param("small", 2, id="no count"),
        pytest.param("small -r 1 --timeout x", 2, id="no duration"),
        pytest.param("'' -r 1", 2, id="an empty name"),
    ],
)
def test_an_impossible_scale_sends_nothing(
    dashborion: Cli, here: Space, small: str, words: str, code: int
) -> None:
    seen = dashborion(f"workloads scale {words} -v")
    assert (seen.exit_code, writes(seen)) == (code, [])
