"""What every object, list and error of the API has: metadata, conditions, references, events."""

from __future__ import annotations

from datetime import datetime
from typing import Generic, TypeVar

from msgspec import Struct, field

I = TypeVar("I")  # noqa: E741 - an item


class Wire(Struct, rename="camel", frozen=True, gc=False):
    """Decoded from an answer and never changed.

    Trees without cycles need no garbage collector, hence ``gc=False``.
    """


class Owner(Wire, frozen=True):
    kind: str
    name: str
    uid: str
    api_version: str = ""
    controller: bool | None = None


class Meta(Wire, frozen=True):
    name: str
    uid: str = ""
    namespace: str = ""
    generation: int = 0
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    owner_references: list[Owner] | None = None


class ListMeta(Wire, frozen=True):
    continue_: str | None = field(name="continue", default=None)


class Object(Wire, frozen=True):
    """Any object of the API; by itself, what a ``PartialObjectMetadata`` has."""

    metadata: Meta


class Page(Wire, Generic[I], frozen=True):
    """One page of a list. ``items`` is required: an answer without it is not a list."""

    items: list[I] | None
    metadata: ListMeta


class Header(Wire, frozen=True):
    """The part of a page that says whether another page follows."""

    metadata: ListMeta


class Status(Wire, frozen=True):
    """The body of the API's error answers."""

    message: str | None = None
    reason: str | None = None
    metadata: ListMeta = ListMeta()


class Condition(Wire, frozen=True):
    type: str
    status: str = "Unknown"
    reason: str | None = None
    message: str | None = None
    last_update_time: datetime | None = None
    last_transition_time: datetime | None = None


class Reference(Wire, frozen=True):
    kind: str | None = None
    name: str | None = None
    uid: str | None = None


class Series(Wire, frozen=True):
    count: int | None = None
    last_observed_time: datetime | None = None


class Event(Object, frozen=True):
    involved_object: Reference = Reference()
    type: str | None = None
    reason: str | None = None
    message: str | None = None
    count: int | None = None
    last_timestamp: datetime | None = None
    event_time: datetime | None = None
    series: Series | None = None
