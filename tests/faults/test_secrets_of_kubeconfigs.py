"""A marker in every place of a kubeconfig where a secret can stand: no output and no file has it.

Every command of the tests is searched for the word anyway (``tests.support.cli``); here the files
that it leaves are searched, too, and each place is tried whole and in every form that is wrong.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import Cli
from tests.support.identity import id_token
from tests.support.kubeconfigs import Kube, Plugin
from tests.support.stub_api import Api

MARK = "s3cr3t"
_ENCODED = base64.b64encode(b"x" + MARK.encode() * 3).decode()
COMMANDS = ("workloads list", "env check -o json", "workloads list -v --debug -o json", "env show")

# What stands in the place of a text: itself, and what it may be by mistake.
FORMS: dict[str, Callable[[str], Any]] = {
    "whole": lambda text: text,
    "with a line break": lambda text: f"{text}\r\nX-{MARK}: 1",
    "with a control character": lambda text: f"{text}\x1b[31m\x00",
    "beyond ASCII": lambda text: f"{text}-\u2603",
    "in a list": lambda text: [text],
    "in a mapping": lambda text: {text: text},
    "as a number": lambda _: 1,
}


def _oidc(key: str) -> Callable[[Any], dict[str, Any]]:
    def user(value: Any) -> dict[str, Any]:
        config = {
            "idp-issuer-url": f"https://127.0.0.1:1/{MARK}",
            "client-id": MARK,
            "id-token": id_token(1_500_000_000),
            "refresh-token": MARK,
        }
        return {"user": {"auth-provider": {"name": "oidc", "config": config | {key: value}}}}

    return user


def _gcp(value: Any) -> dict[str, Any]:
    return {"user": {"auth-provider": {"name": "gcp", "config": {"access-token": value}}}}


def _exec(**change: Any) -> dict[str, Any]:
    given = {"apiVersion": "client.authentication.k8s.io/v1", "command": "false", **change}
    return {"user": {"exec": given}}


def _cluster(key: str) -> Callable[[Any], dict[str, Any]]:
    return lambda value: {"cluster": {key: value}}


def _user(key: str, **more: Any) -> Callable[[Any], dict[str, Any]]:
    return lambda value: {"user": {**more, key: value}}


Place = tuple[str, Callable[[Any], dict[str, Any]]]
PLACES: dict[str, Place] = {
    "token": (MARK, _user("token")),
    "token file": (f"/nowhere/{MARK[:3]}", _user("tokenFile")),
    "password": (MARK, _user("password", username="jane")),
    "user name": (MARK, _user("username")),
    "key": (MARK, _user("client-key-data", **{"client-certificate-data": "eA=="})),
    "key of junk": (_ENCODED, _user("client-key-data", **{"client-certificate-data": "eA=="})),
    "certificate": (MARK, _user("client-certificate-data", **{"client-key-data": "eA=="})),
    "authority": (MARK, _cluster("certificate-authority-data")),
    "authority of junk": (_ENCODED, _cluster("certificate-authority-data")),
    "argument": (MARK, lambda value: _exec(args=[value])),
    "arguments": (MARK, lambda value: _exec(args=value)),
    "variable": (MARK, lambda value: _exec(env=[{"name": "A", "value": value}])),
    "variable's name": (MARK, lambda value: _exec(env=[{"name": value}])),
    "client-secret": (MARK, _oidc("client-secret")),
    "refresh-token": (MARK, _oidc("refresh-token")),
    "id-token": (MARK, _oidc("id-token")),
    "idp authority": (_ENCODED, _oidc("idp-certificate-authority-data")),
    "issuer": (f"https://me:{MARK}@127.0.0.1:1/?t={MARK}", _oidc("idp-issuer-url")),
    "access-token": (MARK, _gcp),
    "proxy": (f"http://me:{MARK}@127.0.0.1:1/?t={MARK}", _cluster("proxy-url")),
    "socks proxy": (f"socks5://me:{MARK}@127.0.0.1:1", _cluster("proxy-url")),
    "proxy without a scheme": (f"me:{MARK}@127.0.0.1:1", _cluster("proxy-url")),
    "impersonation": (MARK, _user("as")),
    "extra": (MARK, lambda value: {"user": {"as": "jane", "as-user-extra": {"a": [value]}}}),
}


def _search(home: Path, *written: Path) -> None:
    """Look for the marker in the files that are left, but for those that the test wrote."""
    for file in home.rglob("*"):
        if file.is_file() and file not in written:
            content = file.read_bytes()
            assert MARK.encode() not in content.lower(), f"{file} holds a secret"
            assert MARK not in file.name


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize(("text", "place"), PLACES.values(), ids=PLACES)
def test_what_stands_in_a_kubeconfig_is_shown_and_kept_nowhere(
    dashborion: Cli, api: Api, kube: Kube, tmp_path: Path,
    text: str, place: Callable[[Any], dict[str, Any]], form: Callable[[str], Any],
) -> None:  # fmt: skip
    address = api.url.replace("http:", "https:") if "-data" in str(place("x")) else api.url
    path = kube(address, **place(form(text)))

    for command in COMMANDS:
        seen = dashborion(command, seconds=5)
        assert seen.exit_code in (0, 2, 4, 6)

    _search(tmp_path, path)


SERVERS = {
    "a password": f"http://me:{MARK}@127.0.0.1:PORT",
    "a password with a slash": f"http://me:{MARK}/x@127.0.0.1:PORT",
    "a password with a hash": f"http://me:{MARK}#x@127.0.0.1:PORT",
    "a user": f"http://{MARK}@127.0.0.1:PORT",
    "a query": f"http://127.0.0.1:PORT?token={MARK}",
    "a query behind a path": f"http://127.0.0.1:PORT/k8s?token={MARK}",
    "a fragment": f"http://127.0.0.1:PORT#{MARK}",
    "no scheme": f"me:{MARK}@127.0.0.1:PORT",
    "another scheme": f"ftp://me:{MARK}@127.0.0.1:PORT",
    "a line break": f"http://me:{MARK}@127.0.0.1:PORT\n",
    "a port that refuses": f"http://me:{MARK}@127.0.0.1:1?token={MARK}",
    "TLS where there is none": f"https://me:{MARK}@127.0.0.1:PORT",
}


@pytest.mark.parametrize("server", SERVERS.values(), ids=SERVERS)
def test_what_stands_in_a_servers_address_is_shown_and_kept_nowhere(
    dashborion: Cli, api: Api, kube: Kube, tmp_path: Path, server: str
) -> None:
    path = kube(server.replace("PORT", str(api.port)))

    for command in COMMANDS:
        dashborion(command)

    _search(tmp_path, path)


WORDS = (
    "token=TOKEN",
    '{"access_token": "TOKEN"}',
    "Authorization: Bearer TOKEN",
    "GET https://me:TOKEN@login.example/?code=TOKEN failed",
    "client_secret: 'TOKEN'",
    "-----BEGIN PRIVATE KEY-----\nTOKEN\n-----END PRIVATE KEY-----",
    "got eyJhbGciOiJub25lIn0.eyJzdWIiOiJTRUNSRVQifQ.TOKEN back",
)


@pytest.mark.parametrize("words", WORDS, ids=[words.partition("TOKEN")[0] for words in WORDS])
@pytest.mark.parametrize("stream", ["1", "2"], ids=["stdout", "stderr"])
def test_what_a_plugin_says_of_tokens_is_shown_and_kept_nowhere(
    dashborion: Cli, api: Api, kube: Kube, tmp_path: Path, words: str, stream: str
) -> None:
    (tmp_path / "said").write_text(words.replace("TOKEN", MARK))
    plugin = Plugin.script(tmp_path / "plugin", f'cat "$(dirname "$0")/said" >&{stream}; exit 3')
    path = kube(api.url, user=plugin.user)

    for command in COMMANDS:
        dashborion(command)

    _search(tmp_path, path, tmp_path / "said")
