"""Logs of any orchestrator: which lines are wanted, and the readers' protocol.

Lines travel as bytes, in blocks. Each line begins with its timestamp: thirty characters of
RFC 3339 in UTC with nanoseconds, and a space. They sort as text, and a line is decoded only
if it is printed.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from dashborion.errors import DashborionError, UsageError
from dashborion.models.log import STAMP, Source

Block = list[bytes]

_LOOKUP = "the lookup of instances"
FOLLOWED_LINES, SHOWN_LINES = 100, 500  # of each container, without --tail
MOST_STREAMS = 100


@dataclass(frozen=True)
class Wanted:
    """Which lines are wanted.

    ``since`` and ``until`` are inclusive, ``tail`` keeps the newest lines of each container;
    None does not restrict. ``containers`` by name, all if there is no name. ``previous``
    reads each container's previous run. ``most`` containers may be read at once.
    """

    since: datetime | None = None
    until: datetime | None = None
    tail: int | None = None
    containers: tuple[str, ...] = ()
    previous: bool = False
    most: int = MOST_STREAMS


@dataclass(frozen=True)
class Reading:
    """An opened log; ``blocks`` are its lines, and may raise ``DashborionError``."""

    source: Source
    blocks: Iterator[Block]


class Ended(Exception):
    """The command has ended: no more lines are taken."""


class Teller(Protocol):
    """Tells the user what becomes of what is followed, from several threads."""

    def say(self, text: str) -> None:
        """Tell the user something.

        Raises:
            Ended: the command has ended.
        """
        ...

    def pause(self, seconds: float) -> None:
        """Wait; raises as ``say``, as soon as the command ends."""
        ...


class Sink(Teller, Protocol):
    """Takes the lines of followed logs, from several threads; blocks while it is full."""

    def lines(self, source: Source, block: Block) -> None:
        """Hand over lines; raises as ``say``."""
        ...


class Reader(Protocol):
    """The logs of one workload, or of one instance, in one environment."""

    @property
    def label(self) -> str:
        """The environment's label."""
        ...

    def snapshot(self) -> Sequence[Reading]:
        """Open the logs that exist now.

        Raises:
            NothingToRead: there is no instance, or none has a log.
            UsageError: there are more containers than may be read at once.
            DashborionError: there are logs, and none of them can be read.
        """
        ...

    def follow(self, sink: Sink) -> None:
        """Put lines into the sink until it raises ``Ended``, or no more lines can come.

        One of several logs that cannot be read is told by the runtime's ``incomplete``; raises
        as ``snapshot``.
        """
        ...

    def stop(self) -> None:
        """Close what waits for lines; called from another thread when the command has ended."""
        ...


def stamp(moment: datetime) -> bytes:
    """A timestamp as at the beginning of a line."""
    utc = moment.astimezone(UTC).replace(tzinfo=None)
    return f"{utc.isoformat(timespec='microseconds')}000Z".encode()


def between(blocks: Iterable[Block], wanted: Wanted) -> Iterator[Block]:
    """The lines from ``since`` to ``until``.

    It reads to the end: lines need not be in the order of their timestamps, and a clock may
    have been set back.
    """
    if wanted.since is None and wanted.until is None:
        yield from blocks
        return
    first = stamp(wanted.since) if wanted.since else b""
    last = stamp(wanted.until) if wanted.until else b"~"
    for block in blocks:
        if kept := [line for line in block if first <= line[:STAMP] <= last]:
            yield kept


def require_few(count: int, most: int) -> None:
    """Check the number of containers that are to be read at once.

    Raises:
        UsageError: there are more than ``most``.
    """
    if count > most:
        raise UsageError(
            f"{count} containers are more than the {most} that are read at once",
            hint=f"choose some with -c, or raise the limit: --max-streams {count}",
        )


def no_instances(workload: str, *, is_stopped: bool) -> str:
    """What to say of a workload that has no instances."""
    return f"{workload} has no instances{': it is scaled to zero' if is_stopped else ''}"


@dataclass
class Outages:
    """Tells once what does not answer while something is followed, and once when it does again.

    Safe to use from several threads, which may all wait for the same.
    """

    sink: Teller
    _open: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, what: str, text: str) -> None:
        """Say that ``what`` does not answer, unless it was said; raises as ``Sink.say``."""
        with self._lock:
            is_new = what not in self._open
            self._open.add(what)
        if is_new:
            self.sink.say(text)

    def end(self, what: str, text: str) -> None:
        """Say that it answers again, if it did not; raises as ``Sink.say``."""
        with self._lock:
            was_open = what in self._open
            self._open.discard(what)
        if was_open:
            self.sink.say(text)


@dataclass
class Notices:
    """Tells the user about followed logs, each text once, and each outage."""

    sink: Sink
    outages: Outages = field(init=False)
    _told: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.outages = Outages(self.sink)

    def say(self, text: str) -> None:
        """Say it, unless it was said before; raises as ``Sink.say``."""
        if text not in self._told:
            self._told.add(text)
            self.sink.say(text)

    def lookup_failed(self, error: DashborionError) -> None:
        """The instances could not be looked up; it is tried again."""
        text = f"asking again which instances there are: {error.message}"
        self.outages.begin(_LOOKUP, text)

    def looked_up(self) -> None:
        """The instances could be looked up."""
        self.outages.end(_LOOKUP, "the instances can be looked up again")

    def no_room(self, source: Source, most: int) -> None:
        """A source is not followed, as ``most`` others already are."""
        self.say(f"{source} is not followed as long as {most} others are (--max-streams)")
