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
    of = "L" if one.percent_of_limit is not None else "R"
    return f"{'|' * filled:<{_CELLS}} {int(one.percent):>3}% {of}"


def _of(resource: str, *, machine: bool = False) -> list[Column]:
    """The columns of one resource; only of machines a terminal shows what is reserved."""
    of, unit, short = attrgetter(resource), _UNITS[resource], resource[:3].upper()

    def amount(key: str, attribute: str, **settings: Any) -> Column:
        value = attrgetter(f"{resource}.{attribute}")

        def with_unit(item: Usage | MachineUsage) -> str | None:
            return None if value(item) is None else f"{value(item)}{unit}"

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


def _hottest(item: Usage | MachineUsage) -> tuple[str, Hottest] | None:
    """The resource of which something uses most of what it may, and what that is."""
    known = [("cpu", item.cpu.hottest), ("memory", item.memory.hottest)]
    found = [(resource, one) for resource, one in known if one is not None]
    return max(found, key=lambda one: one[1].percent, default=None)


def _hottest_text(item: Usage | MachineUsage) -> str | None:
    found = _hottest(item)
    if found is None:
        return None
    resource, one = found
    where = "/".join(filter(None, (one.instance, one.container)))
    return f"{int(one.percent)}% {resource} {where}".rstrip()


def _hottest_column() -> Column:
    return column(
        "hottest",
        _hottest_text,
        lambda item: _style(found[1].percent if (found := _hottest(item)) else None),
        order=lambda item: found[1].percent if (found := _hottest(item)) else None,
        spare=1,
        shrink=2,
        min_width=16,
    )


def _measured() -> list[Column]:
    return [
        column("sampled-at", piped=True),
        column("window", piped=True),
        column("source", piped=True),
    ]


def _kind(item: Usage) -> str:
    return KIND_OF[item.type] if item.type and not item.container else ""


WORKLOADS = View(
    "running workloads",
    [
        *location_columns(),
        name_column("name", "workload"),
        column("instance", shrink=1),
        column("container", shrink=1),
        column(
            "type",
            lambda item: str(item.type) if item.type else None,
            short=lambda item: KIND_OF[item.type] if item.type else None,
            spare=3,
        ),
        column(
            "instances", short=lambda item: f"{item.sampled}/{item.instances}", right=True, spare=2
        ),
        column("sampled", piped=True),
        *_of("cpu"),
        *_of("memory"),
        _hottest_column(),
        *_measured(),
    ],
    name=lambda item: str(item.instance or item.workload),
    kind=_kind,
)

INSTANCES = View(
    "running instances",
    [
        *location_columns(),
        name_column("name", "instance"),
        column("container", shrink=1),
        column("workload", shrink=1, spare=2),
        *_of("cpu"),
        *_of("memory"),
        _hottest_column(),
        *_measured(),
    ],
    name=lambda item: str(item.instance or item.workload),
)

MACHINES = View(
    "machines",
    [
        *environment_columns(),
        name_column(),
        column("kind", piped=True),
        *_of("cpu", machine=True),
        *_of("memory", machine=True),
        *_measured(),
    ],
)
