"""Events of many workloads, those there are and those to come: what adapters and engines share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from msgspec import Struct

from dashborion.models.event import Event
from dashborion.models.workload import Workload
from dashborion.orchestrators.logs import Teller


class Told(Struct, frozen=True):
    """A workload with its events, the newest last."""

    item: Workload
    events: list[Event]


class EventSink(Teller, Protocol):
    """Takes events from several threads; blocks while it is full."""

    def events(self, events: Sequence[Event]) -> None:
        """Hand over events, the newest last; raises as ``say``."""
        ...


class Fits(Struct, frozen=True):
    """Whether a workload is wanted, and whether an object of that name may be of one."""

    of: Callable[[Workload], bool]
    begins: Callable[[str], bool]

    def __call__(self, item: Workload) -> bool:
        return self.of(item)


class Feed(Protocol):
    """The events of all workloads of an environment's namespace, or of all namespaces."""

    def told(self) -> Sequence[Told]:
        """All workloads that there are, with their events."""
        ...

    def follow(self, sink: EventSink, fits: Fits) -> None:
        """Put every event after those told into the sink, once, until it raises ``Ended``.

        Raises:
            AccessError: the credentials are not enough any more.
        """
        ...
