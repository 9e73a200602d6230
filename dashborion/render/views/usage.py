"""What workloads, instances and machines use; in a pipe numbers without units."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

from dashborion.models.kinds import KIND_OF
from dashborion.models.usage import Consumption, Hottest, MachineUsage, Usage
from dashborion.render.columns import (
    BAD,
    BUSY,
    GOOD,
    QUIET,
    Column,
    View,
    column,
    environment_columns,
    location_columns,
    name_column,
)

_UNITS = {"cpu": "m", "memory": "Mi"}  # as kubectl top writes them
_HOT, _WARM, _IDLE = 90, 75, 25  # percent
_CELLS = 5


def _style(percent: float | None) -> str:
    if percent is None or percent < _IDLE:
        return QUIET
    return BAD if percent > _HOT else BUSY if percent > _WARM else GOOD


def _bar(one: Consumption, *, machine: bool) -> str | None:
    """A bar, the percentage, and what it is of: the limit (L) or the request (R)."""
    if one.percent is None:
        return None
    filled = min(_CELLS, round(one.percent * _CELLS / 100))
    of = "" if machine else " R" if one.percent_of_limit is None else " L"
    return f"{'|' * filled:<{_CELLS}} {int(one.percent):>3}%{of}"


def _of(resource: str, *, machine: bool = False) -> list[Column]:
    """The columns of one resource; only of machines a terminal shows what is reserved, of what."""
    of, unit = attrgetter(resource), _UNITS[resource]

    def amount(key: str, *attributes: str, **settings: Any) -> Column:
        values = [attrgetter(f"{resource}.{attribute}") for attribute in attributes]

        def with_unit(item: Usage | MachineUsage) -> str | None:
            shown = [value(item) for value in values]
            return None if None in shown else "/".join(map(str, shown)) + unit

        return column(key, values[0], short=with_unit, order=values[0], right=True, **settings)

    both = ("requested", "limit") if machine else ("requested",)
    return [
        amount(resource, "used"),
        column(
            f"{resource}-percent",
            lambda item: of(item).percent,
            lambda item: _style(of(item).percent),
            title=f"{resource[:3].upper()}%",
            short=lambda item: _bar(of(item), machine=machine),
        ),
        amount(f"{resource}-requested", *both, piped=not machine, title="RESERVED"),
        amount(f"{resource}-limit", "limit", piped=True),
        column(f"{resource}-of-request", f"{resource}.percent_of_request", piped=True),
        column(f"{resource}-of-limit", f"{resource}.percent_of_limit", piped=True),
    ]


def _hottest(item: Usage) -> tuple[float, str, Hottest] | None:
    """The resource of which something uses most of what it may, and what that is."""
    hottest = () if item.container else (item.cpu.hottest, item.memory.hottest)
    known = zip(("cpu", "memory"), hottest, strict=False)
    found = [(one.percent, resource, one) for resource, one in known if one is not None]
    return max(found, key=lambda one: one[0], default=None)


def _hottest_text(item: Usage) -> str | None:
    if (found := _hottest(item)) is None:
        return None
    percent, resource, one = found
    where = "/".join(filter(None, (one.instance, one.container)))
    return f"{int(percent)}% {resource} {where}".rstrip()


def _hottest_percent(item: Usage) -> float | None:
    return found[0] if (found := _hottest(item)) else None


_MEASURED = [column(key, piped=True) for key in ("sampled-at", "window", "source")]

USAGE = View(
    "running workloads or instances",
    [
        *location_columns(),
        name_column("workload"),
        column("instance", shrink=1, min_width=14),
        column("container", shrink=1),
        column("type", lambda item: str(item.type) if item.type else None, piped=True),
        column("instances", lambda item: None if item.instance else item.instances, right=True,
               short=lambda item: f"{item.sampled}/{item.instances}", spare=2),
        column("sampled", piped=True),
        *_of("cpu"),
        *_of("memory"),
        column("hottest", _hottest_text, lambda item: _style(_hottest_percent(item)),
               order=_hottest_percent, spare=1, shrink=2, min_width=16),
        *_MEASURED,
    ],
    name=lambda item: str(item.instance or item.workload),
    kind=lambda item: KIND_OF[item.type] if item.type and not item.container else "",
)  # fmt: skip

MACHINES = View(
    "machines",
    [
        *environment_columns(),
        name_column(),
        column("kind", piped=True),
        *_of("cpu", machine=True),
        *_of("memory", machine=True),
        *_MEASURED,
    ],
)
