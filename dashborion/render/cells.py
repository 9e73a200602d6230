"""One value as text, for a terminal or for a pipe, and lists in chunks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TypeVar

from dashborion.errors import DashborionError
from dashborion.streams import escape

T = TypeVar("T")

CHUNK = 500  # rows that are encoded at once: more are not faster and take more memory
Cell = str | int | float | bool | datetime | None
EMPTY = "-"


def chunks(items: Iterable[T]) -> Iterator[list[T]]:
    """The items in lists of ``CHUNK``.

    Raises:
        DashborionError: what the iteration raised, after the items before it.
    """
    chunk: list[T] = []
    try:
        for item in items:
            chunk.append(item)
            if len(chunk) == CHUNK:
                yield chunk
                chunk = []
    except DashborionError:
        if chunk:
            yield chunk
        raise
    if chunk:
        yield chunk


def plain(value: Cell) -> str:
    """For a pipe: times in RFC 3339, nothing shortened, control characters escaped."""
    if value is None:
        return EMPTY
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, bool):
        return "yes" if value else "no"
    return escape(str(value))


def human(value: Cell, now: datetime) -> str:
    """For a terminal: as ``plain``, but times as ages."""
    return age(value, now) if isinstance(value, datetime) else plain(value)


def age(then: datetime, now: datetime) -> str:
    """The time since then, as ``length`` writes it."""
    return length(int((now - then).total_seconds()))


def length(seconds: int) -> str:
    """A duration in at most two units, as kubectl's ``HumanDuration``."""
    if seconds < 0:
        return "0s"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if seconds < 120:
        return f"{seconds}s"
    if minutes < 10:
        return _two_units(minutes, "m", seconds % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return _two_units(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return _two_units(days, "d", hours % 24, "h")
    if days < 365 * 2:
        return f"{days}d"
    if days < 365 * 8:
        return _two_units(days // 365, "y", days % 365, "d")
    return f"{days // 365}y"


def _two_units(large: int, unit: str, small: int, small_unit: str) -> str:
    return f"{large}{unit}{small}{small_unit}" if small else f"{large}{unit}"
