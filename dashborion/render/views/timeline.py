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
from dashborion.streams import age


def _style(entry: Entry) -> str:
    """Of what is wrong alone: most entries are information, and most of what is read."""
    return "" if entry.severity == "info" else STYLES.get(entry.severity, "")


def _times(entry: Entry) -> str | None:
    """How often, and in which time."""
    if entry.count < 2:
        return None
    if entry.last_seen is None or entry.timestamp in (None, entry.last_seen):
        return f"x{entry.count}"
    return f"x{entry.count} in {age(entry.timestamp, entry.last_seen)}"


def _what(entry: Entry) -> str:
    """With its instance, and how often it was."""
    more = ", ".join(filter(None, (entry.instance, _times(entry))))
    return f"{entry.summary} ({more})" if more else entry.summary


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
