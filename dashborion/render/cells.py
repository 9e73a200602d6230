"""One value as a person, a pipe or a spreadsheet wants it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TypeVar

from dashborion.errors import DashborionError
from dashborion.streams import escape

T = TypeVar("T")

CHUNK = 500  # rows that are encoded at once; more are not faster, and all of them are in memory
Cell = str | int | float | bool | datetime | None
EMPTY = "-"


def chunks(items: Iterable[T]) -> Iterator[list[T]]:
    """The items, some at a time; those before an error too, then the error."""
    some: list[T] = []
    try:
        for item in items:
            some.append(item)
            if len(some) == CHUNK:
                yield some
                some = []
    except DashborionError:
        if some:
            yield some
        raise
    if some:
        yield some


def plain(value: Cell) -> str:
    """For a pipe: RFC 3339, nothing shortened, harmless on a terminal."""
    if value is None:
        return EMPTY
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, bool):
        return "yes" if value else "no"
    return escape(str(value))


def human(value: Cell, now: datetime) -> str:
    """For a terminal: times are ages."""
    return age(value, now) if isinstance(value, datetime) else plain(value)


def age(then: datetime, now: datetime) -> str:
    """How long ago; see ``length``."""
    return length(int((now - then).total_seconds()))


def length(seconds: int) -> str:
    """A duration in at most two units, as kubectl's ``HumanDuration``."""
    if seconds < 0:
        return "0s"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if seconds < 120:
        return f"{seconds}s"
    if minutes < 10:
        return _two(minutes, "m", seconds % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return _two(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return _two(days, "d", hours % 24, "h")
    if days < 365 * 2:
        return f"{days}d"
    if days < 365 * 8:
        return _two(days // 365, "y", days % 365, "d")
    return f"{days // 365}y"


def _two(large: int, unit: str, small: int, small_unit: str) -> str:
    return f"{large}{unit}{small}{small_unit}" if small else f"{large}{unit}"
