"""ECS objects as workloads, revisions and autoscalers. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from dashborion.config.targets import Environment
from dashborion.errors import UsageError, short
from dashborion.models.kinds import WorkloadType
from dashborion.models.rollout import Revision, Rollout, RolloutState
from dashborion.models.workload import (
    Autoscaling,
    Endpoint,
    Resources,
    Workload,
    WorkloadStatus,
)
from dashborion.orchestrators.ecs import amounts, rollout, wire
from dashborion.orchestrators.parking import TAG, Mark, parked


class ClusterScope(Struct, frozen=True):
    """The environment and its cluster, which the API's objects do not name."""

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
        type=type_of(service),
        orchestrator=scope.environment.orchestrator,
        status=_status(service, state, available),
        desired=service.desired_count,
        running=service.running_count,
        available=available,
        image=(images[0] or None) if images else None,
        images=images,
        created_at=service.created_at,
        updated_at=newest.created_at if newest else None,
        cpu=amounts.as_text(cpu),
        memory=amounts.as_text(memory),
        resources=Resources(
            cpu_millicores=amounts.millicores(cpu),
            memory_mib=memory or None,
        ),
        rollout=state,
        endpoints=endpoints,
        labels=labels(service.tags),
        parked=parked(mark(service), service.desired_count),
    )


def type_of(service: wire.Service) -> WorkloadType:
    return WorkloadType.EXPRESS_SERVICE if service.is_express else WorkloadType.ECS_SERVICE


def mark(service: wire.Service) -> Mark | None:
    """What a stop has left on it."""
    return Mark.parse(labels(service.tags).get(TAG))


def definition_of(service: wire.Service) -> str:
    """The ARN of the task definition that a service is moving to, or that of its task sets."""
    newest = rollout.primary(service)
    sets = sorted(service.task_sets, key=lambda item: item.status != "PRIMARY")
    candidates = [newest.task_definition] if newest else []
    candidates += [item.task_definition for item in sets]
    return next(filter(None, [*candidates, service.task_definition]), "")


def has_health_check(definition: wire.TaskDefinition | None) -> bool:
    """Whether its tasks have a health status at all: only checks of essential containers count."""
    containers = definition.container_definitions if definition else ()
    return any(one.essential and one.health_check is not None for one in containers)


def labels(tags: Sequence[wire.Tag]) -> dict[str, str]:
    return {tag.key: tag.value for tag in tags}


def selected(tags: Mapping[str, str], selector: str | None) -> bool:
    """Whether tags fit a selector in kubectl's grammar.

    Its terms are ``key=value``, ``key!=value``, ``key``, ``!key``, ``key in (a,b)`` and
    ``key notin (a,b)``, separated by commas. Unlike labels, tags have blanks inside, and ``=``
    in their values: what counts is the first one. Commas and parentheses AWS does not allow.

    Raises:
        UsageError: a term that is none of these.
    """
    terms = re.split(r",(?![^()]*\))", selector) if selector and selector.strip() else []
    return not [term for term in terms if not _fits(tags, term)]  # each is checked


_KEY = r"(?P<key>[^=!(),]*[^\s=!(),]\s*)"
_EQUALS = re.compile(_KEY + r"(?P<operator>==|=|!=)(?P<values>[^!(),]*)")
_SET = re.compile(_KEY + r"(?<=\s)(?P<operator>in|notin)\s*\((?P<values>[^()]*)\)\s*")
_EXISTS = re.compile(r"\s*(?P<operator>!?)(?!.*\s(in|notin)\s)" + _KEY)


def _fits(tags: Mapping[str, str], text: str) -> bool:
    term = _EQUALS.fullmatch(text) or _SET.fullmatch(text) or _EXISTS.fullmatch(text)
    if term is None:
        typed = short(text.strip())
        raise UsageError(f"-l: '{typed}' is not a selector", hint="key=value,key!=value,...")
    key, operator = term["key"].strip(), term["operator"]
    if operator in ("", "!"):
        return (key in tags) is (operator == "")
    values = {value.strip() for value in term["values"].split(",")}
    return (tags.get(key) in values) is (operator in ("=", "==", "in"))


def _requests(definition: wire.TaskDefinition | None) -> tuple[int | None, int | None]:
    """CPU units and MiB of a task: its own, or the sum of its containers'; None is unknown."""
    if definition is None:
        return None, None
    containers = definition.container_definitions
    reserved = (item.memory_reservation or item.memory or 0 for item in containers)
    cpu = (
        amounts.cpu_units(definition.cpu)
        if definition.cpu
        else sum(item.cpu for item in containers)
    )
    memory = amounts.mib(definition.memory) if definition.memory else sum(reserved)
    return cpu, memory


def _status(service: wire.Service, state: Rollout, available: int) -> WorkloadStatus:
    if service.desired_count == 0 and service.running_count == 0:
        return WorkloadStatus.STOPPED
    rolling = state.state is RolloutState.PROGRESSING
    floor = rollout.floor(service) if rolling else service.desired_count
    failed = state.state is RolloutState.FAILED
    if available < floor or failed or service.status == "DRAINING":
        return WorkloadStatus.DEGRADED
    return WorkloadStatus.RUNNING


def revisions(definitions: Iterable[wire.TaskDefinition], current: str) -> list[Revision]:
    """A family's task definitions as revisions, oldest first; ``current`` is an ARN."""
    unordered = [
        Revision(
            revision=rollout.revision(definition.task_definition_arn) or "",
            current=definition.task_definition_arn == current,
            images=[container.image for container in definition.container_definitions],
            created_at=definition.registered_at,
            message=None,
        )
        for definition in definitions
    ]
    return sorted(unordered, key=lambda item: wire.family_and_revision(item.revision)[1] or 0)


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
