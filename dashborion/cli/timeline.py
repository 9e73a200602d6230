"""``dashborion timeline``: what changed in all chosen environments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from dashborion import render
from dashborion.cli.lazy_commands import OptionSet
from dashborion.cli.options import ListOptions, NamespaceOptions, Selector, WorkloadPatterns
from dashborion.cli.printing import distinguishing, show_list
from dashborion.errors import UsageError
from dashborion.render import Format, is_drawn

if TYPE_CHECKING:
    from datetime import datetime

    from dashborion.context import Context
    from dashborion.orchestrators.protocol import Looked

_STAMP = "%Y-%m-%dT%H:%M:%SZ"
_TIME = "15m (ago) or 2026-01-31T08:00:00Z"


class LookedOptions(OptionSet):
    """What is told of."""

    panel = "Timeline"

    since: Annotated[
        str, typer.Option("--since", metavar="TIME", help=f"From this time on: {_TIME}.")
    ] = "1h"
    until: Annotated[
        str | None, typer.Option("--until", metavar="TIME", help="Until this time.")
    ] = None
    kind: Annotated[
        list[str] | None,
        typer.Option(
            "--kind",
            help="Only this kind: config, rollout, scale, hook, alarm, node, instance or restart; "
            "repeatable.",
        ),
    ] = None
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Keep printing what happens.")] = (
        False
    )
    who: Annotated[
        bool, typer.Option("--who", help="Show who did it; on ECS, CloudTrail is asked.")
    ] = False

    def looked(self, now: datetime) -> Looked:
        """The options as adapters take them.

        Raises:
            UsageError: an invalid time or kind, or an end before the beginning.
        """
        from dashborion.cli.option_values import members, point_in_time
        from dashborion.models.timeline import EntryKind
        from dashborion.orchestrators.protocol import Looked

        until = point_in_time(self.until, "--until", now) if self.until else None
        since = point_in_time(self.since, "--since", now)
        if until is not None and self.follow:
            raise UsageError("--until and --follow cannot be used together")
        if until is not None and until < since:
            raise UsageError("--until is before --since")
        return Looked(since, until, members(EntryKind, self.kind, "--kind"), self.who)


def timeline(
    context: Context,
    names: WorkloadPatterns = None,
    *,
    where: NamespaceOptions,
    selector: Selector = None,
    asked: LookedOptions,
    listed: ListOptions,
) -> None:
    """Show what changed and what went wrong, the newest last.

    Rollouts, scaling, configuration, restarts, instances that came and went, nodes, hooks and
    alarms. How far back each environment can see is said, too.

    Example: dashborion timeline -e shop --since 30m --who
    """
    from itertools import chain

    from dashborion.engines import timeline as engine
    from dashborion.render.views.timeline import TIMELINE

    if asked.follow and (listed.sort or listed.output is Format.YAML):
        raise UsageError("--follow prints entries as they come", hint="use -o json, no --sort")
    looked, query = asked.looked(context.now()), where.query(selector=selector)
    fleet = context.fleet(where.choice)
    answer, entries = engine.look(fleet, names or (), query, looked)
    for seen in answer.items:
        if seen.reach:
            context.streams.note(f"{seen.environment} sees {seen.reach}")
    is_empty = not (answer.failures or any(seen.workloads for seen in answer.items))
    if is_empty:
        context.streams.note("no workloads found")
    if is_drawn(context.streams, listed.output):
        entries = engine.grouped(entries)
    extra = distinguishing(answer.asked, entries, where) | ({"who"} if asked.who else set())
    if not asked.follow:
        show_list(context, TIMELINE, entries, listed, extra)
        if not (entries or answer.failures or is_empty):
            until = f" and until {looked.until:{_STAMP}}" if looked.until else ""
            context.streams.note(f"nothing happened since {looked.since:{_STAMP}}{until}")
        answer.require_complete()
        return
    new = engine.follow(
        fleet, names or (), query, looked, told=entries, now=context.now, sleep=context.sleep
    )
    style = listed.style(extra)
    render.show_feed(context.streams, TIMELINE, chain([entries], new), style)
