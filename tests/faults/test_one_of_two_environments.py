"""Whatever is thrown for one environment, wherever, costs that environment and nothing else.

By real means where there are any: files that are missing, addresses that are none, answers
that are cut off. What an SDK may throw besides is thrown in its place, with a secret in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3

from tests.support import misbehaviour
from tests.support.cli import Cli, Result, Screen
from tests.support.kubeconfigs import Kube, document, merged, write
from tests.support.stub_api import Api
from tests.support.stub_objects import pod
from tests.support.thrown import EVERY_KIND, Thrown, every_kind, said_of

LINE = b"2026-01-31T08:00:00.000000000Z hello\n"
STAGES = {
    # stage: (the part of a URL at which it is thrown, the command)
    "asked": ("/deployments", "workloads list"),
    "searched": ("/deployments", "workloads describe web"),
    "in the middle of a long list": ("continue=", "instances list -A"),
    "a log is opened": ("/log", "workloads logs db"),
    "checked": ("/version", "env check"),
}
every_stage = pytest.mark.parametrize(("part", "command"), STAGES.values(), ids=STAGES)


@pytest.fixture
def bad(api: Api, kube: Kube) -> Iterator[Api]:
    """A second server, ``k8s:bad`` beside ``k8s:here``."""
    with Api(chunk=1) as server:
        for each in (api, server):
            owner = each.objects["statefulsets"][0]["metadata"]
            each.objects["pods"] = [_running(f"db-{number}", owner) for number in range(3)]
            each.on("*/log", misbehaviour.body(LINE, "text/plain"))
        _contexts(kube, api, document(server.url, context="bad", user={}))
        yield server


def _running(name: str, owner: dict[str, Any]) -> dict[str, Any]:
    made = pod(name)
    of = {"apiVersion": "apps/v1", "kind": "StatefulSet", "controller": True}
    made["metadata"]["ownerReferences"] = [{**of, "name": owner["name"], "uid": owner["uid"]}]
    made["status"]["containerStatuses"][0]["containerID"] = f"containerd://{name}"
    return made


def _contexts(kube: Kube, api: Api, other: dict[str, Any]) -> None:
    write(kube(api.url), merged(document(api.url, user={}), other))  # on a tab, too


def _throw_for(server: Api, part: str, thrown: Thrown, patch: pytest.MonkeyPatch) -> None:
    """The HTTP library throws when this part of this server is asked for."""
    urlopen = urllib3.PoolManager.urlopen

    def throwing(pool: Any, method: str, url: str, *words: Any, **more: Any) -> Any:
        if f":{server.port}/" in url and part in url:
            raise thrown()
        return urlopen(pool, method, url, *words, **more)

    patch.setattr(urllib3.PoolManager, "urlopen", throwing)


def _require_good_rows(seen: Result, command: str) -> None:
    rows = [json.loads(line) for line in seen.lines] if "logs" in command else seen.json
    rows = rows if isinstance(rows, list) else [rows]
    good = [row for row in rows if row["environment"] == "k8s:here"]
    assert len(good) == (1 if command in ("workloads describe web", "env check") else 3)


@every_kind
@every_stage
def test_what_a_library_throws_costs_its_environment(
    dashborion: Cli,
    api: Api,
    bad: Api,
    monkeypatch: pytest.MonkeyPatch,
    part: str,
    command: str,
    thrown: Thrown,
) -> None:
    _throw_for(bad, part, thrown, monkeypatch)

    seen = dashborion(f"{command} -e k8s:here -e k8s:bad -o json", unforeseen=True)

    assert seen.exit_code == 5, seen.err
    assert seen.error["code"] == "partial"
    assert "s3cr3t" not in seen.err
    _require_good_rows(seen, command)
    assert said_of(seen, "k8s:bad")


def _talk(exchange: misbehaviour.Exchange) -> None:
    """A log that goes on."""
    exchange.begin({"Transfer-Encoding": "chunked"})
    number = 0
    while not exchange.over.wait(0.02):
        number += 1
        line = LINE.replace(b".000000000Z", b".%09dZ" % number)
        exchange.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
        exchange.wfile.flush()


@pytest.mark.parametrize("kind", ["RuntimeError", "KeyError", "EOFError", "StopIteration"])
def test_a_followed_log_goes_on_beside_one_whose_reader_has_failed(
    dashborion: Cli, api: Api, bad: Api, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """What is the connection's fault is no reason to end: it is tried again."""
    api.insert("*/log", _talk)
    _throw_for(bad, "/log", EVERY_KIND[kind], monkeypatch)
    failed = 0

    def goes_on(screen: Screen) -> bool:
        nonlocal failed
        if not failed and "k8s:bad" in dashborion.said_so_far():
            failed = screen.lines
        return bool(failed) and screen.lines > failed + 3

    seen = dashborion(
        "workloads logs db -f -e k8s:here -e k8s:bad -o json", enough=goes_on, unforeseen=True
    )

    assert seen.exit_code == 130
    assert failed
    assert {json.loads(line)["environment"] for line in seen.lines} == {"k8s:here"}


@every_kind
def test_completion_offers_the_names_of_the_others(
    dashborion: Cli, bad: Api, monkeypatch: pytest.MonkeyPatch, thrown: Thrown
) -> None:
    _throw_for(bad, "/deployments", thrown, monkeypatch)

    offered = dashborion.complete("dashborion workloads describe -e k8s:here -e k8s:bad ")

    assert set(offered) >= {"api", "web"}


def test_debug_shows_where_it_was_thrown_in_an_environment_that_is_not_the_first(
    dashborion: Cli, bad: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    _throw_for(bad, "/version", EVERY_KIND["KeyError"], monkeypatch)

    seen = dashborion("env check -e k8s:here -e k8s:bad --debug", unforeseen=True)

    assert (seen.exit_code, "error: k8s:bad: unexpected KeyError" in seen.err) == (5, True)
    assert f"{Path(__file__).name}:" in seen.err


# --- By real means: Kubernetes ------------------------------------------------------------------

BROKEN_CONTEXTS: dict[str, dict[str, Any]] = {
    "no authority file": {"cluster": {"certificate-authority": "/nowhere/ca.crt"}},
    "no certificate file": {"user": {"client-certificate": "/nowhere", "client-key": "/nowhere"}},
    "no token file": {"user": {"tokenFile": "/nowhere"}},
    "a proxy of an unknown scheme": {"cluster": {"proxy-url": "foo://127.0.0.1:9"}},
    "a socks proxy": {"cluster": {"proxy-url": "socks5://127.0.0.1:9"}},
    "a proxy that is no address": {"cluster": {"proxy-url": "http://[::1"}},
    "a login that nobody renews": {
        "user": {
            "auth-provider": {
                "name": "oidc",
                "config": {
                    "client-id": "c",
                    "id-token": "x.eyJleHAiOjE1MDAwMDAwMDB9.x",  # has expired in 2017
                    "idp-issuer-url": "https://127.0.0.1:9/realm",
                    "refresh-token": "r",
                },
            }
        }
    },
    "no plugin": {"user": {"exec": {"command": "no-such", "apiVersion": "v1"}}},
    "a plugin that is a folder": {
        "user": {"exec": {"command": "/", "apiVersion": "client.authentication.k8s.io/v1"}}
    },
    "a host that is too long": {"server": f"https://{'a' * 70}.test"},
    "a port that is none": {"server": "https://127.0.0.1:99999"},
    "a server that is no address": {"server": "http://[::1"},
}


@pytest.mark.parametrize("broken", BROKEN_CONTEXTS.values(), ids=BROKEN_CONTEXTS)
@pytest.mark.parametrize("command", ["workloads list", "instances list -A", "env check"])
def test_a_context_that_is_broken(
    dashborion: Cli, api: Api, kube: Kube, broken: dict[str, Any], command: str
) -> None:
    _contexts(kube, api, document(**{"server": "https://127.0.0.1:9", "context": "bad"} | broken))

    seen = dashborion(f"{command} -e k8s:here -e k8s:bad -o json")

    assert seen.exit_code == 5
    assert "k8s:here" in {row["environment"] for row in seen.json}
    assert said_of(seen, "k8s:bad")


ANSWERS = {
    "cut off": misbehaviour.cut,
    "cut off between chunks": misbehaviour.cut_chunks,
    "reset": misbehaviour.reset,
    "dropped": misbehaviour.drop,
    "another protocol": misbehaviour.not_http,
    "a proxy's page": misbehaviour.page(200),
    "deep": misbehaviour.body(b"[" * 100_000),
    "compressed, it says": misbehaviour.body(b"\x00", Content_Encoding="gzip"),
    "in no encoding": misbehaviour.body(b'{"items": [{"metadata": {"name": "\xff"}}]}'),
    "a number": misbehaviour.body(b"1"),
    "null": misbehaviour.body(b"null"),
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize("command", ["workloads list", "instances list -A", "workloads logs db"])
def test_an_answer_that_cannot_be_read(
    dashborion: Cli, bad: Api, command: str, answer: misbehaviour.Fault
) -> None:
    bad.insert("*/pods*", answer)
    bad.insert("*/deployments", answer)

    seen = dashborion(f"{command} -e k8s:here -e k8s:bad -o json")

    assert seen.exit_code == 5
    _require_good_rows(seen, command)
    assert said_of(seen, "k8s:bad")


def test_one_is_watched_while_the_other_cannot_be(dashborion: Cli, bad: Api) -> None:
    bad.on("*", misbehaviour.status(403, "not for you", reason="Forbidden"))

    def enough(screen: Screen) -> bool:
        return all(f'"change":"{one}"' in screen.getvalue() for one in ("synced", "failed"))

    words = "workloads list -e k8s:here -e k8s:bad --watch -o json"
    seen = [json.loads(line) for line in dashborion(words, enough=enough).lines]
    (failed,) = [one for one in seen if one["change"] == "failed"]
    assert (failed["environment"], failed["error"]["code"]) == ("k8s:bad", "forbidden")
    assert {one["environment"] for one in seen if one["change"] != "failed"} == {"k8s:here"}


def test_a_watched_name_may_be_in_one_of_two_environments(dashborion: Cli, bad: Api) -> None:
    bad.objects["deployments"] = []

    def enough(screen: Screen) -> bool:
        return screen.getvalue().count('"change":"synced"') == 2

    words = "workloads list deployment/web -e k8s:here -e k8s:bad --watch -o json"
    seen = [json.loads(line) for line in dashborion(words, enough=enough).lines]
    assert [one["environment"] for one in seen if one["change"] == "added"] == ["k8s:here"]
    absent = dashborion(words.replace("web", "no-such-thing"))
    assert (absent.exit_code, absent.error["code"]) == (3, "not-found")
