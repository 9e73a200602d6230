"""Requests to a Kubernetes API: paths, pages, retries, and errors in our words.

One pooled keep-alive HTTP client. Answers are decoded from bytes into the
Structs of ``wire``. Nothing in here knows what a workload is.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, TypeVar
from urllib.parse import quote, urlencode

import msgspec
import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
    SSLError,
)

from dashborion import __version__
from dashborion.errors import (
    BadAnswer,
    CredentialsError,
    DashborionError,
    Forbidden,
    NotFound,
    Throttled,
    TimedOut,
    Unreachable,
    UsageError,
)
from dashborion.models import Found
from dashborion.orchestrators.kubernetes import wire
from dashborion.orchestrators.kubernetes.credentials import Credentials
from dashborion.orchestrators.protocol import Call, Runtime

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
ATTEMPTS = 5
CHUNK = 500  # what kubectl asks for; larger chunks hold etcd and the server's memory longer
METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_RETRIED = frozenset({429, 500, 502, 503, 504})

T = TypeVar("T")


@dataclass(frozen=True)
class Resource(Generic[T]):
    """A resource's place in the API and the Struct that its objects are decoded into."""

    type_: type[T]
    group_version: str
    plural: str
    kind: str

    def path(self, namespace: str | None, name: str | None = None) -> str:
        """The URL path of one object, or of the list in a namespace or in all.

        Raises:
            NotFound: a namespace that no path can hold (``IsValidPathSegmentName``).
        """
        if namespace is not None and not _is_segment(namespace):
            raise NotFound("namespace", namespace, where="the cluster")
        if name is not None and not _is_segment(name):
            raise _Missing(f"no name: {name}")
        root = "/api" if "/" not in self.group_version else "/apis"
        parts = [root, self.group_version]
        if namespace is not None:
            parts += ["namespaces", quote(namespace, safe="")]
        parts.append(self.plural)
        if name is not None:
            parts.append(quote(name, safe=""))
        return "/".join(parts)

    @property
    def metadata(self) -> Resource[wire.Object]:
        """The same resource, asked for as metadata only."""
        return Resource(wire.Object, self.group_version, self.plural, self.kind)


DEPLOYMENTS = Resource(wire.Deployment, "apps/v1", "deployments", "Deployment")
STATEFULSETS = Resource(wire.StatefulSet, "apps/v1", "statefulsets", "StatefulSet")
DAEMONSETS = Resource(wire.DaemonSet, "apps/v1", "daemonsets", "DaemonSet")
REPLICASETS = Resource(wire.ReplicaSet, "apps/v1", "replicasets", "ReplicaSet")
CONTROLLER_REVISIONS = Resource(
    wire.ControllerRevision, "apps/v1", "controllerrevisions", "ControllerRevision"
)
PODS = Resource(wire.Pod, "v1", "pods", "Pod")
SERVICES = Resource(wire.Service, "v1", "services", "Service")
INGRESSES = Resource(wire.Ingress, "networking.k8s.io/v1", "ingresses", "Ingress")
ENDPOINT_SLICES = Resource(
    wire.EndpointSlice, "discovery.k8s.io/v1", "endpointslices", "EndpointSlice"
)
ENDPOINTS = Resource(wire.Endpoints, "v1", "endpoints", "Endpoints")
AUTOSCALERS = Resource(
    wire.Autoscaler, "autoscaling/v1", "horizontalpodautoscalers", "HorizontalPodAutoscaler"
)
EVENTS = Resource(wire.Event, "v1", "events", "Event")
NAMESPACES = Resource(wire.Object, "v1", "namespaces", "Namespace")
NODES = Resource(wire.Object, "v1", "nodes", "Node")


class _Missing(DashborionError):
    """404: for the caller of this module to put into words, with what does exist."""


class _Expired(DashborionError):
    """410 on a continue token, with the token to go on from, if the server gave one."""

    def __init__(self, message: str, token: str | None) -> None:
        super().__init__(message)
        self.token = token


def _is_segment(name: str) -> bool:
    return name not in ("", ".", "..") and "/" not in name and "%" not in name


class Client:
    """One API server, as one user. Safe from several threads."""

    def __init__(self, credentials: Credentials, runtime: Runtime) -> None:
        self.credentials = credentials
        self.runtime = runtime
        settings: dict[str, Any] = {
            "maxsize": 16,
            "retries": False,
            "ssl_context": credentials.tls,
            "headers": {"User-Agent": f"dashborion/{__version__}", "Accept-Encoding": "gzip"},
        }
        if credentials.server_name:
            settings["server_hostname"] = credentials.server_name
            settings["assert_hostname"] = credentials.server_name
        self._pool = (
            urllib3.ProxyManager(credentials.proxy, **settings)
            if credentials.proxy
            else urllib3.PoolManager(**settings)
        )

    def get(self, resource: Resource[T], namespace: str | None, name: str) -> Found[T] | None:
        """One object with its own JSON, or None if there is none of that name."""
        try:
            body = self._request("GET", resource.path(namespace, name))
        except _Missing:
            return None  # or a name that none can have
        return Found(_decode(resource.type_, body), _decode(dict, body))

    def fetch(self, type_: type[T], path: str) -> T | None:
        """Whatever is at a path, or None if the server does not have it."""
        try:
            return _decode(type_, self._request("GET", path))
        except _Missing:
            return None

    def review(self, type_: type[T], path: str, body: Mapping[str, Any]) -> T | None:
        """POST a question that changes nothing, such as an access review; None on 404."""
        try:
            return _decode(type_, self._request("POST", path, body=msgspec.json.encode(body)))
        except _Missing:
            return None

    def collect(
        self,
        resource: Resource[T],
        namespace: str | None,
        *,
        selector: str | None = None,
        fields: str | None = None,
        metadata_only: bool = False,
        raw: bool = False,
    ) -> list[Found[T]] | None:
        """All objects in a namespace, or in all; None if the server has no such resource.

        Chunks are asked for one after the other. When the server has forgotten
        the list's version (410), it offers a token that goes on behind the last
        object in today's version; without one the list starts again.
        """
        path = resource.path(namespace)
        params = {"limit": str(CHUNK), "labelSelector": selector, "fieldSelector": fields}
        accept = METADATA_ONLY if metadata_only else "application/json"
        found: dict[str, Found[T]] = {}
        token: str | None = None
        while True:
            try:
                body = self._request(
                    "GET", path, params={**params, "continue": token}, accept=accept
                )
            except _Missing:
                return None
            except _Expired as expired:
                if token is None:
                    raise BadAnswer(f"{path}: {expired.message}") from expired
                token = expired.token
                if token is None:
                    found.clear()
                continue
            page, items = _page(resource, body, raw=raw)
            for number, item in enumerate(items, len(found)):
                found.setdefault(_identity(item.item, number), item)
            token = page.metadata.continue_
            if not token:
                return list(found.values())

    def _request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | None] | None = None,
        accept: str = "application/json",
        body: bytes | None = None,
    ) -> bytes:
        """Send until it is answered: the retries of a read, within the deadline."""
        query = urlencode({key: value for key, value in (params or {}).items() if value})
        url = f"{self.credentials.host}{path}{'?' if query else ''}{query}"
        renewed = False
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._attempt(method, path, url, accept, body)
            except CredentialsError:
                if renewed:
                    raise
                renewed = True
                self.credentials.renew()
            except _Retry as retry:
                delay = retry.after if retry.after is not None else _backoff(attempt)
                if attempt == ATTEMPTS or delay >= self.runtime.deadline.remaining():
                    raise retry.error from retry.error.__cause__
                self.runtime.sleep(delay)
        raise AssertionError("the last attempt returns or raises")

    def _attempt(self, method: str, path: str, url: str, accept: str, body: bytes | None) -> bytes:
        left = self.runtime.deadline.remaining()
        if left <= 0:
            raise self.runtime.deadline.expired()
        headers = {**self._pool.headers, "Accept": accept}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if authorization := self.credentials.authorization():
            headers["Authorization"] = authorization
        started = time.monotonic()
        outcome = "no answer"
        try:
            response = self._pool.request(
                method,
                url,
                body=body,
                headers=headers,
                redirect=False,
                timeout=urllib3.Timeout(
                    connect=min(CONNECT_SECONDS, left), read=min(READ_SECONDS, left)
                ),
            )
            outcome = str(response.status)
            content = response.data
        except (HTTPError, ValueError, OSError) as error:
            raise _broken(self.credentials.host, error) from error
        finally:
            elapsed = time.monotonic() - started
            self.runtime.trace(Call(f"{method} {path}", outcome, elapsed))
        if 200 <= response.status < 300:
            return content
        raise _refused(method, path, response.status, content, response.headers.get("Retry-After"))


class _Retry(DashborionError):
    """An attempt that failed in a way that another may not."""

    def __init__(self, error: DashborionError, after: float | None = None) -> None:
        super().__init__(error.message)
        self.error = error
        self.after = after


def _backoff(attempt: int) -> float:
    return float(0.1 * 2**attempt * random.uniform(0.5, 1.0))  # noqa: S311 - jitter


def _broken(host: str, error: Exception) -> DashborionError:
    """A request without an answer. Refused, unresolvable and TLS failures are final."""
    text = _plain(error)
    if isinstance(error, NewConnectionError | NameResolutionError | ConnectTimeoutError):
        return Unreachable(f"cannot connect to {host}: {text}")
    if isinstance(error, SSLError):
        return Unreachable(f"cannot connect to {host}: TLS: {text}")
    if isinstance(error, ReadTimeoutError):
        return _Retry(TimedOut(f"{host} did not answer in time"))
    if isinstance(error, ProtocolError | OSError):
        return _Retry(Unreachable(f"the connection to {host} broke: {text}"))
    return Unreachable(f"cannot speak to {host}: {text}")


def _plain(error: Exception) -> str:
    """An HTTP library's error without its object addresses."""
    text = str(error.args[-1] if error.args else error)
    return text.rpartition(">: ")[2] or text


def _refused(
    method: str, path: str, status: int, content: bytes, retry_after: str | None
) -> DashborionError:
    """An error answer, from the API's ``Status`` or whatever else stands in its place."""
    try:
        said = msgspec.json.decode(content, type=wire.Status)
    except msgspec.DecodeError:
        said = wire.Status()  # a proxy's page
    message = said.message or f"{method} {path} was answered with {status}"
    if status in _RETRIED:
        error = Throttled(message) if status == 429 else Unreachable(message)
        seconds = float(retry_after) if retry_after and retry_after.isdigit() else None
        return _Retry(error, seconds)
    by_status: dict[int, Callable[[], DashborionError]] = {
        400: lambda: UsageError(message),
        401: lambda: CredentialsError(
            f"the API does not accept the credentials ({method} {path}: {message})",
            hint="log in again; `dashborion env check` shows as whom you come",
        ),
        403: lambda: Forbidden(message),
        404: lambda: _Missing(message),
        410: lambda: _Expired(message, said.metadata.continue_),
        422: lambda: UsageError(message),
    }
    return by_status.get(status, lambda: BadAnswer(message))()


def _page(
    resource: Resource[T], body: bytes, *, raw: bool
) -> tuple[wire.Page[Any], list[Found[T]]]:
    if not raw:
        page = _decode(wire.Page[resource.type_], body)  # type: ignore[name-defined]
        return page, [Found(item) for item in page.items or ()]
    page = _decode(wire.Page[dict[str, Any]], body)
    return page, [
        # Items of a list lack what kubectl and every other reader of one object needs.
        Found(
            msgspec.convert(item, resource.type_),
            {"apiVersion": resource.group_version, "kind": resource.kind, **item},
        )
        for item in page.items or ()
    ]


def _identity(item: Any, number: int) -> str:
    return item.metadata.uid or str(number)


@cache
def _decoder(type_: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(type_)


def _decode(type_: type[T], body: bytes) -> T:
    try:
        decoded: T = _decoder(type_).decode(body)  # type: ignore[arg-type]
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadAnswer(f"an answer that is not what the API documents: {error}") from error
    return decoded
