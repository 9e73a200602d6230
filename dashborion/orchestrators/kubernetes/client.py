"""Requests to a Kubernetes API: pages, retries within the deadline, renewed credentials.

One pooled keep-alive HTTP client. Nothing in here knows what a workload is.
"""

from __future__ import annotations

import random
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, TypeVar, overload
from urllib.parse import urlencode

import msgspec
import urllib3
import urllib3.connection
from msgspec import Struct
from urllib3 import HTTPHeaderDict
from urllib3.exceptions import HTTPError, InsecureRequestWarning

from dashborion import __version__
from dashborion.concurrency import result, start
from dashborion.errors import BadAnswer, CredentialsError, MaybeApplied, Throttled, UsageError
from dashborion.models.query import Found
from dashborion.orchestrators.kubernetes import wire
from dashborion.orchestrators.kubernetes.credentials.kubeconfig import Credentials
from dashborion.orchestrators.kubernetes.errors import (
    Asked,
    Expired,
    Missing,
    Retry,
    broken,
    convert,
    decode,
    refused,
)
from dashborion.orchestrators.kubernetes.resources import Resource
from dashborion.orchestrators.kubernetes.wire import native
from dashborion.orchestrators.protocol import Call, Runtime

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
ATTEMPTS = 5
FORGOTTEN = 5  # times that a list's version may expire before it is read
CHUNK = 500  # what kubectl asks for; larger chunks hold etcd and the server's memory longer
JSON = "application/json"
ROWS = "application/json;as=Table;g=meta.k8s.io;v=v1"
METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"

T = TypeVar("T")
S = TypeVar("S")

# A peer that is gone without a word is noticed after a minute and a half, however long a followed
# log is silent; load balancers that forget idle connections are kept from it.
_KEEP_ALIVE = [
    *urllib3.connection.HTTPConnection.default_socket_options,
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    *(
        (socket.IPPROTO_TCP, getattr(socket, name), value)
        for name, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4))
        if hasattr(socket, name)  # not everywhere
    ),
]


class Client:
    """One API server, as one user. Safe from several threads."""

    def __init__(self, credentials: Credentials, runtime: Runtime) -> None:
        self.credentials = credentials
        self.runtime = runtime
        self._lock = threading.Lock()
        self._generation = credentials.generation
        self._pool = self._new_pool()

    def _new_pool(self) -> urllib3.PoolManager:
        credentials = self.credentials
        if credentials.tls is not None and credentials.tls.verify_mode == ssl.CERT_NONE:
            # Said once in the kubeconfig; kubectl does not repeat it for every request either.
            urllib3.disable_warnings(InsecureRequestWarning)
        settings: dict[str, Any] = {
            "maxsize": 16,
            "retries": False,
            "ssl_context": credentials.tls,
            "socket_options": _KEEP_ALIVE,
        }
        if credentials.server_name:
            settings["server_hostname"] = credentials.server_name
            settings["assert_hostname"] = credentials.server_name
        if credentials.proxy:
            return urllib3.ProxyManager(credentials.proxy, **settings)
        return urllib3.PoolManager(**settings)

    def _current_pool(self) -> urllib3.PoolManager:
        """The connections; new ones when a renewal may have changed the client's certificate."""
        with self._lock:
            if self._generation != self.credentials.generation:
                self._generation = self.credentials.generation
                self._pool = self._new_pool()
            return self._pool

    def get(self, resource: Resource[T], namespace: str | None, name: str) -> Found[T] | None:
        """One object with its own JSON, or None if there is none of that name."""
        try:
            asked = self._asked("GET", resource.path(namespace, name))
            body = self._ask(_Request(asked))
        except Missing as missing:
            if missing.foreign:
                raise BadAnswer(missing.message, hint="is it a Kubernetes API?") from missing
            return None  # or a name that none can have
        return Found(decode(resource.type_, body, asked), decode(dict, body, asked))

    def fetch(self, type_: type[T], path: str) -> T | None:
        """Whatever is at a path, or None if the server does not have it."""
        try:
            asked = self._asked("GET", path)
            return decode(type_, self._ask(_Request(asked)), asked)
        except Missing:
            return None

    def review(self, type_: type[T], path: str, body: Mapping[str, Any]) -> T | None:
        """POST a question that changes nothing, such as an access review; None on 404."""
        try:
            asked = self._asked("POST", path)
            content = msgspec.json.encode(body)
            return decode(type_, self._ask(_Request(asked, body=content, content_type=JSON)), asked)
        except Missing:
            return None

    def write(
        self, method: str, path: str, body: Any, content_type: str = JSON
    ) -> dict[str, Any] | None:
        """Change something, once; the answer, or None if there is nothing at the path.

        Sent again only where nothing can have been applied: throttled (429), or
        not accepted credentials that were renewed.

        Raises:
            Conflict: a precondition in the body does not hold.
            MaybeApplied: it was sent, and whether it was applied is unknown.
        """
        asked = self._asked(method, path)
        request = _Request(asked, body=msgspec.json.encode(body), content_type=content_type)
        try:
            return decode(dict, self._apply(request), asked)
        except Missing:
            return None
        except BadAnswer as error:
            raise MaybeApplied(
                f"{error.message}: it may have been applied", hint="look before trying again"
            ) from error

    def _apply(self, request: _Request) -> bytes:
        renewed = False
        for attempt in range(1, ATTEMPTS + 1):
            authorization = self.credentials.authorization()
            try:
                return self._send(request, authorization)
            except CredentialsError:
                if renewed:
                    raise
                renewed = True
                self.credentials.renew(authorization)
            except Retry as retry:
                if not isinstance(retry.error, Throttled):
                    raise MaybeApplied(
                        f"{retry.error.message}: it may have been applied",
                        hint="look before trying again",
                    ) from retry
                delay = retry.after if retry.after is not None else _backoff(attempt)
                if attempt == ATTEMPTS or delay >= self.runtime.deadline.remaining():
                    raise retry.error from retry.error.__cause__
                self.runtime.sleep(delay)
        raise AssertionError("the last attempt returns or raises")

    def text(self, path: str, params: Mapping[str, str | None]) -> str | None:
        """A body that is not JSON, such as a log; None on 404."""
        try:
            request = _Request(self._asked("GET", path), params, accept="*/*")
            return self._ask(request).decode(errors="replace")
        except Missing:
            return None

    def open(
        self, path: str, params: Mapping[str, str | None], *, endless: bool
    ) -> urllib3.BaseHTTPResponse:
        """A body to be read bit by bit, such as a log; whoever asked closes it.

        An ``endless`` one may be silent for ever, even before its first byte: the
        API server sends nothing at all until the kubelet has something to say.

        Raises:
            Missing: 404.
        """
        request = _Request(self._asked("GET", path), params, accept="*/*", encoding="identity")
        return self._ask(request, partial(self._answer, endless=endless))

    def collect(
        self,
        resource: Resource[T],
        namespace: str | None,
        *,
        selector: str | None = None,
        fields: str | None = None,
        metadata_only: bool = False,
        as_rows: bool = False,
        raw: bool = False,
    ) -> list[Found[T]] | None:
        """All objects in a namespace, or in all; None if the server has no such resource."""
        found: list[Found[T]] = []
        pages = self.pages(resource, namespace, selector=selector, fields=fields,
                           metadata_only=metadata_only, as_rows=as_rows, raw=raw,
                           forget=found.clear)  # fmt: skip
        try:
            for items in pages:
                found += items
        except Missing:
            return None
        return found

    def pages(
        self,
        resource: Resource[T],
        namespace: str | None,
        *,
        selector: str | None = None,
        fields: str | None = None,
        metadata_only: bool = False,
        as_rows: bool = False,
        raw: bool = False,
        forget: Callable[[], None] | None = None,
    ) -> Iterator[list[Found[T]]]:
        """The same chunk by chunk, as they come; no object twice. Raises ``Missing``.

        ``as_rows`` gives ``TableRow``s: what the server prints for kubectl, and metadata.

        Chunks are asked for one after the other. When the server has forgotten
        the list's version (410), it offers a token that goes on behind the last
        object in today's version. Without one the list starts again: ``forget``
        is called, or where there is none what was given before is left out.
        """
        path = resource.path(namespace)
        params = {"limit": str(CHUNK), "labelSelector": selector, "fieldSelector": fields}
        accept = METADATA_ONLY if metadata_only else ROWS if as_rows else JSON
        asked = self._asked("GET", path)
        seen: set[str] = set()
        token: str | None = None
        forgotten = 0

        def chunk(after: str | None) -> Callable[[], bytes]:
            return partial(self._chunk, asked, {**params, "continue": after}, accept)

        coming = chunk(None)
        while True:
            try:
                body = coming()
            except Expired as expired:
                forgotten += 1
                if forgotten > FORGOTTEN:
                    raise BadAnswer(f"{asked}: {expired.message}") from expired
                token = expired.token
                if token is None and forget is not None:
                    forget()
                    seen.clear()
                coming = chunk(token)
                continue
            before, token = token, decode(wire.Header, body, asked).metadata.continue_ or None
            if token is not None:
                if token == before:
                    raise BadAnswer(f"{asked}: the same chunk again and again")
                # On its way while this one is decoded.
                coming = partial(result, start(chunk(token)), self.runtime.deadline)
            yield _unseen(_items(resource, body, asked, raw=raw, as_rows=as_rows), seen)
            if token is None:
                return

    def _chunk(self, asked: Asked, params: Mapping[str, str | None], accept: str) -> bytes:
        """One chunk of a list; what the server says against our own token is no usage error."""
        try:
            return self._ask(_Request(asked, params, accept))
        except UsageError as error:
            if not params["continue"]:
                raise
            raise BadAnswer(f"{asked}: {error.message}") from error

    @overload
    def _ask(self, request: _Request) -> bytes: ...
    @overload
    def _ask(self, request: _Request, send: Callable[[_Request, str | None], S]) -> S: ...
    def _ask(
        self, request: _Request, send: Callable[[_Request, str | None], Any] | None = None
    ) -> Any:
        """Send until it is answered: the retries of a read, within the deadline."""
        send = send or self._send
        refusals = 0
        for attempt in range(1, ATTEMPTS + 1):
            authorization = self.credentials.authorization()
            try:
                return send(request, authorization)
            except CredentialsError:
                refusals += 1
                if refusals > 1:
                    raise
                self.credentials.renew(authorization)
            except Retry as retry:
                delay = retry.after if retry.after is not None else _backoff(attempt)
                if attempt == ATTEMPTS or delay >= self.runtime.deadline.remaining():
                    raise retry.error from retry.error.__cause__
                self.runtime.sleep(delay)
        raise AssertionError("the last attempt returns or raises")

    def _send(self, request: _Request, authorization: str | None) -> bytes:
        """One attempt, read to its end; an error answer or no answer is raised."""
        return self._answer(request, authorization, whole=True).data

    def _answer(
        self,
        request: _Request,
        authorization: str | None,
        *,
        whole: bool = False,
        endless: bool = False,
    ) -> urllib3.BaseHTTPResponse:
        """One attempt; ``whole`` with its body."""
        left = self.runtime.deadline.remaining()
        if left <= 0:
            raise self.runtime.deadline.expired()
        asked = request.asked
        started, outcome = time.monotonic(), "no answer"
        try:
            response = self._current_pool().request(
                asked.method,
                request.url,
                body=request.body,
                headers=self._headers(request, authorization),
                redirect=False,
                preload_content=whole,
                timeout=urllib3.Timeout(
                    connect=min(CONNECT_SECONDS, left),
                    read=None if endless else min(READ_SECONDS, left),
                ),
            )
            outcome = str(response.status)
            good = 200 <= response.status < 300
            content = b"" if good else response.data
        except (HTTPError, ValueError, OSError) as error:
            waited = READ_SECONDS if left > READ_SECONDS else self.runtime.deadline.seconds
            raise broken(error, asked, waited=waited) from error
        finally:
            elapsed = time.monotonic() - started
            self.runtime.trace(Call(f"{asked.method} {asked.path}", outcome, elapsed))
        if good:
            return response
        raise refused(asked, response.status, content, response.headers)

    def _headers(self, request: _Request, authorization: str | None) -> HTTPHeaderDict:
        headers = HTTPHeaderDict(_ALWAYS, Accept=request.accept)
        headers["Accept-Encoding"] = request.encoding
        if request.content_type:
            headers["Content-Type"] = request.content_type
        if authorization:
            headers["Authorization"] = authorization
        for name, value in self.credentials.impersonation:
            headers.add(name, value)
        return headers

    def _asked(self, method: str, path: str) -> Asked:
        by = self.credentials
        return Asked(by.host, method, path, user=by.user, proxy=by.proxy)


class _Request(Struct, frozen=True):
    asked: Asked
    params: Mapping[str, str | None] = msgspec.field(default_factory=dict)
    accept: str = JSON
    body: bytes | None = None
    content_type: str | None = None
    encoding: str = "gzip"

    @property
    def url(self) -> str:
        query = urlencode({key: value for key, value in self.params.items() if value})
        return f"{self.asked.host}{self.asked.path}{'?' if query else ''}{query}"


_ALWAYS = {"User-Agent": f"dashborion/{__version__}"}


def _backoff(attempt: int) -> float:
    return float(0.1 * 2**attempt * random.uniform(0.5, 1.0))  # noqa: S311 - jitter


def _items(
    resource: Resource[T], body: bytes, asked: Asked, *, raw: bool, as_rows: bool
) -> list[Found[T]]:
    if as_rows:
        rows: list[Any] = [Found(row) for row in decode(native.Table, body, asked).rows or ()]
        return rows
    if not raw:
        page = decode(wire.Page[resource.type_], body, asked)  # type: ignore[name-defined]
        return [Found(item) for item in page.items or ()]
    plain = decode(wire.Page[dict[str, Any]], body, asked)
    return [
        # Items of a list lack what kubectl and every other reader of one object needs.
        Found(
            convert(resource.type_, item, asked),
            {"apiVersion": resource.group_version, "kind": resource.kind, **item},
        )
        for item in plain.items or ()
    ]


def _unseen(items: list[Found[T]], seen: set[str]) -> list[Found[T]]:
    """Those whose uid is not among the seen ones, which it then is."""
    found = []
    for number, one in enumerate(items, len(seen)):
        identity = _uid(one.item) or str(number)
        if identity not in seen:
            seen.add(identity)
            found.append(one)
    return found


def _uid(item: Any) -> str:
    return str(item.metadata.uid)
