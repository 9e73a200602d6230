"""Bodies that the demo's servers do not read, whoever sends them: on loopback that is anybody."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from dashborion.demo.http_server import (
    FEW_BODY_BYTES,
    MOST_BODY_BYTES,
    MOST_LARGE_BODIES,
    Answer,
    Server,
)
from tests.support.waiting import PATIENCE_SECONDS, wait_for

HEADS = {
    "gigabytes": "Content-Length: 5000000000",
    "a byte too many": f"Content-Length: {MOST_BODY_BYTES + 1}",
    "a number of five thousand digits": f"Content-Length: {'9' * 5000}",
    "less than nothing": "Content-Length: -1",
    "no number": "Content-Length: many",
    "chunks": "Transfer-Encoding: chunked",
    "chunks beside a length": "Content-Length: 3\r\nTransfer-Encoding: chunked",
}


@pytest.fixture
def asked() -> list[int]:
    """The sizes of the bodies that were read."""
    return []


@pytest.fixture
def server(asked: list[int]) -> Iterator[Server]:
    def answer(_method: str, _path: str, _headers: object, body: bytes) -> Answer:
        asked.append(len(body))
        return Answer(401, {}, b"")

    made = Server(answer)
    made.start()
    yield made
    made.stop()


def said(server: Server, head: str, body: bytes = b"") -> bytes:
    """The answer's first line, once the server has closed the connection."""
    with socket.create_connection(
        ("127.0.0.1", server.server_address[1]), PATIENCE_SECONDS
    ) as connection:
        request = f"POST / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n{head}\r\n\r\n"
        connection.sendall(request.encode() + body)
        answer = b""
        while piece := connection.recv(1 << 16):
            answer += piece
    return answer.partition(b"\r\n")[0]


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
def test_a_body_that_is_not_known_to_be_small_is_not_read(
    server: Server, asked: list[int], head: str
) -> None:
    assert said(server, head).startswith(b"HTTP/1.1 413 ")
    assert asked == []


@pytest.mark.parametrize("size", [0, 1, MOST_BODY_BYTES])
def test_any_other_is_read(server: Server, asked: list[int], size: int) -> None:
    assert said(server, f"Content-Length: {size}", b"x" * size).startswith(b"HTTP/1.1 401 ")
    assert asked == [size]


def is_full(server: Server) -> bool:
    is_free = server.large_bodies.acquire(blocking=False)
    if is_free:
        server.large_bodies.release()
    return not is_free


def test_only_some_large_ones_are_read_at_one_time(server: Server, asked: list[int]) -> None:
    head, size = f"Content-Length: {MOST_BODY_BYTES}", FEW_BODY_BYTES
    address = ("127.0.0.1", server.server_address[1])
    with ExitStack() as held:
        for _ in range(MOST_LARGE_BODIES):
            one = held.enter_context(socket.create_connection(address, PATIENCE_SECONDS))
            one.sendall(f"POST / HTTP/1.1\r\nHost: here\r\n{head}\r\n\r\nx".encode())
        wait_for("all of them to be read", lambda: is_full(server))

        assert said(server, head).startswith(b"HTTP/1.1 503 ")
        assert said(server, f"Content-Length: {size}", b"x" * size).startswith(b"HTTP/1.1 401 ")
    wait_for("them to leave", lambda: not is_full(server))
    assert said(server, head, b"x" * MOST_BODY_BYTES).startswith(b"HTTP/1.1 401 ")
    assert asked[-1] == MOST_BODY_BYTES
