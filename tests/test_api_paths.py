"""Paths and queries of ``dashborion api`` that stand for nothing, and for what they do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer

from dashborion.__main__ import main
from dashborion.cli import api
from dashborion.cli.app import app
from dashborion.context import Context
from dashborion.errors import PartialFailure
from dashborion.streams import Streams
from tests.conftest import Door

CONFIG = "projects: {p: {environments: {e: {orchestrator: kubernetes, context: nowhere}}}}"


@pytest.fixture(autouse=True)
def config() -> None:
    Path("dashborion.yaml").write_text(CONFIG)


@pytest.mark.parametrize(
    "path",
    ["", "/", "/api", "/api/p", "/api/p/workloads", "/api/p/pods/e", "/workloads/e",
     "/api/p/workloads/e/web/logs", "/api/p/instances/e/id/logs/more", "/api//workloads/e"],
)  # fmt: skip
def test_an_unknown_path_lists_the_routes(dashborion: Door, path: str) -> None:
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
        pytest.param("all=maybe", "neither true nor false", id="no truth"),
        pytest.param("status=sick", "none of running", id="the command's own error"),
    ],
)
def test_a_bad_query(dashborion: Door, query: str, said: str) -> None:
    found = dashborion(f"api '/api/p/instances/e?{query}'")
    assert (found.exit_code, found.out) == (2, "")
    assert said in found.err


def test_an_unknown_key_lists_the_known(dashborion: Door) -> None:
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
def test_where(dashborion: Door, path: str, said: str) -> None:
    found = dashborion(f"api '{path}'")
    assert found.exit_code != 0
    assert said in found.error["message"]


LINES = [{"message": "a", "timestamp": "2026-01-01T00:00:00Z"}, {"message": "b\u202e"}]


def _typed(words: list[str], *, fails: bool, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    """A command line that has an ``instances logs``, which prints two lines."""

    def logs(ctx: typer.Context, id_: str, tail: int = 0, env: str = "", output: str = "") -> None:
        assert (id_, tail, env, output) == ("web-1", 5, "p/e", "json")
        for line in LINES:
            ctx.obj.streams.write(json.dumps(line) + "\n")
        if fails:
            raise PartialFailure("one environment failed")

    root: Any = typer.main.get_command(app)
    group = typer.Typer()
    group.command("logs")(logs)
    group.command("other")(lambda: None)
    made: Any = typer.main.get_command(group)
    commands = root.commands["instances"].commands
    monkeypatch.setitem(commands, "logs", made.commands["logs"])
    monkeypatch.setattr(typer.main, "get_command", lambda _: root)
    streams = Streams.test()
    code = main(words, context=Context(streams))
    return code, streams.out.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize(("fails", "code"), [(False, 0), (True, 5)], ids=["done", "partly"])
def test_logs_are_one_array(monkeypatch: pytest.MonkeyPatch, *, fails: bool, code: int) -> None:
    path = "/api/p/instances/e/web-1/logs?tail=5"
    done, out = _typed(["api", path], fails=fails, monkeypatch=monkeypatch)
    assert (done, json.loads(out)) == (code, LINES)
    assert "\\u202e" in out
