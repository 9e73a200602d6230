"""A task definition with its service as a definition. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator

from dashborion.models.definition import (
    Bounds,
    Defined,
    DefinedContainer,
    Definition,
    Secret,
    Strategy,
)
from dashborion.models.workload import Resources, Workload
from dashborion.orchestrators.definitions import Digests, endpoint_texts, image_reference
from dashborion.orchestrators.ecs import amounts, definition_wire, rollout, wire

_ARCHITECTURES = {"X86_64": "amd64", "ARM64": "arm64"}
_RUNNING = "RUNNING"


def defined(
    service: wire.Service,
    task_definition: definition_wire.TaskDefinition,
    workload: Workload,
    *,
    digests: Digests | None,
    target: wire.ScalableTarget | None,
) -> Defined:
    """A service with all that it is made of; ``digests`` is what its tasks run by container."""
    is_daemon = service.scheduling_strategy == "DAEMON"
    definition = Definition(
        project=workload.project,
        environment=workload.environment,
        namespace=workload.namespace,
        name=workload.name,
        type=workload.type,
        orchestrator=workload.orchestrator,
        revision=rollout.revision(task_definition.task_definition_arn),
        replicas=None if is_daemon else workload.desired,
        autoscaler=Bounds(min=target.min_capacity, max=target.max_capacity) if target else None,
        resources=_resources(
            amounts.cpu_units(task_definition.cpu), amounts.mib(task_definition.memory)
        ),
        platform=platform(task_definition),
        strategy=_strategy(service),
        endpoints=endpoint_texts(workload.endpoints),
        containers=[_container(one, digests) for one in task_definition.container_definitions],
    )
    return Defined(workload, definition, dict(_values(task_definition)))


def digests_of(tasks: Iterable[wire.Task]) -> Digests:
    """What the containers of running tasks run, by name; None where the agent does not tell."""
    found: dict[str, dict[str | None, None]] = {}
    for task in tasks:
        if task.last_status == task.desired_status == _RUNNING:
            for one in task.containers:
                found.setdefault(one.name, {})[one.image_digest] = None
    return {name: list(digests) for name, digests in found.items()}


def platform(
    task_definition: definition_wire.TaskDefinition, override: str | None = None
) -> str | None:
    """Such as ``linux/amd64``, which Fargate takes where nothing is said; EC2 takes its own.

    An ``override`` is the architecture that ECS runs a service's revision on instead.
    """
    given = task_definition.runtime_platform
    is_fargate = "FARGATE" in task_definition.requires_compatibilities
    architecture = override or given.cpu_architecture or ("X86_64" if is_fargate else None)
    system = (given.operating_system_family or "LINUX").partition("_")[0].lower()
    return f"{system}/{_ARCHITECTURES.get(architecture, architecture)}" if architecture else None


def _container(one: definition_wire.Container, digests: Digests | None) -> DefinedContainer:
    ports = (
        f"{port.container_port_range or port.container_port}/{port.protocol}"
        for port in one.port_mappings
    )
    check = one.health_check
    return DefinedContainer(
        name=one.name,
        init=False,
        image=image_reference(one.image, one.name, digests),
        command=one.entry_point,
        arguments=one.command,
        ports=sorted(ports),
        requested=_resources(one.cpu, one.memory_reservation or one.memory),
        limit=_resources(None, one.memory),
        variables=sorted(v.name for v in one.environment),
        secrets=sorted(v.name for v in one.secrets),
        variables_from=sorted(file.value for file in one.environment_files),
        health_checks={"readiness": _health_check(check)} if check else {},
    )


def _values(
    task_definition: definition_wire.TaskDefinition,
) -> Iterator[tuple[tuple[str, str], Secret]]:
    for container in task_definition.container_definitions:
        for one in container.environment:
            yield (container.name, one.name), Secret(one.value)
        for secret in container.secrets:
            yield (container.name, secret.name), Secret(secret.value, is_reference=True)


def _health_check(check: definition_wire.HealthCheck) -> str:
    """Without the word that says how it is run: ``CMD``, ``CMD-SHELL``."""
    how, *words = check.command or ["NONE"]
    asked = " ".join(words) if how == "CMD-SHELL" else shlex.join(words) or how
    limits = f"every {check.interval}s, timeout {check.timeout}s, {check.retries} failures"
    return f"{asked}, {limits}"


def _resources(cpu: int | None, memory: int | None) -> Resources:
    return Resources(
        cpu_millicores=amounts.millicores(cpu),
        memory_mib=memory or None,
    )


def _strategy(service: wire.Service) -> Strategy:
    kind = rollout.strategy(service)
    if service.deployment_controller.type in rollout.CONTROLLERS:
        return Strategy(type=kind, max_unavailable=None, max_surge=None)
    least, most = rollout.percents(service)
    return Strategy(
        type=kind,
        max_unavailable=f"{max(0, 100 - least)}%",
        max_surge=f"{max(0, most - 100)}%",
    )
