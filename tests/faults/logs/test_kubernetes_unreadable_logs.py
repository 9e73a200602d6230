"""One log of several that cannot be read is named with why; the others are printed."""

from __future__ import annotations

import threading

import pytest

from tests.faults.logs.conftest import Logs, at, chunk
from tests.support.cli import Cli, lines
from tests.support.misbehaviour import PAGE, Exchange, Fault, body, status
from tests.support.waiting import PATIENCE_SECONDS, wait_for

FORBIDDEN = status(403, 'pods "db-1" is forbidden: User "jane" cannot get resource "pods/log"')
NODE_GONE = "dial tcp 10.0.0.7:10250: connect: no route to host"
CREATING = 'container "main" in pod "db-1" is waiting to start: ContainerCreating'
FAILING = [
    pytest.param(FORBIDDEN, "pods/log", 4, id="forbidden"),
    pytest.param(status(500, "the kubelet is unwell"), "the kubelet is unwell", 6, id="500"),
    pytest.param(status(502, NODE_GONE), "no route to host", 6, id="502"),
    pytest.param(status(504, NODE_GONE), "no route to host", 6, id="504"),
]
ABSENT = [
    pytest.param(status(400, CREATING), "is waiting to start", id="waiting"),
    pytest.param(status(404, 'pods "db-1" not found'), "not found", id="deleted meanwhile"),
]


@pytest.mark.parametrize(("fault", "words", "code"), FAILING)
def test_one_of_several_costs_its_own_lines(
    fault: Fault, words: str, code: int, logs: Logs, dashborion: Cli
) -> None:
    logs(at(2, "one"), fault, at(1, "three"))
    seen = dashborion("workloads logs db -e k8s:here --no-prefix")
    assert (seen.exit_code, seen.lines) == (5, ["three", "one"])
    (warning,) = [line for line in seen.err.splitlines() if line.startswith("warning: ")]
    assert warning.startswith("warning: k8s:here: db-1: ")
    assert words in warning


@pytest.mark.parametrize(("fault", "words", "code"), FAILING)
def test_alone_it_is_the_commands_failure(
    fault: Fault, words: str, code: int, logs: Logs, dashborion: Cli
) -> None:
    logs(fault)
    seen = dashborion("workloads logs db -e k8s:here")
    assert (seen.exit_code, seen.out) == (code, "")
    assert words in seen.err


@pytest.mark.parametrize(("fault", "words"), ABSENT)
def test_a_log_that_is_not_there_is_no_failure(
    fault: Fault, words: str, logs: Logs, dashborion: Cli
) -> None:
    logs(at(1, "one"), fault)
    seen = dashborion("workloads logs db -e k8s:here --no-prefix")
    assert (seen.exit_code, seen.lines) == (0, ["one"])
    assert words in seen.err


@pytest.mark.parametrize(("fault", "words"), ABSENT)
def test_no_log_at_all_is_nothing_to_read(
    fault: Fault, words: str, logs: Logs, dashborion: Cli
) -> None:
    logs(fault)
    seen = dashborion("workloads logs db -e k8s:here")
    assert (seen.exit_code, seen.out) == (3, "")
    assert words in seen.err


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        pytest.param(FORBIDDEN, "warning: k8s:here: db-1: ", id="forbidden"),
        pytest.param(status(502, NODE_GONE), "kubelet does not answer (no route", id="node"),
    ],
)
def test_one_of_several_does_not_end_who_follows(
    fault: Fault, words: str, logs: Logs, dashborion: Cli
) -> None:
    told = threading.Event()

    def serve(exchange: Exchange) -> None:
        exchange.begin({"Transfer-Encoding": "chunked"}, chunk(at(1, "before")))
        told.wait(PATIENCE_SECONDS)
        exchange.wfile.write(chunk(at(2, "after")))
        exchange.wfile.flush()
        exchange.over.wait(PATIENCE_SECONDS)

    def wait_for_words() -> None:
        wait_for(words, lambda: words in dashborion.said_so_far())
        told.set()

    logs(serve, fault)
    seen = dashborion(
        "workloads logs db -f -e k8s:here --no-prefix", meanwhile=wait_for_words, enough=lines(2)
    )
    assert seen.lines == ["before", "after"]


def test_a_follower_that_ends_tells_by_its_exit_code_what_it_could_not_read(
    logs: Logs, dashborion: Cli
) -> None:
    def serve(exchange: Exchange) -> None:
        proxy = "container=proxy" in exchange.path
        (FORBIDDEN if proxy else body(at(1, "one").encode(), "text/plain"))(exchange)

    (ended,) = logs(serve).objects["pods"]
    ended["status"]["phase"] = "Succeeded"
    ended["spec"]["containers"].append({"name": "proxy"})
    statuses = ended["status"]["containerStatuses"]
    statuses.append({**statuses[0], "name": "proxy", "containerID": "containerd://9"})
    for one in statuses:
        one["state"] = {"terminated": {"exitCode": 0, "containerID": one["containerID"]}}
    seen = dashborion("instances logs db-0 -f -e k8s:here --no-prefix", meanwhile=lambda: None)
    assert (seen.exit_code, seen.out) == (5, "one\n")
    assert "db-0/proxy: " in seen.err


UNSTAMPED = {
    "lines without a time": "one\ntwo\none\n",
    "a page": PAGE.decode(),
    "a Status": '{"kind": "Status", "status": "Failure", "message": "gone"}',
}


@pytest.mark.parametrize("served", UNSTAMPED.values(), ids=UNSTAMPED)
def test_what_stands_in_the_place_of_lines_is_told_and_so_is_that_some_may_be_missing(
    served: str, logs: Logs, dashborion: Cli
) -> None:
    logs(at(1, "one"), served)
    seen = dashborion("workloads logs db -e k8s:here --no-prefix")
    assert (seen.exit_code, seen.lines) == (5, ["one"])
    assert f"db-1: {served.splitlines()[0]}" in seen.err
