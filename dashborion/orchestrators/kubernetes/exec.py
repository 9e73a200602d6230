"""A command in a container, over the API's websocket: one channel for each of its streams.

The websocket library is the one that the Kubernetes SDK brings; the SDK's own
client over it knows neither impersonation nor half a connection, buffers what
it reads, and waits in one direction while the other fills up.
"""

from __future__ import annotations

import json
import os
import select
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

import websocket
from urllib3 import HTTPHeaderDict
from websocket import ABNF

from dashborion import __version__
from dashborion.errors import (
    BadAnswer,
    CredentialsError,
    DashborionError,
    NotFound,
    Refusal,
    Unreachable,
)
from dashborion.models.instance import InstanceDetail
from dashborion.models.query import Found
from dashborion.orchestrators.kubernetes import resources as api
from dashborion.orchestrators.kubernetes.client import CONNECT_SECONDS, READ_SECONDS, Client
from dashborion.orchestrators.kubernetes.errors import Asked, Missing, Retry, refused
from dashborion.orchestrators.protocol import Call
from dashborion.terminal import CHUNK, Terminal, write

STDIN, STDOUT, STDERR, STATUS, RESIZE, CLOSE = 0, 1, 2, 3, 4, 255
V5, V4 = "v5.channel.k8s.io", "v4.channel.k8s.io"  # with and without a way to end stdin
DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"
PING_SECONDS = 30.0  # of silence, which balancers on the way take for the end
UNSENT = 1 << 18  # bytes that wait to be sent before no more stdin is read
_DEAF = (
    "this API server cannot be told that stdin has ended (Kubernetes 1.30 and newer can): "
    "a command that reads it to the end waits for ever"
)
_BROKEN = (websocket.WebSocketException, OSError)
_WANTS = (ssl.SSLWantReadError, ssl.SSLWantWriteError)


@dataclass(frozen=True)
class Exec:
    """As ``protocol.Exec``."""

    client: Client

    def container(
        self, found: Found[InstanceDetail], wanted: str | None, note: Callable[[str], None]
    ) -> str:
        """The container that a command runs in, as kubectl chooses it, which is said.

        Raises:
            NotFound: no container of that name.
            Refusal: it does not run.
        """
        item = found.item
        regular = [one.name for one in item.containers if not one.init]
        annotations = ((found.raw or {}).get("metadata") or {}).get("annotations") or {}
        chosen = wanted or annotations.get(DEFAULT_CONTAINER) or (regular[0] if regular else "")
        one = next((one for one in item.containers if one.name == chosen), None)
        if one is None:
            known = [one.name for one in item.containers]
            raise NotFound("container", chosen, where=item.name, known=known)
        if one.status != "running":
            raise Refusal(f"container '{chosen}' of {item.name} does not run: "
                          f"{one.reason or one.status}")  # fmt: skip
        if not wanted and len(regular) > 1 and DEFAULT_CONTAINER not in annotations:
            note(f"container '{chosen}' out of: {', '.join(regular)}")
        return chosen

    def run(
        self,
        found: Found[InstanceDetail],
        container: str,
        command: Sequence[str],
        terminal: Terminal,
        *,
        note: Callable[[str], None],
    ) -> int:
        """Run a command to its end; its exit code.

        Raises:
            DashborionError: it could not be started, with the API's words.
            Unreachable: the connection broke, and how it ended is unknterminal.
        """
        parameters = {
            "container": container,
            "stdin": terminal.stdin is not None,
            "stdout": True,
            "stderr": not terminal.tty,  # a terminal has one stream for both
            "tty": terminal.tty,
        }
        words = [(key, str(value).lower() if isinstance(value, bool) else value)
                 for key, value in parameters.items()]  # fmt: skip
        query = urlencode([*words, *(("command", one) for one in command)])
        path = f"{api.PODS.path(found.item.namespace, found.item.name)}/exec"
        socket = _connected(self.client, path, query)
        try:
            status = _Session(socket, terminal, note).run()
        finally:
            socket.shutdown()
        return _exit_code(status, command)


# --- The connection -----------------------------------------------------------------------------


def _connected(client: Client, path: str, query: str) -> websocket.WebSocket:
    """A connection on which the command runs; what refuses it is an error."""
    by = client.credentials
    asked = Asked(by.host, "GET", path, user=by.user, proxy=by.proxy)
    authorization = by.authorization()
    try:
        return _attempt(client, asked, query, authorization)
    except CredentialsError:
        by.renew(authorization)  # nothing has run yet
        return _attempt(client, asked, query, by.authorization())


def _attempt(
    client: Client, asked: Asked, query: str, authorization: str | None
) -> websocket.WebSocket:
    by = client.credentials
    started, outcome = time.monotonic(), "no answer"
    socket = websocket.WebSocket(sslopt=_tls(client))
    headers = [f"User-Agent: dashborion/{__version__}"]
    headers += [f"Authorization: {authorization}"] if authorization else []
    headers += [f"{name}: {value}" for name, value in by.impersonation]
    try:
        socket.connect(
            f"ws{by.host.removeprefix('http')}{asked.path}?{query}",
            header=headers,
            subprotocols=[V5, V4],
            suppress_origin=True,
            redirect_limit=0,
            timeout=min(CONNECT_SECONDS + READ_SECONDS, client.runtime.deadline.remaining()),
            **_proxy(by.proxy),
        )
        answer = socket.handshake_response
        outcome = str(answer.status)
        if answer.status != 101:  # a redirection, which would take the credentials elsewhere
            raise refused(asked, answer.status, b"", HTTPHeaderDict(answer.headers))
    except websocket.WebSocketBadStatusException as error:
        outcome = str(error.status_code)
        raise _refusal(asked, error) from error
    except (*_BROKEN, ValueError) as error:
        text = error if isinstance(error, OSError) else type(error).__name__
        raise Unreachable(f"cannot connect to {by.host}: {text}") from error
    finally:
        elapsed = time.monotonic() - started
        client.runtime.trace(Call(f"{asked.method} {asked.path}", outcome, elapsed))
    socket.settimeout(None)
    return socket


def _tls(client: Client) -> dict[str, Any]:
    by = client.credentials
    if by.tls is None:
        return {}
    return {"context": by.tls} | ({"server_hostname": by.server_name} if by.server_name else {})


def _proxy(proxy: str | None) -> dict[str, Any]:
    """What the kubeconfig and the variables say is known already: the library is not to look."""
    if not proxy:
        return {"http_no_proxy": ["*"]}
    parts = urlsplit(proxy)
    login = (parts.username, parts.password or "") if parts.username else None
    return {
        "http_proxy_host": parts.hostname,
        "http_proxy_port": parts.port or 80,
        "http_proxy_auth": login,
        "http_no_proxy": ["nowhere.invalid"],
        "proxy_type": parts.scheme or "http",
    }


def _refusal(asked: Asked, error: websocket.WebSocketBadStatusException) -> DashborionError:
    body = error.resp_body or b""
    content = body if isinstance(body, bytes) else str(body).encode()
    found = refused(asked, error.status_code, content, HTTPHeaderDict(error.resp_headers or {}))
    if isinstance(found, Retry):
        return found.error
    if isinstance(found, Missing):  # the kubelet's words, which are no Status
        said = content.decode(errors="replace").strip()[:200]
        return Refusal(found.message if not found.foreign else said or found.message)
    return found


# --- The session --------------------------------------------------------------------------------


@dataclass
class _Session:
    """Moves bytes until the command has ended. Both directions go on side by side."""

    socket: websocket.WebSocket
    own: Terminal
    note: Callable[[str], None]
    _unsent: bytearray = field(default_factory=bytearray)
    _status: bytearray = field(default_factory=bytearray)
    _channel: int = STATUS
    _stdin_open: bool = True
    _over: bool = False

    def run(self) -> bytes:
        """What the status channel said."""
        self._stdin_open = self.own.stdin is not None
        with self.own.raw() as resized:
            if resized is not None:
                self._tell_size()
            while not self._over:
                self._turn(resized)
        return bytes(self._status)

    def _turn(self, resized: int | None) -> None:
        connection = self.socket.sock
        waiting = connection.pending() if hasattr(connection, "pending") else 0
        wanted: list[Any] = [connection]
        if self._stdin_open and len(self._unsent) < UNSENT:
            wanted.append(self.own.stdin)
        if resized is not None:
            wanted.append(resized)
        timeout = 0.0 if waiting else PING_SECONDS
        sending = [connection] if self._unsent else []
        readable, writable, _ = select.select(wanted, sending, [], timeout)
        if not (readable or writable or waiting):
            self._send(b"", ABNF.OPCODE_PING)
        if waiting or connection in readable:
            self._receive()
        if resized is not None and resized in readable:
            os.read(resized, CHUNK)
            self._tell_size()
        if self.own.stdin in readable:
            self._read_stdin()
        self._flush()

    def _read_stdin(self) -> None:
        assert self.own.stdin is not None  # noqa: S101 - it was selected
        data = os.read(self.own.stdin, CHUNK)
        if data:
            self._send(bytes([STDIN]) + data)
            return
        self._stdin_open = False
        if self.socket.subprotocol == V5:
            self._send(bytes([CLOSE, STDIN]))
        else:
            self.note(_DEAF)

    def _tell_size(self) -> None:
        columns, rows = self.own.size()
        size = json.dumps({"Width": columns, "Height": rows})
        self._send(bytes([RESIZE]) + size.encode())

    def _send(self, data: bytes, opcode: int = ABNF.OPCODE_BINARY) -> None:
        self._unsent += ABNF.create_frame(data, opcode).format()

    def _flush(self) -> None:
        """As much as goes without waiting: who waits to send does not read."""
        connection = self.socket.sock
        connection.settimeout(0)
        try:
            while self._unsent:
                del self._unsent[: connection.send(self._unsent)]
        except (BlockingIOError, InterruptedError, *_WANTS):
            return
        except OSError as error:
            if not self._over:
                raise _lost(error) from error
        finally:
            connection.settimeout(None)

    def _receive(self) -> None:
        """One frame; the library would answer pings into the middle of what is being sent."""
        try:
            frame = self.socket.recv_frame()
        except websocket.WebSocketConnectionClosedException as error:
            if not self._status:
                raise _lost(error) from error
            self._over = True
            return
        except _BROKEN as error:
            raise _lost(error) from error
        if frame.opcode == ABNF.OPCODE_CLOSE:
            self._over = True
        elif frame.opcode == ABNF.OPCODE_PING:
            self._send(frame.data, ABNF.OPCODE_PONG)
        elif frame.opcode in (ABNF.OPCODE_BINARY, ABNF.OPCODE_TEXT) and frame.data:
            self._channel = frame.data[0]
            self._take(frame.data[1:])
        elif frame.opcode == ABNF.OPCODE_CONT:
            self._take(frame.data)

    def _take(self, data: bytes) -> None:
        if self._channel == STDOUT:
            write(self.own.stdout, data)
        elif self._channel == STDERR:
            write(self.own.stderr, data)
        elif self._channel == STATUS:
            self._status += data


def _lost(error: Exception) -> Unreachable:
    return Unreachable(
        f"the connection broke ({type(error).__name__}): the command may go on, "
        "and how it ends is unknown"
    )


def _exit_code(said: bytes, command: Sequence[str]) -> int:
    """The command's own, from the API's ``Status``."""
    try:
        status: Mapping[str, Any] = json.loads(said)
        if status["status"] == "Success":
            return 0
        causes = (status.get("details") or {}).get("causes") or ()
        for cause in causes:
            if cause.get("reason") == "ExitCode":
                return int(cause["message"])
        message = str(status.get("message") or status.get("reason"))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadAnswer("the connection ended without the command's exit code") from error
    raise DashborionError(f"'{command[0]}' did not run: {message}")
