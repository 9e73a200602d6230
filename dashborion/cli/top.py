"""Options and output of the commands that tell what is used of what was asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dashborion import render
from dashborion.cli.options import ClusterOptions, ListOptions, NamespaceOptions
from dashborion.cli.printing import distinguishing
from dashborion.cli.watch import Watched, WatchOptions

if TYPE_CHECKING:
    from dashborion.context import Context
    from dashborion.engines.fleet import Fleet
    from dashborion.engines.usage import Top, UsageRequest
    from dashborion.models.query import Found
    from dashborion.render.columns import View

Window = Annotated[
    str, typer.Option("--window", metavar="TIME", help="On ECS, average over this time.")
]
Containers = Annotated[bool, typer.Option("--containers", help="Show a row for each container.")]
MEASURED_SECONDS = {"kubernetes": 15.0, "ecs": 60.0}  # metrics-server's and CloudWatch's own
SHORTEST, LONGEST = 60.0, 3 * 3600.0  # seconds; CloudWatch gives so many numbers at once


class TopOptions(ListOptions):
    """Options of what is shown of what is used."""

    over: Annotated[
        float | None,
        typer.Option(
            "--over", metavar="PERCENT", min=0, help="Show what uses more than this percentage."
        ),
    ] = None
    under: Annotated[
        float | None,
        typer.Option(
            "--under", metavar="PERCENT", min=0, help="Show what uses less than this percentage."
        ),
    ] = None

    def asked(self, window: str = "5m", **rows: bool) -> UsageRequest:
        """The options as the engine takes them; ``rows`` says what gets a row of its own.

        Raises:
            UsageError: a window that is no time, or that CloudWatch does not answer for.
        """
        from dashborion.cli.option_values import time_span
        from dashborion.engines.usage import UsageRequest
        from dashborion.errors import UsageError

        span = time_span(window, "--window")
        if not SHORTEST <= span.total_seconds() <= LONGEST:
            raise UsageError(f"--window: '{window}' is not between 1m and 3h")
        return UsageRequest(window=span, over=self.over, under=self.under, **rows)


def show_top(
    context: Context,
    view: View,
    fleet: Fleet,
    look: Callable[[Fleet], Top[Any]],
    *,
    where: NamespaceOptions | ClusterOptions,
    listed: TopOptions,
    watching: WatchOptions,
) -> None:
    """Print what is used, and what is not known; with ``--watch`` again and again.

    Raises:
        DashborionError: an environment failed, after the rows of the others.
    """
    if watching.is_wanted(context, listed):
        rows = partial(_rows, look)
        Watched(context, fleet, view, where, listed, rows, floors=MEASURED_SECONDS).run(watching)
        return
    top = look(fleet)
    items, answer = top.answer.items, top.answer
    style = listed.style(distinguishing(answer.asked, items, where))
    render.show_list(context.streams, view, items, style, now=context.now())
    for error in top.missing:
        context.warn(error)
    for name in top.idle:
        context.streams.note(f"nothing of '{name}' runs")
    if not (items or answer.failures or top.idle or context.missing):
        filtered = listed.over is not None or listed.under is not None
        context.streams.note(f"no {view.noun} found" + (" within the bounds" if filtered else ""))
    answer.require_complete()


def _rows(look: Callable[[Fleet], Top[Any]], fleet: Fleet) -> Sequence[Found[Any]]:
    """The rows of one environment for ``--watch``; where nobody measures is a note."""
    from dashborion.models.query import Found

    top = look(fleet)
    top.answer.require_complete()
    for error in top.missing:
        fleet.runtime(fleet.environments[0]).warn(error)
    return [Found(row) for row in top.answer.items]
