"""What changed and what went wrong, entry by entry, in the same words on every orchestrator."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import field

from dashborion.models.base import Model
from dashborion.models.cause import Severity
from dashborion.models.definition import Difference


class EntryKind(StrEnum):
    """In the order in which entries of the same second are told: changes before what they do."""

    CONFIG = "config"
    ROLLOUT = "rollout"
    SCALE = "scale"
    HOOK = "hook"
    ALARM = "alarm"
    NODE = "node"
    INSTANCE = "instance"
    RESTART = "restart"


class Actor(Model, frozen=True, kw_only=True):
    """Who did it, and which API says so: ``managedFields``, ``cloudtrail`` or ``autoscaling``."""

    name: str
    via: str


class Source(Model, frozen=True, kw_only=True):
    """Which API told it, and of which object."""

    api: str
    object: str


class Entry(Model, frozen=True, kw_only=True):
    """Something that happened.

    ``timestamp`` is null where no API says when: the entry then stands behind what it followed.
    What happened ``count`` times did so from ``timestamp`` to ``lastSeen``. ``before`` and
    ``after`` are revisions, replicas or restarts. ``workload`` is null where it is about none,
    or about several. ``differences`` are the fields that a rollout changed.
    """

    timestamp: datetime | None
    project: str | None
    environment: str
    namespace: str | None
    workload: str | None
    kind: EntryKind
    severity: Severity
    summary: str
    source: Source
    instance: str | None = None
    before: str | None = None
    after: str | None = None
    actor: Actor | None = None
    count: int = 1
    last_seen: datetime | None = None
    differences: list[Difference] = field(default_factory=list)
