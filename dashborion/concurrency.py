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
from functools import partial
from queue import Empty, SimpleQueue
from typing import NoReturn, TypeVar

from dashborion.errors import TimedOut

T = TypeVar("T")

GRACE_SECONDS = 0.2


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


def ahead(make: Callable[[], Iterable[T]], deadline: Deadline) -> Iterator[T]:
    """Run an iteration on a thread of its own, from now on, ahead of whoever takes its values.

    Raises what it raised, where it raised it; ``TimedOut`` when it gives nothing more in time.
    """
    given: SimpleQueue[Callable[[], T]] = SimpleQueue()

    def run() -> None:
        try:
            for one in make():
                given.put(partial(_same, one))
            given.put(_end)
        except BaseException as error:  # noqa: BLE001 - handed to whoever takes the values
            given.put(partial(_raise, error))

    threading.Thread(target=run, daemon=True).start()
    return _taken(given, deadline)


def _taken(given: SimpleQueue[Callable[[], T]], deadline: Deadline) -> Iterator[T]:
    while True:
        try:
            value = given.get(timeout=deadline.remaining() + GRACE_SECONDS)
        except Empty:
            raise deadline.expired() from None
        if value is _end:
            return
        yield value()


def _same(value: T) -> T:
    return value


def _end() -> NoReturn:
    raise AssertionError("a mark, never called")


def _raise(error: BaseException) -> NoReturn:
    raise error
