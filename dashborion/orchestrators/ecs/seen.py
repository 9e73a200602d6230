"""Which events of a log stream were read: some minutes are read again, for those that are late.

CloudWatch Logs gives events by their own timestamps, and takes them in seconds, sometimes a
minute later: by then what is read has moved on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from dashborion.orchestrators.ecs import wire

# How much of the past is read again; less of it when there is much to read and to remember.
OVERLAPS_MS = ((10_000, 120_000), (100_000, 15_000))  # up to so many events, so much
SHORTEST_OVERLAP_MS = 2_000

Key = tuple[int, int, int]  # timestamp, ingestion time, hash of the message


def overlap_ms(count: int) -> int:
    """How much of the past is read again when so many events are remembered."""
    fitting = (overlap for most, overlap in OVERLAPS_MS if count <= most)
    return next(fitting, SHORTEST_OVERLAP_MS)


@dataclass
class Seen:
    """The events of one stream in the time that is read again; equal ones are counted.

    GetLogEvents gives no ids. Events from ``begin`` on are remembered, and older ones not wanted;
    ``newest`` is the newest moment seen.
    """

    begin: int = 0
    newest: int = 0
    _given: Counter[Key] = field(default_factory=Counter)
    _ahead: Counter[Key] = field(default_factory=Counter)  # given before their token was reached

    def __len__(self) -> int:
        return self._given.total()

    def onward(self, events: Iterable[wire.LogEvent]) -> list[wire.LogEvent]:
        """The unseen ones of events that were read with a token, which gives each of them once."""
        unseen = []
        for event in events:
            key = self._key(event)
            if self._ahead[key] > 0:
                self._ahead[key] -= 1
            else:
                self._given[key] += 1
                unseen.append(event)
        self.forget_before(self.newest - overlap_ms(len(self)))
        return unseen

    def again(self, events: Iterable[wire.LogEvent], counted: Counter[Key]) -> list[wire.LogEvent]:
        """The unseen ones of events that were read by time.

        ``counted`` are all that the same read has given, and is added to.
        """
        unseen = []
        for event in events:
            if event.timestamp < self.begin:
                continue
            key = self._key(event)
            counted[key] += 1
            if counted[key] > self._given[key]:
                self._given[key] += 1
                self._ahead[key] += 1
                unseen.append(event)
        return unseen

    def forget_before(self, moment: int) -> None:
        """Read again from this moment on, not before it."""
        if moment > self.begin:
            self.begin = moment
            self._given, self._ahead = (
                Counter({key: count for key, count in kept.items() if count and key[0] >= moment})
                for kept in (self._given, self._ahead)
            )

    def _key(self, event: wire.LogEvent) -> Key:
        # A container's clock may be ahead of CloudWatch's: that must not hide other events.
        moment = min(event.timestamp, event.ingestion_time or event.timestamp)
        self.newest = max(self.newest, moment)
        return (event.timestamp, event.ingestion_time, hash(event.message))
