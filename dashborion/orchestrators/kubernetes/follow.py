"""Follows the logs of pods: the containers that come and go, each read on a thread of its own.

The runs of a container are read one after the other, each until nothing more can come of it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any

from dashborion.concurrency import start
from dashborion.errors import DashborionError, NotFound, Unavailable, UsageError, foreseen
from dashborion.models.log import Source
from dashborion.orchestrators.kubernetes import find, instances, runs, wire
from dashborion.orchestrators.kubernetes.errors import KubeletSilent, Missing
from dashborion.orchestrators.kubernetes.log_targets import Key, LogParams, PodGroup, Target
from dashborion.orchestrators.kubernetes.run_log import (
    Broken,
    NotGiven,
    NotKept,
    Replaced,
    RunLog,
)
from dashborion.orchestrators.kubernetes.run_progress import (
    FIRST_DELAY,
    LONGEST_DELAY,
    Progress,
    ReadEnd,
    RunState,
    run_state,
)
from dashborion.orchestrators.kubernetes.runs import Run
from dashborion.orchestrators.log_opening import named
from dashborion.orchestrators.logs import Ended, Notices, Outages, Sink, between

LOOK_SECONDS = 1.0  # between two lookups of the pods
LOOK_SHARE = 10  # times as long as a lookup took, where it takes long
PATIENCE = 1.0  # seconds before the next read, from which on a refusal is told


class Follower:
    """Follows all containers of a group of pods."""

    def __init__(self, group: PodGroup) -> None:
        self._group = group
        self._followed: dict[Key, ContainerFollower] = {}
        self._skipped: set[Key] = set()  # seen while there was no room for them
        self._told: set[Key] = set()  # containers whose failure was told
        self._responses: set[Any] = set()
        self._lock = threading.Lock()
        self._is_stopped = False
        self._look_took = 0.0  # seconds

    def follow(self, sink: Sink) -> None:
        """As ``Reader``: until a single pod has finished; a workload may always get another pod."""
        group, notices = self._group, Notices(sink)
        pods = group.list_pods(sink.say)
        targets = group.targets(pods)
        group.wanted.room.require(len([target for target in targets if target.run]))
        if not pods:
            notices.say(f"{group.none_message}; waiting for some")
        is_first_look = True
        while True:
            if group.of_many:
                notices.workloads(group.workloads(pods))
            self._update(notices, targets, is_first_look=is_first_look)
            self._tell_failures()
            if group.is_single and not self._alive() and all(map(instances.is_finished, pods)):
                return
            is_first_look = False
            sink.pause(max(LOOK_SECONDS, LOOK_SHARE * self._look_took))
            pods = self._look_up(notices, pods)
            try:
                targets = group.targets(pods)
            except NotFound as error:  # another revision may not have the container
                if not self._followed:
                    raise
                notices.say(error.message)

    def stop(self) -> None:
        """As ``Reader``: close all connections."""
        with self._lock:
            self._is_stopped = True
            for response in self._responses:
                _shut(response)
        for container in list(self._followed.values()):
            container.leave()

    def _look_up(self, notices: Notices, before: list[wire.Pod]) -> list[wire.Pod]:
        """The pods as they are now; those of ``before`` while the API does not answer."""
        self._group.client.runtime.deadline.restart()
        begun = time.monotonic()
        try:
            pods = self._group.list_pods(notices.sink.say)
        except Unavailable as error:
            notices.lookup_failed(error)
            return before
        finally:
            self._look_took = time.monotonic() - begun
        notices.looked_up()
        return pods

    def _update(self, notices: Notices, targets: Sequence[Target], *, is_first_look: bool) -> None:
        """Follow new containers, hand on new runs, and let containers end that are gone."""
        present = set()
        notices.sink.expect([target.source for target in targets if self._is_new(target)])
        for target in targets:
            key = target.key
            present.add(key)
            is_finished = instances.is_finished(target.pod)
            if key not in self._followed:
                if target.run is not None:
                    self._join(notices, key, target, target.run, is_first_look=is_first_look)
                elif not is_finished:
                    notices.say(runs.waiting_message(target.pod, target.container))
            if (container := self._followed.get(key)) is not None:
                container.read(target.run)
                if is_finished:
                    container.leave()
        self._skipped &= present
        self._told &= present
        for key in self._followed.keys() - present:
            self._followed[key].leave()
            if not self._followed[key].is_alive:
                del self._followed[key]

    def _is_new(self, target: Target) -> bool:
        return target.run is not None and target.key not in self._followed

    def _join(
        self, notices: Notices, key: Key, target: Target, run: Run, *, is_first_look: bool
    ) -> None:
        """Follow a new container, unless too many are followed.

        One that comes later is read from its beginning, and may have restarted since.
        """
        room = self._group.wanted.room
        if not room.take():
            self._skipped.add(key)
            notices.no_room(target.source, room)
            return
        container = self._followed[key] = ContainerFollower(
            self._group,
            notices.sink,
            target.source,
            self._group.first_params() if is_first_look else {},
            notices.outages,
            opened=self._opened,
        )
        if not is_first_look and key not in self._skipped:
            previous = runs.previous_run(target.pod, run)
            if previous is not None and previous.id != run.id:
                container.read(previous)

    def _alive(self) -> int:
        return sum(container.is_alive for container in self._followed.values())

    def _tell_failures(self) -> None:
        """Say which containers' logs cannot be read.

        Raises:
            DashborionError: none can.
        """
        failed = {key: one for key, one in self._followed.items() if one.error is not None}
        for key, container in failed.items():
            error = container.error
            if error is None or key in self._told:
                continue
            if len(failed) == len(self._followed):
                raise error
            self._told.add(key)
            self._group.client.runtime.incomplete(named([container.source], error))

    def _opened(self, response: Any) -> None:
        """Remember an open connection, for ``stop``."""
        with self._lock:
            self._responses = {one for one in self._responses if not one.closed} | {response}
            if self._is_stopped:
                _shut(response)


def _shut(response: Any) -> None:
    with suppress(OSError, ValueError, RuntimeError):  # it has ended meanwhile
        response.shutdown()


@dataclass(frozen=True)
class Outage:
    """``what`` does not answer, and what to say when it ``is_over``.

    A log that the kubelet opens may still not be read.
    """

    what: str
    is_over: str
    is_over_once_open: bool = True


@dataclass
class ContainerFollower:
    """Reads the runs of one container, on a thread of its own.

    ``opened`` is given each response that is read; ``error`` is what has ended the thread.
    """

    group: PodGroup
    sink: Sink
    source: Source
    first_params: LogParams
    outages: Outages
    opened: Callable[[Any], None]
    error: DashborionError | None = None
    is_alive: bool = True
    _runs: SimpleQueue[Run | None] = field(default_factory=SimpleQueue)
    _newest: str = ""
    _is_leaving: bool = False

    _outage: Outage | None = None

    def __post_init__(self) -> None:
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
            with foreseen(), suppress(Ended):
                self.sink.say(f"joined {self.source}")
                self._read_all()
                self.sink.say(f"left {self.source}")
        except DashborionError as error:
            self.error = error
        finally:
            self.is_alive = False
            self.group.wanted.room.give_back()

    def _read_all(self) -> None:
        before: Run | None = None
        while (run := self._runs.get()) is not None:
            if before is not None:
                self._say_restarted(run.restarts - before.restarts - 1)
            self._read_run(run)
            self.first_params = {}
            before = run

    def _say_restarted(self, skipped: int) -> None:
        self.sink.say(f"{self.source} was restarted")
        if skipped > 0:
            lost = "one run" if skipped == 1 else f"{skipped} runs"
            self.sink.say(f"{self.source}: the logs of {lost} between are gone")

    def _read_run(self, run: Run) -> None:
        """Read one run until nothing more can come, and say what may be missing at its end."""
        log = RunLog(
            self.group.client,
            run,
            self.first_params,
            say=lambda text: self.sink.say(f"{self.source}: {text}"),
            pause=self.sink.pause,
            opened=self._handle_opened,
        )
        progress = Progress(RunState.RUNNING if run.is_running else RunState.ENDED)
        while True:
            has_lines, end = self._read_once(log, progress.state, progress.delay)
            self.sink.pause(0)  # raises if the command has ended
            pod, is_prompt = self._current_pod(run)
            is_leaving = pod is not None and pod.metadata.deletion_timestamp is not None
            progress.update(
                run_state(pod, run),
                end if is_prompt else ReadEnd.BROKEN,
                log,
                has_lines=has_lines,
                is_leaving=is_leaving,
            )
            if progress.is_over:
                break
            if end is ReadEnd.BROKEN:
                self.sink.say(f"{self.source}: the connection was cut, reading on")
            self.sink.pause(progress.delay)
        if last := log.last_line():
            self.sink.lines(self.source, last)
        if progress.may_have_lost_lines:
            gone = " is gone" if progress.state is RunState.POD_GONE else "'s run has ended"
            self.sink.say(f"{self.source}{gone}: what it wrote last could not be read")

    def _read_once(self, log: RunLog, state: RunState, delay: float) -> tuple[bool, ReadEnd]:
        """Read until the log or the connection ends: whether lines came, and how it ended.

        It was last tried ``delay`` seconds ago.
        """
        self.group.client.runtime.deadline.restart()
        has_lines = False
        blocks = log.read(follow=state is RunState.RUNNING, previous=state is RunState.PREVIOUS)
        try:
            for block in blocks:
                has_lines = True
                self._tell_end_of_outage()
                for kept in between([block], self.group.wanted):
                    self.sink.lines(self.source, kept)
        except Replaced:
            return has_lines, ReadEnd.REFUSED
        except (UsageError, Missing, NotGiven, NotKept) as error:
            # A container that ends is refused for a moment, before the API knows of it.
            if state is RunState.RUNNING and delay > PATIENCE:
                self._tell_outage(error, log.run)
            return has_lines, ReadEnd.REFUSED
        except Broken:
            return has_lines, ReadEnd.BROKEN
        except Unavailable as error:
            self._tell_outage(error, log.run)
            return has_lines, ReadEnd.UNANSWERED
        self._tell_end_of_outage()
        return has_lines, ReadEnd.CLEAN

    def _tell_outage(self, error: DashborionError, run: Run) -> None:
        """Say why nothing comes; what all logs of a node, or of the API, wait for is said once.

        Nothing else is said until that is over: a kubelet that answers again may not know its pods.
        """
        if self._outage is not None:
            return
        if isinstance(error, KubeletSilent):
            self._outage = Outage(error.kubelet, f"{error.kubelet} answers again")
            text = f"{error.message}: logs of its containers are read on when it does"
        elif isinstance(error, NotGiven | NotKept) or f"/{run.pod.name}/" in error.message:
            what = str(self.source)
            self._outage = Outage(what, f"{what}: reading on", is_over_once_open=False)
            text = f"{what}: reading again: {error.message}"
        else:
            self._outage = Outage("the API", "the API answers again")
            text = f"reading again: {error.message}"
        self.outages.begin(self._outage.what, text)

    def _tell_end_of_outage(self) -> None:
        if self._outage is not None:
            self.outages.end(self._outage.what, self._outage.is_over)
            self._outage = None

    def _handle_opened(self, response: Any) -> None:
        self.opened(response)
        if self._outage is not None and self._outage.is_over_once_open:
            self._tell_end_of_outage()

    def _current_pod(self, run: Run) -> tuple[wire.Pod | None, bool]:
        """The run's pod as it is now, and whether the API knew it at once; asks until it answers.

        An API server that ends may end its logs as if they were over.
        """
        delay = FIRST_DELAY
        while True:
            self.group.client.runtime.deadline.restart()
            try:
                return find.pod_again(self.group.client, run.pod), delay == FIRST_DELAY
            except Unavailable:
                self.sink.pause(delay)
                delay = min(delay * 2, LONGEST_DELAY)
