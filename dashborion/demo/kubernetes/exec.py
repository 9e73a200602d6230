"""``pods/NAME/exec``: a kubelet's part in it, with the demo's shell for a container runtime."""

from __future__ import annotations

import json
from collections.abc import Iterable
from io import BufferedIOBase

from dashborion.demo.http_server import Answer
from dashborion.demo.kubernetes.errors import Refused, bad_request
from dashborion.demo.kubernetes.request import Request
from dashborion.demo.kubernetes.resources import Object
from dashborion.demo.kubernetes.websocket import WebSocket, accepted, wanted
from dashborion.demo.shell import Shell

STDIN, STDOUT, STDERR, STATUS, RESIZE, CLOSE = 0, 1, 2, 3, 4, 255
PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
_CHUNK = 1 << 15


def exec_answer(
    pod: Object,
    container: str,
    words: list[str],
    request: Request,
    *,
    protocols: Iterable[str] = PROTOCOLS,
) -> Answer:
    """Upgrade the connection and run the command; raises Refused before that."""
    if not wanted(request.headers):
        raise bad_request("Upgrade request required")
    header = request.headers.get("sec-websocket-protocol", "")
    offered = [protocol.strip() for protocol in header.split(",")]
    protocol = next((protocol for protocol in offered if protocol in protocols), None)
    if protocol is None:
        raise bad_request(f"unable to negotiate websocket protocol: {offered}")
    if not words:
        raise bad_request("you must specify at least 1 command for the container")
    spec = next(spec for spec in pod["spec"]["containers"] if spec["name"] == container)
    given = [variable for variable in spec.get("env") or () if "value" in variable]
    variables = {variable["name"]: str(variable["value"]) for variable in given}

    def converse(reading: BufferedIOBase, writing: BufferedIOBase) -> None:
        socket = WebSocket(reading, writing)
        streams = _Channels(socket, request, has_end=protocol == PROTOCOLS[0])
        code = Shell(pod["metadata"]["name"], variables, streams).run(words)
        socket.send(bytes([STATUS]) + json.dumps(_status(code, words)).encode())
        socket.close()

    return Answer(101, accepted(request.headers, protocol), b"", converse=converse)


def require_running(pod: Object, container: str) -> None:
    """Raise Refused, in the kubelet's words, unless the container runs."""
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    if not any(status["name"] == container and "running" in status["state"] for status in statuses):
        raise Refused(404, "NotFound", f'container not found ("{container}")')


def _status(code: int | None, words: list[str]) -> Object:
    head: Object = {"metadata": {}, "apiVersion": "v1", "kind": "Status"}
    if code == 0:
        return {**head, "status": "Success"}
    if code is None:
        message = (
            "Internal error occurred: error executing command in container: exec: "
            f'"{words[0]}": executable file not found in $PATH'
        )
        return {**head, "status": "Failure", "message": message, "reason": "InternalError"}
    return {
        **head,
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: exit status {code}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }


class _Channels:
    """The streams of one command, with a terminal's line discipline if it has one."""

    def __init__(self, socket: WebSocket, request: Request, *, has_end: bool) -> None:
        self.is_tty = request.flag("tty")
        self.size = (80, 24)
        self._socket, self._has_end = socket, has_end
        self._is_over = not request.flag("stdin")
        self._given = b""

    def is_over(self) -> bool:
        return False  # what is typed meanwhile waits

    def read(self) -> bytes:
        """The input so far, or a line of a terminal; b"" at the end."""
        if self.is_tty:
            return self.read_line()
        while not self._given and not self._is_over:
            self._receive()
        data, self._given = self._given, b""
        return data

    def read_line(self) -> bytes:
        if self.is_tty:
            return self._typed()
        while b"\n" not in self._given and not self._is_over:
            self._receive()
        line, newline, self._given = self._given.partition(b"\n")
        return line + newline

    def out(self, data: bytes) -> None:
        self._write(STDOUT, data)

    def err(self, data: bytes) -> None:
        self._write(STDOUT if self.is_tty else STDERR, data)

    def _write(self, channel: int, data: bytes) -> None:
        if self.is_tty:
            data = data.replace(b"\n", b"\r\n")
        for start in range(0, len(data), _CHUNK):
            self._socket.send(bytes([channel]) + data[start : start + _CHUNK])

    def _receive(self) -> None:
        message = self._socket.receive()
        if message is None:
            self._is_over = True
        elif message[:1] == bytes([RESIZE]):
            size = json.loads(message[1:])
            self.size = (size["Width"], size["Height"])
        elif message == bytes([CLOSE, STDIN]) and self._has_end:
            self._is_over = True
        elif message[:1] == bytes([STDIN]):
            self._given += message[1:]

    def _typed(self) -> bytes:
        """Read a line as a terminal does: echoed, with backspace, ^C and ^D."""
        line = b""
        while True:
            while not self._given and not self._is_over:
                self._receive()
            if not self._given:
                return line
            key, self._given = self._given[:1], self._given[1:]
            if key in (b"\r", b"\n"):
                self.out(b"\n")
                return line + b"\n"
            if key == b"\x03":
                self.out(b"^C\n")
                return b"\n"
            if key == b"\x04" and not line:
                return b""
            if key in (b"\x7f", b"\b"):
                self.out(b"\b \b" if line else b"")
                line = line[:-1]
            elif key >= b" ":
                self.out(key)
                line += key
