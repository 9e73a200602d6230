"""Following tasks: who joins and leaves, and each one's streams without a gap or a double.

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
from dashborion.orchestrators.aws.sessions import batches
from dashborion.orchestrators.ecs import instances, logs, wire
from dashborion.orchestrators.ecs.cloudwatch import (
    EVENTS_A_PAGE,
    STREAMS_A_CALL,
    Absent,
    Group,
    lines,
    milliseconds,
)
from dashborion.orchestrators.ecs.logs import Stream, Tasks
from dashborion.orchestrators.logs import Reading, Sink, Wanted, require_few, unreadable

POLL_SECONDS = 1.0
LOOK_EVERY = 2  # polls between two looks at which tasks there are
FEW = 10  # streams that are read one by one
LATE_POLLS = 10  # after which it is said that a stream is waited for
DRAINED_POLLS = 10  # without a line after a task's end; CloudWatch takes lines in late
# How much of the past is read again for events that are taken in late; less of it when there is
# much to read.
OVERLAP_MS, SHORT_OVERLAP_MS, MANY_EVENTS = 120_000, 15_000, 10_000


@dataclass
class Tail:
    """One stream, and how far it has been read.

    ``reached`` is when CloudWatch took in the newest event that was read, and
    ``at_reached`` those of that millisecond; None when not all of them were read.
    """

    stream: Stream
    wanted: Wanted
    is_first: bool  # it was there when the command began: its past counts as asked for
    token: str | None = None
    reached: int = 0
    at_reached: Counter[tuple[int, str]] | None = field(default_factory=Counter)
    is_caught_up: bool = False
    is_pooled: bool = False
    is_over: bool = False  # its task has stopped
    quiet: int = 0  # polls without a line

    def read(self) -> list[wire.LogEvent]:
        """What has come; raises as ``Group.page``, but not in place of what was read before."""
        span = {"startTime": milliseconds(self.wanted.since)} if self.is_first else {}
        if self.token is None and self.is_first and self.wanted.tail is not None:
            return self._read_tail(self.wanted.tail, span)
        found: list[wire.LogEvent] = []
        self.is_caught_up = False
        while not self.is_caught_up and len(found) < EVENTS_A_PAGE:
            try:
                page = self.stream.group.page(
                    self.stream.name, startFromHead=True, nextToken=self.token, **span
                )
            except DashborionError:
                if not found:
                    raise
                break
            found += page.events
            self._reach(page.events)
            self.is_caught_up, self.token = page.forward == self.token, page.forward
        return found

    def _read_tail(self, count: int, span: dict[str, int | None]) -> list[wire.LogEvent]:
        found, page = logs.tail(self.stream, count, span)
        self._reach(page.events)
        if len(found) != len(page.events) or len(found) >= count:
            self.at_reached = None
        self.token = page.forward
        return found

    def _reach(self, events: Sequence[wire.LogEvent]) -> None:
        newest = max((one.ingestion_time for one in events), default=0)
        if newest > self.reached:
            self.reached, self.at_reached = newest, Counter()
        if self.at_reached is not None:
            self.at_reached.update(
                (one.timestamp, one.message) for one in events if one.ingestion_time == self.reached
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
    their timestamps; ``newest`` is CloudWatch's own time, for a container's clock may
    be wrong.
    """

    group: Group
    tails: dict[str, Tail] = field(default_factory=dict)
    ids: dict[str, int] = field(default_factory=dict)
    newest: int = 0
    begin: int = 0

    def take(self, tail: Tail) -> None:
        """Read this one here from now on."""
        tail.is_pooled = True
        self.tails[tail.stream.name] = tail
        self.newest = max(self.newest, tail.reached)

    def read(self) -> list[tuple[Tail, list[wire.LogEvent]]]:
        """What has come; raises as ``Group.several``, but not in place of what was read before."""
        overlap = SHORT_OVERLAP_MS if len(self.ids) > MANY_EVENTS else OVERLAP_MS
        self.begin = max(self.begin, self.newest - overlap)
        tails = dict(self.tails)
        found: defaultdict[str, list[wire.LogEvent]] = defaultdict(list)
        newest = self.newest
        try:
            for names in batches(sorted(tails), STREAMS_A_CALL):
                for event in self.group.several(names, self.begin or None):
                    newest = max(newest, event.ingestion_time)
                    if event.event_id in self.ids or event.log_stream_name not in tails:
                        continue
                    self.ids[event.event_id] = event.timestamp
                    if tails[event.log_stream_name].is_new(event):
                        found[event.log_stream_name].append(event)
        except DashborionError:
            if not found:
                raise
        else:
            self.newest = newest
            self.ids = {id_: at for id_, at in self.ids.items() if at >= self.begin}
        return [(tail, found.get(name, [])) for name, tail in tails.items()]


class Follower:
    """``Reader`` of tasks."""

    def __init__(self, members: Tasks, wanted: Wanted) -> None:
        self.members = members
        self.wanted = wanted
        self._tails: dict[tuple[tuple[str, str], str], Tail] = {}
        self._left: set[str] = set()  # tasks that are not to be read (any more)
        self._pools: dict[tuple[str, str], Pool] = {}
        self._asked: dict[int, Future[list[tuple[Tail, list[wire.LogEvent]]]]] = {}
        self._said: set[str] = set()

    @property
    def label(self) -> str:
        """As ``Reader``."""
        return self.members.scope.environment.label

    def snapshot(self) -> list[Reading]:
        """As ``Reader``."""
        return logs.snapshot(self.members, self.wanted)

    def stop(self) -> None:
        """As ``Reader``: no call waits for lines."""

    def follow(self, sink: Sink) -> None:
        """As ``Reader``; a task alone has an end, a service may always start another one."""
        running = self.members.running()
        self._left = {instances.task_id(one) for one in self.members.stopped()}
        if not running:
            sink.say(f"{self.members.nothing}; waiting for some")
        streams, problems = self.members.streams(running, self.wanted)
        require_few(len(streams), self.wanted.most)
        if problems and not streams:
            raise unreadable(problems)
        self._join(sink, streams, problems, is_first=True)
        self._leave_over(running)
        polls = 0
        while True:
            self._poll(sink)
            if self.members.is_alone and not self._tails:
                return
            sink.pause(POLL_SECONDS)
            polls += 1
            if polls % LOOK_EVERY == 0:
                self._look(sink)

    # --- Who is there ---------------------------------------------------------------------------

    def _look(self, sink: Sink) -> None:
        """Find tasks that have come, even if they have stopped since, and those that went."""
        self.members.client.aws.runtime.deadline.restart()
        try:
            found = [*self.members.running(), *self.members.stopped()]
            fresh = [one for one in found if instances.task_id(one) not in self._left]
            streams, problems = self.members.streams(fresh, self.wanted)
        except Unavailable as error:
            self._say(sink, f"asking again which instances there are: {error.message}")
            return
        self._join(sink, streams, problems, is_first=False)
        self._leave_over(found)

    def _join(
        self, sink: Sink, streams: Iterable[Stream], problems: Iterable[str], *, is_first: bool
    ) -> None:
        for problem in problems:
            self._say(sink, problem)
        for stream in streams:
            key = (stream.group.key, stream.name)
            if key in self._tails:
                continue
            if len(self._tails) >= self.wanted.most:
                limit = f"as long as {self.wanted.most} others are (--max-streams)"
                self._say(sink, f"{stream.source} is not followed {limit}")
                continue
            self._tails[key] = Tail(stream, self.wanted, is_first)
            sink.say(f"joined {stream.source}")

    def _leave_over(self, found: Sequence[wire.Task]) -> None:
        """Those that have stopped, and those that ECS has forgotten, are read to their end."""
        there = {instances.task_id(one) for one in found if not logs.is_over(one)}
        for tail in self._tails.values():
            tail.is_over = tail.stream.task not in there

    # --- What they write ------------------------------------------------------------------------

    def _poll(self, sink: Sink) -> None:
        """Read what has come; whatever fails is asked again the next time."""
        runtime = self.members.client.aws.runtime
        runtime.deadline.restart()
        single = [tail for tail in self._tails.values() if not tail.is_pooled]
        jobs: list[Tail | Pool] = [*single, *(one for one in self._pools.values() if one.tails)]
        for job in jobs:
            if id(job) not in self._asked:  # else the answer to the last poll is still to come
                self._asked[id(job)] = start(partial(_read, job))
        for job in jobs:
            future = self._asked[id(job)]
            try:
                found = result(future, runtime.deadline)
            except DashborionError as error:
                if future.done():
                    del self._asked[id(job)]
                self._failed(sink, job, error)
                continue
            del self._asked[id(job)]
            for tail, events in found:
                self._hand_on(sink, tail, events)
        self._pool_many()
        self._let_go(sink)

    def _hand_on(self, sink: Sink, tail: Tail, events: Sequence[wire.LogEvent]) -> None:
        tail.quiet = 0 if events else tail.quiet + 1
        last = milliseconds(self.wanted.until)
        if last is not None:
            events = [one for one in events if one.timestamp <= last]
        if events:
            sink.lines(tail.stream.source, lines(events))

    def _failed(self, sink: Sink, job: Tail | Pool, error: DashborionError) -> None:
        """Say it once, and go on.

        Raises:
            Forbidden: none of the streams may be read.
        """
        if isinstance(error, Unavailable):
            self._say(sink, f"reading again: {error.message}")
        elif isinstance(job, Pool):
            self._look_for(job, error)
        elif isinstance(error, Absent):
            job.quiet += 1
            if job.token is None:
                if error.is_group or job.quiet == LATE_POLLS:
                    self._say(sink, f"{error.message}: waiting for it")
            else:
                job.is_over, job.quiet = True, DRAINED_POLLS  # somebody has deleted it
        elif isinstance(error, Forbidden) and len(self._tails) > 1:
            self._say(sink, error.message)
            self._forget(job)
        else:
            raise error

    def _look_for(self, pool: Pool, error: DashborionError) -> None:
        """A call fails for a hundred streams when one of them was deleted: find out which.

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

    def _pool_many(self) -> None:
        """Beyond a few, streams that are read up to now are read together."""
        single = [tail for tail in self._tails.values() if not tail.is_pooled]
        for tail in single[FEW:]:
            if tail.is_caught_up:
                group = tail.stream.group
                self._pools.setdefault(group.key, Pool(group)).take(tail)

    def _let_go(self, sink: Sink) -> None:
        """A task that has stopped leaves when nothing has come for a while."""
        for tail in list(self._tails.values()):
            if tail.is_over and tail.quiet >= DRAINED_POLLS:
                self._forget(tail)
                sink.say(f"left {tail.stream.source}")

    def _forget(self, tail: Tail) -> None:
        stream = tail.stream
        del self._tails[stream.group.key, stream.name]
        self._left.add(stream.task)
        if tail.is_pooled:
            self._pools[stream.group.key].tails.pop(stream.name, None)

    def _say(self, sink: Sink, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            sink.say(text)


def _read(job: Tail | Pool) -> list[tuple[Tail, list[wire.LogEvent]]]:
    return job.read() if isinstance(job, Pool) else [(job, job.read())]
