"""The time that ECS writes into what a request changes: now, or a moment of a fleet's past."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

_moment: ContextVar[datetime | None] = ContextVar("_moment", default=None)


def now() -> datetime:
    return _moment.get() or datetime.now(UTC)


@contextmanager
def moved_to(moment: datetime) -> Iterator[None]:
    """Requests of this thread are made at that moment."""
    token = _moment.set(moment)
    try:
        yield
    finally:
        _moment.reset(token)
