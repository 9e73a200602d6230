"""The events of workloads, their revisions and pods: those there are, and every new one once.

They are listed for a whole namespace and then watched from the version of that list on. A watch
that ends goes on from the newest version seen; where the server has dropped that (410), or where
watching is not allowed, the list is read again and compared.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec import Struct

from dashborion.config.targets import Environment
from dashborion.errors import DashborionError, Forbidden, Unavailable
from dashborion.models.event import Event, placed
from dashborion.models.query import Name, Query
from dashborion.models.workload import Workload
from dashborion.orchestrators.event_feeds import EventSink, Fits, Told
from dashborion.orchestrators.kubernetes import find, normalise, wire
from dashborion.orchestrators.kubernetes import instances as pods
from dashborion.orchestrators.kubernetes import resources as api
from dashborion.orchestrators.kubernetes.client import Client
from dashborion.orchestrators.kubernetes.errors import ListExpired
from dashborion.orchestrators.kubernetes.resume import LineSplitter
from dashborion.orchestrators.kubernetes.run_log import Broken, chunks
from dashborion.orchestrators.logs import Outages

WATCH_SECONDS = (300, 600)  # how long one may last; random, so that not all come back at once
POLL_SECONDS, AGAIN_SECONDS = 10.0, 1.0
_SILENT, _ANSWERS = "events", "the events can be read again"
_GONE = 410


class _Change(Struct, frozen=True):
    """One line of a watch."""

    type: str
    object: msgspec.Raw


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

    ``_seen`` has the version of each event that was given, by uid; ``_owners`` the uid of the
    workload that an object belongs to, and None of one that belongs to none.
    """

    client: Client
    environment: Environment
    namespace: str | None
    workloads: dict[str, Workload] = field(default_factory=dict)
    _first: list[wire.Event] = field(default_factory=list)
    _version: str = ""
    _seen: dict[str, str] = field(default_factory=dict)
    _owners: dict[str, str | None] = field(default_factory=dict)

    def begin(self) -> None:
        """List everything once.

        Raises:
            AccessError, Unavailable: the events, or no kind of workload, can be listed.
        """
        listing = self.client.versioned(api.EVENTS, self.namespace)
        self._look_at_workloads(self.namespace)
        self._look_at_parts(self.namespace, is_first=True)
        found, self._version = self.client.wait(listing)
        self._first = self._unseen(found)
        if not self.workloads:
            find.require_namespace(self.client, self.namespace)

    def told(self) -> list[Told]:
        """As ``event_feeds.Feed.told``."""
        events = defaultdict(list)
        for one in self._first:
            if owner := self._owners.get(one.involved_object.uid or ""):
                events[owner].append(normalise.event(one))
        return [
            Told(item, placed(normalise.by_time(events[uid]), item, item.name))
            for uid, item in self.workloads.items()
        ]

    def follow(self, sink: EventSink, fits: Fits) -> None:
        """As ``event_feeds.Feed.follow``."""
        outages, is_watched, is_behind = Outages(sink), True, False
        while True:
            self.client.runtime.deadline.restart()
            try:
                if is_behind or not is_watched:
                    self._give(self._listed_again(), sink, fits)
                    outages.end(_SILENT, _ANSWERS)
                    is_behind = False
                for changed in self._watched() if is_watched else ():
                    outages.end(_SILENT, _ANSWERS)
                    self._give(changed, sink, fits)
            except Forbidden as error:
                if not is_watched:
                    raise
                is_watched = False
                sink.say(f"asking every {POLL_SECONDS:g} seconds for events: {error.message}")
            except ListExpired:
                is_behind = True
            except Broken:
                pass  # an ordinary end of a connection
            except Unavailable as error:
                outages.begin(_SILENT, f"asking again for events: {error.message}")
            sink.pause(AGAIN_SECONDS if is_watched else POLL_SECONDS)

    # --- What the API says ----------------------------------------------------------------------

    def _watched(self) -> Iterator[list[wire.Event]]:
        """The events of one watch as they come; none while nothing happens.

        Raises:
            ListExpired: the version is too old to go on from.
            Broken: the connection broke.
        """
        path = api.EVENTS.path(self.namespace)
        params = {
            "watch": "true",
            "resourceVersion": self._version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(random.randint(*WATCH_SECONDS)),  # noqa: S311 - jitter
        }
        response = self.client.open(path, params, endless=True)
        try:
            yield []
            for lines in LineSplitter().blocks(chunks(response, path, follow=True)):
                events, problem = self._changed(filter(None, lines), path)
                yield self._unseen(events)
                if problem is not None:
                    raise problem
        finally:
            response.close()

    def _changed(
        self, lines: Iterable[bytes], path: str
    ) -> tuple[list[wire.Event], DashborionError | None]:
        """The events of some lines, up to the one, if any, that ends the watch, and why it does."""
        events: list[wire.Event] = []
        for line in lines:
            try:
                change = msgspec.json.decode(line, type=_Change)
                if change.type == "ERROR":
                    return events, _expired(change.object)
                event = msgspec.json.decode(change.object, type=_TYPES.get(change.type, wire.Event))
            except msgspec.DecodeError:
                return events, Broken(f"GET {path}: a line of the watch cannot be read")
            self._version = event.metadata.resource_version or self._version
            if change.type == "DELETED":
                self._seen.pop(event.metadata.uid, None)
            elif isinstance(event, wire.Event):
                events.append(event)
        return events, None

    def _listed_again(self) -> list[wire.Event]:
        """What is new in a list; what is gone from it is forgotten."""
        listing = self.client.versioned(api.EVENTS, self.namespace)
        found, self._version = self.client.wait(listing)
        unseen = self._unseen(found)
        known = {one.metadata.uid for one in found}
        self._seen = {uid: version for uid, version in self._seen.items() if uid in known}
        return unseen

    def _unseen(self, events: Iterable[wire.Event]) -> list[wire.Event]:
        """The events that were not given yet in this version."""
        unseen = []
        for one in events:
            uid, version = one.metadata.uid, one.metadata.resource_version
            if not uid or self._seen.get(uid) != version:
                self._seen[uid] = version
                unseen.append(one)
        return unseen

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
            sink.events(normalise.by_time(given))

    def _look_at_workloads(self, namespace: str | None, *, is_first: bool = True) -> None:
        listed = [self.client.collect(one, namespace) for one in find.controllers(None)]
        found, failures = self.client.gathered(listed)
        if is_first and len(failures) == len(listed):
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


_TYPES: Mapping[str, Any] = {"BOOKMARK": wire.Object}
_STATUS = msgspec.json.Decoder(wire.Status)


def _expired(answer: msgspec.Raw) -> DashborionError:
    """What an error in a watch means: a version that is too old, or that it ends."""
    status = _STATUS.decode(answer)
    text = status.message or "the watch has ended"
    return ListExpired(text, None) if status.code == _GONE else Broken(text)
