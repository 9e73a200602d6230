"""The server's side of a websocket (RFC 6455), as far as ``exec`` needs it."""

from __future__ import annotations

import base64
import hashlib
import struct
from collections.abc import Mapping
from io import BufferedIOBase

TEXT, BINARY, END, PING, PONG = 1, 2, 8, 9, 10
_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def wanted(headers: Mapping[str, str]) -> bool:
    """Whether a request (headers in lower case) asks for a websocket."""
    upgrades = headers.get("connection", "").lower()
    return "upgrade" in upgrades and headers.get("upgrade", "").lower() == "websocket"


def accepted(headers: Mapping[str, str], protocol: str) -> dict[str, str]:
    """The headers of the answer."""
    key = headers.get("sec-websocket-key", "") + _GUID
    digest = hashlib.sha1(key.encode(), usedforsecurity=False).digest()
    return {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Accept": base64.b64encode(digest).decode(),
        "Sec-WebSocket-Protocol": protocol,
    }


class WebSocket:
    """One connection after its handshake. Frames come whole: clients of ``exec`` send no parts."""

    def __init__(self, reading: BufferedIOBase, writing: BufferedIOBase) -> None:
        self._reading, self._writing = reading, writing

    def receive(self) -> bytes | None:
        """The next message; None when the client is gone. Pings are answered."""
        while True:
            head = self._reading.read(2)
            if len(head) < 2:
                return None
            code, size = head[0] & 0x0F, head[1] & 0x7F
            if size == 126:
                (size,) = struct.unpack("!H", self._reading.read(2))
            elif size == 127:
                (size,) = struct.unpack("!Q", self._reading.read(8))
            mask = self._reading.read(4) if head[1] & 0x80 else bytes(4)
            masked = self._reading.read(size)
            repeated = (mask * (size // 4 + 1))[:size]
            number = int.from_bytes(masked, "big") ^ int.from_bytes(repeated, "big")
            data = number.to_bytes(size, "big")
            if code == END:
                return None
            if code == PING:
                self._send(PONG, data)
            elif code in (TEXT, BINARY):
                return data

    def send(self, data: bytes) -> None:
        self._send(BINARY, data)

    def close(self) -> None:
        self._send(END, struct.pack("!H", 1000))

    def _send(self, code: int, data: bytes) -> None:
        size = len(data)
        if size < 126:
            head = struct.pack("!BB", 0x80 | code, size)
        elif size < 1 << 16:
            head = struct.pack("!BBH", 0x80 | code, 126, size)
        else:
            head = struct.pack("!BBQ", 0x80 | code, 127, size)
        self._writing.write(head + data)
        self._writing.flush()
