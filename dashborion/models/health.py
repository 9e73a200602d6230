"""How whole environments are: what is not well in each, and what failed beside its workloads."""

from __future__ import annotations

from datetime import datetime

from dashborion.models.base import Model
from dashborion.models.cause import Code, NotChecked, Verdict


class StatusCounts(Model, frozen=True, kw_only=True):
    """How many workloads have each status."""

    running: int
    degraded: int
    stopped: int


class Problem(Model, frozen=True, kw_only=True):
    """A workload that is not well, in a line; ``reason`` is the API's word, ``cause`` the code."""

    project: str | None
    environment: str
    namespace: str
    workload: str
    type: str
    status: str
    verdict: Verdict
    since: datetime | None
    reason: str | None
    cause: Code | None
    headline: str


class FailedRun(Model, frozen=True, kw_only=True):
    """A Job, or a task of no service, that failed; ``kind`` says which of these it is."""

    project: str | None
    environment: str
    namespace: str
    kind: str
    name: str
    reason: str | None
    message: str | None
    failed_at: datetime | None


class EnvironmentHealth(Model, frozen=True, kw_only=True):
    """How an environment is.

    ``verdict`` is the worst of its workloads'. Where it could not be asked, that is ``unknown``,
    ``workloads`` is null, and ``error`` says why. ``failed`` are the Jobs and tasks that failed
    within a day, as far as the API remembers them, the newest first.
    """

    project: str | None
    environment: str
    orchestrator: str
    verdict: Verdict
    workloads: StatusCounts | None
    problems: list[Problem]
    failed: list[FailedRun]
    not_checked: list[NotChecked]
    error: str | None
