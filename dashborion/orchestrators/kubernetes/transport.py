"""Requests to one API server: pooled connections, credentials, retries, all within the deadline."""

from __future__ import annotations

import base64
import random
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

import urllib3
import urllib3.connection
from urllib3 import HTTPHeaderDict
from urllib3.exceptions import HTTPError, InsecureRequestWarning

from dashborion.errors import CredentialsError, Throttled
from dashborion.orchestrators.kubernetes.credentials.kubeconfig import Credentials
from dashborion.orchestrators.kubernetes.errors import (
    Retryable,
    answer_error,
    connection_error,
    maybe_applied,
    too_large,
)
from dashborion.orchestrators.kubernetes.request import Request
from dashborion.orchestrators.runtime import Call, Runtime

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
ATTEMPTS = 5

# Of all answers of a server that are being read at one time. A page of 500 objects of 40 KB, which
# is more than any cluster's average, is 20 MB, and seldom are more than five lists read at once.
MOST_BYTES = 128 << 20
# JSON of objects shrinks to a tenth, of objects that are all alike to a sixtieth.
MOST_TIMES, FEW_BYTES = 200, 4 << 20
MOST_ERROR_BYTES = 4 << 20
# Little enough that what is read and not unpacked yet hardly counts; after each piece the thread
# waits for the one that decodes.
_PIECE = 1 << 20

T = TypeVar("T")

# TCP keep-alive: a peer that vanished is noticed after a minute and a half, even while a followed
# log is silent, and load balancers do not drop the idle connection.
_KEEP_ALIVE = [
    *urllib3.connection.HTTPConnection.default_socket_options,
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    *(
        (socket.IPPROTO_TCP, getattr(socket, name), value)
        for name, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4))
        if hasattr(socket, name)  # not on every system
    ),
]


class Transport:
    """Sends requests to one API server, as one user. Safe to use from several threads."""

    def __init__(self, credentials: Credentials, runtime: Runtime) -> None:
        self.credentials = credentials
        self.runtime = runtime
        self._lock = threading.Lock()
        self._generation = credentials.generation
        self._pool = self._new_pool()
        self._being_read = 0  # bytes

    def request(self, method: str, path: str, **settings: Any) -> Request:
        """A request to this server; ``settings`` are the other fields of ``Request``."""
        server = self.credentials.settings
        user = self.credentials.user
        return Request(server.host, method, path, user, server.proxy, **settings)

    def send(self, request: Request) -> bytearray:
        """The body of the answer.

        Raises:
            MaybeApplied: a change was sent and its answer is lost.
            Missing, ListExpired: 404 and 410, which the caller knows how to handle.
            DashborionError: any other error answer, or no answer.
        """

        def attempt(request: Request, authorization: str | None) -> bytearray:
            return self._attempt(request, authorization, self._body)

        return self._retried(request, attempt)

    def open(self, request: Request, *, endless: bool) -> urllib3.BaseHTTPResponse:
        """An answer whose body the caller reads bit by bit and then closes; raises as ``send``.

        ``endless`` turns the read timeout off: the API server sends nothing at all,
        not even headers, before the kubelet has a first log line.
        """

        def attempt(request: Request, authorization: str | None) -> urllib3.BaseHTTPResponse:
            return self._attempt(request, authorization, _unread, endless=endless)

        return self._retried(request, attempt)

    def _retried(self, request: Request, attempt: Callable[[Request, str | None], T]) -> T:
        """Attempt a request until it is answered: with renewed credentials, and with pauses.

        A change is sent again only where nothing can have been applied: it was
        throttled (429), or its credentials were not accepted.
        """
        is_renewed = False
        for number in range(1, ATTEMPTS + 1):
            authorization = self.credentials.authorization()
            try:
                return attempt(request, authorization)
            except CredentialsError:
                if is_renewed or number == ATTEMPTS:
                    raise
                is_renewed = True
                self.credentials.renew(authorization)
            except Retryable as failure:
                error = failure.error
                if request.is_change and not isinstance(error, Throttled):
                    raise maybe_applied(error.message) from failure
                delay = _backoff_seconds(number) if failure.after is None else failure.after
                if number == ATTEMPTS or delay >= self.runtime.deadline.remaining():
                    raise error from error.__cause__
                self.runtime.sleep(delay)
        raise AssertionError("the last attempt returns or raises")

    def _attempt(
        self,
        request: Request,
        authorization: str | None,
        take: Callable[[Request, urllib3.BaseHTTPResponse], T],
        *,
        endless: bool = False,
    ) -> T:
        """Send a request once; what ``take`` makes of the answer."""
        left = self.runtime.deadline.remaining()
        if left <= 0:
            raise self.runtime.deadline.expired()
        started, outcome = time.monotonic(), "no answer"
        try:
            response = self._current_pool().request(
                request.method,
                request.url,
                body=request.body,
                headers=self._headers(request, authorization),
                redirect=False,
                preload_content=False,
                timeout=urllib3.Timeout(
                    connect=min(CONNECT_SECONDS, left),
                    read=None if endless else min(READ_SECONDS, left),
                ),
            )
            outcome = str(response.status)
            is_success = 200 <= response.status < 300
            if is_success:
                return take(request, response)
            content = self._body(request, response, MOST_ERROR_BYTES)
        except (HTTPError, ValueError, OSError) as error:
            waited = READ_SECONDS if left > READ_SECONDS else self.runtime.deadline.seconds
            raise connection_error(error, request, waited=waited) from error
        finally:
            elapsed = time.monotonic() - started
            self.runtime.trace(Call(f"{request.method} {request.path}", outcome, elapsed))
        raise answer_error(request, response.status, content, response.headers)

    def _body(
        self, request: Request, response: urllib3.BaseHTTPResponse, most: int = MOST_BYTES
    ) -> bytearray:
        """The whole body; raises as ``_pieces``."""
        body = bytearray()
        try:
            for piece in self._pieces(request, response, most):
                body += piece
        except BaseException:
            response.close()
            body.clear()  # which the error's traceback would hold on to
            raise
        response.release_conn()
        return body

    def _pieces(
        self, request: Request, response: urllib3.BaseHTTPResponse, most: int
    ) -> Iterator[bytes]:
        """A body, unpacked bit by bit.

        Raises:
            BadAnswer: it is larger than any honest one, or was packed to grow.
        """
        size = 0
        try:
            while piece := response.read(_PIECE):
                size += len(piece)
                with self._lock:
                    self._being_read += len(piece)
                    is_too_large = self._being_read > MOST_BYTES or size > most
                if is_too_large or has_grown(size, response):
                    raise too_large(request, size, response.tell())
                yield piece
        finally:
            with self._lock:
                self._being_read -= size

    def _headers(self, request: Request, authorization: str | None) -> HTTPHeaderDict:
        headers = HTTPHeaderDict()
        for name, value in self.credentials.headers(authorization):
            headers.add(name, value.encode().decode("latin-1"))  # in which they are written
        headers["Accept"] = request.accept
        compressed = self.credentials.settings.is_compressed
        headers["Accept-Encoding"] = request.encoding if compressed else "identity"
        if request.body is not None:
            headers["Content-Type"] = request.content_type
        return headers

    def _current_pool(self) -> urllib3.PoolManager:
        """The connections; new ones once renewed credentials may have another certificate."""
        with self._lock:
            if self._generation != self.credentials.generation:
                self._generation = self.credentials.generation
                self._pool = self._new_pool()
            return self._pool

    def _new_pool(self) -> urllib3.PoolManager:
        server = self.credentials.settings
        if server.tls is not None and server.tls.verify_mode == ssl.CERT_NONE:
            # The kubeconfig asks for it; kubectl does not warn at every request either.
            urllib3.disable_warnings(InsecureRequestWarning)
        settings: dict[str, Any] = {
            "maxsize": 16,
            "retries": False,
            "ssl_context": server.tls,
            "socket_options": _KEEP_ALIVE,
        }
        if server.server_name:
            settings["server_hostname"] = server.server_name
            settings["assert_hostname"] = server.server_name
        if server.proxy:
            return urllib3.ProxyManager(
                server.proxy, proxy_headers=_proxy_headers(server.proxy), **settings
            )
        return urllib3.PoolManager(**settings)


def has_grown(size: int, response: urllib3.BaseHTTPResponse) -> bool:
    """Whether so many bytes came out of a body that was packed to fill memory or time."""
    return size > max(FEW_BYTES, MOST_TIMES * response.tell())


def _unread(_: Request, response: urllib3.BaseHTTPResponse) -> urllib3.BaseHTTPResponse:
    return response


def _proxy_headers(proxy: str) -> dict[str, str]:
    """The user and password in a proxy's address, which urllib3 leaves out."""
    parts = urlsplit(proxy)
    if parts.username is None:
        return {}
    login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return {"Proxy-Authorization": f"Basic {base64.b64encode(login.encode()).decode()}"}


def _backoff_seconds(attempt: int) -> float:
    return float(0.1 * 2**attempt * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
