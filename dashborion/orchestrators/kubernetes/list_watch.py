"""One list of objects, kept up to date: it is watched from its version on.

A watch that ends goes on from the newest version seen. Where the server has dropped that (410),
or where watching is not allowed, the list is read again and compared.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

import msgspec
from msgspec import Struct

from dashborion.errors import BadAnswer, DashborionError, Forbidden, Unavailable
from dashborion.models.query import Found
from dashborion.orchestrators.kubernetes import wire
from dashborion.orchestrators.kubernetes.client import Client
from dashborion.orchestrators.kubernetes.errors import ListExpired, NotOffered
from dashborion.orchestrators.kubernetes.listing import ALL, ListOptions
from dashborion.orchestrators.kubernetes.request import Request, decode, decoder
from dashborion.orchestrators.kubernetes.resources import Form, Resource
from dashborion.orchestrators.kubernetes.resume import LineSplitter
from dashborion.orchestrators.kubernetes.run_log import Broken, chunks

T = TypeVar("T")

WATCH_SECONDS = (300, 600)  # how long one may last; random, so that not all come back at once
POLL_SECONDS, AGAIN_SECONDS = 10.0, 1.0
METRICS_SECONDS = 15.0  # a metrics-server samples no more often
RELIST_SECONDS = 30.0  # between two lists because of 410
_GONE = 410
_OF_ONE = {Form.METADATA: Form.METADATA.replace("List;", ";")}  # how a watch calls the form


class Hearer(Protocol):
    """Is told what becomes of a list, on the thread that watches it."""

    def changed(self, items: Sequence[Any]) -> None:
        """Objects are new or have changed, or, where there are none, some are gone."""
        ...

    def lost(self, error: Unavailable) -> None:
        """The server does not answer; it is asked again."""
        ...

    def answers(self) -> None:
        """The list is what the server has."""
        ...

    def polls(self, error: DashborionError) -> None:
        """It cannot be watched, and is asked for instead."""
        ...

    def pause(self, seconds: float) -> None:
        """Wait; raises ``Ended`` as soon as nobody wants to hear more."""
        ...


class _Change(Struct, frozen=True):
    """One line of a watch."""

    type: str
    object: msgspec.Raw


@dataclass
class ListWatch(Generic[T]):
    """``objects`` are what the list has, by uid, after ``begin``."""

    client: Client
    resource: Resource[T]
    namespace: str | None
    options: ListOptions = ALL
    is_watched: bool = True
    objects: dict[str, Found[T]] = field(default_factory=dict)
    response: Any = None  # of the watch, for whoever wants to end it
    _version: str = ""
    _relisted: float = float("-inf")

    def begin(self) -> list[T]:
        """List everything; gives what is new since the last time, or changed.

        Raises:
            AccessError, Unavailable: as ``Client.pages``.
        """
        listing = self.client.versioned(self.resource, self.namespace, self.options)
        found, self._version = self.client.wait(listing)
        known = {uid: _version(one.item) for uid, one in self.objects.items()}
        self.objects = {_meta(one.item).uid or str(number): one for number, one in enumerate(found)}
        return [
            one.item
            for uid, one in self.objects.items()
            if not _version(one.item) or known.get(uid) != _version(one.item)
        ]

    @property
    def poll_seconds(self) -> float:
        is_measured = self.resource.group_version.startswith("metrics.k8s.io/")
        return METRICS_SECONDS if is_measured else POLL_SECONDS

    def follow(self, hearer: Hearer) -> None:
        """Tell of every change after ``begin``, once, until a pause raises ``Ended``.

        Raises:
            AccessError: the credentials are not enough any more.
        """
        is_behind = False
        while True:
            self.client.runtime.deadline.restart()
            seconds = AGAIN_SECONDS
            try:
                if is_behind or not self.is_watched:
                    hearer.changed(self.begin())
                    hearer.answers()
                    is_behind = False
                for items in self._watched(hearer) if self.is_watched else ():
                    hearer.changed(items)
            except (Forbidden, NotOffered) as error:
                if not self.is_watched:
                    raise
                self.is_watched = False
                hearer.polls(error)
            except ListExpired:
                is_behind, seconds = True, self._until_next_list()
            except Broken:
                pass  # an ordinary end of a connection
            except Unavailable as error:
                hearer.lost(error)
            hearer.pause(seconds if self.is_watched else self.poll_seconds)

    def _until_next_list(self) -> float:
        """A moment, so that not all come at once; the rest of half a minute after the last one."""
        now = time.monotonic()
        wait = max(random.uniform(0, AGAIN_SECONDS), self._relisted + RELIST_SECONDS - now)  # noqa: S311 - jitter
        self._relisted = now + wait
        return wait

    def _watched(self, hearer: Hearer) -> Iterator[list[T]]:
        """The changes of one watch as they come.

        Raises:
            ListExpired: the version is too old to go on from.
            Forbidden, NotOffered: it cannot be watched.
            Broken: the connection broke.
        """
        path = self.resource.path(self.namespace)
        params = self.options.params(None) | {
            "limit": None,
            "watch": "true",
            "resourceVersion": self._version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(random.randint(*WATCH_SECONDS)),  # noqa: S311 - jitter
        }
        accept = _OF_ONE.get(self.resource.form, self.resource.form)
        self.response = response = self.client.open(path, params, endless=True, accept=accept)
        try:
            hearer.answers()
            for lines in LineSplitter().blocks(chunks(response, path, follow=True)):
                items, is_any_gone, problem = self._changed(filter(None, lines), path)
                if items or is_any_gone:
                    yield items
                if problem is not None:
                    raise problem
        finally:
            response.close()

    def _changed(
        self, lines: Iterable[bytes], path: str
    ) -> tuple[list[T], bool, DashborionError | None]:
        """What some lines change, up to the one, if any, that ends the watch, and why it does."""
        items: list[T] = []
        is_any_gone = False
        for line in lines:
            try:
                change = decoder(_Change).decode(line)
                if change.type == "ERROR":
                    return items, is_any_gone, _ended(change.object)
                if change.type == "BOOKMARK":
                    self._version = self._marked(change.object) or self._version
                    continue
                item = self._decoded(change.object, path)
            except (msgspec.DecodeError, BadAnswer):
                broken = Broken(f"GET {path}: a line of the watch cannot be read")
                return items, is_any_gone, broken
            meta = _meta(item)
            self._version = meta.resource_version or self._version
            if change.type == "DELETED" or not isinstance(item, self.resource.type_):
                is_any_gone |= self.objects.pop(meta.uid, None) is not None
            elif not meta.uid or _version(item) != self._known_version(meta.uid):
                self.objects[meta.uid] = Found(item)
                items.append(item)
        return items, is_any_gone, None

    def _known_version(self, uid: str) -> str | None:
        known = self.objects.get(uid)
        return _version(known.item) if known is not None else None

    def _marked(self, bookmark: msgspec.Raw) -> str:
        """The version that a bookmark stands for; of a table it may be in the row."""
        header: wire.Header = decoder(wire.Header).decode(bookmark)
        if header.metadata.resource_version or self.resource.form is not Form.ROWS:
            return header.metadata.resource_version
        rows: wire.Rows[_Row] = decoder(wire.Rows[_Row]).decode(bookmark)
        return next((one.object.metadata.resource_version for one in rows.items or ()), "")

    def _decoded(self, text: msgspec.Raw, path: str) -> T | wire.Object:
        """The object; its metadata alone if the rest cannot be understood.

        Raises:
            BadAnswer: not even these can.
        """
        request = Request(self.client.credentials.settings.host, "GET", path)
        wanted: Any = self.resource.type_
        item: T
        try:
            if self.resource.form is Form.ROWS:
                rows: Any = decode(wire.Rows[wanted], bytes(text), request).items or ()
                (item,) = rows
            else:
                item = decode(wanted, bytes(text), request)
        except (BadAnswer, ValueError) as error:
            odd = decode(wire.Object, bytes(text), request)
            name, kind = odd.metadata.name, self.resource.kind
            self.client.runtime.incomplete(BadAnswer(f"{kind} '{name}' is left out: {error}"))
            return odd
        return item


class _Row(Struct, frozen=True):
    object: wire.Header = wire.Header()


_STATUS = msgspec.json.Decoder(wire.Status)


def _ended(answer: msgspec.Raw) -> DashborionError:
    """What an error in a watch means: a version that is too old, or that it ends."""
    status = _STATUS.decode(answer)
    text = status.message or "the watch has ended"
    return ListExpired(text, None) if status.code == _GONE else Broken(text)


def _meta(item: Any) -> wire.Meta:
    meta: wire.Meta = item.metadata
    return meta


def _version(item: Any) -> str:
    return _meta(item).resource_version
