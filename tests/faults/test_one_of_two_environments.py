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
from tests.support.aws import credentials, write_aws
from tests.support.aws_objects import CLUSTER, REGION, AwsObjects, definition, service
from tests.support.cli import Cli, Result
from tests.support.kubeconfigs import Kube, document, merged, write
from tests.support.stub_api import Api
from tests.support.stub_objects import pod

GOOD_ROWS = {"api", "db", "web"}
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
