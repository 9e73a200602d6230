"""The objects of ``dashborion ecs`` as models. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from dashborion.config.targets import Environment
from dashborion.models import ecs as models
from dashborion.models.definition import Difference
from dashborion.orchestrators.difference import compared
from dashborion.orchestrators.ecs import amounts, native_wire, normalise, wire

_ZONE, _TYPE = "ecs.availability-zone", "ecs.instance-type"
# Fields that say which revision it is, or follow from the others.
_OF_THE_REVISION = frozenset({
    "taskDefinitionArn", "revision", "status", "registeredAt", "registeredBy", "deregisteredAt",
    "requiresAttributes", "compatibilities",
})  # fmt: skip


def family(name: str, environment: Environment) -> models.TaskDefinitionFamily:
    return models.TaskDefinitionFamily(**_environment(environment), name=name)


def revision(item: wire.TaskDefinition, environment: Environment) -> models.TaskDefinition:
    """A task definition for a list: from the fields that are kept on disk."""
    family_name, number = wire.family_and_revision(item.task_definition_arn)
    return models.TaskDefinition(
        **_environment(environment),
        name=wire.arn_name(item.task_definition_arn),
        family=family_name,
        revision=number,
        images=[one.image for one in item.container_definitions],
        cpu=amounts.as_text(amounts.cpu_units(item.cpu)),
        memory=amounts.as_text(amounts.mib(item.memory)),
        registered_at=item.registered_at,
    )


def definition(
    item: native_wire.TaskDefinitionDetail, tags: Sequence[wire.Tag], environment: Environment
) -> models.TaskDefinitionDetail:
    return models.TaskDefinitionDetail(
        **msgspec.structs.asdict(revision(item, environment)),
        arn=item.task_definition_arn,
        status=item.status,
        registered_by=item.registered_by,
        network_mode=item.network_mode,
        launch_types=item.requires_compatibilities,
        task_role=item.task_role_arn,
        execution_role=item.execution_role_arn,
        volumes=[one.name for one in item.volumes],
        containers=[_container(one) for one in item.container_definitions],
        labels=normalise.labels(tags),
    )


def _container(item: native_wire.ContainerDetail) -> models.ContainerDefinition:
    return models.ContainerDefinition(
        name=item.name,
        image=item.image,
        essential=item.essential,
        cpu=item.cpu,
        memory=item.memory,
        memory_reservation=item.memory_reservation,
        ports=[_port(one) for one in item.port_mappings],
        entry_point=item.entry_point,
        command=item.command,
        environment=[one.name for one in item.environment],
        secrets=[one.name for one in item.secrets],
        depends_on=[f"{one.container_name}:{one.condition}" for one in item.depends_on],
        health_check=shlex.join(item.health_check.command) if item.health_check else None,
        log_driver=item.log_configuration.log_driver if item.log_configuration else None,
    )


def _port(item: native_wire.PortMapping) -> str:
    port = item.container_port_range or item.container_port
    host = f"{item.host_port}:" if item.host_port and item.host_port != port else ""
    return f"{host}{port}/{item.protocol}"


def compared_definitions(
    before: Mapping[str, Any], after: Mapping[str, Any], *, values: bool
) -> list[Difference]:
    """What differs between two task definitions as the API has them.

    ``values`` shows those of variables and secrets, too.
    """
    old, new = (
        {key: value for key, value in definition.items() if key not in _OF_THE_REVISION}
        for definition in (before, after)
    )
    return compared(old, new, values=values)


def cluster(item: native_wire.Cluster, environment: Environment) -> models.Cluster:
    return models.Cluster(
        **_environment(environment),
        name=item.cluster_name,
        status=item.status,
        services=item.active_services_count,
        running=item.running_tasks_count,
        pending=item.pending_tasks_count,
        instances=item.registered_container_instances_count,
        capacity_providers=item.capacity_providers,
    )


def cluster_detail(item: native_wire.Cluster, environment: Environment) -> models.ClusterDetail:
    return models.ClusterDetail(
        **msgspec.structs.asdict(cluster(item, environment)),
        arn=item.cluster_arn,
        service_connect_namespace=item.service_connect_defaults.namespace,
        settings={one.name: one.value for one in item.settings},
        statistics={one.name: one.value for one in item.statistics},
        labels=normalise.labels(item.tags),
    )


def container_instance(
    item: native_wire.ContainerInstance, environment: Environment
) -> models.ContainerInstance:
    attributes = {one.name: one.value for one in item.attributes}
    whole, free = _amounts(item.registered_resources), _amounts(item.remaining_resources)
    docker = item.version_info.docker_version
    return models.ContainerInstance(
        **_environment(environment),
        name=wire.arn_name(item.container_instance_arn),
        instance=item.ec2_instance_id,
        status=item.status,
        reason=item.status_reason,
        connected=item.agent_connected,
        running=item.running_tasks_count,
        pending=item.pending_tasks_count,
        instance_type=attributes.get(_TYPE),
        zone=attributes.get(_ZONE),
        cpu=whole.get("CPU"),
        cpu_free=free.get("CPU"),
        memory=whole.get("MEMORY"),
        memory_free=free.get("MEMORY"),
        agent_version=item.version_info.agent_version,
        runtime_version=docker.removeprefix("DockerVersion:").strip() if docker else None,
        capacity_provider=item.capacity_provider_name,
        created_at=item.registered_at,
    )


def _amounts(resources: Iterable[native_wire.Amount]) -> dict[str, int | None]:
    return {resource.name: resource.integer_value for resource in resources}


def deployment(
    item: native_wire.ServiceDeploymentDetail,
    namespaces: Mapping[str, str],
    definitions: Mapping[str, str],
    scope: normalise.ClusterScope,
) -> models.ServiceDeployment:
    """A deployment; ``namespaces`` by service, ``definitions`` by the ARN of a service revision."""
    service, counts = wire.arn_name(item.service_arn), item.target_service_revision
    breaker = item.deployment_circuit_breaker
    known = definitions.get(counts.arn) if counts else None
    return models.ServiceDeployment(
        **_environment(scope.environment),
        name=wire.arn_name(item.service_deployment_arn),
        namespace=namespaces.get(service, scope.cluster),
        service=service,
        status=item.status,
        reason=item.status_reason,
        lifecycle_stage=item.lifecycle_stage,
        strategy=item.deployment_configuration.strategy if item.deployment_configuration else None,
        task_definition=wire.arn_name(known) if known else None,
        requested=counts.requested_task_count if counts else None,
        running=counts.running_task_count if counts else None,
        pending=counts.pending_task_count if counts else None,
        failures=breaker.failure_count if breaker else None,
        threshold=breaker.threshold if breaker else None,
        rollback=item.rollback.reason,
        created_at=item.created_at,
        started_at=item.started_at,
        finished_at=item.finished_at,
    )


def _environment(environment: Environment) -> dict[str, Any]:
    return {"project": environment.project, "environment": environment.name}
