"""What a command changed."""

from __future__ import annotations

from dashborion.models.base import Model
from dashborion.models.rollout import Rollout


class Change(Model, frozen=True, kw_only=True):
    """What a command changed, or with ``dryRun`` would: one workload or one instance.

    ``before`` and ``after`` are what the action is about: replicas, a revision (of a
    restart on ECS, which makes none, the deployments' ids), an instance's status;
    ``after`` is None as long as it is not known. ``rollout`` is where the wait ended,
    well or not, None without one.
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
