"""``dashborion status``: all environments in a few lines, and how it ends."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from textwrap import dedent

import msgspec
import pytest
import yaml

from dashborion.errors import Unreachable
from dashborion.models.cause import NotChecked
from dashborion.models.health import FailedRun
from dashborion.models.query import Query
from dashborion.models.workload import Workload, WorkloadStatus
from dashborion.orchestrators.kubernetes.diagnose import Causes
from dashborion.orchestrators.protocol import Examined, Overview
from tests.support.causes import cause, examined
from tests.support.cli import Cli
from tests.support.kubeconfigs import Kube, document, merged, write
from tests.support.render_samples import NOW, workload

NOBODY = "https://127.0.0.1:1"
FAILED = FailedRun(
    project=None, environment="k8s:here", namespace="shop", kind="job", name="migrate-7",
    reason="BackoffLimitExceeded", message="Job has reached the specified backoff limit",
    failed_at=NOW - timedelta(minutes=12),
)  # fmt: skip
BROKEN = examined(cause(), name="broken", status=WorkloadStatus.DEGRADED, environment="k8s:here")
LOST = NotChecked(what="instances", permission="list pods", reason="it is forbidden")
BLIND = Examined(item=workload("blind", environment="k8s:here"), not_checked=[LOST])
WELL = examined(name="well", environment="k8s:here")
IDLE = examined(name="idle", environment="k8s:here", status=WorkloadStatus.STOPPED)
Told = Callable[[Overview], None]


@pytest.fixture
def told(kube: Kube, monkeypatch: pytest.MonkeyPatch) -> Told:
    """Two environments: ``k8s:here`` says what the test says, ``k8s:away`` does not answer."""
    write(kube(NOBODY), merged(document(NOBODY), document(NOBODY, context="away")))

    def tell(overview: Overview) -> None:
        def answer(self: Causes, _: Query) -> Overview:
            if self.environment.name == "k8s:away":
                raise Unreachable("nobody answers")
            return overview

        monkeypatch.setattr(Causes, "overview", answer)

    return tell


def test_the_page_at_80_columns(dashborion: Cli, told: Told) -> None:
    told(Overview([WELL, BROKEN, IDLE, BLIND], [FAILED]))
    seen = dashborion("status -e k8s:here -e k8s:away", tty=True, now=NOW, width=80)
    assert seen.exit_code == 5
    expected = """\
    Problems
    ENV       NAME    TYPE        VERDICT  REASON     FOR  HEADLINE
    k8s:here  broken  deployment  failing  OOMKilled  4m   out of memory (OOMKilled)

    Failed Jobs and tasks
    ENV       NAME       REASON                AGE  MESSAGE
    k8s:here  migrate-7  BackoffLimitExceeded  12m  Job has reached the specified b…

    Environments
    ENV       VERDICT  RUNNING  DEGRADED  STOPPED  PROBLEMS  FAILED  ERROR
    k8s:here  failing        2         1        1         1       1  -
    k8s:away  unknown        -         -        -         0       0  nobody answers

    Not checked
    k8s:here: instances: it is forbidden (permission needed: list pods)
    k8s:here: it is unknown whether these are well: blind
    """
    assert seen.out == dedent(expected)


def test_the_page_in_a_pipe_shortens_nothing(dashborion: Cli, told: Told) -> None:
    told(Overview([WELL, BROKEN], [FAILED]))
    seen = dashborion("status -e k8s:here", now=NOW)
    assert "Job has reached the specified backoff limit" in seen.out
    assert "2026-03-01T11:48:00Z" in seen.out
    assert "\x1b" not in seen.out


def test_the_json_has_it_all(dashborion: Cli, told: Told) -> None:
    told(Overview([WELL, BLIND, BROKEN, IDLE], [FAILED], [LOST]))
    seen = dashborion("status -e k8s:here -e k8s:away -o json", now=NOW)
    here, away = seen.json
    assert (here["verdict"], away["verdict"]) == ("failing", "unknown")
    assert (away["workloads"], away["error"]) == (None, "nobody answers")
    assert here["workloads"] == {"running": 2, "degraded": 1, "stopped": 1}
    assert [(one["workload"], one["verdict"]) for one in here["problems"]] == [
        ("broken", "failing"),
        ("blind", "unknown"),
    ]
    worst = here["problems"][0]
    assert (worst["reason"], worst["cause"]) == ("OOMKilled", "oom")
    assert worst["headline"] == "out of memory (OOMKilled)"
    assert here["notChecked"] == [
        {"what": "instances", "permission": "list pods", "reason": "it is forbidden"}
    ]
    assert yaml.safe_load(dashborion("status -e k8s:here -o yaml", now=NOW).out) == [here]


@pytest.mark.parametrize(
    ("overview", "options", "expected"),
    [
        pytest.param(Overview([BROKEN], []), "-e k8s:here", 0, id="nobody asked"),
        pytest.param(Overview([BROKEN], []), "-e k8s:here --exit-code", 9, id="failing"),
        pytest.param(Overview([BLIND], []), "-e k8s:here --exit-code", 0, id="unknown"),
        pytest.param(Overview([WELL], [FAILED]), "-e k8s:here --exit-code", 0, id="a failed Job"),
        pytest.param(Overview([WELL], []), "-e 'k8s:*' --exit-code", 5, id="one is lost"),
        pytest.param(Overview([BROKEN], []), "-e 'k8s:*' --exit-code", 9, id="and one is failing"),
        pytest.param(Overview([], []), "-e k8s:away", 6, id="all are lost"),
    ],
)
def test_the_exit_code(
    dashborion: Cli, told: Told, overview: Overview, options: str, expected: int
) -> None:
    told(overview)
    typed = options.replace("'k8s:*'", "k8s:here -e k8s:away")
    assert dashborion(f"status {typed} -o json").exit_code == expected


@pytest.mark.parametrize(
    ("all_examined", "verdict"),
    [
        ([], "healthy"),
        ([IDLE], "stopped"),
        ([IDLE, WELL], "healthy"),
        ([WELL, BLIND], "unknown"),
        ([BLIND, BROKEN], "failing"),
    ],
)
def test_the_verdict_of_an_environment_is_the_worst(
    dashborion: Cli, told: Told, all_examined: list[Examined[Workload]], verdict: str
) -> None:
    told(Overview(all_examined, []))
    assert dashborion("status -e k8s:here -o json").json[0]["verdict"] == verdict


@pytest.mark.parametrize(
    ("options", "again"),
    [
        ("-e k8s:here", "workloads list --problems -e k8s:here"),
        ("--all-envs -A", "workloads list --problems --all-envs -A"),
        (
            "-e 'k8s:*' -n shop --config {config}",
            "--config {config} workloads list --problems -e k8s:here -e k8s:away -n shop",
        ),
    ],
)
def test_only_the_first_problems_are_shown(
    dashborion: Cli, told: Told, tmp_path: Path, options: str, again: str
) -> None:
    many = [
        msgspec.structs.replace(
            BROKEN, item=workload(f"broken-{number:02}", environment="k8s:here")
        )
        for number in range(14)
    ]
    told(Overview(many, []))
    config = tmp_path / "odd names.yaml"
    config.write_text("environments: {}")
    quoted = f"'{config}'"
    seen = dashborion(f"status {options.format(config=quoted)}", tty=True, now=NOW, width=100)
    listed = f"dashborion {again.format(config=quoted)}"
    assert f"+4 more; all: {listed}" in seen.lines
    assert len(dashborion("status -e k8s:here -o json").json[0]["problems"]) == 14


@pytest.mark.parametrize(
    ("typed", "instead"), [("web", "workloads status web"), ("k8s:here", "status -e k8s:here")]
)
def test_a_name_is_for_another_command(
    dashborion: Cli, told: Told, typed: str, instead: str
) -> None:
    told(Overview([], []))
    seen = dashborion(f"status {typed}")
    assert seen.exit_code == 2
    assert f"use `dashborion {instead}`" in seen.err
