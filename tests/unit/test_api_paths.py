"""Paths and queries of ``dashborion api`` that stand for nothing, and for what they do."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashborion.cli import api
from tests.support.cli import Cli

CONFIG = "projects: {p: {environments: {e: {orchestrator: kubernetes, context: nowhere}}}}"


@pytest.fixture(autouse=True)
def config() -> None:
    Path("dashborion.yaml").write_text(CONFIG)


@pytest.mark.parametrize(
    "path",
    ["/", "/api", "/api/p", "/api/p/workloads", "/api/p/pods/e", "/workloads/e",
     "/api/p/workloads/e/web/logs", "/api/p/instances/e/id/logs/more", "/api//workloads/e"],
)  # fmt: skip
def test_an_unknown_path_lists_the_routes(dashborion: Cli, path: str) -> None:
    found = dashborion(f"api '{path}'")
    assert (found.exit_code, found.out) == (2, "")
    for route in api.ROUTES:
        assert route.pattern in found.err


@pytest.mark.parametrize(
    ("query", "said"),
    [
        pytest.param("workloads=web", "did you mean 'workload'?", id="nearly"),
        pytest.param("output=yaml", "no query key 'output'", id="how to print"),
        pytest.param("env=x", "no query key 'env'", id="what the path says"),
        pytest.param("demo=true", "no query key 'demo'", id="a global option"),
        pytest.param("all=maybe", "is not true or false", id="no truth"),
        pytest.param("status=sick", "is not one of running", id="the command's own error"),
    ],
)
def test_a_bad_query_exits_2(dashborion: Cli, query: str, said: str) -> None:
    found = dashborion(f"api '/api/p/instances/e?{query}'")
    assert (found.exit_code, found.out) == (2, "")
    assert said in found.err


def test_an_unknown_key_lists_the_known(dashborion: Cli) -> None:
    said = dashborion("api '/api/p/workloads/e?zzz=1'").err
    for key in ("namespace", "all-namespaces", "selector", "status", "type", "sort"):
        assert key in said
    for key in ("config", "columns", "project"):
        assert key not in said


@pytest.mark.parametrize(
    ("path", "said"),
    [
        pytest.param("/api/p/workloads/e", "no context 'nowhere'", id="the project's"),
        pytest.param("/api/q/workloads/e", "q/e", id="another project"),
        pytest.param("/api/-/workloads/k8s:there", "no context 'there'", id="no project"),
        pytest.param("/api/p/workloads/e/--help", "no context 'nowhere'", id="a name like --help"),
    ],
)
def test_a_bad_path_is_explained(dashborion: Cli, path: str, said: str) -> None:
    found = dashborion(f"api '{path}'")
    assert found.exit_code != 0
    assert said in found.error["message"]
