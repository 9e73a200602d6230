"""``--watch``: its options, what commands watch, and the lines of what changes."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from dashborion.cli.lazy_commands import OptionSet
from dashborion.cli.options import ApiListOptions, ClusterOptions, ListOptions, NamespaceOptions
from dashborion.errors import Throttled, Unavailable, UsageError
from dashborion.render import Format, is_drawn

if TYPE_CHECKING:
    from dashborion.context import Context
    from dashborion.engines.fleet import Fleet
    from dashborion.engines.watch import Frame, Frames, Look, WatchRequest
    from dashborion.models.environment import WatchState
    from dashborion.models.query import Found, Query
    from dashborion.render.columns import View

Where = NamespaceOptions | ClusterOptions
TICK_SECONDS = 0.25
LINES = 50  # of a log, for key l


class WatchOptions(OptionSet):
    """How a list is watched."""

    panel = "Watch"

    watch: Annotated[
        bool,
        typer.Option(
            "--watch", help="Keep the list up to date; with -o json print every change as a line."
        ),
    ] = False
    interval: Annotated[
        str | None,
        typer.Option(
            "--interval",
            metavar="TIME",
            help="Look no more often than this (1s; on ECS 5s, with over 20 services 15s).",
        ),
    ] = None

    @property
    def seconds(self) -> float:
        """The interval.

        Raises:
            UsageError: an invalid duration.
        """
        from dashborion.cli.option_values import duration

        return duration(self.interval, "--interval") if self.interval else 1.0

    def is_wanted(self, context: Context, listed: ListOptions) -> bool:
        """Whether the list is watched.

        Raises:
            UsageError: options that do not go with it.
        """
        if not self.watch:
            if self.interval:
                raise UsageError("--interval needs --watch")
            return False
        if isinstance(listed, ApiListOptions) and listed.raw:
            raise UsageError("--raw and --watch cannot be used together", hint="use -o json")
        if listed.output is Format.JSON:
            if listed.sort:
                raise UsageError("--sort and --watch cannot be used together with -o json")
            return True
        if not (is_drawn(context.streams, listed.output) and context.streams.out_tty):
            what = f"-o {listed.output}" if listed.output else "a list"
            raise UsageError(
                f"{what} can be watched only as a table on a terminal",
                hint="use --watch -o json: one line for every change",
            )
        return True


class Watched(NamedTuple):
    """What a command watches; ``look`` gives its rows in a fleet.

    ``is_well`` says of a row whether it is; ``why`` and ``logs`` print more about one. ``events``
    are those of which workloads, ``floors`` are of ``engines.watch.Asked``. ``check`` raises if
    the first rows of all environments are not what was asked for.
    """

    context: Context
    fleet: Fleet
    view: View
    where: Where
    listed: ListOptions
    look: Look
    is_well: Callable[[Found[Any]], bool] | None = None
    why: Callable[[Any], None] | None = None
    logs: Callable[[Any], None] | None = None
    events: Query | None = None
    floors: Mapping[str, float] = {}
    check: Callable[[Sequence[Any]], None] = lambda _: None

    def run(self, options: WatchOptions) -> None:
        """Watch until somebody ends it.

        Raises:
            DashborionError: no environment can be asked at all.
            PartialFailure: one could not be asked in the end.
        """
        from dashborion.engines.watch import Frames, WatchRequest

        is_json = self.listed.output is Format.JSON
        asked = WatchRequest(
            self.look,
            options.seconds,
            self.floors,
            events=None if is_json else self.events,
            warns=not is_json,
        )
        self.view.chosen(self.listed.style())  # an unknown column is told before anything is sent
        if self.listed.sort:
            self.view.column(self.listed.sort.removeprefix("-"))
        frames = Frames()
        try:
            if is_json:
                _Printed(self, frames).run(asked)
            else:
                from dashborion.cli.watched_screen import Shown

                Shown(self, frames).run(asked)
        finally:
            frames.end()

    @property
    def without(self) -> str:
        """The keys that do nothing."""
        tells = {"f": self.is_well, "w": self.why, "l": self.logs}
        return "".join(key for key, does in tells.items() if does is None)

    def key(self, item: Any) -> Hashable:
        """What tells a row from all others, now and later."""
        return (
            item.project,
            item.environment,
            getattr(item, "namespace", ""),
            self.view.kind(item) if self.view.kind else "",
            self.view.name(item),
            *(getattr(item, part, "") for part in ("id", "workload", "instance", "container")),
        )


@dataclass(eq=False, repr=False)
class Watch:
    """The frames of all environments as they come."""

    watched: Watched
    frames: Frames
    latest: dict[str, Frame] = field(default_factory=dict)  # by label
    _refused: dict[str, Frame] = field(default_factory=dict)
    _is_checked: bool = False

    def begin(self, asked: WatchRequest) -> None:
        from dashborion.engines import watch

        watch.begin(self.watched.fleet, asked, self.frames)

    def accepted(self, frame: Frame) -> list[Frame]:
        """The frames to be shown, when another one has come.

        Those of environments that refuse are held back until one has not.

        Raises:
            DashborionError: all refuse.
        """
        from msgspec.structs import replace

        is_refused = frame.error is not None and not isinstance(frame.error, Unavailable)
        if is_refused and not self.latest:
            self._refused[frame.environment.label] = frame
            if len(self._refused) == len(self.watched.fleet.environments):
                raise next(iter(self._refused.values())).error  # type: ignore[misc]  # it has one
            return []
        held = [*self._refused.values(), frame]
        self._refused.clear()
        for one in held:
            label = one.environment.label
            known = self.latest.get(label)
            is_lost = one.rows is None and known is not None
            self.latest[label] = replace(one, at=known.at) if is_lost and known else one
        frames = [one.rows for one in self.latest.values()]
        if not self._is_checked and len(frames) == len(self.watched.fleet.environments):
            self._is_checked = True
            if None not in frames:
                self.watched.check([row for rows in frames for row in rows or ()])
        return held


class _Printed(Watch):
    """One JSON object a line for each change."""

    def run(self, asked: WatchRequest) -> None:
        from dashborion.engines.watch import Pressed

        known: dict[str, dict[Hashable, Any]] = {}
        lost: set[str] = set()
        self.begin(asked)
        while True:
            for frame in self.frames.take(TICK_SECONDS):
                if not isinstance(frame, Pressed):
                    for one in self.accepted(frame):
                        self._print(one, known, lost)

    def _print(self, frame: Frame, known: dict[str, dict[Hashable, Any]], lost: set[str]) -> None:
        from dashborion import render
        from dashborion.engines.watch import changes

        label = frame.environment.label
        lines: list[tuple[str | None, Any]] = []
        if frame.rows is None:
            if isinstance(frame.error, Throttled) and label in known:
                self.watched.context.warn_once(frame.environment, frame.error)
                return  # it is asked again, less often
            if label not in lost:
                lines = [(None, _state(frame))]
            lost.add(label)
        else:
            rows = {self.watched.key(one.item): one.item for one in frame.rows}
            lines = [(one.change, one.item) for one in changes(known.get(label, {}), rows)]
            if label in lost or label not in known:
                lines.append((None, _state(frame)))
            known[label] = rows
            lost.discard(label)
        if lines:
            render.show_changes(self.watched.context.streams, lines)


def _state(frame: Frame) -> WatchState:
    from dashborion.models.environment import Told, WatchState
    from dashborion.streams import described

    error = frame.error if frame.rows is None else None
    return WatchState(
        change="failed" if error else "synced",
        project=frame.environment.project,
        environment=frame.environment.name,
        error=Told(**described(error)) if error else None,
    )


def of_row(item: Any) -> NamespaceOptions:
    """What other commands take to be about the place of a row."""
    from dashborion.models.base import environment_label

    return NamespaceOptions(env=[environment_label(item)], namespace=item.namespace)
