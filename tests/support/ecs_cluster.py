"""Puts clusters, services and tasks into the stand-in, as they would be at one moment.

moto's own calls drop half of what a service or a task says and refuse the rest without subnets,
so its objects are made here and given the attributes that its answers are read from: any
attribute named like a member of the answer is sent. What is returned are those objects, to be
changed later (under `StrictAws.lock`). Nothing is random: the same calls make the same ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from moto.ecs.models import Cluster as MotoCluster
from moto.ecs.models import EC2ContainerServiceBackend, Service, Task, TaskDefinition

from dashborion.demo.ecs.moto_objects import (
    NETWORK,
    EcsTask,
    Json,
    add_instance,
    deployment_id,
    digits_of,
    uuid_of,
)

_BEFORE_RUNNING = ("PROVISIONING", "PENDING", "ACTIVATING")


def container(name: str = "app", image: str = "", **more: Any) -> Json:
    """One entry of a task definition's `containerDefinitions`; a health check is a command."""
    check = more.pop("health", None)
    made: Json = {"name": name, "image": image or f"example.test/{name}:1.0", "essential": True}
    if check:
        made["healthCheck"] = {"command": ["CMD-SHELL", check], "interval": 30, "retries": 3}
    return made | more


def awslogs(group: str, prefix: str, region: str) -> Json:
    """A container's `logConfiguration`."""
    options = {
        "awslogs-group": group,
        "awslogs-stream-prefix": prefix,
        "awslogs-region": region,
    }
    return {"logDriver": "awslogs", "options": options}


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in tags.items()]


class OldService(Service):
    """One whose ARN is of the format from before 2018."""

    @property
    def arn(self) -> str:
        return f"{self.cluster_arn.rsplit(':cluster/', 1)[0]}:service/{self.name}"


class OldTask(EcsTask):
    """One whose ARN is of the format from before 2018."""

    @property
    def task_arn(self) -> str:
        return f"{self.cluster_arn.rsplit(':cluster/', 1)[0]}:task/{self.id}"


@dataclass
class Cluster:
    """One ECS cluster; `now` is the moment that everything in it is told from."""

    backend: EC2ContainerServiceBackend
    cluster: MotoCluster
    now: datetime
    _made: dict[str, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.cluster.name

    def ago(self, **span: float) -> datetime:
        return self.now - timedelta(**span)

    def definition(
        self,
        family: str,
        *containers: Json,
        cpu: str | None = "256",
        memory: str | None = "512",
        compatibility: str = "FARGATE",
        tags: Mapping[str, str] | None = None,
        **more: Any,
    ) -> TaskDefinition:
        """The family's next revision."""
        found = self.backend.register_task_definition(
            family,
            list(containers or (container(),)),
            cpu=cpu,
            memory=memory,
            requires_compatibilities=[compatibility],
            tags=tag_list(tags or {}),
            execution_role_arn=self._iam("role/ecsTaskExecutionRole"),
            **more,
        )
        found.registered_at = self.ago(days=2)  # type: ignore[attr-defined]
        found.registered_by = self._iam("user/deployer")  # type: ignore[attr-defined]
        return found

    def deployment(
        self,
        definition: TaskDefinition,
        *,
        status: str = "PRIMARY",
        desired: int = 1,
        running: int | None = None,
        pending: int = 0,
        failed: int = 0,
        state: str | None = "COMPLETED",
        reason: str | None = None,
        created_at: datetime | None = None,
        updated_at: datetime | None = None,
        launch: Json | None = None,
        **more: Any,
    ) -> Json:
        """One entry of a service's `deployments`; without `state`, as of an older service."""
        created_at = created_at or self.ago(hours=1)
        identity = deployment_id(f"{definition.arn} {created_at} {self._count('deployment')}")
        if reason is None and state == "COMPLETED":
            reason = f"ECS deployment {identity} completed."
        elif reason is None and state:
            reason = f"ECS deployment {identity} {state.lower().replace('_', ' ')}."
        found = {
            "id": identity,
            "status": status,
            "taskDefinition": definition.arn,
            "desiredCount": desired,
            "runningCount": desired if running is None else running,
            "pendingCount": pending,
            "failedTasks": failed,
            "createdAt": created_at,
            "updatedAt": updated_at or created_at + timedelta(minutes=3),
            **(launch or {"launchType": "FARGATE"}),
            **more,
        }
        return found | ({"rolloutState": state, "rolloutStateReason": reason} if state else {})

    def service(
        self,
        name: str,
        definition: TaskDefinition | None,
        *,
        desired: int = 1,
        running: int | None = None,
        pending: int = 0,
        status: str = "ACTIVE",
        launch_type: str | None = "FARGATE",
        capacity_providers: Sequence[str] = (),
        deployments: Sequence[Json] | None = None,
        earlier: Sequence[Json] = (),
        minimum: int | None = 100,
        maximum: int = 200,
        circuit_breaker: bool = False,
        rollback: bool = False,
        controller: str = "ECS",
        task_sets: Sequence[Json] = (),
        strategy: str = "REPLICA",
        tags: Mapping[str, str] | None = None,
        created_at: datetime | None = None,
        events: Iterable[tuple[datetime, str]] = (),
        load_balancers: Sequence[Json] = (),
        service_connect: Json | None = None,
        has_old_arn: bool = False,
    ) -> Service:
        """A service as it is, without tasks; `deployments` is one finished one if not given.

        `minimum=None` leaves `deploymentConfiguration` out, as old services do.
        """
        running = desired if running is None else running
        created_at = created_at or self.ago(days=2)
        strategies = [{"capacityProvider": each, "weight": 1} for each in capacity_providers]
        launch: Json = (
            {"capacityProviderStrategy": strategies} if strategies else {"launchType": launch_type}
        )
        if deployments is None:
            counts: Json = {"desired": desired, "running": running, "pending": pending}
            deployments = (
                [self.deployment(definition, **counts, created_at=created_at, launch=launch)]
                if definition and controller == "ECS"
                else []
            )
        if service_connect and deployments:
            deployments[0]["serviceConnectConfiguration"] = service_connect
        service = (OldService if has_old_arn else Service)(  # type: ignore[abstract]
            self.cluster,
            name,
            desired,
            self.backend,
            task_definition=definition,
            load_balancers=list(load_balancers),
            scheduling_strategy=strategy,  # type: ignore[arg-type]
            tags=tag_list(tags or {}),
            deployment_controller={"type": controller},
            launch_type=None if strategies else launch_type,
        )
        vars(service).update(
            status=status,
            running_count=running,
            pending_count=pending,
            deployments=list(deployments),
            earlier_deployments=list(earlier),
            created_at=created_at,
            created_by=self._iam("user/deployer"),
            capacity_provider_strategy=strategies or None,
            deployment_configuration=None
            if minimum is None
            else {
                "deploymentCircuitBreaker": {"enable": circuit_breaker, "rollback": rollback},
                "minimumHealthyPercent": minimum,
                "maximumPercent": maximum,
            },
            events=[self._event(name, *each) for each in events],
            task_sets=[self._task_set(service, number, s) for number, s in enumerate(task_sets)],
            network_configuration=NETWORK if launch_type == "FARGATE" else None,
            enable_execute_command=False,
            enable_ecs_managed_tags=True,
            platform_version="LATEST" if launch_type == "FARGATE" else None,
        )
        self.backend.services[f"{self.name}:{name}"] = service
        return service

    def task(
        self,
        definition: TaskDefinition,
        *,
        service: Service | None = None,
        group: str = "",
        started_by: str | None = None,
        task_id: str = "",
        last_status: str = "RUNNING",
        desired_status: str = "",
        health: str = "",
        containers: Mapping[str, Json] | None = None,
        stop_code: str | None = None,
        stopped_reason: str | None = None,
        ip: str = "",
        zone: str = "a",
        launch_type: str = "FARGATE",
        created_at: datetime | None = None,
        started_at: datetime | None = None,
        stopped_at: datetime | None = None,
        has_old_arn: bool = False,
        tags: Mapping[str, str] | None = None,
        **more: Any,
    ) -> Task:
        """A task as it is; `containers` says by name what is special about a container."""
        number = self._count(f"task of {service.name if service else definition.family}")
        owner = service.name if service else definition.family
        is_stopped = last_status == "STOPPED"
        created_at = created_at or self.ago(hours=1)
        has_run = last_status not in _BEFORE_RUNNING and stop_code != "TaskFailedToStart"
        has_ip = launch_type == "FARGATE" and last_status != "PROVISIONING"
        is_checked = any("healthCheck" in each for each in definition.container_definitions)
        health = health or ("HEALTHY" if is_checked and last_status == "RUNNING" else "UNKNOWN")
        address = (ip or self._next_ip()) if has_ip else ""
        if started_by is None and service:
            started_by = str(service.deployments[0]["id"]) if service.deployments else None
        ended_at = stopped_at or (created_at + timedelta(minutes=1) if is_stopped else None)
        task = (OldTask if has_old_arn else EcsTask)(
            self.backend,
            self.cluster,
            definition,
            task_id or digits_of(f"{self.cluster.arn} {owner} {number}"),
            address=address,
            last_status=last_status,
            desired_status=desired_status or ("STOPPED" if is_stopped else "RUNNING"),
            health_status=health,
            group=group
            or (f"service:{service.name}" if service else f"family:{definition.family}"),
            started_by=started_by,
            launch_type=launch_type,
            availability_zone=f"{self.backend.region_name}{zone}",
            connectivity="CONNECTED" if has_run else None,
            stop_code=stop_code,
            stopped_reason=stopped_reason,
            created_at=created_at,
            started_at=started_at or (created_at + timedelta(seconds=20) if has_run else None),
            stopped_at=ended_at,
            stopping_at=ended_at,
            version=4 if is_stopped else 3,
            tags=tag_list(tags or {}),
            **more,
        )
        for made in task.containers:
            vars(made).update((containers or {}).get(str(made.name), {}))
        self.backend.tasks.setdefault(self.name, {})[task.task_arn] = task
        return task

    def instance(self, *, status: str = "ACTIVE", zone: str = "a") -> str:
        """An EC2 instance of the cluster; its ARN is a task's `container_instance_arn`."""
        ago = self.ago(days=3)
        return add_instance(self.backend, self.cluster, ago, status=status, zone=zone)

    def _task_set(self, service: Service, number: int, given: Json) -> Json:
        identity = deployment_id(f"{service.arn} set {number}")
        return {
            "id": identity,
            "taskSetArn": service.arn.replace(":service/", ":task-set/") + f"/{identity}",
            "serviceArn": service.arn,
            "clusterArn": self.cluster.arn,
            "status": "PRIMARY",
            "stabilityStatus": "STEADY_STATE",
            "scale": {"value": 100.0, "unit": "PERCENT"},
            "computedDesiredCount": service.desired_count,
            "runningCount": service.desired_count,
            "pendingCount": 0,
            "createdAt": self.ago(hours=1),
            "updatedAt": self.ago(hours=1),
            **given,
        }

    def _event(self, service: str, when: datetime, message: str) -> Json:
        number = self._count(f"event of {service}")
        identity = uuid_of(f"{self.cluster.arn} {service} {number}")
        return {"id": identity, "createdAt": when, "message": message}

    def _next_ip(self) -> str:
        number = self._count("address")
        return f"10.0.{1 + number // 250}.{1 + number % 250}"

    def _count(self, what: str) -> int:
        self._made[what] = self._made.get(what, -1) + 1
        return self._made[what]

    def _iam(self, what: str) -> str:
        return f"arn:aws:iam::{self.backend.account_id}:{what}"
