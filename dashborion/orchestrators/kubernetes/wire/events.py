"""Events: as a workload or an instance shows them, and with who reported them."""

from __future__ import annotations

from datetime import datetime

from dashborion.orchestrators.kubernetes.wire.meta import Object, Reference, Wire


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


class InvolvedObject(Reference, frozen=True):
    field_path: str | None = None


class EventSource(Wire, frozen=True):
    component: str | None = None
    host: str | None = None


class ReportedEvent(Event, frozen=True):
    """An event with what reported it, as ``k8s events`` shows it."""

    involved_object: InvolvedObject = InvolvedObject()
    first_timestamp: datetime | None = None
    source: EventSource = EventSource()
    reporting_component: str | None = None
    reporting_instance: str | None = None
