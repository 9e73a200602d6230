"""``instances port-forward`` to real containers: bytes, ends, refusals, and pods that go."""

from __future__ import annotations

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from hashlib import sha256

import pytest

from tests.support.api import Manifest
from tests.support.boxes import WAIT, box, box_deployment
from tests.support.cli import Cli
from tests.support.forwarding import forwarding, get
from tests.support.manifests import service
from tests.support.real_namespace import STRATEGY, Space
from tests.support.real_node import IMAGES
from tests.support.waiting import PATIENCE_SECONDS, wait_for

REQUESTS, CLIENTS, REPLICAS = 1000, 4, 2
MUCH = 4_000_000


def serving(name: str, script: str, port: int, **spec: object) -> Manifest:
    ready = {"tcpSocket": {"port": port}, "periodSeconds": 1}
    ports = [{"name": "http", "containerPort": port}]
    container = box(f"{script} & {WAIT}", ports=ports, readinessProbe=ready)
    return box_deployment(name, container, strategy=STRATEGY, **spec)


@pytest.fixture(scope="module")
def web(space: Space) -> str:
    space.add(service("web"))
    return space.add(serving("web", "httpd -f -p 8080 -h /www", 8080, replicas=REPLICAS))


@pytest.fixture(scope="module")
def echo(space: Space) -> str:
    """It sends back what it gets, and ends when there is no more."""
    return space.add(serving("echo", "nc -ll -p 7 -e cat", 7))


def test_a_rollout_loses_only_the_requests_that_are_in_flight(web: str, here: Space) -> None:
    lost: list[BaseException] = []
    answers: list[str] = []
    with forwarding("web :http") as running:

        def ask(number: int) -> None:
            if number == REQUESTS // 3:
                here.merge(web, {"template": {"spec": {"containers": [
                    {"name": "app", "image": IMAGES[1]}]}}})  # fmt: skip
            try:
                answers.append(get(running.port))
            except OSError as error:
                lost.append(error)

        with ThreadPoolExecutor(CLIENTS) as clients:
            list(clients.map(ask, range(REQUESTS)))
        here.plane.wait_for("the rollout", lambda: here._is_settled("deployments", web))
        last = get(running.port)
        told = running.err
    assert len(answers) + len(lost) == REQUESTS
    assert len(lost) <= CLIENTS * REPLICAS, [str(error) for error in lost]
    assert answers[0] != last, "the answers say which image it is"
    assert "takes no connections any more: now web-" in told


def test_bytes_pass_unchanged_both_ways_at_once(echo: str, here: Space) -> None:
    sent = bytes(range(256)) * (MUCH // 256)
    received = sha256()
    with (
        forwarding("echo :7") as running,
        socket.create_connection(("127.0.0.1", running.port), PATIENCE_SECONDS) as client,
    ):
        writing = threading.Thread(target=client.sendall, args=[sent])
        writing.start()
        left = len(sent)
        while left:
            data = client.recv(1 << 16)
            assert data
            left -= len(data)
            received.update(data)
        writing.join()
    assert received.digest() == sha256(sent).digest()


def test_what_comes_after_the_client_has_sent_all_still_comes(space: Space, here: Space) -> None:
    answer = "sh -c 'head -n 1; sleep 1; echo was it'"
    space.add(serving("slow", f"nc -ll -p 7 -e {answer}", 7))
    with (
        forwarding("slow :7") as running,
        socket.create_connection(("127.0.0.1", running.port), PATIENCE_SECONDS) as client,
        client.makefile("rb") as reading,
    ):
        client.sendall(b"hello\n")
        client.shutdown(socket.SHUT_WR)
        assert reading.read() == b"hello\nwas it\n"


def test_a_port_where_nothing_listens_is_told_and_costs_that_connection(
    web: str, here: Space
) -> None:
    with forwarding("web :9 :8080", ports=2) as running:
        nothing, served = (local for local, _, _ in running.listening)
        with suppress(OSError), socket.create_connection(("127.0.0.1", nothing), 60) as client:
            assert not client.recv(1)
        assert get(served)
        wait_for("the refusal", lambda: "nothing listens there" in running.err)


def test_a_services_port_leads_to_the_pods(web: str, here: Space) -> None:
    with forwarding("svc/web :80") as running:
        assert running.listening[0][2] == 8080
        assert get(running.port)


def test_one_instance_is_stayed_with_until_it_does_not_come_back(
    web: str, here: Space, dashborion: Cli
) -> None:
    names = [row["name"] for row in dashborion("instances list -w web -o json").json]
    with forwarding(f"{names[0]} :http --instance --retry 2s") as running:
        assert get(running.port)
        assert dashborion(f"instances stop {names[0]}").exit_code == 0
        with suppress(OSError):
            get(running.port)
        assert running.process.wait(PATIENCE_SECONDS) == 6
    assert "after 2 seconds" in running.err
