"""Events."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Protocol

import msgspec

from dashborion.models.base import Model


class EventType(StrEnum):
    NORMAL = "normal"
    WARNING = "warning"


class Event(Model, frozen=True, kw_only=True):
    """A message of the orchestrator about an object.

    It was said ``count`` times from ``first_seen`` on, last at ``timestamp``. Where it happened
    and to which workload is null in the events of a rollout, whose workload is known.
    """

    timestamp: datetime | None
    type: EventType
    reason: str | None
    message: str
    object: str
    count: int
    first_seen: datetime | None = None
    project: str | None = None
    environment: str | None = None
    namespace: str | None = None
    workload: str | None = None


class Located(Protocol):
    """A workload or an instance."""

    @property
    def project(self) -> str | None: ...
    @property
    def environment(self) -> str: ...
    @property
    def namespace(self) -> str: ...


def by_time(events: Iterable[Event]) -> list[Event]:
    """The newest last; those without a time stand before all others."""
    return sorted(events, key=lambda event: (event.timestamp is not None, event.timestamp))


def placed(events: Iterable[Event], where: Located, workload: str | None) -> list[Event]:
    """The events with the place and the workload that they are about."""
    return [
        msgspec.structs.replace(
            event,
            project=where.project,
            environment=where.environment,
            namespace=where.namespace,
            workload=workload,
        )
        for event in events
    ]
