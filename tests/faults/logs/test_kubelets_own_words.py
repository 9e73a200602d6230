"""What a kubelet writes in the place of a log, and what the API server says of a silent kubelet."""

from __future__ import annotations

import pytest

from tests.faults.logs.conftest import Logs, at, chunk
from tests.support.cli import Cli
from tests.support.misbehaviour import Exchange, status
from tests.support.stub_objects import Manifest

RUNTIME, KUBELET = "the container runtime of node n-1", "the kubelet of node n-1"
GONE = "/var/log/pods/default_db-1_1/main/0.log"
DIALING = "proxy error from 127.0.0.1:6443 while dialing 10.0.0.7:10250, code 502: 502 Bad Gateway"
SENTENCES = [
    pytest.param(
        "unable to retrieve container logs for containerd://1", f"{RUNTIME} does not give", id="ask"
    ),
    pytest.param(
        f'failed to try resolving symlinks in path "{GONE}": lstat {GONE}: no such file',
        f"{RUNTIME} does not give the log",
        id="no link",
    ),
    pytest.param(
        f'failed to open log file "{GONE}": open {GONE}: no such file or directory',
        f"{RUNTIME} does not give the log",
        id="no file",
    ),
    pytest.param(
        "rpc error: code = Unavailable desc = connection error: dial unix /run/c.sock: refused",
        f"{KUBELET} cannot read the log (Unavailable)",
        id="rpc",
    ),
    pytest.param(
        "failed to create fsnotify watcher: too many open files",
        f"{KUBELET} cannot read the log (too many open files)",
        id="watches",
    ),
]
GET = 'Get "https://10.0.0.7:10250/containerLogs/default/db-1/main?timestamps=true": '
ENDS = pytest.mark.parametrize("end", ["", "\n"], ids=["no newline", "newline"])
SILENT = [
    pytest.param(
        f"{GET}{problem}",
        words,
        id=words,
    )
    for problem, words in [
        ("dial tcp 10.0.0.7:10250: connect: connection refused", "connection refused"),
        ("dial tcp 10.0.0.7:10250: i/o timeout", "i/o timeout"),
        ("remote error: tls: internal error", "remote error: tls: internal error"),
        (DIALING, DIALING),
    ]
] + [
    pytest.param(
        "Get https://n:10250/containerLogs/default/db-1/main: dial tcp: lookup n: no such host",
        "dial tcp: lookup n: no such host",
        id="1.14",
    ),
]


def on_a_node(pods: list[Manifest]) -> None:
    for pod in pods:
        pod["spec"]["nodeName"] = "n-1"


@ENDS
@pytest.mark.parametrize(("sentence", "words"), SENTENCES)
def test_a_sentence_is_no_line_and_told_as_what_it_means(
    sentence: str, words: str, end: str, logs: Logs, dashborion: Cli
) -> None:
    on_a_node(logs(sentence + end).objects["pods"])
    seen = dashborion("workloads logs db -e k8s:here")
    assert (seen.exit_code, seen.out) == (6, "")
    assert f"error: k8s:here: db-0: {words}" in seen.err
    assert "/var/log" not in seen.err


@ENDS
@pytest.mark.parametrize(("sentence", "words"), SENTENCES)
def test_lines_before_a_sentence_and_other_logs_are_printed(
    sentence: str, words: str, end: str, logs: Logs, dashborion: Cli
) -> None:
    on_a_node(logs(at(1, "one"), at(2, "two") + sentence + end).objects["pods"])
    seen = dashborion("workloads logs db -e k8s:here --no-prefix")
    assert (seen.exit_code, seen.lines) == (5, ["one", "two"])
    assert words in seen.err


@ENDS
@pytest.mark.parametrize("sentence", [one.values[0] for one in SENTENCES[:3]])
def test_the_log_of_a_run_that_has_ended_was_dropped(
    sentence: str, end: str, logs: Logs, dashborion: Cli
) -> None:
    (pod,) = logs(sentence + end).objects["pods"]
    on_a_node([pod])
    ended = {"terminated": {"exitCode": 1, "containerID": "containerd://before"}}
    pod["status"]["containerStatuses"][0] |= {"lastState": ended, "restartCount": 1}
    seen = dashborion("instances logs db-0 -e k8s:here --previous")
    assert (seen.exit_code, seen.out) == (3, "")
    assert f"{RUNTIME} has dropped the log of that run" in seen.err


def test_a_dropped_log_of_several_is_missing(logs: Logs, dashborion: Cli) -> None:
    pods = logs(SENTENCES[0].values[0], at(1, "one")).objects["pods"]
    on_a_node(pods)
    for pod in pods:
        ended = {"terminated": {"exitCode": 1, "containerID": "containerd://before"}}
        pod["status"]["containerStatuses"][0] |= {"lastState": ended, "restartCount": 1}
    seen = dashborion("workloads logs db -e k8s:here --previous --no-prefix")
    assert (seen.exit_code, seen.lines) == (5, ["one"])
    assert f"db-0: {RUNTIME} has dropped the log of that run" in seen.err


@pytest.mark.parametrize("code", [500, 502, 503])
@pytest.mark.parametrize(("message", "words"), SILENT)
def test_a_silent_kubelet_is_named_by_its_node_in_our_own_words(
    message: str, words: str, code: int, logs: Logs, dashborion: Cli
) -> None:
    on_a_node(logs(status(code, message)).objects["pods"])
    seen = dashborion("workloads logs db -e k8s:here")
    assert (seen.exit_code, seen.out) == (6, "")
    assert f"error: k8s:here: db-0: {KUBELET} does not answer ({words})" in seen.err
    assert "https://" not in seen.err


@pytest.mark.parametrize(
    ("ready", "attempts"), [("True", 5), ("False", 1), ("Unknown", 1), (None, 5)]
)
def test_a_node_that_is_known_not_to_be_ready_is_not_asked_again(
    ready: str | None, attempts: int, logs: Logs, dashborion: Cli
) -> None:
    cluster = logs(status(500, f"{GET}dial tcp 10.0.0.7:10250: i/o timeout"))
    on_a_node(cluster.objects["pods"])
    conditions = [{"type": "Ready", "status": ready}] if ready else []
    node = {"metadata": {"name": "n-1"}, "spec": {}, "status": {"conditions": conditions}}
    cluster.objects["nodes"] = [node]
    seen = dashborion("workloads logs db -e k8s:here")
    assert ("node n-1 is not ready" in seen.err) == (attempts == 1)
    assert len([one for one in cluster.requests if one.path.endswith("/log")]) == attempts


@pytest.mark.parametrize("is_broken", [True, False], ids=["cut", "clean end"])
def test_a_cut_is_said_of_a_connection_that_was_cut(
    is_broken: bool, logs: Logs, dashborion: Cli
) -> None:
    served: list[str] = []

    def serve(exchange: Exchange) -> None:
        served.append("x")
        exchange.close_connection = True
        exchange.begin({"Transfer-Encoding": "chunked"}, chunk(at(1, "one")))
        if len(served) > 1:
            exchange.wfile.write(chunk(at(2, "two")))
            exchange.wfile.flush()
            exchange.over.wait()
        elif not is_broken:
            exchange.wfile.write(b"0\r\n\r\n")

    logs(serve)
    seen = dashborion(
        "workloads logs db -f -e k8s:here --no-prefix", enough=lambda screen: screen.lines > 1
    )
    assert seen.lines == ["one", "two"]
    assert seen.err.count("the connection was cut, reading on") == int(is_broken)


def test_what_was_cut_when_it_came_again_is_not_printed_twice(logs: Logs, dashborion: Cli) -> None:
    """The second connection breaks inside a line that the first has brought."""
    whole = at(1, "one") + at(2, "two")
    bodies = [whole, whole[:-3]]

    def serve(exchange: Exchange) -> None:
        text = bodies.pop(0) if bodies else whole
        exchange.close_connection = True
        exchange.begin({"Transfer-Encoding": "chunked"}, chunk(text))
        if not bodies and text == whole:
            exchange.wfile.write(b"0\r\n\r\n")
            exchange.wfile.flush()

    logs(serve)
    seen = dashborion("workloads logs db -e k8s:here --no-prefix")
    assert (seen.exit_code, seen.lines) == (0, ["one", "two"])
