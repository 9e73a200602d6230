"""Which tasks and which of their streams are read.

Each task writes as its own task definition says, which may be another than its service's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dashborion.config.targets import EcsTarget
from dashborion.errors import DashborionError, NotFound, Unreadable
from dashborion.models.log import Source
from dashborion.orchestrators.addresses import without_secrets
from dashborion.orchestrators.ecs import instances, wire
from dashborion.orchestrators.ecs.client import Client
from dashborion.orchestrators.ecs.cloudwatch import Absent, Group
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

    ``list_tasks`` looks them up, again and again while they are followed. ``none_message``
    says that none is running. A group that ``is_single`` has no more lines once its task
    has stopped.
    """

    client: Client
    namespace: str
    list_tasks: Callable[[], list[wire.Task]]
    wanted: Wanted
    none_message: str
    is_single: bool = False

    def tasks(self) -> tuple[list[wire.Task], list[wire.Task]]:
        """The tasks to read, and those of a workload that have stopped.

        Tasks that are being stopped still run, and write.
        """
        tasks = self.list_tasks()
        if self.is_single:
            return tasks, []
        running = [task for task in tasks if not instances.is_over(task)]
        return running, [task for task in tasks if instances.is_over(task)]

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
            namespace=self.namespace,
            workload=instances.workload_of(task),
            instance=instances.name_of(task),
            container=container.name,
            alone=alone,
            digits=MILLISECONDS,
        )
        return Stream(group, name, source, instances.task_id(task))


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
    address = options.splunk or options.fluentd or options.gelf or options.syslog
    if address:
        where = f"to {without_secrets(address)}"
    elif logs.log_driver == "awsfirelens":
        where = "through the task's log router"
        where += f" to its output '{options.output}'" if options.output else ""
    elif logs.log_driver in ("json-file", "local", "journald", "none"):
        where = "nowhere but to the container instance"
    else:
        where = "to where that driver's options say"
    return f"its log driver is {logs.log_driver}, which sends lines {where}: look there"
