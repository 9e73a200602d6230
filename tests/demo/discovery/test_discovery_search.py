"""Where `env discover` looks, what it proposes, and what it says of places that fail."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dashborion.demo.ecs.aws_protocol import refusal
from tests.demo.discovery.conftest import PARIS, VIRGINIA
from tests.support.aws import write_config
from tests.support.aws_server import StrictAws
from tests.support.cli import Cli

Contexts = Callable[..., Path]


def names(rows: Any) -> list[str]:
    return [one["name"] for one in rows]


def test_contexts_ecs_and_eks_clusters_are_proposed_together(
    dashborion: Cli, aws: StrictAws, contexts: Contexts
) -> None:
    contexts("media-staging", "kind")

    seen = dashborion("env discover --profile home -o json")

    assert (seen.exit_code, seen.err) == (0, "")
    assert [(one["name"], one["orchestrator"], one["target"], one["region"], one["profile"])
            for one in seen.json] == [
        ("discovered/kind", "kubernetes", "kind", None, None),
        ("homebox/production", "ecs", "homebox-prod", PARIS, "home"),
        ("homebox/staging", "ecs", "homebox-staging", PARIS, "home"),
        ("media/staging", "kubernetes", "media-staging", None, None),
        ("rubix/production", "eks", "rubix-prod", PARIS, "home"),
    ]  # fmt: skip
    assert [one["name"] for one in seen.json if one["protected"]] == [
        "homebox/production", "rubix/production",
    ]  # fmt: skip


def test_several_regions_are_searched_and_equal_names_told_apart(
    dashborion: Cli, aws: StrictAws
) -> None:
    seen = dashborion(f"env discover --profile home --region {PARIS} --region {VIRGINIA} -o json")

    assert names(seen.json) == [
        "home/spare", "homebox/production", "homebox/staging", f"homebox/staging-{VIRGINIA}",
        "rubix/production",
    ]  # fmt: skip


def test_without_credentials_the_kubeconfig_alone_is_searched_and_that_is_no_failure(
    dashborion: Cli, aws: StrictAws, contexts: Contexts
) -> None:
    contexts("media-staging")

    seen = dashborion("env discover -o name")

    assert (seen.exit_code, seen.lines) == (0, ["media/staging"])
    assert seen.err.startswith("AWS is skipped: no AWS")
    assert aws.spy.calls == []


def test_the_profiles_of_the_config_are_searched_and_what_is_there_is_marked(
    dashborion: Cli, aws: StrictAws, home: Path
) -> None:
    write_config(home, {"mine": {"cluster": "homebox-prod", "profile": "home", "region": PARIS}})

    seen = dashborion("env discover -o json")

    assert {one["name"]: one["configured"] for one in seen.json} == {
        "homebox/staging": False, "mine": True, "rubix/production": False,
    }  # fmt: skip


def test_a_profile_and_the_default_that_is_the_same_are_one(
    dashborion: Cli, aws: StrictAws, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "home")

    seen = dashborion("env discover -o json")

    assert {one["profile"] for one in seen.json} == {"home"}, "the variable may be gone tomorrow"
    assert len(seen.json) == 3


def test_an_eks_cluster_that_a_context_reaches_is_that_context(
    dashborion: Cli, aws: StrictAws, contexts: Contexts
) -> None:
    arn = f"arn:aws:eks:{PARIS}:{aws.account}:cluster/rubix-prod"
    contexts(arn)

    rows = dashborion("env discover --profile home 'rubix/*' -o json").json

    assert [(one["name"], one["target"]) for one in rows] == [("rubix/production", arn)]


def test_a_failing_region_is_a_warning_and_exits_5(dashborion: Cli, aws: StrictAws) -> None:
    def denied(ask: Any, do: Any) -> Any:
        return do() if ask.region == PARIS else refusal(ask, "AccessDeniedException", "no", 400)

    aws.faults.add("ecs:*", denied)
    seen = dashborion(f"env discover --profile home --region {PARIS} --region {VIRGINIA} -o json")

    warning, error = (json.loads(line) for line in seen.err.splitlines())
    assert (seen.exit_code, len(seen.json)) == (5, 3)
    assert warning["warning"]["code"] == "forbidden"
    assert warning["warning"]["message"].startswith(f"profile home, {VIRGINIA}, ECS: ")
    assert error["error"]["message"] == "1 of 4 searches failed"


def test_the_exit_code_is_that_of_the_first_failure(dashborion: Cli, aws: StrictAws) -> None:
    aws.faults.deny("*")

    seen = dashborion("env discover --profile home -o json", fails_with_rows=True)

    assert (seen.exit_code, seen.error["code"]) == (4, "forbidden")
    assert seen.err.count("DescribeClusters") == 0
    assert seen.err.count("profile home") == 2


def test_a_profile_that_there_is_not_is_said(
    dashborion: Cli, aws: StrictAws, contexts: Contexts
) -> None:
    contexts("kind")

    seen = dashborion("env discover --profile home --profile hmoe -o name")

    assert seen.exit_code == 5
    assert "warning: profile hmoe: The config profile (hmoe) could not be found" in seen.err


def test_a_kubeconfig_that_is_broken_does_not_cost_aws(
    dashborion: Cli, aws: StrictAws, home: Path
) -> None:
    write_config(home, {"mine": {"cluster": "homebox-prod", "profile": "home", "region": PARIS}})
    (home / ".kube").mkdir()
    (home / ".kube" / "config").write_text("contexts: {")

    seen = dashborion("env discover --profile home -o name")

    assert (seen.exit_code, len(seen.lines)) == (5, 3)
    assert "not YAML" in seen.err


def test_a_pattern_without_matches_exits_3(
    dashborion: Cli, aws: StrictAws, contexts: Contexts
) -> None:
    contexts("media-staging")

    seen = dashborion("env discover media/stagin -o json")

    assert (seen.exit_code, seen.error["code"]) == (3, "not-found")


def test_progress_is_for_terminals(
    aws: StrictAws, dashborion: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dashborion.streams import Streams

    told: list[str] = []
    monkeypatch.setattr(Streams, "progress", lambda _, text: told.append(text))

    dashborion("env discover --profile home")

    assert told[0] == f"searching profile home, {PARIS}, ECS; profile home, {PARIS}, EKS"
    assert told[-1] == ""


@pytest.mark.parametrize("format_", ["table", "wide", "json", "yaml", "csv", "name"])
def test_every_output_format_has_the_cluster(
    dashborion: Cli, aws: StrictAws, contexts: Contexts, format_: str
) -> None:
    contexts("media-staging")

    assert "media" in dashborion(f"env discover -o {format_}").out


def test_with_nothing_configured_the_error_names_discover_and_the_demo(dashborion: Cli) -> None:
    seen = dashborion("workloads list")

    assert seen.exit_code == 2
    assert "dashborion env discover" in seen.err
    assert "--demo" in seen.err
