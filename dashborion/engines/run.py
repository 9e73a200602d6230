"""One-off commands: say what will run where, send it once, follow it, and leave nothing behind.

The end that counts is the command's. Whatever ends the wait, what was started is shown, and
stopped unless it was to be left.
"""

from __future__ import annotations

import shlex
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from msgspec.structs import replace

from dashborion.concurrency import start
from dashborion.engines.change_parts import label
from dashborion.engines.changes import Changer
from dashborion.engines.run_plan import plan_lines, shown_run
from dashborion.errors import (
    DashborionError,
    Interrupted,
    NotFound,
    NotStarted,
    Refusal,
    RolloutError,
    RunPending,
    Unavailable,
    foreseen,
)
from dashborion.models.cause import Cause
from dashborion.models.run import Run
from dashborion.orchestrators.changing import WorkloadToChange
from dashborion.orchestrators.logs import Reader
from dashborion.orchestrators.run import RunSeen, RunWish, StartedRun
from dashborion.signals import done_in_the_end, held
from dashborion.streams import Streams
from dashborion.terminal import Terminal

POLL_SECONDS = 1.0
HOPELESS_SECONDS = 20.0  # for which what does not pass by itself may still pass
STOP_SECONDS = 40.0  # that a stop is waited for: more than the grace period of most
SLICE_SECONDS = 0.25
_HINT_IN_PART = "it may have run in part, and is not run again"

Follow = Callable[[Reader, Callable[[str], None], Callable[[], None]], None]
"""Prints the lines of a reader until there are no more; what else there is to say, and that there
were lines, is told to the two functions."""


@dataclass(frozen=True)
class Runner:
    """Runs one command with a workload's definition.

    ``changer`` has the guards and options of every change; ``follow`` prints the command's lines,
    ``show`` the run; ``open_terminal`` lends this process' streams to an interactive one.
    """

    changer: Changer
    follow: Follow
    show: Callable[[Run], None]
    open_terminal: Callable[[], Terminal] | None = None
    detach: bool = False

    @property
    def _streams(self) -> Streams:
        return self.changer.streams

    def run(self, name: str, wish: RunWish) -> int:
        """Run it; the command's exit code, or 0 where it was not waited for.

        Raises:
            NotStarted, Interrupted, RunPending: there is none, with the causes.
            Refusal, Declined, UsageError: as for every change.
        """
        changer = self.changer
        query = replace(changer.query, parts=frozenset())  # no part that takes more calls
        target = changer.fleet.workload_to_change(name, query)
        if target.not_changeable_because is not None:
            raise Refusal(f"{target.workload.name}: {target.not_changeable_because}")
        target.require_possible("run")
        with foreseen(target.environment.label):
            planned = target.plan_run(wish)
            words = shlex.join(wish.command) if wish.command else "the container's own command"
            what = f"run {words} once, with the definition of {label(target.workload)}"
            changer.announce(target.environment, what, target.place, target.workload.namespace)
            for note in plan_lines(planned):
                self._streams.announce(note)
            shown = shown_run(target, planned, wish, dry_run=changer.dry_run)
            if changer.dry_run:
                self.show(shown)
                return 0
            with held() as release:  # a signal finds what was started, and stops it
                with done_in_the_end(partial(self._note, "it may have been started")):
                    started = planned.start()
                shown = replace(shown, name=started.name)
                if self.detach:
                    self._note(*started.notes, f"{started.name}: {started.if_left}")
                    self.show(shown)
                    return 0
                return _Attended(self, target, started, shown, wish).until_over(release)

    def _note(self, *messages: str) -> None:
        for message in messages:
            self._streams.announce(message)


@dataclass
class _Attended:
    """A run that is waited for."""

    runner: Runner
    target: WorkloadToChange
    started: StartedRun
    shown: Run
    wish: RunWish
    seen: RunSeen = field(default_factory=RunSeen)
    _printing: Future[None] | None = None
    _said: str = ""
    _hopeless_since: float | None = None
    _ended: float | None = None
    _is_stopping: bool = False
    _heard: float = 0.0

    def __post_init__(self) -> None:
        changer = self.runner.changer
        self._streams, self._clock = changer.streams, changer.clock
        self._sleep = changer.follower.sleep
        self._deadline = changer.fleet.runtime(self.target.environment).deadline
        self._began = self._clock()
        self._time_is_up = f"its time is up: --timeout {self.wish.timeout_seconds:g}s"

    def until_over(self, begin: Callable[[], None]) -> int:
        """Watch it to its end, and show how it ended; as ``Runner.run``.

        What ``begin`` raises interrupts it.
        """
        try:
            begin()
            for note in (*self.started.notes, f"started {self.started.name}"):
                self._streams.announce(note)
            code = self._watched()
        except RolloutError as error:
            self.shown = replace(self.shown, message=error.message)
            self._explain(error)
            if isinstance(error, RunPending):
                self._stop_or_warn(self._time_is_up)
            raise
        except DashborionError as error:
            error.message = f"{error.message}; {self.started.name} goes on"
            error.hint = error.hint or self.started.if_left
            raise
        except KeyboardInterrupt:
            self._streams.progress("")
            self._stop_for_interrupt()
            raise
        finally:
            self._streams.progress("")
            self._end()
        return code

    def _watched(self) -> int:
        """The command's exit code, when it has ended and its lines were printed."""
        timeout = self.wish.timeout_seconds
        while True:
            self._look()
            if self.seen.is_over and not self._is_stopping:
                return self._judged()
            if self._left() <= 0:
                raise RunPending(
                    f"{self.started.name} had not ended after {timeout:g} seconds and is stopped",
                    hint=_HINT_IN_PART if self.seen.started else self.seen.waits_for,
                )
            self._give_up_if_hopeless()
            self._sleep(POLL_SECONDS)

    def _left(self) -> float:
        return self.wish.timeout_seconds - (self._clock() - self._began)

    def _look(self) -> None:
        self._deadline.restart()
        try:
            self.seen = self.started.look()
        except Unavailable as error:
            self._say(f"asking again: {error.message}")
            return
        if self.seen.is_over and self._ended is None:
            self._ended = self._clock()
        if self.seen.started and self._printing is None:
            self._streams.progress("")
            if not self._begin_printing():
                self._look()
        elif not (
            self.seen.started or self.seen.is_over or self._is_stopping or not self.seen.waits_for
        ):
            self._say(f"{self.started.name} waits: {self.seen.waits_for}")

    def _judged(self) -> int:
        name, seen = self.started.name, self.seen
        if seen.exit_code is not None:
            return seen.exit_code
        if seen.started:
            raise Interrupted(f"{name} was interrupted: {seen.why}", hint=_HINT_IN_PART)
        raise NotStarted(f"{name} did not start: {seen.why}")

    def _give_up_if_hopeless(self) -> None:
        if not self.seen.hopeless:
            self._hopeless_since = None
            return
        now = self._clock()
        self._hopeless_since = now if self._hopeless_since is None else self._hopeless_since
        if now - self._hopeless_since >= HOPELESS_SECONDS:
            raise NotStarted(f"{self.started.name} did not start: {self.seen.waits_for}")

    # --- What it writes -------------------------------------------------------------------------

    def _begin_printing(self) -> bool:
        """Print its log from now on; or else all was printed: a terminal has shown it."""
        terminal = self.runner.open_terminal() if self.runner.open_terminal else None
        if terminal is not None and terminal.tty:
            late = threading.Timer(self._left(), self._end_in_time)
            late.daemon = True
            late.start()
            is_shown = self._attach(terminal)
            late.cancel()
            self._printing = start((lambda: None) if is_shown else self._print)
            return not is_shown
        self._printing = start(self._print)
        if terminal is not None:
            start(partial(self._attach, terminal))
        return True

    def _end_in_time(self) -> None:
        with suppress(DashborionError):  # which comes again, and is told then
            self._tell_to_end(self._time_is_up)

    def _attach(self, terminal: Terminal) -> bool:
        try:
            self.started.attach(terminal, self._streams.note)
        except DashborionError as error:
            if not self.seen.is_over:  # else it has ended before: its lines are in the log
                self._say_of_lines(f"cannot attach to it: {error.message}")
            return False
        return True

    def _print(self) -> None:
        try:
            with foreseen(self.target.environment.label):
                self.runner.follow(self.started.reader(), self._say_of_lines, self._hear)
        except DashborionError as error:
            error.message = f"the lines of {self.started.name} cannot be read: {error.message}"
            self._streams.warn(error)

    def _say_of_lines(self, message: str) -> None:
        """Of what was stopped it is no news that the log cannot be read any more."""
        if not self._is_stopping:
            self._streams.note(message)

    def _await_lines(self) -> None:
        """Until the log has ended; one that does not say so gets its time."""
        if self._printing is None and self.seen.started:
            self._printing = start(self._print)
        self._hear()
        while self._printing and not self._printing.done():
            wait([self._printing], SLICE_SECONDS)
            if time.monotonic() > self._heard + self.started.late_seconds:
                break

    def _hear(self) -> None:
        self._heard = time.monotonic()

    # --- How it ends ----------------------------------------------------------------------------

    def _stop(self, reason: str) -> None:
        """Ask for the end and wait for it, as long as instances are given to end."""
        self._tell_to_end(reason)
        end = self._clock() + STOP_SECONDS
        while not self.seen.is_over and self._clock() < end:
            self._sleep(POLL_SECONDS)
            self._look()

    def _tell_to_end(self, reason: str) -> None:
        self._deadline.restart()
        self.started.stop(reason)
        self._is_stopping = True

    def _stop_or_warn(self, reason: str) -> None:
        try:
            self._stop(reason)
        except DashborionError as error:
            error.message = f"{self.started.name} could not be stopped: {error.message}"
            error.hint = self.started.if_left
            self._streams.warn(error)

    def _stop_for_interrupt(self) -> None:
        """The first Ctrl-C stops the run, a second one leaves it."""
        name, streams = self.started.name, self._streams
        if self.seen.is_over:
            return

        def leave() -> None:
            is_told = f"{name} was told to end, and is not waited for"
            streams.announce(
                is_told if self._is_stopping else f"{name} is left: {self.started.if_left}"
            )

        streams.announce(f"interrupted: stopping {name}; once more leaves it")
        try:
            with done_in_the_end(leave):
                why = "stopped by Ctrl-C in `dashborion workloads run`"
                self._stop_or_warn(self.wish.reason or why)
        except KeyboardInterrupt:
            leave()
            raise
        if not self.seen.is_over:
            streams.announce(f"{name} is still being stopped")

    def _end(self) -> None:
        """Print the rest, clean up, and show how it ended; of an interrupted one, too."""
        with suppress(KeyboardInterrupt):
            if self.seen.is_over or self.seen.hopeless:
                self._await_lines()
                self._clean_up()
        seen, ended = self.seen, self._ended or self._clock()
        self.shown = replace(
            self.shown,
            instance=seen.instance,
            started=seen.started,
            exit_code=seen.exit_code,
            message=self.shown.message or seen.why,
            seconds=round(ended - self._began, 1),
        )
        self.runner.show(self.shown)

    def _clean_up(self) -> None:
        self._deadline.restart()
        try:
            self.started.clean_up()
        except DashborionError as error:
            error.message = f"{self.started.name} is left behind: {error.message}"
            error.hint = self.started.if_left
            self._streams.warn(error)

    def _explain(self, error: RolloutError) -> None:
        self._deadline.restart()
        fleet, target = self.runner.changer.fleet, self.target
        try:
            told = self.started.causes(self.seen)
            error.causes = fleet.addressed(told, target.environment, target.workload.namespace)
            error.hint = error.hint or _hint(error.causes)
        except NotFound:
            return  # its instance is gone
        except DashborionError as lost:
            self._streams.warn(lost)

    def _say(self, message: str) -> None:
        if message != self._said:
            self._said = message
            report = self._streams.progress if self._streams.err_tty else self._streams.note
            report(message)


def _hint(causes: Sequence[Cause]) -> str | None:
    """What is wrong in our words, and what to do about it."""
    if not causes:
        return None
    advice = next(iter(causes[0].advice), None)
    parts = (causes[0].title, advice.text if advice else None, advice.command if advice else None)
    return ": ".join(filter(None, parts))
