"""Following pods: who joins and leaves, and each container's runs one after the other.

A thread for each container waits in a connection of its own. The list of pods
tells which runs there are; a run is left only when nothing more can come of it.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from dashborion.concurrency import start
from dashborion.config.targets import Environment
from dashborion.errors import Unavailable, UsageError
from dashborion.models.log import STAMP
from dashborion.models.query import Name, Query
from dashborion.orchestrators.kubernetes import find, runs, wire
from dashborion.orchestrators.kubernetes import instances as pods
from dashborion.orchestrators.kubernetes.errors import Missing
from dashborion.orchestrators.kubernetes.fetch import Fetch
from dashborion.orchestrators.kubernetes.logs import (
    PodLogs,
    Pods,
    Replaced,
    RunLog,
    Target,
    of_pod,
    of_workload,
)
from dashborion.orchestrators.kubernetes.runs import Run
from dashborion.orchestrators.logs import (
    Block,
    Ended,
    Reading,
    Sink,
    Source,
    Wanted,
    require_few,
    stamp,
)

LOOK_SECONDS = 1.0  # between two looks at which pods there are
REFUSALS = 8  # of a log that its pod should have
FIRST_DELAY, LONGEST_DELAY = 0.05, 5.0  # before a log that gave nothing is opened again


class Place(Enum):
    """Where the API has the log of a run."""

    RUNNING = "running"  # it goes on
    ENDED = "ended"  # the container's last
    PREVIOUS = "previous"  # the one before
    LOST = "lost"  # nowhere: two restarts ago
    GONE = "gone"  # the pod is


class End(Enum):
    """How a read ended: by itself, with the connection, or before it began."""

    CLEAN = "clean"
    BROKEN = "broken"
    REFUSED = "refused"


def place(pod: wire.Pod | None, run: Run) -> Place:
    """Look up a run in its pod as it is now."""
    if pod is None:
        return Place.GONE
    now = runs.run_of(pod, run.container)
    if now is not None and now.id == run.id:
        return Place.RUNNING if now.is_running else Place.ENDED
    return Place.PREVIOUS if runs.previous_id(pod, run.container) == run.id else Place.LOST


class Follower:
    """``Reader`` of pods."""

    def __init__(self, members: Pods, wanted: Wanted) -> None:
        self.members = members
        self.wanted = wanted
        self.logs = PodLogs(members, wanted)
        self.failed: Exception | None = None  # what no container can go on with
        self._followed: dict[tuple[str, str], _Container] = {}
        self._said: set[str] = set()
        self._open: set[Any] = set()
        self._lock = threading.Lock()
        self._stopped = False

    @property
    def label(self) -> str:
        """As ``Reader``."""
        return self.members.environment.label

    def snapshot(self) -> list[Reading]:
        """As ``Reader``."""
        return self.logs.snapshot()

    def follow(self, sink: Sink) -> None:
        """As ``Reader``; a pod alone has an end, a workload may always get another one."""
        found = self.members.list()
        targets = self.logs.targets(found)
        require_few(len([one for one in targets if one.run]), self.wanted.most)
        if not found:
            sink.say(f"{self.members.nothing}; waiting for some")
        first = self.logs.asked()
        while True:
            self._arrange(sink, targets, first)
            if self.failed is not None:
                raise self.failed
            alive = [one for one in self._followed.values() if one.is_alive]
            if self.members.is_alone and not alive and all(map(runs.is_over, found)):
                return
            first = {}  # who comes later is read from the beginning
            sink.pause(LOOK_SECONDS)
            found = self._look(sink, found)
            targets = self.logs.targets(found)

    def _look(self, sink: Sink, before: list[wire.Pod]) -> list[wire.Pod]:
        """The pods there are now; while the API does not say, those there were."""
        self.members.fetch.client.runtime.deadline.restart()
        try:
            return self.members.list()
        except Unavailable as error:
            self._say(sink, f"asking again which instances there are: {error.message}")
            return before

    def _arrange(
        self,
        sink: Sink,
        targets: list[Target],
        first: Mapping[str, str | None],
    ) -> None:
        """Start to follow who is new, hand on new runs, let those go that are not there."""
        present = set()
        alive = sum(one.is_alive for one in self._followed.values())
        for one in targets:
            key = (one.pod.metadata.uid, one.container)
            present.add(key)
            if key in self._followed:
                self._followed[key].read(one.run)
            elif one.run is None:
                if not runs.is_over(one.pod):
                    self._say(sink, runs.waits_for(one.pod, one.container))
            elif alive >= self.wanted.most:
                limit = f"as long as {self.wanted.most} others are (--max-streams)"
                self._say(sink, f"{one.source} is not followed {limit}")
            else:
                alive += 1
                self._followed[key] = _Container(self, sink, one.source, first)
                self._followed[key].read(one.run)
            if key in self._followed and runs.is_over(one.pod):
                self._followed[key].leave()
        for key in self._followed.keys() - present:
            self._followed[key].leave()
            if not self._followed[key].is_alive:
                del self._followed[key]

    def _say(self, sink: Sink, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            sink.say(text)

    # --- Connections, ended by whoever ends it all ----------------------------------------------

    def opened(self, response: Any) -> None:
        with self._lock:
            self._open = {one for one in self._open if not one.closed} | {response}
            if self._stopped:
                _shut(response)

    def stop(self) -> None:
        """As ``Reader``."""
        with self._lock:
            self._stopped = True
            for response in self._open:
                _shut(response)
        for one in list(self._followed.values()):
            one.leave()


def _shut(response: Any) -> None:
    with suppress(OSError, ValueError, RuntimeError):  # it has ended by itself
        response.shutdown()


class _Container:
    """One container's thread."""

    def __init__(
        self, follower: Follower, sink: Sink, source: Source, first: Mapping[str, str | None]
    ) -> None:
        self._follower, self._sink, self._source = follower, sink, source
        self._first = first
        self._runs: queue.SimpleQueue[Run | None] = queue.SimpleQueue()
        self._newest = ""
        self._is_leaving = False
        self.is_alive = True
        start(self._work)

    def read(self, run: Run | None) -> None:
        """Read this run too, unless it is the one known."""
        if run is not None and run.id != self._newest:
            self._newest = run.id
            self._runs.put(run)

    def leave(self) -> None:
        """There will be no more runs."""
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
        except Exception as error:  # noqa: BLE001 - raised again by the thread that others wait for
            self._follower.failed = error
        finally:
            self.is_alive = False

    def _read_all(self) -> None:
        before: Run | None = None
        while (run := self._runs.get()) is not None:
            if before is not None:
                skipped = run.restarts - before.restarts - 1
                self._sink.say(f"{self._source} was restarted")
                if skipped > 0:
                    self._sink.say(f"{self._source}: the logs of {skipped} runs between are gone")
            self._read(run)
            self._first = {}
            before = run

    def _read(self, run: Run) -> None:
        """One run, to its end."""
        log = RunLog(
            self._follower.members, run, self._first,
            say=lambda text: self._sink.say(f"{self._source}: {text}"),
            pause=self._sink.pause,
            opened=self._follower.opened,
        )  # fmt: skip
        where = Place.RUNNING if run.is_running else Place.ENDED
        delay, is_loose, refusals = 0.0, False, 0
        ends: list[bytes] = []  # what stood behind the last newline, read by read
        while True:
            got, end = self._read_once(log, where)
            self._sink.pause(0)  # nobody asks on when all is over
            is_loose = (end is End.BROKEN or bool(log.rest)) if end is not End.REFUSED else is_loose
            # An end that the API reports may be that of the kubelet's connection. So a run that
            # has ended is read until it ends the same, with nothing new, twice in a row.
            is_final = where is not Place.RUNNING and end is End.CLEAN
            ends = [*ends, log.rest] if is_final and log.is_caught_up and not got else []
            is_drained = ends[-2:] == [log.rest] * 2
            longest = FIRST_DELAY if is_final else LONGEST_DELAY
            delay = 0.0 if got else min(delay * 2 or FIRST_DELAY, longest)
            pod = self._pod(run)
            now = place(pod, run)
            refusals = refusals + 1 if end is End.REFUSED and where is now else 0
            if is_drained or now in (Place.GONE, Place.LOST) or refusals == REFUSALS:
                break
            is_leaving = pod is not None and pod.metadata.deletion_timestamp is not None
            if where is Place.RUNNING is now and not is_leaving and end is not End.REFUSED:
                self._sink.say(f"{self._source}: the connection was cut, reading on")
            where = now
            self._sink.pause(delay)
        if last := log.last_line():
            self._sink.lines(self._source, last)
        if not is_drained and (is_loose or now is Place.LOST or refusals):
            self._sink.say(f"{self._source} is gone: what it wrote last could not be read")

    def _read_once(self, log: RunLog, where: Place) -> tuple[bool, End]:
        """Whether lines came, and how that ended."""
        self._follower.members.fetch.client.runtime.deadline.restart()
        got = False
        blocks = log.read(endless=where is Place.RUNNING, previous=where is Place.PREVIOUS)
        try:
            for block in blocks:
                got = True
                if kept := self._asked_for(block):
                    self._sink.lines(self._source, kept)
        except (Replaced, UsageError, Missing):
            return got, End.REFUSED
        except Unavailable:
            return got, End.BROKEN
        return got, End.CLEAN

    def _asked_for(self, block: Block) -> Block:
        """Without what the API's whole seconds let in at first, and what comes after the end."""
        wanted = self._follower.wanted
        if not wanted.since and not wanted.until:
            return block
        first = stamp(wanted.since) if wanted.since else b""
        last = stamp(wanted.until) if wanted.until else b"~"
        return [line for line in block if first <= line[:STAMP] <= last]

    def _pod(self, run: Run) -> wire.Pod | None:
        """The run's pod now, however long it takes the API to say."""
        delay = FIRST_DELAY
        while True:
            self._follower.members.fetch.client.runtime.deadline.restart()
            try:
                return self._follower.members.get(run)
            except Unavailable:
                self._sink.pause(delay)
                delay = min(delay * 2, LONGEST_DELAY)


@dataclass(frozen=True)
class Logs:
    """As ``protocol.Logs``."""

    fetch: Fetch
    environment: Environment

    def of_workload(self, name: Name, query: Query, wanted: Wanted) -> Follower:
        """The logs of a controller's pods."""
        namespace = find.namespace_of(self.fetch, query, name)
        item = find.workload(self.fetch, name, namespace).item
        return Follower(of_workload(self.fetch, item, self.environment), wanted)

    def of_instance(self, name: Name, query: Query, wanted: Wanted) -> Follower:
        """The log of a pod: of its default container, if it says which that is."""
        namespace = find.namespace_of(self.fetch, query, name)
        pod = find.instance(self.fetch, name, namespace).item
        default = (pod.metadata.annotations or {}).get(runs.DEFAULT_CONTAINER)
        if default and not wanted.containers:
            wanted = replace(wanted, containers=(default,))
        owner = pods.owner(pod, {})
        workload = owner.name.name if owner else None
        return Follower(of_pod(self.fetch, pod, workload, self.environment), wanted)
