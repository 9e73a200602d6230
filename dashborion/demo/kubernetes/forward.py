"""``pods/NAME/portforward``: a small HTTP server at each TCP port that containers declare."""

from __future__ import annotations

from io import BufferedIOBase

from dashborion.demo.http_server import Answer
from dashborion.demo.kubernetes.errors import bad_request
from dashborion.demo.kubernetes.exec import PROTOCOLS, Channels, negotiated, upgraded
from dashborion.demo.kubernetes.request import Request
from dashborion.demo.kubernetes.resources import Object

DATA, ERROR = 0, 1


def forward_answer(pod: Object, request: Request) -> Answer:
    """Upgrade the connection and answer HTTP requests; raises Refused before that."""
    protocol = negotiated(request, PROTOCOLS[1:])
    name, asked = pod["metadata"]["name"], request.query.get("ports", "")
    if not asked.isdecimal() or not 0 < int(asked) < 1 << 16:
        raise bad_request(f"unable to parse {asked!r} as a port")
    port = int(asked)
    declared = [one for spec in pod["spec"]["containers"] for one in spec.get("ports") or ()]
    listens = any(
        one["containerPort"] == port and one.get("protocol", "TCP") == "TCP" for one in declared
    )

    def converse(reading: BufferedIOBase, writing: BufferedIOBase) -> None:
        channels = Channels(reading, writing, is_tty=False, has_stdin=True, has_end=False)
        for channel in (DATA, ERROR):
            channels.write(channel, port.to_bytes(2, "little"))
        if listens:
            _serve(f"{name}:{port}", channels)
        else:
            problem = f"error forwarding port {port} to pod {name}: connect: connection refused"
            channels.write(ERROR, problem.encode())
        channels.end()

    return Answer(101, upgraded(request, protocol), b"", converse=converse)


def _serve(name: str, channels: Channels) -> None:
    """Answer each request, which has no body, with who was asked for what."""
    given = b""
    while data := channels.read():
        given += data
        while b"\r\n\r\n" in given:
            head, _, given = given.partition(b"\r\n\r\n")
            asked = head.partition(b"\r\n")[0]
            body = b"%b: %b\n" % (name.encode(), asked)
            headers = b"Content-Type: text/plain\r\nContent-Length: %d" % len(body)
            channels.write(DATA, b"HTTP/1.1 200 OK\r\n%b\r\n\r\n%b" % (headers, body))
            if asked.endswith(b"/1.0") or b"connection: close" in head.lower():
                return
