"""One value as text, for a terminal or for a pipe, and lists in chunks."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TypeVar

from dashborion.errors import DashborionError
from dashborion.streams import Streams, escape, one_line

T = TypeVar("T")

CHUNK = 500  # rows that are encoded at once: more are not faster and take more memory
Cell = str | int | float | bool | datetime | None
EMPTY = "-"

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "y": 365 * 86400}
# Below how many seconds a duration is written in a unit, and with which smaller one.
_LENGTHS = (
    (120, "s", ""), (600, "m", "s"), (10800, "m", ""), (8 * 3600, "h", "m"), (48 * 3600, "h", ""),
    (8 * 86400, "d", "h"), (730 * 86400, "d", ""), (2920 * 86400, "y", "d"), (math.inf, "y", ""),
)  # fmt: skip


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
    """For a pipe: times in RFC 3339, nothing shortened, on one line, control characters escaped."""
    if value is None:
        return EMPTY
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, bool):
        return "yes" if value else "no"
    return escape(one_line(str(value)))


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
    unit, smaller = next(units for limit, *units in _LENGTHS if seconds < limit)
    rest = seconds % _SECONDS[unit] // _SECONDS[smaller] if smaller else 0
    return f"{seconds // _SECONDS[unit]}{unit}" + (f"{rest}{smaller}" if rest else "")


_CODES = {"green": "32", "red": "31", "yellow": "33", "dim": "2", "bold": "1"}


def painted(streams: Streams, text: str, style: str) -> str:
    """A text in a colour, where colours are wanted; it has been escaped."""
    code = _CODES.get(style)
    return f"\x1b[{code}m{text}\x1b[0m" if code and streams.out_color else text
