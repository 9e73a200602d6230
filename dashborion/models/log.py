"""Lines that containers wrote."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from dashborion.models.base import Model

# Lines travel as bytes with their moment in front, 2026-01-01T00:00:00.000000000Z, and a space.
STAMP = 30


HEAD = STAMP + 1


class LogLine(Model, frozen=True, kw_only=True):
    """One line that a container wrote; ``timestamp`` is as precise as the orchestrator has it."""

    timestamp: Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
    project: str | None
    environment: str
    namespace: str
    workload: str | None
    instance: str
    container: str
    message: str
