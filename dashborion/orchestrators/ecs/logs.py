"""Logs of tasks: the readers of a workload's and of one instance's logs, and their snapshot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from msgspec.structs import replace

from dashborion.errors import DashborionError, Forbidden, NotFound, NothingToRead
from dashborion.models.query import Name, Query
from dashborion.orchestrators.aws.errors import Refused
from dashborion.orchestrators.aws.pace import EcsCalls
from dashborion.orchestrators.ecs import find, instances, wire
from dashborion.orchestrators.ecs.client import Client
from dashborion.orchestrators.ecs.cloudwatch import Absent, Page, is_absent, lines, milliseconds
from dashborion.orchestrators.ecs.follow import Follower
from dashborion.orchestrators.ecs.log_targets import MatchingTasks, Stream, TaskGroup, fits, locate
from dashborion.orchestrators.log_opening import open_all
from dashborion.orchestrators.logs import (
    Block,
    Reading,
    Selection,
    Sink,
    Wanted,
    no_instances,
    no_instances_of,
)


@dataclass(frozen=True)
class Logs:
    """As ``protocol.Logs``."""

    client: Client

    def of_workload(self, name: Name, query: Query, wanted: Wanted) -> LogReader:
        """The logs of a service's tasks."""
        client, calls = self._counted()
        service = find.workload(client, name, query).item
        namespace = client.scope.namespace(service.tags)
        return LogReader(
            client=client,
            namespace_of=lambda _: namespace,
            list_tasks=partial(find.tasks_of, client, service),
            wanted=wanted,
            none_message=no_instances(service.service_name, is_stopped=service.desired_count == 0),
            calls=calls,
        )

    def of_workloads(self, patterns: Sequence[Name], query: Query, wanted: Wanted) -> Selection:
        """The logs of all services that fit."""
        client, calls = self._counted()
        scope, services = client.scope, [one.item for one in find.services(client, query)]
        target = scope.environment.target
        here = [one for one in patterns if not one.is_elsewhere(client.cluster, target.region)]
        matching = MatchingTasks(client, here if patterns else None, query)
        known = [one.service_name for one in services]
        matching.add(known, services)
        fitting = sorted(name for name, one in matching.services.items() if one)
        reader = LogReader(
            client=client,
            namespace_of=matching.namespace_of,
            list_tasks=matching,
            wanted=wanted,
            none_message=no_instances_of(fitting, patterns, query),
            calls=calls,
            of_many=True,
        )
        absent = [
            NotFound("workload", str(one), where=f"cluster '{client.cluster}'", known=known)
            for one in patterns
            if not one.is_pattern
            and not any(fits(item, scope.namespace(item.tags), [one]) for item in services)
        ]
        return Selection(reader, absent)

    def _counted(self) -> tuple[Client, EcsCalls]:
        """The client, with its calls to ECS counted."""
        calls = EcsCalls()
        return replace(self.client, aws=calls.of(self.client.aws)), calls

    def of_instance(self, name: Name, query: Query, wanted: Wanted) -> LogReader:
        """The log of one task, running or stopped."""
        client, calls = self._counted()
        task = find.instance(client, name, query).item
        tags = instances.tags(task, find.services_of(client, task))
        return LogReader(
            client=client,
            namespace_of=lambda _: client.scope.namespace(tags),
            list_tasks=partial(_again, client, task),
            wanted=wanted,
            none_message=f"{instances.name_of(task)} is gone",
            calls=calls,
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
        wanted.room.require(len(streams))
        return open_all(
            [(stream.source, partial(_open, stream, wanted)) for stream in streams],
            problems,
            is_absent=is_absent,
            runtime=runtime,
        )

    def _wanted_tasks(self) -> list[wire.Task]:
        """The tasks that run, and of a workload that has none the one that stopped last.

        For the previous run, only the latter.

        Raises:
            NothingToRead: there is none.
        """
        is_previous = self.wanted.previous
        if is_previous and self.is_single:
            raise NothingToRead(
                "a task has no previous run: it runs once, and its log has all of it"
            )
        running, over = self.tasks()
        if is_previous:
            stopped = self.newest_stopped([], over)
            if not stopped:
                message = "no stopped task is known: ECS forgets them after about an hour"
                raise NothingToRead(message)
            return stopped
        last = self.newest_stopped(running, over)
        if not running and not last:
            raise NothingToRead(self.none_message, hint="-f waits for one")
        for task in last:
            self.client.aws.runtime.warn(NothingToRead(self.last_message(task)))
        return [*running, *last]


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
