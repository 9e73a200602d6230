"""Lists fetched side by side; a forbidden or missing list costs only its own rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

from msgspec import Struct

from dashborion.concurrency import ahead, result, start
from dashborion.errors import BadAnswer, Forbidden
from dashborion.models.query import Found
from dashborion.orchestrators.kubernetes.client import Client
from dashborion.orchestrators.kubernetes.errors import Missing
from dashborion.orchestrators.kubernetes.listing import ALL, ListOptions
from dashborion.orchestrators.kubernetes.resources import Resource

T = TypeVar("T")


class NoSuchResource(BadAnswer):
    """The server does not serve this resource, or is not a Kubernetes API at all."""


class Fetch(Struct, frozen=True):
    """The client's calls, started on threads and awaited within the deadline."""

    client: Client

    def start(self, call: Callable[[], T]) -> Future[T]:
        return start(call)

    def wait(self, future: Future[T]) -> T:
        return result(future, self.client.runtime.deadline)

    def collect(
        self, resource: Resource[T], namespace: str | None, options: ListOptions = ALL
    ) -> Future[list[Found[T]]]:
        """Start to fetch a whole list; a server without the resource fails it."""

        def call() -> list[Found[T]]:
            found = self.client.collect(resource, namespace, options)
            if found is None:
                raise self._no_such_resource(resource)
            return found

        return start(call)

    def pages(
        self, resource: Resource[T], namespace: str | None, options: ListOptions = ALL
    ) -> Iterator[list[Found[T]]]:
        """Start to fetch a list that is taken page by page.

        A list that has to start again keeps what was deleted meanwhile.

        Raises:
            NoSuchResource: when the first page is taken.
        """

        def pages() -> Iterator[list[Found[T]]]:
            try:
                yield from self.client.pages(resource, namespace, options)
            except Missing as missing:
                raise self._no_such_resource(resource) from missing

        return ahead(pages, self.client.runtime.deadline)

    def whole(
        self, resource: Resource[T], namespace: str | None, options: ListOptions = ALL
    ) -> Iterator[list[Found[T]]]:
        """As ``pages``, but all objects in a single page."""
        future = self.collect(resource, namespace, options)

        def page() -> Iterator[list[Found[T]]]:
            yield self.wait(future)

        return page()

    def permitted(
        self, futures: Sequence[Future[Any]], *, require_all: bool = False
    ) -> list[Found[Any]]:
        """The objects of several lists together; a forbidden list becomes a warning.

        Raises:
            Forbidden: all lists are forbidden, or with ``require_all`` any of them.
        """
        found: list[Found[Any]] = []
        refused: list[Forbidden] = []
        for future in futures:
            try:
                found += self.wait(future)
            except Forbidden as error:
                refused.append(error)
        if refused and (require_all or len(refused) == len(futures)):
            if len(refused) < len(futures):
                refused[0].hint = "name the kind too: deployment/NAME, sts/NAME or ds/NAME"
            raise refused[0]
        for refusal in refused:
            self.client.runtime.warn(refusal)
        return found

    def optional(self, future: Future[list[Found[T]]]) -> list[T]:
        """A list that the answer can do without: forbidden is a warning, not served is empty."""
        try:
            return [found.item for found in self.wait(future)]
        except Forbidden as error:
            self.client.runtime.warn(error)
        except NoSuchResource:
            pass
        return []

    def _no_such_resource(self, resource: Resource[T]) -> NoSuchResource:
        return NoSuchResource(
            f"{self.client.credentials.host} has no {resource.group_version} "
            f"{resource.plural}: is it a Kubernetes API?"
        )
