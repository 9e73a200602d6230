"""What reading logs means to every orchestrator: sources, what is wanted of them, and readers.

Lines travel as bytes, in blocks, each with the moment it was written in front:
thirty characters of RFC 3339 in UTC with nanoseconds and a space. These sort as
text, and no line is decoded, or made an object, before it is known who wants it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from dashborion.errors import NothingToRead, UsageError
from dashborion.models.log import STAMP

Block = list[bytes]

FOLLOWED_LINES, SHOWN_LINES = 100, 500  # of each container, unless the user says
MOST_STREAMS = 100


@dataclass(frozen=True)
class Source:
    """One container of one instance.

    ``alone`` when the instance has no other, so that nobody needs its name;
    ``digits`` of a second's fraction are known.
    """

    project: str | None
    environment: str
    namespace: str
    workload: str | None
    instance: str
    container: str
    alone: bool = False
    digits: int = 9

    def __str__(self) -> str:
        return self.instance if self.alone else f"{self.instance}/{self.container}"


@dataclass(frozen=True)
class Wanted:
    """Which lines: None does not restrict, ``tail`` counts each container's newest.

    ``containers`` by name, all where there is none. ``previous`` is the run before
    this one. ``most`` is how many containers may be read at once.
    """

    since: datetime | None = None
    until: datetime | None = None
    tail: int | None = None
    containers: tuple[str, ...] = ()
    previous: bool = False
    most: int = MOST_STREAMS


@dataclass(frozen=True)
class Reading:
    """A source whose lines are under way; ``blocks`` may raise as any call does."""

    source: Source
    blocks: Iterator[Block]


class Ended(Exception):
    """Nobody wants more lines."""


class Sink(Protocol):
    """Where whoever follows puts lines; safe from several threads. Full, it makes them wait."""

    def lines(self, source: Source, block: Block) -> None:
        """Hand over some lines.

        Raises:
            Ended: nobody wants them.
        """
        ...

    def say(self, text: str) -> None:
        """Something a person should know; raises as ``lines``."""
        ...

    def pause(self, seconds: float) -> None:
        """Wait for so long; raises as ``lines``, as soon as it is over."""
        ...


class Reader(Protocol):
    """The logs of one workload, or of one instance, in one environment."""

    @property
    def label(self) -> str:
        """The environment's."""
        ...

    def snapshot(self) -> Sequence[Reading]:
        """All there is now, opened.

        Raises:
            NothingToRead: no instance, or none that has written.
            UsageError: more containers than may be read at once.
        """
        ...

    def follow(self, sink: Sink) -> None:
        """Put lines into the sink until it is ``Ended``, or nothing can follow any more."""
        ...

    def stop(self) -> None:
        """Wake up what waits for lines; called from another thread, when the sink is ended."""
        ...


def stamp(moment: datetime) -> bytes:
    """A moment as lines have it."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}000Z".encode()


def between(
    blocks: Iterable[Block], since: datetime | None, until: datetime | None
) -> Iterator[Block]:
    """The lines of a span, ends included; ends with the first block that is all behind it."""
    first, last = stamp(since) if since else b"", stamp(until) if until else b"~"
    for block in blocks:
        kept = [line for line in block if first <= line[:STAMP] <= last]
        if kept:
            yield kept
        elif block[0] > last and block[-1] > last:
            return


def require_few(count: int, most: int) -> None:
    """Called with the number of containers that are to be read side by side.

    Raises:
        UsageError: it is more than was allowed.
    """
    if count > most:
        raise UsageError(
            f"{count} containers are more than the {most} that are read at once",
            hint=f"choose some with -c, or raise the limit: --max-streams {count}",
        )


def unreadable(problems: Iterable[str], hint: str | None = None) -> NothingToRead:
    """Why there is nothing to show, all reasons in one message."""
    return NothingToRead("; ".join(dict.fromkeys(problems)), hint=hint)
