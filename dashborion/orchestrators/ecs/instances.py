"""A task as an instance: its one-word reason, and its containers. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from dashborion.models.instance import Container, Instance, InstanceStatus
from dashborion.orchestrators.ecs import amounts, wire
from dashborion.orchestrators.ecs.normalise import ClusterScope
from dashborion.orchestrators.ecs.rollout import revision

_PENDING = frozenset({"PROVISIONING", "PENDING", "ACTIVATING"})
_STOPPED = frozenset({"DEPROVISIONING", "STOPPED", "DELETED"})
STOPPED_BY_ECS = frozenset({137, 143})  # 128 and the signal's number
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
        message=message(task, definition),
        health=health if status is InstanceStatus.RUNNING else None,
        ip=next(addresses(task), None),
        node=wire.arn_name(task.container_instance_arn) if task.container_instance_arn else None,
        zone=task.availability_zone,
        revision=revision(task.task_definition_arn),
        restarts=0,
        created_at=task.created_at,
        started_at=task.started_at or task.pull_started_at,
        stopped_at=task.stopped_at,
        cpu=amounts.as_text(amounts.cpu_units(task.cpu)),
        memory=amounts.as_text(amounts.mib(task.memory)),
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


def is_unhealthy(task: wire.Task) -> bool:
    """Whether it runs, but fails its health check."""
    return task.health_status == "UNHEALTHY" and task.last_status == "RUNNING"


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
    """The containers' own word goes before ECS', which often says no more than "failed"."""
    text = task.stopped_reason or ""
    for container in by_blame(task, definition):
        if own := _word(container.reason or ""):
            return own
    if has_exited(task):
        return _exited(task, definition)
    if task.stop_code == "TaskFailedToStart":
        return _word(text) or task.stop_code
    if "health check" in text:
        return "FailedHealthChecks"
    if task.stop_code is None and any(container.reason for container in task.containers):
        return "Error"
    return task.stop_code


def has_exited(task: wire.Task) -> bool:
    """Whether a container ended the task by itself, whatever the stop code says of it."""
    return task.stop_code == "EssentialContainerExited" or _says_exited(task)


def _says_exited(task: wire.Task) -> bool:
    codes = [container.exit_code for container in task.containers]
    is_said = "Essential container" in (task.stopped_reason or "")
    return is_said and any(code is not None for code in codes)


def _exited(task: wire.Task, definition: wire.TaskDefinition | None) -> str:
    """Whether the essential container that exited first succeeded.

    ECS then stops the others with SIGTERM, and SIGKILL if they go on: the exit codes of
    these signals are ignored.
    """
    essential = _essential(task, definition)
    codes = [item.exit_code for item in task.containers if item.name in essential]
    exited = [code for code in codes if code is not None and code not in STOPPED_BY_ECS]
    return "Completed" if exited and not any(exited) else "Error"


def _essential(task: wire.Task, definition: wire.TaskDefinition | None) -> set[str]:
    """The names of the essential containers; without a definition, of all."""
    defined = definition.container_definitions if definition is not None else []
    optional = {container.name for container in defined if not container.essential}
    return {container.name for container in task.containers} - optional


def by_blame(task: wire.Task, definition: wire.TaskDefinition | None) -> list[wire.Container]:
    """The containers, first those that most likely ended the task.

    That is one with a reason of its own, then one that failed by itself, not by a signal with
    which ECS stops the others; essential ones first.
    """
    essential = _essential(task, definition)

    def blame(item: wire.Container) -> tuple[bool, bool, bool, bool]:
        by_itself = item.exit_code is not None and item.exit_code not in STOPPED_BY_ECS
        is_failure = by_itself and item.exit_code != 0
        return (not item.reason, item.name not in essential, not is_failure, not by_itself)

    return sorted(task.containers, key=blame)


def _word(text: str) -> str | None:
    """The name of the error before a colon, or alone: ``CannotPullContainerError: …``."""
    head = text.partition(":")[0]
    return head if head.isascii() and head.isalnum() else None


def message(task: wire.Task, definition: wire.TaskDefinition | None = None) -> str | None:
    """Why a task stopped: a container's own reason, how it exited, or else what ECS says."""
    for container in by_blame(task, definition):
        if container.reason:
            return container.reason
        if container.exit_code is not None and has_exited(task):
            return f"{container.name or 'a container'} exited with {container.exit_code}"
    return task.stopped_reason or None


def _container(item: wire.Container) -> Container:
    states = {"RUNNING": InstanceStatus.RUNNING, "STOPPED": InstanceStatus.STOPPED}
    reason = _word(item.reason or "")
    if item.reason and item.last_status == "STOPPED":
        reason = reason or "Error"  # a sentence is the instance's message
    return Container(
        name=item.name,
        status=states.get(item.last_status, InstanceStatus.PENDING),
        image=item.image,
        ready=item.last_status == "RUNNING" and item.health_status != "UNHEALTHY",
        restarts=0,
        exit_code=item.exit_code,
        reason=reason,
        last_termination=None,
    )


def addresses(task: wire.Task) -> Iterator[str]:
    """The task's own addresses, IPv4 before IPv6."""
    details = [detail for attachment in task.attachments for detail in attachment.details]
    interfaces = [item for container in task.containers for item in container.network_interfaces]
    candidates = (
        *(detail.value for detail in details if detail.name == "privateIPv4Address"),
        *(interface.private_ipv4_address for interface in interfaces),
        *(detail.value for detail in details if detail.name == "ipv6Address"),
        *(interface.ipv6_address for interface in interfaces),
    )
    return filter(None, candidates)
