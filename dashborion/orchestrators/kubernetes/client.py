"""A Kubernetes API: objects read, listed and changed. Knows nothing of workloads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import msgspec
import urllib3

from dashborion.errors import BadAnswer
from dashborion.models.query import Found
from dashborion.orchestrators.kubernetes.credentials.kubeconfig import Credentials
from dashborion.orchestrators.kubernetes.decoding import decode
from dashborion.orchestrators.kubernetes.errors import Missing, maybe_applied
from dashborion.orchestrators.kubernetes.listing import ALL, ListOptions, Pages
from dashborion.orchestrators.kubernetes.request import JSON
from dashborion.orchestrators.kubernetes.resources import Resource
from dashborion.orchestrators.kubernetes.transport import Transport
from dashborion.orchestrators.protocol import Runtime

T = TypeVar("T")


class Client:
    """One API server, as one user. Safe to use from several threads."""

    def __init__(self, credentials: Credentials, runtime: Runtime) -> None:
        self.credentials = credentials
        self.runtime = runtime
        self._transport = Transport(credentials, runtime)

    def get(self, resource: Resource[T], namespace: str | None, name: str) -> Found[T] | None:
        """One object with its own JSON; None if there is none of that name."""
        try:
            request = self._transport.request("GET", resource.path(namespace, name))
            body = self._transport.send(request)
        except Missing as missing:
            if missing.is_foreign:
                raise BadAnswer(missing.message, hint="is it a Kubernetes API?") from missing
            return None
        return Found(decode(resource.type_, body, request), decode(dict, body, request))

    def read(self, type_: type[T], path: str) -> T | None:
        """What is at a path that is not an object's; None on 404."""
        request = self._transport.request("GET", path)
        try:
            return decode(type_, self._transport.send(request), request)
        except Missing:
            return None

    def review(self, type_: type[T], path: str, body: Mapping[str, Any]) -> T | None:
        """POST a question that changes nothing, such as an access review; None on 404."""
        request = self._transport.request("POST", path, body=msgspec.json.encode(body))
        try:
            return decode(type_, self._transport.send(request), request)
        except Missing:
            return None

    def write(
        self, method: str, path: str, body: Any, content_type: str = JSON
    ) -> dict[str, Any] | None:
        """Change something, once; the answer, or None if there is nothing at the path.

        Raises:
            Conflict: a precondition in the body does not hold.
            MaybeApplied: it was sent, and whether it was applied is unknown.
        """
        request = self._transport.request(
            method,
            path,
            body=msgspec.json.encode(body),
            content_type=content_type,
            is_change=True,
        )
        try:
            return decode(dict, self._transport.send(request), request)
        except Missing:
            return None
        except BadAnswer as error:
            raise maybe_applied(error.message) from error

    def text(self, path: str, params: Mapping[str, str | None]) -> str | None:
        """A body that is not JSON, such as a log; None on 404."""
        request = self._transport.request("GET", path, params=params, accept="*/*")
        try:
            return self._transport.send(request).decode(errors="replace")
        except Missing:
            return None

    def open(
        self, path: str, params: Mapping[str, str | None], *, endless: bool
    ) -> urllib3.BaseHTTPResponse:
        """A body that the caller reads bit by bit and then closes, such as a log.

        An ``endless`` body may stay silent for ever, even before its first byte.

        Raises:
            Missing: 404.
        """
        request = self._transport.request(
            "GET", path, params=params, accept="*/*", encoding="identity"
        )
        return self._transport.open(request, endless=endless)

    def collect(
        self, resource: Resource[T], namespace: str | None, options: ListOptions = ALL
    ) -> list[Found[T]] | None:
        """All objects in a namespace, or in all; None if the server has no such resource."""
        objects: list[Found[T]] = []
        try:
            for page in self.pages(resource, namespace, options, on_restart=objects.clear):
                objects += page
        except Missing:
            return None
        return objects

    def pages(
        self,
        resource: Resource[T],
        namespace: str | None,
        options: ListOptions = ALL,
        *,
        on_restart: Callable[[], None] | None = None,
    ) -> Iterator[list[Found[T]]]:
        """The same page by page, as they come.

        A list that has to start again calls ``on_restart``; without it, objects that
        were deleted meanwhile stay in.

        Raises:
            Missing: the server has no such resource.
        """
        return iter(Pages(self._transport, resource, namespace, options, on_restart))
