"""A small HTTP server that keeps connections open, streams, resets and upgrades.

moto's own server is not used: it brings Flask with it, and werkzeug's server closes every
connection after one answer, which AWS does not and which hides what a client's pool does.
"""

from __future__ import annotations

import os
import select
import socket
import socketserver
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from io import BufferedIOBase
from typing import Any

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Answer:
    """What is sent, or `cut_after` bytes of the promised body; then an abrupt end or none.

    With `chunks` the body comes as they come; an empty one only asks whether the reader is
    still there. With `converse` the connection is another protocol's from here on.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    cut_after: int | None = None
    is_reset: bool = False
    chunks: Iterator[bytes] | None = None
    converse: Callable[[BufferedIOBase, BufferedIOBase], None] | None = None


RESET = Answer(0, {}, b"", is_reset=True)


class Server(socketserver.ThreadingTCPServer):
    """Keep-alive HTTP/1.1 on a thread a connection; `answer` is called side by side."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 256  # a burst of new connections is not refused

    def __init__(
        self,
        host: str,
        port: int,
        answer: Callable[[str, str, Mapping[str, str], bytes], Answer],
        *,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__((host, port), _Handler)
        if tls is not None:  # the handshake is for the connection's thread
            self.socket = tls.wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )
        self.answer = answer
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self.connections = 0  # how many were ever made

    def start(self, poll_seconds: float = 0.02) -> None:
        """A longer poll costs an idle process less and its end more."""
        threading.Thread(target=self.serve_forever, args=(poll_seconds,), daemon=True).start()

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        self.hang_up()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
            self.connections += 1
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients hang up whenever they like; nobody needs to read about it."""

    def hang_up(self) -> None:
        """Ends the connections that clients keep alive: their threads wait in them."""
        with self._lock:
            for each in self._open:
                try:
                    each.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # it has gone by itself


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16  # head and body in one packet
    server: Server

    def _exchange(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        answer = self.server.answer(self.command, self.path, dict(self.headers), body)
        if answer == RESET:
            self._reset()
            return
        if answer.converse is not None:
            self._hand_over(answer, answer.converse)
            return
        if answer.chunks is not None:
            self._stream(answer, answer.chunks)
            return
        self._begin(answer)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body[: answer.cut_after])
        self.wfile.flush()
        if answer.is_reset:
            self._reset()
        elif answer.cut_after is not None:
            self.close_connection = True

    def _stream(self, answer: Answer, chunks: Iterator[bytes]) -> None:
        self._begin(answer)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            for chunk in chunks:
                if chunk:
                    self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
                elif self._reader_has_left():
                    self.close_connection = True
                    return
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")
            self.wfile.flush()
        except OSError:
            self.close_connection = True

    def _hand_over(
        self, answer: Answer, converse: Callable[[BufferedIOBase, BufferedIOBase], None]
    ) -> None:
        self._begin(answer)
        self.end_headers()
        self.wfile.flush()
        self.close_connection = True
        try:
            converse(self.rfile, self.wfile)
        except (OSError, ValueError):
            return  # the other side has left, or speaks something else

    def _reader_has_left(self) -> bool:
        return bool(select.select([self.connection], [], [], 0)[0])

    def _begin(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            if name.lower() not in ("content-length", "date", "server", "status"):
                self.send_header(name, str(value))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _exchange  # noqa: N815 - http.server's names

    def _reset(self) -> None:
        """RST instead of FIN: needs the descriptor closed while it is still open for writing."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        os.close(self.connection.detach())

    def log_message(self, *_: Any) -> None:
        pass
