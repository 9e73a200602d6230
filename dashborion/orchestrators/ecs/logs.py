"""Logs of tasks: which tasks and streams are read, and the snapshot of all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from dashborion.concurrency import result, start
from dashborion.config.targets import EcsTarget
from dashborion.errors import DashborionError, Forbidden, NotFound, NothingToRead
from dashborion.models.query import Name, Query
from dashborion.orchestrators.aws.errors import Refused
from dashborion.orchestrators.ecs import find, instances, normalise, wire
from dashborion.orchestrators.ecs.client import Client
from dashborion.orchestrators.ecs.cloudwatch import (
    EVENTS_A_PAGE,
    Absent,
    Group,
    Page,
    lines,
    milliseconds,
)
from dashborion.orchestrators.ecs.log_address import LogAddress, log_address
from dashborion.orchestrators.logs import (
    Block,
    Reader,
    Reading,
    Source,
    Wanted,
    require_few,
    unreadable,
)

MILLISECONDS = 3  # digits of a second's fraction that CloudWatch Logs keeps


@dataclass(frozen=True)
class Logs:
    """As ``protocol.Logs``."""

    client: Client
    scope: normalise.ClusterScope

    def of_workload(self, name: Name, query: Query, wanted: Wanted) -> Reader:
        """The logs of a service's tasks."""
        from dashborion.orchestrators.ecs.follow import LogReader

        namespace = find.namespace_of(query, name)
        service = find.workload(self.client, self.scope, name, namespace).item
        return LogReader(of_workload(self.client, self.scope, service), wanted)

    def of_instance(self, name: Name, query: Query, wanted: Wanted) -> Reader:
        """The logs of one task, stopped ones too."""
        from dashborion.orchestrators.ecs.follow import LogReader

        namespace = find.namespace_of(query, name)
        task = find.instance(self.client, self.scope, name, namespace).item
        return LogReader(of_instance(self.client, self.scope, task), wanted)


@dataclass(frozen=True)
class Stream:
    """The log stream of one container of one task."""

    group: Group
    name: str
    source: Source
    task_id: str


@dataclass(frozen=True)
class Tasks:
    """The tasks to read, looked up again and again: a workload's, or one alone."""

    client: Client
    scope: normalise.ClusterScope
    namespace: str
    running: Callable[[], list[wire.Task]]
    stopped: Callable[[], list[wire.Task]]
    nothing: str  # the message when none is running
    is_alone: bool = False  # one task, which ends for good

    def source(self, task: wire.Task, container: str, *, alone: bool) -> Source:
        """How the lines of one of a task's containers are labelled."""
        environment = self.scope.environment
        return Source(
            project=environment.project,
            environment=environment.name,
            namespace=self.namespace,
            workload=instances.workload_of(task),
            instance=instances.name_of(task),
            container=container,
            alone=alone,
            digits=MILLISECONDS,
        )


def of_workload(client: Client, scope: normalise.ClusterScope, service: wire.Service) -> Tasks:
    """A service's tasks; those that are being stopped still run, and write."""
    name = service.service_name

    def running() -> list[wire.Task]:
        listings = [
            start(partial(client.tasks, service=name, stopped=stopped)) for stopped in (False, True)
        ]
        deadline = client.aws.runtime.deadline
        tasks = [task.item for listing in listings for task in result(listing, deadline)]
        return [task for task in tasks if not instances.is_over(task)]

    def stopped() -> list[wire.Task]:
        tasks = [task.item for task in client.tasks(service=name, stopped=True)]
        return [task for task in tasks if instances.is_over(task)]

    nothing = f"{name} has no instances"
    if service.desired_count == 0:
        nothing += ": it is scaled to zero"
    return Tasks(client, scope, scope.namespace(service.tags), running, stopped, nothing)


def of_instance(client: Client, scope: normalise.ClusterScope, task: wire.Task) -> Tasks:
    """One task alone, running or stopped."""
    task_id = instances.task_id(task)

    def this_task() -> list[wire.Task]:
        return [found.item for found in client.described_tasks([task_id])] or [task]

    owner = instances.workload_of(task)
    services = client.described([owner]) if owner else []
    namespace = scope.namespace([*(services[0].item.tags if services else ()), *task.tags])
    nothing = f"{instances.name_of(task)} is gone"
    return Tasks(client, scope, namespace, this_task, list, nothing, is_alone=True)


@dataclass(frozen=True)
class TaskLogs:
    """What is wanted of some tasks' logs."""

    members: Tasks
    wanted: Wanted

    def streams(self, tasks: Sequence[wire.Task]) -> tuple[list[Stream], list[str]]:
        """The streams to read, and why others cannot be read.

        Raises:
            NotFound: no task has a container of the name wanted.
        """
        client, names = self.members.client, self.wanted.containers
        definitions = client.task_definitions([task.task_definition_arn for task in tasks])
        streams: list[Stream] = []
        problems: list[str] = []
        known: set[str] = set()
        for task in tasks:
            definition = definitions.get(task.task_definition_arn)
            if definition is None:
                problems.append(f"{instances.name_of(task)}: its task definition cannot be read")
                continue
            containers = definition.container_definitions
            known |= {container.name for container in containers}
            chosen = [item for item in containers if item.name in names or not names]
            for container in chosen:
                try:
                    streams.append(self._stream(task, container, alone=len(chosen) == 1))
                except NothingToRead as error:
                    problems.append(error.message)
        if known and names and not known & set(names):
            where = f"the tasks' definition in cluster '{client.cluster}'"
            raise NotFound("container", ", ".join(names), where=where, known=known)
        return streams, problems

    def _stream(
        self, task: wire.Task, container: wire.ContainerDefinition, *, alone: bool
    ) -> Stream:
        members = self.members
        address = log_address(task, container, default_group(members.scope))
        source = members.source(task, container.name, alone=alone)
        group = _group(members.client, address)
        return Stream(group, address.stream, source, instances.task_id(task))

    def snapshot(self) -> list[Reading]:
        """As ``Reader.snapshot``; the first page of every stream is asked for side by side."""
        streams, problems = self.streams(self._tasks_of_snapshot())
        require_few(len(streams), self.wanted.most)
        runtime = self.members.client.aws.runtime
        opened = [(stream, start(partial(_open, stream, self.wanted))) for stream in streams]
        readings: list[Reading] = []
        refusals: list[DashborionError] = []
        for stream, future in opened:
            try:
                readings.append(Reading(stream.source, result(future, runtime.deadline)))
            except Absent as error:
                problems.append(error.message)
            except DashborionError as error:
                refusals.append(error)
        if not readings:
            raise refusals[0] if refusals else unreadable(problems)
        for missing in (*refusals, *map(NothingToRead, dict.fromkeys(problems))):
            runtime.warn(missing)
        return readings

    def _tasks_of_snapshot(self) -> list[wire.Task]:
        """The tasks that run, or, if the previous run is wanted, the one that stopped last.

        Raises:
            NothingToRead: there is none.
        """
        members = self.members
        if not self.wanted.previous:
            running = members.running()
            if not running:
                hint = "-f waits for one; --previous shows the one that stopped last"
                raise NothingToRead(members.nothing, hint=hint)
            return running
        if members.is_alone:
            raise NothingToRead(
                "a task has no previous run: it runs once, and its log has all of it"
            )
        stopped = [task for task in members.stopped() if task.stopped_at is not None]
        if not stopped:
            raise NothingToRead("no stopped task is known: ECS forgets them after about an hour")
        return [max(stopped, key=lambda task: str(task.stopped_at))]


def _group(client: Client, address: LogAddress) -> Group:
    return Group(client.aws.in_region(address.region), address.group)


def default_group(scope: normalise.ClusterScope) -> str | None:
    """The environment's ``log_group``, if its configuration has one."""
    target = scope.environment.target
    return target.log_group if isinstance(target, EcsTarget) else None


def last_lines(
    client: Client, scope: normalise.ClusterScope, task: wire.Task, count: int
) -> list[str]:
    """The newest lines of a task: those of its first container that has some to read."""
    definitions = client.task_definitions([task.task_definition_arn])
    for definition in definitions.values():
        for container in definition.container_definitions:
            try:
                address = log_address(task, container, default_group(scope))
                events, _ = newest_events(_group(client, address), address.stream, count)
            except (NothingToRead, Refused, Forbidden):
                continue
            if events:
                return [event.message for event in events]
    return []


def may_read(client: Client, scope: normalise.ClusterScope) -> bool | None:
    """Whether a running task's log may be read; None where there is no task to try it on."""
    try:
        arns = client.aws.items("ecs", "list_tasks", "taskArns",
                                cluster=client.cluster, maxResults=1)  # fmt: skip
        tasks = [found.item for found in client.described_tasks(arns)] if arns else []
        definitions = client.task_definitions(task.task_definition_arn for task in tasks)
    except (Forbidden, Refused):
        return None
    for task in tasks:
        definition = definitions.get(task.task_definition_arn)
        for container in definition.container_definitions if definition else ():
            try:
                address = log_address(task, container, default_group(scope))
                _group(client, address).page(address.stream, limit=1)
            except Absent:
                return True  # whoever may not read a stream is told so before it is looked up
            except NothingToRead:
                continue
            except Forbidden:
                return False
            except Refused:
                return None
            return True
    return None


def _open(stream: Stream, wanted: Wanted) -> Iterator[Block]:
    span = {
        "startTime": milliseconds(wanted.since),
        "endTime": milliseconds(wanted.until, 1),  # which the API excludes
    }
    if wanted.tail is not None:
        newest, _ = newest_events(stream.group, stream.name, wanted.tail, **span)
        return iter([lines(newest)] if newest else [])
    first = stream.group.page(stream.name, startFromHead=True, **span)
    return _onward(stream, first, span)


def _onward(stream: Stream, page: Page, span: dict[str, int | None]) -> Iterator[Block]:
    """All pages to the end, where the token stays the same; a page before it may be empty."""
    token = ""
    while page.forward != token:
        if page.events:
            yield lines(page.events)
        token = page.forward
        page = stream.group.page(stream.name, startFromHead=True, nextToken=token, **span)


def newest_events(
    group: Group, stream: str, count: int, **span: int | None
) -> tuple[list[wire.LogEvent], Page]:
    """A stream's newest events, oldest first, and the page from which it goes on."""
    newest = page = group.page(
        stream, startFromHead=False, limit=min(max(count, 1), EVENTS_A_PAGE), **span
    )
    events = list(page.events)
    token = ""
    while len(events) < count and page.backward != token:
        token = page.backward
        page = group.page(stream, startFromHead=False, nextToken=token, **span)
        events = [*page.events, *events]
    return events[-count:] if count else [], newest
