"""Revisions, rollouts and the changes that begin them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from dashborion.models.base import Model
from dashborion.models.cause import Cause
from dashborion.models.kinds import WorkloadType
from dashborion.models.managed import ManagedBy


class RolloutState(StrEnum):
    COMPLETE = "complete"
    PROGRESSING = "progressing"
    PAUSED = "paused"
    FAILED = "failed"


class Traffic(Model, frozen=True, kw_only=True):
    """How many percent of each traffic are directed to the newest revision."""

    production: float | None
    test: float | None


class WaitingFor(Model, frozen=True, kw_only=True):
    """The pause at which a rollout waits for a person, who may continue or abort it.

    ``hook`` is its id where several may wait at once, ``stage`` where in the rollout it is;
    without an answer the orchestrator does ``onTimeout`` (``CONTINUE``, ``ROLLBACK``) at
    ``expiresAt``. All of them are null where the API has no such thing.
    """

    hook: str | None = None
    stage: str | None = None
    expires_at: datetime | None = None
    on_timeout: str | None = None


class Rollout(Model, frozen=True, kw_only=True):
    """The state of the rollout of the newest revision; ``message`` says what it waits for.

    ``causes`` are why it does not get on; null where nobody asked. ``strategy`` is as that of a
    definition: ``rolling``, ``recreate``, ``on-delete``, ``blue-green``, ``canary``, ``linear``.
    ``stage`` and ``traffic`` are null where there are none; ``bakeUntil`` is an estimate.
    ``waitingFor`` is null unless it waits for a person.
    """

    state: RolloutState
    revision: str | None
    message: str | None
    causes: list[Cause] | None = None
    strategy: str | None = None
    stage: str | None = None
    traffic: Traffic | None = None
    bake_until: datetime | None = None
    waiting_for: WaitingFor | None = None


class RolloutStatus(Rollout, frozen=True, kw_only=True):
    """The rollout of a workload, as ``workloads status`` prints it."""

    project: str | None
    environment: str
    namespace: str
    workload: str
    type: WorkloadType


class Outcome(StrEnum):
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


class ChangeError(Model, frozen=True, kw_only=True):
    """Why a change was not made, or how the wait for it ended."""

    code: str
    message: str
    hint: str | None


class Revision(Model, frozen=True, kw_only=True):
    """A revision of a workload's definition; ``current`` if the workload is set to it."""

    revision: str
    current: bool
    images: list[str]
    created_at: datetime | None
    message: str | None


class Change(Model, frozen=True, kw_only=True):
    """A change of one workload or instance; with ``dryRun`` it was not made.

    ``before`` and ``after`` are the replicas, the revisions, or the status of an
    instance; for a restart on ECS, which makes no revision, the deployments' ids.
    ``after`` is null while it is unknown. ``rollout`` is its state at the end of the
    wait, which took ``seconds``; both are null without a wait. ``type`` is null for an
    instance. ``revisions`` are those that a rollback leaves and goes back to, as they were.
    ``outcome`` is null while nothing was tried; ``error`` says why it failed or was skipped.
    """

    action: str
    project: str | None
    environment: str
    namespace: str
    workload: str | None
    instance: str | None
    before: int | str | None
    after: int | str | None
    dry_run: bool
    rollout: Rollout | None
    type: WorkloadType | None = None
    seconds: float | None = None
    revisions: list[Revision] | None = None
    managed_by: ManagedBy | None = None
    outcome: Outcome | None = None
    error: ChangeError | None = None
