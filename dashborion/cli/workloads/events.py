"""``dashborion workloads events``: what happened, and what happens while it runs."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from dashborion import render
from dashborion.cli.lazy_commands import OptionSet
from dashborion.cli.options import ListOptions, NamespaceOptions, WorkloadNames
from dashborion.cli.printing import distinguishing, show_list
from dashborion.errors import UsageError
from dashborion.render import Format

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from dashborion.context import Context
    from dashborion.engines.answers import Answer
    from dashborion.engines.events import Kept
    from dashborion.orchestrators.event_feeds import Told


class EventOptions(OptionSet):
    """Which events are shown."""

    panel = "Events"

    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Keep printing new events as they come.")
    ] = False
    since: Annotated[
        str | None,
        typer.Option(
            "--since", help="Show events since this time: 15m (ago) or 2026-01-31T08:00:00Z."
        ),
    ] = None
    type_: Annotated[
        list[str] | None,
        typer.Option("--type", help="Filter by type: normal or warning; repeatable."),
    ] = None

    def kept(self, now: datetime) -> Kept:
        """The options as the engine takes them.

        Raises:
            UsageError: an invalid time, or a type that there is not.
        """
        from dashborion.cli.option_values import members, point_in_time
        from dashborion.engines.events import Kept
        from dashborion.models.event import EventType

        return Kept(
            since=point_in_time(self.since, "--since", now) if self.since else None,
            types=members(EventType, self.type_, "--type"),
        )


def events(
    context: Context,
    names: WorkloadNames,
    *,
    where: NamespaceOptions,
    asked: EventOptions,
    listed: ListOptions,
) -> None:
    """List the events of workloads and their instances, the newest last.

    On ECS new events are asked for every 5 seconds, of more than 20 services every 15.

    Example: dashborion workloads events 'pay*' --type warning --since 1h
    """
    from itertools import chain

    from dashborion.engines import events as engine
    from dashborion.render.views.workloads import EVENTS

    kept, query = asked.kept(context.now()), where.query()
    if asked.follow:
        _require_followable(listed)
    fleet = context.fleet(where.choice)
    if not asked.follow:
        answer = engine.up_to_now(fleet, names, query)
        shown = kept.of(answer.items)
        show_list(context, EVENTS, shown, listed, _extra(answer, names, where))
        if not shown and not answer.failures:
            context.streams.note(f"no {'events' if answer.items else 'workloads'} found")
        answer.require_complete()
        return
    answer, new = engine.from_now_on(fleet, names, query, say=context.streams.note)
    batches = chain([kept.of(answer.items)], (list(filter(kept, batch)) for batch in new))
    style = listed.style(_extra(answer, names, where))
    with closing(new):
        render.show_feed(context.streams, EVENTS, batches, style)
    answer.require_complete()


def _require_followable(listed: ListOptions) -> None:
    """Check that rows can be printed as they come.

    Raises:
        UsageError: a format, or an order, that needs all rows first.
    """
    if listed.sort or listed.output is Format.YAML:
        what = "--sort" if listed.sort else "-o yaml"
        raise UsageError(f"{what} and --follow cannot be used together", hint="use -o json")


def _extra(answer: Answer[Told], names: Sequence[str], where: NamespaceOptions) -> frozenset[str]:
    """The columns that say of which workload a row is, where there may be several."""
    from dashborion.models.query import is_one_name

    extra = distinguishing(answer.asked, [told.item for told in answer.items], where)
    return extra if is_one_name(names) else extra | {"workload"}
