"""A task as it is at one moment, and the plain pieces that seeding puts together."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from moto.ecs.models import (
    Cluster,
    Container,
    EC2ContainerServiceBackend,
    Service,
    Task,
    TaskDefinition,
)
from moto.moto_api._internal.managed_state_model import ManagedState

Json = dict[str, Any]
NETWORK = {
    "awsvpcConfiguration": {
        "subnets": ["subnet-0a1b2c3d4e5f60718"],
        "securityGroups": ["sg-0a1b2c3d4e5f60718"],
        "assignPublicIp": "DISABLED",
    }
}


def container(name: str = "app", image: str = "", **more: Any) -> Json:
    """One entry of a task definition's `containerDefinitions`; a health check is a command."""
    check = more.pop("health", None)
    found: Json = {"name": name, "image": image or f"example.test/{name}:1.0", "essential": True}
    if check:
        found["healthCheck"] = {"command": ["CMD-SHELL", check], "interval": 30, "retries": 3}
    return found | more


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


def hexadecimal(text: str, digits: int = 32) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:digits]


class SeededService(Service):
    """moto's service, whose ARN may be of the format from before 2018."""

    has_old_arn = False

    @property
    def arn(self) -> str:
        head = self.cluster_arn.rsplit(":cluster/", 1)[0]
        return f"{head}:service/{'' if self.has_old_arn else f'{self.cluster_name}/'}{self.name}"


class SeededTask(Task):
    """moto's task without its demands on EC2, and without a life of its own."""

    started_at: datetime | None
    health_status: str

    def __init__(
        self,
        backend: EC2ContainerServiceBackend,
        cluster: Cluster,
        definition: TaskDefinition,
        task_id: str,
        *,
        has_old_arn: bool,
    ) -> None:
        ManagedState.__init__(self, "ecs::task", [("RUNNING", "STOPPED")])
        self.id = task_id
        self.cluster_name = cluster.name
        self.cluster_arn = cluster.arn
        self.region_name = cluster.region_name
        self.task_definition_arn = definition.arn
        self.container_instance_arn = None
        self.capacity_provider_name = None
        self.platform_version = "1.4.0"
        self.overrides = {"containerOverrides": []}
        self.resource_requirements = None
        self._backend = backend
        self._has_old_arn = has_old_arn

    @property
    def last_status(self) -> str:
        return str(self._status)

    @last_status.setter
    def last_status(self, value: str) -> None:
        self._status = value

    @property
    def task_arn(self) -> str:
        head = self.cluster_arn.rsplit(":cluster/", 1)[0]
        return f"{head}:task/{'' if self._has_old_arn else f'{self.cluster_name}/'}{self.id}"

    def advance(self) -> None:
        """Being looked at changes nothing."""


def interface(address: str, task_id: str) -> Json:
    details = {
        "subnetId": NETWORK["awsvpcConfiguration"]["subnets"][0],
        "networkInterfaceId": f"eni-{hexadecimal(task_id, 17)}",
        "macAddress": "0a:1b:2c:3d:4e:5f",
        "privateDnsName": f"ip-{address.replace('.', '-')}.ec2.internal",
        "privateIPv4Address": address,
    }
    digits = hexadecimal(f"attachment {task_id}")
    return {
        "id": "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])),
        "type": "ElasticNetworkInterface",
        "status": "ATTACHED",
        "details": [{"name": name, "value": value} for name, value in details.items()],
    }


def task_container(task: SeededTask, defined: Json, address: str, special: Json) -> Any:
    """Named as in the answer where moto's class has another name of its own."""
    ran = task.started_at is not None
    digits = hexadecimal(f"{task.id} {defined['name']}")
    found: Any = Container.__new__(Container)  # its own making knows only a first container
    vars(found).update(
        {
            "container_arn": f"{task.task_arn.replace(':task/', ':container/')}/{digits}",
            "task_arn": task.task_arn,
            "name": defined["name"],
            "image": defined["image"],
            "cpu": str(defined.get("cpu", 0)),
            "memory": str(defined["memory"]) if "memory" in defined else None,
            "memory_reservation": defined.get("memoryReservation"),
            "runtimeId": f"{task.id}-{int(digits, 16) % 10**10:010}" if ran else None,
            "lastStatus": task.last_status,
            "healthStatus": task.health_status if "healthCheck" in defined else "UNKNOWN",
            "networkBindings": [],
            "networkInterfaces": [
                {"attachmentId": task.attachments[0]["id"], "privateIpv4Address": address}
            ]
            if address
            else [],
        }
        | special
    )
    return found
