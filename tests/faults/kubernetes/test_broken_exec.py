"""Connections for commands that end, break or never begin: the command's own code, or why not."""

from __future__ import annotations

import base64
import hashlib
import json

import pytest

from tests.support.cli import Cli
from tests.support.misbehaviour import PAGE, Exchange, Fault, body, drop, not_http, redirect, status
from tests.support.stub_api import Api

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 4.2.2
OUT, ERR, STATUS = 1, 2, 3


def frame(channel: int, data: bytes) -> bytes:
    payload = bytes([channel]) + data
    return b"\x82\x7e" + len(payload).to_bytes(2, "big") + payload


def ended(said: object) -> bytes:
    return frame(STATUS, json.dumps(said).encode())


def failed(code: str) -> bytes:
    causes = [{"reason": "ExitCode", "message": code}]
    return ended({"status": "Failure", "message": "no", "details": {"causes": causes}})


def websocket(*frames: bytes, protocol: str = "v5.channel.k8s.io") -> Fault:
    """Accept the connection, send these frames, and close it without saying so."""

    def serve(exchange: Exchange) -> None:
        key = exchange.headers["Sec-WebSocket-Key"].encode()
        accepted = base64.b64encode(hashlib.sha1(key + _GUID).digest()).decode()  # noqa: S324
        exchange.close_connection = True
        exchange.send_response(101)
        for name, value in {
            "Upgrade": "websocket", "Connection": "Upgrade",
            "Sec-WebSocket-Accept": accepted, "Sec-WebSocket-Protocol": protocol,
        }.items():  # fmt: skip
            exchange.send_header(name, value)
        exchange.end_headers()
        exchange.wfile.write(b"".join(frames))
        exchange.wfile.flush()

    return serve


SUCCESS = ended({"status": "Success"})
ENDED = [
    pytest.param(websocket(frame(OUT, b"one\n"), SUCCESS), 0, "one\n", id="done"),
    pytest.param(websocket(frame(OUT, b"one\n"), failed("3")), 3, "one\n", id="failed"),
    pytest.param(websocket(failed("256")), 1, "", id="a code that no shell has"),
    pytest.param(websocket(frame(9, b"x"), SUCCESS), 0, "", id="a channel that nobody knows"),
]
BROKEN = [
    pytest.param(websocket(frame(OUT, b"one\n")), "how it ends is unknown", id="no status"),
    pytest.param(websocket(b"\x82\x7e"), "how it ends is unknown", id="half a frame"),
    pytest.param(websocket(b"\xf2\x05abcde"), "how it ends is unknown", id="no frame"),
    pytest.param(websocket(ended([])), "without the command's exit code", id="a list"),
    pytest.param(websocket(frame(STATUS, b"x")), "without the command's exit code", id="no JSON"),
    pytest.param(websocket(failed("three")), "without the command's exit code", id="no code"),
    pytest.param(websocket(SUCCESS, protocol="v1"), "not answer as a WebSocket", id="protocol"),
    pytest.param(redirect("/login?t=s3cr3t"), "not answer as a WebSocket", id="a redirect"),
    pytest.param(drop, "not answer as a WebSocket", id="closed without a word"),
    pytest.param(not_http, "not answer as a WebSocket", id="another protocol"),
    pytest.param(body(PAGE, "text/html"), "was answered with 200", id="a page"),
    pytest.param(status(500, "error dialing backend"), "error dialing backend", id="500"),
]


@pytest.fixture(autouse=True)
def running(cluster: Api) -> None:
    (pod,) = cluster.objects["pods"]
    (container,) = pod["status"]["containerStatuses"]
    container["state"] = {"running": {}}


@pytest.mark.parametrize(("fault", "code", "printed"), ENDED)
def test_a_command_that_has_ended_gives_its_code_however_the_connection_ends(
    dashborion: Cli, cluster: Api, fault: Fault, code: int, printed: str
) -> None:
    cluster.on("*/exec", fault)

    seen = dashborion("instances exec web-1 -- ls")

    assert (seen.exit_code, seen.out) == (code, printed)


@pytest.mark.parametrize(("fault", "words"), BROKEN)
def test_a_command_of_which_nothing_is_known_is_told_in_words_of_our_own(
    dashborion: Cli, cluster: Api, fault: Fault, words: str
) -> None:
    cluster.on("*/exec", fault)

    seen = dashborion("instances exec web-1 -- ls")

    assert seen.exit_code == 6
    assert words in seen.err
    assert "Exception" not in seen.err
