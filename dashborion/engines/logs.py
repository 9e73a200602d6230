"""Many logs as one: merged by time, filtered by patterns, or live as lines arrive.

The caller decides how a line looks: ``shape`` gives the lines of a source that are wanted, and for
each the text to print, without a newline behind it.
"""

from __future__ import annotations

import re
import threading
from bisect import bisect_right
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from operator import itemgetter
from typing import Generic, TypeVar

from dashborion.concurrency import outcome, start
from dashborion.errors import DashborionError, UsageError, foreseen
from dashborion.models.log import HEAD, STAMP, Source
from dashborion.orchestrators.logs import Block, Ended, Reader, Reading, Sink

Shape = Callable[[Source, Block], tuple[Block, Block]]
Failed = Callable[[Source, DashborionError], None]
Expect = Callable[[Sequence[Source]], None]
T = TypeVar("T")
Item = tuple[Source, Block] | list[Source]
Timed = tuple[bytes, bytes]  # a line's moment and its text

WINDOW_SECONDS = 2.0  # in which a sorted live stream puts lines into order
WAITING = 2000  # blocks that may wait to be printed before those who read have to wait
GATHER_SECONDS = 0.03
TICK_SECONDS = 0.25

_moment = itemgetter(0)


@dataclass(frozen=True)
class LineFilter:
    """Keeps lines that match one of ``include``, if there are any, and none of ``exclude``."""

    include: Sequence[re.Pattern[str]] = ()
    exclude: Sequence[re.Pattern[str]] = ()

    def __call__(self, block: Block) -> Block:
        if not self.include and not self.exclude:
            return block
        return [line for line in block if self._keeps(line[HEAD:].decode(errors="replace"))]

    def _keeps(self, text: str) -> bool:
        if self.include and not any(one.search(text) for one in self.include):
            return False
        return not any(one.search(text) for one in self.exclude)


def snapshots(
    readers: Sequence[Reader],
) -> Iterator[tuple[Reader, Sequence[Reading] | DashborionError]]:
    """What each reader opens, side by side, or why it cannot be read."""

    def opened(reader: Reader) -> Sequence[Reading] | DashborionError:
        try:
            with foreseen(reader.label):
                return reader.snapshot()
        except DashborionError as error:
            return error

    opening = [start(partial(opened, reader)) for reader in readers]
    return ((reader, outcome(future)) for reader, future in zip(readers, opening, strict=True))


class _Buffer:
    """The texts of one log that were read and not yet merged, and their moments, by time."""

    def __init__(self, reading: Reading, shape: Shape) -> None:
        self._reading, self._shape = reading, shape
        self.moments: Block = []
        self._texts: Block = []
        self._at = 0
        self._is_over = False

    def fill(self, failed: Failed) -> bool:
        """Read until there is a text, or the log has ended; whether there is one."""
        while self._at == len(self.moments) and not self._is_over:
            try:
                with foreseen():
                    block = next(self._reading.blocks, None)
            except DashborionError as error:
                failed(self._reading.source, error)
                block = None
            self._is_over, self._at = block is None, 0
            lines, texts = self._shape(self._reading.source, block) if block else ([], [])
            moments = [line[:STAMP] for line in lines]
            self.moments, self._texts = sorted(moments), texts
            if self.moments != moments:  # as stdout and stderr are not always in order
                self._texts = _by_time(moments, texts)
        return self._at < len(self.moments)

    def until(self, bound: bytes) -> tuple[Block, Block]:
        """Take the texts up to a moment, and their moments."""
        begin, self._at = self._at, bisect_right(self.moments, bound, self._at)
        return self.moments[begin : self._at], self._texts[begin : self._at]


def merged(readings: Sequence[Reading], shape: Shape, failed: Failed) -> Iterator[bytes]:
    """All lines by time, as text to be written; holds one block of each reading at most.

    A line that is older than a block before it comes as soon as it is read. Lines of one moment
    stay in the order of their log. A reading that ends with an error costs its own rest.
    """
    buffers = [_Buffer(reading, shape) for reading in readings]
    while buffers := [buffer for buffer in buffers if buffer.fill(failed)]:
        # What comes next in a reading may be as old as the last line that it has given.
        bound = min(buffer.moments[-1] for buffer in buffers)
        moments: Block = []
        texts: Block = []
        for buffer in buffers:
            own_moments, own_texts = buffer.until(bound)
            moments += own_moments
            texts += own_texts
        yield _written(_by_time(moments, texts))


def _by_time(moments: Block, texts: Block) -> Block:
    """Texts in the order of their moments. Pairs of both would take twice as long to sort."""
    return [texts[place] for place in sorted(range(len(texts)), key=moments.__getitem__)]


def _written(texts: Block) -> bytes:
    return b"\n".join([*texts, b""])


class Live(Generic[T]):
    """A bounded list between the threads of those who read and the one that prints.

    A list and not a ``queue.Queue``, which would wake up the printing thread for each of ten
    thousand lines a second.
    """

    def __init__(self) -> None:
        self._items: list[T] = []
        self._lock = threading.Lock()
        self._some = threading.Event()
        self._room = threading.Event()
        self._ended = threading.Event()
        self._room.set()

    def pause(self, seconds: float) -> None:
        """As ``Sink.pause``."""
        if self._ended.wait(seconds):
            raise Ended

    def put(self, item: T) -> None:
        """Hand over something; raises ``Ended`` when the command has ended."""
        self._room.wait()
        if self._ended.is_set():
            raise Ended
        with self._lock:
            self._items.append(item)
            if len(self._items) >= WAITING:
                self._room.clear()
        self._some.set()

    def end(self) -> None:
        """Wake up the threads that wait for room; they get ``Ended``."""
        self._ended.set()
        self._room.set()

    def take(self, seconds: float) -> list[T]:
        """All that has arrived; waits this long for the first of it."""
        if self._some.wait(seconds) and not self._ended.wait(GATHER_SECONDS):
            self._some.clear()
        with self._lock:
            items, self._items = self._items, []
            if not self._ended.is_set():
                self._room.set()
        return items


class Said(Live[T | str]):
    """The same with messages to a person, in their place."""

    def say(self, text: str) -> None:
        """As ``Sink.say``."""
        self.put(text)


class LiveLines(Said[Item]):
    """As ``Sink``."""

    def lines(self, source: Source, block: Block) -> None:
        """As ``Sink.lines``."""
        self.put((source, block))

    def expect(self, sources: Sequence[Source]) -> None:
        """As ``Sink.expect``."""
        self.put(list(sources))


@dataclass(frozen=True)
class _Named:
    """A sink that says of which environment it speaks, as there are several."""

    sink: Sink
    label: str

    def say(self, text: str) -> None:
        self.sink.say(f"{self.label}: {text}")

    def lines(self, source: Source, block: Block) -> None:
        self.sink.lines(source, block)

    def expect(self, sources: Sequence[Source]) -> None:
        self.sink.expect(sources)

    def pause(self, seconds: float) -> None:
        self.sink.pause(seconds)


@dataclass
class Window:
    """Holds texts back for some seconds, so that they can be printed in order of their moments."""

    seconds: float
    clock: Callable[[], float]
    _held: list[Timed] = field(default_factory=list)
    _arrived: list[tuple[float, bytes]] = field(default_factory=list)

    def through(self, lines: Sequence[Timed]) -> Block:
        """Add texts; gives those that were held long enough, and all that are older."""
        now = self.clock()
        if lines:
            self._held += lines
            self._arrived.append((now, max(map(_moment, lines))))
        ripe = [newest for at, newest in self._arrived if at <= now - self.seconds]
        if not ripe:
            return []
        del self._arrived[: len(ripe)]
        self._held.sort(key=_moment)
        end = bisect_right(self._held, max(ripe), key=_moment)
        given, self._held = self._held[:end], self._held[end:]
        return [text for _, text in given]

    def rest(self) -> Block:
        """All texts that are still held, in order."""
        return [text for _, text in sorted(self._held, key=_moment)]


@dataclass
class Following:
    """Readers, each on a thread of its own, and their lines as they arrive.

    ``expect`` is told of sources before their first line. ``say`` gets messages to a person, in
    their place among the lines; ``failed`` the error of a reader that could not go on while others
    do.
    """

    readers: Sequence[Reader]
    shape: Shape
    say: Callable[[str], None]
    failed: Callable[[DashborionError], None]
    window: Window | None = None
    is_over: Callable[[], bool] = lambda: False
    expect: Expect = lambda _: None
    live: LiveLines = field(default_factory=LiveLines)

    def lines(self) -> Generator[bytes, None, None]:
        """Text to be written at once, until every reader has ended.

        Raises:
            DashborionError: the first reader's, when none of them could go on.
        """
        running = {start(partial(self._follow, reader)) for reader in self.readers}
        errors: list[DashborionError] = []
        try:
            while True:
                done = {one for one in running if one.done()}
                items = self.live.take(TICK_SECONDS if running > done else 0)
                yield from self._printed(items)
                running -= done
                errors += self._errors(done)
                if self.is_over() or not (running or items):
                    break
            if self.window is not None:
                yield _written(self.window.rest())
        finally:
            self.live.end()
            for reader in self.readers:
                reader.stop()
        if errors and len(errors) == len(self.readers):
            raise errors[0]

    def _errors(self, done: Iterable[Future[DashborionError | None]]) -> list[DashborionError]:
        """The errors of readers that have ended; reported, unless there is only one reader.

        Raises:
            UsageError: there are more containers than may be read at once.
        """
        found = [error for one in done if (error := one.result())]
        for error in found:
            if isinstance(error, UsageError):
                raise error
        if len(self.readers) > 1:
            for error in found:
                self.failed(error)
        return found

    def _follow(self, reader: Reader) -> DashborionError | None:
        is_one = len({one.label for one in self.readers}) == 1
        sink: Sink = self.live if is_one else _Named(self.live, reader.label)
        try:
            with foreseen(reader.label), suppress(Ended):
                reader.follow(sink)
        except DashborionError as error:
            error.environment = error.environment or reader.label
            return error
        return None

    def _printed(self, items: Sequence[Item | str]) -> Iterator[bytes]:
        texts: Block = []
        timed: list[Timed] = []
        for item in items:
            if isinstance(item, str):
                if texts:
                    yield _written(texts)
                    texts = []
                self.say(item)
            elif isinstance(item, list):
                self.expect(item)
            elif self.window is None:
                texts += self.shape(*item)[1]
            else:
                lines, shaped = self.shape(*item)
                timed += zip([line[:STAMP] for line in lines], shaped, strict=True)
        if self.window is not None:
            texts = self.window.through(timed)
        if texts:
            yield _written(texts)
