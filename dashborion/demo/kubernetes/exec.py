"""``pods/NAME/exec``: a kubelet's part in it, with the demo's shell for a container runtime."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import time
from collections.abc import Callable, Iterable, Mapping
from io import BufferedIOBase

from websocket import ABNF, frame_buffer

from dashborion.demo.http_server import Answer
from dashborion.demo.kubernetes.errors import Refused, bad_request
from dashborion.demo.kubernetes.pods import variables_of
from dashborion.demo.kubernetes.request import Request
from dashborion.demo.kubernetes.resources import Object
from dashborion.demo.kubernetes.shell import Shell

STDIN, STDOUT, STDERR, STATUS, RESIZE, CLOSE = 0, 1, 2, 3, 4, 255
_CHUNK = 1 << 15
_FAILED = "command terminated with non-zero exit code"
_NO_PROGRAM = (
    "Internal error occurred: Internal error occurred: error executing command in container: "
    "failed to exec in container: OCI runtime exec failed: exec failed: unable to start "
    "container process"
)
_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")


def exec_answer(
    pod: Object,
    container: str,
    words: list[str],
    request: Request,
    *,
    protocols: Iterable[str] = PROTOCOLS,
    on_end: Callable[[int | None, str], object] | None = None,
) -> Answer:
    """Upgrade the connection and run the command; raises Refused before that.

    For ``attach``, whose command is the container's own, ``on_end`` takes the exit code and
    what was not written to the client.
    """
    protocol = negotiated(request, protocols)
    if not words:
        raise bad_request("you must specify at least 1 command for the container")
    variables = variables_of(given_container(pod, container))

    def converse(reading: BufferedIOBase, writing: BufferedIOBase) -> None:
        channels = Channels(
            reading,
            writing,
            is_tty=request.flag("tty"),
            has_stdin=request.flag("stdin"),
            has_output=on_end is None or request.flag("stdout"),
            has_end=protocol == PROTOCOLS[0],
        )
        code = Shell(pod["metadata"]["name"], variables, channels).run(words)
        channels.end(_status(code if on_end is None else 0, words))
        if on_end is not None:
            on_end(code, channels.kept.decode(errors="replace"))

    return Answer(101, upgraded(request, protocol), b"", converse=converse)


def negotiated(request: Request, protocols: Iterable[str]) -> str:
    """The protocol that a request for a websocket gets; raises Refused if it is none."""
    upgrades = request.headers.get("connection", "").lower()
    if "upgrade" not in upgrades or request.headers.get("upgrade", "").lower() != "websocket":
        raise bad_request("Upgrade request required")
    header = request.headers.get("sec-websocket-protocol", "")
    offered = [protocol.strip() for protocol in header.split(",")]
    protocol = next((protocol for protocol in offered if protocol in protocols), None)
    if protocol is None:
        raise bad_request(f"unable to negotiate websocket protocol: {offered}")
    return protocol


def upgraded(request: Request, protocol: str) -> dict[str, str]:
    """The headers of the answer to a request for a websocket (RFC 6455)."""
    key = request.headers.get("sec-websocket-key", "") + _GUID
    digest = hashlib.sha1(key.encode(), usedforsecurity=False).digest()
    return {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Accept": base64.b64encode(digest).decode(),
        "Sec-WebSocket-Protocol": protocol,
    }


def given_container(pod: Object, name: str) -> Object:
    """A container or an init container, such as a sidecar."""
    spec = pod["spec"]
    both = itertools.chain(spec["containers"], spec.get("initContainers") or ())
    return next(one for one in both if one["name"] == name)


def require_running(pod: Object, container: str) -> None:
    """Raise Refused, in the kubelet's words, unless the container runs."""
    if not pod["spec"].get("nodeName"):
        raise bad_request(f"pod {pod['metadata']['name']} does not have a host assigned")
    status = pod.get("status") or {}
    known = [*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())]
    if not any(one["name"] == container and "running" in one["state"] for one in known):
        raise Refused(500, "InternalError", f'container not found ("{container}")')


def _status(code: int | None, words: list[str]) -> Object:
    head: Object = {"metadata": {}}
    if code == 0:
        return {**head, "status": "Success"}
    head["status"] = "Failure"
    if code is None:
        message = f'{_NO_PROGRAM}: exec: "{words[0]}": executable file not found in $PATH'
        return {**head, "message": message, "reason": "InternalError", "code": 500}
    return {
        **head,
        "message": f"{_FAILED}: command terminated with exit code {code}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }


class Channels:
    """The streams of one command, with a terminal's line discipline if it has one.

    Frames come whole: clients of ``exec`` send no parts.
    """

    def __init__(
        self,
        reading: BufferedIOBase,
        writing: BufferedIOBase,
        *,
        is_tty: bool,
        has_stdin: bool,
        has_output: bool = True,
        has_end: bool,
    ) -> None:
        self.is_tty = is_tty
        self.size = (80, 24)  # columns and rows
        self._reading, self._writing, self._has_end = reading, writing, has_end
        self._frames = frame_buffer(self._read_bytes, skip_utf8_validation=True)
        self._is_over = not has_stdin
        self._has_output = has_output
        self.kept = b""
        self._given = b""

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
        self.write(STDOUT, data)

    def err(self, data: bytes) -> None:
        self.write(STDOUT if self.is_tty else STDERR, data)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def end(self, status: Mapping[str, object] | None = None) -> None:
        if status is not None:
            self._send(bytes([STATUS]) + json.dumps(status).encode())
        self._send((1000).to_bytes(2, "big"), ABNF.OPCODE_CLOSE)

    def write(self, channel: int, data: bytes) -> None:
        if not self._has_output:
            self.kept += data
            return
        if self.is_tty:
            data = data.replace(b"\n", b"\r\n")
        for start in range(0, len(data), _CHUNK):
            self._send(bytes([channel]) + data[start : start + _CHUNK])

    def _send(self, data: bytes, code: int = ABNF.OPCODE_BINARY) -> None:
        frame = ABNF.create_frame(data, code)
        frame.mask_value = 0  # only clients mask
        self._writing.write(frame.format())
        self._writing.flush()

    def _read_bytes(self, size: int) -> bytes:
        if data := self._reading.read(size):
            return data
        raise EOFError

    def _receive(self) -> None:
        """Take the next frame of the client; pings are answered."""
        try:
            frame = self._frames.recv_frame()
        except EOFError:
            self._is_over = True
            return
        message: bytes = frame.data
        if frame.opcode == ABNF.OPCODE_PING:
            self._send(message, ABNF.OPCODE_PONG)
        elif frame.opcode == ABNF.OPCODE_CLOSE:
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
