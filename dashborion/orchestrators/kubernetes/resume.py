"""Splits a log's bytes into lines, and resumes it after a broken connection. Pure.

The API resumes a log at a whole second (``sinceTime`` has no fraction), so lines of
that second come again. stern's rule: remember how many there were, and skip as many.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from dashborion.models.log import HEAD, STAMP
from dashborion.orchestrators.logs import Block

SECOND = 19  # characters of a timestamp without its fraction
LONGEST_LINE = 32 << 20  # bytes; the rest of a longer line is left out, as memory is limited
CUT_MARK = b" [dashborion: the rest of this line was left out]"

_FOREIGN = re.compile(
    rb"(?P<second>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)"
    rb"(\.(?P<fraction>\d{1,9}))?(?P<zone>Z|[+-]\d\d:\d\d) "
)


class LineSplitter:
    """Cuts chunks of bytes at newlines; ``rest`` is what followed the last newline."""

    def __init__(self) -> None:
        self.rest = b""

    def blocks(self, chunks: Iterable[bytes]) -> Iterator[Block]:
        """The complete lines of each chunk, as they come."""
        pieces: list[bytes] = []
        held = 0
        try:
            for chunk in chunks:
                end = chunk.rfind(b"\n")
                if end >= 0:
                    begun = b"".join(pieces)
                    pieces, held = [chunk[end + 1 :]], len(chunk) - end - 1
                    yield (begun + chunk[:end]).split(b"\n")
                elif held < LONGEST_LINE:
                    pieces.append(chunk)
                    held += len(chunk)
                    if held >= LONGEST_LINE:
                        pieces.append(CUT_MARK)
        finally:
            self.rest = b"".join(pieces)


def separate_stamped(block: Block) -> tuple[Block, Block]:
    """Lines with a timestamp, in our form, and lines without one, which the kubelet wrote itself.

    Some container runtimes write local time, or fewer digits: these are converted.
    """
    if all(line[STAMP - 1 : HEAD] == b"Z " for line in block):
        return block, []
    stamped, unstamped = [], []
    for line in block:
        if line[STAMP - 1 : HEAD] == b"Z ":
            stamped.append(line)
        elif match := _FOREIGN.match(line):
            stamped.append(_in_utc(match) + b" " + line[match.end() :])
        else:
            unstamped.append(line)
    return stamped, unstamped


def _in_utc(match: re.Match[bytes]) -> bytes:
    second = datetime.fromisoformat((match["second"] + match["zone"]).decode())
    fraction = (match["fraction"] or b"").ljust(9, b"0")
    return b"%s.%sZ" % (f"{second.astimezone(UTC):%Y-%m-%dT%H:%M:%S}".encode(), fraction)


@dataclass
class Cursor:
    """How far a log has been read.

    ``second`` is the newest second seen, ``first`` the timestamp of its first line, and
    ``count`` the number of its lines. ``newest`` is the newest timestamp, ``at_newest`` the
    number of its lines. Lines are counted rather than compared: two may have the same
    timestamp, and those of stdout and stderr are not always in the order of their timestamps.
    """

    second: bytes = b""
    first: bytes = b""
    count: int = 0
    newest: bytes = b""
    at_newest: int = 0

    def advance(self, block: Block) -> None:
        """Count the lines of a block, which is not empty, as read."""
        moments = [line[:STAMP] for line in block]
        newest = max(moments)
        if newest[:SECOND] > self.second:
            self.second, self.count = newest[:SECOND], 0
        inside = [moment for moment in moments if moment >= self.second]
        if not self.count and inside:
            self.first = inside[0]
        self.count += len(inside)
        if newest > self.newest:
            self.newest, self.at_newest = newest, 0
        self.at_newest += inside.count(self.newest)

    @property
    def since(self) -> str | None:
        """The API's ``sinceTime`` to resume from; None before the first line."""
        return f"{self.second.decode()}Z" if self.second else None


class DuplicateFilter:
    """Removes the lines that were read before the connection broke.

    From the first of them on, as many lines are skipped as were read. Older lines of the
    same second were not wanted when the log was first read, and are skipped too. If the
    first line does not come again, the log file was rotated, or it is another run's log:
    then lines are skipped by their timestamps, and ``gap`` names the time between which
    lines may be missing.
    """

    def __init__(self, cursor: Cursor) -> None:
        self._left = cursor.count
        self._first = cursor.first
        self._newest, self._left_at_newest = cursor.newest, cursor.at_newest
        self._by_time = False
        self.is_same_log = False  # known once a line came again
        self.gap: tuple[bytes, bytes] | None = None

    @property
    def is_past(self) -> bool:
        """Whether all lines that were read before have come again, or are gone for good."""
        return self._by_time or not self._left

    @property
    def is_undecided(self) -> bool:
        """Whether it is still open if this is the same log."""
        return bool(self._left) and not self.is_same_log and not self._by_time

    def unread(self, block: Block) -> Block:
        """The lines of a block that were not read before."""
        if not self._left or not block:
            return block
        if self.is_undecided:
            block = self._from_first(block)
        if self._by_time:
            return self._newer(block)
        skipped = min(self._left, len(block))
        self._left -= skipped
        return block[skipped:]

    def _from_first(self, block: Block) -> Block:
        for position, line in enumerate(block):
            moment = line[:STAMP]
            if moment >= self._first:
                self.is_same_log = moment == self._first
                self._by_time = not self.is_same_log
                return block[position:]
        return []

    def _newer(self, block: Block) -> Block:
        for position, line in enumerate(block):
            moment = line[:STAMP]
            if moment == self._newest and self._left_at_newest:
                self._left_at_newest -= 1
                self.is_same_log = True
            elif moment >= self._newest:
                if not self.is_same_log:
                    self.gap = (self._newest, moment)
                self._left = 0
                return block[position:]
        return []
