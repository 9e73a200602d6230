"""moto's tasks and container instances, made without moto's demands on EC2.

moto's answers are read from its objects: any attribute named like a member of the answer is sent.
Nothing is random: the same calls make the same ids, at a moment that may be in a fleet's past.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from moto.ecs.models import Cluster, Container, EC2ContainerServiceBackend, Task, TaskDefinition
from moto.moto_api._internal.managed_state_model import ManagedState

from dashborion.demo.behaviour import digest_of

Json = dict[str, Any]
NETWORK = {
    "awsvpcConfiguration": {
        "subnets": ["subnet-0a1b2c3d4e5f60718"],
        "securityGroups": ["sg-0a1b2c3d4e5f60718"],
        "assignPublicIp": "DISABLED",
    }
}

_moment: ContextVar[datetime | None] = ContextVar("_moment", default=None)


def request_time() -> datetime:
    """The time that ECS writes into what a request changes."""
    return _moment.get() or datetime.now(UTC)


@contextmanager
def requests_at(moment: datetime) -> Iterator[None]:
    """Requests of this thread are made at that moment."""
    token = _moment.set(moment)
    try:
        yield
    finally:
        _moment.reset(token)


def digits_of(text: str, count: int = 32) -> str:
    """Hexadecimal digits, the same for the same text."""
    return hashlib.sha256(text.encode()).hexdigest()[:count]


def uuid_of(text: str) -> str:
    digits = digits_of(text)
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def deployment_id(text: str) -> str:
    return f"ecs-svc/{int(digits_of(text), 16) % 10**19:019}"


def runtime_id(task_id: str, container: str) -> str:
    return f"{task_id}-{int(digits_of(f'{task_id} {container}'), 16) % 10**10:010}"


def definition_of(backend: EC2ContainerServiceBackend, arn: str) -> Any:
    """The task definition of that ARN, or None."""
    family, _, revision = arn.rpartition("/")[2].rpartition(":")
    return backend.task_definitions.get(family, {}).get(int(revision))


class EcsTask(Task):
    """moto's task without moto's state changes; PROVISIONING unless ``attributes`` differ."""

    last_status = "PROVISIONING"  # moto's moves when it is read
    started_at: datetime | None
    health_status: str
    address: str

    def __init__(
        self,
        backend: EC2ContainerServiceBackend,
        cluster: Cluster,
        definition: TaskDefinition,
        task_id: str,
        *,
        address: str = "",
        **attributes: Any,
    ) -> None:
        ManagedState.__init__(self, "ecs::task", [("RUNNING", "STOPPED")])
        self._backend = backend
        vars(self).update(
            {
                "id": task_id,
                "cluster_name": cluster.name,
                "cluster_arn": cluster.arn,
                "region_name": cluster.region_name,
                "task_definition_arn": definition.arn,
                "cpu": definition.cpu,
                "memory": definition.memory,
                "platform_version": "1.4.0",
                "overrides": {"containerOverrides": []},
                "desired_status": "RUNNING",
                "health_status": "UNKNOWN",
                "version": 1,
                "address": "",
                "attachments": [],
                "tags": [],
                **dict.fromkeys(_UNKNOWN),
            }
            | attributes
        )
        self.containers = [
            _container(self, defined) for defined in definition.container_definitions
        ]
        if address:
            self.attach(address)

    @property
    def task_arn(self) -> str:
        return f"{self.cluster_arn.replace(':cluster/', ':task/', 1)}/{self.id}"

    def advance(self) -> None:
        """Do not change the status when the task is described."""

    def attach(self, address: str) -> None:
        """Give it a network interface with that address."""
        self.address = address
        details = {
            "subnetId": NETWORK["awsvpcConfiguration"]["subnets"][0],
            "networkInterfaceId": f"eni-{digits_of(self.id, 17)}",
            "macAddress": "0a:1b:2c:3d:4e:5f",
            "privateDnsName": f"ip-{address.replace('.', '-')}.ec2.internal",
            "privateIPv4Address": address,
        }
        attachment = uuid_of(f"attachment {self.id}")
        named = [{"name": name, "value": value} for name, value in details.items()]
        kind = {"type": "ElasticNetworkInterface", "status": "ATTACHED"}
        self.attachments = [{"id": attachment, **kind, "details": named}]
        interface = {"attachmentId": attachment, "privateIpv4Address": address}
        for container in self.containers:
            vars(container)["networkInterfaces"] = [interface]


_UNKNOWN = (
    *("container_instance_arn", "capacity_provider_name", "resource_requirements"),
    *("connectivity", "stop_code", "stopped_reason", "started_at", "stopping_at", "stopped_at"),
)


def _container(task: EcsTask, defined: Json) -> Any:
    """Named as in the answer where moto's class has another name of its own."""
    digits = digits_of(f"{task.id} {defined['name']}")
    container: Any = Container.__new__(Container)  # its own making knows only a first container
    vars(container).update(
        container_arn=f"{task.task_arn.replace(':task/', ':container/')}/{digits}",
        task_arn=task.task_arn,
        name=defined["name"],
        image=defined["image"],
        cpu=str(defined.get("cpu", 0)),
        memory=str(defined["memory"]) if "memory" in defined else None,
        memory_reservation=defined.get("memoryReservation"),
        runtimeId=runtime_id(task.id, defined["name"]) if task.started_at else None,
        imageDigest=digest_of(str(defined["image"])) if task.started_at else None,
        lastStatus=task.last_status,
        healthStatus=task.health_status if "healthCheck" in defined else "UNKNOWN",
        networkBindings=[],
        networkInterfaces=[],
    )
    return container


def add_instance(
    backend: EC2ContainerServiceBackend,
    cluster: Cluster,
    registered_at: datetime,
    *,
    status: str = "ACTIVE",
    zone: str = "a",
) -> str:
    """An EC2 instance of the cluster; its ARN is a task's ``container_instance_arn``."""
    instances = backend.container_instances.setdefault(cluster.name, {})
    digits = digits_of(f"{cluster.arn} instance {len(instances)}")
    arn = cluster.arn.replace(":cluster/", ":container-instance/") + f"/{digits}"
    instance: Any = SimpleNamespace(
        container_instance_arn=arn,
        ec2_instance_id=f"i-{digits[:17]}",
        status=status,
        agent_connected=True,
        registered_at=registered_at,
        registered_resources=[
            {"name": name, "type": "INTEGER", "integerValue": amount}
            for name, amount in (("CPU", 2048), ("MEMORY", 3884))
        ],
        version_info={"agentVersion": "1.95.0", "dockerVersion": "DockerVersion: 25.0.8"},
        attributes={
            "ecs.availability-zone": f"{backend.region_name}{zone}",
            "ecs.instance-type": "t3.medium",
        },
    )
    instances[digits] = instance
    return arn
