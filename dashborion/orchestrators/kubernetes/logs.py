"""Logs of pods: the readers of a workload's and of one instance's logs, and their snapshot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain

from dashborion.config.targets import Environment
from dashborion.errors import NothingToRead, Unavailable, UsageError
from dashborion.models.query import Name, Query
from dashborion.orchestrators.kubernetes import find, instances, runs, wire
from dashborion.orchestrators.kubernetes.client import Client
from dashborion.orchestrators.kubernetes.errors import Missing
from dashborion.orchestrators.kubernetes.follow import Follower
from dashborion.orchestrators.kubernetes.log_targets import ControllerPods, PodGroup, Target
from dashborion.orchestrators.kubernetes.run_log import Replaced, RunLog
from dashborion.orchestrators.kubernetes.runs import Run
from dashborion.orchestrators.logs import (
    Block,
    Reading,
    Sink,
    Wanted,
    between,
    no_instances,
    open_all,
    require_few,
)

ATTEMPTS = 5  # to read a log whose connection breaks


@dataclass(frozen=True)
class Logs:
    """As ``protocol.Logs``."""

    client: Client
    environment: Environment

    def of_workload(self, name: Name, query: Query, wanted: Wanted) -> LogReader:
        """The logs of the pods that a controller owns."""
        namespace = find.namespace_of(self.client, query, name)
        controller = find.workload(self.client, name, namespace).item
        workload = controller.metadata.name
        is_stopped = getattr(controller.spec, "replicas", None) == 0
        return LogReader(
            PodGroup(
                client=self.client,
                environment=self.environment,
                workload=workload,
                list_pods=ControllerPods(self.client, controller),
                wanted=wanted,
                none_message=no_instances(workload, is_stopped=is_stopped),
            )
        )

    def of_instance(self, name: Name, query: Query, wanted: Wanted) -> LogReader:
        """The log of one pod: of its default container, if it names one and none is wanted."""
        namespace = find.namespace_of(self.client, query, name)
        pod = find.instance(self.client, name, namespace).item
        default = (pod.metadata.annotations or {}).get(instances.DEFAULT_CONTAINER)
        if default and not wanted.containers:
            wanted = replace(wanted, containers=(default,))
        owner = instances.owner(pod, {})

        def list_pods() -> list[wire.Pod]:
            now = find.pod_again(self.client, pod.metadata)
            return [now] if now else []

        return LogReader(
            PodGroup(
                client=self.client,
                environment=self.environment,
                workload=owner.name.name if owner else None,
                list_pods=list_pods,
                wanted=wanted,
                none_message=f"{pod.metadata.name} is gone",
                is_single=True,
            )
        )


class LogReader:
    """``Reader`` of the logs of a group of pods."""

    def __init__(self, group: PodGroup) -> None:
        self._group = group
        self._wanted = group.wanted
        self._runtime = group.client.runtime
        self._follower = Follower(group)

    @property
    def label(self) -> str:
        """As ``Reader``."""
        return self._group.environment.label

    def follow(self, sink: Sink) -> None:
        """As ``Reader``."""
        self._follower.follow(sink)

    def stop(self) -> None:
        """As ``Reader``."""
        self._follower.stop()

    def snapshot(self) -> list[Reading]:
        """As ``Reader``."""
        targets = self._group.targets(self._group.list_pods())
        started = [(target, target.run) for target in targets if target.run is not None]
        waiting = [
            runs.waiting_message(target.pod, target.container)
            for target in targets
            if target.run is None and not instances.is_finished(target.pod)
        ]
        require_few(len(started), self._wanted.most)
        return open_all(
            [(target.source, partial(self._open, target, run)) for target, run in started],
            waiting if started or waiting else [self._group.none_message],
            absent=(UsageError, Missing),  # the kubelet says that it does not have the log
            deadline=self._runtime.deadline,
            warn=self._runtime.warn,
            hint=None if self._wanted.previous else "-f waits for it",
        )

    def _open(self, target: Target, run: Run) -> Iterator[Block]:
        """The lines of a log; the first block is read at once, so that a refusal is raised here."""
        if self._wanted.previous:
            previous = runs.previous_run(target.pod, run)
            if previous is None:
                raise UsageError(f"{target.source} has no previous run")
            run = previous
        log = RunLog(
            self._group.client,
            run,
            self._group.first_params(),
            say=lambda text: self._runtime.warn(NothingToRead(f"{target.source}: {text}")),
            pause=self._runtime.sleep,
        )
        # The API knows whole seconds only, and counts a tail from the log's end, not from `until`.
        blocks = between(self._whole(log), self._wanted)
        if self._wanted.until and self._wanted.tail is not None:
            blocks = _newest(blocks, self._wanted.tail)
        first = next(blocks, None)
        return blocks if first is None else chain([first], blocks)

    def _whole(self, log: RunLog) -> Iterator[Block]:
        """A log to its end; it is resumed when the connection breaks, or cuts a line."""
        failures, cut, previous = 0, b"", self._wanted.previous
        while True:
            try:
                yield from log.read(previous=previous, any_run=True)
            except Unavailable:
                failures += 1
                if failures == ATTEMPTS:
                    raise
                self._runtime.deadline.restart()
                continue
            except Replaced:
                if previous:
                    log.say("it was restarted while it was read: its end is missing")
                    break
                previous = True
                continue
            if log.rest == cut:  # twice the same: no line was cut
                break
            cut = log.rest
        if last := log.last_line():
            yield last


def _newest(blocks: Iterator[Block], count: int) -> Iterator[Block]:
    """The last lines of all blocks, as one block."""
    held: Block = []
    for block in blocks:
        held = [*held, *block][-count:] if count else []
    if held:
        yield held
