"""What a server can do instead of answering; each is given to ``Api.on``."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.support.waiting import PATIENCE_SECONDS

JSON = "application/json"
PAGE = b"<html><body><h1>nginx</h1></body></html>"


class Exchange(BaseHTTPRequestHandler):
    """One connection's requests; ``over`` is set when the server closes."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet, sent at once: 40 ms less for each answer
    disable_nagle_algorithm = True
    over: threading.Event

    def respond(
        self, status: int, body: bytes, type_: str = JSON, headers: Mapping[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in {
            "Content-Type": type_,
            "Content-Length": str(len(body)),
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def begin(self, headers: Mapping[str, str], start: bytes = b"") -> None:
        """An answer's head and the start of its body, after which the connection is done for."""
        self.close_connection = True
        self.send_response(200)
        for name, value in {"Content-Type": JSON, **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(start)
        self.wfile.flush()


Fault = Callable[[Exchange], None]


def status(
    code: int,
    message: str | None = "as the test says",
    *,
    token: str | None = None,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> Fault:
    """An error as the API words it; ``token`` is a continue token in its metadata."""
    metadata = {"continue": token} if token is not None else {}
    said = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, **more}
    body = json.dumps({**said, "metadata": metadata, "message": message}).encode()
    return lambda exchange: exchange.respond(code, body, JSON, headers)


def page(code: int, headers: Mapping[str, str] | None = None) -> Fault:
    """An error as a proxy words it."""
    return lambda exchange: exchange.respond(code, PAGE, "text/html", headers)


def body(content: bytes | str | Any, type_: str = JSON, **headers: str) -> Fault:
    """200 with this for a body."""
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda exchange: exchange.respond(200, text, type_, named)


def redirect(location: str, code: int = 302) -> Fault:
    return lambda exchange: exchange.respond(code, b"", "text/html", {"Location": location})


def hang(exchange: Exchange) -> None:
    """Take the request and say nothing."""
    exchange.close_connection = True
    exchange.over.wait(PATIENCE_SECONDS)


def trickle(exchange: Exchange) -> None:
    """A byte now and then, for ever: no read times out, and no answer comes."""
    exchange.begin({"Content-Length": "1000000"})
    while not exchange.over.wait(0.02):
        exchange.wfile.write(b" ")
        exchange.wfile.flush()


def drop(exchange: Exchange) -> None:
    """Close the connection without a word."""
    exchange.close_connection = True
    exchange.connection.shutdown(socket.SHUT_RDWR)


def reset(exchange: Exchange) -> None:
    """RST in the middle of a body."""
    exchange.begin({"Content-Length": "1000"}, b'{"items": [')
    linger = struct.pack("ii", 1, 0)
    exchange.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    exchange.rfile.close()
    exchange.connection.close()


def cut(exchange: Exchange) -> None:
    """Whole JSON, but fewer bytes than announced."""
    exchange.begin({"Content-Length": "1000"}, b'{"metadata": {}, "items": []}')


def cut_chunks(exchange: Exchange) -> None:
    """Whole JSON in one chunk, without the chunk that ends the body."""
    whole = b'{"metadata": {}, "items": []}'
    exchange.begin({"Transfer-Encoding": "chunked"}, b"%x\r\n%s\r\n" % (len(whole), whole))


def not_http(exchange: Exchange) -> None:
    """The banner of another protocol."""
    exchange.close_connection = True
    exchange.wfile.write(b"220 mail.example.com ESMTP\r\n")
    exchange.wfile.flush()
