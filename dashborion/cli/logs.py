"""``workloads logs`` and ``instances logs``: which lines, and how they are printed."""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dashborion.errors import DashborionError, PartialFailure, UsageError
from dashborion.render import LogFormat

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from dashborion.context import Context
    from dashborion.engines.answers import Answer
    from dashborion.engines.logs import Shape
    from dashborion.orchestrators.logs import Block, Reader, Reading, Source, Wanted

LINES, PRINTED = "Lines", "Output"
ALL_LINES = -1

Option = typer.Option


def _lines(*names: str, **settings: Any) -> Any:
    return Option(*names, rich_help_panel=LINES, **settings)


def _printed(*names: str, **settings: Any) -> Any:
    return Option(*names, rich_help_panel=PRINTED, **settings)


@dataclass(frozen=True)
class Logged:
    """Which lines of a log, and how they are printed."""

    follow: Annotated[bool, _lines("--follow", "-f", help="Go on with what comes.")] = False
    since: Annotated[
        str | None, _lines("--since", help="From 15m ago, or 2026-01-31T08:00:00Z.")
    ] = None
    until: Annotated[str | None, _lines("--until", help="Up to then, as --since.")] = None
    tail: Annotated[
        int | None,
        _lines("--tail", min=ALL_LINES, show_default=False,
               help="So many of each container's newest, before -i and -x; -1 is all. "
               "500, following 100; all with --since or --until."),
    ] = None  # fmt: skip
    container: Annotated[
        list[str] | None, _lines("--container", "-c", help="Only this container; repeatable.")
    ] = None
    previous: Annotated[
        bool, _lines("--previous", help="Of the run before; on ECS the last stopped task.")
    ] = False
    include: Annotated[
        list[str] | None, _lines("--include", "-i", help="Only lines with this regex; repeatable.")
    ] = None
    exclude: Annotated[
        list[str] | None, _lines("--exclude", "-x", help="No lines with this regex; repeatable.")
    ] = None
    max_streams: Annotated[
        int, _lines("--max-streams", min=1, help="Containers that are read at once.")
    ] = 100
    output: Annotated[LogFormat, _printed("--output", "-o", help="raw is as it was written.")] = (
        LogFormat.TEXT
    )
    highlight: Annotated[
        list[str] | None, _printed("--highlight", help="Make this regex stand out; repeatable.")
    ] = None
    timestamps: Annotated[bool, _printed("--timestamps", help="When it was written.")] = False
    no_prefix: Annotated[bool, _printed("--no-prefix", help="Not who wrote it.")] = False
    in_order: Annotated[
        bool, _printed("--sorted", help="With -f: by time, at the cost of two seconds.")
    ] = False

    def wanted(self, now: datetime) -> Wanted:
        """The same as adapters take it.

        Raises:
            UsageError: no time or duration, or two options that exclude each other.
        """
        from dashborion.cli.parse import moment
        from dashborion.orchestrators.logs import FOLLOWED_LINES, SHOWN_LINES, Wanted

        if self.follow and self.previous:
            raise UsageError("--follow and --previous exclude each other: that run has ended")
        since = moment(self.since, "--since", now) if self.since else None
        until = moment(self.until, "--until", now) if self.until else None
        if since and until and since > until:
            raise UsageError("--since is later than --until")
        tail = self.tail
        if tail is None and not since and not until:
            tail = FOLLOWED_LINES if self.follow else SHOWN_LINES
        return Wanted(
            since=since,
            until=until,
            tail=None if tail in (None, ALL_LINES) else tail,
            containers=tuple(self.container or ()),
            previous=self.previous,
            most=self.max_streams,
        )

    def shape(self, context: Context, *, places: bool, of_one: bool) -> Shape:
        """What becomes of lines before they are printed.

        Raises:
            UsageError: no regular expression.
        """
        from dashborion.engines.logs import LineFilter
        from dashborion.render import logs

        line_filter = LineFilter(
            patterns(self.include, "--include"), patterns(self.exclude, "--exclude")
        )
        highlight = patterns(self.highlight, "--highlight")
        drawn: Any
        if self.output is LogFormat.JSON:
            drawn = logs.Json()
        elif self.output is LogFormat.RAW:
            drawn = logs.Raw(self.timestamps)
        else:
            drawn = logs.Text(
                prefix=not self.no_prefix,
                prefix_alone=not of_one,
                timestamps=self.timestamps,
                color=context.streams.out_color,
                places=places,
                highlight=highlight,
            )

        def shape(source: Source, block: Block) -> Block:
            kept: Block = line_filter(block)
            made: Block = drawn(source, kept) if kept else []
            return made

        return shape


def patterns(texts: Sequence[str] | None, option: str) -> tuple[re.Pattern[str], ...]:
    """Compiled regular expressions.

    Raises:
        UsageError: one that is none, with what is wrong with it.
    """
    found = []
    for text in texts or ():
        try:
            found.append(re.compile(text))
        except (re.error, OverflowError, RecursionError) as error:
            raise UsageError(
                f"{option}: '{text}' is no regular expression: {error}",
                hint="for example 'error|warn', or '\\[' for a bracket itself",
            ) from error
    return tuple(found)


def show(
    context: Context,
    logged: Logged,
    find: Callable[[Wanted], Answer[Reader]],
    *,
    of_one: bool = False,
) -> None:
    """Print the logs of what is found, ``of_one`` instance or of several.

    Raises:
        UsageError: an option that makes no sense; nothing was asked then.
        NothingToRead: there is no line anywhere, and nobody waits for one.
    """
    wanted = logged.wanted(context.now())
    shape = logged.shape(context, places=False, of_one=of_one)
    answer = find(wanted)
    if answer.asked > 1:
        shape = logged.shape(context, places=True, of_one=of_one)
    is_past = wanted.until is not None and wanted.until <= context.now()
    if logged.follow and not is_past:
        _followed(context, answer.items, wanted, shape, in_order=logged.in_order)
    else:
        _snapshot(context, answer.items, wanted, shape)
    answer.require_complete()


def _snapshot(context: Context, readers: Sequence[Reader], wanted: Wanted, shape: Shape) -> None:
    from dashborion.engines.logs import merged
    from dashborion.errors import NothingToRead
    from dashborion.orchestrators.logs import require_few

    readings: list[Reading] = []
    nothing: list[NothingToRead] = []
    for reader in readers:
        try:
            readings += reader.snapshot()
        except NothingToRead as error:
            error.environment = reader.label
            nothing.append(error)
    require_few(len(readings), wanted.most)
    for missing in nothing[0 if readings else 1 :]:
        context.streams.warn(missing)
    if not readings:
        raise nothing[0]
    failures: list[DashborionError] = []

    def failed(source: Source, error: DashborionError) -> None:
        failures.append(error)
        error.message = f"{source}: {error.message}"
        context.streams.fail(error)

    for text in merged(readings, shape, failed):
        context.streams.write_bytes(text)
    if failures:
        raise PartialFailure(f"{len(failures)} logs could not be read to their end")


def _followed(
    context: Context, readers: Sequence[Reader], wanted: Wanted, shape: Shape, *, in_order: bool
) -> None:
    from datetime import timedelta

    from dashborion.engines.logs import WINDOW_SECONDS, Following, Window

    until = wanted.until
    grace = timedelta(seconds=WINDOW_SECONDS)
    following = Following(
        readers,
        shape,
        say=context.streams.note,
        failed=context.streams.fail,
        window=Window(WINDOW_SECONDS, context.clock) if in_order else None,
        is_over=lambda: until is not None and context.now() > until + grace,
    )
    with closing(following.lines()) as lines:
        for text in lines:
            context.streams.write_bytes(text)
            context.streams.flush()
