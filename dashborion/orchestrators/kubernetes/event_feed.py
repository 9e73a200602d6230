"""The events of workloads, their revisions and pods: those there are, and every new one once.

They are listed for a whole namespace, and then watched.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

from dashborion.concurrency import start
from dashborion.config.targets import Environment
from dashborion.errors import DashborionError, Unavailable
from dashborion.models.event import Event, by_time, placed
from dashborion.models.query import Name, Query
from dashborion.models.workload import Workload
from dashborion.orchestrators.event_feeds import EventSink, Fits, Told
from dashborion.orchestrators.kubernetes import find, normalise, wire
from dashborion.orchestrators.kubernetes import instances as pods
from dashborion.orchestrators.kubernetes import resources as api
from dashborion.orchestrators.kubernetes.client import Client
from dashborion.orchestrators.kubernetes.list_watch import POLL_SECONDS, ListWatch
from dashborion.orchestrators.logs import Outages

_SILENT, _ANSWERS = "events", "the events can be read again"


@dataclass
class Events:
    """As ``protocol.Events``."""

    client: Client
    environment: Environment

    def feed(self, query: Query) -> Feed:
        """As ``protocol.Events.feed``."""
        feed = Feed(self.client, self.environment, find.namespace_of(self.client, query))
        feed.begin()
        return feed


@dataclass
class Feed:
    """As ``event_feeds.Feed``.

    ``_owners`` has the uid of the workload that an object belongs to, None of one of none.
    """

    client: Client
    environment: Environment
    namespace: str | None
    workloads: dict[str, Workload] = field(default_factory=dict)
    _first: list[wire.Event] = field(default_factory=list)
    _owners: dict[str, str | None] = field(default_factory=dict)
    _events: ListWatch[wire.Event] = field(init=False)

    def __post_init__(self) -> None:
        self._events = ListWatch(self.client, api.EVENTS, self.namespace)

    def begin(self) -> None:
        """List everything once.

        Raises:
            AccessError, Unavailable: the events, or no kind of workload, can be listed.
        """
        listing = start(self._events.begin)
        self._look_at_workloads(self.namespace)
        self._look_at_parts(self.namespace, is_first=True)
        self._first = self.client.wait(listing)
        if not self.workloads:
            find.require_namespace(self.client, self.namespace)

    def told(self) -> list[Told]:
        """As ``event_feeds.Feed.told``."""
        events = defaultdict(list)
        for one in self._first:
            if owner := self._owners.get(one.involved_object.uid or ""):
                events[owner].append(normalise.event(one))
        return [
            Told(item, placed(by_time(events[uid]), item, item.name))
            for uid, item in self.workloads.items()
        ]

    def follow(self, sink: EventSink, fits: Fits) -> None:
        """As ``event_feeds.Feed.follow``."""
        self._events.follow(_Heard(sink, partial(self._give, sink=sink, fits=fits)))

    # --- Whose events they are ------------------------------------------------------------------

    def _give(self, events: Sequence[wire.Event], sink: EventSink, fits: Fits) -> None:
        """Hand over those of workloads that fit; who owns a new object is looked up before."""
        for namespace in {
            one.metadata.namespace
            for one in events
            if (one.involved_object.uid or "") not in self._owners
            and fits.begins(one.involved_object.name or "")
        }:
            self._look_at_workloads(namespace, is_first=False)
            self._look_at_parts(namespace, is_first=False)
        given: list[Event] = []
        for one in events:
            owner = self._owners.setdefault(one.involved_object.uid or "", None)
            item = self.workloads.get(owner or "")
            if item is not None and fits(item):
                given += placed([normalise.event(one)], item, item.name)
        if given:
            sink.events(by_time(given))

    def _look_at_workloads(self, namespace: str | None, *, is_first: bool = True) -> None:
        resources = find.controllers(None)
        listed = [self.client.collect(one, namespace) for one in resources]
        found, failures = self.client.gathered(listed)
        if is_first and not self.client.answers(resources, listed):
            raise failures[0]
        self._tell(failures if is_first else ())
        for one in found:
            item = normalise.workload(one.item, self.environment, [])
            self.workloads[one.item.metadata.uid] = item
            self._owners[one.item.metadata.uid] = one.item.metadata.uid

    def _look_at_parts(self, namespace: str | None, *, is_first: bool) -> None:
        """Whose the revisions and pods are, those that are gone by now included."""
        resources = (api.REPLICASETS, api.CONTROLLER_REVISIONS, api.PODS)
        listed = [self.client.collect(one.metadata, namespace) for one in resources]
        *kept, listed_pods = listed
        found, failures = self.client.gathered(kept)
        parents = {one.item.metadata.uid: one.item.metadata for one in found}
        for uid, parent in parents.items():
            owner = pods.controller(parent)
            self._owners[uid] = owner.uid if owner is not None else None
        by_name = {
            Name(item.name, item.type, item.namespace): uid for uid, item in self.workloads.items()
        }
        found, lost = self.client.gathered([listed_pods])
        for one in found:
            owned = pods.owner(one.item, parents)
            uid = (owned.uid or by_name.get(owned.name)) if owned is not None else None
            self._owners[one.item.metadata.uid] = uid
        self._tell([*failures, *lost] if is_first else ())

    def _tell(self, failures: Iterable[DashborionError]) -> None:
        for failure in failures:
            self.client.runtime.incomplete(failure)


class _Heard:
    """As ``list_watch.Hearer``: hands events over, and says what becomes of the watch."""

    def __init__(self, sink: EventSink, changed: Callable[[Sequence[wire.Event]], None]) -> None:
        self.changed, self.pause = changed, sink.pause
        self._sink, self._outages = sink, Outages(sink)

    def lost(self, error: Unavailable) -> None:
        self._outages.begin(_SILENT, f"asking again for events: {error.message}")

    def answers(self) -> None:
        self._outages.end(_SILENT, _ANSWERS)

    def polls(self, error: DashborionError) -> None:
        self._sink.say(f"asking every {POLL_SECONDS:g} seconds for events: {error.message}")
