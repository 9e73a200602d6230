"""Logs of pods: the readers of a workload's and of one instance's logs, and their snapshot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from dashborion.config.targets import Environment
from dashborion.errors import (
    AccessError,
    DashborionError,
    NotFound,
    NothingToRead,
    Unavailable,
    UsageError,
)
from dashborion.models.query import Name, Query
from dashborion.orchestrators.kubernetes import find, instances, native_wire, runs, wire
from dashborion.orchestrators.kubernetes import resources as api
from dashborion.orchestrators.kubernetes.client import Client
from dashborion.orchestrators.kubernetes.errors import KubeletSilent, Missing
from dashborion.orchestrators.kubernetes.follow import Follower
from dashborion.orchestrators.kubernetes.log_targets import (
    ControllerPods,
    MatchingPods,
    PodGroup,
    Target,
    is_meant,
)
from dashborion.orchestrators.kubernetes.rollout import condition
from dashborion.orchestrators.kubernetes.run_log import (
    Broken,
    Ends,
    NotGiven,
    NotKept,
    Replaced,
    RunLog,
)
from dashborion.orchestrators.kubernetes.runs import Run
from dashborion.orchestrators.log_opening import open_all
from dashborion.orchestrators.logs import (
    Block,
    Reading,
    Selection,
    Sink,
    Wanted,
    between,
    last_of,
    no_instances,
    no_instances_of,
)

ATTEMPTS = 5  # to read a log whose connection breaks, or whose node does not give it
FIRST_PAUSE = 0.1  # seconds, doubled for each attempt at a log that its node does not give


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
                workload_of=lambda _: workload,
                list_pods=ControllerPods(self.client, controller),
                wanted=wanted,
                none_message=no_instances(workload, is_stopped=is_stopped),
            )
        )

    def of_workloads(self, patterns: Sequence[Name], query: Query, wanted: Wanted) -> Selection:
        """The logs of the pods of all controllers that fit."""
        matching = MatchingPods(self.client, patterns, query)
        known = matching.look_up_controllers()
        if not known and not matching.is_partial:
            find.require_namespace(self.client, matching.namespace)
        fitting = sorted(one.name for one in known if is_meant(one, patterns))
        reader = LogReader(
            PodGroup(
                client=self.client,
                environment=self.environment,
                workload_of=lambda pod: matching.owners[pod.metadata.uid].name,
                list_pods=matching,
                wanted=wanted,
                none_message=no_instances_of(fitting, patterns, query),
                of_many=True,
            )
        )
        where, names = find.where(matching.namespace), {one.name for one in known}
        absent = [
            NotFound("workload", str(one), where=where, known=names)
            for one in patterns
            if not one.is_pattern and not any(is_meant(name, [one]) for name in known)
        ]
        return Selection(reader, [] if matching.is_partial else absent)

    def of_instance(self, name: Name, query: Query, wanted: Wanted) -> LogReader:
        """The log of one pod: of its default container, if it names one and none is wanted."""
        namespace = find.namespace_of(self.client, query, name)
        pod = find.instance(self.client, name, namespace).item
        if not wanted.containers:
            wanted = replace(wanted, containers=self._default_container(pod))
        owner = instances.owner(pod, {})

        def list_pods(_: object) -> list[wire.Pod]:
            now = find.pod_again(self.client, pod.metadata)
            return [now] if now else []

        return LogReader(
            PodGroup(
                client=self.client,
                environment=self.environment,
                workload_of=lambda _: owner.name.name if owner else None,
                list_pods=list_pods,
                wanted=wanted,
                none_message=f"{pod.metadata.name} is gone",
                is_single=True,
            )
        )

    def _default_container(self, pod: wire.Pod) -> tuple[str, ...]:
        """The container that the pod names as its default, as kubectl reads it; else all."""
        default = (pod.metadata.annotations or {}).get(instances.DEFAULT_CONTAINER)
        if not default:
            return ()
        names = runs.container_names(pod)
        if default in names or not names:
            return (default,)
        message = f"pod '{pod.metadata.name}' names '{default}' as its default container, "
        message += f"which it does not have: these are the lines of '{names[0]}'"
        self.client.runtime.warn(DashborionError(message, hint="choose one with -c"))
        return (names[0],)


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
        group = self._group
        pods = group.list_pods(lambda text: self._runtime.warn(NothingToRead(text)))
        if not (group.is_single or self._wanted.previous):
            last = group.newest_finished(pods)
            for name, pod in last.items():
                self._runtime.warn(NothingToRead(last_of(name, pod.metadata.name)))
            pods = [pod for pod in pods if last.get(group.workload_name(pod), pod) is pod]
        targets = self._group.targets(pods)
        started = [(target, target.run) for target in targets if target.run is not None]
        waiting = [
            runs.waiting_message(target.pod, target.container)
            for target in targets
            if target.run is None and not instances.is_finished(target.pod)
        ]
        self._wanted.room.require(len(started))
        return open_all(
            [(target.source, partial(self._open, target, run)) for target, run in started],
            list(map(Missing, waiting if started or waiting else [self._group.none_message])),
            is_absent=is_absent,
            runtime=self._runtime,
            hint=None if self._wanted.previous else "-f waits for it",
        )

    def _open(self, target: Target, run: Run) -> Iterator[Block]:
        """The lines of a log."""
        if self._wanted.previous:
            previous = runs.previous_run(target.pod, run)
            if previous is None:
                raise Missing(f"{target.source} has no previous run")
            run = previous
        log = RunLog(
            self._group.client,
            run,
            self._group.first_params(),
            say=lambda text: self._runtime.incomplete(NothingToRead(f"{target.source}: {text}")),
            pause=self._runtime.sleep,
        )
        # The API knows whole seconds only, and counts a tail from the log's end, not from `until`.
        blocks = between(self._whole(log), self._wanted)
        if self._wanted.until and self._wanted.tail is not None:
            blocks = _newest(blocks, self._wanted.tail)
        yield from blocks

    def _whole(self, log: RunLog) -> Iterator[Block]:
        """A log to its end; it is resumed when the connection breaks, or cuts a line."""
        failures, previous, ends = 0, self._wanted.previous, Ends()
        while True:
            try:
                for block in log.read(previous=previous, any_run=True):
                    failures = 0
                    yield block
            except (Broken, KubeletSilent, NotGiven, NotKept) as error:
                failures += 1
                self._prepare_to_resume(log, failures, error)
            except Replaced:
                if previous:
                    log.say("it was restarted while it was read: its end is missing")
                    break
                previous = True
            else:
                if ends.are_final(log.tail, least=1):
                    break
        if last := log.last_line():
            yield last

    def _prepare_to_resume(self, log: RunLog, failures: int, error: DashborionError) -> None:
        """Wait to go on after so many failures in a row; the first may come after hours.

        Raises:
            DashborionError: the error, as another attempt is of no use.
        """
        if failures == 1 and log.cursor.newest:
            self._runtime.deadline.restart()
        if failures >= ATTEMPTS or self._runtime.deadline.remaining() <= 0:
            raise error
        if isinstance(error, Broken):
            return
        if log.run.node and self._is_not_ready(log.run.node):
            error.message += f": node {log.run.node} is not ready"
            raise error
        self._runtime.sleep(FIRST_PAUSE * 2**failures)

    def _is_not_ready(self, node: str) -> bool:
        """Whether a node is known not to be ready; who may not ask does not know."""
        try:
            found = self._group.client.read(native_wire.Node, api.NODES.path(None, node))
        except (AccessError, Unavailable):
            return False
        ready = condition(found.status.conditions, "Ready") if found else None
        return ready is not None and ready.status != "True"


def is_absent(error: DashborionError) -> bool:
    """Whether there is no such log: the kubelet says that it does not have it, or the pod is gone.

    Nothing is missing then: a container that waits to be started is answered with 400.
    """
    return isinstance(error, UsageError | Missing)


def _newest(blocks: Iterator[Block], count: int) -> Iterator[Block]:
    """The last lines of all blocks, as one block."""
    held: Block = []
    for block in blocks:
        held = [*held, *block][-count:] if count else []
    if held:
        yield held
