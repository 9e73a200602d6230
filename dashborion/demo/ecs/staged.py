"""Deployments in stages: blue/green and canary, with the pauses that wait for somebody.

A staged deployment has ``stage``: its name, since when, and how often the traffic was shifted.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from moto.ecs.exceptions import ECSException, InvalidParameterException

from dashborion.demo.ecs.deployments import begin_deployment, last_good, service_deployments
from dashborion.demo.ecs.moto_objects import Json, uuid_of

STAGES = (
    *("SCALE_UP", "POST_SCALE_UP", "TEST_TRAFFIC_SHIFT", "POST_TEST_TRAFFIC_SHIFT"),
    *("PRE_PRODUCTION_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT", "POST_PRODUCTION_TRAFFIC_SHIFT"),
    *("BAKE_TIME", "CLEAN_UP"),
)
_SECONDS = 2.0  # that a stage takes where nobody says how long
_AWAITED, _DAY = "AWAITING_ACTION", 1440
_BUSY = ("PENDING", "IN_PROGRESS")


def is_staged(service: Any, deployment: Json) -> bool:
    """Whether a deployment has the older tasks beside it until its stages are over."""
    strategy = (service.deployment_configuration or {}).get("strategy", "ROLLING")
    is_new = deployment.get("rolloutState") == "IN_PROGRESS" and "rollsBack" not in deployment
    has_older = len(service.deployments) > 1
    is_over = deployment.get("stage", {}).get("name") == "CLEAN_UP"
    return strategy != "ROLLING" and is_new and has_older and not is_over


def advance(service: Any, deployment: Json, now: datetime, speed: float, *, ready: bool) -> None:
    """Go on to the next stage, if nothing and nobody keeps it where it is."""
    stage = deployment.setdefault("stage", {})
    if not stage:
        _enter(service, deployment, "SCALE_UP", now)
    held = _held(deployment)
    if held and now < held["expiresAt"]:
        return
    if held:
        held["status"] = "TIMED_OUT"
        if held["timeoutAction"] == "ROLLBACK":
            roll_back(service, deployment, now, f"Lifecycle hook {held['hookId']} timed out.")
            return
    name, since = stage["name"], (now - stage["since"]).total_seconds() * speed
    if (name == "SCALE_UP" and not ready) or since < _duration(service, stage):
        return
    is_partly = name == "POST_PRODUCTION_TRAFFIC_SHIFT" and stage["weight"] < 100
    after = "PRE_PRODUCTION_TRAFFIC_SHIFT" if is_partly else STAGES[STAGES.index(name) + 1]
    _enter(service, deployment, after, now)


def _duration(service: Any, stage: Json) -> float:
    chosen, name = service.deployment_configuration, stage["name"]
    if name == "BAKE_TIME":
        return 60.0 * float(chosen.get("bakeTimeInMinutes", 0))
    if name == "POST_PRODUCTION_TRAFFIC_SHIFT" and stage["weight"] < 100:
        return 60.0 * float(chosen["canaryConfiguration"].get("canaryBakeTimeInMinutes", 10))
    return _SECONDS


def _enter(service: Any, deployment: Json, name: str, now: datetime) -> None:
    stage, chosen = deployment["stage"], service.deployment_configuration
    stage |= {"name": name, "since": now}
    if name == "PRODUCTION_TRAFFIC_SHIFT":
        canary = chosen.get("canaryConfiguration", {}).get("canaryPercent", 100.0)
        stage["weight"] = 100.0 if stage.get("weight") else canary
    stage.setdefault("weight", 0.0)
    details = deployment.get("serviceDeployment", {}).get("lifecycleHookDetails", [])
    for hook in chosen.get("lifecycleHooks", ()):
        if name in hook["lifecycleStages"] and hook.get("targetType") == "PAUSE":
            timeout = hook.get("timeoutConfiguration", {})
            details = [*details, {
                "hookId": uuid_of(f"{deployment['id']} {name} {len(details)}"),
                "targetType": "PAUSE",
                "status": _AWAITED,
                "expiresAt": now + timedelta(minutes=timeout.get("timeoutInMinutes", _DAY)),
                "timeoutAction": timeout.get("action", "ROLLBACK"),
            }]  # fmt: skip
    is_tested = name in STAGES[STAGES.index("TEST_TRAFFIC_SHIFT") :]
    deployment["traffic"] = {
        "requestedProductionTrafficWeight": stage["weight"],
        "requestedTestTrafficWeight": 100.0 if is_tested else 0.0,
    }
    told = {"lifecycleStage": name, "lifecycleHookDetails": details}
    deployment |= {"serviceDeployment": told, "updatedAt": now}


def _held(deployment: Json) -> Json | None:
    """The hook that waits for somebody."""
    details = deployment.get("serviceDeployment", {}).get("lifecycleHookDetails", ())
    return next((hook for hook in details if hook["status"] == _AWAITED), None)


def roll_back(service: Any, deployment: Json, now: datetime, why: str) -> None:
    """Take a deployment back to the last one that got through."""
    good = last_good(service, deployment)
    if good is None:
        raise InvalidParameterException("There is no service revision to roll back to.")
    deployment |= {"rolloutState": "FAILED", "rolloutStateReason": why, "updatedAt": now}
    back = begin_deployment(service, good["taskDefinition"], now, rollsBack=deployment["id"])
    reason = f"Rolling back to deploymentId {back['id']}."
    back["rolloutStateReason"] = reason
    deployment["serviceDeployment"] = {
        **deployment.get("serviceDeployment", {}),
        "status": "ROLLBACK_IN_PROGRESS",
        "statusReason": why,
        "rollback": {"reason": reason, "startedAt": now},
    }


def deployment_of_arn(services: Any, arn: str) -> tuple[Any, Json, Json]:
    """The service, its deployment and what the newer API says of that one."""
    for service in services:
        known = [*service.deployments, *getattr(service, "earlier_deployments", ())]
        known.sort(key=lambda one: one["createdAt"], reverse=True)
        for deployment, made in zip(known, service_deployments(service), strict=True):
            if made["serviceDeploymentArn"] == arn:
                return service, deployment, made
    raise ECSException("ServiceDeploymentNotFoundException", "Service deployment not found.")


def act_on_hook(deployment: Json, hook_id: str) -> Json:
    """The hook of that id, if it waits for somebody; else it is refused."""
    held = _held(deployment)
    if held is None or held["hookId"] != hook_id:
        raise InvalidParameterException(f"Lifecycle hook {hook_id} is not awaiting an action.")
    held["status"] = "SUCCEEDED"
    return held


def require_busy(made: Json) -> None:
    """Refuse to stop what is not under way."""
    if made["status"] not in _BUSY:
        message = f"Service deployment is in status {made['status']} and cannot be stopped."
        raise ECSException("ConflictException", message)
