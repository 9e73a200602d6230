"""Splits a log's bytes into lines, and resumes it after a broken connection. Pure.

The API resumes a log at a whole second (``sinceTime`` has no fraction) and leaves out lines with
older timestamps, wherever in the log they stand. So it is resumed a little before what was read
last, and as many lines are skipped as were read from there on (stern's rule).
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from operator import itemgetter

from dashborion.models.log import HEAD, SECOND, STAMP
from dashborion.orchestrators.logs import Block

BEGIN = 500  # characters of a line, by which it is known again
OVERLAP_SECONDS = 2  # by which lines of stdout and stderr may be out of order
MOST_SECONDS = 3600  # of which lines are counted; a clock may be set back by as much
LONGEST_LINE = 8 << 20  # bytes; the rest of a longer line is left out, as memory is limited
CUT_MARK = b" [dashborion: the rest of this line was left out]"

_FOREIGN = re.compile(
    rb"(?P<second>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)"
    rb"(\.(?P<fraction>\d{1,9}))?(?P<zone>Z|[+-]\d\d:\d\d) "
)


_MARK = slice(STAMP - 1, HEAD)
_moment, _second = itemgetter(slice(0, STAMP)), itemgetter(slice(0, SECOND))


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
                    lines = chunk[:end].split(b"\n")
                    lines[0] = b"".join(pieces) + (b"" if held == LONGEST_LINE else lines[0])
                    pieces, held = [chunk[end + 1 :]], len(chunk) - end - 1
                    yield lines
                elif held < LONGEST_LINE:
                    pieces.append(chunk[: LONGEST_LINE - held])
                    held += len(pieces[-1])
                    if held == LONGEST_LINE:
                        pieces.append(CUT_MARK)
        finally:
            self.rest = b"".join(pieces)


def is_spoken(rest: bytes) -> bool:
    """Whether what follows the last newline is a sentence of the kubelet's, and no part of a line.

    A line begins with its year.
    """
    return bool(rest) and not rest[:1].isdigit()


def separate_stamped(block: Block) -> tuple[Block, Block]:
    """Lines with a timestamp, in our form, and lines without one, which the kubelet wrote itself.

    Some container runtimes write local time, or fewer digits: these are converted.
    """
    if not [line for line in block if line[_MARK] != b"Z "]:
        return block, []
    stamped, unstamped = [], []
    for line in block:
        if line[_MARK] == b"Z ":
            stamped.append(line)
        elif (match := _FOREIGN.match(line)) and (moment := _in_utc(match)):
            stamped.append(moment + b" " + line[match.end() :])
        else:
            unstamped.append(line)
    return stamped, unstamped


def _in_utc(match: re.Match[bytes]) -> bytes | None:
    try:
        second = datetime.fromisoformat((match["second"] + match["zone"]).decode()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None  # there is no such time
    fraction = (match["fraction"] or b"").ljust(9, b"0")
    return b"%s.%sZ" % (second.isoformat()[:SECOND].encode(), fraction)


@dataclass
class Cursor:
    """How far a log has been read.

    Lines are counted by their second rather than compared: two may be equal, and those of stdout
    and stderr are not always in the order of their timestamps. ``newest`` is the newest
    timestamp, ``at_newest`` the number of its lines.
    """

    newest: bytes = b""
    at_newest: int = 0
    _last: bytes = b""  # the oldest second of the lines that were read last
    _counts: dict[bytes, tuple[int, bytes]] = field(default_factory=dict)
    _forgotten: bytes = b""  # the newest second that is not counted any more

    def advance(self, block: Block) -> None:
        """Count the lines of a block, which is not empty, as read."""
        ordered = sorted(block)  # by their moments, too; hardly costs where they came so
        for second, count, first in _seconds(block, ordered):
            if second > self._forgotten:
                before, first_of_all = self._counts.get(second, (0, first[:BEGIN]))
                self._counts[second] = (before + count, first_of_all)
        self._last = _second(ordered[0])
        newest = _moment(ordered[-1])
        if newest > self.newest:
            self.newest, self.at_newest = newest, 0
        if newest == self.newest:
            self.at_newest += len(ordered) - bisect_left(ordered, newest, key=_moment)
        if len(self._counts) > 2 * MOST_SECONDS:
            *old, self._forgotten = sorted(self._counts)[:-MOST_SECONDS]
            for second in (*old, self._forgotten):
                del self._counts[second]

    @property
    def _since(self) -> bytes:
        """The second to resume from: one of which all lines that were read are counted."""
        begin = _shifted(self._last, -OVERLAP_SECONDS) if self._last else b""
        return max(begin, _shifted(self._forgotten, 1)) if self._forgotten else begin

    @property
    def since(self) -> str | None:
        """The API's ``sinceTime`` to resume from; None before the first line."""
        return f"{self._since.decode()}Z" if self._last else None

    @property
    def again(self) -> tuple[int, bytes]:
        """How many of the lines that were read come again, and how the first of them begins."""
        since = self._since
        inside = [kept for second, kept in self._counts.items() if second >= since]
        return sum(count for count, _ in inside), inside[0][1] if inside else b""


def _seconds(block: Block, ordered: Block) -> Iterator[tuple[bytes, int, bytes]]:
    """Each second of a block, in the order in which they came: its lines, and the first of them."""
    if block == ordered:
        begin = 0
        while begin < len(block):
            second = _second(block[begin])
            end = bisect_right(block, second, begin, key=_second)
            yield second, end - begin, block[begin]
            begin = end
    else:
        firsts = dict(zip(map(_second, reversed(block)), reversed(block), strict=True))
        for second, count in Counter(map(_second, block)).items():
            yield second, count, firsts[second]


def _shifted(second: bytes, by: int) -> bytes:
    with suppress(ValueError, OverflowError):  # not a time, or the last that there is
        moment = datetime.fromisoformat(second.decode()) + timedelta(seconds=by)
        return moment.isoformat().encode()
    return second


class DuplicateFilter:
    """Removes the lines that were read before the connection broke.

    From the first of them on, as many lines are skipped as were read. Lines before it were not
    wanted when the log was first read, and are skipped too. If it does not come again, the log
    file was rotated, or it is another run's log: then lines are skipped by their timestamps, and
    ``gap`` names the time between which lines may be missing.
    """

    def __init__(self, cursor: Cursor) -> None:
        self._left, self._first = cursor.again
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
            if line[:BEGIN] == self._first:
                self.is_same_log = True
                return block[position:]
            if line[:STAMP] > self._first[:STAMP]:
                self._by_time = True
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
