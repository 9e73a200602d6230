"""Following tasks: which ones come and go, and their streams without a gap or a double.

A few streams are read one by one with tokens, which are exact. More of them
would use up the account's 25 calls a second, so those beyond the first few are
read a hundred in a call: by time, with an overlap, and known again by their ids.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial

from dashborion.concurrency import result, start
from dashborion.errors import DashborionError, Forbidden, Unavailable
from dashborion.orchestrators.aws.client import batches
from dashborion.orchestrators.ecs import instances, wire
from dashborion.orchestrators.ecs.cloudwatch import (
    EVENTS_A_PAGE,
    STREAMS_A_CALL,
    Absent,
    Group,
    lines,
    milliseconds,
)
from dashborion.orchestrators.ecs.log_targets import Stream, TaskGroup
from dashborion.orchestrators.logs import Notices, Sink, Wanted, require_few, unreadable

POLL_SECONDS = 1.0
POLLS_A_LOOK = 2  # between two looks at which tasks there are
FEW = 10  # streams that are read one by one
LATE_POLLS = 10  # after which a message says that a stream is waited for
DRAINED_POLLS = 10  # without a line after a task's end; CloudWatch takes lines in late
# How much of the past is read again for events that are taken in late; less of it when there is
# much to read.
OVERLAP_MS, SHORT_OVERLAP_MS, MANY_EVENTS = 120_000, 15_000, 10_000


@dataclass
class Tail:
    """One stream, and how far it has been read.

    ``reached`` is the ingestion time of the newest event that was read, and
    ``at_reached`` counts the events of that millisecond; None when not all of them
    were read.
    """

    stream: Stream
    wanted: Wanted
    is_first: bool  # it was there when the command began: its past is wanted, too
    token: str | None = None
    reached: int = 0
    at_reached: Counter[tuple[int, str]] | None = field(default_factory=Counter)
    is_caught_up: bool = False
    is_pooled: bool = False
    is_over: bool = False  # its task has stopped
    quiet: int = 0  # polls without a line

    def read(self) -> list[wire.LogEvent]:
        """The events since the last read.

        Raises as ``Group.page``, unless something was read before the failure.
        """
        span = {"startTime": milliseconds(self.wanted.since)} if self.is_first else {}
        if self.token is None and self.is_first and self.wanted.tail is not None:
            return self._read_newest(self.wanted.tail, span)
        events: list[wire.LogEvent] = []
        self.is_caught_up = False
        while not self.is_caught_up and len(events) < EVENTS_A_PAGE:
            try:
                page = self.stream.group.page(
                    self.stream.name, startFromHead=True, nextToken=self.token, **span
                )
            except DashborionError:
                if not events:
                    raise
                break
            events += page.events
            self._reach(page.events)
            self.is_caught_up, self.token = page.forward == self.token, page.forward
        return events

    def _read_newest(self, count: int, span: dict[str, int | None]) -> list[wire.LogEvent]:
        events, page = self.stream.group.newest(self.stream.name, count, **span)
        self._reach(page.events)
        if len(events) != len(page.events) or len(events) >= count:
            self.at_reached = None
        self.token = page.forward
        return events

    def _reach(self, events: Sequence[wire.LogEvent]) -> None:
        newest = max((event.ingestion_time for event in events), default=0)
        if newest > self.reached:
            self.reached, self.at_reached = newest, Counter()
        if self.at_reached is not None:
            self.at_reached.update(
                (event.timestamp, event.message)
                for event in events
                if event.ingestion_time == self.reached
            )

    def is_new(self, event: wire.LogEvent) -> bool:
        """Whether an event was not among those read with tokens."""
        if event.ingestion_time != self.reached:
            return event.ingestion_time > self.reached
        if self.at_reached is None:
            return False
        key = (event.timestamp, event.message)
        self.at_reached[key] -= 1
        return self.at_reached[key] < 0


@dataclass
class Pool:
    """The streams of one group that are read together.

    ``ids`` are the events seen in the time that is read again, from ``begin`` on, with
    their timestamps; ``newest`` is the newest ingestion time: CloudWatch's own clock,
    for a container's may be wrong.
    """

    group: Group
    tails: dict[str, Tail] = field(default_factory=dict)
    ids: dict[str, int] = field(default_factory=dict)
    newest: int = 0
    begin: int = 0

    def add(self, tail: Tail) -> None:
        """Read this stream here from now on."""
        tail.is_pooled = True
        self.tails[tail.stream.name] = tail
        self.newest = max(self.newest, tail.reached)

    def read(self) -> list[tuple[Tail, list[wire.LogEvent]]]:
        """The events of each stream since the last read.

        Raises as ``Group.several``, unless something was read before the failure.
        """
        overlap = SHORT_OVERLAP_MS if len(self.ids) > MANY_EVENTS else OVERLAP_MS
        self.begin = max(self.begin, self.newest - overlap)
        tails = dict(self.tails)
        fresh: defaultdict[str, list[wire.LogEvent]] = defaultdict(list)
        newest = self.newest
        try:
            for names in batches(sorted(tails), STREAMS_A_CALL):
                for event in self.group.several(names, self.begin or None):
                    newest = max(newest, event.ingestion_time)
                    if event.event_id in self.ids or event.log_stream_name not in tails:
                        continue
                    self.ids[event.event_id] = event.timestamp
                    if tails[event.log_stream_name].is_new(event):
                        fresh[event.log_stream_name].append(event)
        except DashborionError:
            if not fresh:
                raise
        else:
            self.newest = newest
            self.ids = {id_: at for id_, at in self.ids.items() if at >= self.begin}
        return [(tail, fresh.get(name, [])) for name, tail in tails.items()]


class Follower:
    """Follows all streams of a group of tasks."""

    def __init__(self, group: TaskGroup, sink: Sink) -> None:
        self._group = group
        self._sink = sink
        self._notices = Notices(sink)
        self._wanted = group.wanted
        self._runtime = group.client.aws.runtime
        self._tails: dict[tuple[tuple[str, str], str], Tail] = {}
        self._finished: set[str] = set()  # tasks that are not read, or not any more
        self._pools: dict[tuple[str, str], Pool] = {}
        self._pending: dict[int, Future[list[tuple[Tail, list[wire.LogEvent]]]]] = {}

    def follow(self) -> None:
        """As ``Reader``: until a single task has stopped; a service may start others."""
        running, stopped = self._group.tasks()
        self._finished = {instances.task_id(task) for task in stopped}
        if not running:
            self._notices.say(f"{self._group.none_message}; waiting for some")
        streams, problems = self._group.streams(running)
        require_few(len(streams), self._wanted.most)
        if problems and not streams:
            raise unreadable(problems)
        self._add(streams, problems, is_first=True)
        self._mark_stopped(running)
        polls = 0
        while True:
            self._poll()
            if self._group.is_single and not self._tails:
                return
            self._sink.pause(POLL_SECONDS)
            polls += 1
            if polls % POLLS_A_LOOK == 0:
                self._update_tasks()

    # --- Which tasks there are ------------------------------------------------------------------

    def _update_tasks(self) -> None:
        """Find tasks that have come, even if they have stopped since, and those that went."""
        self._runtime.deadline.restart()
        try:
            tasks = self._group.list_tasks()
            fresh = [task for task in tasks if instances.task_id(task) not in self._finished]
            streams, problems = self._group.streams(fresh)
        except Unavailable as error:
            self._notices.lookup_failed(error)
            return
        self._add(streams, problems, is_first=False)
        self._mark_stopped(tasks)

    def _add(self, streams: Iterable[Stream], problems: Iterable[str], *, is_first: bool) -> None:
        for problem in problems:
            self._notices.say(problem)
        for stream in streams:
            key = (stream.group.key, stream.name)
            if key in self._tails:
                continue
            if len(self._tails) >= self._wanted.most:
                self._notices.no_room(stream.source, self._wanted.most)
                continue
            self._tails[key] = Tail(stream, self._wanted, is_first)
            self._sink.say(f"joined {stream.source}")

    def _mark_stopped(self, tasks: Sequence[wire.Task]) -> None:
        """Tasks that have stopped, and those that ECS has forgotten, are read to their end."""
        there = {instances.task_id(task) for task in tasks if not instances.is_over(task)}
        for tail in self._tails.values():
            tail.is_over = tail.stream.task_id not in there

    # --- What they write ------------------------------------------------------------------------

    def _poll(self) -> None:
        """Read all streams once, side by side; what fails is read again at the next poll."""
        self._runtime.deadline.restart()
        jobs: list[Tail | Pool] = [
            *self._single(),
            *(pool for pool in self._pools.values() if pool.tails),
        ]
        for job in jobs:
            if id(job) not in self._pending:  # else the answer to the last poll is still to come
                self._pending[id(job)] = start(partial(_read, job))
        for job in jobs:
            future = self._pending[id(job)]
            try:
                answers = result(future, self._runtime.deadline)
            except DashborionError as error:
                if future.done():
                    del self._pending[id(job)]
                self._handle_failure(job, error)
                continue
            del self._pending[id(job)]
            for tail, events in answers:
                self._deliver(tail, events)
        self._pool_caught_up()
        self._remove_finished()

    def _deliver(self, tail: Tail, events: Sequence[wire.LogEvent]) -> None:
        tail.quiet = 0 if events else tail.quiet + 1
        last = milliseconds(self._wanted.until)
        if last is not None:
            events = [event for event in events if event.timestamp <= last]
        if events:
            self._sink.lines(tail.stream.source, lines(events))

    def _handle_failure(self, job: Tail | Pool, error: DashborionError) -> None:
        """Say it once, and go on.

        Raises:
            Forbidden: none of the streams may be read.
        """
        if isinstance(error, Unavailable):
            self._notices.say(f"reading again: {error.message}")
        elif isinstance(job, Pool):
            self._mark_deleted(job, error)
        elif isinstance(error, Absent):
            job.quiet += 1
            if job.token is None:
                if error.is_group or job.quiet == LATE_POLLS:
                    self._notices.say(f"{error.message}: waiting for it")
            else:
                job.is_over, job.quiet = True, DRAINED_POLLS  # somebody has deleted it
        elif isinstance(error, Forbidden) and len(self._tails) > 1:
            self._notices.say(error.message)
            self._remove(job)
        else:
            raise error

    def _mark_deleted(self, pool: Pool, error: DashborionError) -> None:
        """Find the deleted stream for which a call about a hundred of them fails.

        Raises:
            DashborionError: it was another error.
        """
        if not isinstance(error, Absent):
            raise error
        for tail in pool.tails.values():
            try:
                pool.group.page(tail.stream.name, startFromHead=False, limit=1)
            except Absent:
                tail.is_over, tail.quiet = True, DRAINED_POLLS

    def _single(self) -> list[Tail]:
        """The streams that are read one by one."""
        return [tail for tail in self._tails.values() if not tail.is_pooled]

    def _pool_caught_up(self) -> None:
        """Beyond a few, streams that are read up to now are read together."""
        for tail in self._single()[FEW:]:
            if tail.is_caught_up:
                group = tail.stream.group
                self._pools.setdefault(group.key, Pool(group)).add(tail)

    def _remove_finished(self) -> None:
        """Leave tasks that have stopped and have written nothing for a while."""
        for tail in list(self._tails.values()):
            if tail.is_over and tail.quiet >= DRAINED_POLLS:
                self._remove(tail)
                self._sink.say(f"left {tail.stream.source}")

    def _remove(self, tail: Tail) -> None:
        stream = tail.stream
        del self._tails[stream.group.key, stream.name]
        self._finished.add(stream.task_id)
        if tail.is_pooled:
            self._pools[stream.group.key].tails.pop(stream.name, None)


def _read(job: Tail | Pool) -> list[tuple[Tail, list[wire.LogEvent]]]:
    return job.read() if isinstance(job, Pool) else [(job, job.read())]
