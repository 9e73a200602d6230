"""Changes that commands make."""

from __future__ import annotations

from dashborion.models.base import Model
from dashborion.models.rollout import Rollout


class Change(Model, frozen=True, kw_only=True):
    """A change of one workload or instance; with ``dryRun`` it was not made.

    ``before`` and ``after`` are the replicas, the revisions, or the status of an
    instance; for a restart on ECS, which makes no revision, the deployments' ids.
    ``after`` is null while it is unknown. ``rollout`` is its state at the end of the
    wait, null without a wait.
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
