"""Logs of any orchestrator: which lines are wanted, and the readers' protocol.

Lines travel as bytes, in blocks. Each line begins with its timestamp: thirty characters of
RFC 3339 in UTC with nanoseconds, and a space. They sort as text, and a line is decoded only
if it is printed.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

from dashborion.errors import DashborionError, NotFound, UsageError
from dashborion.models.log import STAMP, Source
from dashborion.models.query import Name, Query

Block = list[bytes]

_LOOKUP = "the lookup of instances"
FOLLOWED_LINES, SHOWN_LINES = 100, 500  # of each container, without --tail
MOST_STREAMS = 100
MOST_NAMED = 5  # of a kind, in one message
MOST_TOLD = 1000  # texts that are remembered: instances come and go for weeks


class Room:
    """How many containers are read at once, by all readers of a command together."""

    def __init__(self, most: int = MOST_STREAMS) -> None:
        self.most = most
        self._taken = self._asked = 0
        self._lock = threading.Lock()

    def take(self) -> bool:
        """Take the place of one container, if there is one."""
        with self._lock:
            self._taken += 1 if (is_free := self._taken < self.most) else 0
            return is_free

    def give_back(self) -> None:
        """Give back the place of a container that is not read any more."""
        with self._lock:
            self._taken -= 1

    def require(self, count: int) -> None:
        """Ask for room for the containers that a reader begins with.

        Raises:
            UsageError: with those of other readers, there are too many.
        """
        with self._lock:
            self._asked += count
            require_few(self._asked, self.most)


@dataclass(frozen=True)
class Wanted:
    """Which lines are wanted.

    ``since`` and ``until`` are inclusive, ``tail`` keeps the newest lines of each container;
    None does not restrict. ``containers`` by name, all if there is no name. ``previous``
    reads each container's previous run. As many containers are read at once as there is ``room``.
    """

    since: datetime | None = None
    until: datetime | None = None
    tail: int | None = None
    containers: tuple[str, ...] = ()
    previous: bool = False
    room: Room = field(default_factory=Room)


class Selection(NamedTuple):
    """A reader of many workloads, and those names without wildcards that fit none of them."""

    reader: Reader
    absent: Sequence[NotFound]


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

    def expect(self, sources: Sequence[Source]) -> None:
        """Announce sources of which lines will come; raises as ``say``."""
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


def bounded(names: Sequence[str]) -> str:
    """Some of the names, and how many more there are."""
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


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


def no_instances_of(names: Collection[str], patterns: Sequence[Name], query: Query) -> str:
    """The same of the workloads that fit patterns and a selector, if there are any."""
    if len(names) == 1:
        return no_instances(*names, is_stopped=False)
    if names:
        return f"none of the {len(names)} workloads has instances"
    asked = [f"'{pattern}'" for pattern in patterns]
    asked += [f"-l {query.selector}"] if query.selector else []
    return f"no workload fits {' '.join(asked)}" if asked else "there are no workloads"


def last_of(workload: str | None, instance: str) -> str:
    """What to say when the lines of an instance that has stopped are read for want of others."""
    return f"{workload} has no running instance: {instance} is the one that stopped last"


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
    _told: dict[str, None] = field(default_factory=dict)
    _present: set[str] | None = None

    def __post_init__(self) -> None:
        self.outages = Outages(self.sink)

    def say(self, text: str) -> None:
        """Say it, unless it was said before; raises as ``Sink.say``."""
        if text not in self._told:
            self._told[text] = None
            if len(self._told) > MOST_TOLD:
                del self._told[next(iter(self._told))]
            self.sink.say(text)

    def workloads(self, present: Iterable[str]) -> None:
        """Say which workloads are read, and from then on which others join, and which leave."""
        before, self._present = self._present, set(present)
        if before is None:
            if self._present:
                named = bounded(sorted(self._present))
                self.sink.say(f"following {named}; new workloads that match join")
            return
        for name in sorted(self._present - before):
            self.sink.say(f"workload {name} joined")
        for name in sorted(before - self._present):
            self.sink.say(f"workload {name} left")

    def lookup_failed(self, error: DashborionError) -> None:
        """The instances could not be looked up; it is tried again."""
        text = f"asking again which instances there are: {error.message}"
        self.outages.begin(_LOOKUP, text)

    def looked_up(self) -> None:
        """The instances could be looked up."""
        self.outages.end(_LOOKUP, "the instances can be looked up again")

    def no_room(self, source: Source, room: Room) -> None:
        """A source is not followed, as too many others already are."""
        self.say(f"{source} is not followed as long as {room.most} others are (--max-streams)")
