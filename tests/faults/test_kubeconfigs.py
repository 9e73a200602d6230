"""Kubeconfigs: where they are, which context is meant, and what is wrong with them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import Cli
from tests.support.kubeconfigs import TOKEN, Kube, document, merged, write
from tests.support.stub_api import Api, basic
from tests.support.stub_objects import deployment, metadata

REFUSED = "http://127.0.0.1:9"


def _point(monkeypatch: pytest.MonkeyPatch, *paths: Path) -> None:
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(str(path) for path in paths))


def test_several_files_are_one_and_the_first_current_context_counts(
    dashborion: Cli, api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = write(tmp_path / "first", document(api.url, context="first"))
    second = write(tmp_path / "second", document(REFUSED, context="second"))
    _point(monkeypatch, tmp_path / "missing", first, second)

    assert dashborion("workloads list -o name").lines == ["api", "db", "web"]
    assert dashborion("workloads list -e k8s:second -o name").exit_code == 6


def test_cluster_user_and_context_may_be_in_three_files(
    dashborion: Cli, api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = document(api.url)
    parts = [
        write(tmp_path / key, {key: whole[key], "apiVersion": "v1", "kind": "Config"})
        for key in ("contexts", "clusters", "users")
    ]
    _point(monkeypatch, *parts)

    seen = dashborion("workloads list -e k8s:here -o name")

    assert seen.lines == ["api", "db", "web"]
    assert api.requests[0].headers["authorization"] == f"Bearer {TOKEN}"


def test_of_two_entries_of_one_name_the_first_files_counts(
    dashborion: Cli, api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = write(tmp_path / "good", document(api.url))
    _point(monkeypatch, good, write(tmp_path / "other", document(REFUSED, namespace="other")))

    assert dashborion("workloads list -o name").lines == ["api", "db", "web"]


def test_a_token_file_is_read_from_beside_the_kubeconfig(
    dashborion: Cli, api: Api, kube: Kube, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("tok-s3cr3t-file\n")
    kube(api.url, user={"tokenFile": "token"})

    assert dashborion("workloads list").exit_code == 0
    assert api.requests[0].headers["authorization"] == "Bearer tok-s3cr3t-file"


def test_a_name_and_a_password_are_sent_as_basic(dashborion: Cli, api: Api, kube: Kube) -> None:
    kube(api.url, user={"username": "jane", "password": "s3cr3t"})

    assert dashborion("workloads list -v --debug").exit_code == 0
    assert api.requests[0].headers["authorization"] == basic("jane", "s3cr3t")


def test_a_user_without_credentials_comes_as_nobody(dashborion: Cli, api: Api, kube: Kube) -> None:
    kube(api.url, user={})

    assert dashborion("workloads list -o name").lines == ["api", "db", "web"]
    assert "authorization" not in api.requests[0].headers


def test_a_server_below_a_path_is_asked_there(dashborion: Cli, api: Api, kube: Kube) -> None:
    kube(f"{api.url}/k8s/clusters/c-1/")

    assert dashborion("workloads list").exit_code == 6

    assert {one.path[:18] for one in api.requests} == {"/k8s/clusters/c-1/"}
    assert all("//" not in one.path for one in api.requests)


def test_the_contexts_namespace_is_the_one_asked(dashborion: Cli, api: Api, kube: Kube) -> None:
    api.objects["deployments"].append(deployment("shop", "retail"))
    kube(api.url, namespace="retail")

    assert dashborion("workloads list -o name").lines == ["shop"]
    assert dashborion("workloads list -n default -o name").lines == ["api", "db", "web"]


def test_an_unknown_context_is_a_usage_error_with_the_nearest(
    dashborion: Cli, cluster: Api
) -> None:
    seen = dashborion("workloads list -e k8s:hare -o json")

    assert (seen.exit_code, seen.error["code"]) == (2, "usage")
    assert "no context 'hare'" in seen.error["message"]
    assert "'here'" in seen.error["hint"]
    assert cluster.requests == []


@pytest.mark.parametrize("missing", ["clusters", "users"])
def test_a_context_whose_cluster_or_user_is_missing_is_a_config_error(
    dashborion: Cli, api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    content = {**document(api.url), missing: []}
    path = write(tmp_path / "kubeconfig", content)
    _point(monkeypatch, path)

    seen = dashborion("workloads list -o json")

    assert (seen.exit_code, seen.error["code"]) == (2, "config")
    assert str(path) in seen.error["message"]
    assert f"here-{missing[:-1]}" in seen.error["message"]


BROKEN: dict[str, tuple[str, str]] = {
    "broken YAML": ("contexts:\n  - name: [here\n", "3:1"),
    "a tab": ("contexts:\n\t- name: here\n", "2:1"),
    "a list": ("- contexts\n", "expected a mapping"),
    "a word": ("hello\n", "expected a mapping"),
    "contexts that are no list": ("contexts: none\n", "contexts: expected a list"),
    "a context without a name": ("contexts:\n- context: {}\n", "contexts[0]"),
    "a context that is a word": ("contexts:\n- here\n", "contexts[0]"),
    "a Python object": ("contexts: !!python/object/apply:os.system ['true']\n", "1:11"),
}


@pytest.mark.parametrize("output", ["", " -o json"], ids=["text", "json"])
@pytest.mark.parametrize(("content", "where"), BROKEN.values(), ids=BROKEN)
def test_a_broken_kubeconfig_is_named_with_the_line_or_key(
    dashborion: Cli, kube: Kube, content: str, where: str, output: str
) -> None:
    path = write(kube(REFUSED), content)

    seen = dashborion(f"workloads list{output}")

    assert seen.exit_code == 2
    assert str(path) in seen.err
    assert where in seen.err


def _user(**user: Any) -> dict[str, Any]:
    return {"user": user}


UNUSABLE: dict[str, dict[str, Any]] = {
    "a token that is a list": _user(token=["s3cr3t"]),
    "a token with a line break": _user(token="s3cr3t\r\nX-Evil: 1"),
    "a token beyond Latin-1": _user(token="s3cr3t-\u2603"),
    "a token file that is missing": _user(tokenFile="nowhere"),
    "an exec plugin that is a word": _user(exec="aws"),
    "an exec plugin without a command": _user(exec={"apiVersion": "x"}),
    "an auth provider that is gone": _user(**{"auth-provider": {"name": "magic"}}),
    "a cluster that is a word": {"cluster": "local"},
}


@pytest.mark.parametrize("change", UNUSABLE.values(), ids=UNUSABLE)
def test_an_unusable_entry_is_an_error_that_names_it(
    dashborion: Cli, api: Api, kube: Kube, change: dict[str, Any]
) -> None:
    content = document(api.url, user=change.get("user"))
    if "cluster" in change:
        content["clusters"][0]["cluster"] = change["cluster"]
    path = write(kube(api.url), content)

    seen = dashborion("workloads list -o json --debug")

    assert seen.exit_code in (2, 4)
    assert "here-" in seen.error["message"] or str(path) in seen.error["message"]
    assert api.requests == []


@pytest.mark.parametrize("server", ["", "127.0.0.1", "ftp://127.0.0.1", "http://", "http://a b/"])
def test_a_server_that_is_no_address_is_an_error_that_shows_it(
    dashborion: Cli, kube: Kube, server: str
) -> None:
    kube(server)

    seen = dashborion("workloads list -o json")

    assert seen.exit_code in (2, 6)
    assert repr(server)[1:-1] in seen.error["message"]


def test_a_kubeconfig_that_may_not_be_read_is_a_config_error(dashborion: Cli, kube: Kube) -> None:
    path = kube(REFUSED)
    path.unlink()
    path.mkdir()

    seen = dashborion("workloads list -o json")

    assert (seen.exit_code, seen.error["code"]) == (2, "config")
    assert str(path) in seen.error["message"]


def test_an_entry_that_another_context_uses_may_be_broken(
    dashborion: Cli, api: Api, kube: Kube
) -> None:
    content = merged(document(api.url), document("", context="other", user={"exec": "no"}))
    write(kube(api.url), content)

    assert dashborion("workloads list -o name").lines == ["api", "db", "web"]


def test_a_namespace_in_the_kubeconfig_that_is_missing_in_the_cluster_is_named(
    dashborion: Cli, api: Api, kube: Kube
) -> None:
    api.objects["namespaces"].append({"metadata": metadata("retail", None)})
    kube(api.url, namespace="retial")

    seen = dashborion("instances list -o json")

    assert (seen.exit_code, seen.error["code"]) == (3, "not-found")
    assert "'retail'" in seen.error["hint"]
