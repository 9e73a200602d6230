"""A workload, what is around it, and what entries and events of its past have in common. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from dashborion.models.query import Found
from dashborion.models.timeline import Entry, EntryKind, Source
from dashborion.models.workload import Workload
from dashborion.orchestrators.kubernetes import normalise, wire
from dashborion.orchestrators.timeline import entry

MANAGED = "managedFields"


class WorkloadPast(Struct, frozen=True, kw_only=True):
    """A workload and what is around it.

    ``kept`` are its own revisions with their templates. ``events`` are those about it, its
    revisions, autoscalers, and pods, those that are gone included.
    """

    plain: Workload
    item: wire.Controller
    kept: Sequence[Found[normalise.Kept]] = ()
    pods: Sequence[wire.Pod] = ()
    events: Sequence[wire.Event] = ()
    autoscalers: Sequence[wire.TracedAutoscaler] = ()
    config_maps: Sequence[wire.TracedObject] = ()


def told(
    facts: WorkloadPast, kind: EntryKind, at: datetime | None, summary: str, **more: Any
) -> Entry:
    """An entry about the workload, told by events unless an ``api`` is named."""
    itself = f"{type(facts.item).__name__.lower()}/{facts.plain.name}"
    source = Source(api=more.pop("api", "events"), object=more.pop("object", itself))
    return entry(facts.plain, kind, at, summary, source, **more)


def first(event: wire.Event) -> datetime | None:
    """When it was said first."""
    return event.first_timestamp or event.event_time or event.metadata.creation_timestamp


def last(event: wire.Event) -> datetime | None:
    """When it was said last."""
    return (
        (event.series or wire.Series()).last_observed_time or event.last_timestamp or first(event)
    )


def later(event: wire.Event) -> datetime | None:
    """When it was said last, if it was said more than once."""
    return last(event) if count(event) > 1 else None


def count(event: wire.Event) -> int:
    return (event.series or wire.Series()).count or event.count or 1
