"""Without a file the kubeconfig's contexts are the environments, its current one the default."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.cli import Cli

Write = Callable[..., Path]


def test_the_contexts_are_listed_and_the_current_one_is_marked(
    dashborion: Cli, kubeconfig: Write
) -> None:
    kubeconfig("dev", "live", current="live")
    rows = dashborion("env list -o json").json
    assert [(one["name"], one["current"]) for one in rows] == [
        ("k8s:dev", False),
        ("k8s:live", True),
    ]
    assert {one["project"] for one in rows} == {None}
    assert {one["environment"] for one in rows} == {"k8s:dev", "k8s:live"}


def test_one_line_says_which_context_is_used(dashborion: Cli, kubeconfig: Write) -> None:
    kubeconfig("dev", "live", current="live")
    result = dashborion("workloads list")
    assert result.err.splitlines()[0] == "no config file: using the kubeconfig's context 'live'"
    assert result.exit_code == 6  # nothing listens there


def test_without_a_current_context_the_error_names_them(dashborion: Cli, kubeconfig: Write) -> None:
    kubeconfig("dev", "live", current=None)
    result = dashborion("workloads list")
    assert result.exit_code == 2
    assert "k8s:dev, k8s:live" in result.err


def test_with_nothing_at_all_the_error_says_what_to_do(dashborion: Cli) -> None:
    result = dashborion("workloads list")
    assert result.exit_code == 2
    assert "no environment" in result.err
    assert "$KUBECONFIG" in result.err


@pytest.mark.parametrize(
    ("typed", "context", "namespace"),
    [
        pytest.param("k8s:dev", "dev", None, id="a context"),
        pytest.param("k8s:dev/shop", "dev", "shop", id="a context and a namespace"),
        pytest.param(
            "k8s:arn:aws:eks:x:cluster/prod", "arn:aws:eks:x:cluster/prod", None, id="eks"
        ),
        pytest.param(
            "k8s:arn:aws:eks:x:cluster/prod/shop",
            "arn:aws:eks:x:cluster/prod",
            "shop",
            id="eks and a namespace",
        ),
    ],
)
def test_ad_hoc_names_are_contexts_first(
    dashborion: Cli, kubeconfig: Write, typed: str, context: str, namespace: str | None
) -> None:
    kubeconfig("dev", "arn:aws:eks:x:cluster/prod")
    shown = dashborion(f"env show '{typed}' -o json").json
    assert (shown["environment"], shown["project"]) == (typed, None)
    assert (shown["target"], shown["namespace"]) == (context, namespace)


def test_an_unknown_context_is_a_usage_error_with_the_nearest(
    dashborion: Cli, kubeconfig: Write
) -> None:
    kubeconfig("staging")
    result = dashborion("workloads list -e k8s:stagin")
    assert result.exit_code == 2
    assert "no context 'stagin'" in result.err
    assert "did you mean 'staging'?" in result.err


def test_the_first_of_several_kubeconfigs_decides(
    dashborion: Cli, kubeconfig: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = kubeconfig("one", name="first")
    second = kubeconfig("two", "one", name="second", namespace="second")
    monkeypatch.setenv("KUBECONFIG", f"{first}{os.pathsep}{second}{os.pathsep}/nowhere")
    rows = dashborion("env list -o json").json
    assert [(one["name"], one["current"]) for one in rows] == [
        ("k8s:one", True),
        ("k8s:two", False),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("contexts: [", "not YAML", id="broken"),
        pytest.param("- a", "expected a mapping", id="a list"),
        pytest.param("contexts: {a: b}", "contexts: expected a list", id="contexts"),
        pytest.param("contexts: [a]", "contexts[0]: expected a mapping", id="an entry"),
    ],
)
def test_a_broken_kubeconfig_is_a_config_error(
    dashborion: Cli, kubeconfig: Write, text: str, said: str
) -> None:
    path = kubeconfig("dev")
    path.write_text(text)
    result = dashborion("workloads list -o json")
    assert result.exit_code == 2
    assert result.error["code"] == "config"
    assert said in result.error["message"]
    assert str(path) in result.error["message"]


def test_env_globs_reach_contexts(dashborion: Cli, kubeconfig: Write) -> None:
    kubeconfig("prod-eu", "prod-us", "dev")
    shown = dashborion("env show 'k8s:prod-*' -o json").json
    assert [one["target"] for one in shown] == ["prod-eu", "prod-us"]
