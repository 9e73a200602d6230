"""What workloads, instances and machines use of what they asked for, as it was last measured."""

from __future__ import annotations

from datetime import datetime

from dashborion.models.base import Model
from dashborion.models.kinds import WorkloadType


class Hottest(Model, frozen=True, kw_only=True):
    """What uses most of its limit, or without one of its request.

    ``container`` is null where only the whole instance has either, ``instance`` where nobody says
    which one it is: CloudWatch has the maximum of a service.
    """

    instance: str | None
    container: str | None
    percent: float


class Consumption(Model, frozen=True, kw_only=True):
    """CPU in millicores, or memory in MiB.

    ``limit`` is null if one container has none, ``used`` if nothing has been measured yet.
    """

    used: int | None
    requested: int | None
    limit: int | None
    percent_of_request: float | None
    percent_of_limit: float | None
    hottest: Hottest | None

    @property
    def percent(self) -> float | None:
        """Of the limit; without one, of the request."""
        limit = self.percent_of_limit
        return self.percent_of_request if limit is None else limit


class Usage(Model, frozen=True, kw_only=True):
    """What a workload, one of its instances, or one of its containers uses.

    ``instances`` counts those that run or are about to, ``sampled`` those that have been measured:
    the numbers are of these alone, unless there is none. ``sampledAt`` is the end of the oldest
    sample, ``window`` its length in seconds; ``source`` is ``metrics-server``, ``cloudwatch`` or
    ``container-insights``.
    """

    project: str | None
    environment: str
    namespace: str
    workload: str | None
    type: WorkloadType | None
    instance: str | None
    container: str | None
    orchestrator: str
    instances: int
    sampled: int
    cpu: Consumption
    memory: Consumption
    sampled_at: datetime | None
    window: float | None
    source: str


class MachineUsage(Model, frozen=True, kw_only=True):
    """What a machine uses; ``limit`` is what it has for pods or tasks.

    ``kind`` is ``node``, ``container-instance``, or ``cluster``: all container instances of it,
    of which alone CloudWatch knows what they use. Where only what is reserved is known, ``source``
    is ``ecs``.
    """

    project: str | None
    environment: str
    name: str
    kind: str
    orchestrator: str
    cpu: Consumption
    memory: Consumption
    sampled_at: datetime | None
    window: float | None
    source: str
