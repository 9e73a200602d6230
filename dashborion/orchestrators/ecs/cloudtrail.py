"""Who did it, as far as CloudTrail tells: its events beside the entries of a timeline. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec

from dashborion.models.cause import Severity
from dashborion.models.timeline import Actor, Entry, EntryKind
from dashborion.orchestrators.ecs import wire

SOON = timedelta(seconds=5)  # within which AWS' services tell the same
_ON_TIME = timedelta(minutes=15)  # that CloudTrail takes
_ABOUT = {
    "UpdateService": EntryKind.ROLLOUT,
    "UpdateExpressGatewayService": EntryKind.ROLLOUT,
    "RegisterTaskDefinition": EntryKind.CONFIG,
    "RegisterScalableTarget": EntryKind.SCALE,
    "StopTask": EntryKind.INSTANCE,
    "ContinueServiceDeployment": EntryKind.HOOK,
    "StopServiceDeployment": EntryKind.ROLLOUT,
}
"""The events of CloudTrail that are asked for, and what they are about."""


class Trail(wire.Pascal, frozen=True):
    """An event of CloudTrail, without what was asked for in it, which may hold secrets."""

    event_name: str = ""
    event_time: datetime | None = None
    username: str = ""


def names_about(kinds: set[EntryKind]) -> list[str]:
    """The events to ask for to know who is behind entries of these kinds."""
    return [name for name in _ABOUT if any(_may_be_about(name, kind) for kind in kinds)]


def with_actors(told: Iterable[Entry], trails: Sequence[Trail], now: datetime) -> list[Entry]:
    """Entries with who made the only call of that kind at that time, if CloudTrail knows it."""
    return [_with_actor(one, trails, now) for one in told]


def _with_actor(entry: Entry, trails: Sequence[Trail], now: datetime) -> Entry:
    at = entry.timestamp
    if at is None or entry.actor is not None or entry.kind not in _ABOUT.values():
        return entry
    if entry.severity is Severity.ERROR or entry.summary == "started":
        return entry  # what ECS does by itself
    near = {
        one.username
        for one in trails
        if one.event_time is not None
        and abs(one.event_time - at) <= (SOON if entry.kind is not EntryKind.SCALE else 6 * SOON)
        and _may_be_about(one.event_name, entry.kind)
    }
    if len(near) == 1:
        return msgspec.structs.replace(entry, actor=Actor(name=near.pop(), via="cloudtrail"))
    if not near and now - at < _ON_TIME:
        return msgspec.structs.replace(entry, actor=Actor(name="not yet known", via="cloudtrail"))
    return entry


def _may_be_about(name: str, kind: EntryKind) -> bool:
    """Whether an event of that name is about entries of that kind; a count is updated, too."""
    return _ABOUT.get(name) is kind or (name == "UpdateService" and kind is EntryKind.SCALE)
