"""Signals that end the command: Ctrl-C, SIGTERM and SIGHUP.

The first one is raised in the main thread as ``KeyboardInterrupt`` is, wherever that is: a
change that was made is still reported, and the exit code is 128 + its number, as shells
report it. A second one ends the process at once.
"""

from __future__ import annotations

import atexit
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

# `timeout` sends its signal to the child and then to the child's group; a shell that is hung up
# sends SIGHUP to its jobs, and so does the kernel when the shell ends.
ECHO_SECONDS = 0.5

_SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]
_left: list[Callable[[], object]] = []
_holding: list[list[Ended]] = []  # of each that holds signals, the one that waits


class Ended(KeyboardInterrupt):
    """The signal that ends the command."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.exit_code = exit_code(number)


def exit_code(number: int) -> int:
    """The exit code of what a signal has ended."""
    return 128 + number


def listen() -> None:
    """Handle the signals, save those that whoever started us ignores (``nohup``)."""
    atexit.register(do_what_is_left)
    first: list[tuple[int, float]] = []

    def receive(number: int, _: FrameType | None) -> None:
        now = time.monotonic()
        if not first:
            first.append((number, now))
            if _holding:
                _holding[-1].append(Ended(number))
                return
            raise Ended(number)
        if now > first[0][1] + ECHO_SECONDS:
            _end_at_once(first[0][0])

    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, receive)


def ignore() -> None:
    """Ignore the signals: the exit code is known, and what is left to do is short."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def held() -> Iterator[Callable[[], None]]:
    """The first signal waits until what this gives is called, or for the end of the context.

    So nothing comes between the making of something and the place where its end is looked after.
    """
    waiting: list[Ended] = []
    _holding.append(waiting)

    def release() -> None:
        _holding.clear()
        if waiting:
            raise waiting.pop()

    try:
        yield release
        release()
    finally:
        _holding.clear()


@contextmanager
def done_in_the_end(undo: Callable[[], object]) -> Iterator[None]:
    """``undo`` is done if the process ends while a thread is inside of the context."""
    _left.append(undo)
    try:
        yield
    finally:
        _left.remove(undo)


def do_what_is_left() -> None:
    """Do what threads that do not end any more have left to be done."""
    for undo in reversed(_left):
        with suppress(Exception):
            undo()


def _end_at_once(number: int) -> None:
    do_what_is_left()
    os._exit(exit_code(number))
