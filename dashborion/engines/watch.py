"""Lists of all chosen environments, kept up to date until nobody watches them any more.

What is watched is a function that asks a fleet for rows: each environment is asked by itself, on
a thread of its own, again and again, as its orchestrator says that there may be something new.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from dashborion.concurrency import Deadline, start
from dashborion.config.targets import Environment
from dashborion.engines.answers import located
from dashborion.engines.fleet import Fleet
from dashborion.engines.logs import Live
from dashborion.errors import DashborionError, NotFound, UsageError, foreseen
from dashborion.models.event import Event, by_time
from dashborion.models.query import Found, Query
from dashborion.orchestrators.logs import Ended
from dashborion.orchestrators.protocol import Orchestrator, Watched
from dashborion.orchestrators.runtime import Runtime

EVENTS_SECONDS = 5.0  # between two looks at events
RETRY_SECONDS = 10.0  # until an environment that cannot be reached is tried again
MOST_EVENTS = 100  # of an environment: a screen shows a few
T = TypeVar("T")

Look = Callable[[Fleet], Sequence[Found[Any]]]
"""The rows of a fleet's environments; raises ``NotFound`` where there is none of that name."""


class Frame(Struct, frozen=True):
    """What one environment says now.

    Attributes:
        rows: None if it cannot say it, and why is the ``error``.
        notes: how it is kept up to date, and what may be missing.
        events: the newest ones of its workloads, the newest last.
        at: of the clock that only goes forward.
    """

    environment: Environment
    rows: Sequence[Found[Any]] | None
    error: DashborionError | None
    notes: Sequence[str]
    events: Sequence[Event]
    at: float


class RowChange(Struct, frozen=True):
    """One row that is not as it was in the frame before."""

    change: Literal["added", "modified", "deleted"]
    item: Any


def changes(before: Mapping[Hashable, T], after: Mapping[Hashable, T]) -> list[RowChange]:
    """What has changed between two frames: what is gone first, as it was."""
    gone = [RowChange("deleted", item) for key, item in before.items() if key not in after]
    now = [
        RowChange("modified" if key in before else "added", item)
        for key, item in after.items()
        if key not in before or not (before[key] is item or before[key] == item)
    ]
    return gone + now


class Pressed(Struct, frozen=True):
    """A key of the keyboard."""

    key: str


class Frames(Live["Frame | Pressed"]):
    """Frames of all environments, and what else the one who shows them waits for."""


class WatchRequest(Struct, frozen=True):
    """What is watched, and how.

    Attributes:
        interval: seconds between two looks at an environment, at least.
        floors: the same by orchestrator, where there is nothing new to see sooner.
        events: of which workloads events are told, if they are.
        warns: whether what may be missing is a note of a frame, instead of a warning.
    """

    look: Look
    interval: float
    floors: Mapping[str, float] = {}
    events: Query | None = None
    warns: bool = False


def begin(fleet: Fleet, asked: WatchRequest, frames: Frames) -> None:
    """Watch all environments until the ``frames`` end."""
    for environment in fleet.environments:
        start(partial(_Watcher(fleet, environment, asked, frames).run))


@dataclass
class _Watcher:
    """Looks at one environment."""

    fleet: Fleet
    environment: Environment
    asked: WatchRequest
    frames: Frames
    _watched: Watched | None = None
    _events: Sequence[Event] = ()
    _events_at: float = float("-inf")
    _warnings: dict[str, None] = field(default_factory=dict)

    def run(self) -> None:
        fleet = self._alone()
        with suppress(Ended):
            try:
                while True:
                    frame = self._frame(fleet)
                    self.frames.put(frame)
                    if isinstance(frame.error, UsageError):
                        return  # which stays one
                    fleet = replace(fleet, recorder=lambda *_: _NoRecorder())
                    self._wait(frame.error)
            finally:
                if self._watched is not None:
                    self._watched.end()

    def _frame(self, fleet: Fleet) -> Frame:
        rows: Sequence[Found[Any]] | None = None
        error: DashborionError | None = None
        self._warnings.clear()
        try:
            with foreseen(self.environment.label):
                if self._watched is not None:
                    self._watched.renew()
                rows = self.asked.look(fleet)
                self._look_at_events()
        except NotFound as missing:
            rows, error = [], missing
        except DashborionError as failure:
            error = located(failure, self.environment)
        notes = [*(self._watched.notes if self._watched else ()), *self._warnings]
        return Frame(self.environment, rows, error, notes, self._events, time.monotonic())

    def _wait(self, error: DashborionError | None) -> None:
        error = None if isinstance(error, NotFound) else error
        if self._watched is not None:
            self._watched.wait(self.frames.pause, error)
        else:
            self.frames.pause(max(RETRY_SECONDS, self.interval))

    @property
    def interval(self) -> float:
        """Seconds between two looks, at least."""
        floor = self.asked.floors.get(self.environment.orchestrator, 0.0)
        return max(self.asked.interval, floor)

    def _look_at_events(self) -> None:
        query, now = self.asked.events, time.monotonic()
        if query is None or self._watched is None or now < self._events_at + EVENTS_SECONDS:
            return
        self._events_at = now
        with suppress(NotFound):
            told = self._watched.orchestrator.events.feed(query).told()
            known = by_time(event for one in told for event in one.events)
            self._events = known[-MOST_EVENTS:]

    def _alone(self) -> Fleet:
        """The environment as a fleet: what goes wrong is a frame, and nothing is printed."""
        runtime = self.fleet.runtime(self.environment)
        runtime = replace(runtime, deadline=Deadline(runtime.deadline.seconds))
        if self.asked.warns:
            runtime = replace(runtime, warn=self._warn, incomplete=self._warn, trace=lambda _: None)
        return replace(
            self.fleet,
            environments=[self.environment],
            connect=self._connect,
            runtime=lambda _: runtime,
            report=lambda _: None,
            progress=lambda _: None,
        )

    def _connect(self, environment: Environment, runtime: Runtime) -> Orchestrator:
        if self._watched is None:
            self._watched = self.fleet.connect(environment, runtime).watched(self.interval)
        return self._watched.orchestrator

    def _warn(self, error: DashborionError) -> None:
        self._warnings[error.message] = None


class _NoRecorder:
    """Names are kept for completion once, not at every look."""

    def add(self, *_: object) -> None: ...
    def close(self, *_: object) -> None: ...
