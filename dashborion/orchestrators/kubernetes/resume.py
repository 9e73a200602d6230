"""From a log's bytes to whole lines, and where to go on after a cut. Pure.

The API takes up a log again at a whole second (``sinceTime`` has no fraction), so
lines of that second come twice. stern's rule: remember how many there were, and
skip as many.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from dashborion.models.log import HEAD, STAMP
from dashborion.orchestrators.logs import Block

SECOND = 19  # characters of a moment without its fraction
LONGEST = 32 << 20  # bytes of a line; what is beyond is left out, for memory has an end
MARK = b" [dashborion: the rest of this line was left out]"

_FOREIGN = re.compile(
    rb"(?P<second>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)"
    rb"(\.(?P<fraction>\d{1,9}))?(?P<zone>Z|[+-]\d\d:\d\d) "
)


class Lines:
    """Cuts chunks at newlines; ``rest`` is what has none behind it in the end."""

    def __init__(self) -> None:
        self.rest = b""

    def blocks(self, chunks: Iterable[bytes]) -> Iterator[Block]:
        """Whole lines, as they come."""
        pieces: list[bytes] = []
        held = 0
        try:
            for chunk in chunks:
                end = chunk.rfind(b"\n")
                if end >= 0:
                    begun = b"".join(pieces)
                    pieces, held = [chunk[end + 1 :]], len(chunk) - end - 1
                    yield (begun + chunk[:end]).split(b"\n")
                elif held < LONGEST:
                    pieces.append(chunk)
                    held += len(chunk)
                    if held >= LONGEST:
                        pieces.append(MARK)
        finally:
            self.rest = b"".join(pieces)


def stamped(block: Block) -> tuple[Block, Block]:
    """Lines with their moment in our form, and those that have none: the kubelet's own words."""
    if all(line[STAMP - 1 : HEAD] == b"Z " for line in block):
        return block, []
    good, odd = [], []
    for line in block:
        if line[STAMP - 1 : HEAD] == b"Z ":
            good.append(line)
        elif found := _FOREIGN.match(line):  # a runtime that writes local time, or fewer digits
            good.append(_in_utc(found) + b" " + line[found.end() :])
        else:
            odd.append(line)
    return good, odd


def _in_utc(found: re.Match[bytes]) -> bytes:
    second = datetime.fromisoformat((found["second"] + found["zone"]).decode())
    fraction = (found["fraction"] or b"").ljust(9, b"0")
    return b"%s.%sZ" % (f"{second.astimezone(UTC):%Y-%m-%dT%H:%M:%S}".encode(), fraction)


@dataclass
class Cursor:
    """Where a log was left: the newest second seen, its first line's moment, and how many lines.

    Lines are counted rather than compared: two may have the same moment, and a
    container's two streams are not always written in the order of their moments.
    """

    second: bytes = b""
    first: bytes = b""
    count: int = 0
    newest: bytes = b""
    at_newest: int = 0

    def advance(self, block: Block) -> None:
        """These lines, not none, have been handed on."""
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
        """The API's ``sinceTime`` to go on from; None when nothing has been seen."""
        return f"{self.second.decode()}Z" if self.second else None


class Again:
    """What comes after a cut, without the lines that were there before it.

    From the first of them on, as many are skipped as were seen; older ones of the
    same second were not wanted when the log was first read. Where the first does not
    come, the file was rotated (or it is another run's): then moments tell, and
    ``gap`` says what may be missing.
    """

    def __init__(self, cursor: Cursor) -> None:
        self._left = cursor.count
        self._first = cursor.first
        self._newest, self._left_at_newest = cursor.newest, cursor.at_newest
        self._by_time = False
        self.is_proven = False  # that this is the same log
        self.gap: tuple[bytes, bytes] | None = None

    @property
    def is_past(self) -> bool:
        """Whether all that was seen before has come again, as far as it is still there."""
        return self._by_time or not self._left

    def new(self, block: Block) -> Block:
        """The lines of a block that were not seen."""
        if not self._left or not block:
            return block
        if self.is_undecided:
            block = self._from_first(block)
        if self._by_time:
            return self._newer(block)
        skipped = min(self._left, len(block))
        self._left -= skipped
        return block[skipped:]

    @property
    def is_undecided(self) -> bool:
        """Whether it is still to be seen if this is the same log."""
        return bool(self._left) and not self.is_proven and not self._by_time

    def _from_first(self, block: Block) -> Block:
        for position, line in enumerate(block):
            moment = line[:STAMP]
            if moment >= self._first:
                self.is_proven = moment == self._first
                self._by_time = not self.is_proven
                return block[position:]
        return []

    def _newer(self, block: Block) -> Block:
        for position, line in enumerate(block):
            moment = line[:STAMP]
            if moment == self._newest and self._left_at_newest:
                self._left_at_newest -= 1
                self.is_proven = True
            elif moment >= self._newest:
                if not self.is_proven:
                    self.gap = (self._newest, moment)
                self._left = 0
                return block[position:]
        return []
