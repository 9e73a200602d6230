"""Logs of tasks: the readers of a workload's and of one instance's logs, and their snapshot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from dashborion.errors import Forbidden, NothingToRead
from dashborion.models.query import Name, Query
from dashborion.orchestrators.aws.errors import Refused
from dashborion.orchestrators.ecs import find, instances, wire
from dashborion.orchestrators.ecs.client import Client
from dashborion.orchestrators.ecs.cloudwatch import Absent, Group, Page, lines, milliseconds
from dashborion.orchestrators.ecs.follow import Follower
from dashborion.orchestrators.ecs.log_targets import (
    ServiceTasks,
    SingleTask,
    Stream,
    TaskGroup,
    locate,
)
from dashborion.orchestrators.ecs.normalise import ClusterScope
from dashborion.orchestrators.logs import (
    Block,
    Reading,
    Sink,
    Wanted,
    no_instances,
    open_all,
    require_few,
)


@dataclass(frozen=True)
class Logs:
    """As ``protocol.Logs``."""

    client: Client
    scope: ClusterScope

    def of_workload(self, name: Name, query: Query, wanted: Wanted) -> LogReader:
        """The logs of a service's tasks."""
        namespace = find.namespace_of(query, name)
        service = find.workload(self.client, self.scope, name, namespace).item
        tasks = ServiceTasks(self.client, service.service_name)
        return LogReader(
            TaskGroup(
                client=self.client,
                scope=self.scope,
                namespace=self.scope.namespace(service.tags),
                list_running=tasks.running,
                list_stopped=tasks.stopped,
                wanted=wanted,
                none_message=no_instances(
                    service.service_name, is_stopped=service.desired_count == 0
                ),
            )
        )

    def of_instance(self, name: Name, query: Query, wanted: Wanted) -> LogReader:
        """The log of one task, running or stopped."""
        namespace = find.namespace_of(query, name)
        task = find.instance(self.client, self.scope, name, namespace).item
        owner = instances.workload_of(task)
        services = self.client.services_by_name([owner]) if owner else []
        tags = [*(services[0].item.tags if services else ()), *task.tags]
        return LogReader(
            TaskGroup(
                client=self.client,
                scope=self.scope,
                namespace=self.scope.namespace(tags),
                list_running=SingleTask(self.client, task),
                list_stopped=list,
                wanted=wanted,
                none_message=f"{instances.name_of(task)} is gone",
                is_single=True,
            )
        )


class LogReader:
    """``Reader`` of the logs of a group of tasks."""

    def __init__(self, group: TaskGroup) -> None:
        self._group = group
        self._wanted = group.wanted
        self._runtime = group.client.aws.runtime
        self._follower = Follower(group)

    @property
    def label(self) -> str:
        """As ``Reader``."""
        return self._group.scope.environment.label

    def follow(self, sink: Sink) -> None:
        """As ``Reader``."""
        self._follower.follow(sink)

    def stop(self) -> None:
        """As ``Reader``: no call waits for lines."""

    def snapshot(self) -> list[Reading]:
        """As ``Reader``; the first page of every stream is asked for side by side."""
        streams, problems = self._group.streams(self._tasks())
        require_few(len(streams), self._wanted.most)
        return open_all(
            [(stream.source, partial(_open, stream, self._wanted)) for stream in streams],
            problems,
            absent=(Absent,),
            deadline=self._runtime.deadline,
            warn=self._runtime.warn,
        )

    def _tasks(self) -> list[wire.Task]:
        """The tasks that run; for the previous run, the task that stopped last.

        Raises:
            NothingToRead: there is none.
        """
        if not self._wanted.previous:
            running = self._group.list_running()
            if not running:
                hint = "-f waits for one; --previous shows the one that stopped last"
                raise NothingToRead(self._group.none_message, hint=hint)
            return running
        if self._group.is_single:
            raise NothingToRead(
                "a task has no previous run: it runs once, and its log has all of it"
            )
        stopped = [task for task in self._group.list_stopped() if task.stopped_at is not None]
        if not stopped:
            raise NothingToRead("no stopped task is known: ECS forgets them after about an hour")
        return [max(stopped, key=lambda task: str(task.stopped_at))]


def _open(stream: Stream, wanted: Wanted) -> Iterator[Block]:
    span = {
        "startTime": milliseconds(wanted.since),
        "endTime": milliseconds(wanted.until, 1),  # which the API excludes
    }
    if wanted.tail is not None:
        newest, _ = stream.group.newest(stream.name, wanted.tail, **span)
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


def last_lines(client: Client, scope: ClusterScope, task: wire.Task, count: int) -> list[str]:
    """The newest lines of a task: those of its first container that has some to read."""
    definitions = client.task_definitions([task.task_definition_arn])
    for definition in definitions.values():
        for container in definition.container_definitions:
            try:
                group, stream = locate(client, scope, task, container)
                events, _ = group.newest(stream, count)
            except (NothingToRead, Refused, Forbidden):
                continue
            if events:
                return [event.message for event in events]
    return []


def may_read(client: Client, scope: ClusterScope) -> bool | None:
    """Whether a running task's log may be read; None if there is no task to try it on."""
    try:
        arns = client.aws.items("ecs", "list_tasks", "taskArns",
                                cluster=client.cluster, maxResults=1)  # fmt: skip
        tasks = [found.item for found in client.tasks_by_id(arns)] if arns else []
        definitions = client.task_definitions(task.task_definition_arn for task in tasks)
    except (Forbidden, Refused):
        return None
    for task in tasks:
        definition = definitions.get(task.task_definition_arn)
        for container in definition.container_definitions if definition else ():
            try:
                group, stream = locate(client, scope, task, container)
            except NothingToRead:
                continue
            return _may_read(group, stream)
    return None


def _may_read(group: Group, stream: str) -> bool | None:
    try:
        group.page(stream, limit=1)
    except Absent:
        return True  # the right is checked before the stream is looked up
    except Forbidden:
        return False
    except Refused:
        return None
    return True
