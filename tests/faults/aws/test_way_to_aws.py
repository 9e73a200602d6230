"""What is wrong between here and AWS: proxies, certificates, redirects, answers that are cut."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.aws import credentials, skip_naps, write_config
from tests.support.aws_logins import Says, answering, environment
from tests.support.aws_objects import AwsObjects
from tests.support.cli import Cli

LIST = "workloads list -e one -o json"


@pytest.fixture(autouse=True)
def keys(aws: AwsObjects, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    credentials(monkeypatch)
    skip_naps(monkeypatch)
    write_config(home, {"one": environment()})


PROXIES = {
    "an unknown scheme": "socks9://me:s3cr3t@127.0.0.1:1",
    "no host": "http://",
    "no port": "http://me:s3cr3t@127.0.0.1:port",
    "a bracket": "http://[::1",
}


@pytest.mark.parametrize("url", PROXIES.values(), ids=PROXIES)
@pytest.mark.parametrize("variable", ["https_proxy", "HTTPS_PROXY"])
def test_a_proxy_that_is_none_is_named_by_its_variable(
    dashborion: Cli, aws: AwsObjects, monkeypatch: pytest.MonkeyPatch, variable: str, url: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://127.0.0.1:1")
    monkeypatch.setenv(variable, url)

    seen = dashborion(LIST)

    assert (seen.exit_code, seen.error["code"], seen.error["environment"]) == (2, "config", "one")
    assert f"${variable}" in seen.error["message"]


def test_a_proxy_that_is_none_does_not_matter_where_none_is_used(
    dashborion: Cli, aws: AwsObjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "socks9://x")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    assert dashborion("workloads list -e one -o name").lines == ["web"]


@pytest.mark.parametrize("kind", ["absent", "a folder", "no certificates"])
@pytest.mark.parametrize("variable", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
def test_certificates_that_cannot_be_read_are_named_by_their_variable(
    dashborion: Cli,
    aws: AwsObjects,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    kind: str,
) -> None:
    path = tmp_path if kind == "a folder" else tmp_path / "bundle"
    if kind == "no certificates":
        path.write_text("s3cr3t")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://127.0.0.1:1")
    monkeypatch.setenv(variable, str(path))

    seen = dashborion(LIST)

    assert (seen.exit_code, seen.error["code"], seen.error["environment"]) == (2, "config", "one")
    assert f"${variable}: '{path}'" in seen.error["message"]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_6_and_says_where_to(
    dashborion: Cli, aws: AwsObjects, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    where = ("Location", "https://me:s3cr3t@portal.example.test/login?token=s3cr3t")
    with answering(Says(status, b"<html>", (where,))) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)

        seen = dashborion(LIST)

    assert (seen.exit_code, seen.error["code"]) == (6, "bad-answer")
    assert "redirect" in seen.error["message"]
    assert "https://portal.example.test" in seen.error["message"]


@pytest.mark.parametrize(("status", "code"), [(403, 4), (407, 4), (404, 6), (418, 6)])
def test_a_page_of_something_else_is_told_by_its_status(
    dashborion: Cli, aws: AwsObjects, monkeypatch: pytest.MonkeyPatch, status: int, code: int
) -> None:
    with answering(Says(status, b"<html>s3cr3t", (("Content-Type", "text/html"),))) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)

        assert dashborion(LIST).exit_code == code


READS = [
    ("workloads list", "ecs:ListServices"),
    ("workloads list", "ecs:DescribeServices"),
    ("env check", "sts:GetCallerIdentity"),
]


@pytest.mark.parametrize(("command", "operation"), READS)
@pytest.mark.parametrize("abruptly", [False, True], ids=["orderly", "abrupt"])
def test_an_answer_that_is_cut_short_once_costs_nothing(
    dashborion: Cli, aws: AwsObjects, command: str, operation: str, *, abruptly: bool
) -> None:
    aws.faults.cut_body(operation, times=1, abruptly=abruptly)

    seen = dashborion(f"{command} -e one -o json")

    assert (seen.exit_code, seen.err) == (0, "")
    assert aws.spy.counts[operation] == 2


@pytest.mark.parametrize(("command", "operation"), READS[:2])
def test_an_answer_that_is_always_cut_short_is_6(
    dashborion: Cli, aws: AwsObjects, command: str, operation: str
) -> None:
    aws.faults.cut_body(operation, times=1000)

    seen = dashborion(f"{command} -e one -o json")

    assert (seen.exit_code, seen.error["code"]) == (6, "bad-answer")
    assert "cut short" in seen.error["message"]
    assert 2 <= aws.spy.counts[operation] <= 7


def test_a_change_whose_answer_is_cut_short_is_not_sent_again(
    dashborion: Cli, aws: AwsObjects
) -> None:
    aws.faults.cut_body("ecs:UpdateService", times=1000)

    seen = dashborion("workloads scale web -r 3 -e one -o json")

    assert (seen.exit_code, seen.error["code"]) == (6, "maybe-applied")
    assert aws.spy.counts["ecs:UpdateService"] == 1


def test_a_connection_that_is_reset_while_it_is_made_is_tried_again(
    dashborion: Cli, aws: AwsObjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _resetting() as (url, connections):
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)

        seen = dashborion(LIST)

    assert (seen.exit_code, seen.error["code"]) == (6, "unreachable")
    assert 2 * 3 <= len(connections) <= 2 * 7  # of services and of stopped tasks


@contextmanager
def _resetting() -> Iterator[tuple[str, list[object]]]:
    """An https address whose connections are reset in the handshake."""
    connections: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def reset() -> None:
            while True:
                try:
                    connection, address = listener.accept()
                except OSError:
                    return
                connections.append(address)
                connection.recv(1)  # before it, Python's own SSLSocket would not be closed
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.close()

        threading.Thread(target=reset, daemon=True).start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}", connections
        listener.shutdown(socket.SHUT_RDWR)
