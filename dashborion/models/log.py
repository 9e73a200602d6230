"""Log lines."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from dashborion.models.base import Model

# Lines are handled as bytes: a timestamp, 2026-01-01T00:00:00.000000000Z, a space, the message.
STAMP = 30
HEAD = STAMP + 1


class LogLine(Model, frozen=True, kw_only=True):
    """A line that a container wrote; ``timestamp`` is as precise as the orchestrator's."""

    timestamp: Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
    project: str | None
    environment: str
    namespace: str
    workload: str | None
    instance: str
    container: str
    message: str
