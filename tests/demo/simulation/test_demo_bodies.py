"""Bodies that the demo's servers do not read, whoever sends them: on loopback that is anybody."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from dashborion.demo.http_server import MOST_BODY_BYTES, Answer, Server
from tests.support.waiting import PATIENCE_SECONDS

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
