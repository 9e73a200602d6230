"""``workloads run`` with real containers: sidecars that never end, init containers, evictions."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.api import ApiError, Manifest
from tests.support.boxes import WAIT, box, box_deployment
from tests.support.cli import Cli, start
from tests.support.real_namespace import Space

NATIVE = box(name="native", restartPolicy="Always")


@pytest.fixture(scope="module")
def web(space: Space) -> str:
    """Nothing of it runs; a Service selects its pods."""
    containers = [box(name="app"), box(name="plain")]
    manifest = box_deployment("web", *containers, replicas=0)
    spec = manifest["spec"]["template"]["spec"]
    spec["initContainers"] = [box("exit 0", name="first"), NATIVE]
    service: Manifest = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": space.name},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
    }
    space.plane.apply(service)
    return space.add(manifest)


def runs(space: Space, plural: str = "jobs") -> list[Manifest]:
    group = "apis/batch/v1" if plural == "jobs" else "api/v1"
    path = f"/{group}/namespaces/{space.name}/{plural}?labelSelector=dashborion.io%2Frun-of"
    found: list[Manifest] = space.plane.request("GET", path)["items"]
    return found


def are_gone(space: Space) -> None:
    space.plane.wait_for("the run to be gone", lambda: not runs(space) and not runs(space, "pods"))


def has_started(space: Space) -> Callable[[], bool]:
    def look() -> bool:
        statuses = [
            s for pod in runs(space, "pods") for s in pod["status"].get("containerStatuses", ())
        ]
        return any(one["name"] == "app" and "running" in one["state"] for one in statuses)

    return look


def test_sidecars_that_never_end_keep_neither_it_nor_its_lines(
    web: str, here: Space, dashborion: Cli
) -> None:
    script = "i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo line $i; done; exit 3"
    seen = dashborion(f"workloads run web --with plain --command -o json -- sh -c '{script}'")
    told = seen.json
    assert (seen.exit_code, told["exitCode"], told["started"]) == (3, 3, True), seen.err
    assert (told["initContainers"], told["sidecars"]) == (["first"], ["native", "plain"])
    notes = [json.loads(line)["note"]["message"] for line in seen.err.splitlines()]
    assert [one for one in notes if one.startswith("line ")] == [
        f"line {number}" for number in range(1, 3001)
    ]
    are_gone(here)


def test_no_service_sends_it_traffic(web: str, here: Space, dashborion: Cli) -> None:
    addresses: list[Any] = []

    def look() -> None:
        if has_started(here)():
            path = f"/api/v1/namespaces/{here.name}/endpoints/web"
            addresses.extend(here.plane.request("GET", path).get("subsets") or ())
            labels = runs(here, "pods")[0]["metadata"]["labels"]
            assert "app" not in labels
            dashborion.steps.clear()

    dashborion.steps = [look] * 400
    seen = dashborion("workloads run web --command -- sleep 3")
    assert (seen.exit_code, addresses, dashborion.steps) == (0, [], []), seen.err
    are_gone(here)


@pytest.mark.parametrize(
    ("how", "code", "error", "words"),
    [
        ("--command -- /not/there", 7, "not-started", "StartError"),
        ("--image registry.example/none:1 -- true", 7, "not-started", "ErrImage"),
        ("--command --timeout 4s -- sleep 900", 8, "run-pending", "had not ended after 4 seconds"),
    ],
)
def test_what_does_not_end_by_itself(
    web: str, here: Space, dashborion: Cli, how: str, code: int, error: str, words: str
) -> None:
    dashborion.step_seconds = 0.5
    seen = dashborion(f"workloads run web -o json {how}")
    assert (seen.exit_code, seen.error["code"]) == (code, error), seen.err
    assert words in seen.error["message"]
    are_gone(here)


def test_an_init_container_that_fails_is_told(here: Space, dashborion: Cli) -> None:
    manifest = box_deployment("gated", replicas=0)
    manifest["spec"]["template"]["spec"]["initContainers"] = [box("exit 5", name="gate")]
    here.add(manifest)
    seen = dashborion("workloads run gated --command -o json -- true")
    assert (seen.exit_code, seen.error["code"]) == (7, "not-started"), seen.err
    assert "init container 'gate' ended with exit code 5" in seen.error["message"]
    are_gone(here)


def test_an_eviction_interrupts_it_and_it_is_not_run_again(
    web: str, here: Space, dashborion: Cli
) -> None:
    def evict() -> None:
        if not has_started(here)():
            dashborion.steps.append(evict)
            return
        (pod,) = runs(here, "pods")
        names = {"name": pod["metadata"]["name"], "namespace": here.name}
        body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": names}
        path = f"/api/v1/namespaces/{here.name}/pods/{names['name']}/eviction"
        here.plane.request("POST", path, body)

    dashborion.steps = [evict]
    seen = dashborion(
        f"workloads run web --command -o json -- sh -c '{WAIT.replace(chr(39), chr(34))}'"
    )
    told = seen.json
    assert (seen.exit_code, seen.error["code"]) == (7, "interrupted"), seen.err
    assert (told["started"], told["exitCode"]) == (True, None)
    assert "not run again" in seen.error["hint"]
    are_gone(here)


def test_a_client_that_is_killed_leaves_what_ends_by_itself(web: str, here: Space) -> None:
    with start("workloads run web --command --timeout 1s -- sleep 900") as client:
        here.plane.wait_for("the run to start", lambda: bool(runs(here)))
        client.kill()
    (job,) = runs(here)
    spec = job["spec"]
    assert (spec["activeDeadlineSeconds"], spec["backoffLimit"]) == (61, 0)
    assert spec["ttlSecondsAfterFinished"] == 3600
    name = job["metadata"]["name"]
    path = f"/apis/batch/v1/namespaces/{here.name}/jobs/{name}"
    here.plane.merge(path, {"spec": {"activeDeadlineSeconds": 1, "ttlSecondsAfterFinished": 0}})
    are_gone(here)
    with pytest.raises(ApiError):
        here.plane.request("GET", path)


def test_stdin_reaches_it(web: str, here: Space, dashborion: Cli) -> None:
    script = "echo first; read line; echo got $line $$ $A; exit 6"
    command = f"workloads run web --set-env A=$$ --command -i -- sh -c '{script}'"
    seen = dashborion(command, stdin=b"hello\n")
    assert (seen.exit_code, seen.out) == (6, "first\ngot hello 1 $$\n"), seen.err
    are_gone(here)
