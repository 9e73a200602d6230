"""``-o github`` of commands that are not ``why``: the same annotations and summaries."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import Cli
from tests.support.kubeconfigs import Kube, document, merged
from tests.support.stub_api import Api
from tests.support.stub_objects import deployment


@pytest.fixture
def summary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(path))
    return path


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param(
            {"conditions": []}, "::notice title=web in k8s%3Ahere::rollout complete", id="complete"
        ),
        pytest.param(
            {"availableReplicas": 0, "updatedReplicas": 0, "conditions": []},
            "::notice title=web in k8s%3Ahere::rollout progressing, ",
            id="progressing",
        ),
        pytest.param(
            {
                "availableReplicas": 0,
                "conditions": [
                    {
                        "type": "Progressing",
                        "status": "False",
                        "reason": "ProgressDeadlineExceeded",
                        "message": "timed out: 5%\n::error::x",
                    }
                ],
            },
            "::error title=web in k8s%3Ahere::rollout failed, timed out: 5%25%0A::error::x",
            id="failed",
        ),
    ],
)
def test_a_status(
    dashborion: Cli, api: Api, kube: Kube, summary: Path, changes: dict[str, Any], expected: str
) -> None:
    made = deployment("web")
    made["status"] |= changes
    api.objects["deployments"] = [made]
    kube(api.url)
    seen = dashborion("workloads status deployment/web -o github")
    assert seen.exit_code == 0
    (line,) = seen.lines
    assert line.startswith(expected)
    assert r"**web in k8s\:here**: rollout " in summary.read_text()


def test_a_check_that_finds_nothing(dashborion: Cli, api: Api, kube: Kube, summary: Path) -> None:
    kube(api.url)
    seen = dashborion("env check -o github")
    assert (seen.exit_code, len(seen.lines)) == (0, 1)
    assert seen.out.startswith("::")
    assert r"| k8s\:here | kubernetes | yes |" in summary.read_text()


def test_an_environment_that_does_not_answer_is_one_error(
    dashborion: Cli, api: Api, kube: Kube, summary: Path
) -> None:
    path = kube(api.url)
    two = merged(document(api.url), document("https://127.0.0.1:1", context="gone"))
    path.write_text(json.dumps(two))
    seen = dashborion("env check -e k8s:here -e k8s:gone -o github")
    assert seen.exit_code == 5
    errors = [line for line in seen.lines if line.startswith("::error ")]
    assert len(errors) == 1
    assert errors[0].startswith("::error title=k8s%3Agone::")
    assert r"| k8s\:gone | kubernetes | no |" in summary.read_text()


def test_no_identity_is_published(dashborion: Cli, api: Api, kube: Kube, summary: Path) -> None:
    kube(api.url)
    identity = dashborion("env check -o json").json[0]["identity"]
    seen = dashborion("env check -o github")
    if identity:
        assert identity not in seen.out + summary.read_text()


def test_a_dry_run_says_what_would_change(
    dashborion: Cli, api: Api, kube: Kube, summary: Path
) -> None:
    kube(api.url)
    seen = dashborion("workloads scale deployment/web -r 3 --dry-run -o github")
    assert seen.exit_code == 0
    assert seen.lines[0].startswith("::notice title=web in k8s%3Ahere::would scale: ")
