"""Which tasks and which of their streams are read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from dashborion.concurrency import result, start
from dashborion.config.targets import EcsTarget
from dashborion.errors import NotFound, NothingToRead
from dashborion.models.instance import InstanceStatus
from dashborion.models.log import Source
from dashborion.orchestrators.ecs import instances, wire
from dashborion.orchestrators.ecs.client import Client
from dashborion.orchestrators.ecs.cloudwatch import Group
from dashborion.orchestrators.ecs.log_address import log_address
from dashborion.orchestrators.ecs.normalise import ClusterScope
from dashborion.orchestrators.logs import Wanted

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

    ``list_running`` and ``list_stopped`` look them up, again and again while they are
    followed. ``none_message`` says that none is running. A group that ``is_single`` has
    no more lines once its task has stopped.
    """

    client: Client
    scope: ClusterScope
    namespace: str
    list_running: Callable[[], list[wire.Task]]
    list_stopped: Callable[[], list[wire.Task]]
    wanted: Wanted
    none_message: str
    is_single: bool = False

    def streams(self, tasks: Sequence[wire.Task]) -> tuple[list[Stream], list[str]]:
        """The streams to read of some tasks, and why others cannot be read.

        Raises:
            NotFound: there are tasks, and none has a container of the wanted name.
        """
        names = self.wanted.containers
        definitions = self.client.task_definitions([task.task_definition_arn for task in tasks])
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
            where = f"the tasks' definition in cluster '{self.client.cluster}'"
            raise NotFound("container", ", ".join(names), where=where, known=known)
        return streams, problems

    def _stream(
        self, task: wire.Task, container: wire.ContainerDefinition, *, alone: bool
    ) -> Stream:
        group, name = locate(self.client, self.scope, task, container)
        environment = self.scope.environment
        source = Source(
            project=environment.project,
            environment=environment.name,
            namespace=self.namespace,
            workload=instances.workload_of(task),
            instance=instances.name_of(task),
            container=container.name,
            alone=alone,
            digits=MILLISECONDS,
        )
        return Stream(group, name, source, instances.task_id(task))


def locate(
    client: Client, scope: ClusterScope, task: wire.Task, container: wire.ContainerDefinition
) -> tuple[Group, str]:
    """The log group, in its region, and the name of the stream that a container writes to.

    Raises:
        NothingToRead: its log is not in CloudWatch Logs, or not yet.
    """
    target = scope.environment.target
    default_group = target.log_group if isinstance(target, EcsTarget) else None
    address = log_address(task, container, default_group)
    return Group(client.aws.in_region(address.region), address.group), address.stream


class ServiceTasks:
    """Looks up a service's tasks; those that are being stopped still run, and write."""

    def __init__(self, client: Client, service: str) -> None:
        self._client = client
        self._service = service

    def running(self) -> list[wire.Task]:
        """The tasks that have not stopped yet."""
        listings = [
            start(partial(self._client.tasks, service=self._service, stopped=stopped))
            for stopped in (False, True)
        ]
        deadline = self._client.aws.runtime.deadline
        tasks = [found.item for listing in listings for found in result(listing, deadline)]
        return [task for task in tasks if not is_over(task)]

    def stopped(self) -> list[wire.Task]:
        """The tasks that have stopped, as long as ECS knows them."""
        tasks = [found.item for found in self._client.tasks(service=self._service, stopped=True)]
        return [task for task in tasks if is_over(task)]


class SingleTask:
    """Looks up one task; the task as it was found, once ECS has forgotten it."""

    def __init__(self, client: Client, task: wire.Task) -> None:
        self._client = client
        self._task = task

    def __call__(self) -> list[wire.Task]:
        found = self._client.tasks_by_id([instances.task_id(self._task)])
        return [item.item for item in found] or [self._task]


def is_over(task: wire.Task) -> bool:
    """Whether a task has stopped for good."""
    return instances.instance_status(task) is InstanceStatus.STOPPED
