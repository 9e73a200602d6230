"""Exec plugins: run once, run again after a 401, and every way in which they can fail."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.faults_door import Terminal
from tests.support.kubeconfigs import (
    RENEWED,
    TOKEN,
    Kube,
    Plugin,
    credential,
    document,
    exec_user,
    merged,
    write,
)
from tests.support.stub_api import Api

PAST, FUTURE = "2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z"


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """Where to write the plugin."""
    folder = tmp_path / "plugin"
    folder.mkdir()
    return folder / "log-in"


def test_a_plugins_token_is_sent_and_the_plugin_runs_once(
    dashborion: Terminal, api: Api, kube: Kube, script: Path
) -> None:
    plugin = Plugin.write(script, credential(expirationTimestamp=FUTURE))
    kube(api.url, user=plugin.user)

    assert dashborion("workloads describe web -o json -v").exit_code == 0

    assert {one.headers["authorization"] for one in api.requests} == {f"Bearer {TOKEN}"}
    assert plugin.runs == 1


def test_a_token_that_the_api_no_longer_takes_is_renewed_by_running_the_plugin_again(
    dashborion: Terminal, api: Api, kube: Kube, script: Path
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
    dashborion: Terminal, api: Api, kube: Kube, script: Path, command: str
) -> None:
    plugin = Plugin.write(script, credential(TOKEN), credential(RENEWED))
    kube(api.url, user=plugin.user)
    api.token = RENEWED

    assert dashborion(command).exit_code == 0

    assert plugin.runs == 2, "a plugin may open a browser: not one for each request"


def test_a_renewed_token_that_is_refused_too_is_an_error(
    dashborion: Terminal, api: Api, kube: Kube, script: Path
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
    dashborion: Terminal, api: Api, kube: Kube, script: Path
) -> None:
    plugin = Plugin.write(script, credential(expirationTimestamp=PAST))
    kube(api.url, user=plugin.user)

    seen = dashborion("workloads list -o name")

    assert seen.lines == ["api", "db", "web"], "the server has the last word on expiry"
    assert plugin.runs <= 4


def test_contexts_that_share_a_user_run_its_plugin_once(
    dashborion: Terminal, api: Api, kube: Kube, script: Path
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
    "a token with a line break": credential("s3cr3t\r\nX-Evil: 1"),
}


@pytest.mark.parametrize("more", ["", " --debug -v"], ids=["plain", "debug"])
@pytest.mark.parametrize("prints", GARBAGE.values(), ids=GARBAGE)
def test_a_plugin_that_prints_something_else_is_a_credentials_error(
    dashborion: Terminal, api: Api, kube: Kube, script: Path, prints: str, more: str
) -> None:
    kube(api.url, user=Plugin.write(script, prints).user)

    seen = dashborion(f"workloads list -o json{more}")

    assert (seen.exit_code, seen.error["code"]) == (4, "credentials")
    assert "here-user" in seen.error["message"]
    assert seen.error["environment"] == "k8s:here"
    assert seen.error["hint"]
    assert api.requests == []


def test_a_plugin_that_fails_is_quoted_and_harmless(
    dashborion: Terminal, api: Api, kube: Kube, script: Path
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
    dashborion: Terminal, api: Api, kube: Kube, script: Path
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
    dashborion: Terminal, api: Api, kube: Kube, script: Path, command: str, mode: int
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


def test_a_plugin_that_hangs_ends_with_the_deadline(
    dashborion: Terminal, api: Api, kube: Kube, script: Path
) -> None:
    plugin = Plugin.script(script, "exec sleep 1")
    kube(api.url, user=plugin.user)

    seen = dashborion("workloads list -o json", seconds=0.3)

    assert (seen.exit_code, seen.error["code"]) == (6, "timeout")


def test_a_plugin_beside_the_kubeconfig_is_found(
    dashborion: Terminal, api: Api, kube: Kube, script: Path
) -> None:
    Plugin.write(script, credential())
    kube(api.url, user=exec_user(f"./{script.parent.name}/{script.name}"))

    assert dashborion("workloads list -o name").exit_code == 0


def test_a_plugin_gets_its_arguments_and_environment(
    dashborion: Terminal, api: Api, kube: Kube, script: Path
) -> None:
    text = credential("PLACE").replace("PLACE", "s3cr3t-$1-$REGION").replace('"', '\\"')
    user = Plugin.script(script, f'echo "{text}"').user
    user["exec"] |= {"args": ["one"], "env": [{"name": "REGION", "value": "paris"}]}
    kube(api.url, user=user)

    assert dashborion("workloads list").exit_code == 0
    assert api.requests[0].headers["authorization"] == "Bearer s3cr3t-one-paris"
