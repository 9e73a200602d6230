"""Deployments of an ECS service: how one begins, ends, fails, is taken back or superseded."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

from dashborion.demo.ecs.moto_objects import Json, deployment_id, uuid_of

_EVENTS = 100  # which is what ECS keeps
_EARLIER = 10
_BREAKER = "ECS deployment circuit breaker: "


def begin_deployment(
    service: Any, definition_arn: str, now: datetime, *, reason: str = "", **more: Any
) -> Json:
    """Start a new PRIMARY deployment; one that is still in progress is superseded."""
    number = len(service.deployments) + len(service.earlier_deployments)
    identity = deployment_id(f"{service.arn} {definition_arn} {now.timestamp()} {number}")
    for deployment in service.deployments:
        if deployment["status"] == "PRIMARY" and deployment.get("rolloutState") == "IN_PROGRESS":
            deployment["serviceDeployment"] = {
                "status": "STOPPED",
                "statusReason": "Service deployment was stopped by a newer service deployment.",
                "finishedAt": now,
            }
        if deployment["status"] == "PRIMARY":
            deployment["status"] = "ACTIVE"
    launch = _launch(service)
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


def _launch(service: Any) -> Json:
    if service.deployments:
        last = service.deployments[0]
        kept = ("launchType", "capacityProviderStrategy", "serviceConnectConfiguration")
        return {key: last[key] for key in kept if key in last}
    return {"launchType": service.launch_type}


def add_event(service: Any, now: datetime, message: str) -> None:
    """Add an event to the service, newest first."""
    identity = uuid_of(f"{service.arn} {now.timestamp()} {message}")
    text = f"(service {service.name}) {message}"
    service.events.insert(0, {"id": identity, "createdAt": now, "message": text})
    del service.events[_EVENTS:]


def complete_deployment(service: Any, deployment: Json, now: datetime) -> None:
    identity = deployment["id"]
    deployment["rolloutState"] = "COMPLETED"
    deployment["rolloutStateReason"] = f"ECS deployment {identity} completed."
    if "rollsBack" in deployment:
        for known in (*service.deployments, *service.earlier_deployments):
            if known["id"] == deployment["rollsBack"]:
                known["serviceDeployment"] = {
                    **known["serviceDeployment"],
                    "status": "ROLLBACK_SUCCESSFUL",
                    "finishedAt": now,
                }
    deployment["updatedAt"] = now
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


def threshold(service: Any) -> int:
    half = math.ceil(int(service.desired_count) / 2)
    return max(3, min(200, half))


def check_circuit_breaker(service: Any, deployment: Json, now: datetime) -> None:
    """Fail a deployment with too many failed tasks, and roll back if the service says so."""
    breaker = (service.deployment_configuration or {}).get("deploymentCircuitBreaker") or {}
    if not breaker.get("enable") or deployment.get("rolloutState") != "IN_PROGRESS":
        return
    if deployment["failedTasks"] < threshold(service):
        return
    good = next(
        (
            known
            for known in (*service.deployments, *service.earlier_deployments)
            if known.get("rolloutState") == "COMPLETED" and known["id"] != deployment["id"]
        ),
        None,
    )
    deployment |= {"rolloutState": "FAILED", "updatedAt": now}
    status = {"status": "ROLLBACK_FAILED", "finishedAt": now}
    add_event(
        service, now, f"(deployment {deployment['id']}) deployment failed: tasks failed to start."
    )
    deployment["rolloutStateReason"] = f"{_BREAKER}tasks failed to start."
    if breaker.get("rollback") and good is not None:
        back = begin_deployment(service, good["taskDefinition"], now, rollsBack=deployment["id"])
        reason = f"{_BREAKER}rolling back to deploymentId {back['id']}."
        back["rolloutStateReason"] = deployment["rolloutStateReason"] = reason
        status = {
            "status": "ROLLBACK_IN_PROGRESS",
            "rollback": {"reason": reason, "startedAt": now},
        }
        add_event(service, now, f"rolling back to deployment {back['id']}.")
    deployment["serviceDeployment"] = {
        **status,
        "statusReason": "Service deployment rolled back because the circuit breaker threshold was "
        "exceeded."
        if "rollback" in status
        else "Service deployment failed: the circuit breaker threshold was exceeded.",
        "deploymentCircuitBreaker": {
            "status": "TRIGGERED",
            "failureCount": deployment["failedTasks"],
            "threshold": threshold(service),
        },
    }
