"""Is it rolled out? The judgement for an ECS service. Pure.

A service that ECS controls says so in its PRIMARY deployment's
``rolloutState``; behind a classic load balancer that is absent and the counts
have to do. One that CODE_DEPLOY or EXTERNAL controls has task sets instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from math import ceil

from dashborion.models.rollout import Rollout, RolloutState
from dashborion.orchestrators.ecs import wire
from dashborion.orchestrators.protocol import Verdict

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
    return wire.arn_name(task_definition) or None


def floor(service: wire.Service) -> int:
    """How many tasks stay while a deployment rolls: minimumHealthyPercent, rounded up.

    Unset it is 100, and 0 for a DAEMON service, as the API documents.
    """
    default = 0 if service.scheduling_strategy == "DAEMON" else 100
    percent = service.deployment_configuration.minimum_healthy_percent
    return ceil(service.desired_count * (default if percent is None else percent) / 100)


def is_stale(service: wire.Service, before: wire.Service, deployment: wire.Deployment) -> bool:
    """Whether an answer is from before a deployment that has been made since ``before``."""
    now, then = primary(service), primary(before)
    if now is None or then is None:
        return False
    is_listed = any(one.id == deployment.id for one in service.deployments)
    return not is_listed and now.id == then.id


def of_task_sets(state: Rollout) -> Verdict:
    """Whether another controller's rollout is over: only its task sets tell."""
    return Verdict(state.message or str(state.state), done=state.state is RolloutState.COMPLETE)


def scaled(service: wire.Service, desired: int, set_by: Callable[[int], str]) -> Verdict:
    """Whether a change of the count is over: it makes no deployment, so only the counts tell."""
    if service.desired_count != desired:
        return Verdict(set_by(service.desired_count), ended="superseded")
    running = f"{service.running_count} of {desired} tasks running"
    return Verdict(running, done=service.running_count == desired and service.pending_count == 0)


def verdict(service: wire.Service, id_: str, newest: wire.ServiceDeployment | None) -> Verdict:
    """Whether the deployment with this id is over; ``newest`` is the newer API's view of it.

    When it is no longer PRIMARY something has taken its place: ECS itself,
    rolling back, or somebody's newer deployment. The older API tells these
    apart only in its reasons' words, the newer one by its status.
    """
    ours = next((one for one in service.deployments if one.id == id_), None)
    if newest is not None and newest.status.startswith("ROLLBACK"):
        return Verdict(f"rolled back: {newest.status_reason or newest.status}", ended="rolled-back")
    if ours is None or ours.status != "PRIMARY":
        return _overtaken(ours, primary(service))
    if ours.rollout_state == "FAILED":
        return Verdict(ours.rollout_state_reason or "failed", ended="rollout-failed")
    counts = f"{ours.running_count} of {ours.desired_count} tasks running"
    alone = sum(one.status != "INACTIVE" for one in service.deployments) == 1
    complete = ours.rollout_state == "COMPLETED" or (ours.rollout_state is None and alone)
    if complete and ours.running_count == ours.desired_count:
        return Verdict(f"complete: {counts}", done=True)
    failed = f"{ours.failed_tasks} failed" if ours.failed_tasks else None
    return Verdict(", ".join(filter(None, (counts, _stage(newest), failed))))


def same_moment(
    found: Iterable[wire.ServiceDeployment], ours: wire.Deployment
) -> wire.ServiceDeployment | None:
    """The newer API's view of a deployment: it has ids of its own, so the time has to tell."""
    at = ours.created_at
    if at is None:
        return None
    dated = [(abs(one.created_at - at), one) for one in found if one.created_at is not None]
    apart, nearest = min(dated, key=lambda pair: pair[0], default=(timedelta.max, None))
    return nearest if apart <= timedelta(seconds=5) else None


def _overtaken(ours: wire.Deployment | None, leading: wire.Deployment | None) -> Verdict:
    """What took the place of a deployment: only the reasons' words tell a rollback."""
    reasons = [one.rollout_state_reason or "" for one in (ours, leading) if one]
    if any("roll" in one and "back" in one for one in reasons):
        why = next(filter(None, reasons), "")
        return Verdict(f"rolled back: {why}".rstrip(": "), ended="rolled-back")
    if ours is not None and ours.rollout_state == "FAILED":
        return Verdict(ours.rollout_state_reason or "failed", ended="rollout-failed")
    return Verdict("a newer deployment has taken its place", ended="superseded")


def _stage(newest: wire.ServiceDeployment | None) -> str | None:
    """Where a blue/green, linear or canary deployment is, and who has to let it go on."""
    if newest is None or not newest.lifecycle_stage:
        return None
    held = [one for one in newest.lifecycle_hook_details if one.status == "AWAITING_ACTION"]
    if not held:
        return f"stage {newest.lifecycle_stage}"
    return (
        f"paused at {newest.lifecycle_stage} by hook {held[0].hook_id or '?'}: "
        "`aws ecs continue-service-deployment`"
    )


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
