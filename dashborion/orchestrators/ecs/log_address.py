"""Where a container's log is in CloudWatch Logs, or why it cannot be read there. Pure.

Each task writes as its own task definition says, which may be another than its
service's: a stream is ``prefix/container/task-id``, or without a prefix (on EC2)
the container's runtime id.
"""

from __future__ import annotations

from dataclasses import dataclass

from dashborion.errors import NothingToRead
from dashborion.orchestrators.addresses import without_secrets
from dashborion.orchestrators.ecs import instances, wire


@dataclass(frozen=True)
class LogAddress:
    """A log stream; ``region`` None is the cluster's own region."""

    group: str
    stream: str
    region: str | None


def log_address(
    task: wire.Task, container: wire.ContainerDefinition, default_group: str | None
) -> LogAddress:
    """The stream that a container of a task writes to.

    ``default_group`` is the environment's ``log_group``, for containers whose
    definition names no log driver or no group.

    Raises:
        NothingToRead: the log is elsewhere, or has no stream yet.
    """
    logs = container.log_configuration or wire.LogConfiguration()
    group = logs.options.group or default_group
    if not group or logs.log_driver not in ("awslogs", ""):
        raise NothingToRead(f"{container.name}: {_elsewhere(logs)}")
    if logs.options.stream_prefix:
        task_id = instances.task_id(task)
        stream: str | None = f"{logs.options.stream_prefix}/{container.name}/{task_id}"
    else:
        runtime_ids = {item.name: item.runtime_id for item in task.containers}
        stream = runtime_ids.get(container.name)
    if stream is None:
        raise NothingToRead(
            f"{instances.name_of(task)}/{container.name}: it has not started yet, "
            "and its log stream has no name before it does"
        )
    return LogAddress(group, stream, logs.options.region)


def _elsewhere(logs: wire.LogConfiguration) -> str:
    """Why a container's log is not in CloudWatch Logs, and where its lines go instead."""
    if not logs.log_driver:
        return (
            "it has no log driver in its task definition, so its lines stay on the "
            "container instance; set `awslogs` there, or `log_group` in the environment"
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
