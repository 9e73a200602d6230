"""Lists of the API, read page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct

from dashborion.concurrency import result, start
from dashborion.errors import BadAnswer, DashborionError, UsageError
from dashborion.models.query import Found
from dashborion.orchestrators.kubernetes import wire
from dashborion.orchestrators.kubernetes.errors import ListExpired, Missing, NoSuchResource
from dashborion.orchestrators.kubernetes.request import (
    NOT_DECODED,
    convert,
    decode,
    decoder,
)
from dashborion.orchestrators.kubernetes.resources import Form, Resource
from dashborion.orchestrators.kubernetes.transport import Transport

PAGE_SIZE = 500  # as kubectl; larger pages cost etcd and the server more memory for longer
MOST_EXPIRIES = 5  # times that a list may expire before it is given up

T = TypeVar("T")


class ListOptions(Struct, frozen=True):
    """Which objects a list has: by a label selector and a field selector, as the API takes them.

    ``raw`` keeps each object's own JSON beside the decoded object.
    """

    selector: str | None = None
    fields: str | None = None
    raw: bool = False

    def params(self, continue_token: str | None) -> dict[str, str | None]:
        """The query of one page; the first one has no token."""
        return {
            "limit": str(PAGE_SIZE),
            "labelSelector": self.selector,
            "fieldSelector": self.fields,
            "continue": continue_token,
        }


ALL = ListOptions()


class Pages(Generic[T]):
    """One list, page by page, no object twice; the next page is fetched while one is decoded.

    When the server has dropped the list's version (410), it offers a token that continues
    behind the last object in the current version. Without a token the list starts again:
    ``on_restart`` is called, or without it the objects that were already given are left out.
    ``on_odd`` is told of each object that cannot be decoded and is left out.
    """

    def __init__(
        self,
        transport: Transport,
        resource: Resource[T],
        namespace: str | None,
        options: ListOptions,
        on_odd: Callable[[DashborionError], None],
        *,
        on_restart: Callable[[], None] | None = None,
    ) -> None:
        self.transport = transport
        self.resource = resource
        self.options = options
        self.on_odd = on_odd
        self.on_restart = on_restart
        self.version = ""  # of the list, from which a watch goes on
        path, params = resource.path(namespace), options.params(None)
        self._first = transport.request("GET", path, params=params, accept=resource.form)
        self._token: str | None = None  # of the page that is read next
        self._seen: set[str] = set()
        self._expiries = 0
        self._odd: list[BadAnswer] = []  # left out and not told yet
        self._is_empty = True

    def __iter__(self) -> Iterator[list[Found[T]]]:
        """The pages.

        Raises:
            NoSuchResource: the server does not serve it.
            BadAnswer: a page that is not the API's, a list that never ends, or one of which
                no object can be decoded.
        """
        fetch: Callable[[], bytearray] | None = partial(self._fetch, None)
        while fetch is not None:
            try:
                body = fetch()
            except ListExpired as expired:
                self._continue_after(expired)
                fetch = partial(self._fetch, self._token)
                continue
            fetch = self._start_next(body)
            yield self._unseen(self._objects(body))
        if self._odd:
            raise self._odd[0]

    def _fetch(self, token: str | None) -> bytearray:
        request = msgspec.structs.replace(self._first, params=self.options.params(token))
        try:
            return self.transport.send(request)
        except Missing as missing:
            version, plural = self.resource.group_version, self.resource.plural
            raise NoSuchResource(
                f"{request.host} has no {version} {plural}: is it a Kubernetes API?"
            ) from missing
        except UsageError as error:
            if token is None:
                raise
            # The token came from the server, not from the user.
            raise BadAnswer(f"{request}: {error.message}") from error

    def _start_next(self, body: bytearray) -> Callable[[], bytearray] | None:
        """Start to fetch the page after this one; what waits for it, or None after the last."""
        before = self._token
        header = decode(wire.Header, body, self._first).metadata
        self._token, self.version = header.continue_ or None, header.resource_version
        if self._token is None:
            return None
        if self._token == before:
            raise BadAnswer(f"{self._first}: the list repeats the same page")
        upcoming = start(partial(self._fetch, self._token))
        return partial(result, upcoming, self.transport.runtime.deadline)

    def _continue_after(self, expired: ListExpired) -> None:
        self._expiries += 1
        if self._expiries > MOST_EXPIRIES:
            raise expired
        self._token = expired.token
        if self._token is None and self.on_restart is not None:
            self.on_restart()
            self._seen.clear()

    def _objects(self, body: bytearray) -> list[Found[T]]:
        """The objects of a page: decoded all at once, and one by one if that fails."""
        resource, request = self.resource, self._first
        shape: Any = wire.Rows if resource.form is Form.ROWS else wire.Page
        if not self.options.raw:
            with suppress(*NOT_DECODED):
                items = decoder(shape[resource.type_]).decode(body).items
                return self._told([Found(item) for item in items or ()])
        objects: list[Found[T]] = []
        for number, part in enumerate(decode(shape[msgspec.Raw], body, request).items or (), 1):
            plain: Any = None
            try:
                plain = decode(object, bytes(part), request)
                item = convert(resource.type_, plain, request)
            except BadAnswer as error:
                name = f"{resource.kind} {_name(plain) or f'number {number}'}"
                self._odd.append(BadAnswer(f"{name} is left out: {error.message}"))
            else:
                objects.append(Found(item, self._raw(plain)))
        return self._told(objects)

    def _told(self, objects: list[Found[T]]) -> list[Found[T]]:
        """The objects; what is left out is told as soon as one object of the list is not."""
        self._is_empty = self._is_empty and not objects
        while self._odd and not self._is_empty:
            self.on_odd(self._odd.pop(0))
        return objects

    def _raw(self, plain: dict[str, Any]) -> dict[str, Any] | None:
        """An object's JSON; in a list it lacks two fields that readers of one object expect."""
        if not self.options.raw:
            return None
        return {"apiVersion": self.resource.group_version, "kind": self.resource.kind, **plain}

    def _unseen(self, items: list[Found[T]]) -> list[Found[T]]:
        """The objects whose uid did not come before."""
        seen, unseen = self._seen, []
        for number, found in enumerate(items, len(seen)):
            uid = str(found.item.metadata.uid) or str(number)  # type: ignore[attr-defined]
            if uid not in seen:
                seen.add(uid)
                unseen.append(found)
        return unseen


def _name(plain: Any) -> str | None:
    """``'namespace/name'`` of an object, or a row of one, that may be of any shape; or None."""
    metadata = _inside(_inside(plain, "object") or plain, "metadata")
    known = [_inside(metadata, key) for key in ("namespace", "name")]
    return f"'{'/'.join(map(str, filter(None, known)))}'" if isinstance(known[1], str) else None


def _inside(plain: Any, key: str) -> Any:
    return plain.get(key) if isinstance(plain, dict) else None
