"""``--watch`` on a terminal: frames and keys come in, a picture goes out."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from dashborion import signals
from dashborion.cli.printing import distinguishing
from dashborion.cli.watch import TICK_SECONDS, Watch
from dashborion.errors import DashborionError, PartialFailure
from dashborion.models.base import environment_label
from dashborion.models.event import by_time

if TYPE_CHECKING:
    from dashborion.engines.watch import Frame, Frames, WatchRequest
    from dashborion.models.event import Event
    from dashborion.render.live import Freshness, Row

_STALE_SECONDS = 5.0  # after which marks go, and ages are written anew
_BYTES, _EVENTS = 1024, 1000  # that are read, and looked through, at once
_PLACES = frozenset({"project", "environment", "namespace"})  # that a filter looks at, too


class Shown(Watch):
    """A table on a terminal."""

    def run(self, asked: WatchRequest) -> None:
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
            try:
                with signals.done_in_the_end(window.leave), window:
                    self._loop()
            finally:  # Ctrl-C is how most end it
                if self._known:
                    window.print(self._picture(is_last=True))
        failed = sum(one.rows is None for one in self.latest.values())
        if failed:
            raise PartialFailure(f"{failed} environment{'s' if failed > 1 else ''} failed")

    def _loop(self) -> None:
        from dashborion.engines.watch import Pressed

        while True:
            is_new = False
            for item in self.frames.take(TICK_SECONDS):
                is_new = True
                if isinstance(item, Pressed):
                    if self._press(item.key):
                        return
                else:
                    self._is_behind |= bool(self.accepted(item))
            self._refresh(is_new=is_new)

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
            judge = watched.is_well
            found = [
                Row(watched.key(one.item), one.item, judge(one) if judge else None)
                for one in frame.rows
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

        if key in self.watched.without and not self.screen.is_typing:
            return False
        rows = in_view(self.screen, self.board, self.watched.view)
        sorts = [one.key for one in self.board.columns if not one.piped]
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
        is_read = False
        while not is_read:
            for item in self.frames.take(TICK_SECONDS):
                if isinstance(item, Pressed):
                    is_read = True
                else:
                    self._is_behind |= bool(self.accepted(item))

    def _picture(self, *, is_last: bool = False) -> Any:
        from dashborion.render.live import Content, picture

        watched, context = self.watched, self.watched.context
        items = [row.item for row in self.board.rows]
        count = len(watched.fleet.environments)
        style = watched.listed.style(distinguishing(count, items, watched.where))
        content = Content(
            watched.view, style, self.board, self.screen, self._freshness(), self._events(),
            watched.without,
        )  # fmt: skip
        return picture(content, self.window.size, context.now(), is_last=is_last)

    def _freshness(self) -> list[Freshness]:
        from dashborion.render.live import Freshness

        now, freshness = time.monotonic(), []
        for environment in self.watched.fleet.environments:
            frame = self.latest.get(environment.label)
            if frame is None:
                freshness.append(Freshness(environment.label, None))
            else:
                problem = frame.error.message if frame.error is not None else None
                seconds = now - frame.at
                freshness.append(Freshness(environment.label, seconds, frame.notes, problem))
        return freshness

    def _events(self) -> Sequence[Event]:
        known = by_time(event for frame in self.latest.values() for event in frame.events)
        return known[-_EVENTS:]


def _read_keys(keyboard: int, frames: Frames) -> None:
    """Hand over the keys that are pressed, until nobody waits for them."""
    from dashborion.engines.watch import Pressed
    from dashborion.orchestrators.logs import Ended
    from dashborion.render.live import keys

    with suppress(Ended, OSError):
        while True:
            frames.pause(0)
            if select.select([keyboard], [], [], TICK_SECONDS)[0]:
                typed = os.read(keyboard, _BYTES)
                if not typed:
                    return
                for key in keys(typed.decode(errors="ignore")):
                    frames.put(Pressed(key))
