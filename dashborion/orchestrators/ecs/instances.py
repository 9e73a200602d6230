"""A task as an instance: its one-word reason, and its containers. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dashborion.models.instance import Container, Instance, InstanceStatus
from dashborion.orchestrators.ecs import wire
from dashborion.orchestrators.ecs.normalise import ClusterScope
from dashborion.orchestrators.ecs.rollout import revision

_PENDING = frozenset({"PROVISIONING", "PENDING", "ACTIVATING"})
_STOPPED = frozenset({"DEPROVISIONING", "STOPPED", "DELETED"})
_STOPPED_BY_ECS = frozenset({137, 143})  # 128 and the signal's number
_SERVICE = "service:"
_SHORT = 6
_HEALTH = {"HEALTHY": "healthy", "UNHEALTHY": "unhealthy"}


def instance(
    task: wire.Task,
    tags: Sequence[wire.Tag],
    scope: ClusterScope,
    definitions: Mapping[str, wire.TaskDefinition],
) -> Instance:
    """The normalised task; its definition, if known, says which containers are essential."""
    environment, definition = scope.environment, definitions.get(task.task_definition_arn)
    status = instance_status(task)
    health = _HEALTH.get(task.health_status or "")
    owner = workload_of(task)
    id_ = task_id(task)
    running = task.last_status == "RUNNING" and task.desired_status == "RUNNING"
    return Instance(
        project=environment.project,
        environment=environment.name,
        namespace=scope.namespace(tags),
        id=id_,
        name=name_of(task),
        workload=owner,
        orchestrator=environment.orchestrator,
        status=status,
        ready=running and health != "unhealthy",
        reason=reason(task, definition),
        message=_message(task),
        health=health if status is InstanceStatus.RUNNING else None,
        ip=_address(task),
        node=wire.arn_name(task.container_instance_arn) if task.container_instance_arn else None,
        zone=task.availability_zone,
        revision=revision(task.task_definition_arn),
        restarts=0,
        created_at=task.created_at,
        started_at=task.started_at or task.pull_started_at,
        stopped_at=task.stopped_at,
        cpu=task.cpu,
        memory=task.memory,
        containers=list(map(_container, task.containers)),
    )


def task_id(task: wire.Task) -> str:
    """The 32 digits at the end of the ARN, in the old format and the new."""
    return task.task_arn.rsplit("/", 1)[-1]


def name_of(task: wire.Task) -> str:
    """``workload-`` and six digits of the id; the family's name for a task run by hand."""
    family = (revision(task.task_definition_arn) or "task").partition(":")[0]
    return f"{workload_of(task) or family}-{task_id(task)[:_SHORT]}"


def workload_of(task: wire.Task) -> str | None:
    """The service whose scheduler started the task; None for one run by hand."""
    group = task.group or ""
    return group.removeprefix(_SERVICE) if group.startswith(_SERVICE) else None


def tags(task: wire.Task, services: Mapping[str, wire.Service]) -> list[wire.Tag]:
    """The tags of a task's service, if it is among ``services``, and its own."""
    owner = services.get(workload_of(task) or "")
    return [*(owner.tags if owner else ()), *task.tags]


def instance_status(task: wire.Task) -> InstanceStatus:
    if task.last_status in _PENDING:
        return InstanceStatus.PENDING
    return InstanceStatus.STOPPED if task.last_status in _STOPPED else InstanceStatus.RUNNING


def is_over(task: wire.Task) -> bool:
    """Whether the task has stopped; one that is being stopped still runs."""
    return instance_status(task) is InstanceStatus.STOPPED


def reason(task: wire.Task, definition: wire.TaskDefinition | None = None) -> str | None:
    """Why a task stopped, is stopping or is not well, in one word; None when all is well.

    A task that failed to start is checked first: its containers have no exit code.
    """
    status = instance_status(task)
    if status is InstanceStatus.STOPPED:
        return _stopped(task, definition)
    if task.desired_status == "STOPPED" or task.last_status in ("DEACTIVATING", "STOPPING"):
        return "Terminating"
    if task.connectivity == "DISCONNECTED" and task.container_instance_arn:
        return "AgentDisconnected"
    if status is InstanceStatus.PENDING and task.last_status != "PENDING":
        return task.last_status.capitalize()
    return "Unhealthy" if task.health_status == "UNHEALTHY" else None


def _stopped(task: wire.Task, definition: wire.TaskDefinition | None) -> str | None:
    text = task.stopped_reason or ""
    if task.stop_code == "TaskFailedToStart":
        return _word(text) or task.stop_code
    for container in task.containers:
        if container.reason:
            return _word(container.reason) or container.reason
    if task.stop_code == "EssentialContainerExited":
        return _exited(task, definition)
    if "health check" in text:
        return "FailedHealthChecks"
    return task.stop_code


def _exited(task: wire.Task, definition: wire.TaskDefinition | None) -> str:
    """Whether the essential container that exited first succeeded.

    ECS then stops the others with SIGTERM, and SIGKILL if they go on: the exit codes of
    these signals are ignored.
    """
    defined = definition.container_definitions if definition is not None else []
    optional = {container.name for container in defined if not container.essential}
    codes = [item.exit_code for item in task.containers if item.name not in optional]
    exited = [code for code in codes if code is not None and code not in _STOPPED_BY_ECS]
    return "Completed" if exited and not any(exited) else "Error"


def _word(text: str) -> str | None:
    """The name of the error before a colon: ``CannotPullContainerError: …``."""
    head, colon, _ = text.partition(":")
    return head if colon and head.isalnum() else None


def _message(task: wire.Task) -> str | None:
    """The first reason of a container, or else why the task stopped."""
    for container in task.containers:
        if container.reason:
            return container.reason
    return task.stopped_reason or None


def _container(item: wire.Container) -> Container:
    states = {"RUNNING": InstanceStatus.RUNNING, "STOPPED": InstanceStatus.STOPPED}
    return Container(
        name=item.name,
        status=states.get(item.last_status, InstanceStatus.PENDING),
        image=item.image,
        ready=item.last_status == "RUNNING" and item.health_status != "UNHEALTHY",
        restarts=0,
        exit_code=item.exit_code,
        reason=_word(item.reason) or item.reason if item.reason else None,
        last_termination=None,
    )


def _address(task: wire.Task) -> str | None:
    for attachment in task.attachments:
        for detail in attachment.details:
            if detail.name == "privateIPv4Address":
                return detail.value
    interfaces = [one for container in task.containers for one in container.network_interfaces]
    return next((one.private_ipv4_address for one in interfaces if one.private_ipv4_address), None)
