"""Are the tasks that run healthy, too? What ECS does not count, judged for a wait. Pure.

``runningCount`` counts tasks whose health check has not passed yet, or fails: until they are
replaced they run. A container's check and a load balancer's are judged each for itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from dashborion.orchestrators.ecs import balancer_wire, instances, stages, wire
from dashborion.orchestrators.ecs.normalise import has_health_check
from dashborion.orchestrators.ecs.routes import target_groups_of

Targets = Sequence[balancer_wire.TargetHealth]
# Why a balancer does not check a target, which then may be as well as any other.
_UNCHECKED = frozenset({"Target.NotInUse", "Target.HealthCheckDisabled"})


def groups_of(service: wire.Service) -> list[list[str]]:
    """The ARNs of the target groups that tasks shall be healthy in, of each way to them.

    A blue/green way has two, and a task is in one of them. Where another controller moves the
    traffic, a service goes on naming the group that it began with: its leading task set knows.
    """
    leading = [one for one in service.task_sets if one.status == "PRIMARY"]
    balancers = [
        balancer
        for owner in (leading if service.task_sets else [service])
        for balancer in owner.load_balancers
    ]
    return list(filter(None, map(target_groups_of, dict.fromkeys(balancers))))


def missing(
    service: wire.Service,
    tasks: Iterable[wire.Task],
    definitions: Mapping[str, wire.TaskDefinition],
    health: Mapping[str, Targets],
) -> str | None:
    """What is not healthy of a service whose tasks all run; None if all that is checked is.

    Args:
        service: it wants no more than its desired count, and no more than run.
        tasks: the service's.
        definitions: by ARN; a task of another one is well unless it says that it is not.
        health: the targets by the ARN of their group; what is not there is not judged.
    """
    wanted = min(service.desired_count, service.running_count)
    running = [one for one in tasks if one.last_status == one.desired_status == "RUNNING"]
    return (
        stages.joined(
            _by_containers(running, definitions, wanted),
            *(
                _by_balancer({arn: health[arn] for arn in arns if arn in health}, running, wanted)
                for arns in groups_of(service)
            ),
        )
        or None
    )


def _by_containers(
    running: Sequence[wire.Task], definitions: Mapping[str, wire.TaskDefinition], wanted: int
) -> str | None:
    unwell = [
        one.health_status or "UNKNOWN"
        for one in running
        if one.health_status == "UNHEALTHY"
        or (
            one.health_status != "HEALTHY"
            and has_health_check(definitions.get(one.task_definition_arn))
        )
    ]
    healthy = len(running) - len(unwell)
    if healthy >= wanted or not unwell:
        return None
    said = ", ".join(dict.fromkeys(unwell))
    return f"{healthy} of {wanted} healthy (container health check: {said})"


def _by_balancer(
    health: Mapping[str, Targets], running: Sequence[wire.Task], wanted: int
) -> str | None:
    """One way to the tasks. A target is a task's address, or the port of a container instance.

    Of the latter nothing tells whose they are, so they are counted.
    """
    addresses = {address for one in running for address in instances.addresses(one)}
    own = [
        (arn, one.target.id, one.target_health)
        for arn, targets in health.items()
        for one in targets
        if one.target.id in addresses or _is_machine(one.target.id)
    ]
    if not health or (own and all(state.reason in _UNCHECKED for *_, state in own)):
        return None
    well = [id_ for _, id_, state in own if state.state == "healthy"]
    healthy = len(addresses.intersection(well)) + sum(map(_is_machine, well))
    if healthy >= wanted:
        return None
    group = next((arn for arn, *_ in own), next(iter(health)))
    unwell = [state for *_, state in own if state.state != "healthy"]
    said = ", ".join(dict.fromkeys(one.description or one.state for one in unwell))
    name = group.split("/")[1] if "/" in group else group
    return f"{healthy} of {wanted} healthy in target group {name}" + (f" ({said})" if said else "")


def _is_machine(target: str) -> bool:
    return target.startswith("i-")
