"""Rollouts and revisions."""

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
    """The state of the rollout of the newest revision; ``message`` says what it waits for."""

    state: RolloutState
    revision: str | None
    message: str | None


class Revision(Model, frozen=True, kw_only=True):
    """A revision of a workload's definition; ``current`` if the workload is set to it."""

    revision: str
    current: bool
    images: list[str]
    created_at: datetime | None
    message: str | None
