"""ECS's service deployments and revisions, told from the deployments of a service.

moto has none of these operations. A deployment dict may carry a ``serviceDeployment`` with what
its service deployment says otherwise (ROLLBACK_SUCCESSFUL, ``rollback``, ``alarms``), and a service
``earlier_deployments``: those that its ``deployments`` no longer show.
"""

from __future__ import annotations

import hashlib
from typing import Any

from moto.ecs.models import Service

_STATUS = {"COMPLETED": "SUCCESSFUL", "IN_PROGRESS": "IN_PROGRESS", "FAILED": "ROLLBACK_FAILED"}


def revisions(service: Service) -> list[dict[str, Any]]:
    """All known deployments of a service, newest first."""
    known = [*service.deployments, *getattr(service, "earlier_deployments", ())]
    return sorted(known, key=lambda deployment: deployment["createdAt"], reverse=True)


def service_deployments(service: Service) -> list[dict[str, Any]]:
    """Service deployments, newest first; moto sends the members that an operation has."""
    deployments = revisions(service)
    return [
        _service_deployment(service, deployment, deployments[at + 1 : at + 2])
        for at, deployment in enumerate(deployments)
    ]


def _service_deployment(
    service: Service, deployment: dict[str, Any], before: list[dict[str, Any]]
) -> dict[str, Any]:
    state = deployment.get("rolloutState", "COMPLETED")
    target = summary(service, deployment)
    configuration = getattr(service, "deployment_configuration", None) or {}
    breaker = configuration.get("deploymentCircuitBreaker", {}).get("enable", False)
    answer: dict[str, Any] = {
        "serviceDeploymentArn": _arn(service, "service-deployment", _hash(deployment["id"])[:21]),
        "serviceArn": service.arn,
        "clusterArn": service.cluster_arn,
        "createdAt": deployment["createdAt"],
        "startedAt": deployment["createdAt"],
        "updatedAt": deployment["updatedAt"],
        "finishedAt": None if state == "IN_PROGRESS" else deployment["updatedAt"],
        "status": _STATUS[state],
        "statusReason": deployment.get("rolloutStateReason"),
        "targetServiceRevision": target,
        "targetServiceRevisionArn": target["arn"],
        "sourceServiceRevisions": [summary(service, earlier) for earlier in before],
        "deploymentConfiguration": configuration or None,
        "deploymentCircuitBreaker": {
            "status": "MONITORING" if breaker else "DISABLED",
            "failureCount": deployment.get("failedTasks", 0),
            "threshold": 3,
        },
    }
    answer.update(deployment.get("serviceDeployment", {}))
    return answer


def described_revision(service: Service, deployment: dict[str, Any]) -> dict[str, Any]:
    """The answer of DescribeServiceRevisions for one deployment."""
    definition = _definition(service, deployment["taskDefinition"])
    return {
        "serviceRevisionArn": revision_arn(service, deployment["taskDefinition"]),
        "serviceArn": service.arn,
        "clusterArn": service.cluster_arn,
        "taskDefinition": deployment["taskDefinition"],
        "launchType": deployment.get("launchType"),
        "capacityProviderStrategy": deployment.get("capacityProviderStrategy"),
        "platformVersion": deployment.get("platformVersion"),
        "platformFamily": deployment.get("platformFamily"),
        "loadBalancers": service.load_balancers,
        "serviceRegistries": service.service_registries,
        "networkConfiguration": deployment.get("networkConfiguration"),
        "containerImages": [
            {"containerName": container["name"], "image": container["image"]}
            for container in (definition.container_definitions if definition else ())
        ],
        "guardDutyEnabled": False,
        "createdAt": deployment["createdAt"],
    }


def revision_arn(service: Service, task_definition: str) -> str:
    """The same ARN for the same task definition, since a rollback returns to a revision."""
    number = int(_hash(service.arn + task_definition), 16) % 10**19
    return _arn(service, "service-revision", str(number))


def summary(service: Service, deployment: dict[str, Any]) -> dict[str, Any]:
    return {
        "arn": revision_arn(service, deployment["taskDefinition"]),
        "requestedTaskCount": deployment["desiredCount"],
        "runningTaskCount": deployment["runningCount"],
        "pendingTaskCount": deployment["pendingCount"],
    }


def _definition(service: Service, arn: str) -> Any:
    family, _, revision = arn.rpartition("/")[2].rpartition(":")
    return service._backend.task_definitions.get(family, {}).get(int(revision))  # noqa: SLF001


def _arn(service: Service, kind: str, name: str) -> str:
    head = service.cluster_arn.replace(":cluster/", f":{kind}/", 1)
    return f"{head}/{service.name}/{name}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
