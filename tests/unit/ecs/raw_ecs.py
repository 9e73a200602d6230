"""The API's objects as botocore hands them over, whole and healthy unless told otherwise.

Builders take what a test is about; the rest is what a real object has there. ``ABSENT``
removes a field: the API leaves out what it does not know.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec

from dashborion.config.targets import EcsTarget, Environment
from dashborion.models.instance import Instance
from dashborion.models.workload import Endpoint, Workload
from dashborion.orchestrators.ecs import instances, normalise, wire

Raw = dict[str, Any]
T = TypeVar("T")

ABSENT: Any = object()
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
HEAD = "arn:aws:ecs:eu-west-3:123456789012"
ELB = "arn:aws:elasticloadbalancing:eu-west-3:123456789012"
DEFINITION = f"{HEAD}:task-definition/web:7"
TASK_ID = "0f3c5d7e9a1b2c3d4e5f60718293a4b5"
ENVIRONMENT = Environment(
    project="homebox", name="staging", target=EcsTarget(cluster="homebox-staging")
)
SCOPE = normalise.ClusterScope(ENVIRONMENT, "homebox-staging", "namespace")


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


def merged(base: Raw, change: Raw) -> Raw:
    """A copy with changes laid over it; lists and objects are replaced as they are."""
    return {key: value for key, value in (base | change).items() if value is not ABSENT}


def convert(type_: type[T], item: Raw) -> T:
    """As the client does it."""
    return msgspec.convert(item, type_)


def tags(**values: str) -> list[Raw]:
    return [{"key": key, "value": value} for key, value in values.items()]


# --- Services -----------------------------------------------------------------------------------


def deployment(**change: Any) -> Raw:
    base = {
        "id": "ecs-svc/1234567890123456789",
        "status": "PRIMARY",
        "taskDefinition": DEFINITION,
        "desiredCount": 2,
        "pendingCount": 0,
        "runningCount": 2,
        "failedTasks": 0,
        "createdAt": ago(hours=2),
        "updatedAt": ago(hours=1),
        "launchType": "FARGATE",
        "platformVersion": "1.4.0",
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
        "rolloutState": "COMPLETED",
        "rolloutStateReason": "ECS deployment ecs-svc/1234567890123456789 completed.",
    }
    return merged(base, change)


def task_set(**change: Any) -> Raw:
    base = {
        "id": "ecs-svc/987654321",
        "taskSetArn": f"{HEAD}:task-set/homebox-staging/web/ecs-svc/987654321",
        "status": "PRIMARY",
        "taskDefinition": DEFINITION,
        "computedDesiredCount": 2,
        "runningCount": 2,
        "pendingCount": 0,
        "stabilityStatus": "STEADY_STATE",
        "createdAt": ago(hours=2),
    }
    return merged(base, change)


def service(**change: Any) -> wire.Service:
    base = {
        "serviceArn": f"{HEAD}:service/homebox-staging/web",
        "serviceName": "web",
        "clusterArn": f"{HEAD}:cluster/homebox-staging",
        "loadBalancers": [],
        "serviceRegistries": [],
        "status": "ACTIVE",
        "desiredCount": 2,
        "runningCount": 2,
        "pendingCount": 0,
        "launchType": "FARGATE",
        "taskDefinition": DEFINITION,
        "deploymentConfiguration": {
            "deploymentCircuitBreaker": {"enable": True, "rollback": True},
            "maximumPercent": 200,
            "minimumHealthyPercent": 100,
        },
        "deployments": [deployment()],
        "events": [],
        "createdAt": ago(days=2),
        "placementConstraints": [],
        "schedulingStrategy": "REPLICA",
        "deploymentController": {"type": "ECS"},
        "createdBy": "arn:aws:iam::123456789012:user/deployer",
        "enableECSManagedTags": True,
        "propagateTags": "NONE",
        "enableExecuteCommand": False,
        "tags": [],
    }
    return convert(wire.Service, merged(base, change))


def rolling(**change: Any) -> wire.Service:
    """On its way from one revision to the next."""
    counts = {"desiredCount": 4, "runningCount": 3}
    now = deployment(**counts | {"rolloutState": "IN_PROGRESS", "runningCount": 1}, **change)
    before = deployment(status="ACTIVE", id="ecs-svc/1", desiredCount=0, runningCount=2)
    return service(**counts, deployments=[now, before])


def workload(
    item: wire.Service,
    found: wire.TaskDefinition | None = None,
    unhealthy: int = 0,
    endpoints: list[Endpoint] | None = None,
) -> Workload:
    return normalise.workload(item, found, unhealthy, endpoints or [], SCOPE)


# --- Task definitions ---------------------------------------------------------------------------


def container_definition(name: str = "app", **change: Any) -> Raw:
    base = {
        "name": name,
        "image": f"registry.example.com/{name}:1.4.2",
        "cpu": 0,
        "essential": True,
        "environment": [{"name": "MODE", "value": "fast"}],
        "portMappings": [],
    }
    return merged(base, change)


def definition(*containers: Raw, **change: Any) -> wire.TaskDefinition:
    base = {
        "taskDefinitionArn": DEFINITION,
        "family": "web",
        "revision": 7,
        "status": "ACTIVE",
        "cpu": "256",
        "memory": "512",
        "registeredAt": ago(days=3),
        "containerDefinitions": list(containers or [container_definition()]),
    }
    return convert(wire.TaskDefinition, merged(base, change))


# --- Tasks --------------------------------------------------------------------------------------


def container(name: str = "app", **change: Any) -> Raw:
    base = {
        "containerArn": f"{HEAD}:container/homebox-staging/{TASK_ID}/c0",
        "name": name,
        "image": f"registry.example.com/{name}:1.4.2",
        "runtimeId": f"{TASK_ID}-0527074092",
        "lastStatus": "RUNNING",
        "networkBindings": [],
        "networkInterfaces": [],
        "healthStatus": "UNKNOWN",
        "cpu": "0",
    }
    return merged(base, change)


def task(*containers: Raw, **change: Any) -> wire.Task:
    base = {
        "taskArn": f"{HEAD}:task/homebox-staging/{TASK_ID}",
        "taskDefinitionArn": DEFINITION,
        "clusterArn": f"{HEAD}:cluster/homebox-staging",
        "lastStatus": "RUNNING",
        "desiredStatus": "RUNNING",
        "healthStatus": "UNKNOWN",
        "group": "service:web",
        "startedBy": "ecs-svc/1234567890123456789",
        "launchType": "FARGATE",
        "availabilityZone": "eu-west-3a",
        "connectivity": "CONNECTED",
        "cpu": "256",
        "memory": "512",
        "createdAt": ago(minutes=10),
        "pullStartedAt": ago(minutes=9.5),
        "startedAt": ago(minutes=9),
        "containers": list(containers or [container()]),
        "attachments": [
            {
                "id": "a1",
                "type": "ElasticNetworkInterface",
                "status": "ATTACHED",
                "details": [
                    {"name": "subnetId", "value": "subnet-1"},
                    {"name": "privateIPv4Address", "value": "10.0.0.7"},
                ],
            }
        ],
        "tags": [],
    }
    return convert(wire.Task, merged(base, change))


def stopped(*containers: Raw, code: str | None = None, said: str = "", **change: Any) -> wire.Task:
    """A task that has ended, with its stop code and reason."""
    ended = containers or (container(lastStatus="STOPPED", exitCode=0),)
    base = {
        "lastStatus": "STOPPED",
        "desiredStatus": "STOPPED",
        "stoppedAt": ago(minutes=1),
        "stopCode": code or ABSENT,
        "stoppedReason": said or ABSENT,
    }
    return task(*ended, **base | change)


def instance(item: wire.Task) -> Instance:
    tags = [wire.Tag("namespace", "media")]
    return instances.instance(item, tags, SCOPE, {})
