"""Answers that are no answers: never an empty table, always exit 6 and a word on what came."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from dashborion.orchestrators.kubernetes import transport
from tests.support import misbehaviour
from tests.support.cli import Cli
from tests.support.misbehaviour import PAGE, Fault, body, page, redirect, status
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


ON_ONE_OBJECT = {
    "410": status(410, "too old", token="x"),
    "304": lambda exchange: exchange.respond(304, b""),
    "418": status(418, "short and stout"),
}


@pytest.mark.parametrize("fault", ON_ONE_OBJECT.values(), ids=ON_ONE_OBJECT)
def test_an_answer_to_the_request_for_one_object_names_the_request(
    dashborion: Cli, cluster: Api, fault: Fault, request: pytest.FixtureRequest
) -> None:
    cluster.on("*/pods/web-1", fault)

    seen = dashborion("instances describe web-1 -o json")

    assert (seen.exit_code, seen.error["code"]) == (6, "bad-answer")
    code = request.node.callspec.id
    assert f"/pods/web-1 at {cluster.url} was answered with {code}" in seen.error["message"]


def test_what_stands_before_the_host_of_a_redirect_is_not_shown(
    dashborion: Cli, cluster: Api
) -> None:
    cluster.on("*", redirect("::s3cr3t@elsewhere"))

    assert dashborion("instances list").exit_code == 6


def test_of_a_very_long_message_only_some_is_told(dashborion: Cli, cluster: Api) -> None:
    cluster.on("*", status(403, "x" * 2_000_000, reason="Forbidden"))

    seen = dashborion("instances list")

    assert seen.exit_code == 4
    assert len(seen.err) < 20_000


BOMBS = {
    "plain": body(b" " * 100_000),
    "gzip": body(gzip.compress(b" " * 10_000_000), Content_Encoding="gzip"),
    "an error": lambda exchange: exchange.respond(404, b" " * 100_000),
}


@pytest.mark.parametrize("fault", BOMBS.values(), ids=BOMBS)
def test_an_answer_has_a_bound(
    dashborion: Cli, cluster: Api, monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    monkeypatch.setattr(transport, "MOST_BYTES", 1 << 16)
    cluster.on("*/pods", fault)

    seen = dashborion("instances list -o json")

    assert (seen.exit_code, seen.error["code"]) == (6, "bad-answer")
    assert "was answered with more than" in seen.error["message"]


@pytest.mark.parametrize("fault", [GARBAGE["bytes that are not UTF-8"], *BROKEN.values()])
def test_an_answer_that_breaks_is_told_without_pythons_words(
    dashborion: Cli, cluster: Api, fault: Fault
) -> None:
    cluster.on("*/pods", fault)

    seen = dashborion("instances list")

    assert seen.exit_code == 6
    assert not any(word in seen.err for word in ("IncompleteRead", "codec", "Error("))


@pytest.mark.parametrize(
    ("reviews", "code"),
    [
        pytest.param(None, 0, id="the rest is told"),
        pytest.param(status(403, "jane may not"), 4, id="nothing else is told"),
    ],
)
def test_a_version_that_may_not_be_seen_costs_itself(
    dashborion: Cli, cluster: Api, reviews: Fault | None, code: int
) -> None:
    cluster.on("/version", status(403, "jane may not see the version"))
    if reviews:
        cluster.on("*/selfsubject*", reviews)

    seen = dashborion("env check -o json", fails_with_rows=True)

    assert seen.exit_code == code
    assert seen.json[0]["version"] is None
    assert "jane may not see the version" in seen.err
