"""Concurrent calls under one deadline.

Threads are daemons, and results are waited for with a timeout: a thread that hangs
in a socket cannot be cancelled, but must not delay Ctrl-C or the deadline.
``ThreadPoolExecutor`` would, as it joins its threads at exit.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, wait
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TypeVar

from dashborion.errors import TimedOut

T = TypeVar("T")

GRACE_SECONDS = 0.2

# Ctrl-C that arrives while a thread is being started may be delivered to another thread; Python
# then raises it when the main thread runs again, which must not be at the end of the deadline.
SLICE_SECONDS = 0.5


class Deadline:
    """A time by which everything has to be finished."""

    def __init__(self, seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self._clock = clock
        self._end = clock() + seconds

    def restart(self, most: float | None = None) -> None:
        """Start again, for the next poll of a command that waits; with at most ``most`` seconds."""
        self._end = self._clock() + (self.seconds if most is None else min(most, self.seconds))

    def remaining(self) -> float:
        """Seconds left, never below zero."""
        return max(0.0, self._end - self._clock())

    def expired(self) -> TimedOut:
        """The error to raise when no time is left."""
        return TimedOut(f"no complete answer within {self.seconds:g} seconds")


def start(call: Callable[[], T]) -> Future[T]:
    """Start a call on its own thread."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:  # noqa: BLE001 - raised by `result`
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


def result(future: Future[T], deadline: Deadline, *, grace: float = GRACE_SECONDS) -> T:
    """The result of a call.

    A call that checks the deadline itself has a better message, so it gets
    ``grace`` seconds to raise it.

    Raises:
        TimedOut: the deadline passed.
        Exception: what the call raised.
    """
    for seconds in _slices(deadline, grace):
        with suppress(TimeoutError):
            future.exception(seconds)
        if future.done():
            return future.result()
    raise deadline.expired()


def outcome(future: Future[T]) -> T:
    """The result of a call that keeps to a deadline by itself; raises what it raises."""
    while not future.done():
        wait([future], SLICE_SECONDS)
    return future.result()


def every(calls: Iterable[Callable[[], T]], deadline: Deadline) -> Iterator[T]:
    """Start all calls at once; gives their results in order, and raises as ``result``."""
    return (result(future, deadline) for future in [start(call) for call in calls])


def ahead(make: Callable[[], Iterable[T]], deadline: Deadline) -> Iterator[T]:
    """Run an iteration on its own thread, ahead of the consumer of its values.

    Raises:
        TimedOut: the deadline passed.
        Exception: what the iteration raised, after the values before it.
    """
    values: SimpleQueue[tuple[T] | None] = SimpleQueue()

    def run() -> None:
        try:
            for value in make():
                values.put((value,))
        finally:
            values.put(None)

    return _consumed(values, start(run), deadline)


def _consumed(
    values: SimpleQueue[tuple[T] | None], ended: Future[None], deadline: Deadline
) -> Iterator[T]:
    while (item := _next(values, deadline)) is not None:
        yield item[0]
    result(ended, deadline)


def _next(values: SimpleQueue[T], deadline: Deadline) -> T:
    for seconds in _slices(deadline):
        with suppress(Empty):
            return values.get(timeout=seconds)
    raise deadline.expired()


def _slices(deadline: Deadline, grace: float = GRACE_SECONDS) -> Iterator[float]:
    """Short times to wait for, one after the other, until the deadline and its grace are over."""
    while (left := deadline.remaining()) > 0:
        yield min(left, SLICE_SECONDS)
    yield grace
