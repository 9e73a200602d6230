"""What people look at first of a page's long lists: few rows, the worst first. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from dashborion.models.event import Event, EventType
from dashborion.models.instance import Instance
from dashborion.render.cells import human
from dashborion.render.views.instances import is_failing
from dashborion.render.views.workloads import event_text
from dashborion.streams import length

SHOWN_EVENTS, SHOWN_STOPPED = 10, 3

# What tells apart messages that say the same: ids of tasks, deployments and Kubernetes' objects.
_IDS = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b[0-9a-f]{32}\b|ecs-svc/\d+")


class EventRow(Struct, frozen=True):
    """One or several events that say the same; ``object`` is None if the page is about it."""

    seen: str
    type: EventType
    reason: str | None
    object: str | None
    message: str


def instances(rows: Sequence[Instance]) -> tuple[list[Instance], str]:
    """What runs, what fails of it behind it, and of what stopped the newest, failures first."""
    stopped = [one for one in rows if one.status == "stopped"]
    going = [one for one in rows if one.status != "stopped"]
    stopped.sort(key=lambda one: (is_failing(one), *_moment(one.stopped_at)), reverse=True)
    going.sort(key=lambda one: _moment(one.created_at), reverse=True)
    going.sort(key=lambda one: not one.ready)
    left = len(stopped) - SHOWN_STOPPED
    return [*going, *stopped[:SHOWN_STOPPED]], f"+{left} stopped" if left > 0 else ""


def events(rows: Sequence[Event], subject: str, now: datetime) -> tuple[list[EventRow], str]:
    """The newest events of a page about ``subject``, those that say the same as one.

    Warnings come first, and of each kind the newest.
    """
    folded = _folded(rows)
    left = len(folded) - SHOWN_EVENTS
    newest = [_row(group, subject, now) for group in reversed(folded[-SHOWN_EVENTS:])]
    newest.sort(key=lambda row: row.type is not EventType.WARNING)
    return newest, f"+{left} older" if left > 0 else ""


def _folded(events: Sequence[Event]) -> list[list[Event]]:
    """Events by what they say, in the order of the newest of each."""
    names = {event.object.partition("/")[2] for event in events} - {""}
    named = re.compile("|".join(map(re.escape, sorted(names, key=len, reverse=True))) or r"(?!)")
    groups: dict[tuple[EventType, str | None, str], list[Event]] = {}
    for event in events:
        key = (event.type, event.reason, named.sub("", _IDS.sub("", event.message)))
        groups[key] = [*groups.pop(key, ()), event]
    return list(groups.values())


def _row(group: Sequence[Event], subject: str, now: datetime) -> EventRow:
    newest = group[-1]
    objects = list(dict.fromkeys(_object(one, subject) for one in reversed(group)))
    more = f" +{len(objects) - 1}" if len(objects) > 1 else ""
    return EventRow(
        seen=_seen(group, now),
        type=newest.type,
        reason=newest.reason,
        object=f"{objects[0]}{more}" if objects[0] else None,
        message=event_text(newest.message),
    )


def _object(event: Event, subject: str) -> str | None:
    """What an event is about: a pod by its name alone, and nothing if it is the page's subject."""
    kind, _, name = event.object.partition("/")
    if name == subject:
        return None
    return name if kind == "pod" else event.object


def _seen(group: Sequence[Event], now: datetime) -> str:
    """``17s (x4 over 26h)``, as kubectl writes it."""
    last = group[-1].timestamp
    count = sum(event.count for event in group)
    begun = min((one.first_seen or one.timestamp or now for one in group), default=now)
    if last is None:
        return human(None, now)
    span = int((last - begun).total_seconds())
    over = f" over {length(span)}" if span > 0 else ""
    return human(last, now) + (f" (x{count}{over})" if count > 1 else "")


def _moment(time: datetime | None) -> tuple[bool, float]:
    """A key to sort by: those without a time come first."""
    return (time is not None, time.timestamp() if time is not None else 0.0)
