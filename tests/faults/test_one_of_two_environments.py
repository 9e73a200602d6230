"""Whatever is thrown for one environment, wherever, costs that environment and nothing else.

By real means where there are any: files that are missing, addresses that are none, answers
that are cut off. What an SDK may throw besides is thrown in its place, with a secret in it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import botocore.httpsession
import botocore.session
import pytest
import urllib3
from urllib3.exceptions import MaxRetryError, ProxySchemeUnknown

from tests.support import misbehaviour
from tests.support.aws import credentials, skip_naps, write_aws, write_config
from tests.support.aws_objects import CLUSTER, REGION, AwsObjects, definition, service
from tests.support.cli import Cli, Result, Screen
from tests.support.kubeconfigs import Kube, document, merged, write
from tests.support.stub_api import Api
from tests.support.stub_objects import pod

LINE = b"2026-01-31T08:00:00.000000000Z hello\n"
Thrown = Callable[[], Exception]

EVERY_KIND: dict[str, Thrown] = {
    "RuntimeError": lambda: RuntimeError("s3cr3t"),
    "ValueError": lambda: ValueError("s3cr3t"),
    "KeyError": lambda: KeyError("s3cr3t"),
    "TypeError": lambda: TypeError("s3cr3t"),
    "AttributeError": lambda: AttributeError("s3cr3t"),
    "EOFError": lambda: EOFError("s3cr3t"),
    "RecursionError": lambda: RecursionError("s3cr3t"),
    "MemoryError": lambda: MemoryError("s3cr3t"),
    "StopIteration": lambda: StopIteration("s3cr3t"),
    "UnicodeError": lambda: UnicodeDecodeError("utf-8", b"s3cr3t", 0, 1, "s3cr3t"),
    "OSError": lambda: OSError(5, "Input/output error", "/s3cr3t"),
    "FileNotFoundError": lambda: FileNotFoundError(2, "No such file", "/s3cr3t"),
    "BrokenPipeError": lambda: BrokenPipeError(32, "Broken pipe"),
    "TimeoutError": lambda: TimeoutError(110, "Connection timed out"),
    "MaxRetryError": lambda: MaxRetryError(urllib3.HTTPConnectionPool("h"), "/?s3cr3t"),
    "ProxySchemeUnknown": lambda: ProxySchemeUnknown("s3cr3t"),
}
every_kind = pytest.mark.parametrize("thrown", EVERY_KIND.values(), ids=EVERY_KIND)

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
        _contexts(kube, api, document(server.url, context="bad"))
        yield server


def _running(name: str, owner: dict[str, Any]) -> dict[str, Any]:
    made = pod(name)
    of = {"apiVersion": "apps/v1", "kind": "StatefulSet", "controller": True}
    made["metadata"]["ownerReferences"] = [{**of, "name": owner["name"], "uid": owner["uid"]}]
    made["status"]["containerStatuses"][0]["containerID"] = f"containerd://{name}"
    return made


def _contexts(kube: Kube, api: Api, other: dict[str, Any]) -> None:
    write(kube(api.url), merged(document(api.url), other))


def _throw_for(server: Api, part: str, thrown: Thrown, patch: pytest.MonkeyPatch) -> None:
    """The HTTP library throws when this part of this server is asked for."""
    urlopen = urllib3.PoolManager.urlopen

    def throwing(pool: Any, method: str, url: str, *words: Any, **more: Any) -> Any:
        if f":{server.port}/" in url and part in url:
            raise thrown()
        return urlopen(pool, method, url, *words, **more)

    patch.setattr(urllib3.PoolManager, "urlopen", throwing)


def _said_of(seen: Result, environment: str) -> list[dict[str, Any]]:
    said = [body for line in seen.err.splitlines() for body in json.loads(line).values()]
    return [body for body in said if body["environment"] == environment]


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
    assert _said_of(seen, "k8s:bad")


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
    "a proxy that is no address": {"cluster": {"proxy-url": "http://[::1"}},
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
    assert _said_of(seen, "k8s:bad")


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
    assert _said_of(seen, "k8s:bad")


# --- By real means: AWS -------------------------------------------------------------------------

PROFILES = {
    "no token file": "role_arn = arn:aws:iam::123456789012:role/a\n"
    "web_identity_token_file = /nowhere",
    "no program": "credential_process = /nowhere/program",
    "a program that prints junk": "credential_process = echo s3cr3t",
    "a program that prints nothing": "credential_process = true",
    "an open quote": "credential_process = 'echo",
    "no login": "sso_start_url = https://a.test\nsso_region = us-east-1\nsso_account_id = 1\n"
    "sso_role_name = a",
    "no source": "role_arn = arn:aws:iam::123456789012:role/a\nsource_profile = none",
}
HANGS = "credential_process = sleep 30"
KEYS = "aws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = s3cr3t\n"


@pytest.fixture
def aws(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsObjects]:
    """Environments ``good`` and ``bad``, which differ by the profile."""
    credentials(monkeypatch)
    skip_naps(monkeypatch)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    target = {"cluster": CLUSTER, "region": REGION}
    write_config(home, {name: {**target, "profile": name} for name in ("good", "bad")})
    with AwsObjects(services=[service("web")], definitions=[definition("web")]) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        yield server


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
@pytest.mark.parametrize("command", ["workloads list", "instances list -A", "env check"])
def test_an_aws_profile_that_is_broken(
    dashborion: Cli, aws: AwsObjects, home: Path, profile: str, command: str
) -> None:
    keys = "" if "role" in profile or "credential" in profile else KEYS
    write_aws(home, config=f"[profile good]\n{KEYS}\n[profile bad]\n{keys}{profile}\n")

    seen = dashborion(f"{command} -e good -e bad -o json", unforeseen=True)

    assert seen.exit_code == 5, seen.err
    assert "s3cr3t" not in seen.err
    assert _said_of(seen, "bad")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("AWS_CA_BUNDLE", "/nowhere/ca.pem"),
        ("HTTPS_PROXY", "foo://127.0.0.1:9"),
        ("HTTP_PROXY", "foo://127.0.0.1:9"),
        ("AWS_CONFIG_FILE", "/"),
        ("AWS_ENDPOINT_URL", "nonsense"),
        ("AWS_MAX_ATTEMPTS", "many"),
    ],
)
def test_a_variable_that_breaks_aws_leaves_kubernetes(
    dashborion: Cli,
    api: Api,
    kube: Kube,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
) -> None:
    kube(api.url)
    credentials(monkeypatch)
    write_config(home, {"bad": {"cluster": CLUSTER, "region": REGION}})
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://aws.test")
    monkeypatch.setenv(variable, value)

    seen = dashborion("workloads list -e k8s:here -e bad -o json", unforeseen=True, seconds=20)

    assert seen.exit_code == 5, seen.err
    assert len(seen.json) == 3
    assert _said_of(seen, "bad")


def _throw_credentials(thrown: Thrown, patch: pytest.MonkeyPatch) -> None:
    """botocore throws when the credentials of the profile ``bad`` are loaded."""
    loaded = botocore.session.Session.get_credentials

    def get_credentials(session: Any, *words: Any) -> Any:
        if session.profile == "bad":
            raise thrown()
        return loaded(session, *words)

    patch.setattr(botocore.session.Session, "get_credentials", get_credentials)


@every_kind
@pytest.mark.parametrize("stage", ["prepared", "asked"])
def test_what_botocore_throws_costs_its_environment(
    dashborion: Cli,
    aws: AwsObjects,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    stage: str,
    thrown: Thrown,
) -> None:
    write_aws(home, config="".join(f"[profile {name}]\n{KEYS}\n" for name in ("good", "bad")))
    send = botocore.httpsession.URLLib3Session.send

    def throwing(http: Any, request: Any) -> Any:
        if b"/us-west-2/" in request.headers["Authorization"]:
            raise thrown()
        return send(http, request)

    if stage == "asked":
        monkeypatch.setattr(botocore.httpsession.URLLib3Session, "send", throwing)
    else:
        _throw_credentials(thrown, monkeypatch)
    write_config(home, {
        "good": {"cluster": CLUSTER, "region": REGION, "profile": "good"},
        "bad": {"cluster": CLUSTER, "region": "us-west-2", "profile": "bad"},
    })  # fmt: skip

    seen = dashborion("workloads list -e good -e bad -o json", unforeseen=True)

    assert seen.exit_code == 5, seen.err
    assert [row["environment"] for row in seen.json] == ["good"]
    assert _said_of(seen, "bad")


def test_credentials_that_never_come_cost_their_environment(
    dashborion: Cli, aws: AwsObjects, home: Path
) -> None:
    write_aws(
        home, config=f"[profile good]\n{KEYS}\n[profile bad]\ncredential_process = sleep 300\n"
    )

    seen = dashborion("workloads list -e bad -e good -o json", seconds=3)

    assert seen.exit_code == 5
    assert [row["environment"] for row in seen.json] == ["good"]
    assert _said_of(seen, "bad")


@pytest.mark.parametrize("kind", ["RuntimeError", "OSError", "EOFError", "MaxRetryError"])
def test_a_search_goes_on_beside_a_profile_that_is_broken(
    dashborion: Cli, aws: AwsObjects, home: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    write_aws(home, config="".join(f"[profile {name}]\n{KEYS}\n" for name in ("good", "bad")))
    _throw_credentials(EVERY_KIND[kind], monkeypatch)

    seen = dashborion(
        f"env discover --profile bad --profile good --region {REGION} -o json", unforeseen=True
    )

    assert seen.exit_code == 5
    assert seen.json
    assert "profile bad" in seen.err


def test_a_search_goes_on_beside_a_profile_that_hangs(
    dashborion: Cli, aws: AwsObjects, home: Path
) -> None:
    write_aws(home, config=f"[profile good]\n{KEYS}\n[profile bad]\n{HANGS}\n")

    seen = dashborion(
        f"env discover --profile bad --profile good --region {REGION} -o json", seconds=3
    )

    assert seen.exit_code == 5
    assert seen.json
    assert "profile bad" in seen.err
