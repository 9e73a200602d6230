"""The page of ``dashborion status``: first what is not well, in the end how much runs where."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from dashborion.errors import listing
from dashborion.models.base import environment_label
from dashborion.models.cause import Verdict
from dashborion.models.health import EnvironmentHealth
from dashborion.render import table
from dashborion.render.cells import painted
from dashborion.render.columns import View
from dashborion.render.views.causes import untold
from dashborion.render.views.health import ENVIRONMENTS, FAILED, PROBLEMS, known_problems
from dashborion.streams import Streams, escape, one_line

MOST = 10  # rows of a table


def page(
    streams: Streams,
    items: Sequence[EnvironmentHealth],
    *,
    all_problems: str,
    now: datetime,
    drawn: bool,
) -> Iterator[str]:
    """The tables that have something to say; what is left out of the first ones is counted.

    ``all_problems`` is the command that lists the first ones whole. What could not be looked at
    is one line for each environment, however many workloads are unknown by that.
    """
    problems = [one for item in items for one in known_problems(item)]
    problems.sort(key=lambda one: one.verdict != "failing")
    failed = [one for item in items for one in item.failed]
    ordered = sorted(items, key=lambda item: not (item.problems or item.error))
    extra = _extra(len(items), [*problems, *failed])
    sections: list[tuple[str, View, Sequence[Any], str]] = [
        ("Problems", PROBLEMS, problems, f"; all: {escape(all_problems)}"),
        ("Failed Jobs and tasks", FAILED, failed, ""),
        ("Environments", ENVIRONMENTS, ordered, ""),
    ]
    for title, view, rows, more in sections:
        if not rows:
            continue
        shown = rows if view is ENVIRONMENTS else rows[:MOST]
        yield f"{painted(streams, title, 'bold')}\n"
        yield from _table(streams, view, shown, extra, now=now, drawn=drawn)
        if left := len(rows) - len(shown):
            yield f"+{left} more{more}\n"
        yield "" if view is ENVIRONMENTS else "\n"
    missing = [(item, lost) for item in items for lost in _missing(item)]
    if missing:
        yield f"\n{painted(streams, 'Not checked', 'bold')}\n"
        for item, lost in missing:
            yield f"{escape(one_line(f'{environment_label(item)}: {lost}'))}\n"


def _missing(item: EnvironmentHealth) -> Iterator[str]:
    yield from map(untold, item.not_checked)
    unknown = [one.workload for one in item.problems if one.verdict is Verdict.UNKNOWN]
    if unknown:
        yield f"it is unknown whether these are well: {listing(unknown, most=3)}"


def _extra(environments: int, rows: Sequence[Any]) -> frozenset[str]:
    """The columns that tell rows of several environments or namespaces apart."""
    several = {(one.project, one.environment, one.namespace) for one in rows}
    needed = {"environment": environments > 1, "namespace": len(several) > 1}
    return frozenset(key for key, is_needed in needed.items() if is_needed)


def _table(
    streams: Streams,
    view: View,
    rows: Sequence[Any],
    extra: frozenset[str],
    *,
    now: datetime,
    drawn: bool,
) -> Iterator[str]:
    columns = [one for one in view.columns if not one.extra or one.key in extra]
    if not drawn:
        return table.aligned(columns, rows)
    columns = table.telling(columns, rows, streams.width, now=now)
    return table.fitted_table(streams, columns, rows, headers=True, now=now)
