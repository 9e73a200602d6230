"""The events of services, which come with them: those there are, and every new one once.

ECS has no way to be told of them, so the services are asked for again and again. It keeps a
hundred events of each: where more have come between two looks, that is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from dashborion.errors import Unavailable
from dashborion.models.event import Event, by_time, placed
from dashborion.models.query import Query
from dashborion.models.workload import Workload
from dashborion.orchestrators.ecs import events, find, normalise, wire
from dashborion.orchestrators.ecs.client import Client
from dashborion.orchestrators.event_feeds import EventSink, Fits, Told
from dashborion.orchestrators.logs import Outages

FEW, FEW_SECONDS, MANY_SECONDS = 20, 5.0, 15.0
KEPT = 100  # events of a service that ECS keeps
_SILENT = "events"


@dataclass
class Events:
    """As ``protocol.Events``."""

    client: Client

    def feed(self, query: Query) -> Feed:
        """As ``protocol.Events.feed``."""
        feed = Feed(self.client, query)
        feed.begin()
        return feed


@dataclass
class Feed:
    """As ``event_feeds.Feed``; ``_seen`` are the ids of each service's events, by its ARN."""

    client: Client
    query: Query
    _first: list[wire.Service] = field(default_factory=list)
    _seen: dict[str, set[str]] = field(default_factory=dict)

    def begin(self) -> None:
        """List the services once, with their events."""
        self._first = self._services()
        for service in self._first:
            self._unseen(service)

    def told(self) -> list[Told]:
        """As ``event_feeds.Feed.told``."""
        return [Told(item, self._events(one, item)) for one, item in self._workloads(self._first)]

    def follow(self, sink: EventSink, fits: Fits) -> None:
        """As ``event_feeds.Feed.follow``."""
        outages, pause = Outages(sink), FEW_SECONDS
        while True:
            sink.pause(pause)
            self.client.aws.runtime.deadline.restart()
            try:
                listed = self._services()
            except Unavailable as error:
                outages.begin(_SILENT, f"asking again for events: {error.message}")
                continue
            outages.end(_SILENT, "the events can be read again")
            pause = FEW_SECONDS if len(listed) <= FEW else MANY_SECONDS
            given: list[Event] = []
            for service, item in self._workloads(listed):
                known = service.service_arn in self._seen
                unseen = self._unseen(service)
                if not fits(item):
                    continue
                if known and len(unseen.events) >= KEPT:
                    sink.say(f"{item.name}: events may be missing, as ECS keeps the last {KEPT}")
                given += self._events(unseen, item)
            if given:
                sink.events(by_time(given))

    def _services(self) -> list[wire.Service]:
        return [one.item for one in find.services(self.client, self.query)]

    def _workloads(self, services: Sequence[wire.Service]) -> list[tuple[wire.Service, Workload]]:
        scope = self.client.scope
        return [(one, normalise.workload(one, None, 0, [], scope)) for one in services]

    def _unseen(self, service: wire.Service) -> wire.Service:
        """The service with those of its events that were not given yet."""
        seen = self._seen.get(service.service_arn, set())
        new = [one for one in service.events if one.id not in seen]
        self._seen[service.service_arn] = {one.id for one in service.events}
        return msgspec.structs.replace(service, events=new)

    def _events(self, service: wire.Service, item: Workload) -> list[Event]:
        return placed(events.events(service), item, item.name)
