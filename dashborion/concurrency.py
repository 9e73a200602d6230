"""Calls side by side, under one deadline.

Threads are daemons and their results are waited for with a timeout: a thread
stuck in a socket cannot be cancelled, but it must not keep Ctrl-C or the
deadline waiting, which ``ThreadPoolExecutor`` (its threads are joined at exit)
would do.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import Any, TypeVar

from dashborion.errors import TimedOut

T = TypeVar("T")

GRACE_SECONDS = 0.2

_building = threading.Lock()
_prepared: set[Any] = set()


class Deadline:
    """A moment on a clock by which everything has to be over."""

    def __init__(self, seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self._clock = clock
        self._end = clock() + seconds

    def restart(self, most: float | None = None) -> None:
        """Begin again, for the next look of a command that waits; ``most`` shortens it."""
        self._end = self._clock() + (self.seconds if most is None else min(most, self.seconds))

    def remaining(self) -> float:
        """Seconds left, never below zero."""
        return max(0.0, self._end - self._clock())

    def expired(self) -> TimedOut:
        """The error to raise when nothing is left."""
        return TimedOut(f"no complete answer within {self.seconds:g} seconds")


def start(call: Callable[[], T]) -> Future[T]:
    """Run a call on a thread of its own, at once."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:  # noqa: BLE001 - handed to whoever asks for the result
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


def result(future: Future[T], deadline: Deadline) -> T:
    """What the call returned or raised; ``TimedOut`` when the deadline comes first.

    A call that watches the deadline itself says better what it waited for, so
    it gets a moment to do so.
    """
    try:
        return future.result(timeout=deadline.remaining() + GRACE_SECONDS)
    except TimeoutError as error:
        if future.done():
            raise
        raise deadline.expired() from error


def every(calls: Iterable[Callable[[], T]], deadline: Deadline) -> Iterator[T]:
    """Start all calls, then give their results in order."""
    return (result(future, deadline) for future in [start(call) for call in calls])


def prepare(type_: Any) -> None:
    """Called before a thread decodes into a type.

    msgspec looks a Struct's fields up when it is first decoded into and leaves what it has so
    far where other threads find it: two that are first at once end the process (SIGSEGV).
    """
    if type_ in _prepared:
        return
    import msgspec

    with _building:
        msgspec.json.Decoder(type_)
        _prepared.add(type_)
