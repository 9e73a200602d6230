"""Follows one container: its runs one after the other, each until nothing more can come of it."""

from __future__ import annotations

import queue
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from dashborion.concurrency import start
from dashborion.errors import Unavailable, UsageError
from dashborion.models.log import Source
from dashborion.orchestrators.kubernetes import find, runs, wire
from dashborion.orchestrators.kubernetes.errors import Missing
from dashborion.orchestrators.kubernetes.log_targets import LogParams, PodGroup
from dashborion.orchestrators.kubernetes.run_log import Replaced, RunLog
from dashborion.orchestrators.kubernetes.runs import Run
from dashborion.orchestrators.logs import Ended, Sink, between

MOST_REFUSALS = 8  # in a row, of a log that the pod should have
FIRST_DELAY, LONGEST_DELAY = 0.05, 5.0  # seconds before a log without new lines is opened again


class RunState(Enum):
    """Whether a run still goes on, and where the API has its log."""

    RUNNING = "running"
    ENDED = "ended"  # the container's latest run
    PREVIOUS = "previous"  # the run before the latest
    LOST = "lost"  # an older run, whose log the API does not serve
    POD_GONE = "pod gone"


class ReadEnd(Enum):
    """How one read of a log has ended."""

    CLEAN = "clean"
    BROKEN = "broken"  # with the connection
    REFUSED = "refused"  # before it began: the kubelet does not have the log


def run_state(pod: wire.Pod | None, run: Run) -> RunState:
    """The state of a run, by its pod as it is now."""
    if pod is None:
        return RunState.POD_GONE
    latest = runs.latest_run(pod, run.container)
    if latest is not None and latest.id == run.id:
        return RunState.RUNNING if latest.is_running else RunState.ENDED
    is_previous = runs.previous_run_id(pod, run.container) == run.id
    return RunState.PREVIOUS if is_previous else RunState.LOST


class ContainerFollower:
    """Reads the runs of one container, on a thread of its own.

    ``opened`` is given each response that is read; ``failed`` the error that ends the thread.
    """

    def __init__(
        self,
        group: PodGroup,
        sink: Sink,
        source: Source,
        first_params: LogParams,
        *,
        opened: Callable[[Any], None],
        failed: Callable[[Exception], None],
    ) -> None:
        self._group, self._sink, self._source = group, sink, source
        self._first_params = first_params
        self._opened, self._failed = opened, failed
        self._runs: queue.SimpleQueue[Run | None] = queue.SimpleQueue()
        self._newest = ""
        self._is_leaving = False
        self.is_alive = True
        start(self._work)

    def read(self, run: Run | None) -> None:
        """Read this run too, unless it is the one that was given last."""
        if run is not None and run.id != self._newest:
            self._newest = run.id
            self._runs.put(run)

    def leave(self) -> None:
        """End after the runs that were given: there will be no more."""
        if not self._is_leaving:
            self._is_leaving = True
            self._runs.put(None)

    def _work(self) -> None:
        try:
            self._sink.say(f"joined {self._source}")
            self._read_all()
            self._sink.say(f"left {self._source}")
        except Ended:
            return
        except Exception as error:  # noqa: BLE001 - raised again by the thread that follows all
            self._failed(error)
        finally:
            self.is_alive = False

    def _read_all(self) -> None:
        before: Run | None = None
        while (run := self._runs.get()) is not None:
            if before is not None:
                self._say_restarted(run.restarts - before.restarts - 1)
            self._read_run(run)
            self._first_params = {}
            before = run

    def _say_restarted(self, skipped: int) -> None:
        self._sink.say(f"{self._source} was restarted")
        if skipped > 0:
            self._sink.say(f"{self._source}: the logs of {skipped} runs between are gone")

    def _read_run(self, run: Run) -> None:
        """Read one run until nothing more can come, and say what may be missing at its end."""
        log = RunLog(
            self._group.client,
            run,
            self._first_params,
            say=lambda text: self._sink.say(f"{self._source}: {text}"),
            pause=self._sink.pause,
            opened=self._opened,
        )
        progress = Progress(RunState.RUNNING if run.is_running else RunState.ENDED)
        while True:
            has_lines, end = self._read_once(log, progress.state)
            self._sink.pause(0)  # raises if the command has ended
            before = progress.state
            pod = self._current_pod(run)
            progress.update(run_state(pod, run), end, log, has_lines=has_lines)
            if progress.is_over:
                break
            is_leaving = pod is not None and pod.metadata.deletion_timestamp is not None
            goes_on = before is RunState.RUNNING is progress.state and not is_leaving
            if goes_on and end is not ReadEnd.REFUSED:
                self._sink.say(f"{self._source}: the connection was cut, reading on")
            self._sink.pause(progress.delay)
        if last := log.last_line():
            self._sink.lines(self._source, last)
        if progress.may_have_lost_lines:
            self._sink.say(f"{self._source} is gone: what it wrote last could not be read")

    def _read_once(self, log: RunLog, state: RunState) -> tuple[bool, ReadEnd]:
        """Read until the log or the connection ends: whether lines came, and how it ended."""
        self._group.client.runtime.deadline.restart()
        has_lines = False
        blocks = log.read(follow=state is RunState.RUNNING, previous=state is RunState.PREVIOUS)
        try:
            for block in blocks:
                has_lines = True
                for kept in between([block], self._group.wanted):
                    self._sink.lines(self._source, kept)
        except (Replaced, UsageError, Missing):
            return has_lines, ReadEnd.REFUSED
        except Unavailable:
            return has_lines, ReadEnd.BROKEN
        return has_lines, ReadEnd.CLEAN

    def _current_pod(self, run: Run) -> wire.Pod | None:
        """The run's pod as it is now; asks again until the API answers."""
        delay = FIRST_DELAY
        while True:
            self._group.client.runtime.deadline.restart()
            try:
                return find.pod_again(self._group.client, run.pod)
            except Unavailable:
                self._sink.pause(delay)
                delay = min(delay * 2, LONGEST_DELAY)


@dataclass
class Progress:
    """How far one run has been read, updated after each read.

    The API may report the end of its own connection to the kubelet as the end of the log.
    So a run that has ended ``is_drained`` only when two reads in a row came to a clean end
    with no new line and the same ``rest``.
    """

    state: RunState  # at the time of the last lookup, by which the next read is made
    delay: float = 0.0  # seconds before the next read
    is_drained: bool = False
    _refusals: int = 0  # in a row, in the same state
    _is_cut: bool = False  # whether the last read was broken, or ended inside a line
    _rest: bytes | None = None  # of the last read, if that came to a clean end with no new line

    def update(self, state: RunState, end: ReadEnd, log: RunLog, *, has_lines: bool) -> None:
        """Take in how a read has ended, and the state of the run after it."""
        is_refused = end is ReadEnd.REFUSED
        if not is_refused:
            self._is_cut = end is ReadEnd.BROKEN or bool(log.rest)
        is_clean_end = self.state is not RunState.RUNNING and end is ReadEnd.CLEAN
        is_quiet = is_clean_end and log.is_caught_up and not has_lines
        self.is_drained = is_quiet and self._rest == log.rest
        self._rest = log.rest if is_quiet else None
        longest = FIRST_DELAY if is_clean_end else LONGEST_DELAY
        self.delay = 0.0 if has_lines else min(self.delay * 2 or FIRST_DELAY, longest)
        self._refusals = self._refusals + 1 if is_refused and state is self.state else 0
        self.state = state

    @property
    def is_over(self) -> bool:
        """Whether nothing more can be read."""
        is_gone = self.state in (RunState.POD_GONE, RunState.LOST)
        return self.is_drained or is_gone or self._refusals == MOST_REFUSALS

    @property
    def may_have_lost_lines(self) -> bool:
        """Whether lines were written that could not be read; to be asked at the end."""
        is_lost = self.state is RunState.LOST or self._refusals > 0
        return not self.is_drained and (self._is_cut or is_lost)
