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


def _bar(one: Consumption) -> str | None:
    """A bar, the percentage, and what it is of: the limit (L) or the request (R)."""
    if one.percent is None:
        return None
    filled = min(_CELLS, round(one.percent * _CELLS / 100))
    of = "R" if one.percent_of_limit is None else "L"
    return f"{'|' * filled:<{_CELLS}} {int(one.percent):>3}% {of}"


def _of(resource: str, *, machine: bool = False) -> list[Column]:
    """The columns of one resource; only of machines a terminal shows what is reserved."""
    of, short = attrgetter(resource), resource[:3].upper()

    def amount(key: str, attribute: str, **settings: Any) -> Column:
        value = attrgetter(f"{resource}.{attribute}")

        def with_unit(item: Usage | MachineUsage) -> str | None:
            return None if value(item) is None else f"{value(item)}{_UNITS[resource]}"

        return column(key, value, short=with_unit, order=value, right=True, **settings)

    return [
        amount(resource, "used"),
        column(
            f"{resource}-percent",
            lambda item: of(item).percent,
            lambda item: _style(of(item).percent),
            title=f"{short}%",
            short=lambda item: _bar(of(item)),
        ),
        amount(f"{resource}-requested", "requested", piped=not machine, title=f"{short}-REQ"),
        amount(f"{resource}-limit", "limit", piped=not machine, title=f"{short}-LIM"),
        column(f"{resource}-of-request", f"{resource}.percent_of_request", piped=True),
        column(f"{resource}-of-limit", f"{resource}.percent_of_limit", piped=True),
    ]


def _hottest(item: Usage) -> tuple[float, str, Hottest] | None:
    """The resource of which something uses most of what it may, and what that is."""
    known = [("cpu", item.cpu.hottest), ("memory", item.memory.hottest)]
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
        column("instances", right=True, spare=2,
               short=lambda item: None if item.instance else f"{item.sampled}/{item.instances}"),
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
