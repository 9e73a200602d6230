"""A change that meets a bad server: sent once, unless nothing can have been applied."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import Cli
from tests.support.kubeconfigs import RENEWED, TOKEN, Plugin, credential
from tests.support.misbehaviour import Fault, body, cut, drop, hang, page, reset, status
from tests.support.stub_api import Api
from tests.support.stub_changes import SCALE, WEB, changed, point_at, take_all_methods, unfinished
from tests.support.stub_objects import deployment
from tests.support.waiting import PATIENCE_SECONDS

RESTART = "workloads restart deployment/web"
STOP = "instances stop web-1"
POD = "/api/v1/namespaces/default/pods/web-1"

# A command, where it writes to, and how often it reads the same path before.
CHANGES = [
    pytest.param(SCALE, f"{WEB}/scale", 0, id="scale"),
    pytest.param(RESTART, WEB, 1, id="restart"),
    pytest.param(STOP, POD, 1, id="stop"),
]


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    take_all_methods(monkeypatch)
    with Api() as server:
        point_at(server, tmp_path, monkeypatch)
        yield server


def answered(api: Api, path: str) -> None:
    """From now on the change succeeds."""
    manifest = deployment("web")
    manifest["metadata"]["generation"] = 2
    api.on(path, body(manifest))


@pytest.mark.parametrize(("command", "path", "reads"), CHANGES)
@pytest.mark.parametrize(
    "fault",
    [status(500, "etcdserver: request timed out"), status(503), page(502), page(504), reset, drop,
     cut, body(b"not JSON at all")],
    ids=["500", "503", "502", "504", "reset", "dropped", "cut", "garbled"],
)  # fmt: skip
def test_an_answer_that_is_lost_may_have_been_applied_and_is_not_asked_for_twice(
    dashborion: Cli, api: Api, command: str, path: str, reads: int, fault: Fault
) -> None:
    api.on(path, fault, after=reads)
    seen = dashborion(f"{command} -o json")
    assert (seen.exit_code, seen.error["code"], seen.out) == (6, "maybe-applied", ""), seen.err
    assert "may have been applied" in seen.error["message"]
    assert "look before" in seen.error["hint"]
    assert len(changed(api)) == 1


@pytest.mark.parametrize("found", [{}, {"kind": "Status"}, {"spec": None}, [], None], ids=repr)
@pytest.mark.parametrize("more", ["", "--wait"])
def test_an_answer_that_is_not_the_object_may_have_been_applied(
    dashborion: Cli, api: Api, found: Any, more: str
) -> None:
    api.on(WEB, body(found), after=1)
    seen = dashborion(f"{RESTART} {more} -o json")
    assert (seen.exit_code, seen.error["code"], seen.out) == (6, "maybe-applied", "")
    assert len(changed(api)) == 1


def test_no_answer_at_all_may_have_been_applied(dashborion: Cli, api: Api) -> None:
    dashborion.read_seconds = 0.7
    api.on(f"{WEB}/scale", hang)
    seen = dashborion(f"{SCALE} --wait -o json")
    assert (seen.exit_code, seen.error["code"], len(changed(api))) == (6, "maybe-applied", 1)


@pytest.mark.parametrize(("command", "path", "reads"), CHANGES)
def test_a_throttled_change_is_sent_again(
    dashborion: Cli, api: Api, command: str, path: str, reads: int
) -> None:
    api.on(path, status(429, "slow down", headers={"Retry-After": "1"}), times=2, after=reads)
    api.on(path, status(429, "slow down"), times=1, after=reads)
    if command is not STOP:
        api.on(path, body({"metadata": {"generation": 2}, "spec": {"template": {}}}), after=reads)
    seen = dashborion(command)
    assert (seen.exit_code, len(changed(api))) == (0, 4), seen.err
    assert dashborion.slept[:2] == [1.0, 1.0]
    assert len({one.path for one in changed(api)}) == 1


def test_throttling_that_does_not_end_ends_with_6(dashborion: Cli, api: Api) -> None:
    api.on(f"{WEB}/scale", status(429, "slow down"))
    seen = dashborion(f"{SCALE} -o json")
    assert (seen.exit_code, seen.error["code"], len(changed(api))) == (6, "throttled", 5)


def test_a_token_that_is_not_accepted_is_renewed_once(
    dashborion: Cli, api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin = Plugin.write(tmp_path / "log-in", credential(TOKEN), credential(RENEWED))
    point_at(api, tmp_path, monkeypatch, user=plugin.user)
    api.on(f"{WEB}/scale", status(401, "Unauthorized"), times=1)
    answered(api, f"{WEB}/scale")
    assert dashborion(SCALE).exit_code == 0
    tokens = [one.headers["authorization"] for one in changed(api)]
    assert (tokens, plugin.runs) == ([f"Bearer {TOKEN}", f"Bearer {RENEWED}"], 2)


def test_credentials_that_are_refused_after_renewal_exit_4(
    dashborion: Cli, api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin = Plugin.write(tmp_path / "log-in", credential(TOKEN), credential(RENEWED))
    point_at(api, tmp_path, monkeypatch, user=plugin.user)
    api.on(f"{WEB}/scale", status(401, "Unauthorized"))
    seen = dashborion(f"{SCALE} -o json")
    assert (seen.exit_code, seen.error["code"], len(changed(api))) == (4, "credentials", 2)


@pytest.mark.parametrize(("command", "path", "reads"), CHANGES)
@pytest.mark.parametrize(
    ("fault", "code", "error"),
    [
        (status(403, "you may not"), 4, "forbidden"),
        (status(404, "not found"), 3, "not-found"),
        (status(409, "the object has been modified"), 1, "conflict"),
        (status(400, "what is that"), 2, "usage"),
    ],
    ids=["403", "404", "409", "400"],
)
def test_a_refusal_is_final(
    dashborion: Cli,
    api: Api,
    command: str,
    path: str,
    reads: int,
    fault: Fault,
    code: int,
    error: str,
) -> None:
    api.on(path, fault, after=reads, times=1)
    seen = dashborion(f"{command} -o json")
    assert (seen.exit_code, seen.error["code"], seen.out) == (code, error, "")
    assert len(changed(api)) == 1


HOOK = 'admission webhook "policy.example.com" denied the request: replicas must be odd'


@pytest.mark.parametrize(
    ("number", "said"),
    [
        pytest.param(422, 'Scale "web" is invalid: spec.replicas: must be odd', id="validation"),
        pytest.param(422, HOOK, id="webhook 422"),
        pytest.param(400, HOOK, id="webhook 400, which is what they say unless told"),
        pytest.param(403, HOOK, id="webhook 403"),
    ],
)
def test_a_rejection_by_validation_or_a_webhook_is_refused(
    dashborion: Cli, api: Api, number: int, said: str
) -> None:
    """Bug: called a conflict, wrong usage, or a lack of rights."""
    api.on(f"{WEB}/scale", status(number, said), times=1)
    seen = dashborion(f"{SCALE} -o json")
    assert (seen.exit_code, seen.error["code"], seen.out) == (1, "refused", "")
    assert seen.error["message"] == said


@pytest.mark.parametrize(
    "said",
    [
        "the server rejected our request due to an error in our request",
        "testing value /spec/replicas failed: test failed",
    ],
    ids=["the API server", "the patch library"],
)
def test_a_failed_test_of_a_patch_is_a_conflict(dashborion: Cli, api: Api, said: str) -> None:
    api.on(f"{WEB}/scale", status(422, said), times=1)
    seen = dashborion(f"{SCALE} -o json")
    assert (seen.exit_code, seen.error["code"], seen.out) == (1, "conflict", "")


# --- Looks --------------------------------------------------------------------------------------


def test_throttling_and_lost_connections_during_the_wait_are_ridden_out(
    dashborion: Cli, api: Api
) -> None:
    api.objects["deployments"] = [unfinished()]
    api.on(WEB, status(429, "slow down"), after=1, times=5)
    api.on(WEB, reset, after=1, times=5)
    done = deployment("web")
    done["status"]["conditions"] = []
    api.on(WEB, body(done), after=1)
    seen = dashborion("workloads status deployment/web --wait")
    assert seen.exit_code == 0, seen.err
    assert "asking again: " in seen.err


def crashing(revision: str) -> dict[str, list[dict[str, Any]]]:
    """A pod of that revision that has restarted four times, and its ReplicaSet."""
    owned = {"controller": True, "apiVersion": "apps/v1"}
    web = owned | {"kind": "Deployment", "name": "web", "uid": "uid-of-default-web"}
    made = owned | {"kind": "ReplicaSet", "name": "web-1", "uid": "rs"}
    labels = {"app": "web"}
    common = {"namespace": "default", "labels": labels}
    numbered = {"deployment.kubernetes.io/revision": revision}
    waits = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}}
    state = {"name": "main", "ready": False, "restartCount": 4, "state": waits}
    replicaset = {"name": "web-1", "uid": "rs", "annotations": numbered, "ownerReferences": [web]}
    pod = {"name": "web-1-x", "uid": "pod", "ownerReferences": [made]}
    return {
        "replicasets": [{"metadata": common | replicaset}],
        "pods": [
            {
                "metadata": common | pod,
                "spec": {"containers": [{"name": "main"}]},
                "status": {"phase": "Running", "containerStatuses": [state]},
            }
        ],
    }


def test_a_crash_of_the_newest_revision_is_its_failure(dashborion: Cli, api: Api) -> None:
    api.objects |= {"deployments": [unfinished()], **crashing("1")}
    seen = dashborion("workloads status deployment/web --wait --timeout 0")
    assert seen.exit_code == 7, seen.err


def test_a_crash_of_the_revision_before_is_not_the_fault_of_one_that_was_not_observed_yet(
    dashborion: Cli, api: Api
) -> None:
    """Bug: until the controller has looked, the newest revision's number is the old one's."""
    api.objects |= {"deployments": [unfinished(generation=2)], **crashing("1")}
    seen = dashborion("workloads status deployment/web --wait --timeout 0")
    assert seen.exit_code == 8, seen.err


def test_the_timeout_is_kept_although_the_api_says_nothing(dashborion: Cli, api: Api) -> None:
    """Bug: a look takes a read's whole minute, whatever --timeout says."""
    dashborion.ticking = True
    api.objects["deployments"] = [unfinished()]
    api.on(WEB, hang, after=1)
    seen = dashborion("workloads status deployment/web --wait --timeout 0.5")
    assert seen.exit_code == 8, seen.err
    assert dashborion.took < PATIENCE_SECONDS / 2
