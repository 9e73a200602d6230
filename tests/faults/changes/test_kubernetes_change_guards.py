"""The flags of the user's own file follow a context, and a name stands for one object."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import Cli, Keyboard
from tests.support.misbehaviour import status
from tests.support.stub_api import Api
from tests.support.stub_changes import SCALE, WEB, changed, point_at, take_all_methods
from tests.support.stub_objects import deployment, metadata, statefulset

DEPLOY = "workloads deploy deployment/web --image example.com/web:2"
COMMANDS = [SCALE, "workloads restart deployment/web", "instances stop web-1", DEPLOY]


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    take_all_methods(monkeypatch)
    with Api() as server:
        point_at(server, tmp_path, monkeypatch)
        server.objects["namespaces"].append({"metadata": metadata("other", None)})
        yield server


def own_file(home: Path, flags: str) -> None:
    path = home / ".config" / "dashborion" / "config.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(
        f"environments:\n  prod: {{orchestrator: kubernetes, context: here, {flags}}}\n"
    )


def folder_file() -> None:
    text = "environments:\n  mine: {orchestrator: kubernetes, context: here, read_only: false}\n"
    Path("dashborion.yaml").write_text(text)


@pytest.mark.parametrize("command", COMMANDS, ids=["scale", "restart", "stop", "deploy"])
@pytest.mark.parametrize("environment", ["prod", "k8s:here", "k8s:here/default", "mine"])
def test_read_only_follows_the_context(
    dashborion: Cli, api: Api, home: Path, command: str, environment: str
) -> None:
    own_file(home, "read_only: true")
    if environment == "mine":
        folder_file()
    seen = dashborion(f"{command} -e {environment} -o json")
    assert (seen.exit_code, seen.error["code"], seen.out) == (1, "refused", "")
    assert changed(api) == []


@pytest.mark.parametrize("command", COMMANDS, ids=["scale", "restart", "stop", "deploy"])
@pytest.mark.parametrize("environment", ["prod", "k8s:here", "mine"])
def test_protected_follows_it_too(
    dashborion: Cli, api: Api, home: Path, command: str, environment: str
) -> None:
    own_file(home, "protected: true")
    if environment == "mine":
        folder_file()
    assert dashborion(f"{command} -e {environment}").exit_code == 2
    dashborion.keyboard = Keyboard("n\n")
    assert dashborion(f"{command} -e {environment}", tty=True).exit_code == 1
    assert changed(api) == []


def test_a_name_of_two_kinds_changes_neither(dashborion: Cli, api: Api) -> None:
    api.objects["statefulsets"].append(statefulset("web"))
    seen = dashborion("workloads restart web -o json")
    assert (seen.exit_code, seen.error["code"], changed(api)) == (2, "ambiguous", [])
    assert "default/statefulset/web" in seen.error["message"]


def test_a_name_in_two_namespaces_changes_neither(dashborion: Cli, api: Api) -> None:
    api.objects["deployments"].append(deployment("web", "other"))
    seen = dashborion("workloads restart web -A -o json")
    assert (seen.exit_code, seen.error["code"], changed(api)) == (2, "ambiguous", [])


def test_a_namespace_of_its_own_says_which(dashborion: Cli, api: Api) -> None:
    api.objects["deployments"].append(deployment("web", "other"))
    dashborion("workloads scale other/deployment/web -r 3")
    assert [one.path for one in changed(api)] == [f"{WEB}/scale".replace("default", "other")]


def test_a_name_that_could_not_be_searched_for_among_all_kinds_changes_nothing(
    dashborion: Cli, api: Api
) -> None:
    """Doubtful: today it is a warning, and the kind that could be read is changed."""
    api.on("*/statefulsets/web", status(403, "you may not"))
    seen = dashborion("workloads scale web -r 3")
    assert (seen.exit_code != 0, changed(api)) == (True, [])


def daemonset(**spec: Any) -> dict[str, Any]:
    made = deployment("agent")
    counts = {
        "observedGeneration": 1,
        "desiredNumberScheduled": 2,
        "updatedNumberScheduled": 1,
        "numberReady": 1,
        "numberAvailable": 1,
    }
    return {**made, "kind": "DaemonSet", "spec": {**made["spec"], **spec}, "status": counts}


@pytest.mark.parametrize(("crashing", "code"), [("old", 8), ("new", 7)])
def test_only_a_crash_of_a_daemonsets_newest_revision_is_its_failure(
    dashborion: Cli, api: Api, crashing: str, code: int
) -> None:
    """Its rollout knows no revision of its own."""
    api.objects["daemonsets"] = [daemonset()]
    owner = {"apiVersion": "apps/v1", "kind": "DaemonSet", "name": "agent", "controller": True}
    owner["uid"] = "uid-of-default-agent"
    waits = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}}
    running = {"running": {"startedAt": "2026-01-02T03:04:05Z"}}
    api.objects["controllerrevisions"] = [
        {"metadata": {**metadata(f"agent-{hash_}"), "ownerReferences": [owner]}, "revision": number}
        for number, hash_ in enumerate(("old", "new"), 1)
    ]
    api.objects["pods"] = [
        {
            "metadata": {
                **metadata(
                    f"agent-{hash_}", labels={"app": "web", "controller-revision-hash": hash_}
                ),
                "ownerReferences": [owner],
            },
            "spec": {"containers": [{"name": "main"}]},
            "status": {
                "phase": "Running",
                "containerStatuses": [
                    {"name": "main", "ready": not count, "restartCount": count, "state": state}
                ],
            },
        }
        for hash_ in ("old", "new")
        for count, state in [(4, waits) if crashing == hash_ else (0, running)]
    ]
    seen = dashborion("workloads status daemonset/agent --wait --timeout 0")
    assert seen.exit_code == code, seen.err
