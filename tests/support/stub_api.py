"""A stand-in for a Kubernetes API: lists from a table, and misbehaviour on demand.

``Api.objects`` maps plurals to raw objects; ``Api.on`` makes paths misbehave; ``Api.requests``
is what was asked.
"""

from __future__ import annotations

import base64
import contextlib
import re
import socket
import ssl
import threading
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from dashborion.demo.http_server import Listener
from tests.support.misbehaviour import Exchange, Fault, status
from tests.support.stub_objects import KINDS, Manifest, fleet

_PATH = re.compile(
    r"/(?P<version>api/v1|apis/[^/]+/[^/]+)(?:/namespaces/(?P<space>[^/]+))?"
    r"/(?P<plural>[a-z]+)(?:/(?P<name>[^/]+))?"
)
_DISCOVERY = re.compile(r"/apis/[^/]+/[^/]+")
_COMMA = re.compile(r"(?<!\\),")


@dataclass(frozen=True)
class Request:
    """What was asked: the path as it was sent, the query decoded, and who asked."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    certificate: Any = None
    body: bytes = b""

    @property
    def plural(self) -> str | None:
        found = _PATH.fullmatch(self.path)
        return found["plural"] if found else None


@dataclass
class _Rule:
    pattern: str
    fault: Fault
    left: float  # how often it still applies
    after: int  # how many matching requests are answered well before
    continued: bool  # only when a further chunk is asked for


@dataclass
class Api:
    """The server; a context manager. ``chunk`` is the most objects in one answer."""

    tls: ssl.SSLContext | None = None
    objects: dict[str, list[Manifest]] = field(default_factory=fleet)
    chunk: int = 500
    token: str | None = None  # the only bearer token it accepts; None accepts anybody
    requests: list[Request] = field(default_factory=list)
    asked: threading.Event = field(default_factory=threading.Event)
    _rules: list[_Rule] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> Self:
        self._server = _Server(self)
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.over.set()
        self._server.stop()
        self._server.hang_up()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def on(
        self,
        pattern: str,
        fault: Fault,
        *,
        times: float = float("inf"),
        after: int = 0,
        continued: bool = False,
    ) -> None:
        """Misbehave when a path matches, ``times`` times; earlier rules go first."""
        self._rules.append(_Rule(pattern, fault, times, after, continued))

    def insert(self, pattern: str, fault: Fault) -> None:
        """As ``on``, before all earlier rules."""
        self._rules.insert(0, _Rule(pattern, fault, float("inf"), 0, continued=False))

    def to(self, plural: str) -> list[Request]:
        """The requests for one resource."""
        return [one for one in self.requests if one.plural == plural]

    def fault(self, request: Request) -> Fault | None:
        """The misbehaviour that this request meets, if any."""
        with self._lock:
            self.requests.append(request)
            self.asked.set()
            for rule in self._rules:
                if rule.left < 1 or not fnmatchcase(request.path, rule.pattern):
                    continue
                if rule.continued and "continue" not in request.query:
                    continue
                if rule.after > 0:
                    rule.after -= 1
                    continue
                rule.left -= 1
                return rule.fault
        if self.token and request.headers.get("authorization") != f"Bearer {self.token}":
            return status(401, "Unauthorized", reason="Unauthorized")
        return None

    def answer(self, request: Request) -> tuple[int, Any]:
        """What a good server says."""
        if request.path == "/version":
            return 200, {"gitVersion": "v1.34.0"}
        if request.path.endswith("/selfsubjectreviews"):
            return 201, {"status": {"userInfo": {"username": "jane"}}}
        if request.path.endswith("/selfsubjectaccessreviews"):
            return 201, {"status": {"allowed": True}}
        if _DISCOVERY.fullmatch(request.path):
            version = _version(request.path[1:])
            served = [plural for plural, (where, _) in KINDS.items() if where == version]
            return 200, {"resources": [{"name": plural} for plural in served]}
        found = _PATH.fullmatch(request.path)
        if found is None or KINDS.get(found["plural"], ("",))[0] != _version(found["version"]):
            return 404, {"kind": "Status", "message": "the server could not find the resource"}
        items = [one for one in self.objects.get(found["plural"], ()) if _fits(one, found, request)]
        if found["name"] is None:
            if "as=Table" in request.headers.get("accept", ""):
                rows = [{"cells": [one["metadata"]["name"], 0], "object": one} for one in items]
                return 200, {"kind": "Table", "rows": rows}
            return 200, self._list(items, request.query)
        if not items:
            return 404, {"kind": "Status", "message": f'"{found["name"]}" not found'}
        return 200, items[0]

    def _list(self, items: list[Manifest], query: dict[str, str]) -> Any:
        start = int(query.get("continue", "0"))
        end = start + min(self.chunk, int(query.get("limit", "500")))
        metadata = {"continue": str(end)} if end < len(items) else {}
        return {"kind": "List", "metadata": metadata, "items": items[start:end]}


class _Server(Listener):
    def __init__(self, api: Api) -> None:
        self.api = api
        self.over = threading.Event()
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", 0), _Handler)

    def finish_request(self, request: Any, client_address: Any) -> None:
        connection: socket.socket = request
        try:
            if self.api.tls is not None:
                connection = self.api.tls.wrap_socket(request, server_side=True)
            self._open.add(connection)
            super().finish_request(connection, client_address)
        except OSError:
            pass  # the other side has gone, or does not like our certificate
        finally:
            self._open.discard(connection)
            connection.close()

    def hang_up(self) -> None:
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(Exchange):
    server: _Server

    def do_GET(self) -> None:  # noqa: N802 - the name that http.server looks for
        self.over = self.server.over
        path, _, query = self.path.partition("?")
        certificate = None
        if isinstance(self.connection, ssl.SSLSocket):
            certificate = self.connection.getpeercert()
        request = Request(
            method=self.command,
            path=urlsplit(path).path if path.startswith("http") else path,
            query={name: values[0] for name, values in parse_qs(query).items()},
            headers={name.lower(): value for name, value in self.headers.items()},
            certificate=certificate,
            body=self.rfile.read(int(self.headers.get("Content-Length", "0"))),
        )
        fault = self.server.api.fault(request)
        if fault is not None:
            fault(self)
            return
        code, content = self.server.api.answer(request)
        self.respond(code, msgspec.json.encode(content))

    do_POST = do_GET  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


def _version(text: str) -> str:
    return text.removeprefix("apis/").removeprefix("api/")


def _fits(item: Manifest, path: re.Match[str], request: Request) -> bool:
    """In the namespace, of the name, and of the name in the field selector."""
    meta = item["metadata"]
    space, name = (path[key] and unquote(path[key]) for key in ("space", "name"))
    terms = [term for term in _COMMA.split(request.query.get("fieldSelector", "")) if term]
    named = [re.sub(r"\\(.)", r"\1", term[14:]) for term in terms if term[:14] == "metadata.name="]
    return (
        (space is None or meta.get("namespace") == space)
        and (name is None or meta["name"] == name)
        and all(meta["name"] == one for one in named)
    )


def basic(user: str, password: str) -> str:
    """The header's value for a name and a password."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
