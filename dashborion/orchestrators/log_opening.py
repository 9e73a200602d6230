"""Opening many logs side by side: each on a thread of its own, bounded in time and memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain

from dashborion.concurrency import GRACE_SECONDS, SLICE_SECONDS, Deadline, start
from dashborion.errors import DashborionError, NothingToRead, Unreadable, foreseen
from dashborion.models.log import Source
from dashborion.orchestrators.logs import Block, Reading, bounded
from dashborion.orchestrators.runtime import Runtime

AHEAD = 8  # blocks of a log that may wait to be merged
OpenLog = Callable[[], Iterator[Block]]


class ReadAhead:
    """The blocks of a log, read on a thread of its own, a little ahead of who takes them.

    A log may be waited for as long as the deadline leaves now, in all. The time does not run
    while its blocks wait to be taken: who pages through a long log takes hours.
    """

    def __init__(self, open_log: OpenLog, deadline: Deadline) -> None:
        self._deadline = deadline
        self._seconds = deadline.remaining() + GRACE_SECONDS
        self._waits_since: float | None = time.monotonic()
        self._blocks: list[Block] = []
        self._changed = threading.Condition()
        self._error: DashborionError | None = None
        self._is_over = False
        start(lambda: self._read(open_log))

    def __iter__(self) -> Iterator[Block]:
        return self

    def __next__(self) -> Block:
        """All that waits, as one block: to merge many small ones takes longer than to read them."""
        with self._changed:
            self._wait_for_block()
            blocks, self._blocks = self._blocks, []
            self._changed.notify_all()
        if not blocks:
            raise StopIteration
        return list(chain.from_iterable(blocks))

    def wait(self) -> None:
        """Wait for the first block.

        Raises:
            TimedOut: it did not come in time.
            DashborionError: the log cannot be read.
        """
        with self._changed:
            self._wait_for_block()

    def _wait_for_block(self) -> None:
        """Return when there is a block, or the log has ended; raises as ``wait``, once."""
        while not self._blocks and not self._is_over:
            left = self._left()
            if left <= 0:
                self._is_over, self._error = True, self._deadline.expired()
            self._changed.wait(max(0.0, min(left, SLICE_SECONDS)))
        if not self._blocks and self._error is not None:
            error, self._error = self._error, None
            raise error

    def _left(self) -> float:
        waited = 0.0 if self._waits_since is None else time.monotonic() - self._waits_since
        return self._seconds - waited

    def _read(self, open_log: OpenLog) -> None:
        error: DashborionError | None = None
        try:
            with foreseen():
                for block in open_log():
                    self._add(block)
        except DashborionError as failure:
            error = failure
        with self._changed:
            if not self._is_over:
                self._is_over, self._error = True, error
            self._changed.notify_all()

    def _add(self, block: Block) -> None:
        with self._changed:
            self._seconds, self._waits_since = self._left(), None
            self._blocks.append(block)
            self._changed.notify_all()
            while len(self._blocks) >= AHEAD:
                self._changed.wait()
            self._waits_since = time.monotonic()


def open_all(
    logs: Iterable[tuple[Source, OpenLog]],
    problems: Sequence[DashborionError],
    *,
    is_absent: Callable[[DashborionError], bool],
    runtime: Runtime,
    hint: str | None = None,
) -> list[Reading]:
    """Open logs side by side; one of several that cannot be read is told as incomplete.

    Args:
        logs: where lines come from, and how each log is opened.
        problems: why other logs cannot be read.
        is_absent: whether an error says that there is no such log (yet): nothing is missing then.
        runtime: the deadline, and who is told.
        hint: what to do when there are no logs yet.

    Raises:
        NothingToRead: there is none, with all reasons.
        DashborionError: none can be read.
    """
    readings: list[Reading] = []
    reasons = [problem.message for problem in problems if is_absent(problem)]
    refused: dict[tuple[type, str], list[tuple[Source, DashborionError]]] = {}
    opened = [(source, ReadAhead(open_log, runtime.deadline)) for source, open_log in logs]
    for source, log in opened:
        try:
            log.wait()
            readings.append(Reading(source, log))
        except DashborionError as error:
            if is_absent(error):
                reasons.append(error.message)
            else:
                refused.setdefault((type(error), error.message), []).append((source, error))
    failures = [problem for problem in problems if not is_absent(problem)]
    failures += [named([source for source, _ in same], same[0][1]) for same in refused.values()]
    if not readings and not failures:
        raise NothingToRead("; ".join(dict.fromkeys(reasons)), hint=hint)
    if not readings:
        failures.sort(key=lambda error: isinstance(error, Unreadable))
    for failure in failures[0 if readings else 1 :]:
        runtime.incomplete(failure)
    for message in dict.fromkeys(reasons):
        runtime.warn(NothingToRead(message))
    if not readings:
        raise failures[0]
    return readings


def named(sources: Sequence[Source], error: DashborionError) -> DashborionError:
    """The error, with the logs that it is about in front of its message."""
    error.message = f"{bounded(list(map(str, sources)))}: {error.message}"
    return error
