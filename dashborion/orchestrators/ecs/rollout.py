"""Is it rolled out? The judgement for an ECS service. Pure.

A service that ECS controls says so in its PRIMARY deployment's
``rolloutState``; behind a classic load balancer that is absent and the counts
have to do. One that CODE_DEPLOY or EXTERNAL controls has task sets instead.
"""

from __future__ import annotations

from math import ceil

from dashborion.models import Rollout, RolloutState
from dashborion.orchestrators.ecs import wire

_STATES = {
    "COMPLETED": RolloutState.COMPLETE,
    "IN_PROGRESS": RolloutState.PROGRESSING,
    "FAILED": RolloutState.FAILED,
}


def rollout(service: wire.Service) -> Rollout:
    """How far the newest revision has come."""
    if service.task_sets:
        return _task_sets(service)
    newest = primary(service)
    if newest is None:
        return Rollout(state=RolloutState.COMPLETE, revision=revision(service.task_definition),
                       message=None)  # fmt: skip
    state = _STATES.get(newest.rollout_state or "") or _counted(service, newest)
    return Rollout(
        state=state, revision=revision(newest.task_definition), message=_message(newest, state)
    )


def primary(service: wire.Service) -> wire.Deployment | None:
    """The deployment that the service is moving to, or has moved to."""
    return next((one for one in service.deployments if one.status == "PRIMARY"), None)


def revision(task_definition: str) -> str | None:
    """``family:number`` of a task definition's ARN."""
    return task_definition.rsplit("/", 1)[-1] or None


def floor(service: wire.Service) -> int:
    """How many tasks stay while a deployment rolls: minimumHealthyPercent, rounded up.

    Unset it is 100, and 0 for a DAEMON service, as the API documents.
    """
    default = 0 if service.scheduling_strategy == "DAEMON" else 100
    percent = service.deployment_configuration.minimum_healthy_percent
    return ceil(service.desired_count * (default if percent is None else percent) / 100)


def _counted(service: wire.Service, newest: wire.Deployment) -> RolloutState:
    """Without ``rolloutState``: done when only the PRIMARY is left with all its tasks."""
    done = len(service.deployments) == 1 and newest.running_count == newest.desired_count
    return RolloutState.COMPLETE if done else RolloutState.PROGRESSING


def _message(newest: wire.Deployment, state: RolloutState) -> str | None:
    if state is RolloutState.COMPLETE:
        return None
    counts = f"{newest.running_count} of {newest.desired_count} tasks running"
    failed = f"{newest.failed_tasks} failed" if newest.failed_tasks else None
    reason = newest.rollout_state_reason
    ordinary = reason is None or reason.endswith("in progress.")
    return ", ".join(filter(None, (None if ordinary else reason, counts, failed)))


def _task_sets(service: wire.Service) -> Rollout:
    newest = max(service.task_sets, key=lambda one: (one.created_at is not None, one.created_at))
    steady = all(one.stability_status == "STEADY_STATE" for one in service.task_sets)
    done = steady and len(service.task_sets) == 1
    controller = service.deployment_controller.type
    return Rollout(
        state=RolloutState.COMPLETE if done else RolloutState.PROGRESSING,
        revision=revision(newest.task_definition),
        message=None if done else f"{len(service.task_sets)} task sets, controlled by {controller}",
    )
