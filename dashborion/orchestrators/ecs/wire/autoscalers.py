"""Application Auto Scaling."""

from __future__ import annotations

from dashborion.orchestrators.ecs.wire.base import Pascal


class Suspended(Pascal, frozen=True):
    dynamic_scaling_in_suspended: bool = False
    dynamic_scaling_out_suspended: bool = False


class ScalableTarget(Pascal, frozen=True):
    resource_id: str
    min_capacity: int = 0
    max_capacity: int = 0
    suspended_state: Suspended = Suspended()
