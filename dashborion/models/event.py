"""Events."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from dashborion.models.base import Model


class EventType(StrEnum):
    NORMAL = "normal"
    WARNING = "warning"


class Event(Model, frozen=True, kw_only=True):
    """A message of the orchestrator about an object: ``count`` times, last at ``timestamp``."""

    timestamp: datetime | None
    type: EventType
    reason: str | None
    message: str
    object: str
    count: int
