"""Answers that are no answers: never an empty table, always exit 6 and a word on what came."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from tests.support import misbehaviour
from tests.support.cli import Cli
from tests.support.misbehaviour import PAGE, Fault, body, page, redirect
from tests.support.stub_api import Api

LISTS = [
    pytest.param("workloads list --type deployment", "deployments", id="workloads list"),
    pytest.param("instances list", "pods", id="instances list"),
]
DEEP = b'{"metadata": {}, "items": ' + b"[" * 200_000
GARBAGE = {
    "garbage": body(b"%PDF-1.7 \x00\xff"),
    "nothing": body(b""),
    "a list": body([]),
    "an empty object": body({}),
    "null": body(b"null"),
    "a page": body(PAGE, "text/html"),
    "a log-in page called JSON": body(PAGE),
    "a Status": body({"kind": "Status", "status": "Failure", "metadata": {}}),
    "items that are no list": body({"metadata": {}, "items": "none"}),
    "items without metadata": body({"metadata": {}, "items": [{}]}),
    "items without a name": body({"metadata": {}, "items": [{"metadata": {}}]}),
    "items that are numbers": body({"metadata": {}, "items": [1, 2]}),
    "a spec of another shape": body(
        {"metadata": {}, "items": [{"metadata": {"name": "x"}, "spec": "none"}]}
    ),
    "a time that is none": body(
        {"metadata": {}, "items": [{"metadata": {"name": "x", "creationTimestamp": "noon"}}]}
    ),
    "half of it": body(b'{"metadata": {}, "items": ['),
    "bytes that are not UTF-8": body(
        b'{"metadata": {}, "items": [{"metadata": {"name": "\xff\xfe"}}]}'
    ),
    "nested too deeply": body(DEEP),
    "gzip cut short": body(
        gzip.compress(b'{"metadata": {}, "items": []}' + b" " * 9999)[:20], Content_Encoding="gzip"
    ),
    "no content": lambda exchange: exchange.respond(204, b""),
}
BROKEN: dict[str, Fault] = {
    "gzip garbage": body(b"not gzip at all", Content_Encoding="gzip"),
    "body cut short": misbehaviour.cut,
    "chunks cut short": misbehaviour.cut_chunks,
    "reset in the body": misbehaviour.reset,
    "closed without a word": misbehaviour.drop,
    "another protocol": misbehaviour.not_http,
}


def _named(faults: dict[str, Any]) -> list[Any]:
    return [pytest.param(fault, id=name) for name, fault in faults.items()]


@pytest.mark.parametrize("raw", ["", " --raw"], ids=["normalised", "raw"])
@pytest.mark.parametrize(("command", "plural"), LISTS)
@pytest.mark.parametrize("fault", _named(GARBAGE))
def test_an_answer_of_the_wrong_shape_is_a_bad_answer_asked_for_once(
    dashborion: Cli, cluster: Api, fault: Fault, command: str, plural: str, raw: str
) -> None:
    cluster.on(f"*/{plural}", fault)

    seen = dashborion(f"{command}{raw} -o json")

    assert (seen.exit_code, seen.error["code"]) == (6, "bad-answer")
    assert seen.error["environment"] == "k8s:here"
    assert len(cluster.to(plural)) == 1


@pytest.mark.parametrize(("command", "plural"), LISTS)
def test_a_bad_answer_says_which_call_was_answered_so_and_by_whom(
    dashborion: Cli, cluster: Api, command: str, plural: str
) -> None:
    cluster.on(f"*/{plural}", body(PAGE, "text/html"))

    seen = dashborion(f"{command} -o json")

    assert plural in seen.error["message"]
    assert cluster.url in seen.error["message"]


@pytest.mark.parametrize(("command", "plural"), LISTS)
@pytest.mark.parametrize("fault", _named(BROKEN))
def test_a_broken_connection_is_tried_again_and_then_an_error(
    dashborion: Cli, cluster: Api, fault: Fault, command: str, plural: str
) -> None:
    cluster.on(f"*/{plural}", fault)

    seen = dashborion(f"{command} -o json -v")

    assert seen.exit_code == 6
    assert seen.error["code"] in ("unreachable", "bad-answer")
    assert cluster.url in seen.error["message"]
    assert 1 <= len(cluster.to(plural)) <= 5


@pytest.mark.parametrize(
    "fault", _named({k: v for k, v in BROKEN.items() if "gzip" not in k and "another" not in k})
)
def test_a_connection_that_breaks_once_costs_nothing(
    dashborion: Cli, cluster: Api, fault: Fault
) -> None:
    cluster.on("*/pods", fault, times=1)

    seen = dashborion("instances list -o name")

    assert (seen.exit_code, seen.lines, seen.err) == (0, ["web-1"], "")
    assert len(cluster.to("pods")) == 2


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("command", ["workloads list", "workloads describe web"])
def test_a_redirect_is_an_error_that_takes_no_credentials_elsewhere(
    dashborion: Cli, cluster: Api, code: int, command: str
) -> None:
    with Api() as elsewhere:
        cluster.on("*", redirect(f"{elsewhere.url}/login?state=s3cr3t", code))

        seen = dashborion(f"{command} -o json -v")

        assert (seen.exit_code, seen.error["code"]) == (6, "bad-answer")
        assert elsewhere.requests == []
        assert elsewhere.url in seen.error["message"], "where does it want to send us?"


def test_a_redirect_within_the_server_is_an_error_too(dashborion: Cli, cluster: Api) -> None:
    cluster.on("*/pods", redirect("/login"))

    assert dashborion("instances list").exit_code == 6
    assert {one.path for one in cluster.requests if "login" in one.path} == set()


@pytest.mark.parametrize("code", [402, 405, 406, 409, 418, 451])
def test_an_unexpected_refusal_is_not_an_empty_table(
    dashborion: Cli, cluster: Api, code: int
) -> None:
    cluster.on("*", page(code))

    seen = dashborion("workloads list -o json")

    assert seen.exit_code == 6
    assert str(code) in seen.error["message"]
    assert "nginx" not in seen.err


@pytest.mark.parametrize("command", ["workloads describe web", "instances describe web-1"])
@pytest.mark.parametrize("fault", _named(GARBAGE))
def test_one_object_of_the_wrong_shape_is_a_bad_answer(
    dashborion: Cli, cluster: Api, fault: Fault, command: str
) -> None:
    cluster.on("*/web*", fault)

    seen = dashborion(f"{command} -o json")

    assert (seen.exit_code, seen.error["code"]) == (6, "bad-answer")


@pytest.mark.parametrize("plural", ["pods", "events", "replicasets", "services"])
def test_a_broken_part_of_a_description_is_not_an_empty_part(
    dashborion: Cli, cluster: Api, plural: str
) -> None:
    cluster.on(f"*/{plural}", body(PAGE, "text/html"))

    seen = dashborion("workloads describe web -o json")

    assert (seen.exit_code, seen.json["name"]) == (0, "web")
    assert plural in json.loads(seen.err)["warning"]["message"]


@pytest.mark.parametrize("fault", _named(GARBAGE | BROKEN))
def test_a_check_of_a_broken_server_fails(dashborion: Cli, cluster: Api, fault: Fault) -> None:
    cluster.on("*", fault)

    seen = dashborion("env check -o json", fails_with_rows=True)

    assert seen.exit_code == 6
    assert [(row["reachable"], row["identity"]) for row in seen.json] == [(False, None)]
