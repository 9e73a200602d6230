"""Is it rolled out? The judgement for an ECS service. Pure.

A service that ECS controls says so in its PRIMARY deployment's
``rolloutState``; behind a classic load balancer that is absent and the counts
have to do. One that CODE_DEPLOY or EXTERNAL controls has task sets instead.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

from dashborion.models.rollout import Rollout, RolloutState
from dashborion.orchestrators.changing import Verdict
from dashborion.orchestrators.ecs import stages, wire

CONTROLLERS = frozenset({"CODE_DEPLOY", "EXTERNAL"})
"""Who makes task sets where ECS itself makes deployments."""

_STATES = {
    "COMPLETED": RolloutState.COMPLETE,
    "IN_PROGRESS": RolloutState.PROGRESSING,
    "FAILED": RolloutState.FAILED,
}


def rollout(service: wire.Service, made: wire.ServiceDeployment | None = None) -> Rollout:
    """How far the newest revision has come; ``made`` is the newer API's view of it."""
    if service.task_sets:
        return _task_sets(service)
    newest = primary(service)
    if newest is None:
        return _nothing_made(service)
    state = _STATES.get(newest.rollout_state or "") or _counted(service, newest)
    early = service.deployment_configuration.early_success_criteria.enable
    if state is RolloutState.COMPLETE and early and not _is_all_there(service, newest):
        state = RolloutState.PROGRESSING
    if made is not None:
        state = _state(made, newest, state)
    message = None if state is RolloutState.COMPLETE else _message(service, newest, made)
    if made is not None and state is RolloutState.COMPLETE:
        message = stages.status(made)
    found = Rollout(
        state=state,
        revision=revision(newest.task_definition),
        message=message,
        strategy=strategy(service),
    )
    return found if made is None else stages.with_stage(found, made)


def strategy(service: wire.Service) -> str:
    """How its instances are replaced: ECS' word in lower case, or who controls it instead."""
    controller = service.deployment_controller.type
    is_ours = controller not in CONTROLLERS
    kind = service.deployment_configuration.strategy if is_ours else controller
    return kind.lower().replace("_", "-")


def primary(service: wire.Service) -> wire.Deployment | None:
    """The deployment that the service is moving to, or has moved to."""
    return next((one for one in service.deployments if one.status == "PRIMARY"), None)


def revision(task_definition: str) -> str | None:
    """``family:number`` of a task definition's ARN."""
    return wire.arn_name(task_definition) or None


def percents(service: wire.Service) -> tuple[int, int]:
    """Between how many percent of its tasks run while a deployment rolls: at least and at most.

    Unset they are 100 and 200, and for a DAEMON service 0 and 100, as the API documents.
    """
    chosen = service.deployment_configuration
    least, most = (0, 100) if service.scheduling_strategy == "DAEMON" else (100, 200)
    minimum, maximum = chosen.minimum_healthy_percent, chosen.maximum_percent
    return (least if minimum is None else minimum, most if maximum is None else maximum)


def floor(service: wire.Service) -> int:
    """How many tasks stay while a deployment rolls: minimumHealthyPercent, rounded up.

    One at least, if any is wanted: without one a service is degraded, whatever it allows.
    """
    healthy = ceil(service.desired_count * percents(service)[0] / 100)
    return max(min(1, service.desired_count), healthy)


def is_stale(service: wire.Service, before: wire.Service, deployment: wire.Deployment) -> bool:
    """Whether an answer is from before a deployment that has been made since ``before``."""
    now, then = primary(service), primary(before)
    if now is None or then is None:
        return False
    is_listed = any(one.id == deployment.id for one in service.deployments)
    return not is_listed and now.id == then.id


def of_task_sets(service: wire.Service) -> Verdict:
    """Whether another controller's rollout is over: only its task sets tell."""
    state = rollout(service)
    if state.state is RolloutState.COMPLETE:
        return _available(service.running_count, service.desired_count)
    return Verdict(state.message or str(state.state))


def _available(running: int, desired: int) -> Verdict:
    """All that is wanted runs; whether it is healthy, too, ECS does not count."""
    return Verdict(f"{running} of {desired} available", done=True)


def scaled(service: wire.Service, desired: int, set_by: Callable[[int], str]) -> Verdict:
    """Whether a change of the count is over: it makes no deployment, so only the counts tell.

    Each task set runs its share of the count, rounded up.
    """
    if service.desired_count != desired:
        return Verdict(set_by(service.desired_count), ended="superseded")
    expected = desired
    if service.deployment_controller.type in CONTROLLERS:
        expected = sum(ceil(desired * item.scale.value / 100) for item in service.task_sets)
    running = f"{service.running_count} of {expected or desired} tasks running"
    if expected == 0 < desired:
        return Verdict(stages.joined("no task set that could run any", running))
    if service.running_count == expected and service.pending_count == 0:
        return _available(expected, expected)
    return Verdict(running)


def verdict(service: wire.Service, id_: str, made: wire.ServiceDeployment | None) -> Verdict:
    """Whether the deployment with this id is over; ``made`` is the newer API's view of it.

    When it is no longer PRIMARY something has taken its place: ECS itself,
    rolling back, or somebody's newer deployment. The older API tells these
    apart only in its reasons' words, the newer one by its status.
    """
    ours = next((item for item in service.deployments if item.id == id_), None)
    if made is not None and made.status in stages.GOING_BACK:
        return Verdict(stages.status(made) or made.status, ended="rolled-back")
    if made is not None and made.status == stages.ROLLBACK_FAILED:
        return Verdict(stages.status(made) or made.status, ended="rollout-failed")
    if ours is None or ours.status != "PRIMARY":
        return _overtaken(ours, primary(service))
    message = _message(service, ours, made)
    if ours.rollout_state == "FAILED" or (made is not None and made.status in stages.STOPPED):
        return Verdict(message, ended="rollout-failed")
    if made is not None and stages.waiting(made) is not None:
        return Verdict(message, ended="paused")
    if _is_complete(service, ours, made) and _is_all_there(service, ours):
        return _available(ours.running_count, ours.desired_count)
    return Verdict(message)


def settled(service: wire.Service) -> Verdict:
    """Whether what ECS has gone back to runs, with all its tasks."""
    newest = primary(service)
    if newest is None:
        return Verdict("no PRIMARY deployment")
    if _is_complete(service, newest, None) and _is_all_there(service, newest):
        return _available(newest.running_count, newest.desired_count)
    return Verdict(stages.joined("rolled back", _message(service, newest, None)))


def _is_complete(
    service: wire.Service, ours: wire.Deployment, made: wire.ServiceDeployment | None
) -> bool:
    """Whether ECS calls a deployment successful, which it may do before all of its tasks run."""
    if made is not None and made.status in stages.UNDER_WAY:
        return False
    if made is not None and made.status == "SUCCESSFUL":
        return True
    alone = sum(item.status != "INACTIVE" for item in service.deployments) == 1
    return ours.rollout_state == "COMPLETED" or (ours.rollout_state is None and alone)


def _is_all_there(service: wire.Service, ours: wire.Deployment) -> bool:
    return ours.running_count >= ours.desired_count and not _older(service, ours)


def _older(service: wire.Service, ours: wire.Deployment) -> int:
    """How many tasks of other deployments still run."""
    others = [item for item in service.deployments if item.id != ours.id]
    return sum(item.running_count for item in others if item.status != "INACTIVE")


def _overtaken(ours: wire.Deployment | None, leading: wire.Deployment | None) -> Verdict:
    """What took the place of a deployment: only the reasons' words tell a rollback."""
    reasons = [item.rollout_state_reason or "" for item in (ours, leading) if item]
    if any("roll" in reason and "back" in reason for reason in reasons):
        is_back = leading is not None and leading.rollout_state == "COMPLETED"
        word = "rolled back" if is_back else "rolling back"
        why = next((reason for reason in reasons if reason and not stages.says_nothing(reason)), "")
        return Verdict(f"{word}: {why}".rstrip(": "), ended="rolled-back")
    if ours is not None and ours.rollout_state == "FAILED":
        return Verdict(reason(ours) or "failed", ended="rollout-failed")
    return Verdict("a newer deployment has taken its place", ended="superseded")


def _state(
    made: wire.ServiceDeployment, newest: wire.Deployment, state: RolloutState
) -> RolloutState:
    """The state as the newer API knows it better.

    One that was rolled back has failed; the deployment that it was rolled back to has not.
    """
    if stages.waiting(made) is not None:
        return RolloutState.PAUSED
    if made.status in stages.UNDER_WAY and state is RolloutState.COMPLETE:
        return RolloutState.PROGRESSING
    is_lost = made.status in stages.OVER and made.status != "SUCCESSFUL"
    is_its_own = stages.same_moment([made], newest) is not None
    return RolloutState.FAILED if is_lost and is_its_own else state


def _counted(service: wire.Service, newest: wire.Deployment) -> RolloutState:
    """Without ``rolloutState``: done when only the PRIMARY is left with all its tasks."""
    done = len(service.deployments) == 1 and newest.running_count == newest.desired_count
    return RolloutState.COMPLETE if done else RolloutState.PROGRESSING


def _message(
    service: wire.Service, ours: wire.Deployment, made: wire.ServiceDeployment | None
) -> str:
    """Why it is not complete: AWS' reasons, the counts, the stage, what failed, what is missing."""
    failed = f"{ours.failed_tasks} failed" if ours.failed_tasks else None
    told = stages.status(made) if made is not None else None
    why = told or reason(ours) or ("failed" if ours.rollout_state == "FAILED" else None)
    at = stages.stage(made) if made is not None else None
    older = _older(service, ours) if _is_complete(service, ours, made) else 0
    draining = f"{older} older still running" if older else None
    return stages.joined(why, _counts(ours), at, failed, draining)


def _counts(ours: wire.Deployment) -> str:
    return f"{ours.running_count} of {ours.desired_count} tasks running"


def reason(ours: wire.Deployment) -> str | None:
    """AWS' reason for the state of a deployment, unless it only repeats the state."""
    reason = ours.rollout_state_reason
    return None if reason is None or stages.says_nothing(reason) else reason


def _nothing_made(service: wire.Service) -> Rollout:
    """Neither task sets nor a PRIMARY deployment; without any, what runs is all there is."""
    done = service.running_count >= service.desired_count and not service.deployments
    running = f"{service.running_count} of {service.desired_count} tasks running"
    made = "task set" if service.deployment_controller.type in CONTROLLERS else "PRIMARY deployment"
    return Rollout(
        state=RolloutState.COMPLETE if done else RolloutState.PROGRESSING,
        revision=revision(service.task_definition),
        message=None if done else f"no {made}, {running}",
        strategy=strategy(service),
    )


def _task_sets(service: wire.Service) -> Rollout:
    """Complete when the only one is PRIMARY and steady, and runs what the service shall run."""
    sets = service.task_sets
    newest = max(sets, key=lambda item: (item.created_at is not None, item.created_at))
    is_led = any(item.status == "PRIMARY" for item in sets)
    unsteady = [item for item in sets if item.stability_status != "STEADY_STATE"]
    missing = service.desired_count - service.running_count
    done = is_led and len(sets) == 1 and not unsteady and missing <= 0
    message = stages.joined(
        f"{len(sets)} task set{'' if len(sets) == 1 else 's'}, "
        f"controlled by {service.deployment_controller.type}",
        None if is_led else "none is PRIMARY",
        f"{service.running_count} of {service.desired_count} tasks running"
        if missing > 0
        else None,
    )
    return Rollout(
        state=RolloutState.COMPLETE if done else RolloutState.PROGRESSING,
        revision=revision(newest.task_definition),
        message=None if done else message,
        strategy=strategy(service),
    )
