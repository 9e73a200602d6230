"""What both orchestrators measure, in units whose sums are exact, and how it is told. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal

from msgspec import Struct

from dashborion.models.kinds import WorkloadType
from dashborion.models.usage import Consumption, Hottest

NANOCORES = 10**9
MEBIBYTE = 1 << 20
Resource = Literal["cpu", "memory"]


class Figures(Struct, frozen=True, gc=False):
    """CPU in billionths of a core, or memory in bytes; None is unknown, or none that is set.

    ``highest`` is the percent that one of several instances uses, where it is not known which.
    """

    used: int | None = None
    requested: int | None = None
    limit: int | None = None
    highest: float | None = None

    @property
    def percent(self) -> float | None:
        """Of the limit; without one, of the request."""
        return percent(self.used, self.requested if self.limit is None else self.limit)


class Sample(Struct, frozen=True, kw_only=True, gc=False):
    """One instance, with its containers as ``parts``; or a whole workload, ``instance`` None."""

    namespace: str
    workload: str | None
    type: WorkloadType | None
    instance: str | None
    container: str | None = None
    instances: int = 1
    cpu: Figures
    memory: Figures
    parts: Sequence[tuple[str, Figures, Figures]] = ()
    sampled_at: datetime | None
    window: float | None
    source: str


def known_sum(values: Iterable[int | None]) -> int | None:
    """The sum of those that are known; None if none is."""
    known = [one for one in values if one is not None]
    return sum(known) if known else None


def whole_sum(values: Iterable[int | None]) -> int | None:
    """The sum; None unless all are known."""
    known = list(values)
    return None if None in known else known_sum(known)


def percent(part: int | None, whole: int | None) -> float | None:
    return round(part * 100 / whole, 1) if part is not None and whole else None


def consumption(name: Resource, one: Figures, hottest: Hottest | None = None) -> Consumption:
    """As kubectl: what is used of CPU is rounded up, of memory down; all else up."""
    size = NANOCORES // 1000 if name == "cpu" else MEBIBYTE

    def up(value: int | None) -> int | None:
        return None if value is None else -(-value // size)

    used = one.used // size if name == "memory" and one.used is not None else up(one.used)
    return Consumption(
        used=used,
        requested=up(one.requested),
        limit=up(one.limit),
        percent_of_request=percent(one.used, one.requested),
        percent_of_limit=percent(one.used, one.limit),
        hottest=hottest,
    )
