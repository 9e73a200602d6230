"""A service deployment in words: its status, why, at which stage it is, who holds it. Pure.

The newer API knows of a deployment what the older one does not. States and stages that are
not known here are told as AWS writes them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from dashborion.models.rollout import Rollout, Traffic, WaitingFor
from dashborion.orchestrators.ecs import wire

ROLLED_BACK, ROLLBACK_FAILED = "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED"
GOING_BACK = frozenset({"ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS", ROLLED_BACK})
STOPPED = frozenset({"STOP_REQUESTED", "STOPPED"})
UNDER_WAY = frozenset({"PENDING", "IN_PROGRESS"})
OVER = frozenset({"SUCCESSFUL", "STOPPED", ROLLED_BACK, ROLLBACK_FAILED})

_WORDS: dict[str, str | None] = {
    "SUCCESSFUL": None,
    "IN_PROGRESS": None,
    "PENDING": "pending",
    "STOP_REQUESTED": "being stopped",
    "STOPPED": "stopped",
    "ROLLBACK_REQUESTED": "a rollback was requested",
    "ROLLBACK_IN_PROGRESS": "rolling back",
    ROLLED_BACK: "rolled back",
    ROLLBACK_FAILED: "the rollback failed",
}
_BAKE_TIME = "BAKE_TIME"
_BEFORE_SHIFT = "PRE_PRODUCTION_TRAFFIC_SHIFT"  # a stage of hooks that botocore's enum lacks
STAGES = (
    *("RECONCILE_SERVICE", "PRE_SCALE_UP", "SCALE_UP", "POST_SCALE_UP", "TEST_TRAFFIC_SHIFT"),
    *("POST_TEST_TRAFFIC_SHIFT", _BEFORE_SHIFT, "PRODUCTION_TRAFFIC_SHIFT"),
    *("POST_PRODUCTION_TRAFFIC_SHIFT", _BAKE_TIME, "CLEAN_UP"),
)
"""What a deployment goes through that is not rolling; some of them repeat the shift."""


def joined(*parts: str | None) -> str:
    """Clauses and AWS' whole sentences as one message: none but the last keeps its full stop."""
    text = ""
    for part in filter(None, parts):
        if not text:
            text = part
        elif text.endswith("."):
            text = f"{text.rstrip('.')}; {part}"
        else:
            text = f"{text}, {part}"
    return text


def says_nothing(reason: str) -> bool:
    """Whether a reason only repeats the state that it is given for."""
    return re.fullmatch(r"(ECS deployment \S+ )?(in progress|completed)\.?", reason) is not None


def status(made: wire.ServiceDeployment) -> str | None:
    """The state in words with AWS' reasons for it; None when it just goes on, or went well."""
    word = _WORDS.get(made.status, f"status {made.status}" if made.status else None)
    reasons = dict.fromkeys(filter(None, (made.rollback.reason, made.status_reason)))
    why = joined(*(reason for reason in reasons if not says_nothing(reason)))
    return ": ".join(filter(None, (word, why))) or None


def stage(made: wire.ServiceDeployment) -> str | None:
    """Where a deployment that goes on is, until when it bakes there, and its hooks."""
    if made.status in OVER:
        return None
    held = waiting(made)
    if held is not None:
        return _held(made, held)
    at = f"stage {made.lifecycle_stage}" if made.lifecycle_stage else None
    if made.lifecycle_stage == _BAKE_TIME and made.status not in GOING_BACK:
        at = f"{at}{_bake(made)}"
    if at and (weight := _traffic(made).production):
        at = f"{at} with {weight:g}% of the production traffic"
    others = [hook for hook in made.lifecycle_hook_details if hook.status != "SUCCEEDED"]
    hooks = (f"hook {_name(hook)} {hook.status or 'without a status'}" for hook in others)
    return joined(at, *hooks) or None


def waiting(made: wire.ServiceDeployment) -> wire.LifecycleHook | None:
    """The hook that waits for a person, if there is one."""
    return next(iter(waiting_hooks(made)), None)


def waiting_hooks(made: wire.ServiceDeployment) -> list[wire.LifecycleHook]:
    """All hooks that wait for a person: one that calls a function waits for that."""
    if made.status in OVER or made.status in STOPPED | GOING_BACK:
        return []
    return [
        hook
        for hook in made.lifecycle_hook_details
        if hook.status == "AWAITING_ACTION" and hook.target_type != "AWS_LAMBDA"
    ]


def with_stage(rollout: Rollout, made: wire.ServiceDeployment) -> Rollout:
    """A rollout with its stage, and with who is directed to it; an end has neither."""
    if made.status in OVER:
        return rollout
    traffic, held = _traffic(made), waiting(made)
    return replace(
        rollout,
        stage=made.lifecycle_stage,
        traffic=None if traffic == Traffic(production=None, test=None) else traffic,
        bake_until=_bakes_until(made) if made.status in UNDER_WAY else None,
        waiting_for=None
        if held is None
        else WaitingFor(
            hook=held.hook_id,
            stage=made.lifecycle_stage,
            expires_at=held.expires_at,
            on_timeout=held.timeout_action,
        ),
    )


def _traffic(made: wire.ServiceDeployment) -> Traffic:
    target = made.target_service_revision or wire.RevisionSummary()
    return Traffic(
        production=target.requested_production_traffic_weight,
        test=target.requested_test_traffic_weight,
    )


def pauses(chosen: wire.DeploymentConfiguration, *, after: str | None = None) -> list[str]:
    """The stages at which a deployment so configured waits for a person, in their order."""
    places = {
        stage
        for hook in chosen.lifecycle_hooks
        if hook.target_type == "PAUSE"
        for stage in hook.lifecycle_stages
    }
    later = STAGES[STAGES.index(after) + 1 :] if after in STAGES else STAGES
    return [stage for stage in later if stage in places]


def weight_after(made: wire.ServiceDeployment) -> float | None:
    """How many percent of the production traffic it gets at its next step.

    None when it gets no more of it: it is past the shift, or at a step that is not known.
    """
    now = _traffic(made).production or 0.0
    at, chosen = made.lifecycle_stage, made.deployment_configuration
    if chosen is None or at not in STAGES or now >= 100:
        return None
    if chosen.strategy == "LINEAR":
        return min(100.0, now + chosen.linear_configuration.step_percent)
    if chosen.strategy == "CANARY" and not now:
        return chosen.canary_configuration.canary_percent
    return 100.0


def same_moment(
    made: Iterable[wire.ServiceDeployment], ours: wire.Deployment
) -> wire.ServiceDeployment | None:
    """The newer API's view of a deployment: it has ids of its own, so the time has to tell."""
    at = ours.created_at
    if at is None:
        return None
    dated = [(abs(one.created_at - at), one) for one in made if one.created_at is not None]
    apart, nearest = min(dated, key=lambda pair: pair[0], default=(timedelta.max, None))
    return nearest if apart <= timedelta(seconds=5) else None


def _held(made: wire.ServiceDeployment, hook: wire.LifecycleHook) -> str:
    at = f" at {made.lifecycle_stage}" if made.lifecycle_stage else ""
    until = f" until {_moment(hook.expires_at)}" if hook.expires_at else ""
    then = f", then ECS takes {hook.timeout_action}" if hook.timeout_action else ""
    return f"paused{at}: hook {_name(hook)} waits for a person{until}{then}"


def _name(hook: wire.LifecycleHook) -> str:
    target = (hook.target_arn or "").rpartition(":")[2]
    return hook.hook_id or target or "?"


def _bake(made: wire.ServiceDeployment) -> str:
    """How long it bakes, and an estimate of until when."""
    chosen = made.deployment_configuration
    minutes = chosen.bake_time_in_minutes if chosen is not None else None
    if minutes is None:
        return ""
    end = _bakes_until(made)
    return f" ({minutes} minutes{f', until about {_moment(end)}' if end else ''})"


def _bakes_until(made: wire.ServiceDeployment) -> datetime | None:
    """An estimate: ECS says when the deployment changed, not when it began to bake."""
    if made.lifecycle_stage != _BAKE_TIME:
        return None
    chosen, since = made.deployment_configuration, made.updated_at
    minutes = chosen.bake_time_in_minutes if chosen is not None else None
    return since + timedelta(minutes=minutes) if since and minutes is not None else None


def _moment(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
