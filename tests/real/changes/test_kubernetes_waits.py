"""How a wait ends on a real control plane, each end with its exit code and its words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dashborion.engines.rollout import POLL_SECONDS
from tests.real.changes.conftest import become
from tests.support.cli import Cli
from tests.support.manifests import container, deployment
from tests.support.real_namespace import STRATEGY, Space

HUGE = {"requests": {"cpu": "500"}}


@pytest.fixture
def service(here: Space, request: pytest.FixtureRequest) -> str:
    """A deployment of two good pods, one replaced at a time, named after the test."""
    name = f"d{abs(hash(request.node.nodeid)) % 10**8}"
    return here.add(deployment(name, replicas=2, strategy=STRATEGY))


def test_crashes_exit_7_with_reasons_events_and_logs(
    dashborion: Cli, here: Space, service: str
) -> None:
    here.change_image(service, "crash")
    here.plane.wait_for("the kubelet's event", lambda: here.has_event(service, "BackOff"))

    seen = dashborion(f"workloads status {service} --wait")

    assert seen.exit_code == 7
    (error,) = [one for one in seen.err.splitlines() if one.startswith("error: ")]
    assert f"(CrashLoopBackOff) in {service}-" in error
    assert "exited with" in error
    assert "1 of 2 replicas updated" in error
    events = [one for one in seen.err.splitlines() if one.startswith("event: ")]
    assert 0 < len(events) <= 5
    assert any("Back-off restarting failed container" in one for one in events), seen.err
    lines = [one for one in seen.err.splitlines() if one.startswith("log: ")]
    assert [one.rsplit(": ", 1)[-1] for one in lines][-1].startswith(f"line 3 of {service}-")
    assert all(one.endswith("before its restart") for one in lines)
    assert sum(dashborion.slept) < 20


def test_as_many_crashes_as_are_allowed(dashborion: Cli, here: Space, service: str) -> None:
    here.change_image(service, "crash")
    seen = dashborion(f"workloads status {service} --wait --fail-crashes 5 --timeout 6s")
    assert seen.exit_code == 8, "one pod that restarted four times"


@pytest.mark.parametrize(
    ("more", "takes"),
    [("", 20), ("--fail-pull 1s", 2), ("--fail-pull 0", 0)],
    ids=["20s", "1s", "0"],
)
def test_an_image_that_cannot_be_pulled(
    dashborion: Cli, here: Space, service: str, more: str, takes: float
) -> None:
    here.change_image(service, "pull")
    here.plane.wait_for("the failure", lambda: here.is_waiting(service, "ImagePullBackOff"))
    seen = dashborion(f"workloads status {service} --wait {more} -o json")
    assert (seen.exit_code, seen.error["code"]) == (7, "rollout-failed")
    words = f"the image does not exist (ImagePullBackOff) in {service}-"
    assert seen.error["message"].startswith(words)
    assert "example.com/pull:2.0" in seen.error["message"]
    assert takes <= sum(dashborion.slept) <= takes + 2 * POLL_SECONDS


@pytest.mark.parametrize(
    ("more", "takes"), [("", 30), ("--fail-placement 1s", 2)], ids=["30s", "1s"]
)
def test_an_instance_that_finds_no_place(
    dashborion: Cli, here: Space, service: str, more: str, takes: float
) -> None:
    here.change_image(service, "app", resources=HUGE)
    here.plane.wait_for("the scheduler's word", lambda: here.is_unscheduled(service))
    seen = dashborion(f"workloads status {service} --wait {more} -o json")
    assert (seen.exit_code, seen.error["code"]) == (7, "rollout-failed")
    assert f"(Unschedulable) in {service}-" in seen.error["message"]
    assert "Insufficient cpu" in seen.error["message"]
    assert takes <= sum(dashborion.slept) <= takes + 2 * POLL_SECONDS


def test_a_restart_of_what_crashes_fails_by_its_new_pods(dashborion: Cli, here: Space) -> None:
    here.add(deployment("crasher", container("crash"), strategy=STRATEGY), settled=False)
    here.plane.wait_for(
        "it to crash",
        lambda: [p for p in here.pods("crasher") if p["status"].get("containerStatuses")],
    )
    old = here.only_pod("crasher")
    seen = dashborion("workloads restart crasher --wait -o json")
    assert (seen.exit_code, seen.error["code"]) == (7, "rollout-failed")
    assert old not in seen.error["message"]


def test_scaling_counts_only_the_instances_made_after_it(dashborion: Cli, here: Space) -> None:
    """The pod that crashed all along is not the scaling's failure."""
    here.add(deployment("mended", container("oom")))
    seen = dashborion("workloads scale mended -r 1 --wait")
    assert seen.exit_code == 0, seen.err
    here.add(deployment("broken", container("crash"), replicas=2), settled=False)
    here.plane.wait_for("it to crash", lambda: here.pods("broken"))
    seen = dashborion("workloads scale broken -r 1 --wait --timeout 3s")
    assert seen.exit_code == 8, seen.err


def somebody_changes(here: Space, name: str) -> None:
    here.change_image(name, "unready", "3.0")


def somebody_pauses(here: Space, name: str) -> None:
    here.merge(name, {"paused": True})


def somebody_deletes(here: Space, name: str) -> None:
    here.delete(name)
    here.plane.wait_for("it to be gone", lambda: here.is_gone(name, "deployments"))


def somebody_replaces(here: Space, name: str) -> None:
    somebody_deletes(here, name)
    here.add(deployment(name), settled=False)


@pytest.mark.parametrize(
    ("happens", "code", "error", "words"),
    [
        pytest.param(somebody_changes, 7, "superseded", "newer change", id="superseded"),
        pytest.param(somebody_pauses, 8, "rollout-pending", "paused", id="paused"),
        pytest.param(somebody_deletes, 7, "deleted", "deleted or replaced", id="deleted"),
        pytest.param(somebody_replaces, 7, "deleted", "deleted or replaced", id="replaced"),
    ],
)
def test_a_change_by_somebody_else_ends_the_wait(
    dashborion: Cli,
    here: Space,
    service: str,
    happens: Callable[[Space, str], None],
    code: int,
    error: str,
    words: str,
) -> None:
    here.change_image(service, "unready")
    dashborion.steps = [lambda: None, lambda: happens(here, service)]
    seen = dashborion(f"workloads restart {service} --wait -o json")
    assert (seen.exit_code, seen.error["code"]) == (code, error)
    assert words in seen.error["message"]


def test_a_deletion_under_way_ends_the_wait(dashborion: Cli, here: Space) -> None:
    """Bug: an object that is being deleted (a finalizer, --cascade=foreground) is waited for."""
    manifest = deployment("leaving", container("unready"))
    manifest["metadata"]["finalizers"] = ["example.com/wait"]
    here.add(manifest, settled=False)
    dashborion.steps = [lambda: here.delete("leaving")]
    seen = dashborion("workloads status leaving --wait --timeout 10s -o json")
    here.plane.merge(here.path("leaving"), {"metadata": {"finalizers": None}})
    assert (seen.exit_code, seen.error["code"]) == (7, "deleted")


def test_replicas_set_by_somebody_else_supersede_scaling(dashborion: Cli, here: Space) -> None:
    here.add(deployment("contested", container("unready")), settled=False)
    dashborion.steps = [lambda: here.merge("contested", {"replicas": 4})]
    seen = dashborion("workloads scale contested -r 2 --wait -o json")
    assert (seen.exit_code, seen.error["code"]) == (7, "superseded")
    assert "4" in seen.error["message"]


def test_the_timeout_exits_8_and_says_how_far_it_came(
    dashborion: Cli, here: Space, service: str
) -> None:
    here.change_image(service, "unready")
    here.plane.wait_for(
        "a pod of the new revision",
        lambda: here.get(service)["status"].get("updatedReplicas") == 1,
    )
    seen = dashborion(f"workloads status {service} --wait --timeout 5s -o json")
    assert (seen.exit_code, seen.error["code"]) == (8, "rollout-pending")
    assert "not finished after 5 seconds: 1 of 2 replicas updated" in seen.error["message"]
    assert "status" in seen.error["hint"]
    assert sum(dashborion.slept) == 5


def test_a_deadline_of_the_deployments_own_is_a_failure(dashborion: Cli, here: Space) -> None:
    here.add(deployment("overdue", container("unready"), progressDeadlineSeconds=1), settled=False)
    seen = dashborion("workloads status overdue --wait -o json")
    assert (seen.exit_code, seen.error["code"]) == (7, "rollout-failed")
    assert "timed out progressing" in seen.error["message"]


def test_a_missing_permission_for_pods_is_warned_of_once(
    dashborion: Cli, here: Space, service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bug: every look warns again, 300 times in ten minutes."""
    here.change_image(service, "unready")
    here.allow("nobody", {"apps": ["deployments", "replicasets"], "": ["events"]})
    become(here, "nobody", tmp_path, monkeypatch)
    seen = dashborion(f"workloads status deployment/{service} --wait --timeout 10s")
    assert seen.exit_code == 8
    assert seen.err.count('cannot list resource "pods"') == 1
