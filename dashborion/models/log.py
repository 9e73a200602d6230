"""Log lines and their sources."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from dashborion.models.base import Model

# Lines are handled as bytes: a timestamp, 2026-01-01T00:00:00.000000000Z, a space, the message.
STAMP = 30
HEAD = STAMP + 1
SECOND = 19  # characters of a timestamp without its fraction


class Source(Struct, frozen=True):
    """One container of one instance.

    ``alone`` when no other container of the instance is read, so that its name need not be
    shown. ``digits`` of a second's fraction are known.
    """

    project: str | None
    environment: str
    namespace: str
    workload: str | None
    instance: str
    container: str
    alone: bool = False
    digits: int = 9

    def __str__(self) -> str:
        return self.instance if self.alone else f"{self.instance}/{self.container}"


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
