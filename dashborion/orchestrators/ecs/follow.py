"""Following tasks: which ones come and go, and their streams without a gap or a double.

A few streams are read one by one with tokens, and now and then their last minutes again, for
events that were taken in late. More of them would use up the account's 25 calls a second, so
those beyond the first few are read a hundred in a call, always with the last minutes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from math import ceil

from dashborion.concurrency import result, start
from dashborion.errors import DashborionError, NotFound, Unavailable, foreseen
from dashborion.orchestrators.aws.client import batches
from dashborion.orchestrators.ecs import instances, wire
from dashborion.orchestrators.ecs.cloudwatch import (
    EVENTS_A_PAGE,
    STREAMS_A_CALL,
    Absent,
    Group,
    GroupAbsent,
    is_absent,
    lines,
    milliseconds,
)
from dashborion.orchestrators.ecs.log_targets import Stream, TaskGroup
from dashborion.orchestrators.ecs.seen import Key, Seen, overlap_ms
from dashborion.orchestrators.log_opening import named
from dashborion.orchestrators.logs import Notices, Sink, Wanted

POLL_SECONDS = 1.0
POLLS_A_LOOK = 2  # between two looks at which tasks there are
POLLS_A_REREAD = 5  # between two reads of what was read with tokens
FEW = 10  # streams that are read one by one
LATE_POLLS = 10  # after which a message says that a stream is waited for
# Without a line after a task's end: of one that ended before it was followed, or meanwhile.
DRAINED_POLLS, DRAINED_LATE_POLLS = 10, 60
MOST_FINISHED = 10_000  # tasks that are remembered; ECS forgets stopped ones after an hour
MOST_AT_FIRST = 1000  # events of which one that comes later is known to be late
Events = list[wire.LogEvent]


@dataclass
class Tail:
    """One stream, and how far it has been read."""

    stream: Stream
    wanted: Wanted
    is_first: bool  # it was there when the command began: its past is wanted, too
    token: str | None = None
    seen: Seen = field(default_factory=Seen)
    polls: int = 0
    is_caught_up: bool = False
    is_pooled: bool = False
    is_over: bool = False  # its task has stopped
    has_run: bool = False  # its task was seen running
    quiet: int = 0  # polls without a line

    @property
    def is_drained(self) -> bool:
        """Whether no more events are expected: CloudWatch takes them in late."""
        polls = DRAINED_LATE_POLLS if self.has_run else DRAINED_POLLS
        return self.is_over and self.quiet >= polls

    def read(self) -> Events:
        """The events since the last read.

        Raises as ``Group.page``, unless something was read before the failure.
        """
        self.polls += 1
        since = milliseconds(self.wanted.since) if self.is_first else None
        if self.token is None:
            self.seen.begin = since or 0
            if self.is_first and self.wanted.tail is not None:
                return self._read_newest(self.wanted.tail, since)
        events = self._read_on(since)
        if self.is_caught_up and self.polls % POLLS_A_REREAD == 0:
            with suppress(DashborionError):  # the next time again
                events += self._read_again()
        return events

    def _read_on(self, since: int | None) -> Events:
        events: Events = []
        self.is_caught_up = False
        while not self.is_caught_up and len(events) < EVENTS_A_PAGE:
            try:
                page = self.stream.group.page(
                    self.stream.name, startFromHead=True, nextToken=self.token, startTime=since
                )
            except DashborionError:
                if not events:
                    raise
                break
            events += self.seen.onward(page.events)
            self.is_caught_up, self.token = page.forward == self.token, page.forward
        return events

    def _read_again(self) -> Events:
        """Events that a forward token has left out, as they were taken in late."""
        events: Events = []
        token: str | None = None
        counted = Counter[Key]()
        while True:
            page = self.stream.group.page(
                self.stream.name, startFromHead=True, nextToken=token, startTime=self.seen.begin
            )
            events += self.seen.again(page.events, counted)
            if page.forward == token:
                return events
            token = page.forward

    def _read_newest(self, count: int, since: int | None) -> Events:
        least = max(count, MOST_AT_FIRST)
        events, page = self.stream.group.newest(self.stream.name, least, startTime=since)
        self.seen.onward(events)
        if len(events) >= least:
            self.seen.forget_before(events[0].timestamp + 1)  # of that moment there may be more
        self.token = page.forward
        return events[-count:] if count else []


@dataclass
class Pool:
    """The streams of one group that are read together."""

    group: Group
    tails: dict[str, Tail] = field(default_factory=dict)
    begin: int = 0

    def add(self, tail: Tail) -> None:
        """Read this stream here from now on."""
        tail.is_pooled = True
        self.tails[tail.stream.name] = tail

    def read(self) -> list[tuple[Tail, Events]]:
        """The events of each stream since the last read.

        Raises as ``Group.several``, unless something was read before the failure.
        """
        tails = dict(self.tails)
        newest = max((tail.seen.newest for tail in tails.values()), default=0)
        overlap = overlap_ms(sum(len(tail.seen) for tail in tails.values()))
        self.begin = max(self.begin, newest - overlap)
        fresh: dict[str, Events] = {name: [] for name in tails}
        counted = {name: Counter[Key]() for name in tails}
        try:
            for names in batches(sorted(tails), STREAMS_A_CALL):
                for event in self.group.several(names, self.begin or None):
                    name = event.log_stream_name
                    if name in tails:
                        fresh[name] += tails[name].seen.again([event], counted[name])
        except DashborionError:
            if not any(fresh.values()):
                raise
        else:
            for tail in tails.values():
                tail.seen.forget_before(self.begin)
        return [(tail, fresh[name]) for name, tail in tails.items()]


class Follower:
    """Follows all streams of a group of tasks."""

    def __init__(self, group: TaskGroup, sink: Sink) -> None:
        self._group = group
        self._sink = sink
        self._notices = Notices(sink)
        self._wanted = group.wanted
        self._runtime = group.client.aws.runtime
        self._tails: dict[tuple[tuple[str, str], str], Tail] = {}
        self._finished: dict[str, None] = {}  # tasks that are not read, or not any more
        self._pools: dict[tuple[str, str], Pool] = {}
        self._pending: dict[int, Future[list[tuple[Tail, Events]]]] = {}

    def follow(self) -> None:
        """As ``Reader``: until a single task has stopped; a service may start others."""
        try:
            with self._group.client.aws.watchers.one_more():
                self._follow()
        finally:
            for _ in self._tails:
                self._wanted.room.give_back()

    def _follow(self) -> None:
        running, stopped = self._group.tasks()
        last = self._group.newest_stopped(running, stopped)
        ids = {instances.task_id(task) for task in last}
        for task in stopped:
            if instances.task_id(task) not in ids:
                self._finish(instances.task_id(task))
        for task in last:
            self._notices.say(self._group.last_message(task))
        if not running:
            self._notices.say(f"{self._group.none_message}; waiting for some")
        self._tell_workloads(running)
        first = [*running, *last]
        streams, problems = self._group.streams(first)
        self._wanted.room.require(len(streams))
        failures = [problem for problem in problems if not is_absent(problem)]
        if not streams and (failures or (problems and self._group.is_single)):
            raise (failures or problems)[0]
        self._add(streams, problems, is_first=True)
        self._mark_stopped(first)
        polls_to_look = POLLS_A_LOOK
        while True:
            self._poll()
            if self._group.is_single and not self._tails:
                return
            self._sink.pause(POLL_SECONDS)
            polls_to_look -= 1
            if polls_to_look == 0:
                polls_to_look = self._update_tasks()

    # --- Which tasks there are ------------------------------------------------------------------

    def _update_tasks(self) -> int:
        """Find tasks that have come, even if they have stopped since, and those that went.

        Gives the polls until the next time: what it takes is bounded for all who do so.
        """
        before = self._group.calls.made
        self._look_up_tasks()
        made = self._group.calls.made - before
        # A poll takes a second or more.
        return max(POLLS_A_LOOK, ceil(self._group.client.aws.watchers.seconds(made)))

    def _look_up_tasks(self) -> None:
        self._runtime.deadline.restart()
        try:
            tasks = self._group.list_tasks()
            fresh = [task for task in tasks if instances.task_id(task) not in self._finished]
            streams, problems = self._group.streams(fresh)
        except (Unavailable, NotFound) as error:  # another revision may not have the container
            self._notices.lookup_failed(error)
            return
        self._notices.looked_up()
        self._tell_workloads([task for task in tasks if not instances.is_over(task)])
        self._add(streams, problems, is_first=False)
        self._mark_stopped(tasks)

    def _tell_workloads(self, running: Sequence[wire.Task]) -> None:
        if self._group.of_many:
            self._notices.workloads(filter(None, map(instances.workload_of, running)))

    def _add(
        self, streams: Iterable[Stream], problems: Iterable[DashborionError], *, is_first: bool
    ) -> None:
        for problem in problems:
            if is_absent(problem):
                self._notices.say(problem.message)
            else:
                self._runtime.incomplete(problem)
        new = {
            key: stream
            for stream in streams
            if (key := (stream.group.key, stream.name)) not in self._tails
        }
        self._sink.expect([stream.source for stream in new.values()])
        for key, stream in new.items():
            if not self._wanted.room.take():
                self._notices.no_room(stream.source, self._wanted.room)
                continue
            self._tails[key] = Tail(stream, self._wanted, is_first)
            self._sink.say(f"joined {stream.source}")

    def _mark_stopped(self, tasks: Sequence[wire.Task]) -> None:
        """Tasks that have stopped, and those that ECS has forgotten, are read to their end."""
        there = {instances.task_id(task) for task in tasks if not instances.is_over(task)}
        for tail in self._tails.values():
            tail.is_over = tail.stream.task_id not in there
            tail.has_run = tail.has_run or not tail.is_over

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
        """Say it once, and go on with the streams that can be read.

        Raises:
            DashborionError: none of the streams can be read.
        """
        if isinstance(error, Unavailable):
            self._notices.say(f"reading again: {error.message}")
        elif isinstance(error, Absent):
            self._handle_absence(job, error)
        else:
            tails = list(job.tails.values()) if isinstance(job, Pool) else [job]
            if len(tails) == len(self._tails):
                raise error
            self._runtime.incomplete(named([tail.stream.source for tail in tails], error))
            for tail in tails:
                self._remove(tail)

    def _handle_absence(self, job: Tail | Pool, error: Absent) -> None:
        """Wait for a stream that was never there; one that was has been deleted by somebody."""
        if isinstance(job, Pool):
            self._mark_deleted(job)
            return
        job.quiet += 1
        if job.token is not None:
            job.is_over, job.quiet = True, DRAINED_LATE_POLLS
        elif isinstance(error, GroupAbsent) or job.quiet == LATE_POLLS:
            self._notices.say(f"{error.message}: waiting for it")

    def _mark_deleted(self, pool: Pool) -> None:
        """Find the deleted stream for which a call about a hundred of them fails."""
        for tail in pool.tails.values():
            try:
                pool.group.page(tail.stream.name, startFromHead=False, limit=1)
            except Absent:
                tail.is_over, tail.quiet = True, DRAINED_LATE_POLLS
            except Unavailable:
                continue  # the next time

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
            if tail.is_drained:
                self._remove(tail)
                self._sink.say(f"left {tail.stream.source}")

    def _remove(self, tail: Tail) -> None:
        stream = tail.stream
        del self._tails[stream.group.key, stream.name]
        self._wanted.room.give_back()
        self._finish(stream.task_id)
        if tail.is_pooled:
            self._pools[stream.group.key].tails.pop(stream.name, None)

    def _finish(self, task_id: str) -> None:
        """Remember that a task is not read any more, as long as ECS may list it."""
        self._finished[task_id] = None
        if len(self._finished) > MOST_FINISHED:
            del self._finished[next(iter(self._finished))]


def _read(job: Tail | Pool) -> list[tuple[Tail, Events]]:
    with foreseen():
        return job.read() if isinstance(job, Pool) else [(job, job.read())]
