"""What changed and what went wrong, one line an entry."""

from __future__ import annotations

from dashborion.models.timeline import Entry
from dashborion.render.columns import (
    QUIET,
    STYLES,
    View,
    column,
    location_columns,
    message_column,
    name_column,
)


def _style(entry: Entry) -> str:
    """Of what is wrong alone: most entries are information, and most of what is read."""
    return "" if entry.severity == "info" else STYLES.get(entry.severity, "")


def _times(entry: Entry) -> str | None:
    return f"x{entry.count}" if entry.count > 1 else None


def _what(entry: Entry) -> str:
    """With its instance, and how often it was."""
    of = f"{entry.instance} " if entry.instance else ""
    times = _times(entry)
    return f"{of}{entry.summary}" + (f" ({times})" if times else "")


TIMELINE = View(
    "entries",
    [
        column("time", "timestamp", title="AGE", style=QUIET),
        *location_columns(),
        name_column("workload"),
        column("kind", lambda item: str(item.kind), _style),
        column("severity", lambda item: str(item.severity), _style, piped=True),
        name_column("instance", piped=True),
        column("count", piped=True, right=True),
        column("before", wide=True),
        column("after", wide=True),
        column("who", lambda item: item.actor and item.actor.name, extra=True, shrink=1),
        message_column("summary", style=_style, short=_what),
        column("last-seen", "last_seen", wide=True),
        column("source", lambda item: f"{item.source.api} {item.source.object}", wide=True),
    ],
    name=lambda item: item.source.object,
)
