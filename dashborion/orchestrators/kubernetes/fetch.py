"""Lists side by side, and doing without those that are forbidden or not there."""

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
from dashborion.orchestrators.kubernetes.resources import Resource

T = TypeVar("T")


class Fetch(Struct, frozen=True):
    """The client's calls, started on threads and awaited within the deadline."""

    client: Client

    def start(self, call: Callable[[], T]) -> Future[T]:
        return start(call)

    def wait(self, future: Future[T]) -> T:
        return result(future, self.client.runtime.deadline)

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
    ) -> Future[list[Found[T]]]:
        """Start a list; a server without the resource fails it with ``BadAnswer``."""

        def call() -> list[Found[T]]:
            found = self.client.collect(
                resource,
                namespace,
                selector=selector,
                fields=fields,
                metadata_only=metadata_only,
                as_rows=as_rows,
                raw=raw,
            )
            if found is None:
                raise self._none(resource)
            return found

        return start(call)

    def pages(
        self,
        resource: Resource[T],
        namespace: str | None,
        *,
        selector: str | None = None,
        fields: str | None = None,
        raw: bool = False,
    ) -> Iterator[list[Found[T]]]:
        """Start a list that is taken chunk by chunk; raises as ``whole``.

        A list that has to start again leaves in what was deleted meanwhile.
        """

        def given() -> Iterator[list[Found[T]]]:
            try:
                yield from self.client.pages(
                    resource, namespace, selector=selector, fields=fields, raw=raw
                )
            except Missing as missing:
                raise self._none(resource) from missing

        return ahead(given, self.client.runtime.deadline)

    def whole(
        self,
        resource: Resource[T],
        namespace: str | None,
        *,
        selector: str | None = None,
        fields: str | None = None,
        raw: bool = False,
    ) -> Iterator[list[Found[T]]]:
        """Start a list that is taken as one chunk; raises as ``collect`` when it is taken."""
        listed = self.collect(resource, namespace, selector=selector, fields=fields, raw=raw)
        return (self.wait(one) for one in (listed,))

    def _none(self, resource: Resource[T]) -> NoSuchResource:
        return NoSuchResource(
            f"{self.client.credentials.host} has no {resource.group_version} "
            f"{resource.plural}: is it a Kubernetes API?"
        )

    def permitted(
        self, futures: Sequence[Future[Any]], *, all_of_them: bool = False
    ) -> list[Found[Any]]:
        """What the lists hold together; a forbidden one costs itself and a warning.

        Raises:
            Forbidden: all of them are, or with ``all_of_them`` one.
        """
        found: list[Found[Any]] = []
        refused: list[Forbidden] = []
        for future in futures:
            try:
                found += self.wait(future)
            except Forbidden as error:
                refused.append(error)
        if refused and (all_of_them or len(refused) == len(futures)):
            if len(refused) < len(futures):
                refused[0].hint = "say which kind you mean: deployment/NAME, sts/NAME or ds/NAME"
            raise refused[0]
        for refusal in refused:
            self.client.runtime.warn(refusal)
        return found

    def optional(self, future: Future[list[Found[T]]]) -> list[T]:
        """A list that an answer can do without: forbidden is a warning, unknown is empty."""
        try:
            return [one.item for one in self.wait(future)]
        except Forbidden as error:
            self.client.runtime.warn(error)
        except NoSuchResource:
            pass
        return []


class NoSuchResource(BadAnswer):
    """The server does not serve this resource, or serves something else entirely."""
