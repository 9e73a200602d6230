"""A service deployment in words: its status, why, at which stage it is, who holds it. Pure.

The newer API knows of a deployment what the older one does not. States and stages that are
not known here are told as AWS writes them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

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
    if made.lifecycle_stage == _BAKE_TIME:
        at = f"{at}{_bake(made)}"
    others = [hook for hook in made.lifecycle_hook_details if hook.status != "SUCCEEDED"]
    hooks = (f"hook {_name(hook)} {hook.status or 'without a status'}" for hook in others)
    return joined(at, *hooks) or None


def waiting(made: wire.ServiceDeployment) -> wire.LifecycleHook | None:
    """The hook that waits for a person, if there is one."""
    if made.status in OVER or made.status in STOPPED | GOING_BACK:
        return None
    hooks = made.lifecycle_hook_details
    return next((hook for hook in hooks if hook.status == "AWAITING_ACTION"), None)


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
    target = f"--service-deployment-arn {made.service_deployment_arn}"
    command = f"aws ecs continue-service-deployment {target} --hook-id {hook.hook_id or 'ID'}"
    return f"paused{at}: hook {_name(hook)} waits for a person{until}{then}: `{command}`"


def _name(hook: wire.LifecycleHook) -> str:
    target = (hook.target_arn or "").rpartition(":")[2]
    return hook.hook_id or target or "?"


def _bake(made: wire.ServiceDeployment) -> str:
    """How long it bakes, and an estimate of until when."""
    chosen = made.deployment_configuration
    minutes = chosen.bake_time_in_minutes if chosen is not None else None
    if minutes is None:
        return ""
    since = made.updated_at
    until = f", until about {_moment(since + timedelta(minutes=minutes))}" if since else ""
    return f" ({minutes} minutes{until})"


def _moment(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
