"""How far a revision has come, and the revisions there are."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from dashborion.models.base import Model


class RolloutState(StrEnum):
    COMPLETE = "complete"
    PROGRESSING = "progressing"
    PAUSED = "paused"
    FAILED = "failed"


class Rollout(Model, frozen=True, kw_only=True):
    """How far the newest revision has come; ``message`` says what it waits for."""

    state: RolloutState
    revision: str | None
    message: str | None


class Revision(Model, frozen=True, kw_only=True):
    """One version of a workload's definition."""

    revision: str
    current: bool
    images: list[str]
    created_at: datetime | None
    message: str | None
