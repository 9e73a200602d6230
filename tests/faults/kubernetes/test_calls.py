"""Only what is shown is asked for, side by side, and what may not be had costs its columns."""

from __future__ import annotations

import json
import re
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from dashborion.orchestrators.kubernetes.served import Known
from dashborion.storage.cache import FileCache
from dashborion.storage.files import cache_folder
from tests.support import stub_changes, stub_objects
from tests.support.calls import FEW, MANY, Calls, has_row, rows
from tests.support.cli import Cli
from tests.support.command_tree import commands
from tests.support.misbehaviour import body, status
from tests.support.rich_objects import many, rich
from tests.support.stub_api import Api
from tests.support.stub_objects import Manifest
from tests.support.waiting import wait_for

KINDS = {"deployments", "statefulsets", "daemonsets"}
KEPT = {"replicasets", "controllerrevisions"}
DISCOVERY = "/apis/gateway.networking.k8s.io/v1"  # which says that there are no routes
ARGO = "/apis/argoproj.io/v1alpha1"  # the same of Argo Rollouts
WAYS = {"services", "ingresses", DISCOVERY}

# Commands that the page has no line for.
NOT_COUNTED = {
    *(f"demo {verb}" for verb in ("start", "stop", "status", "reset", "break")),
    *(f"env {verb}" for verb in ("list", "use", "show")), "schema", "help",  # ask nobody
    "env discover",  # asks accounts, not a cluster
    "api",  # runs the commands of its paths
    "workloads start", *(f"workloads {verb}" for verb in ("continue", "abort", "resume")),  # as
    # what is stopped or rolls out: tests/real/changes, tests/demo/ecs_rollouts
    "k8s routes describe", "k8s gateways describe",  # of an API that is not there
    "workloads diff",  # of two clusters: tests/demo/compare
    "instances exec", "instances port-forward",  # a stream for each connection
    "ecs container-instances top",  # of machines, for which the table's cluster has no metrics
}  # fmt: skip


def test_every_command_that_asks_a_cluster_has_its_calls_in_the_page() -> None:
    assert {command for command in commands() if not has_row(command)} == NOT_COUNTED


@pytest.fixture(scope="module")
def of_size() -> dict[int, dict[str, list[Manifest]]]:
    """A few workloads, and many."""
    return {size: many(size) for size in (FEW, MANY)}


@pytest.mark.parametrize(
    ("command", "calls"), [pytest.param(*row, id=row[0]) for row in rows("kubernetes")]
)
def test_a_command_asks_as_often_as_the_page_says(
    dashborion: Cli,
    cluster: Api,
    of_size: dict[int, dict[str, list[Manifest]]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    command: str,
    calls: Calls,
) -> None:
    stub_changes.take_all_methods(monkeypatch)
    cluster.on("/apis/metrics.k8s.io/*", body({"items": []}))
    cluster.on("*/log", body(b"2026-01-02T03:04:05.000000000Z hello\n", "text/plain"))
    typed = command.replace("NAME", "web0").replace("ID", "web0-5d9-x").replace("REVISION", "2")
    seen = []
    for size in (FEW, MANY, MANY):
        monkeypatch.setenv("DASHBORION_CACHE_DIR", str(tmp_path / str(size)))
        cluster.objects = of_size[size]
        cluster.requests.clear()
        assert dashborion(typed).exit_code == 0
        seen.append(len(cluster.requests))
        asked = {one.path for one in cluster.requests if _DISCOVERY.fullmatch(one.path)}
        if not _KEEPS_NOTHING.match(command):
            wait_for("what is served to be kept", partial(kept, cluster, asked))
    assert Calls(*seen) == calls


_DISCOVERY = re.compile(r"/apis/(argoproj|gateway\.networking|autoscaling|batch)[^/]*/v[^/]*")
# Nothing is kept where the objects of an API are asked for: who has just installed it looks there.
_KEEPS_NOTHING = re.compile("k8s (routes|gateways)")


def kept(cluster: Api, asked: set[str]) -> bool:
    """Whether the answers of these paths of discovery are on disk."""
    known = FileCache("kubernetes-apis", (cluster.url,), Known).read()
    return asked <= {f"/apis/{version}" for version in known}


@pytest.mark.parametrize(
    ("command", "more"),
    [
        pytest.param("list", set(), id="a bare pipe shows nothing of it"),
        pytest.param("list -o tsv", set(), id="the same by name"),
        pytest.param("list -o name", set(), id="names"),
        pytest.param("list --raw", set(), id="the API's own objects"),
        pytest.param("list --columns name,image,age", set(), id="columns of the list itself"),
        pytest.param("list -o table", {"pods"} | KEPT, id="a table"),
        pytest.param("list -o wide", {"pods"} | KEPT | WAYS, id="a wide table"),
        pytest.param("list -o json", {"pods"} | KEPT | WAYS, id="all"),
        pytest.param("list --columns name,restarts", {"pods"} | KEPT, id="restarts"),
        pytest.param("list --columns cause", {"pods"} | KEPT, id="causes"),
        pytest.param("list --sort -reason", {"pods"} | KEPT, id="sorted by it"),
        pytest.param("list --columns name,updated", KEPT, id="when it was updated"),
        pytest.param("list --columns revision", KEPT, id="revisions"),
        pytest.param("list -o name --problems", {"pods"} | KEPT, id="what is not well"),
        pytest.param("list -o name --exit-code", {"pods"} | KEPT, id="an exit code"),
        pytest.param(
            "list -o table --type deployment", {"pods", "replicasets"}, id="Deployments"
        ),
        pytest.param(
            "list -o table --type sts", {"pods", "controllerrevisions"}, id="StatefulSets"
        ),
        pytest.param("why", {"pods", "events", "horizontalpodautoscalers"} | KEPT, id="why"),
    ],
)  # fmt: skip
def test_a_list_asks_for_what_it_shows_and_for_nothing_twice(
    dashborion: Cli, cluster: Api, command: str, more: set[str]
) -> None:
    cluster.objects = rich()
    seen = dashborion(f"workloads {command}")
    asked = Counter(one.plural or one.path for one in cluster.requests)
    assert seen.exit_code == 0
    of_type = {"deployment": {"deployments"}, "sts": {"statefulsets"}}
    kinds = of_type.get(command.rpartition("--type ")[2], {*KINDS, ARGO})
    assert set(asked) == kinds | more
    assert set(asked.values()) <= {1}


@pytest.mark.parametrize(
    "command",
    [
        "list",
        "status web",
        "describe deployment/web",
        "why",
        "events web",
        "history web",
    ],
)
def test_what_a_server_does_not_have_is_asked_about_once_in_a_while_and_never_listed(
    dashborion: Cli, cluster: Api, command: str
) -> None:
    cluster.objects = rich()
    dashborion("workloads list")
    wait_for("the answer on disk", lambda: list(cache_folder().glob("kubernetes-apis-*.msgpack")))
    assert [one.path for one in cluster.requests if "argoproj" in one.path] == [
        "/apis/argoproj.io/v1alpha1"
    ]
    cluster.requests.clear()

    assert dashborion(f"workloads {command}").exit_code == 0

    assert [one.path for one in cluster.requests if "argoproj" in one.path] == []


@pytest.mark.parametrize(
    ("code", "exit_code", "warned", "named"),
    [
        pytest.param(404, 0, 0, 3, id="not there"),
        pytest.param(403, 0, 1, 3, id="may not be asked"),
        pytest.param(500, 5, 1, 6, id="does not say"),
    ],
)
def test_where_discovery_does_not_answer_what_may_be_missing_is_said(
    dashborion: Cli, cluster: Api, code: int, exit_code: int, warned: int, named: int
) -> None:
    cluster.on("*/argoproj.io/v1alpha1", status(code, "no"))

    seen = dashborion("workloads list -o json", seconds=2)

    assert (seen.exit_code, [one["name"] for one in seen.json]) == (exit_code, ["api", "db", "web"])
    assert seen.err.count('"warning"') == warned
    # What has a name is not said not to exist.
    assert dashborion("workloads describe rollout/web -o json", seconds=2).exit_code == named


def test_an_api_that_went_since_it_was_asked_about_is_none(
    dashborion: Cli, cluster: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(stub_objects.KINDS, "rollouts", ("argoproj.io/v1alpha1", "Rollout"))
    cluster.on("*/rollouts", status(404, "the server could not find the requested resource"))
    seen = dashborion("workloads list -o json")
    assert (seen.exit_code, len(seen.json), "warning" in seen.err) == (0, 3, False)


def test_what_is_only_counted_is_asked_for_without_its_body(dashborion: Cli, cluster: Api) -> None:
    cluster.objects = rich()
    dashborion("workloads list -o json")
    forms = {one.plural: one.headers["accept"] for one in cluster.requests}
    assert "PartialObjectMetadataList" in forms["replicasets"]
    assert "as=Table" in forms["controllerrevisions"]


@pytest.mark.parametrize(
    ("plural", "lost"),
    [
        ("pods", {"reason", "cause", "restarts"}),
        ("replicasets", {"updatedAt"}),
        ("controllerrevisions", {"updatedAt"}),
    ],
)
def test_a_right_that_is_missing_costs_its_columns_and_a_warning(
    dashborion: Cli, cluster: Api, plural: str, lost: set[str]
) -> None:
    cluster.objects = rich()
    whole = dashborion("workloads list -o json").json
    cluster.on(f"*/{plural}", status(403, "jane may not", reason="Forbidden"))
    seen = dashborion("workloads list -o json")
    assert seen.exit_code == 0
    (told,) = [json.loads(line)["warning"] for line in seen.err.splitlines()]
    assert f"permission needed: list {plural}" in told["message"]
    assert told["code"] == "forbidden"
    assert [one["name"] for one in seen.json] == [one["name"] for one in whole]
    changed = {
        key
        for had, has in zip(whole, seen.json, strict=True)
        for key in had
        if has[key] is None and had[key] is not None
    }
    assert changed <= lost
    assert changed


def test_what_cannot_be_looked_at_is_a_problem_that_is_not_failing(
    dashborion: Cli, cluster: Api
) -> None:
    cluster.objects = rich()
    assert dashborion("workloads list --problems -o json").json == []
    cluster.on("*/pods", status(403, "jane may not", reason="Forbidden"))
    seen = dashborion("workloads list --problems --exit-code -o json")
    assert seen.exit_code == 0
    assert {one["name"] for one in seen.json} == {"web", "db", "agent"}
