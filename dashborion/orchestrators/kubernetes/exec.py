"""Runs a command in a container, over the API's websocket with a channel for each stream.

The websocket library is the one that the Kubernetes SDK depends on. The SDK's own
client on top of it is not used: it has no impersonation, cannot close stdin alone,
buffers all output, and blocks on sending while output waits to be read.
"""

from __future__ import annotations

import json
import os
import select
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import msgspec
import websocket
from websocket import ABNF

from dashborion.errors import BadAnswer, DashborionError, NotFound, Refusal, Unreachable
from dashborion.models.exec_check import Requirement
from dashborion.models.instance import InstanceDetail
from dashborion.models.query import Found
from dashborion.orchestrators.kubernetes import resources as api
from dashborion.orchestrators.kubernetes.client import Client
from dashborion.orchestrators.kubernetes.errors import KubeletSilent
from dashborion.orchestrators.kubernetes.instances import DEFAULT_CONTAINER
from dashborion.orchestrators.kubernetes.websockets import (
    CONNECTION_ERRORS,
    MOST_FRAME_BYTES,
    PING_SECONDS,
    WOULD_BLOCK,
    connect,
)
from dashborion.terminal import CHUNK, Terminal, write

STDIN, STDOUT, STDERR, STATUS, RESIZE, CLOSE = 0, 1, 2, 3, 4, 255
V5, V4 = "v5.channel.k8s.io", "v4.channel.k8s.io"  # with and without a way to end stdin
MOST_UNSENT = 1 << 18  # bytes waiting to be sent; above that, stdin is not read
_STDIN_STAYS_OPEN = (
    "this API server cannot be told that stdin has ended (Kubernetes 1.30 and newer can): "
    "a command that reads it to the end waits for ever"
)


@dataclass(frozen=True)
class Exec:
    """As ``protocol.Exec``."""

    client: Client

    def choose_container(
        self, instance: Found[InstanceDetail], wanted: str | None, note: Callable[[str], None]
    ) -> str:
        """The container that is ``wanted``, else the one that kubectl chooses."""
        pod = instance.item
        regular = [container.name for container in pod.containers if not container.init]
        annotations = ((instance.raw or {}).get("metadata") or {}).get("annotations") or {}
        name = wanted or annotations.get(DEFAULT_CONTAINER) or (regular[0] if regular else "")
        containers = {container.name: container for container in pod.containers}
        container = containers.get(name)
        if container is None:
            raise NotFound("container", name, where=pod.name, known=list(containers))
        if container.status != "running":
            raise Refusal(f"container '{name}' of {pod.name} does not run: "
                          f"{container.reason or container.status}")  # fmt: skip
        if not wanted and len(regular) > 1 and DEFAULT_CONTAINER not in annotations:
            note(f"container '{name}' out of: {', '.join(regular)}")
        return name

    def run(
        self,
        instance: Found[InstanceDetail],
        container: str,
        command: Sequence[str],
        terminal: Terminal,
        *,
        note: Callable[[str], None],
    ) -> int:
        """As ``protocol.Exec``.

        Raises:
            DashborionError: it could not be started, with the API's reason.
            Unreachable: the connection broke, and how the command ends is unknown.
        """
        options = _streams_of(container, terminal)
        words = [*options.items(), *(("command", word) for word in command)]
        query = urlencode(words, errors="surrogateescape")
        path = f"{api.PODS.path(instance.item.namespace, instance.item.name)}/exec"
        try:
            socket = connect(self.client, path, query, [V5, V4])
        except KubeletSilent as error:
            raise error.of(instance.item.node) from error
        try:
            status = _Session(socket, terminal, note).run()
        finally:
            socket.shutdown()
        return _exit_code(status, command)

    def check(
        self, instance: Found[InstanceDetail], container: str | None, *, tries: bool
    ) -> list[Requirement]:
        """As ``protocol.Exec``."""
        from dashborion.orchestrators.kubernetes.exec_check import check

        return check(self, instance, container, tries=tries)


def attach(
    client: Client,
    namespace: str,
    pod: str,
    container: str,
    terminal: Terminal,
    *,
    note: Callable[[str], None],
) -> None:
    """Connect a terminal with what a container runs anyway, until it ends; raises as ``Exec.run``.

    Without one stdin alone: what was written before is in the log, and so is all else.
    """
    path = f"{api.PODS.path(namespace, pod)}/attach"
    socket = connect(
        client, path, urlencode(_streams_of(container, terminal, output=terminal.tty)), (V5, V4)
    )
    try:
        told = msgspec.json.decode(_Session(socket, terminal, note).run() or b"{}")
    except msgspec.DecodeError:
        return
    finally:
        socket.shutdown()
    if told.get("status") == "Failure":
        raise DashborionError(str(told.get("message")))


def _streams_of(container: str, terminal: Terminal, *, output: bool = True) -> dict[str, str]:
    return {
        "container": container,
        "stdin": str(terminal.stdin is not None).lower(),
        "stdout": str(output).lower(),
        "stderr": str(output and not terminal.tty).lower(),  # a terminal has one for both
        "tty": str(terminal.tty).lower(),
    }


# --- The session --------------------------------------------------------------------------------


@dataclass
class _Session:
    """Moves bytes in both directions, neither waiting for the other, until the command ends."""

    socket: websocket.WebSocket
    terminal: Terminal
    note: Callable[[str], None]
    _unsent: bytearray = field(default_factory=bytearray)
    _status: bytearray = field(default_factory=bytearray)
    _channel: int = STATUS
    _is_stdin_open: bool = True
    _is_over: bool = False

    def run(self) -> bytes:
        """Run until the command ends; the content of the status channel."""
        self._is_stdin_open = self.terminal.stdin is not None
        with self.terminal.raw() as resized:
            if resized is not None:
                self._send_size()
            while not self._is_over:
                self._wait_and_move(resized)
        return bytes(self._status)

    def _wait_and_move(self, resized: int | None) -> None:
        connection = self.socket.sock
        waiting = connection.pending() if hasattr(connection, "pending") else 0
        wanted: list[Any] = [connection]
        if self._is_stdin_open and len(self._unsent) < MOST_UNSENT:
            wanted.append(self.terminal.stdin)
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
            self._send_size()
        if self.terminal.stdin in readable:
            self._read_stdin()
        if not self._is_over:
            self._flush()

    def _read_stdin(self) -> None:
        assert self.terminal.stdin is not None  # noqa: S101 - it was selected
        data = os.read(self.terminal.stdin, CHUNK)
        if data:
            self._send(bytes([STDIN]) + data)
            return
        self._is_stdin_open = False
        if self.socket.subprotocol == V5:
            self._send(bytes([CLOSE, STDIN]))
        else:
            self.note(_STDIN_STAYS_OPEN)

    def _send_size(self) -> None:
        columns, rows = self.terminal.size()
        size = json.dumps({"Width": columns, "Height": rows})
        self._send(bytes([RESIZE]) + size.encode())

    def _send(self, data: bytes, opcode: int = ABNF.OPCODE_BINARY) -> None:
        self._unsent += ABNF.create_frame(data, opcode).format()

    def _flush(self) -> None:
        """Send as much as possible without blocking, which would keep output from being read."""
        connection = self.socket.sock
        connection.settimeout(0)
        try:
            while self._unsent:
                del self._unsent[: connection.send(self._unsent)]
        except WOULD_BLOCK:
            return
        except OSError as error:
            raise _lost() from error
        finally:
            connection.settimeout(None)

    def _receive(self) -> None:
        """Read one frame. The library's own ``recv`` answers pings inside a frame half sent."""
        try:
            frame = self.socket.recv_frame()
        except websocket.WebSocketConnectionClosedException as error:
            if not self._status:
                raise _lost() from error
            self._is_over = True
            return
        except CONNECTION_ERRORS as error:
            raise _lost() from error
        if frame.opcode == ABNF.OPCODE_CLOSE:
            self._is_over = True
        elif frame.opcode == ABNF.OPCODE_PING:
            self._send(frame.data, ABNF.OPCODE_PONG)
        elif frame.opcode in (ABNF.OPCODE_BINARY, ABNF.OPCODE_TEXT) and frame.data:
            self._channel = frame.data[0]
            self._write_output(frame.data[1:])
        elif frame.opcode == ABNF.OPCODE_CONT:
            self._write_output(frame.data)

    def _write_output(self, data: bytes) -> None:
        if self._channel == STDOUT:
            write(self.terminal.stdout, data)
        elif self._channel == STDERR:
            write(self.terminal.stderr, data)
        elif self._channel == STATUS:
            self._status += data
            if len(self._status) > MOST_FRAME_BYTES:
                raise BadAnswer("the connection goes on with more than a command's exit code")


def _lost() -> Unreachable:
    text = "the connection broke: the command may go on, and how it ends is unknown"
    return Unreachable(text)


def _exit_code(content: bytes, command: Sequence[str]) -> int:
    """The command's exit code, from the API's ``Status`` on the status channel."""
    try:
        status: Mapping[str, Any] = json.loads(content)
        if status["status"] == "Success":
            return 0
        causes = (status.get("details") or {}).get("causes") or ()
        for cause in causes:
            if cause.get("reason") == "ExitCode":
                code = int(cause["message"])
                return code if 0 < code < 256 else 1  # on Windows, of which 256 would be none
        message = str(status.get("message") or status.get("reason"))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadAnswer("the connection ended without the command's exit code") from error
    raise DashborionError(f"'{command[0]}' did not run: {message}")
