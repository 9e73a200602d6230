"""Services of Express mode, as the API of their own tells them: moto has none."""

from __future__ import annotations

from typing import Any

from dashborion.demo.ecs.deployments import summary
from dashborion.demo.ecs.moto_objects import NETWORK, Json, digits_of


def make(service: Any) -> None:
    """Let a service be one of Express mode, which tell no task definition of their own."""
    service.resource_management_type = "ECS"


def is_express(service: Any) -> bool:
    return getattr(service, "resource_management_type", None) == "ECS"


def described(service: Any, definition: Any, region: str) -> Json:
    """An ``ECSExpressGatewayService``; its one configuration is that of the newest deployment."""
    first = definition.container_definitions[0]
    host = f"{service.name[:2]}-{digits_of(f'express {service.arn}', 16)}.ecs.{region}.on.aws"
    network = NETWORK["awsvpcConfiguration"]
    configuration = {
        "serviceRevisionArn": summary(service, service.deployments[0])["arn"],
        "taskDefinitionArn": definition.arn,
        "executionRoleArn": definition.execution_role_arn,
        "cpu": definition.cpu,
        "memory": definition.memory,
        "cpuArchitecture": "X86_64",
        "networkConfiguration": {key: network[key] for key in ("securityGroups", "subnets")},
        "healthCheckPath": "/health",
        "primaryContainer": {"image": first["image"], "containerPort": 8080},
        "scalingTarget": {
            "minTaskCount": 1, "maxTaskCount": 20,
            "autoScalingMetric": "AVERAGE_CPU", "autoScalingTargetValue": 60,
        },
        "ingressPaths": [{"accessType": "PUBLIC", "endpoint": f"https://{host}"}],
        "createdAt": service.deployments[0]["createdAt"],
    }  # fmt: skip
    return {
        "cluster": service.cluster_name,
        "serviceName": service.name,
        "serviceArn": service.arn,
        "status": {"statusCode": service.status},
        "activeConfigurations": [configuration],
        "createdAt": service.created_at,
        "updatedAt": service.deployments[0]["createdAt"],
    }
