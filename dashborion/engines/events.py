"""What happened to workloads in all chosen environments: up to now, and from now on."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from datetime import datetime
from fnmatch import fnmatchcase
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from dashborion.concurrency import start
from dashborion.config.targets import Environment
from dashborion.engines.answers import (
    Answer,
    flat,
    matching,
    matching_in,
    require_matches,
    widened,
)
from dashborion.engines.fleet import Fleet
from dashborion.engines.logs import TICK_SECONDS, Said
from dashborion.errors import DashborionError, foreseen
from dashborion.models.event import Event, EventType, by_time
from dashborion.models.query import Name, Query, has_wildcards
from dashborion.models.workload import Workload
from dashborion.orchestrators.event_feeds import Feed, Fits, Told
from dashborion.orchestrators.logs import Ended
from dashborion.orchestrators.protocol import Orchestrator

_SHORTENED = 40  # characters of a long name that the names of its pods begin with


class Kept(Struct, frozen=True):
    """Which events are kept: those of these types, last seen ``since`` then; None is all."""

    since: datetime | None = None
    types: frozenset[EventType] | None = None

    def __call__(self, event: Event) -> bool:
        if self.types is not None and event.type not in self.types:
            return False
        return self.since is None or (event.timestamp is not None and event.timestamp >= self.since)

    def of(self, told: Sequence[Told]) -> list[Event]:
        """The kept events of all these workloads, the newest last."""
        return by_time(event for one in told for event in one.events if self(event))


class _Open(Struct, frozen=True):
    """An environment's feed, and what it told at first of the workloads that fit."""

    environment: Environment
    told: Sequence[Told]
    feed: Feed | None = None


def up_to_now(fleet: Fleet, patterns: Sequence[str], query: Query) -> Answer[Told]:
    """The workloads that fit a NAME or PATTERN, with their events.

    Raises:
        NotFound: a name without wildcards that nothing fits.
    """
    names = [fleet.workload_name(pattern) for pattern in patterns]
    if len(names) > 1 or has_wildcards(names[0].name):
        opened = _opened(fleet, names, query)
        return _told(opened)
    only_events = replace(query, parts=frozenset({"events"}))

    def ask(orchestrator: Orchestrator) -> Told:
        item = orchestrator.inventory.workload(names[0], only_events).item
        return Told(item, item.events)

    return fleet.ask_all(ask, searching=True)


def from_now_on(
    fleet: Fleet, patterns: Sequence[str], query: Query, *, say: Callable[[str], None]
) -> tuple[Answer[Told], Generator[list[Event], None, None]]:
    """The same, and then every new event once, in the order in which they come.

    ``say`` gets messages to a person; an environment that cannot go on is told by the fleet's
    ``report`` as long as another one can.
    """
    names = [fleet.workload_name(pattern) for pattern in patterns]
    opened = _opened(fleet, names, query)
    return _told(opened), _followed(fleet, opened.items, names, say)


def _opened(fleet: Fleet, names: Sequence[Name], query: Query) -> Answer[_Open]:
    asked = widened(query, names)

    def ask(orchestrator: Orchestrator) -> _Open:
        feed, environment = orchestrator.events.feed(asked), orchestrator.environment
        here = matching_in(environment, names, feed.told())
        return _Open(environment, matching(names, here), feed)

    opened = fleet.ask_all(ask)
    if not opened.failures:
        require_matches(names, [one for item in opened.items for one in item.told], fleet.where)
    return opened


def _told(opened: Answer[_Open]) -> Answer[Told]:
    lists = [list(one.told) for one in opened.items]
    return flat(Answer(lists, opened.failures, opened.asked, opened.answered))


class _LiveEvents(Said[Sequence[Event]]):
    """As ``EventSink``."""

    def events(self, events: Sequence[Event]) -> None:
        """As ``EventSink.events``."""
        self.put(events)


def _followed(
    fleet: Fleet, opened: Sequence[_Open], names: Sequence[Name], say: Callable[[str], None]
) -> Generator[list[Event], None, None]:
    live = _LiveEvents()
    running = {start(partial(_follow, one, names, live)) for one in opened}
    errors: list[DashborionError] = []
    try:
        while running:
            items = live.take(TICK_SECONDS)
            for item in items:
                if isinstance(item, str):
                    say(item)
            if events := [event for item in items if not isinstance(item, str) for event in item]:
                yield events
            done = {one for one in running if one.done()}
            running -= done
            errors += _reported(fleet, done, is_last=not running)
    finally:
        live.end()
    if errors:
        raise errors[-1]


def _reported(
    fleet: Fleet, done: set[Future[DashborionError | None]], *, is_last: bool
) -> list[DashborionError]:
    """The errors of feeds that ended; reported, but for the last of all, which is raised."""
    found = [error for one in done if (error := one.result())]
    for error in found[:-1] if is_last else found:
        fleet.report(error)
    return found


def _follow(opened: _Open, names: Sequence[Name], live: _LiveEvents) -> DashborionError | None:
    label = opened.environment.label

    def fits(item: Workload) -> bool:
        return bool(matching(names, [Told(item, [])]))

    def begins(name: str) -> bool:
        return any(fnmatchcase(name, f"{one.name[:_SHORTENED]}*") for one in names)

    try:
        with foreseen(label), suppress(Ended):
            if opened.feed is not None:
                opened.feed.follow(live, Fits(fits, begins))
    except DashborionError as error:
        error.environment = error.environment or label
        return error
    return None
