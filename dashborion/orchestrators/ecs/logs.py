"""Logs of tasks: the readers of a workload's and of one instance's logs, and their snapshot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from dashborion.errors import DashborionError, Forbidden, NothingToRead
from dashborion.models.query import Name, Query
from dashborion.orchestrators.aws.errors import Refused
from dashborion.orchestrators.ecs import find, instances, wire
from dashborion.orchestrators.ecs.client import Client
from dashborion.orchestrators.ecs.cloudwatch import Absent, Page, is_absent, lines, milliseconds
from dashborion.orchestrators.ecs.follow import Follower
from dashborion.orchestrators.ecs.log_targets import Stream, TaskGroup, locate
from dashborion.orchestrators.log_opening import open_all
from dashborion.orchestrators.logs import (
    Block,
    Reading,
    Sink,
    Wanted,
    no_instances,
    require_few,
)


@dataclass(frozen=True)
class Logs:
    """As ``protocol.Logs``."""

    client: Client

    def of_workload(self, name: Name, query: Query, wanted: Wanted) -> LogReader:
        """The logs of a service's tasks."""
        service = find.workload(self.client, name, query).item
        return LogReader(
            client=self.client,
            namespace=self.client.scope.namespace(service.tags),
            list_tasks=partial(find.tasks_of, self.client, service),
            wanted=wanted,
            none_message=no_instances(service.service_name, is_stopped=service.desired_count == 0),
        )

    def of_instance(self, name: Name, query: Query, wanted: Wanted) -> LogReader:
        """The log of one task, running or stopped."""
        task = find.instance(self.client, name, query).item
        tags = instances.tags(task, find.services_of(self.client, task))
        return LogReader(
            client=self.client,
            namespace=self.client.scope.namespace(tags),
            list_tasks=partial(_again, self.client, task),
            wanted=wanted,
            none_message=f"{instances.name_of(task)} is gone",
            is_single=True,
        )


def _again(client: Client, task: wire.Task) -> list[wire.Task]:
    """A task as it is now, or as it was once ECS has forgotten it."""
    return [one.item for one in client.tasks_by_id([instances.task_id(task)])] or [task]


@dataclass(frozen=True)
class LogReader(TaskGroup):
    """A group of tasks, as ``Reader`` of their logs."""

    @property
    def label(self) -> str:
        """As ``Reader``."""
        return self.client.scope.environment.label

    def follow(self, sink: Sink) -> None:
        """As ``Reader``."""
        Follower(self, sink).follow()

    def stop(self) -> None:
        """As ``Reader``: no call waits for lines."""

    def snapshot(self) -> list[Reading]:
        """As ``Reader``; the first page of every stream is asked for side by side."""
        wanted, runtime = self.wanted, self.client.aws.runtime
        streams, problems = self.streams(self._wanted_tasks())
        require_few(len(streams), wanted.most)
        return open_all(
            [(stream.source, partial(_open, stream, wanted)) for stream in streams],
            problems,
            is_absent=is_absent,
            runtime=runtime,
        )

    def _wanted_tasks(self) -> list[wire.Task]:
        """The tasks that run; for the previous run, the task that stopped last.

        Raises:
            NothingToRead: there is none.
        """
        is_previous = self.wanted.previous
        if is_previous and self.is_single:
            raise NothingToRead(
                "a task has no previous run: it runs once, and its log has all of it"
            )
        running, over = self.tasks()
        if not is_previous:
            if not running:
                hint = "-f waits for one; --previous shows the one that stopped last"
                raise NothingToRead(self.none_message, hint=hint)
            return running
        stopped = [task for task in over if task.stopped_at is not None]
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
        newest = newest[-wanted.tail :] if wanted.tail else []
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


def last_lines(client: Client, task: wire.Task, count: int) -> list[str]:
    """The newest lines of a task: of its first container with some to read, failed ones first.

    Raises:
        DashborionError: there are none, and why one of its logs cannot be read.
    """
    problem: DashborionError | None = None
    failed = {item.name for item in task.containers if item.exit_code or item.reason}
    definitions = client.task_definitions([task.task_definition_arn])
    for definition in definitions.values():
        defined = definition.container_definitions
        for container in sorted(defined, key=lambda item: item.name not in failed):
            try:
                group, stream = locate(client, task, container)
                events, _ = group.newest(stream, count)
            except Absent:
                continue  # it has written nothing
            except DashborionError as error:
                problem = problem or error
                continue
            if events:
                return [event.message for event in events[-count:]]
    if problem is not None:
        raise problem
    return []


def may_read(client: Client) -> bool | None:
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
                group, stream = locate(client, task, container)
            except DashborionError:
                continue
            try:
                return client.aws.permits(partial(group.page, stream, limit=1))
            except Absent:
                return True  # the right is checked before the stream is looked up
    return None
