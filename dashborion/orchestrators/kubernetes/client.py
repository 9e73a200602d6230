"""A Kubernetes API: objects read, listed and changed. Knows nothing of workloads.

Lists are fetched side by side, on threads of their own, and awaited within the deadline.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from itertools import compress
from typing import Any, TypeVar

import msgspec
import urllib3

from dashborion.concurrency import GRACE_SECONDS, ahead, result, start
from dashborion.errors import (
    AccessError,
    BadAnswer,
    DashborionError,
    Forbidden,
    TimedOut,
    Unavailable,
)
from dashborion.models.query import Found
from dashborion.orchestrators.kubernetes.credentials.kubeconfig import Credentials
from dashborion.orchestrators.kubernetes.errors import (
    Missing,
    NoSuchResource,
    foreign_answer,
    maybe_applied,
)
from dashborion.orchestrators.kubernetes.listing import ALL, ListOptions, Pages
from dashborion.orchestrators.kubernetes.request import JSON, Request, decode
from dashborion.orchestrators.kubernetes.resources import Resource
from dashborion.orchestrators.kubernetes.served import Served
from dashborion.orchestrators.kubernetes.transport import Transport
from dashborion.orchestrators.runtime import Runtime

T = TypeVar("T")

FIELD_MANAGER = "dashborion"  # how ``managedFields`` tell our changes from others'


class Client:
    """One API server, as one user. Safe to use from several threads."""

    _is_late = False  # a part has taken all the time that there was

    def __init__(self, credentials: Credentials, runtime: Runtime) -> None:
        self.credentials = credentials
        self.runtime = runtime
        self._transport = Transport(credentials, runtime)
        self.served = Served(self)

    def serves(self, resource: Resource[Any]) -> bool:
        """Whether the server has a resource that not every server has; it has all others."""
        return not resource.is_optional or self.served.has(resource)

    def get(self, resource: Resource[T], namespace: str | None, name: str) -> Found[T] | None:
        """One object with its own JSON; None if there is none of that name."""
        if not self.serves(resource):
            return None
        try:
            request = self._transport.request("GET", resource.path(namespace, name))
            body = self._transport.send(request)
        except Missing as missing:
            if missing.is_foreign:
                raise BadAnswer(missing.message, hint="is it a Kubernetes API?") from missing
            return None
        return Found(decode(resource.type_, body, request), decode(dict, body, request))

    def read(
        self, type_: type[T], path: str, question: Mapping[str, Any] | None = None
    ) -> T | None:
        """What is at a path that is not an object's; None on 404.

        A ``question``, such as an access review, is POSTed; it changes nothing.
        """
        if question is None:
            return self._answer(type_, self._transport.request("GET", path))
        body = msgspec.json.encode(question)
        return self._answer(type_, self._transport.request("POST", path, body=body))

    def write(
        self, method: str, path: str, body: Any, content_type: str = JSON
    ) -> dict[str, Any] | None:
        """Change something, once; the object in the answer, None if there is none at the path.

        Raises:
            Conflict: a precondition in the body does not hold.
            MaybeApplied: it was sent, and the answer is lost or not the API's.
        """
        request = self._transport.request(
            method,
            path,
            # What is deleted has no fields.
            params={} if method == "DELETE" else {"fieldManager": FIELD_MANAGER},
            body=msgspec.json.encode(body),
            content_type=content_type,
            is_change=True,
        )
        try:
            answer: dict[str, Any] | None = self._answer(dict, request)
        except BadAnswer as error:
            raise maybe_applied(error.message) from error
        if answer is None or isinstance(answer.get("metadata"), dict):
            return answer
        if answer.get("kind") == "Status" and answer.get("status") == "Success":
            return answer
        raise foreign_answer("no metadata")

    def _answer(self, type_: type[T], request: Request) -> T | None:
        try:
            return decode(type_, self._transport.send(request), request)
        except Missing:
            return None

    def text(self, path: str, params: Mapping[str, str | None]) -> str | None:
        """A body that is not JSON, such as a log; None on 404."""
        request = self._transport.request("GET", path, params=params, accept="*/*")
        try:
            return self._transport.send(request).decode(errors="replace")
        except Missing:
            return None

    def open(
        self, path: str, params: Mapping[str, str | None], *, endless: bool, accept: str = "*/*"
    ) -> urllib3.BaseHTTPResponse:
        """A body that the caller reads bit by bit and then closes; ``Missing`` on 404.

        An ``endless`` body may stay silent for ever, even before its first byte.
        """
        request = self._transport.request(
            "GET", path, params=params, accept=accept, encoding="identity"
        )
        return self._transport.open(request, endless=endless)

    # --- Lists ----------------------------------------------------------------------------------

    def collect(
        self,
        resource: Resource[T],
        namespace: str | None,
        options: ListOptions = ALL,
        *,
        decoration: bool = False,
    ) -> Future[list[Found[T]]]:
        """Start to fetch all objects in a namespace, or in all; raises as ``pages``.

        An object that cannot be decoded is told as a missing row, or, where the list only goes
        with the answer as its ``decoration``, as a warning. There are none of what not every
        server has, where this one has it not.
        """
        on_odd = self.runtime.warn if decoration else self.runtime.incomplete

        def collected() -> list[Found[T]]:
            objects: list[Found[T]] = []
            if not self.serves(resource):
                return objects
            pages = Pages(
                self._transport, resource, namespace, options, on_odd, on_restart=objects.clear
            )
            try:
                for page in pages:
                    objects += page
            except NoSuchResource:  # what was known of its APIs is some minutes old
                if not resource.is_optional:
                    raise
            return objects

        return start(collected)

    def versioned(
        self, resource: Resource[T], namespace: str | None, options: ListOptions = ALL
    ) -> Future[tuple[list[Found[T]], str]]:
        """Start to fetch all objects and the version of their list; raises as ``pages``."""

        def collected() -> tuple[list[Found[T]], str]:
            objects: list[Found[T]] = []
            warn, clear = self.runtime.incomplete, objects.clear
            pages = Pages(self._transport, resource, namespace, options, warn, on_restart=clear)
            for page in pages:
                objects += page
            return objects, pages.version

        return start(collected)

    def made(self, key: str, of: tuple[Any, ...], make: Callable[[], T]) -> T:  # noqa: ARG002
        """What is made of some objects; ``key`` is what for, where they are kept."""
        return make()

    def pages(
        self, resource: Resource[T], namespace: str | None, options: ListOptions = ALL
    ) -> Iterator[list[Found[T]]]:
        """Start to fetch a list that is taken page by page; the first may raise NoSuchResource.

        A list that has to start again keeps what was deleted meanwhile.
        """
        on_odd = self.runtime.incomplete
        pages = partial(Pages, self._transport, resource, namespace, options, on_odd)
        return ahead(pages, self.runtime.deadline)

    def wait(self, future: Future[T]) -> T:
        return result(future, self.runtime.deadline)

    def gathered(
        self, futures: Sequence[Future[Any]]
    ) -> tuple[list[Found[Any]], list[DashborionError]]:
        """The objects of several lists together, and why the others could not be had."""
        found: list[Found[Any]] = []
        failures: list[DashborionError] = []
        for future in futures:
            try:
                found += self.in_time(future)
            except (AccessError, Unavailable) as error:
                failures.append(error)
        return found, failures

    def answers(self, resources: Sequence[Resource[Any]], listed: Sequence[Future[Any]]) -> bool:
        """Whether one of these lists, by now, was had of what the server does serve."""
        had = [one.done() and one.exception() is None for one in listed]
        return any(self.serves(one) for one in compress(resources, had))

    def attempt(self, future: Future[T]) -> T | None:
        """What the answer can do without: what it fails with is a warning.

        Of a resource that is not served there is nothing.
        """
        try:
            return self.in_time(future)
        except NoSuchResource:
            pass
        except (AccessError, Unavailable) as error:
            self.runtime.warn(error)
        return None

    def optional(self, future: Future[list[Found[T]]]) -> list[T]:
        """A list that the answer can do without, as ``attempt``."""
        return [found.item for found in self.attempt(future) or ()]

    def needed(self, future: Future[list[Found[T]]]) -> list[T]:
        """A list without which rows of the answer may be missing."""
        found, failures = self.gathered([future])
        for failure in failures:
            self.runtime.incomplete(failure)
        return [one.item for one in found]

    def permitted(self, future: Future[list[Found[T]]]) -> list[T]:
        """The same for a list that is asked for again if it fails, unless it is forbidden."""
        try:
            return [found.item for found in self.wait(future)]
        except NoSuchResource:
            pass
        except Forbidden as error:
            self.runtime.warn(error)
        return []

    def in_time(self, future: Future[T]) -> T:
        """As ``wait``, but so that the rest can still be printed when the deadline has passed."""
        grace = 0.0 if self._is_late else GRACE_SECONDS / 2
        try:
            return result(future, self.runtime.deadline, grace=grace)
        except TimedOut:
            self._is_late = True
            raise
