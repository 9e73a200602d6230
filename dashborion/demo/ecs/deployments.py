"""Deployments of an ECS service: how one begins, ends, fails, is taken back or superseded.

Service deployments and revisions, whose operations moto has none of, are told from them. A
deployment dict may carry a ``serviceDeployment`` with what its service deployment says otherwise
(ROLLBACK_SUCCESSFUL, ``rollback``, ``alarms``), and a service ``earlier_deployments``: those that
its ``deployments`` no longer show.
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

from moto.ecs.models import Service

from dashborion.demo.behaviour import digest_of
from dashborion.demo.ecs.moto_objects import (
    Json,
    definition_of,
    deployment_id,
    digits_of,
    uuid_of,
)

_EVENTS = 100  # which is what ECS keeps
_EARLIER = 10
_BREAKER = "ECS deployment circuit breaker: "
_STATUS = {"COMPLETED": "SUCCESSFUL", "IN_PROGRESS": "IN_PROGRESS", "FAILED": "STOPPED"}
_KEPT = (  # members of a deployment that its revision has, too
    *("taskDefinition", "launchType", "capacityProviderStrategy", "platformVersion"),
    *("platformFamily", "networkConfiguration", "createdAt"),
)
_LAUNCH = ("launchType", "capacityProviderStrategy", "serviceConnectConfiguration")


def begin_deployment(
    service: Any, definition_arn: str, now: datetime, *, reason: str = "", **more: Any
) -> Json:
    """Start a new PRIMARY deployment; one that is still in progress is superseded."""
    number = len(service.deployments) + len(service.earlier_deployments)
    identity = deployment_id(f"{service.arn} {definition_arn} {now.timestamp()} {number}")
    launch = {"launchType": service.launch_type}
    if service.deployments:
        launch = {key: value for key, value in service.deployments[0].items() if key in _LAUNCH}
    for deployment in service.deployments:
        if deployment["status"] == "PRIMARY" and deployment.get("rolloutState") == "IN_PROGRESS":
            deployment["serviceDeployment"] = {
                "status": "STOPPED",
                "statusReason": "Service deployment was stopped by a newer service deployment.",
                "finishedAt": now,
            }
        if deployment["status"] == "PRIMARY":
            deployment["status"] = "ACTIVE"
    created = {
        "id": identity,
        "status": "PRIMARY",
        "taskDefinition": definition_arn,
        "desiredCount": service.desired_count,
        "runningCount": 0,
        "pendingCount": 0,
        "failedTasks": 0,
        "createdAt": now,
        "updatedAt": now,
        "rolloutState": "IN_PROGRESS",
        "rolloutStateReason": reason or f"ECS deployment {identity} in progress.",
        **launch,
        **more,
    }
    service.deployments.insert(0, created)
    service.task_definition = definition_arn
    return created


def add_event(service: Any, now: datetime, message: str) -> None:
    """Add an event to the service, newest first."""
    identity = uuid_of(f"{service.arn} {now.timestamp()} {message}")
    text = f"(service {service.name}) {message}"
    service.events.insert(0, {"id": identity, "createdAt": now, "message": text})
    del service.events[_EVENTS:]


def complete_deployment(service: Any, deployment: Json, now: datetime) -> None:
    identity = deployment["id"]
    reason = f"ECS deployment {identity} completed."
    deployment |= {"rolloutState": "COMPLETED", "rolloutStateReason": reason, "updatedAt": now}
    for known in (*service.deployments, *service.earlier_deployments):
        if known["id"] == deployment.get("rollsBack"):
            known["serviceDeployment"] |= {"status": "ROLLBACK_SUCCESSFUL", "finishedAt": now}
    add_event(service, now, f"(deployment {identity}) deployment completed.")
    add_event(service, now, "has reached a steady state.")


def retire_deployments(service: Any) -> None:
    """Hide deployments without tasks from the service's ``deployments``."""
    if service.deployments[0].get("rolloutState") == "IN_PROGRESS":
        return
    kept: list[Json] = []
    over: list[Json] = []
    for deployment in service.deployments:
        has_tasks = deployment["runningCount"] or deployment["pendingCount"]
        (kept if deployment["status"] == "PRIMARY" or has_tasks else over).append(deployment)
    for deployment in over:
        deployment["status"] = "INACTIVE"
    service.deployments = kept
    service.earlier_deployments = (over + service.earlier_deployments)[:_EARLIER]


def _threshold(service: Any) -> int:
    return max(3, min(200, math.ceil(int(service.desired_count) / 2)))


def last_good(service: Any, deployment: Json) -> Json | None:
    """The newest other deployment that got through."""
    known = (*service.deployments, *service.earlier_deployments)
    others = [one for one in known if one["id"] != deployment["id"]]
    return next((one for one in others if one.get("rolloutState") == "COMPLETED"), None)


def check_circuit_breaker(service: Any, deployment: Json, now: datetime) -> None:
    """Fail a deployment with too many failed tasks, and roll back if the service says so."""
    breaker = (service.deployment_configuration or {}).get("deploymentCircuitBreaker") or {}
    if not breaker.get("enable") or deployment.get("rolloutState") != "IN_PROGRESS":
        return
    if deployment["failedTasks"] < _threshold(service):
        return
    good = last_good(service, deployment)
    failure = "tasks failed to start."
    reason = f"{_BREAKER}{failure}"
    deployment |= {"rolloutState": "FAILED", "updatedAt": now, "rolloutStateReason": reason}
    status = {"status": "STOPPED", "finishedAt": now}
    why = "Service deployment failed: the circuit breaker threshold was exceeded."
    add_event(service, now, f"(deployment {deployment['id']}) deployment failed: {failure}")
    if breaker.get("rollback") and good is not None:
        back = begin_deployment(service, good["taskDefinition"], now, rollsBack=deployment["id"])
        reason = f"{_BREAKER}rolling back to deploymentId {back['id']}."
        back["rolloutStateReason"] = deployment["rolloutStateReason"] = reason
        status = {"status": "ROLLBACK_IN_PROGRESS"}
        status["rollback"] = {"reason": reason, "startedAt": now}
        why = "Service deployment rolled back because the circuit breaker threshold was exceeded."
        add_event(service, now, f"rolling back to deployment {back['id']}.")
    deployment["serviceDeployment"] = {
        **status,
        "statusReason": why,
        "deploymentCircuitBreaker": {
            "status": "TRIGGERED",
            "failureCount": deployment["failedTasks"],
            "threshold": _threshold(service),
        },
    }


def revisions(service: Service) -> list[Json]:
    """All known deployments of a service, newest first."""
    known = [*service.deployments, *getattr(service, "earlier_deployments", ())]
    return sorted(known, key=lambda deployment: deployment["createdAt"], reverse=True)


def service_deployments(service: Service) -> list[Json]:
    """Service deployments, newest first; moto sends the members that an operation has."""
    deployments = revisions(service)
    return [
        _service_deployment(service, deployment, deployments[at + 1 : at + 2])
        for at, deployment in enumerate(deployments)
    ]


def _service_deployment(service: Service, deployment: Json, before: list[Json]) -> Json:
    state = deployment.get("rolloutState", "COMPLETED")
    target = summary(service, deployment)
    configuration = getattr(service, "deployment_configuration", None) or {}
    breaker = configuration.get("deploymentCircuitBreaker", {}).get("enable", False)
    return {
        "serviceDeploymentArn": _arn(
            service, "service-deployment", digits_of(deployment["id"], 21)
        ),
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
        **deployment.get("serviceDeployment", {}),
    }


def described_revision(service: Service, deployment: Json) -> Json:
    """The answer of DescribeServiceRevisions for one deployment."""
    definition = definition_of(service._backend, deployment["taskDefinition"])  # noqa: SLF001
    return {
        "serviceRevisionArn": revision_arn(service, deployment["taskDefinition"]),
        "serviceArn": service.arn,
        "clusterArn": service.cluster_arn,
        **{name: deployment.get(name) for name in _KEPT},
        "loadBalancers": service.load_balancers,
        "serviceRegistries": service.service_registries,
        "containerImages": [
            {
                "containerName": container["name"],
                "image": container["image"],
                "imageDigest": digest_of(str(container["image"])),
            }
            for container in (definition.container_definitions if definition else ())
        ],
        "guardDutyEnabled": False,
    }


def revision_arn(service: Service, task_definition: str) -> str:
    """The same ARN for the same task definition, since a rollback returns to a revision."""
    number = int(digits_of(service.arn + task_definition, 64), 16) % 10**19
    return _arn(service, "service-revision", str(number))


def summary(service: Service, deployment: Json) -> Json:
    return {
        "arn": revision_arn(service, deployment["taskDefinition"]),
        "requestedTaskCount": deployment["desiredCount"],
        "runningTaskCount": deployment["runningCount"],
        "pendingTaskCount": deployment["pendingCount"],
        **deployment.get("traffic", {}),
    }


def _arn(service: Service, kind: str, name: str) -> str:
    head = service.cluster_arn.replace(":cluster/", f":{kind}/", 1)
    return f"{head}/{service.name}/{name}"
