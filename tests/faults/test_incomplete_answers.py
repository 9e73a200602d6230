"""What may be missing from an answer is told by the exit code, unless that has more to tell."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cli import Cli, Result
from tests.support.kubeconfigs import Kube, document, merged, write
from tests.support.misbehaviour import status
from tests.support.stub_api import Api
from tests.support.stub_changes import (
    SCALE,
    WEB,
    point_at,
    take_all_methods,
    takes_replicas,
    unfinished,
)

FORBIDDEN = status(403, "deployments is forbidden", reason="Forbidden")


@pytest.fixture
def incomplete(cluster: Api) -> Api:
    """A server on which we may not list Deployments."""
    cluster.on("*/deployments", FORBIDDEN)
    return cluster


def _kinds(seen: Result) -> list[str]:
    """What each line on stderr is: all of them are JSON."""
    return [kind for line in seen.err.splitlines() for kind in json.loads(line)]


@pytest.mark.parametrize(
    "command", ["workloads list -o json", "api /api/-/workloads/k8s:here"], ids=["list", "api"]
)
def test_the_rows_that_there_are_come_with_a_warning_and_5(
    dashborion: Cli, incomplete: Api, command: str
) -> None:
    seen = dashborion(command)

    assert (seen.exit_code, [row["name"] for row in seen.json]) == (5, ["db"])
    assert _kinds(seen) == ["warning", "error"]
    assert seen.error["code"] == "partial"


def test_several_environments_of_which_one_is_incomplete(
    dashborion: Cli, incomplete: Api, kube: Kube
) -> None:
    with Api() as whole:
        write(
            kube(incomplete.url),
            merged(document(incomplete.url), document(whole.url, context="whole")),
        )

        seen = dashborion("workloads list --all-envs -o json")

    assert (seen.exit_code, len(seen.json)) == (5, 4)
    assert _kinds(seen) == ["warning", "error"]
    assert '"environment": "k8s:here"' in seen.err


def test_a_failed_environment_and_an_incomplete_one_are_told_once_each(
    dashborion: Cli, incomplete: Api, kube: Kube, unused_port: int
) -> None:
    gone = document(f"http://127.0.0.1:{unused_port}", context="gone")
    write(kube(incomplete.url), merged(document(incomplete.url), gone))

    seen = dashborion("workloads list --all-envs -o json")

    assert (seen.exit_code, sorted(_kinds(seen))) == (5, ["error", "error", "warning"])


@pytest.mark.parametrize(
    ("command", "code"),
    [("workloads list nothing", 4), ("workloads list --sort nothing", 2)],
    ids=["a name that may be among it", "an option"],
)
def test_what_fails_has_its_own_code(
    dashborion: Cli, incomplete: Api, command: str, code: int
) -> None:
    assert dashborion(f"{command} -o json").exit_code == code


@pytest.fixture
def rolling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """A rollout that can be waited for, on a server that does not say which pods there are."""
    take_all_methods(monkeypatch)
    with Api() as server:
        point_at(server, tmp_path, monkeypatch)
        server.objects["deployments"] = [unfinished()]
        server.on(f"{WEB}/scale", takes_replicas(server, 3))
        server.on("*/pods", FORBIDDEN)
        yield server


@pytest.mark.parametrize("command", [SCALE, "workloads status web"])
def test_a_wait_ends_with_its_own_code(dashborion: Cli, rolling: Api, command: str) -> None:
    seen = dashborion(f"{command} --wait --timeout 10s -o json")

    assert (seen.exit_code, seen.error["code"]) == (8, "rollout-pending")


def test_a_change_that_was_made_is_no_list_that_lacks_rows(dashborion: Cli, rolling: Api) -> None:
    seen = dashborion(f"{SCALE} -o json")

    assert (seen.exit_code, seen.json["action"]) == (0, "scale")
