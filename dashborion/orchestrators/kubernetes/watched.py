"""A client whose lists stay in memory, each kept up to date by a watch of its own.

Whatever is made of lists by ``inventory`` and the others is made again of what is there now,
without a call: what is watched is the lists, not what they say.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from dashborion.concurrency import start
from dashborion.errors import DashborionError, foreseen
from dashborion.models.query import Found
from dashborion.orchestrators.kubernetes.client import Client
from dashborion.orchestrators.kubernetes.list_watch import POLL_SECONDS, ListWatch
from dashborion.orchestrators.kubernetes.listing import ALL, ListOptions
from dashborion.orchestrators.kubernetes.resources import Form, Resource
from dashborion.orchestrators.logs import Ended

T = TypeVar("T")
MOST_WATCHES = 8  # of one cluster; further lists are asked for again and again
_TICK_SECONDS = 0.25


@dataclass
class Mirror(Generic[T]):
    """One list; as ``list_watch.Hearer``. ``first`` is done when it is there."""

    watching: ListWatch[T]
    owner: MirroringClient
    first: Future[Any] = field(init=False)
    trouble: DashborionError | None = None
    refused: str | None = None  # how often it is asked for instead of watched, and why
    _failed: float | None = None

    def begin(self) -> None:
        """List it, and watch it from then on."""
        if not self.watching.is_watched:
            self._polls(f"{MOST_WATCHES} lists are watched")
        self.first = start(self._first)

    def _first(self) -> None:
        try:
            self.watching.begin()
        except DashborionError:
            self._failed = time.monotonic()
            raise
        start(self._follow)

    @property
    def is_over(self) -> bool:
        """Whether it could not be listed, and that may have changed."""
        return self._failed is not None and time.monotonic() > self._failed + POLL_SECONDS

    def objects(self) -> list[Found[T]]:
        """What the list has; raises why it could not be listed."""
        self.first.result()
        return list(self.watching.objects.values())

    def _follow(self) -> None:
        while not self.owner.ended.is_set():
            try:
                with foreseen(), suppress(Ended):
                    self.watching.follow(self)
            except DashborionError as error:
                self.lost(error)
                self.owner.ended.wait(POLL_SECONDS)

    def changed(self, items: Sequence[T]) -> None:  # noqa: ARG002 - the list has them
        self.owner.has_changed.set()

    def lost(self, error: DashborionError) -> None:
        self.trouble = error
        self.owner.has_changed.set()

    def answers(self) -> None:
        if self.trouble is not None:
            self.trouble = None
            self.owner.has_changed.set()

    def polls(self, error: DashborionError) -> None:
        self._polls(error.message)

    def _polls(self, reason: str) -> None:
        watching = self.watching
        self.refused = f"{watching.resource.plural} every {watching.poll_seconds:g}s: {reason}"

    def pause(self, seconds: float) -> None:
        if self.owner.ended.wait(seconds):
            raise Ended


class MirroringClient(Client):
    """As ``Client``; what was listed once is not asked for again."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.has_changed, self.ended = threading.Event(), threading.Event()
        self._mirrors: dict[tuple[Any, ...], Mirror[Any]] = {}
        self._made: dict[str, tuple[tuple[Any, ...], Any]] = {}
        self._made_before = self._made
        self._guard = threading.Lock()
        self._plain = Client(*args)

    def collect(
        self,
        resource: Resource[T],
        namespace: str | None,
        options: ListOptions = ALL,
        *,
        decoration: bool = False,  # noqa: ARG002 - whose odd objects are missing rows elsewhere
    ) -> Future[list[Found[T]]]:
        if not self.serves(resource):
            return start(list)
        mirror = self._mirror(resource, namespace, options)
        return start(mirror.objects)

    def made(self, key: str, of: tuple[Any, ...], make: Callable[[], T]) -> T:
        """As ``Client.made``, but made anew only of other objects than the last time."""
        known = self._made_before.get(key)
        if known is None or any(a is not b for a, b in zip(known[0], of, strict=True)):
            known = (of, make())
        self._made[key] = known
        made: T = known[1]
        return made

    def renew(self) -> None:
        """Begin to make everything of what is there now."""
        self.has_changed.clear()
        self._made_before, self._made = self._made, {}

    @property
    def trouble(self) -> DashborionError | None:
        """Why what is in memory may not be what the cluster has."""
        return next((one.trouble for one in self._all() if one.trouble is not None), None)

    @property
    def notes(self) -> list[str]:
        """Which lists are not watched, and why."""
        return [one.refused for one in self._all() if one.refused is not None]

    def end(self) -> None:
        """End the watches."""
        self.ended.set()
        for one in self._all():
            with suppress(AttributeError, OSError, ValueError, RuntimeError):  # it has ended
                one.watching.response.shutdown()

    def _all(self) -> list[Mirror[Any]]:
        with self._guard:
            return list(self._mirrors.values())

    def _mirror(
        self, resource: Resource[T], namespace: str | None, options: ListOptions
    ) -> Mirror[T]:
        key = (resource, namespace, options)
        with self._guard:
            mirror = self._mirrors.get(key) or self._whole(*key)
            if mirror is None or mirror.is_over:
                is_watched = len(self._mirrors) < MOST_WATCHES
                watching = ListWatch(self._plain, resource, namespace, options, is_watched)
                mirror = self._mirrors[key] = Mirror(watching, self)
                mirror.begin()
            return mirror

    def _whole(
        self, resource: Resource[T], namespace: str | None, options: ListOptions
    ) -> Mirror[Any] | None:
        """The list of whole objects, where their metadata are asked for.

        It may be one without those that are done.
        """
        if resource.form is not Form.METADATA or options != ALL:
            return None
        for (known, where, how), mirror in self._mirrors.items():
            is_same = (known.group_version, known.plural) == (
                resource.group_version,
                resource.plural,
            )
            if is_same and where == namespace and known.form is Form.OBJECTS and not how.selector:
                return mirror
        return None


@dataclass
class Watched:
    """As ``protocol.Watched``."""

    orchestrator: Any
    client: MirroringClient
    interval: float

    def renew(self) -> None:
        """As ``protocol.Watched.renew``: what is in memory is kept up to date by itself."""
        self.client.runtime.deadline.restart()
        self.client.renew()
        if self.client.trouble is not None:
            raise self.client.trouble

    def wait(self, pause: Callable[[float], None], error: DashborionError | None) -> None:
        """As ``protocol.Watched.wait``: until something has changed, or time has passed."""
        pause(self.interval)
        until = time.monotonic() + max(0.0, POLL_SECONDS - self.interval)
        while time.monotonic() < until and not self.client.has_changed.is_set():
            pause(_TICK_SECONDS if error is None else 1.0)

    @property
    def notes(self) -> list[str]:
        """As ``protocol.Watched.notes``."""
        return ["watched", *self.client.notes]

    def end(self) -> None:
        """As ``protocol.Watched.end``."""
        self.client.end()
