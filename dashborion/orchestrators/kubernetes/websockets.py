"""Websockets to the API server: its connections to what runs in pods.

The library is the one that the Kubernetes SDK depends on.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

import websocket
from urllib3 import HTTPHeaderDict
from websocket import frame_buffer

from dashborion.errors import CredentialsError, DashborionError, Refusal, Unreachable
from dashborion.orchestrators.kubernetes.client import Client
from dashborion.orchestrators.kubernetes.credentials.settings import Settings
from dashborion.orchestrators.kubernetes.errors import Missing, Retryable, answer_error
from dashborion.orchestrators.kubernetes.request import Request
from dashborion.orchestrators.kubernetes.transport import CONNECT_SECONDS, READ_SECONDS
from dashborion.orchestrators.runtime import Call

PING_SECONDS = 30.0  # of silence; load balancers drop connections that stay silent for longer
MOST_FRAME_BYTES = 4 << 20  # of what arrives; the kubelet's frames have 32 KB
CONNECTION_ERRORS = (websocket.WebSocketException, OSError)
WOULD_BLOCK = (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


def connect(client: Client, path: str, query: str, protocols: Sequence[str]) -> websocket.WebSocket:
    """A connection to a subresource of a pod; credentials are renewed once, if need be.

    Raises:
        KubeletSilent: the API server gets no answer from the pod's node.
        DashborionError: the API's reason why there is none.
    """
    credentials = client.credentials
    server = credentials.settings
    request = Request(server.host, "GET", path, credentials.user, server.proxy)
    authorization = credentials.authorization()
    try:
        return _attempt(client, request, query, authorization, protocols)
    except CredentialsError:  # so nothing has begun yet
        credentials.renew(authorization)
        return _attempt(client, request, query, credentials.authorization(), protocols)


def _attempt(
    client: Client,
    request: Request,
    query: str,
    authorization: str | None,
    protocols: Sequence[str],
) -> websocket.WebSocket:
    started, outcome = time.monotonic(), "no answer"
    socket = websocket.WebSocket(sslopt=_tls(client.credentials.settings))
    socket.frame_buffer = _Frames(socket._recv, skip_utf8_validation=True)  # noqa: SLF001 - as it does
    headers = client.credentials.headers(authorization)
    try:
        socket.connect(
            f"ws{request.host.removeprefix('http')}{request.path}?{query}",
            header=[f"{name}: {value}" for name, value in headers],
            subprotocols=list(protocols),
            suppress_origin=True,
            redirect_limit=0,
            timeout=min(CONNECT_SECONDS + READ_SECONDS, client.runtime.deadline.remaining()),
            **_proxy(request.proxy),
        )
        answer = socket.handshake_response
        outcome = str(answer.status)
        if answer.status != 101:  # a redirect would send the credentials to another server
            raise answer_error(request, answer.status, b"", HTTPHeaderDict(answer.headers))
    except websocket.WebSocketBadStatusException as error:
        outcome = str(error.status_code)
        raise _refusal(request, error) from error
    except (*CONNECTION_ERRORS, ValueError) as error:
        raise Unreachable(f"cannot connect to {request.host}: {_why(error)}") from error
    finally:
        elapsed = time.monotonic() - started
        client.runtime.trace(Call(f"{request.method} {request.path}", outcome, elapsed))
    socket.settimeout(None)
    return socket


def _why(error: Exception) -> str:
    if isinstance(error, websocket.WebSocketTimeoutException):
        return "no answer in time"
    if isinstance(error, websocket.WebSocketProxyException):
        return "the proxy does not take the request"
    return getattr(error, "strerror", None) or "it does not answer as a WebSocket does"


class _Frames(frame_buffer):  # type: ignore[misc]
    """The frames that arrive; the library reads one to its end, whatever length it says."""

    def recv_length(self) -> None:
        super().recv_length()
        if self.length > MOST_FRAME_BYTES:
            raise websocket.WebSocketProtocolException


def _tls(server: Settings) -> dict[str, Any]:
    options = {"context": server.tls, "server_hostname": server.server_name}
    return {key: value for key, value in options.items() if value}


def _proxy(proxy: str | None) -> dict[str, Any]:
    """The library's settings for a proxy, which keep it from reading the variables itself."""
    if not proxy:
        return {"http_no_proxy": ["*"]}
    parts = urlsplit(proxy)
    login = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    return {
        "http_proxy_host": parts.hostname,
        "http_proxy_port": parts.port or 80,
        "http_proxy_auth": login,
        "http_no_proxy": ["nowhere.invalid"],
        "proxy_type": parts.scheme or "http",
    }


def _refusal(request: Request, error: websocket.WebSocketBadStatusException) -> DashborionError:
    body = error.resp_body or b""
    content = body if isinstance(body, bytes) else str(body).encode()
    headers = HTTPHeaderDict(error.resp_headers or {})
    refused = answer_error(request, error.status_code, content, headers)
    if isinstance(refused, Retryable):
        return refused.error
    if isinstance(refused, Missing):
        # The kubelet answers with plain text, which is not the API's `Status`.
        text = content.decode(errors="replace").strip()[:200] if refused.is_foreign else ""
        return Refusal(text or refused.message)
    return refused
