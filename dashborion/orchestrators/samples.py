"""What both orchestrators measure, in units whose sums are exact, before it is grouped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from dashborion.models.kinds import WorkloadType

NANOCORES = 10**9
MEBIBYTE = 1 << 20


class Figures(Struct, frozen=True, gc=False):
    """CPU in billionths of a core, or memory in bytes; None is unknown, or none that is set.

    ``highest`` is the percent that one of several instances uses, where it is not known which.
    """

    used: int | None = None
    requested: int | None = None
    limit: int | None = None
    highest: float | None = None


class Part(Struct, frozen=True, gc=False):
    """One container."""

    name: str
    cpu: Figures
    memory: Figures


class Sample(Struct, frozen=True, kw_only=True, gc=False):
    """One instance; or a whole workload, ``instance`` None, of which only that is measured."""

    namespace: str
    workload: str | None
    type: WorkloadType | None
    instance: str | None
    instances: int = 1
    cpu: Figures
    memory: Figures
    parts: Sequence[Part] = ()
    sampled_at: datetime | None
    window: float | None
    source: str


class Machine(Struct, frozen=True, kw_only=True):
    """A node, a container instance, or a cluster of these; ``limit`` is what it has."""

    name: str
    kind: str
    cpu: Figures
    memory: Figures
    sampled_at: datetime | None = None
    window: float | None = None
    source: str
