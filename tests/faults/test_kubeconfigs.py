"""Kubeconfigs: where they are, which context is meant, and what is wrong with them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dashborion.storage import files
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
    "a context whose name is a list": ("contexts:\n- name: [here]\n", "contexts[0]"),
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


NO_ADDRESS = {
    "none": "",
    "another scheme": "ftp://127.0.0.1",
    "nothing but a scheme": "http://",
    "a space": "http://s3cr3t b/",
    "a line break": "http://s3cr3t\nb",
    "a path without a host": "/s3cr3t",
    "a host and a path without a scheme": "127.0.0.1/s3cr3t",
    "a port that is none": "https://127.0.0.1:s3cr3t",
    "a password with a slash": "https://me:1/s3cr3t@127.0.0.1",
    "a bracket that is not closed": "https://[::1/s3cr3t",
}


@pytest.mark.parametrize("server", NO_ADDRESS.values(), ids=NO_ADDRESS)
def test_a_server_that_is_no_address_is_a_config_error_without_its_text(
    dashborion: Cli, kube: Kube, server: str
) -> None:
    path = kube(server)

    seen = dashborion("workloads list -o json --debug -v")  # which looks for the word

    assert (seen.exit_code, seen.error["code"]) == (2, "config")
    assert f"{path}: cluster 'here-cluster': server: " in seen.error["message"]


ADDRESSES = {
    "upper case": lambda api: f"HTTP://127.0.0.1:{api.port}",
    "no scheme": lambda api: f"127.0.0.1:{api.port}",
    "a name without a scheme": lambda api: f"localhost:{api.port}",
    "slashes at its end": lambda api: f"{api.url}//",
    "a query": lambda api: f"{api.url}?token=s3cr3t",
    "a fragment": lambda api: f"{api.url}/#s3cr3t",
}


@pytest.mark.parametrize("address", ADDRESSES.values(), ids=ADDRESSES)
def test_a_servers_address_is_taken_as_kubectl_takes_it(
    dashborion: Cli, api: Api, kube: Kube, address: Callable[[Api], str]
) -> None:
    kube(address(api))

    seen = dashborion("env check -o json -v --debug")

    assert seen.exit_code == 0
    assert seen.json[0]["endpoint"] in (api.url, f"http://localhost:{api.port}")
    assert all(request.path.startswith(("/apis/", "/version")) for request in api.requests)


def test_a_user_and_a_password_in_the_servers_address_log_in_and_are_shown_nowhere(
    dashborion: Cli, api: Api, kube: Kube
) -> None:
    kube(api.url.replace("//", "//jane:s3cr3t%21@"))

    seen = dashborion("env check -o json -v --debug")

    assert seen.json[0]["endpoint"] == api.url
    assert api.requests[0].headers["authorization"] == basic("jane", "s3cr3t!")


def test_an_answer_is_not_compressed_where_the_cluster_does_not_want_it(
    dashborion: Cli, api: Api, kube: Kube
) -> None:
    kube(api.url, cluster={"disable-compression": True})

    assert dashborion("workloads list").exit_code == 0
    assert {request.headers["accept-encoding"] for request in api.requests} == {"identity"}


ODD_NAMES = ["", "2024-01-31", "arn:aws:eks:eu-west-3:1:cluster/shop", "a: b", " lead", "-dash",
             "a/b", "a\tb", "\x1b[31mred", "Ünïcode 集群", '$(x)"']  # fmt: skip


@pytest.mark.parametrize("name", ODD_NAMES)
def test_names_may_be_anything_and_the_empty_one_too(
    dashborion: Cli, api: Api, kube: Kube, name: str
) -> None:
    odd = document(api.url, context="odd")
    odd["contexts"][0] = {"name": name, "context": {"cluster": name, "user": name}}
    odd["clusters"][0]["name"] = odd["users"][0]["name"] = name
    write(kube(api.url), merged(document(REFUSED), odd))

    assert dashborion(f"workloads list -e 'k8s:{name}' -o name").lines == ["api", "db", "web"]


UNUSED: dict[str, Any] = {
    "a user that is a list": {"users": {"user": ["s3cr3t"]}},
    "a user that is a word": {"users": "s3cr3t"},
    "a user without a name": {"users": {"name": None}},
    "a token that is a list": {"users": {"user": {"token": ["s3cr3t"]}}},
    "a plugin that is a word": {"users": {"user": {"exec": "no"}}},
    "a cluster without a server": {"clusters": {"cluster": None}},
    "a cluster that is a list": {"clusters": {"cluster": []}},
    "a context that is a word": {"contexts": {"context": "s3cr3t"}},
    "a namespace that is a list": {"contexts": {"context": {"namespace": ["s3cr3t"]}}},
}


@pytest.mark.parametrize("change", UNUSED.values(), ids=UNUSED)
def test_what_is_wrong_with_an_entry_matters_to_those_who_use_it_only(
    dashborion: Cli, api: Api, kube: Kube, change: dict[str, Any]
) -> None:
    other = document(api.url, context="other")
    ((kind, value),) = change.items()
    other[kind] = [{**other[kind][0], **value} if isinstance(value, dict) else value]
    path = write(kube(api.url), merged(document(api.url), other))

    assert dashborion("workloads list -o name").lines == ["api", "db", "web"]
    seen = dashborion("workloads list -e k8s:other -o json --debug")
    assert (seen.exit_code, seen.error["code"]) == (2, "config")
    assert f"{path}: " in seen.error["message"]
    assert "other" in seen.error["message"]


@pytest.mark.parametrize("kind", ["contexts", "clusters", "users"])
def test_two_entries_of_one_name_in_one_file_are_an_error_for_those_who_use_them(
    dashborion: Cli, api: Api, kube: Kube, kind: str
) -> None:
    twice = document(REFUSED, context="twice")
    twice[kind] = twice[kind] * 2
    write(kube(api.url), merged(document(api.url), twice))

    assert dashborion("workloads list -o name").lines == ["api", "db", "web"]
    seen = dashborion("workloads list -e k8s:twice -o json")
    assert (seen.exit_code, seen.error["code"]) == (2, "config")
    assert "two entries of the file have this name" in seen.error["message"]


def test_the_list_of_files_may_have_gaps_and_the_same_file_twice(
    dashborion: Cli, api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    path = write(tmp_path / "config", document(api.url))
    monkeypatch.setenv("KUBECONFIG", f":{tmp_path}/none::~/config:{path}::~nobody/x:")

    assert dashborion("workloads list -o name").lines == ["api", "db", "web"]


def test_a_folder_among_the_files_is_named(
    dashborion: Cli, api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _point(monkeypatch, write(tmp_path / "config", document(api.url)), tmp_path)

    seen = dashborion("workloads list -o json")

    assert (seen.exit_code, seen.error["code"]) == (2, "config")
    assert f"{tmp_path}: " in seen.error["message"]


IMPERSONATION: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "a user": ({"as": "jané"}, {"impersonate-user": "jané"}),
    "a uid": ({"as": "jane", "as-uid": "7"}, {"impersonate-uid": "7"}),
    "a group": ({"as": "jane", "as-groups": ["ops"]}, {"impersonate-group": "ops"}),
    "a slash in a key": (
        {"as": "jane", "as-user-extra": {"acme.io/why": ["so"]}},
        {"impersonate-extra-acme.io%2fwhy": "so"},
    ),
    "a percent sign and a space": (
        {"as": "jane", "as-user-extra": {"100% sure": ["so"]}},
        {"impersonate-extra-100%25%20sure": "so"},
    ),
    "letters beyond ASCII": (
        {"as": "jane", "as-user-extra": {"é": ["so"]}}, {"impersonate-extra-%c3%a9": "so"}
    ),
}  # fmt: skip


@pytest.mark.parametrize(("user", "headers"), IMPERSONATION.values(), ids=IMPERSONATION)
def test_impersonation_is_sent_as_client_go_sends_it(
    dashborion: Cli, api: Api, kube: Kube, user: dict[str, Any], headers: dict[str, str]
) -> None:
    kube(api.url, user={"token": TOKEN, **user})

    assert dashborion("workloads list -o name").lines == ["api", "db", "web"]
    sent = {name: text.encode("latin-1").decode() for name, text in api.requests[0].headers.items()}
    assert headers.items() <= sent.items()
    assert "impersonate-user" in sent


NO_IMPERSONATION: dict[str, dict[str, Any]] = {
    "groups without a user": {"as-groups": ["s3cr3t"]},
    "a uid without a user": {"as-uid": "s3cr3t"},
    "extras without a user": {"as-user-extra": {"a": ["s3cr3t"]}},
    "a user that is a list": {"as": ["s3cr3t"]},
    "groups that are a word": {"as": "jane", "as-groups": "s3cr3t"},
    "a group that is a number": {"as": "jane", "as-groups": [1]},
    "extras that are a list": {"as": "jane", "as-user-extra": ["s3cr3t"]},
    "an extra that is a word": {"as": "jane", "as-user-extra": {"a": "s3cr3t"}},
    "a line break in a user": {"as": "jane\r\ns3cr3t: 1"},
    "a line break in a group": {"as": "jane", "as-groups": ["s3cr3t\n"]},
    "a line break in an extra": {"as": "jane", "as-user-extra": {"a": ["s3cr3t\n"]}},
}


@pytest.mark.parametrize("user", NO_IMPERSONATION.values(), ids=NO_IMPERSONATION)
def test_impersonation_that_cannot_be_sent_is_a_config_error_and_nothing_is_sent(
    dashborion: Cli, api: Api, kube: Kube, user: dict[str, Any]
) -> None:
    path = kube(api.url, user={"token": TOKEN, **user})

    seen = dashborion("workloads list -o json --debug -v")

    assert (seen.exit_code, seen.error["code"]) == (2, "config")
    assert f"{path}: user 'here-user': as" in seen.error["message"]
    assert api.requests == []


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


@pytest.mark.parametrize("name", ["dev[1]", "star*", "why?"])
@pytest.mark.parametrize("suffix", ["", "/default"], ids=["context", "with a namespace"])
def test_a_name_with_a_globs_characters_is_that_name_first(
    dashborion: Cli, api: Api, kube: Kube, name: str, suffix: str
) -> None:
    others = [document(REFUSED, context=other) for other in ("dev1", "start", "whys")]
    write(kube(api.url), merged(document(api.url, context=name), *others))

    seen = dashborion(f"workloads list -e 'k8s:{name}{suffix}' -o name")

    assert (seen.exit_code, seen.lines) == (0, ["api", "db", "web"])
    assert dashborion("workloads list -e 'k8s:*' -o name").exit_code == 5, "still a glob"


FILES: dict[str, tuple[str, str]] = {
    "a token": ("user", "tokenFile"),
    "a certificate": ("user", "client-certificate"),
    "a key": ("user", "client-key"),
    "an authority": ("cluster", "certificate-authority"),
}


@pytest.mark.parametrize("kind", ["missing", "a folder", "endless", "a pipe nobody writes to"])
@pytest.mark.parametrize(("entry", "key"), FILES.values(), ids=FILES)
def test_a_file_that_cannot_be_read_to_its_end_is_named_with_its_key(
    dashborion: Cli, api: Api, kube: Kube, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    entry: str, key: str, kind: str,
) -> None:  # fmt: skip
    place = tmp_path / "place"
    if kind == "a folder":
        place.mkdir()
    elif kind == "endless":
        place.symlink_to("/dev/zero")
    elif kind == "a pipe nobody writes to":
        os.mkfifo(place)
        monkeypatch.setattr(files, "PIPE_SECONDS", 0.1)
    pem = {"client-certificate-data": "eA==", "client-key-data": "eA=="}
    given = {name: data for name, data in pem.items() if not name.startswith(key)}
    change = {"user": given, "cluster": {}}
    change[entry] = {**change[entry], key: "place"}
    if key == "tokenFile":
        change["user"] = {key: "place"}
    kube(api.url.replace("http:", "https:"), **change)

    seen = dashborion("workloads list -o json --debug")

    assert seen.exit_code in (2, 4)
    assert f"here-{entry}': {key}: {place}: " in seen.error["message"]
    assert dashborion.took < 3
    assert api.requests == []
