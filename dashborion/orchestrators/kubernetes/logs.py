"""Logs of pods: who is to be read, one log read across all cuts, and the snapshot of all."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from urllib3.exceptions import HTTPError

from dashborion.concurrency import result, start
from dashborion.config.targets import Environment
from dashborion.errors import (
    DashborionError,
    NotFound,
    NothingToRead,
    Unavailable,
    Unreachable,
    UsageError,
)
from dashborion.orchestrators.kubernetes import instances as pods
from dashborion.orchestrators.kubernetes import normalise, runs, wire
from dashborion.orchestrators.kubernetes import resources as api
from dashborion.orchestrators.kubernetes.errors import Missing
from dashborion.orchestrators.kubernetes.fetch import Fetch
from dashborion.orchestrators.kubernetes.resume import Again, Cursor, Lines, stamped
from dashborion.orchestrators.kubernetes.runs import Run
from dashborion.orchestrators.logs import (
    Block,
    Reading,
    Source,
    Wanted,
    between,
    require_few,
    unreadable,
)

CHUNK = 1 << 16
STALE_SECONDS = 2.0  # that the API may take to know of a restart
SILENCE_SECONDS, GATHER_SECONDS = 0.002, 0.1
ATTEMPTS = 5  # at a log that breaks off again and again


@dataclass
class Pods:
    """The pods to read, looked up again and again: a workload's, or one alone."""

    fetch: Fetch
    environment: Environment
    namespace: str
    workload: str | None
    list: Callable[[], list[wire.Pod]]
    nothing: str  # what to say when there is none
    is_alone: bool = False  # one pod, which ends for good

    def source(self, pod: wire.Pod, container: str, *, alone: bool) -> Source:
        """How the lines of one of its containers are labelled."""
        return Source(
            project=self.environment.project,
            environment=self.environment.name,
            namespace=self.namespace,
            workload=self.workload,
            instance=pod.metadata.name,
            container=container,
            alone=alone,
        )

    def get(self, run: Run) -> wire.Pod | None:
        """The pod of a run as it is now; None if it is gone, or another has its name."""
        found = self.fetch.client.get(api.PODS, self.namespace, run.pod)
        return found.item if found and found.item.metadata.uid == run.uid else None


def of_workload(fetch: Fetch, item: normalise.Controller, environment: Environment) -> Pods:
    """The pods that a controller owns, finished ones too while they are there."""
    meta = item.metadata
    selector = normalise.selector(item.spec.selector)
    known: dict[str, wire.Meta] = {}

    def parents(found: list[wire.Pod]) -> Mapping[str, wire.Meta]:
        """ReplicaSets by uid, asked for again only when a pod has one that is not known."""
        uids = {
            one.uid
            for pod in found
            for one in pod.metadata.owner_references or ()
            if one.kind == "ReplicaSet"
        }
        if not uids <= known.keys():
            sets = fetch.collect(
                api.REPLICASETS.metadata, meta.namespace, selector=selector, metadata_only=True
            )
            known.update({one.metadata.uid: one.metadata for one in fetch.optional(sets)})
        return known

    def members() -> list[wire.Pod]:
        listed = fetch.wait(fetch.collect(api.PODS, meta.namespace, selector=selector))
        found = [one.item for one in listed]
        above = parents(found)
        owned = [(pod, pods.owner(pod, above)) for pod in found]
        return [pod for pod, owner in owned if owner and owner.is_of(meta)]

    nothing = f"{meta.name} has no instances"
    if getattr(item.spec, "replicas", None) == 0:
        nothing += ": it is scaled to zero"
    return Pods(fetch, environment, meta.namespace, meta.name, members, nothing)


def of_pod(fetch: Fetch, pod: wire.Pod, owner: str | None, environment: Environment) -> Pods:
    """One pod alone, and no other of its name."""
    meta = pod.metadata

    def member() -> list[wire.Pod]:
        found = fetch.client.get(api.PODS, meta.namespace, meta.name)
        return [found.item] if found and found.item.metadata.uid == meta.uid else []

    nothing = f"{meta.name} is gone"
    return Pods(fetch, environment, meta.namespace, owner, member, nothing, is_alone=True)


class Replaced(Exception):
    """What was opened is another run's log by now."""


@dataclass
class RunLog:
    """The log of one run, read on from where it was left however often the connection is cut.

    ``rest`` is what stands behind the last newline: of a line that was cut, or the
    last one, which has none.
    """

    pods: Pods
    run: Run
    first: Mapping[str, str | None]  # what to ask for as long as nothing was seen
    say: Callable[[str], None]
    pause: Callable[[float], None]
    opened: Callable[[Any], Any] = lambda _: None  # told of each answer that is being read
    is_begun: bool = False
    is_caught_up: bool = False  # whether the last read came past all that was seen before
    cursor: Cursor = field(default_factory=Cursor)
    rest: bytes = b""
    said: set[bytes] = field(default_factory=set)

    def read(
        self, *, endless: bool = False, previous: bool = False, anyones: bool = False
    ) -> Iterator[Block]:
        """The lines that have not been read yet, until the log or the connection ends.

        ``anyones`` takes whichever run's log there is, as long as nothing was seen.

        Raises:
            Replaced: the kubelet has another run's log under that name by now.
            Missing: the pod is gone.
            UsageError: the kubelet's own word for a log that it does not have.
            Unavailable: the connection broke, or there was none.
        """
        again, lines = Again(self.cursor), Lines()
        params = {
            "container": self.run.container,
            "timestamps": "true",
            "follow": "true" if endless else None,
            "previous": "true" if previous else None,
            **({"sinceTime": self.cursor.since} if self.cursor.since else self.first),
        }
        client = self.pods.fetch.client
        path = f"{api.PODS.path(self.pods.namespace, self.run.pod)}/log"
        response = client.open(path, params, endless=endless)
        self.opened(response)
        checked = anyones and not self.cursor.count
        try:
            for block in lines.blocks(_chunks(response, path, endless=endless)):
                good, odd = stamped(block)
                fresh = again.new(good)
                if not checked and not again.is_undecided:
                    if not again.is_proven:
                        self._require_same(previous=previous)
                    checked = self.is_begun = True
                self._pass_on(odd)
                if again.gap is not None:
                    self._tell_gap(*again.gap)
                    again.gap = None
                if fresh:
                    yield fresh
                    self.cursor.advance(fresh)
        finally:
            response.close()
            self.rest = lines.rest
            self.is_caught_up = again.is_past

    def last_line(self) -> Block:
        """The line without a newline at the end, once it is known to be one."""
        good, odd = stamped([self.rest]) if self.rest else ([], [])
        self._pass_on(odd)
        self.rest = b""
        if good:
            self.cursor.advance(good)
        return good

    def _require_same(self, *, previous: bool) -> None:
        """Look at the pod, and if there was a break before, once more in a moment.

        A kubelet has the next run's log before the API knows of the restart.
        """
        for moment in (0.0, STALE_SECONDS) if self.is_begun else (0.0,):
            self.pause(moment)
            pod = self.pods.get(self.run)
            if pod is None:
                return  # nobody has another log under this name: it was open before the pod went
            there = runs.run_of(pod, self.run.container)
            id_ = runs.previous_id(pod, self.run.container) if previous else there and there.id
            if id_ != self.run.id:
                raise Replaced

    def _pass_on(self, odd: Block) -> None:
        """Lines without a moment are the kubelet's, about the log; each is said once."""
        for line in odd:
            if line and line not in self.said:
                self.said.add(line)
                self.say(line[:500].decode(errors="replace"))

    def _tell_gap(self, before: bytes, after: bytes) -> None:
        span = f"between {before.decode()} and {after.decode()}"
        self.say(f"the log was rotated while it was not read: lines {span} may be missing")


def _chunks(response: Any, path: str, *, endless: bool) -> Iterator[bytes]:
    """The body as it comes.

    After a moment of silence others may follow soon: a thread that wakes up for
    each line of fifty logs would cost half a core.

    Raises:
        Unreachable: the connection broke.
    """
    try:
        asked = time.monotonic()
        while chunk := response.read1(CHUNK):
            came = time.monotonic()
            yield chunk
            if endless and came - asked > SILENCE_SECONDS:
                time.sleep(GATHER_SECONDS)
            asked = time.monotonic()
    except (HTTPError, OSError, ValueError) as error:
        raise Unreachable(f"GET {path}: the connection broke: {type(error).__name__}") from error


@dataclass(frozen=True)
class Target:
    """One container to read; ``run`` None before it has ever run."""

    pod: wire.Pod
    container: str
    run: Run | None
    source: Source


class PodLogs:
    """What is wanted of some pods' logs."""

    def __init__(self, members: Pods, wanted: Wanted) -> None:
        self.members = members
        self.wanted = wanted

    def targets(self, found: list[wire.Pod]) -> list[Target]:
        """The containers to read.

        Raises:
            NotFound: pods are there, and none has a container of the name wanted.
        """
        targets = []
        absent: NotFound | None = None
        for pod in found:
            try:
                names = runs.chosen(pod, self.wanted.containers)
            except NotFound as error:
                absent = error
                continue
            for name in names:
                source = self.members.source(pod, name, alone=len(names) == 1)
                targets.append(Target(pod, name, runs.run_of(pod, name), source))
        if absent is not None and not targets:
            raise absent
        return targets

    def asked(self) -> dict[str, str | None]:
        """The parameters for a log of which nothing was seen yet."""
        wanted = self.wanted
        counted = wanted.tail is not None and wanted.until is None
        return {
            "tailLines": str(wanted.tail) if counted else None,
            "sinceTime": f"{wanted.since:%Y-%m-%dT%H:%M:%SZ}" if wanted.since else None,
        }

    def snapshot(self) -> list[Reading]:
        """As ``Reader.snapshot``; all logs are opened side by side."""
        targets = self.targets(self.members.list())
        running = [one for one in targets if one.run is not None]
        problems = [
            runs.waits_for(one.pod, one.container)
            for one in targets
            if one.run is None and not runs.is_over(one.pod)
        ]
        require_few(len(running), self.wanted.most)
        runtime = self.members.fetch.client.runtime
        opened = [(one, start(partial(self._open, one))) for one in running]
        readings: list[Reading] = []
        refused: list[DashborionError] = []
        for one, future in opened:
            try:
                readings.append(Reading(one.source, result(future, runtime.deadline)))
            except (UsageError, Missing) as error:  # the kubelet's words: it does not have it
                problems.append(error.message)
            except DashborionError as error:
                refused.append(error)
        if not readings:
            if refused:
                raise refused[0]
            hint = None if self.wanted.previous else "-f waits for it"
            raise unreadable(problems or [self.members.nothing], hint)
        for missing in (*refused, *map(NothingToRead, dict.fromkeys(problems))):
            runtime.warn(missing)
        return readings

    def _open(self, target: Target) -> Iterator[Block]:
        """The log, asked for now: its first block is read, so that a refusal comes here."""
        run = target.run
        if run is None:
            raise UsageError(runs.waits_for(target.pod, target.container))
        if self.wanted.previous:
            before = runs.previous_id(target.pod, run.container)
            if before is None:
                raise UsageError(f"{target.source} has no previous run")
            run = Run(run.pod, run.uid, run.container, before, run.restarts - 1, is_running=False)
        runtime = self.members.fetch.client.runtime
        log = RunLog(
            self.members, run, self.asked(),
            say=lambda text: runtime.warn(NothingToRead(f"{target.source}: {text}")),
            pause=runtime.sleep,
        )  # fmt: skip
        blocks = self._bounded(self._whole(log))
        return _with(next(blocks, None), blocks)

    def _whole(self, log: RunLog) -> Iterator[Block]:
        """A log to its end; one that breaks off, or ends in the middle of a line, is taken up."""
        attempts, cut, previous = 0, b"", self.wanted.previous
        while True:
            try:
                yield from log.read(previous=previous, anyones=True)
            except Unavailable:
                attempts += 1
                if attempts == ATTEMPTS:
                    raise
                self.members.fetch.client.runtime.deadline.restart()
                continue
            except Replaced:
                if previous:
                    log.say("it was restarted while it was read: its end is missing")
                    break
                previous = True
                continue
            if log.rest == cut:
                break
            cut = log.rest
        if last := log.last_line():
            yield last

    def _bounded(self, blocks: Iterator[Block]) -> Iterator[Block]:
        """Without what the API's whole seconds let in, and what came after ``until``."""
        wanted = self.wanted
        if not wanted.since and not wanted.until:
            return blocks
        kept = between(blocks, wanted.since, wanted.until)
        if wanted.until and wanted.tail is not None:
            return _newest(kept, wanted.tail)
        return kept


def _newest(blocks: Iterator[Block], count: int) -> Iterator[Block]:
    """The last lines: behind an ``until`` the kubelet cannot count them itself."""
    held: Block = []
    for block in blocks:
        held = [*held, *block][-count:] if count else []
    if held:
        yield held


def _with(first: Block | None, rest: Iterator[Block]) -> Iterator[Block]:
    if first is not None:
        yield first
        yield from rest
