"""A wait that ends badly has causes: named in its message, whole in JSON and for GitHub."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashborion.models.cause import Cause, Code
from dashborion.orchestrators.changing import Explanation
from dashborion.orchestrators.ecs.progress import _Followed
from tests.support.causes import cause
from tests.support.cli import Cli
from tests.support.ecs_mover import Mover

RESTART = "workloads restart web --wait"
WHY = "out of memory (OOMKilled) in web-1, web-2: web exited with 137"


@pytest.fixture
def causes(monkeypatch: pytest.MonkeyPatch) -> list[Cause]:
    """What the adapter says, the worst first."""
    told = [cause(instances=["web-1", "web-2"]), cause(Code.BUDGET)]
    monkeypatch.setattr(_Followed, "explain", lambda _, **__: Explanation(causes=told))
    return told


def test_the_message_names_the_worst_cause(
    dashborion: Cli, web: Mover, causes: list[Cause]
) -> None:
    dashborion.steps = [web.task_fails, web.task_fails]
    seen = dashborion(RESTART)
    assert seen.exit_code == 7
    error, hint = seen.err.splitlines()[-2:]
    assert error.startswith(f"error: {WHY}; ")
    assert hint == "  read what it wrote: dashborion instances logs web-1 -e here -n media"


def test_a_timeout_names_it_behind_how_far_it_came(
    dashborion: Cli, web: Mover, causes: list[Cause]
) -> None:
    dashborion.steps = [web.runs(1)]
    seen = dashborion(f"{RESTART} --timeout 10s")
    assert seen.exit_code == 8
    told = seen.err.splitlines()[-2]
    assert told.startswith("error: not finished after 10 seconds: 1 of 2 tasks running")
    assert told.endswith(f"; {WHY}")


def test_the_error_object_has_all_causes(dashborion: Cli, web: Mover, causes: list[Cause]) -> None:
    dashborion.steps = [web.task_fails, web.task_fails]
    error = dashborion(f"{RESTART} -o json").error
    assert error["code"] == "rollout-failed"
    assert [one["code"] for one in error["causes"]] == ["oom", "budget"]
    assert error["causes"][0]["firstSeen"] == "2026-03-01T11:56:00Z"


def test_information_does_not_explain_a_failure(
    dashborion: Cli, web: Mover, causes: list[Cause]
) -> None:
    causes[:] = [cause(Code.BUDGET)]
    dashborion.steps = [web.task_fails, web.task_fails]
    assert "error: Error x2 (web-" in dashborion(RESTART).err


def test_another_error_has_none(dashborion: Cli, web: Mover) -> None:
    assert "causes" not in dashborion("workloads restart nope -o json").error


def test_github_gets_the_change_and_why_it_failed(
    dashborion: Cli,
    web: Mover,
    causes: list[Cause],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    summary = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    dashborion.steps = [web.task_fails, web.task_fails]
    seen = dashborion(f"{RESTART} -o github")
    assert seen.exit_code == 7
    changed, failed = seen.lines
    assert changed.startswith("::notice title=web in ")
    assert failed.startswith(f"::error title=dashborion::{WHY}; ")
    assert "log: " not in seen.err
    assert "out of memory" in summary.read_text()


def test_github_gets_a_notice_of_a_change_that_went_well(dashborion: Cli, web: Mover) -> None:
    dashborion.steps = [web.completes]
    seen = dashborion(f"{RESTART} -o github")
    (line,) = seen.lines
    assert line.startswith("::notice title=web in ")
    assert line.endswith(", rollout complete")
