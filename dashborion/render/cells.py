"""One value as text, for a terminal or for a pipe, and lists in chunks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TypeVar

from dashborion.errors import DashborionError
from dashborion.streams import Streams, age, escape, one_line

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


_CODES = {"green": "32", "red": "31", "yellow": "33", "dim": "2", "bold": "1"}


def painted(streams: Streams, text: str, style: str) -> str:
    """A text in a colour, where colours are wanted; it has been escaped."""
    code = _CODES.get(style)
    return f"\x1b[{code}m{text}\x1b[0m" if code and streams.out_color else text
