"""The options of ``workloads logs`` and ``instances logs``, and how they print log lines."""

from __future__ import annotations

import re
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Annotated

from dashborion import render
from dashborion.cli.lazy_commands import OptionSet
from dashborion.cli.options import Option
from dashborion.errors import DashborionError, PartialFailure, UsageError
from dashborion.render import LogFormat

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from dashborion.context import Context
    from dashborion.engines.answers import Answer
    from dashborion.engines.logs import Expect, Shape
    from dashborion.models.log import Source
    from dashborion.orchestrators.logs import Block, Reader, Reading, Wanted

ALL_LINES = -1


_output = partial(Option, rich_help_panel="Output")


class LogOptions(OptionSet):
    """Which lines of a log, and how they are printed."""

    panel = "Lines"

    follow: Annotated[
        bool, Option("--follow", "-f", help="Keep printing new lines as they arrive.")
    ] = False
    since: Annotated[
        str | None,
        Option("--since", help="Show lines since 15m (ago) or an RFC 3339 time."),
    ] = None
    until: Annotated[
        str | None, Option("--until", help="Show lines up to this time, as --since.")
    ] = None
    tail: Annotated[
        int | None,
        Option("--tail", min=ALL_LINES, show_default=False,
               help="Show each container's newest lines, counted before -i and -x; by default 500, "
               "with -f 100, with --since all (-1)."),
    ] = None  # fmt: skip
    container: Annotated[
        list[str] | None, Option("--container", "-c", help="Show only this container; repeatable.")
    ] = None
    previous: Annotated[
        bool,
        Option(
            "--previous",
            help="Show the run before, on ECS the task before.",
        ),
    ] = False
    include: Annotated[
        list[str] | None,
        Option("--include", "-i", help="Show only lines matching this regex; repeatable."),
    ] = None
    exclude: Annotated[
        list[str] | None,
        Option("--exclude", "-x", help="Hide lines that match this regex; repeatable."),
    ] = None
    max_streams: Annotated[
        int,
        Option(
            "--max-streams", metavar="N", min=1, help="Read at most this many containers at once."
        ),
    ] = 100
    output: Annotated[
        LogFormat, _output("--output", "-o", help="Output format; raw prints unchanged bytes.")
    ] = LogFormat.TEXT
    highlight: Annotated[
        list[str] | None,
        _output("--highlight", help="Highlight matches of this regex; repeatable."),
    ] = None
    timestamps: Annotated[
        bool,
        _output("--timestamps", help="Print the time of each line."),
    ] = False
    utc: Annotated[bool, _output("--utc", help="The same in UTC, on a terminal, too.")] = False
    no_prefix: Annotated[
        bool, _output("--no-prefix", help="Omit the instance name before each line.")
    ] = False
    in_order: Annotated[
        bool, _output("--sorted", help="With -f: sort lines by time, two seconds late.")
    ] = False

    def wanted(self, now: datetime) -> Wanted:
        """The options that select lines, as adapters take them.

        Raises:
            UsageError: an invalid time, or options that cannot be used together.
        """
        from dashborion.cli.option_values import point_in_time
        from dashborion.orchestrators.logs import FOLLOWED_LINES, SHOWN_LINES, Room, Wanted

        if self.follow and self.previous:
            raise UsageError("--follow and --previous cannot be used together: that run has ended")
        since = point_in_time(self.since, "--since", now) if self.since else None
        until = point_in_time(self.until, "--until", now) if self.until else None
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
            room=Room(self.max_streams),
        )

    def shape(
        self, context: Context, *, environments: bool, namespaces: bool, one_instance: bool
    ) -> tuple[Shape, Expect]:
        """A function that filters and formats lines, and one that is told of sources before.

        Args:
            context: for the terminal.
            environments: lines of several environments are printed.
            namespaces: lines of several namespaces are.
            one_instance: lines of one instance are.

        Raises:
            UsageError: an invalid regular expression.
        """
        from dashborion.engines.logs import LineFilter
        from dashborion.render import is_drawn, log_lines
        from dashborion.render.log_look import prefixes

        line_filter = LineFilter(
            patterns(self.include, "--include"), patterns(self.exclude, "--exclude")
        )
        highlight = patterns(self.highlight, "--highlight")
        formatted: Callable[[Source, Block], Block]
        expect: Expect = lambda _: None  # noqa: E731
        times = self.timestamps or self.utc
        streams = context.streams
        if self.output is LogFormat.JSON:
            formatted = log_lines.JsonLines()
        elif self.output is LogFormat.RAW:
            formatted = log_lines.RawLines(times)
        else:
            before = prefixes(streams, environments=environments, namespaces=namespaces)
            formatted = text = log_lines.TextLines(
                prefixes=None if self.no_prefix else before,
                prefix_alone=not one_instance,
                timestamps=times,
                readable=is_drawn(streams, None),
                utc=self.utc,
                color=streams.out_color,
                highlight=highlight,
            )
            expect = text.expect

        def shape(source: Source, block: Block) -> tuple[Block, Block]:
            kept = line_filter(block)
            return kept, formatted(source, kept) if kept else []

        return shape, expect


def patterns(texts: Sequence[str] | None, option: str) -> tuple[re.Pattern[str], ...]:
    """The regular expressions of an option, compiled.

    Raises:
        UsageError: an invalid one, with the reason.
    """
    compiled = []
    for text in texts or ():
        try:
            compiled.append(re.compile(text))
        except (re.error, OverflowError, RecursionError) as error:
            raise UsageError(
                f"{option}: '{text}' is not a regular expression: {error}",
                hint="use for example 'error|warn', or '\\[' for a bracket",
            ) from error
    return tuple(compiled)


def print_logs(
    context: Context,
    logged: LogOptions,
    find: Callable[[Wanted], Answer[Reader]],
    *,
    namespaces: bool = False,
    one_instance: bool = False,
) -> None:
    """Print the logs of one instance or of several.

    Args:
        context: the streams and the clock.
        logged: the options.
        find: finds the logs in the chosen environments.
        namespaces: it may find those of several namespaces.
        one_instance: it finds those of a single instance.

    Raises:
        UsageError: an invalid option, before anything is sent.
        NothingToRead: there are no logs, without --follow.
    """
    wanted = logged.wanted(context.now())
    shaped = partial(logged.shape, context, namespaces=namespaces, one_instance=one_instance)
    shaped(environments=False)  # an invalid option is told before anything is sent
    answer = find(wanted)
    shape, expect = shaped(environments=answer.asked > 1)
    is_past = wanted.until is not None and wanted.until <= context.now()
    if logged.follow and not is_past:
        _print_followed(context, answer.items, wanted, shape, expect, in_order=logged.in_order)
    else:
        _print_snapshot(context, answer.items, shape, expect)
    answer.require_complete()


def _print_snapshot(
    context: Context, readers: Sequence[Reader], shape: Shape, expect: Expect
) -> None:
    from dashborion.engines.logs import merged

    readings, failures = _opened(context, readers)
    expect([reading.source for reading in readings])
    expected = len(failures) + len(readings)

    def failed(source: Source, error: DashborionError) -> None:
        error.message = f"{source}: {error.message}"
        failures.append(error)
        if len(failures) < expected:  # else it is raised
            context.fail(error)

    render.show_stream(context.streams, merged(readings, shape, failed))
    if len(failures) == expected:
        if context.missing is None:
            raise failures[-1]
        context.fail(failures[-1])  # some of it was read, or may be missing elsewhere
    if failures:
        raise _partial(len(failures))


def _opened(
    context: Context, readers: Sequence[Reader]
) -> tuple[list[Reading], list[DashborionError]]:
    """The logs that can be read, and the errors of readers that have none; those are printed.

    Raises:
        UsageError: there are more containers than may be read at once.
        DashborionError: there is no log to read.
    """
    from dashborion.engines.logs import snapshots
    from dashborion.errors import NothingToRead, Unreadable

    readings: list[Reading] = []
    absent: list[DashborionError] = []
    failures: list[DashborionError] = []
    for reader, logs in snapshots(readers):
        if not isinstance(logs, DashborionError):
            readings += logs
            continue
        if isinstance(logs, UsageError):
            raise logs
        logs.environment = logs.environment or reader.label
        is_absent = isinstance(logs, NothingToRead) and not isinstance(logs, Unreadable)
        (absent if is_absent else failures).append(logs)
    first = None if readings else (failures + absent)[0]
    for failure in failures:
        if failure is not first:
            context.fail(failure)
    for error in absent:
        if error is not first:
            context.warn(error)
    if first is not None:
        raise first
    return readings, failures


def _partial(count: int) -> PartialFailure:
    logs = "1 log" if count == 1 else f"{count} logs"
    return PartialFailure(f"{logs} could not be read to the end")


def _print_followed(
    context: Context,
    readers: Sequence[Reader],
    wanted: Wanted,
    shape: Shape,
    expect: Expect,
    *,
    in_order: bool,
) -> None:
    from datetime import timedelta

    from dashborion.engines.logs import WINDOW_SECONDS, Following, Window

    until = wanted.until
    grace = timedelta(seconds=WINDOW_SECONDS)
    failures: list[DashborionError] = []

    def failed(error: DashborionError) -> None:
        failures.append(error)
        context.fail(error)

    following = Following(
        readers,
        shape,
        say=context.streams.note,
        failed=failed,
        window=Window(WINDOW_SECONDS, context.clock) if in_order else None,
        is_over=lambda: until is not None and context.now() > until + grace,
        expect=expect,
    )
    with closing(following.lines()) as lines:
        render.show_stream(context.streams, lines, live=True)
    if failures:
        raise _partial(len(failures))
