"""ECS objects as workloads, events, reasons, revisions and autoscalers. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil

from dashborion.config.targets import Environment
from dashborion.errors import UsageError
from dashborion.models.endpoint import Endpoint
from dashborion.models.event import Event, EventType
from dashborion.models.instance import Instance
from dashborion.models.kinds import WorkloadType
from dashborion.models.rollout import Revision, Rollout, RolloutState
from dashborion.models.workload import Autoscaling, Reason, Resources, Workload, WorkloadStatus
from dashborion.orchestrators.ecs import rollout, wire

_UNITS_A_CORE = 1024
# The words by which other tools too tell a service's bad news from its good: events have no type.
_BAD_NEWS = ("unable", "unhealthy", "fail", "error", "throttl", "missing", "rolling back", "alarm")


@dataclass(frozen=True)
class ClusterScope:
    """What the API's objects do not say themselves: the environment and its cluster."""

    environment: Environment
    cluster: str
    namespace_tag: str

    def namespace(self, tags: Sequence[wire.Tag]) -> str:
        """The value of the namespace tag, else the cluster's name."""
        return labels(tags).get(self.namespace_tag) or self.cluster


def workload(
    service: wire.Service,
    definition: wire.TaskDefinition | None,
    unhealthy: int,
    endpoints: list[Endpoint],
    scope: ClusterScope,
) -> Workload:
    """The normalised service. ``unhealthy`` tasks run but fail their health check."""
    state = rollout.rollout(service)
    newest = rollout.primary(service)
    available = max(0, service.running_count - unhealthy)
    containers = definition.container_definitions if definition else []
    images = [one.image for one in containers]
    cpu, memory = _requests(definition)
    return Workload(
        project=scope.environment.project,
        environment=scope.environment.name,
        namespace=scope.namespace(service.tags),
        name=service.service_name,
        type=WorkloadType.ECS_SERVICE,
        orchestrator=scope.environment.orchestrator,
        status=_status(service, state, available),
        desired=service.desired_count,
        running=service.running_count,
        available=available,
        image=images[0] if images else None,
        images=images,
        created_at=service.created_at,
        updated_at=newest.created_at if newest else None,
        cpu=str(cpu) if cpu else None,
        memory=str(memory) if memory else None,
        resources=Resources(
            cpu_millicores=ceil(cpu * 1000 / _UNITS_A_CORE) if cpu else None,
            memory_mib=memory or None,
        ),
        rollout=state,
        endpoints=endpoints,
        labels=labels(service.tags),
    )


def definition_of(service: wire.Service) -> str:
    """The ARN of what the service is moving to; a service with task sets has none of its own."""
    newest = rollout.primary(service)
    candidates = [newest.task_definition] if newest else []
    candidates += [one.task_definition for one in service.task_sets if one.status == "PRIMARY"]
    return next(filter(None, [*candidates, service.task_definition]), "")


def has_health_check(definition: wire.TaskDefinition | None) -> bool:
    """Whether ``healthStatus`` of its tasks means anything."""
    return (
        any(one.health_check for one in definition.container_definitions) if definition else False
    )


def labels(tags: Sequence[wire.Tag]) -> dict[str, str]:
    return {tag.key: tag.value for tag in tags}


def selector_of(text: str | None) -> list[tuple[str, str, frozenset[str]]]:
    """``key=value``, ``key!=value``, ``key``, ``!key``, ``key in (a,b)`` or ``notin``, with commas.

    Raises:
        UsageError: a term that is none of these; kubectl's grammar.
    """
    terms: list[tuple[str, str, frozenset[str]]] = []
    for part in re.split(r",(?![^()]*\))", text or ""):
        if not (text or "").strip():
            continue
        if found := _EQUALS.fullmatch(part):
            terms.append((found["key"], found["operator"], frozenset({found["value"]})))
        elif found := _SET.fullmatch(part):
            values = frozenset(value.strip() for value in found["values"].split(","))
            terms.append((found["key"], found["operator"], values))
        elif found := _EXISTS.fullmatch(part):
            terms.append((found["key"], found["operator"] or "exists", frozenset()))
        else:
            raise UsageError(
                f"-l: '{part.strip()}' is no selector", hint="key=value,key!=value,..."
            )
    return terms


_KEY = r"\s*(?P<key>[^\s=!(),]+)\s*"
_EQUALS = re.compile(_KEY + r"(?P<operator>==|=|!=)\s*(?P<value>[^=!(),]*?)\s*")
_SET = re.compile(_KEY + r"(?<=\s)(?P<operator>in|notin)\s*\((?P<values>[^()]*)\)\s*")
_EXISTS = re.compile(r"\s*(?P<operator>!?)" + _KEY)


def selected(tags: Mapping[str, str], selector: str | None) -> bool:
    """Whether tags fit a selector; raises as ``selector_of``."""
    for key, operator, values in selector_of(selector):
        value = tags.get(key)
        fits = {
            "=": value in values,
            "==": value in values,
            "in": value in values,
            "!=": value not in values,
            "notin": value not in values,
            "exists": key in tags,
            "!": key not in tags,
        }[operator]
        if not fits:
            return False
    return True


def _requests(definition: wire.TaskDefinition | None) -> tuple[int, int]:
    """CPU units and MB of a task: its own, or what its containers add up to; 0 is unknown."""
    if definition is None:
        return 0, 0
    containers = definition.container_definitions
    cpu = definition.cpu or sum(one.cpu for one in containers)
    memory = definition.memory or sum(
        one.memory_reservation or one.memory or 0 for one in containers
    )
    return int(cpu), int(memory)


def _status(service: wire.Service, state: Rollout, available: int) -> WorkloadStatus:
    if service.desired_count == 0 and service.running_count == 0:
        return WorkloadStatus.STOPPED
    rolling = state.state is RolloutState.PROGRESSING
    floor = rollout.floor(service) if rolling else service.desired_count
    failed = state.state is RolloutState.FAILED
    if available < floor or failed or service.status == "DRAINING":
        return WorkloadStatus.DEGRADED
    return WorkloadStatus.RUNNING


def events(service: wire.Service) -> list[Event]:
    """The service's own events, newest last."""
    found = [
        Event(
            timestamp=one.created_at,
            type=EventType.WARNING if _is_bad(one.message) else EventType.NORMAL,
            reason=None,
            message=one.message,
            object=f"service/{service.service_name}",
            count=1,
        )
        for one in reversed(service.events)
    ]
    return sorted(found, key=lambda one: (one.timestamp is not None, one.timestamp))


def _is_bad(message: str) -> bool:
    # "(service failover) has reached …": the name is not the news.
    lowered = message.partition(") ")[2].lower() or message.lower()
    return any(word in lowered for word in _BAD_NEWS)


def reasons(service: wire.Service, instances: Iterable[Instance]) -> list[Reason]:
    """Why a service is not as it should be: its tasks' reasons, grouped, then its rollout's.

    Stopped tasks count (AWS keeps them for about an hour), save for those that
    the scheduler stopped in good order.
    """
    grouped: dict[str, list[Instance]] = {}
    for instance in instances:
        if instance.reason and instance.reason not in _ORDINARY:
            grouped.setdefault(instance.reason, []).append(instance)
    found = [
        Reason(
            reason=reason,
            message=_newest_message(members),
            count=len(members),
            last_seen=max(filter(None, map(_seen, members)), default=None),
            instances=[one.name for one in members],
        )
        for reason, members in sorted(grouped.items(), key=lambda group: -len(group[1]))
    ]
    return found + _unplaced(service) + _failing_deployments(service)


_ORDINARY = frozenset({
    "Completed", "Terminating", "ServiceSchedulerInitiated", "UserInitiated",
    "Provisioning", "Activating",
})  # fmt: skip


def _newest_message(members: Iterable[Instance]) -> str | None:
    """One message stands for all: they name tasks."""
    told = [one for one in members if one.message]
    ordered = sorted(told, key=lambda one: (_seen(one) is not None, _seen(one)))
    return ordered[-1].message if ordered else None


def _seen(instance: Instance) -> datetime | None:
    return instance.stopped_at or instance.started_at or instance.created_at


def _unplaced(service: wire.Service) -> list[Reason]:
    """The scheduler's newest word, when it is that no place was found."""
    newest = service.events[0] if service.events else None
    if newest is None or "unable to place" not in newest.message:
        return []
    return [
        Reason(
            reason="UnableToPlace",
            message=newest.message,
            count=1,
            last_seen=newest.created_at,
            instances=[],
        )
    ]


def _failing_deployments(service: wire.Service) -> list[Reason]:
    return [
        Reason(
            reason="DeploymentFailed" if one.rollout_state == "FAILED" else "DeploymentFailing",
            message=one.rollout_state_reason,
            count=max(1, one.failed_tasks),
            last_seen=one.updated_at,
            instances=[],
        )
        for one in service.deployments
        if one.rollout_state == "FAILED" or one.failed_tasks
    ]


def revisions(definitions: Iterable[wire.TaskDefinition], current: str) -> list[Revision]:
    """A family's task definitions, oldest first."""
    found = [
        Revision(
            revision=rollout.revision(one.task_definition_arn) or "",
            current=one.task_definition_arn == current,
            images=[container.image for container in one.container_definitions],
            created_at=one.registered_at,
            message=None,
        )
        for one in definitions
    ]
    return sorted(found, key=lambda one: int(one.revision.rpartition(":")[2] or 0))


def autoscaling(target: wire.ScalableTarget | None, service: wire.Service) -> Autoscaling | None:
    """The Application Auto Scaling target; suspended when it may scale neither in nor out."""
    if target is None:
        return None
    state = target.suspended_state
    return Autoscaling(
        min=target.min_capacity,
        max=target.max_capacity,
        current=service.running_count,
        desired=service.desired_count,
        source=f"application-autoscaling/{target.resource_id}",
        suspended=state.dynamic_scaling_in_suspended and state.dynamic_scaling_out_suspended,
    )
