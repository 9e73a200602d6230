"""Logs of tasks: which streams they write to, and the snapshot of all.

Each task writes as its own task definition says, which may be another than its
service's: a stream is ``prefix/container/task-id``, or without a prefix (on EC2)
the container's runtime id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from dashborion.concurrency import result, start
from dashborion.config.targets import EcsTarget
from dashborion.errors import DashborionError, NotFound, NothingToRead
from dashborion.models.instance import InstanceStatus
from dashborion.orchestrators.ecs import instances, normalise, wire
from dashborion.orchestrators.ecs.client import Client
from dashborion.orchestrators.ecs.cloudwatch import (
    EVENTS_A_PAGE,
    Absent,
    Group,
    Page,
    lines,
    milliseconds,
)
from dashborion.orchestrators.logs import (
    Block,
    Reading,
    Source,
    Wanted,
    require_few,
    unreadable,
)

MILLISECONDS = 3  # digits of a second's fraction that CloudWatch Logs keeps


@dataclass(frozen=True)
class Stream:
    """Where one container of one task writes to."""

    group: Group
    name: str
    source: Source
    task: str


@dataclass(frozen=True)
class Tasks:
    """The tasks to read, looked up again and again: a service's, or one alone."""

    client: Client
    scope: normalise.ClusterScope
    namespace: str
    running: Callable[[], list[wire.Task]]
    stopped: Callable[[], list[wire.Task]]
    nothing: str  # what to say when none is running
    is_alone: bool = False

    def streams(self, found: Sequence[wire.Task], wanted: Wanted) -> tuple[list[Stream], list[str]]:
        """Where tasks write to, and what cannot be read.

        Raises:
            NotFound: no task has a container of the name wanted.
        """
        definitions = self.client.task_definitions([one.task_definition_arn for one in found])
        streams: list[Stream] = []
        problems: list[str] = []
        known: set[str] = set()
        for task in found:
            definition = definitions.get(task.task_definition_arn)
            if definition is None:
                problems.append(f"{instances.name_of(task)}: its task definition cannot be read")
                continue
            every = definition.container_definitions
            known |= {one.name for one in every}
            chosen = [
                one for one in every if one.name in wanted.containers or not wanted.containers
            ]
            for container in chosen:
                source = self._source(task, container, alone=len(chosen) == 1)
                stream = self._stream(task, container, source)
                if isinstance(stream, str):
                    problems.append(stream)
                else:
                    streams.append(stream)
        if known and not known & set(wanted.containers or known):
            names = ", ".join(wanted.containers)
            where = f"the tasks' definition in cluster '{self.client.cluster}'"
            raise NotFound("container", names, where=where, known=known)
        return streams, problems

    def _source(
        self, task: wire.Task, container: wire.ContainerDefinition, *, alone: bool
    ) -> Source:
        environment = self.scope.environment
        return Source(
            project=environment.project,
            environment=environment.name,
            namespace=self.namespace,
            workload=instances.workload_of(task),
            instance=instances.name_of(task),
            container=container.name,
            alone=alone,
            digits=MILLISECONDS,
        )

    def _stream(
        self, task: wire.Task, container: wire.ContainerDefinition, source: Source
    ) -> Stream | str:
        """Where a container writes to, or why that cannot be read."""
        logs = container.log_configuration or wire.LogConfiguration(log_driver="")
        group = logs.options.group or self._fallback
        if not group or logs.log_driver not in ("awslogs", ""):
            return f"{container.name}: {unread(logs)}"
        id_ = instances.task_id(task)
        name = f"{logs.options.stream_prefix}/{container.name}/{id_}"
        if not logs.options.stream_prefix:
            runtime = next((one.runtime_id for one in task.containers
                            if one.name == container.name), None)  # fmt: skip
            if runtime is None:
                return f"{source}: it has not started, and its log stream has no name yet"
            name = runtime
        aws = self.client.aws.there(logs.options.region)
        return Stream(Group(aws, group), name, source, id_)

    @property
    def _fallback(self) -> str | None:
        target = self.scope.environment.target
        return target.log_group if isinstance(target, EcsTarget) else None


def unread(logs: wire.LogConfiguration) -> str:
    """Why a container's log cannot be read here, and where it goes instead."""
    if not logs.log_driver:
        return (
            "it has no log driver in its task definition, so its lines stay on the "
            "container instance; set `awslogs` there, or `log_group` in the environment"
        )
    options = logs.options
    address = options.splunk or options.fluentd or options.gelf or options.syslog
    if address:
        where = f"to {_without_secrets(address)}"
    elif logs.log_driver == "awsfirelens":
        where = "through the task's log router"
        where += f" to its output '{options.output}'" if options.output else ""
    elif logs.log_driver in ("json-file", "local", "journald", "none"):
        where = "nowhere but to the container instance"
    else:
        where = "to where that driver's options say"
    return f"its log driver is {logs.log_driver}, which sends lines {where}: look there"


def _without_secrets(address: str) -> str:
    """An address without a user and password, path or query."""
    try:
        parts = urlsplit(address if "//" in address else f"//{address}")
        host = f"{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}"
    except ValueError:
        return "an address that cannot be read"
    return f"{parts.scheme}://{host}" if parts.scheme else host


def of_service(client: Client, scope: normalise.ClusterScope, service: wire.Service) -> Tasks:
    """A service's tasks; those that are being stopped still run, and write."""
    name = service.service_name

    def running() -> list[wire.Task]:
        asked = [start(partial(client.tasks, service=name, stopped=one)) for one in (False, True)]
        found = [task.item for each in asked for task in result(each, client.aws.runtime.deadline)]
        return [one for one in found if not is_over(one)]

    def stopped() -> list[wire.Task]:
        found = [one.item for one in client.tasks(service=name, stopped=True)]
        return [one for one in found if is_over(one)]

    nothing = f"{name} has no instances"
    if service.desired_count == 0:
        nothing += ": it is scaled to zero"
    return Tasks(client, scope, scope.namespace(service.tags), running, stopped, nothing)


def of_task(client: Client, scope: normalise.ClusterScope, task: wire.Task) -> Tasks:
    """One task alone, running or stopped."""
    id_ = instances.task_id(task)

    def found() -> list[wire.Task]:
        return [one.item for one in client.described_tasks([id_])] or [task]

    owner = instances.workload_of(task)
    services = client.described([owner]) if owner else []
    namespace = scope.namespace([*(services[0].item.tags if services else ()), *task.tags])
    nothing = f"{instances.name_of(task)} is gone"
    return Tasks(client, scope, namespace, found, list, nothing, is_alone=True)


def is_over(task: wire.Task) -> bool:
    return instances.instance_status(task) is InstanceStatus.STOPPED


def chosen(members: Tasks, wanted: Wanted) -> list[wire.Task]:
    """The tasks of a snapshot: those that run, or the one that stopped last.

    Raises:
        NothingToRead: there is none.
    """
    if members.is_alone and wanted.previous:
        raise NothingToRead("a task has no previous run: it runs once, and its log has it all")
    if not wanted.previous:
        found = members.running()
        if not found:
            hint = "-f waits for one; --previous shows the one that stopped last"
            raise NothingToRead(members.nothing, hint=hint)
        return found
    stopped = [one for one in members.stopped() if one.stopped_at is not None]
    if not stopped:
        raise NothingToRead("no stopped task is known: ECS forgets them after about an hour")
    return [max(stopped, key=lambda one: str(one.stopped_at))]


def snapshot(members: Tasks, wanted: Wanted) -> list[Reading]:
    """As ``Reader.snapshot``; the first page of every stream is asked for side by side."""
    streams, problems = members.streams(chosen(members, wanted), wanted)
    require_few(len(streams), wanted.most)
    runtime = members.client.aws.runtime
    opened = [(stream, start(partial(_open, stream, wanted))) for stream in streams]
    readings: list[Reading] = []
    refused: list[DashborionError] = []
    for stream, future in opened:
        try:
            readings.append(Reading(stream.source, result(future, runtime.deadline)))
        except Absent as error:
            problems.append(error.message)
        except DashborionError as error:
            refused.append(error)
    if not readings:
        raise refused[0] if refused else unreadable(problems)
    for missing in (*refused, *map(NothingToRead, dict.fromkeys(problems))):
        runtime.warn(missing)
    return readings


def _open(stream: Stream, wanted: Wanted) -> Iterator[Block]:
    span = {
        "startTime": milliseconds(wanted.since),
        "endTime": milliseconds(wanted.until, 1),  # which the API excludes
    }
    if wanted.tail is not None:
        newest, _ = tail(stream, wanted.tail, span)
        return iter([lines(newest)] if newest else [])
    first = stream.group.page(stream.name, startFromHead=True, **span)
    return _onward(stream, first, span)


def _onward(stream: Stream, page: Page, span: dict[str, int | None]) -> Iterator[Block]:
    """From a page to the end: where the token stays the same. A page may be empty before it."""
    token = ""
    while page.forward != token:
        if page.events:
            yield lines(page.events)
        token = page.forward
        page = stream.group.page(stream.name, startFromHead=True, nextToken=token, **span)


def tail(
    stream: Stream, count: int, span: dict[str, int | None]
) -> tuple[list[wire.LogEvent], Page]:
    """A stream's newest events, and the page from which it goes on."""
    newest = page = stream.group.page(
        stream.name, startFromHead=False, limit=min(max(count, 1), EVENTS_A_PAGE), **span
    )
    found = list(page.events)
    token = ""
    while len(found) < count and page.backward != token:
        token = page.backward
        page = stream.group.page(stream.name, startFromHead=False, nextToken=token, **span)
        found = [*page.events, *found]
    return found[-count:] if count else [], newest
