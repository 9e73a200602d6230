"""Steering a service's deployment: what can be done to it now, and the one call that does it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from msgspec.structs import replace

from dashborion.errors import Conflict, NotFound, UsageError
from dashborion.models.rollout import RolloutState
from dashborion.orchestrators.aws.errors import Refused
from dashborion.orchestrators.changing import (
    FollowedRollout,
    PlannedChange,
    RolloutProgress,
    Steering,
    Verdict,
)
from dashborion.orchestrators.ecs import code_deploy, deployment_views, rollout, stages, wire
from dashborion.orchestrators.ecs.client import Client
from dashborion.orchestrators.ecs.progress import FollowedDeployment, FollowedFromNow

_BACK = "`dashborion workloads rollback` goes back to an older revision"
_LOOK = "nothing was changed: look at it, then try again"


def plan(
    client: Client, service: wire.Service, action: Steering, hook: str | None
) -> PlannedChange:
    """As ``WorkloadToChange.plan_steering``; raises as it."""
    name, controller = service.service_name, service.deployment_controller.type
    if controller in rollout.CONTROLLERS:
        raise code_deploy.refusal(client, service, action)
    if action == "pause":
        is_rolling = service.deployment_configuration.strategy == "ROLLING"
        kind = "a rolling deployment" if is_rolling else "a deployment that is under way"
        raise UsageError(
            f"{name}: ECS cannot pause {kind}",
            hint="blue/green, linear and canary deployments wait at the PAUSE lifecycle hooks of "
            "their deploymentConfiguration; `dashborion workloads abort` takes one back",
        )
    made = _under_way(client, service)
    if made is None or (leading := rollout.primary(service)) is None:
        raise UsageError(f"{name}: no deployment is under way", hint=_BACK)
    if made.status in stages.GOING_BACK | stages.STOPPED:
        raise UsageError(f"{name}: its deployment is {made.status} already: {_where(made)}")
    if action == "resume":
        held = stages.waiting(made) is not None
        raise UsageError(
            f"{name}: nothing of ECS is paused so that it could be resumed",
            hint="`dashborion workloads continue` lets it go on" if held else None,
        )
    if action == "abort":
        return _plan_abort(client, service, leading, made)
    return _plan_continue(client, service, leading, made, _chosen(name, made, hook))


def _under_way(client: Client, service: wire.Service) -> wire.ServiceDeployment | None:
    """The service deployment that is not over; raises as the reads do: nothing else tells."""
    named = deployment_views.current(client, service)
    known = [named] if named else client.service_deployments(service.service_name)
    return next((one for one in known if one.status not in stages.OVER), None)


def _where(made: wire.ServiceDeployment) -> str:
    return stages.joined(stages.status(made), stages.stage(made)) or made.status


# --- Going on -------------------------------------------------------------------------------------


def _chosen(name: str, made: wire.ServiceDeployment, typed: str | None) -> wire.LifecycleHook:
    """The hook that is meant: the one of that id, or else the only one that waits."""
    known = {hook.hook_id: hook for hook in made.lifecycle_hook_details}
    held = {hook.hook_id: hook for hook in stages.waiting_hooks(made) if hook.hook_id}
    if typed is not None and typed not in known:
        raise NotFound(
            "hook", typed, where=f"the deployment of {name}", known=[*filter(None, known)]
        )
    if typed is not None and typed not in held:
        of_lambda = " of a Lambda function" * (known[typed].target_type == "AWS_LAMBDA")
        status = known[typed].status
        raise UsageError(f"{name}: hook {typed}{of_lambda} waits for no person: it is {status}")
    if typed is None and len(held) > 1:
        told = ", ".join(map(str, held))
        raise UsageError(f"{name}: several hooks wait: {told}", hint="choose one with --hook")
    if not held:
        raise UsageError(f"{name}: its deployment waits for no person: {_where(made)}")
    return held[typed or next(iter(held))]


def _plan_continue(
    client: Client,
    service: wire.Service,
    leading: wire.Deployment,
    made: wire.ServiceDeployment,
    hook: wire.LifecycleHook,
) -> PlannedChange:
    """One step: a linear deployment and a canary wait again before the next one."""
    weight, chosen = stages.weight_after(made), made.deployment_configuration
    later = stages.pauses(chosen, after=made.lifecycle_stage) if chosen else []
    notes = [f"{_target(client, leading, made)}: {_where(made)}"]
    if weight is not None:
        notes.append(f"its next share of the production traffic is {weight:g}%")
    if later:
        notes.append(f"it waits for a person again at {later[0]}")
    return PlannedChange(
        before=str(RolloutState.PAUSED),
        after=str(RolloutState.PROGRESSING),
        difference=(),
        send=partial(_continue, client, service, leading, made, hook),
        notes=tuple(notes),
    )


def _target(client: Client, leading: wire.Deployment, made: wire.ServiceDeployment) -> str:
    """What is deployed: its revision, and its images where they may be read."""
    revision = rollout.revision(leading.task_definition) or leading.task_definition
    arn = made.target_service_revision.arn if made.target_service_revision else ""
    known = client.aws.optional(partial(client.service_revisions, [arn])) if arn else None
    images = [one.image for found in (known or {}).values() for one in found.container_images]
    return f"{revision} ({', '.join(images)})" if images else revision


def _continue(
    client: Client,
    service: wire.Service,
    leading: wire.Deployment,
    made: wire.ServiceDeployment,
    hook: wire.LifecycleHook,
) -> FollowedRollout:
    """Without an action ECS would continue, too, and nobody could read that in a trail."""
    _send(
        client,
        "continue_service_deployment",
        partial(_require_waiting, client, made, hook),
        serviceDeploymentArn=made.service_deployment_arn,
        hookId=hook.hook_id,
        action="CONTINUE",
    )
    return FollowedContinuation(
        client=client, service=service, deployment=leading, answered=_moment_of(made, hook)
    )


def _send(
    client: Client, operation: str, look: Callable[[], object], **arguments: str | None
) -> None:
    try:
        client.aws.write("ecs", operation, look=look, **arguments)
    except Refused:
        look()  # says what ECS has done meanwhile, if that is why
        raise


def _again(client: Client, made: wire.ServiceDeployment) -> wire.ServiceDeployment:
    found = client.described_deployments([made.service_deployment_arn])
    if not found:
        raise Conflict("the deployment is gone by now", hint=_LOOK)
    return found[0]


def _require_waiting(
    client: Client, shown: wire.ServiceDeployment, hook: wire.LifecycleHook
) -> None:
    """Raise a ``Conflict`` that says what ECS did, if the pause that was shown is over."""
    now = _again(client, shown)
    moments = [_moment_of(now, one) for one in stages.waiting_hooks(now)]
    if _moment_of(shown, hook) in moments:
        return
    status = next((o.status for o in now.lifecycle_hook_details if o.hook_id == hook.hook_id), None)
    is_late = status == "TIMED_OUT" or now.status in stages.GOING_BACK
    took = f" (ECS took {hook.timeout_action})" if is_late and hook.timeout_action else ""
    raise Conflict(
        f"hook {hook.hook_id} does not wait any more{took}: it is {status or 'gone'}, "
        f"and the deployment {now.status}: {_where(now)}",
        hint=_LOOK,
    )


_Moment = tuple[str | None, datetime | None, str | None]


def _moment_of(made: wire.ServiceDeployment, hook: wire.LifecycleHook) -> _Moment:
    """Which pause it is: the same hook waits at several stages, and before every step."""
    return hook.hook_id, hook.expires_at, made.lifecycle_stage


@dataclass(frozen=True, kw_only=True)
class FollowedContinuation(FollowedDeployment):
    """A deployment that goes on; an answer may be from before it was ``answered``."""

    answered: _Moment

    def _made(self, service: wire.Service) -> wire.ServiceDeployment | None:
        made = super()._made(service)
        if made is None:
            return None
        details = made.lifecycle_hook_details
        fresh = [hook for hook in details if _moment_of(made, hook) != self.answered]
        return replace(made, lifecycle_hook_details=fresh)


# --- Going back -----------------------------------------------------------------------------------


def _plan_abort(
    client: Client,
    service: wire.Service,
    leading: wire.Deployment,
    made: wire.ServiceDeployment,
) -> PlannedChange:
    """ECS rolls back to what the deployment came from, whether or not it was set up to do so."""
    sources = [one.arn for one in made.source_service_revisions]
    if not sources:
        raise UsageError(
            f"{service.service_name}: this is its first deployment: nothing ran before it",
            hint="`dashborion workloads scale NAME -r 0` ends its tasks",
        )
    known = client.aws.optional(partial(client.service_revisions, sources)) or {}
    older = [rollout.revision(one.task_definition) or "" for one in known.values()]
    return PlannedChange(
        before=rollout.revision(leading.task_definition) or leading.task_definition,
        after=", ".join(filter(None, older)) or "the revision before",
        difference=(),
        send=partial(_abort, client, service, made),
        notes=(f"ECS rolls it back: {_where(made)}",),
    )


def _abort(client: Client, service: wire.Service, made: wire.ServiceDeployment) -> FollowedRollout:
    _send(
        client,
        "stop_service_deployment",
        partial(_require_under_way, client, made),
        serviceDeploymentArn=made.service_deployment_arn,
        stopType="ROLLBACK",
    )
    return FollowedRollback(client=client, service=service, arn=made.service_deployment_arn)


def _require_under_way(client: Client, shown: wire.ServiceDeployment) -> None:
    now = _again(client, shown)
    if now.status not in stages.UNDER_WAY:
        raise Conflict(f"the deployment is {now.status} by now: {_where(now)}", hint=_LOOK)


@dataclass(frozen=True, kw_only=True)
class FollowedRollback(FollowedFromNow):
    """The way back from a deployment, which tells itself how far it is: the one of this ARN."""

    arn: str

    def look(self) -> RolloutProgress:
        """When it is over, why it was gone is no news any more."""
        seen = super().look()
        return replace(seen, rollout=replace(seen.rollout, message=None)) if seen.done else seen

    def _made(self, service: wire.Service) -> wire.ServiceDeployment | None:  # noqa: ARG002
        ask = partial(self.client.described_deployments, [self.arn])
        found = self.parts.ask(self.client, "service deployments", ask)
        return found[0] if found else None

    def _verdict(self, service: wire.Service, made: wire.ServiceDeployment | None) -> Verdict:
        return verdict_of_rollback(service, made)

    def _is_started(self, task: wire.Task) -> bool:
        return task.started_by not in {one.id for one in self.service.deployments}


def verdict_of_rollback(service: wire.Service, made: wire.ServiceDeployment | None) -> Verdict:
    """Whether the way back is over: good is only that what ran before runs again. Pure."""
    told = _where(made) if made is not None else "nothing is known of the way back"
    if made is None or made.status in stages.UNDER_WAY:
        return Verdict(f"waiting for the rollback to begin: {told}")
    if made.status == stages.ROLLED_BACK:
        return rollout.settled(service)
    if made.status == "SUCCESSFUL":
        return Verdict("it was complete before it could be taken back", ended="superseded")
    is_lost = made.status in (stages.ROLLBACK_FAILED, "STOPPED")
    return Verdict(told, ended="rollout-failed" if is_lost else None)
