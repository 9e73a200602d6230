"""Exec plugins: run once, run again after a 401, and every way in which they can fail."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dashborion.orchestrators.kubernetes.credentials import settings
from tests.support.cli import Cli
from tests.support.kubeconfigs import (
    RENEWED,
    TOKEN,
    VERSION,
    Kube,
    Plugin,
    credential,
    document,
    exec_user,
    merged,
    write,
)
from tests.support.stub_api import Api, basic

PRINT = ("cat <<'END'", credential(), "END")
PAST, FUTURE = "2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z"


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """Where to write the plugin."""
    folder = tmp_path / "plugin"
    folder.mkdir()
    return folder / "log-in"


def test_a_plugins_token_is_sent_and_the_plugin_runs_once(
    dashborion: Cli, api: Api, kube: Kube, script: Path
) -> None:
    plugin = Plugin.write(script, credential(expirationTimestamp=FUTURE))
    kube(api.url, user=plugin.user)

    assert dashborion("workloads describe web -o json -v").exit_code == 0

    assert {one.headers["authorization"] for one in api.requests} == {f"Bearer {TOKEN}"}
    assert plugin.runs == 1


def test_a_token_that_the_api_no_longer_takes_is_renewed_by_running_the_plugin_again(
    dashborion: Cli, api: Api, kube: Kube, script: Path
) -> None:
    plugin = Plugin.write(script, credential(TOKEN), credential(RENEWED))
    kube(api.url, user=plugin.user)
    api.token = RENEWED

    seen = dashborion("instances list -o name")

    assert (seen.exit_code, seen.lines, seen.err) == (0, ["web-1"], "")


@pytest.mark.parametrize(
    "command", ["workloads list -o json", "workloads describe web -o json", "env check -o json"]
)
def test_many_refused_requests_renew_the_token_once(
    dashborion: Cli, api: Api, kube: Kube, script: Path, command: str
) -> None:
    plugin = Plugin.write(script, credential(TOKEN), credential(RENEWED))
    kube(api.url, user=plugin.user)
    api.token = RENEWED

    assert dashborion(command).exit_code == 0

    assert plugin.runs == 2, "a plugin may open a browser: not one for each request"


def test_a_renewed_token_that_is_refused_too_is_an_error(
    dashborion: Cli, api: Api, kube: Kube, script: Path
) -> None:
    plugin = Plugin.write(script, credential(TOKEN), credential(RENEWED))
    kube(api.url, user=plugin.user)
    api.token = "another"

    seen = dashborion("instances list -o json")

    assert (seen.exit_code, seen.error["code"]) == (4, "credentials")
    assert "here-user" in seen.error["message"]
    assert len(api.to("pods")) <= 2
    assert plugin.runs <= 2


def test_a_token_that_has_expired_already_is_no_loop(
    dashborion: Cli, api: Api, kube: Kube, script: Path
) -> None:
    plugin = Plugin.write(script, credential(expirationTimestamp=PAST))
    kube(api.url, user=plugin.user)

    seen = dashborion("workloads list -o name")

    assert seen.lines == ["api", "db", "web"], "the server has the last word on expiry"
    assert plugin.runs <= 4


def test_contexts_that_share_a_user_run_its_plugin_once(
    dashborion: Cli, api: Api, kube: Kube, script: Path
) -> None:
    plugin = Plugin.write(script, credential())
    one, two = (document(api.url, context=name, user=plugin.user) for name in ("here", "there"))
    two["contexts"][0]["context"]["user"] = "here-user"
    write(kube(api.url), merged(one, two))

    assert dashborion("workloads list --all-envs -o json").exit_code == 0

    assert plugin.runs == 1


GARBAGE = {
    "nothing": "",
    "text": "Please log in at https://example.com/?code=s3cr3t",
    "a list": "[]",
    "null": "null",
    "no status": '{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential"}',
    "an empty status": credential(None),
    "an empty token": credential(""),
    "a status that is a word": credential().replace('{"token"', '"x", "y": {"token"'),
    "another version": credential().replace("/v1", "/v9"),
    "half of it": credential()[:-9],
    "an expiry that is no time": credential(expirationTimestamp="soon"),
    "an expiry without a time zone": credential(expirationTimestamp="2099-01-01T00:00:00"),
    "an expiry that is a number": credential(expirationTimestamp=1),
    "a token with a line break": credential("s3cr3t\r\nX-Evil: 1"),
    "a token that is a number": credential().replace(f'"{TOKEN}"', "1"),
    "another kind": credential().replace("ExecCredential", "Secret"),
    "a certificate without its key": credential(None, clientCertificateData="s3cr3t"),
    "a control character": credential().replace("kind", "k\x00nd"),
    "nested too deeply": "[" * 100_000,
}


@pytest.mark.parametrize("more", ["", " --debug -v"], ids=["plain", "debug"])
@pytest.mark.parametrize("prints", GARBAGE.values(), ids=GARBAGE)
def test_a_plugin_that_prints_something_else_is_a_credentials_error(
    dashborion: Cli, api: Api, kube: Kube, script: Path, prints: str, more: str
) -> None:
    kube(api.url, user=Plugin.write(script, prints).user)

    seen = dashborion(f"workloads list -o json{more}")

    assert (seen.exit_code, seen.error["code"]) == (4, "credentials")
    assert "here-user" in seen.error["message"]
    assert seen.error["environment"] == "k8s:here"
    assert seen.error["hint"]
    assert api.requests == []


def test_a_plugin_that_fails_is_quoted_and_harmless(
    dashborion: Cli, api: Api, kube: Kube, script: Path
) -> None:
    error = "\x1b[31mThe SSO session has expired\x1b[0m [red]x[/red]\nrun `aws sso login`"
    kube(api.url, user=Plugin.write(script, "", error=error, code=3).user)

    seen = dashborion("workloads list")

    assert seen.exit_code == 4
    assert "The SSO session has expired" in seen.err
    assert "aws sso login" in seen.err
    assert "here-user" in seen.err
    assert api.requests == []


def test_a_plugin_that_fails_when_the_token_is_renewed_is_a_credentials_error(
    dashborion: Cli, api: Api, kube: Kube, script: Path
) -> None:
    lines = f"[ $(wc -l < $0.runs) -gt 1 ] && exit 3\ncat <<'END'\n{credential(TOKEN)}\nEND"
    kube(api.url, user=Plugin.script(script, lines).user)
    api.token = RENEWED

    seen = dashborion("instances list -o json")

    assert (seen.exit_code, seen.error["code"]) == (4, "credentials")
    assert "here-user" in seen.error["message"]


MISSING = {
    "not there": ("/nowhere/aws-iam", 0),
    "not on the path": ("no-such-plugin", 0),
    "not executable": ("script", 0o600),
    "a folder": (".", 0),
    "not a program": ("script", 0o700),
}


@pytest.mark.parametrize(("command", "mode"), MISSING.values(), ids=MISSING)
def test_a_plugin_that_cannot_be_run_is_named(
    dashborion: Cli, api: Api, kube: Kube, script: Path, command: str, mode: int
) -> None:
    script.write_bytes(b"\x7fNOT")
    script.chmod(mode or 0o600)
    command = str(script) if command == "script" else command
    command = str(script.parent) if command == "." else command
    kube(api.url, user=exec_user(command))

    seen = dashborion("workloads list -o json")

    assert (seen.exit_code, seen.error["code"]) == (4, "credentials")
    assert os.path.basename(command) in seen.error["message"]  # noqa: PTH119
    assert seen.error["hint"]


def test_a_plugin_beside_the_kubeconfig_is_found(
    dashborion: Cli, api: Api, kube: Kube, script: Path
) -> None:
    Plugin.write(script, credential())
    kube(api.url, user=exec_user(f"./{script.parent.name}/{script.name}"))

    assert dashborion("workloads list -o name").exit_code == 0


def test_a_plugin_gets_its_arguments_and_environment(
    dashborion: Cli, api: Api, kube: Kube, script: Path
) -> None:
    text = credential("PLACE").replace("PLACE", "s3cr3t-$1-$REGION").replace('"', '\\"')
    user = Plugin.script(script, f'echo "{text}"').user
    user["exec"] |= {"args": ["one"], "env": [{"name": "REGION", "value": "paris"}]}
    kube(api.url, user=user)

    assert dashborion("workloads list").exit_code == 0
    assert api.requests[0].headers["authorization"] == "Bearer s3cr3t-one-paris"


def test_a_plugin_is_told_of_the_cluster_if_it_wants_to_know(
    dashborion: Cli, api: Api, kube: Kube, script: Path
) -> None:
    (script.parent / "ca").write_text("s3cr3t")
    plugin = Plugin.script(script, 'printf %s "$KUBERNETES_EXEC_INFO" > "$0.info"', *PRINT)
    config = {"audience": "ops", "since": 2024}
    cluster = {
        "certificate-authority": f"{script.parent.name}/ca",
        "tls-server-name": "api.internal",
        "insecure-skip-tls-verify": True,
        "extensions": [
            {"name": "minikube", "extension": {"a": 1}},
            {"name": "client.authentication.k8s.io/exec", "extension": config},
        ],
    }
    user = plugin.user
    for told in (False, True):
        user["exec"]["provideClusterInfo"] = told
        kube(api.url, user=user, cluster=cluster)
        assert dashborion("workloads list -o name").exit_code == 0
        info = json.loads(Path(f"{script}.info").read_text())
        spec = info.pop("spec")
        assert info == {"apiVersion": VERSION, "kind": "ExecCredential"}
        assert spec.pop("interactive") is False
        assert spec == ({} if not told else {
            "cluster": {
                "server": api.url,
                "tls-server-name": "api.internal",
                "insecure-skip-tls-verify": True,
                "certificate-authority-data": "czNjcjN0",
                "config": config,
            }
        })  # fmt: skip


@pytest.mark.parametrize(
    ("version", "code"),
    [("v1", 0), ("v1beta1", 0), ("v1alpha1", 2), ("v9", 2), ("", 2)],
)
def test_the_versions_of_the_api_that_kubectl_knows(
    dashborion: Cli, api: Api, kube: Kube, script: Path, version: str, code: int
) -> None:
    version = VERSION.replace("v1", version)
    plugin = Plugin.write(script, credential().replace(VERSION, version))
    kube(api.url, user={"exec": {"apiVersion": version, "command": str(plugin.path)}})

    seen = dashborion("workloads list -o json")

    assert (seen.exit_code, plugin.runs) == (code, int(code == 0))
    if code:
        assert "'here-user': exec: apiVersion is none of" in seen.error["message"]


WRONG_ENTRIES: dict[str, dict[str, Any]] = {
    "arguments that are a mapping": {"args": {"a": "s3cr3t"}},
    "an argument that is a number": {"args": ["s3cr3t", 1]},
    "variables that are a mapping": {"env": {"A": "s3cr3t"}},
    "a variable without a value": {"env": [{"name": "s3cr3t"}]},
    "another mode": {"interactiveMode": "Sometimes"},
    "an empty command": {"command": ""},
    "no command": {"command": None},
}


@pytest.mark.parametrize("change", WRONG_ENTRIES.values(), ids=WRONG_ENTRIES)
def test_an_entry_that_is_no_plugin_is_a_config_error_that_names_the_key(
    dashborion: Cli, api: Api, kube: Kube, script: Path, change: dict[str, Any]
) -> None:
    user = Plugin.write(script, credential()).user
    user["exec"] |= change
    path = kube(api.url, user=user)

    seen = dashborion("workloads list -o json")

    assert (seen.exit_code, seen.error["code"]) == (2, "config")
    assert f"{path}: user 'here-user': exec: " in seen.error["message"]
    assert next(iter(change)) in seen.error["message"]


@pytest.mark.parametrize("empty", ["args", "env", "installHint", "provideClusterInfo"])
def test_a_key_without_a_value_is_as_if_it_were_not_there(
    dashborion: Cli, api: Api, kube: Kube, script: Path, empty: str
) -> None:
    user = Plugin.write(script, credential()).user
    user["exec"][empty] = None
    kube(api.url, user=user)

    assert dashborion("workloads list -o name").exit_code == 0


def test_the_install_hint_of_a_plugin_that_is_not_there_is_told(
    dashborion: Cli, api: Api, kube: Kube
) -> None:
    user = exec_user("no-such-plugin")
    user["exec"]["installHint"] = "See the \x1b[31mhandbook, page 3\n"
    kube(api.url, user=user)

    seen = dashborion("workloads list")

    assert seen.exit_code == 4
    assert "user 'here-user': plugin 'no-such-plugin' is not installed" in seen.err
    assert "handbook, page 3" in seen.err


@pytest.mark.parametrize("more", ["", " --debug -v"], ids=["plain", "debug"])
@pytest.mark.parametrize(
    "fails",
    [
        'echo "bad flag: $@ in $PASSWORD" >&2; exit 2',
        'echo "bad flag: $@ in $PASSWORD"; exit 2',
        'echo "$@ $PASSWORD"',
        "kill -9 $$",
    ],
    ids=["on stderr", "on stdout", "instead of a credential", "killed"],
)
def test_arguments_and_variables_of_the_entry_are_never_printed(
    dashborion: Cli, api: Api, kube: Kube, script: Path, fails: str, more: str
) -> None:
    user = Plugin.script(script, fails).user
    user["exec"]["args"] = ["--client-secret=s3cr3t-one", "-p", "s3cr3t-two", "s3cr3t"]
    user["exec"]["env"] = [{"name": "PASSWORD", "value": "s3cr3t three"}]
    kube(api.url, user=user)

    seen = dashborion(f"workloads list -o json{more}")  # which looks for the word

    assert (seen.exit_code, seen.error["code"]) == (4, "credentials")
    assert script.name in seen.error["message"]
    assert "three" not in seen.err


WITHOUT_PLUGIN: dict[str, tuple[dict[str, Any], str | None]] = {
    "a token": ({"token": "tok-s3cr3t-typed"}, "Bearer tok-s3cr3t-typed"),
    "a token's file": ({"tokenFile": "token"}, "Bearer tok-s3cr3t-file"),
    "a password": ({"username": "jane", "password": "s3cr3t"}, basic("jane", "s3cr3t")),
    "a certificate": ({"client-certificate": "crt", "client-key": "key"}, None),
}


@pytest.mark.parametrize(("user", "header"), WITHOUT_PLUGIN.values(), ids=WITHOUT_PLUGIN)
def test_other_credentials_of_the_same_user_go_before_the_plugin(
    dashborion: Cli, api: Api, kube: Kube, script: Path, tmp_path: Path,
    user: dict[str, Any], header: str | None,
) -> None:  # fmt: skip
    (tmp_path / "token").write_text("tok-s3cr3t-file")
    plugin = Plugin.write(script, credential())
    kube(api.url, user={**user, **plugin.user})

    assert dashborion("workloads list -o name").exit_code == 0
    assert api.requests[0].headers.get("authorization") == header
    assert plugin.runs == 0


def test_in_merged_files_a_relative_plugin_lies_beside_the_file_of_the_user(
    dashborion: Cli, api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sub").mkdir()
    Plugin.write(tmp_path / "sub" / "log-in", credential())
    whole = document(api.url, user=exec_user("./log-in"))
    first = write(tmp_path / "cluster", {**whole, "users": []})
    second = write(tmp_path / "sub" / "user", {**whole, "clusters": [], "contexts": []})
    monkeypatch.setenv("KUBECONFIG", f"{first}{os.pathsep}{second}")

    assert dashborion("workloads list -o name -e k8s:here").exit_code == 0


def test_a_token_that_is_about_to_expire_is_renewed_without_a_refusal(
    dashborion: Cli, api: Api, kube: Kube, script: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "RENEWED_SECONDS", 0)
    soon = (datetime.now(UTC) + timedelta(seconds=5)).isoformat()
    first, second = credential(expirationTimestamp=soon), credential(RENEWED)
    plugin = Plugin.write(script, first, second)
    kube(api.url, user=plugin.user)

    assert dashborion("workloads list -o name").exit_code == 0
    assert {one.headers["authorization"] for one in api.requests} == {f"Bearer {RENEWED}"}
    assert plugin.runs == 2


@pytest.mark.parametrize("expires", ["0001-01-01T00:00:00Z", None])
def test_no_time_of_expiry_is_none(
    dashborion: Cli, api: Api, kube: Kube, script: Path, monkeypatch: pytest.MonkeyPatch,
    expires: str | None,
) -> None:  # fmt: skip
    monkeypatch.setattr(settings, "RENEWED_SECONDS", 0)
    plugin = Plugin.write(script, credential(expirationTimestamp=expires))
    kube(api.url, user=plugin.user)

    assert dashborion("workloads list -o name").exit_code == 0
    assert plugin.runs == 1


def test_environments_that_share_a_user_whose_token_is_refused_renew_it_once(
    dashborion: Cli, api: Api, kube: Kube, script: Path
) -> None:
    plugin = Plugin.write(script, credential(TOKEN), credential(RENEWED))
    one, two = (document(api.url, context=name, user=plugin.user) for name in ("here", "there"))
    write(kube(api.url), merged(one, two))
    api.token = RENEWED

    assert dashborion("workloads list --all-envs -o json").exit_code == 0
    assert plugin.runs == 2


def test_a_plugin_that_fails_costs_its_own_environment_only(
    dashborion: Cli, api: Api, kube: Kube, script: Path
) -> None:
    plugin = Plugin.script(script, "exit 3")
    bad = [document(api.url, context=name, user=plugin.user) for name in ("here", "there")]
    write(kube(api.url), merged(document(api.url, context="good"), *bad))

    seen = dashborion("workloads list -e k8s:here -e k8s:good -o name")

    assert (seen.exit_code, seen.lines) == (
        5,
        [f"k8s:good:default/{name}" for name in ("api", "db", "web")],
    )
    assert "user 'here-user'" in seen.err
