"""``--watch``: a list that stays, as a table that is drawn again or as lines of what changes."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer
from msgspec.structs import replace

from dashborion import signals
from dashborion.cli.lazy_commands import OptionSet
from dashborion.cli.options import ApiListOptions, ClusterOptions, NamespaceOptions
from dashborion.cli.printing import distinguishing
from dashborion.errors import DashborionError, PartialFailure, Throttled, Unavailable, UsageError
from dashborion.render import Format, is_drawn

if TYPE_CHECKING:
    from dashborion.context import Context
    from dashborion.engines.fleet import Fleet
    from dashborion.engines.watch import Asked, Frame, Frames, Look
    from dashborion.models.environment import WatchState
    from dashborion.models.event import Event
    from dashborion.models.query import Found, Query
    from dashborion.render.columns import View
    from dashborion.render.live import Source

Where = NamespaceOptions | ClusterOptions
_TICK_SECONDS = 0.25
_STALE_SECONDS = 5.0  # after which marks go, and ages are written anew
_BYTES = 1024
_PLACES = frozenset({"project", "environment", "namespace"})  # that a filter looks at, too
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
            help="Look no more often than this; 1s by default, on ECS 5s, of more than 20 "
            "services 15s.",
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

    def is_wanted(self, context: Context, listed: ApiListOptions) -> bool:
        """Whether the list is watched.

        Raises:
            UsageError: options that do not go with it.
        """
        if not self.watch:
            if self.interval:
                raise UsageError("--interval needs --watch")
            return False
        if listed.raw:
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


@dataclass(frozen=True)
class Watched:
    """What a command watches; ``look`` gives its rows in a fleet.

    ``is_well`` says of a row whether it is; ``why`` and ``logs`` print more about one. ``events``
    are those of which workloads.
    """

    context: Context
    fleet: Fleet
    view: View
    where: Where
    listed: ApiListOptions
    look: Look
    is_well: Callable[[Found[Any]], bool | None] = lambda _: None
    why: Callable[[Any], None] | None = None
    logs: Callable[[Any], None] | None = None
    events: Query | None = None

    def run(self, options: WatchOptions) -> None:
        """Watch until somebody ends it.

        Raises:
            DashborionError: no environment can be asked at all.
            PartialFailure: one could not be asked in the end.
        """
        from dashborion.engines.watch import Asked, Frames

        is_json = self.listed.output is Format.JSON
        asked = Asked(
            self.look,
            options.seconds,
            events=None if is_json else self.events,
            warns=not is_json,
        )
        self.view.chosen(self.listed.style())  # an unknown column is told before anything is sent
        if self.listed.sort:
            self.view.column(self.listed.sort.removeprefix("-"))
        frames = Frames()
        try:
            (_Printed if is_json else _Shown)(self, frames).run(asked)
        finally:
            frames.end()

    def key(self, item: Any) -> Hashable:
        """What tells a row from all others, now and later."""
        return (
            item.project,
            item.environment,
            getattr(item, "namespace", ""),
            self.view.kind(item) if self.view.kind else "",
            self.view.name(item),
            getattr(item, "id", ""),
        )


@dataclass
class _Watch:
    """The frames of all environments as they come."""

    watched: Watched
    frames: Frames
    latest: dict[str, Frame] = field(default_factory=dict)  # by label
    _refused: dict[str, Frame] = field(default_factory=dict)

    def begin(self, asked: Asked) -> None:
        from dashborion.engines import watch

        watch.begin(self.watched.fleet, asked, self.frames)

    def accepted(self, frame: Frame) -> list[Frame]:
        """The frames to be shown, when another one has come.

        Those of environments that refuse are held back until one has not.

        Raises:
            DashborionError: all refuse.
        """
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
        return held


class _Printed(_Watch):
    """One JSON object a line for each change."""

    def run(self, asked: Asked) -> None:
        from dashborion.engines.watch import Pressed

        known: dict[str, dict[Hashable, Any]] = {}
        lost: set[str] = set()
        self.begin(asked)
        while True:
            for frame in self.frames.take(_TICK_SECONDS):
                if not isinstance(frame, str | Pressed):
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


class _Shown(_Watch):
    """A table on a terminal."""

    def run(self, asked: Asked) -> None:
        from dashborion.engines.watch import Pressed
        from dashborion.render.live import Board, Screen
        from dashborion.render.window import Window

        watched, context = self.watched, self.watched.context
        self.screen = Screen(sort=watched.listed.sort)
        self.board = Board(watched.view.chosen(watched.listed.style(_PLACES)))
        self.window = window = Window(context.streams)
        self.interval = asked.interval
        self._advanced, self._drawn, self._is_behind = float("-inf"), float("-inf"), False
        self._size, self._known = window.size, set[str]()
        with context.terminal(True).cbreak() as keyboard:
            if keyboard is not None:
                from dashborion.concurrency import start

                start(partial(_read_keys, keyboard, self.frames))
            self.begin(asked)
            with signals.done_in_the_end(window.leave), window:
                is_over = False
                while not is_over:
                    is_new = False
                    for item in self.frames.take(_TICK_SECONDS):
                        is_new = True
                        if isinstance(item, Pressed):
                            is_over = self._press(item.key) or is_over
                        elif not isinstance(item, str):
                            self._is_behind |= bool(self.accepted(item))
                    self._refresh(is_new=is_new)
        window.print(self._picture(is_last=True))
        failed = sum(one.rows is None for one in self.latest.values())
        if failed:
            raise PartialFailure(f"{failed} environment{'s' if failed > 1 else ''} failed")

    def _refresh(self, *, is_new: bool) -> None:
        """Draw again, if there is something new to see."""
        now, size = time.monotonic(), self.window.size
        is_due = now >= self._advanced + (self.interval if self._is_behind else _STALE_SECONDS)
        if is_due and not self.screen.is_paused:
            self._advanced, self._is_behind, is_new = now, False, True
            self._advance()
        if is_new or size != self._size or now >= self._drawn + _STALE_SECONDS:
            self._drawn, self._size = now, size
            self.window.draw(self._picture())

    def _advance(self) -> None:
        from dashborion.render.live import Row

        rows: list[Row] = []
        fresh: list[Hashable] = []
        for label in sorted(self.latest, key=lambda one: self._order(self.latest[one])):
            frame = self.latest[label]
            if frame.rows is None:  # they are as they were
                old = [
                    row
                    for row in self.board.rows
                    if environment_label(row.item) == label and row.sign != "-"
                ]
                rows += [Row(row.key, row.item, row.is_well) for row in old]
                continue
            watched = self.watched
            found = [
                Row(watched.key(one.item), one.item, watched.is_well(one)) for one in frame.rows
            ]
            if label not in self._known:
                fresh += [row.key for row in found]
                self._known.add(label)
            rows += found
        self.board.advance(rows, fresh=fresh)

    @staticmethod
    def _order(frame: Frame) -> tuple[str, str]:
        return (frame.environment.project or "", frame.environment.name)

    def _press(self, key: str) -> bool:
        """Do what a key asks for; whether it was the last one."""
        from dashborion.render.live import in_view, position, pressed

        rows = in_view(self.screen, self.board, self.watched.view)
        sorts = [one.key for one in self.board.columns]
        page = max(1, self.window.size[1] - 10)
        self.screen, action = pressed(self.screen, key, rows, sorts, page)
        tell = {"why": self.watched.why, "logs": self.watched.logs}.get(action)
        if tell is not None and rows:
            with self.window.left():
                self._tell(partial(tell, rows[position(self.screen, rows)].item))
        return action == "quit"

    def _tell(self, tell: Callable[[], None]) -> None:
        """Print more about a row, and wait for a key."""
        from dashborion.engines.watch import Pressed

        streams = self.watched.context.streams
        try:
            tell()
        except DashborionError as error:
            self.watched.context.fail(error)
        streams.flush()
        streams.say("-- press a key to go on --")
        while True:
            for item in self.frames.take(_TICK_SECONDS):
                if isinstance(item, Pressed):
                    return
                if not isinstance(item, str):
                    self._is_behind |= bool(self.accepted(item))

    def _picture(self, *, is_last: bool = False) -> Any:
        from dashborion.render.live import Content, picture

        watched, context = self.watched, self.watched.context
        items = [row.item for row in self.board.rows]
        count = len(watched.fleet.environments)
        style = watched.listed.style(distinguishing(count, items, watched.where))
        content = Content(
            watched.view, style, self.board, self.screen, self._sources(), self._events()
        )
        return picture(content, self.window.size, context.now(), is_last=is_last)

    def _sources(self) -> list[Source]:
        from dashborion.render.live import Source

        now, sources = time.monotonic(), []
        for environment in self.watched.fleet.environments:
            frame = self.latest.get(environment.label)
            if frame is None:
                sources.append(Source(environment.label, None))
            else:
                problem = frame.error.message if frame.error is not None else None
                seconds = now - frame.at
                sources.append(Source(environment.label, seconds, frame.notes, problem))
        return sources

    def _events(self) -> Sequence[Event]:
        from dashborion.engines.watch import newest

        return newest((one for frame in self.latest.values() for one in frame.events), _BYTES)


def environment_label(item: Any) -> str:
    """``project/name`` of the environment that a row is of, or the name alone."""
    return f"{item.project}/{item.environment}" if item.project else str(item.environment)


def of_row(item: Any) -> NamespaceOptions:
    """What other commands take to be about the place of a row."""
    return NamespaceOptions(env=[environment_label(item)], namespace=item.namespace)


def _read_keys(keyboard: int, frames: Frames) -> None:
    """Hand over the keys that are pressed, until nobody waits for them."""
    from dashborion.engines.watch import Pressed
    from dashborion.orchestrators.logs import Ended
    from dashborion.render.live import keys

    with suppress(Ended, OSError):
        while True:
            frames.pause(0)
            if select.select([keyboard], [], [], _TICK_SECONDS)[0]:
                typed = os.read(keyboard, _BYTES)
                if not typed:
                    return
                for key in keys(typed.decode(errors="ignore")):
                    frames.put(Pressed(key))
