"""A small HTTP server that keeps connections open, streams and upgrades.

moto's own server is not used: it brings Flask with it, and werkzeug's server closes every
connection after one answer, which AWS does not and which hides what a client's pool does.
"""

from __future__ import annotations

import contextlib
import select
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from io import BufferedIOBase
from typing import Any, ClassVar

import trustme

MOST_BODY_BYTES = 4 << 20  # before anybody is known; a Kubernetes API takes 3 MiB
MOST_LARGE_BODIES, FEW_BODY_BYTES = 16, 64 << 10  # that are being read at one time


@dataclass(frozen=True)
class Answer:
    """What is sent.

    With ``chunks`` the body comes as they come; an empty one only asks whether the reader is
    still there. With ``converse`` the connection is another protocol's from here on.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    chunks: Iterator[bytes] | None = None
    converse: Callable[[BufferedIOBase, BufferedIOBase], None] | None = None


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16  # head and body in one packet
    server: Server

    def _exchange(self) -> None:
        length = self.headers.get("Content-Length") or "0"
        is_known = length.isdecimal() and "Transfer-Encoding" not in self.headers
        if not is_known or len(length) > 9 or int(length) > MOST_BODY_BYTES:
            self.close_connection = True
            self.respond(Answer(413, {}, b""))
            return
        body = self._body(int(length))
        if body is None:
            self.close_connection = True
            self.respond(Answer(503, {}, b""))
            return
        self.respond(self.server.answer(self.command, self.path, dict(self.headers), body))

    def _body(self, length: int) -> bytes | None:
        """The body; None where too many large ones are being read already."""
        if length <= FEW_BODY_BYTES:
            return self.rfile.read(length)
        if not self.server.large_bodies.acquire(blocking=False):
            return None
        try:
            return self.rfile.read(length)
        finally:
            self.server.large_bodies.release()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _exchange  # noqa: N815 - http.server's names

    def finish(self) -> None:
        try:
            super().finish()
        finally:
            self.rfile.close()  # also where what is unsent has nobody to go to

    def respond(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            if name.lower() not in ("content-length", "date", "server", "status"):
                self.send_header(name, str(value))
        if answer.converse is not None:
            self.close_connection = True
            self.end_headers()
            self.wfile.flush()
            with contextlib.suppress(OSError, ValueError):  # it left, or speaks something else
                answer.converse(self.rfile, self.wfile)
        elif answer.chunks is not None:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            try:
                self._stream(answer.chunks)
            except OSError:
                self.close_connection = True
        else:
            self.send_body(answer)

    def send_body(self, answer: Answer) -> None:
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def _stream(self, chunks: Iterator[bytes]) -> None:
        for chunk in chunks:
            if chunk:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
            elif select.select([self.connection], [], [], 0)[0]:  # the reader has left
                self.close_connection = True
                return
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_: Any) -> None:
        pass


class Listener(socketserver.ThreadingTCPServer):
    """Listens in a thread that does not poll: idle it costs nothing, and it ends at once."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 256  # a burst of new connections is not refused
    _ended = False

    def start(self) -> None:
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while not self._ended:
            self.handle_request()

    def verify_request(self, *_: Any) -> bool:
        return not self._ended

    def stop(self) -> None:
        """Listen no more."""
        self._ended = True
        with contextlib.suppress(OSError):  # somebody else's connection has woken it
            socket.create_connection(self.socket.getsockname(), 1).close()
        self._thread.join()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore closed connections."""


class Server(Listener):
    """Keep-alive HTTP/1.1, one thread per connection; ``answer`` is called concurrently."""

    def __init__(
        self,
        answer: Callable[[str, str, Mapping[str, str], bytes], Answer],
        *,
        tls: ssl.SSLContext | None = None,
        handler: type[Handler] = Handler,
    ) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        if tls is not None:  # the handshake is for the connection's thread
            self.socket = tls.wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.server_address[1]}"
        self.answer = answer
        self.large_bodies = threading.Semaphore(MOST_LARGE_BODIES)
        self.connections = 0  # how many were ever made
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()

    def stop(self) -> None:
        """Stop, and close the connections that clients keep alive."""
        super().stop()
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):  # it has gone by itself
                    connection.shutdown(socket.SHUT_RDWR)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
            self.connections += 1
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)


class Service:
    """What is served over HTTP from ``start`` to ``stop``."""

    handler: ClassVar[type[Handler]] = Handler
    _server: Server | None = None

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        raise NotImplementedError

    @property
    def url(self) -> str:
        if self._server is None:
            raise RuntimeError("not started")
        return self._server.url

    def start(self, *, tls: ssl.SSLContext | None = None) -> None:
        self._server = Server(self.answer, tls=tls, handler=self.handler)
        self._server.start()

    def stop(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.stop()


@dataclass(frozen=True)
class Identity:
    """The server's TLS context, and the authority that clients trust (PEM)."""

    context: ssl.SSLContext
    authority: str


def new_identity() -> Identity:
    """A certificate for 127.0.0.1: kubectl sends no token over plain HTTP."""
    authority = trustme.CA(organization_name="dashborion demo")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    return Identity(context, authority.cert_pem.bytes().decode())
