"""Which tasks and which of their streams are read.

Each task writes as its own task definition says, which may be another than its service's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from dashborion.config.targets import EcsTarget
from dashborion.errors import DashborionError, NotFound, Unreadable
from dashborion.models.log import Source
from dashborion.models.query import Found, Name, Query
from dashborion.orchestrators.aws.client import batches
from dashborion.orchestrators.aws.pace import EcsCalls
from dashborion.orchestrators.aws.parts import in_batches, rows
from dashborion.orchestrators.ecs import find, instances, normalise, wire
from dashborion.orchestrators.ecs.client import SERVICES_A_CALL, TASKS_A_CALL, Client
from dashborion.orchestrators.ecs.cloudwatch import Absent, Group
from dashborion.orchestrators.logs import Wanted, last_of

T = TypeVar("T")
MILLISECONDS = 3  # digits of a second's fraction that CloudWatch Logs keeps


@dataclass(frozen=True)
class Stream:
    """The log stream of one container of one task."""

    group: Group
    name: str
    source: Source
    task_id: str


@dataclass(frozen=True)
class TaskGroup:
    """The tasks of a workload, or a single task, and what is wanted of their logs.

    ``list_tasks`` looks them up, again and again while they are followed, with ``calls`` to ECS.
    ``namespace_of`` says where each of them is, ``none_message`` that none is running. A group that
    ``is_single`` has no more lines once its task has stopped; one ``of_many`` workloads may get
    tasks of others.
    """

    client: Client
    namespace_of: Callable[[wire.Task], str]
    list_tasks: Callable[[], list[wire.Task]]
    wanted: Wanted
    none_message: str
    calls: EcsCalls = field(default_factory=EcsCalls)
    is_single: bool = False
    of_many: bool = False

    def tasks(self) -> tuple[list[wire.Task], list[wire.Task]]:
        """The tasks to read, and those of a workload that have stopped.

        Tasks that are being stopped still run, and write.
        """
        tasks = self.list_tasks()
        if self.is_single:
            return tasks, []
        running = [task for task in tasks if not instances.is_over(task)]
        return running, [task for task in tasks if instances.is_over(task)]

    def newest_stopped(
        self, running: Sequence[wire.Task], over: Sequence[wire.Task]
    ) -> list[wire.Task]:
        """Of each workload that has no running task the one that stopped last."""
        alive = {instances.workload_of(task) for task in running}
        newest: dict[str | None, wire.Task] = {}
        for task in sorted(over, key=lambda task: str(task.stopped_at)):
            if task.stopped_at is not None and instances.workload_of(task) not in alive:
                newest[instances.workload_of(task)] = task
        return list(newest.values())

    def last_message(self, task: wire.Task) -> str:
        """What to say when the lines of a task that has stopped are read for want of others."""
        return last_of(instances.workload_of(task), instances.name_of(task))

    def streams(self, tasks: Sequence[wire.Task]) -> tuple[list[Stream], list[DashborionError]]:
        """The streams to read of some tasks, and why others cannot be read.

        Raises:
            NotFound: there are tasks, and none has a container of a wanted name.
        """
        names = self.wanted.containers
        streams: list[Stream] = []
        problems: list[DashborionError] = []
        arns = [task.task_definition_arn for task in tasks]
        definitions = self.client.task_definitions(arns, problems.append)
        known: set[str] = set()
        for task in tasks:
            definition = definitions.get(task.task_definition_arn)
            if definition is None:
                message = f"{instances.name_of(task)}: its task definition cannot be read"
                problems.append(Unreadable(message))
                continue
            containers = definition.container_definitions
            known |= {container.name for container in containers}
            chosen = [item for item in containers if item.name in names or not names]
            for container in chosen:
                try:
                    streams.append(self._stream(task, container, alone=len(chosen) == 1))
                except DashborionError as error:
                    problems.append(error)
        unknown = [name for name in names if name not in known]
        if known and unknown:
            where = f"the tasks' definition in cluster '{self.client.cluster}'"
            raise NotFound("container", ", ".join(unknown), where=where, known=known)
        return streams, problems

    def _stream(
        self, task: wire.Task, container: wire.ContainerDefinition, *, alone: bool
    ) -> Stream:
        group, name = locate(self.client, task, container)
        environment = self.client.scope.environment
        source = Source(
            project=environment.project,
            environment=environment.name,
            namespace=self.namespace_of(task),
            workload=instances.workload_of(task),
            instance=instances.name_of(task),
            container=container.name,
            alone=alone,
            digits=MILLISECONDS,
        )
        return Stream(group, name, source, instances.task_id(task))


@dataclass
class MatchingTasks:
    """Lists the tasks of all services that fit, also of those that are made meanwhile.

    Whether a service fits is asked once, when a task of it is first seen. A task is described
    again only while it runs, and not at all if its service does not fit: a cluster may have
    thousands.
    """

    client: Client
    patterns: Sequence[Name] | None  # None: all fit
    query: Query
    services: dict[str, wire.Service | None] = field(default_factory=dict)  # None: does not fit
    _tasks: dict[str, wire.Task | None] = field(default_factory=dict)  # by ARN, as services

    def __call__(self) -> list[wire.Task]:
        client = self.client
        calls = [partial(client.task_arns, stopped=stopped) for stopped in (False, True)]
        arns = list(dict.fromkeys(rows(calls, client.aws.runtime.deadline, None)))
        to_ask = [arn for arn in arns if self._may_change(arn)]
        for task in self._in_batches(to_ask, TASKS_A_CALL, client.tasks_by_id):
            self._tasks[task.task_arn] = task
        names = {instances.workload_of(task) for task in self._tasks.values() if task}
        unknown = sorted(name for name in names if name and name not in self.services)
        self.add(unknown, self._in_batches(unknown, SERVICES_A_CALL, client.services_by_name))
        self._tasks = {arn: self._if_meant(self._tasks.get(arn)) for arn in arns}
        return [task for task in self._tasks.values() if task]

    def add(self, names: Iterable[str], services: Iterable[wire.Service]) -> None:
        """Judge the services of these names, of which some may not be there any more."""
        self.services.update(dict.fromkeys(names))
        for service in services:
            if service.status != "INACTIVE" and self._fits(service):
                self.services[service.service_name] = service

    def namespace_of(self, task: wire.Task) -> str:
        """The namespace that a task's service is in."""
        service = self.services.get(instances.workload_of(task) or "")
        return self.client.scope.namespace(service.tags if service else ())

    def _may_change(self, arn: str) -> bool:
        if arn not in self._tasks:
            return True
        task = self._tasks[arn]
        return task is not None and not instances.is_over(task)

    def _if_meant(self, task: wire.Task | None) -> wire.Task | None:
        owner = instances.workload_of(task) if task else None
        return task if owner and self.services.get(owner) else None

    def _fits(self, service: wire.Service) -> bool:
        """Whether the service has the name, the namespace and the tags that were asked for."""
        here = self.client.scope.namespace(service.tags)
        return (
            (self.patterns is None or fits(service, here, self.patterns))
            and find.namespace_of(self.query) in (None, here)
            and normalise.selected(normalise.labels(service.tags), self.query.selector)
        )

    def _in_batches(
        self, names: Sequence[str], size: int, ask: Callable[[Sequence[str]], list[Found[T]]]
    ) -> list[T]:
        groups = batches(names, size)
        return [one.item for one in in_batches(groups, ask, self.client.aws.runtime.deadline, None)]


def fits(service: wire.Service, namespace: str, patterns: Sequence[Name]) -> bool:
    """Whether a service is meant by one of the patterns."""
    return any(
        one.fits(service.service_name, normalise.type_of(service), namespace)
        and one.is_of(service.service_arn)
        for one in patterns
    )


def locate(
    client: Client, task: wire.Task, container: wire.ContainerDefinition
) -> tuple[Group, str]:
    """The log group, in its region, and the name of the stream that a container writes to.

    A stream is ``prefix/container/task-id``, or without a prefix (on EC2) the container's
    runtime id. The environment's ``log_group`` is for containers whose definition names no
    log driver or no group.

    Raises:
        Unreadable: the log is not in CloudWatch Logs.
        Absent: it has no stream yet.
    """
    target = client.scope.environment.target
    default_group = target.log_group if isinstance(target, EcsTarget) else None
    logs = container.log_configuration or wire.LogConfiguration()
    group = logs.options.group or default_group
    if not group or logs.log_driver not in ("awslogs", ""):
        raise Unreadable(f"{container.name}: {_elsewhere(logs)}")
    if logs.options.stream_prefix:
        task_id = instances.task_id(task)
        stream: str | None = f"{logs.options.stream_prefix}/{container.name}/{task_id}"
    else:
        runtime_ids = {item.name: item.runtime_id for item in task.containers}
        stream = runtime_ids.get(container.name)
    if stream is None:
        message = f"{instances.name_of(task)}/{container.name}: it has not started yet, "
        message += "and its log stream has no name before it does"
        raise Absent(message)
    return Group(client.aws.in_region(logs.options.region), group), stream


def _elsewhere(logs: wire.LogConfiguration) -> str:
    """Why a container's log is not in CloudWatch Logs, and where its lines go instead."""
    if not logs.log_driver:
        return (
            "it has no log driver in its task definition, so its lines stay on the "
            "container instance; set `awslogs` there, or `log_group` in the environment"
        )
    if logs.log_driver == "awslogs":
        return (
            "its task definition names no log group; set `awslogs-group` there, "
            "or `log_group` in the environment"
        )
    options = logs.options
    if logs.log_driver == "none":
        return "its log driver is none, which keeps no lines; choose another in its task definition"
    if options.address:
        where = f"to {options.address}"
    elif logs.log_driver == "awsfirelens":
        where = "through the task's log router"
        where += f" to its output '{options.output}'" if options.output else ""
    elif logs.log_driver in ("json-file", "local", "journald"):
        where = "nowhere but to the container instance"
    else:
        where = "to where that driver's options say"
    return f"its log driver is {logs.log_driver}, which sends lines {where}: look there"
