"""How far an Argo Rollout is, and what it waits for. Pure.

Follows ``utils/rollout/rolloututil.go``: the controller says the phase itself, and a client only
looks whether the controller has seen the last change.
"""

from __future__ import annotations

from dashborion.models.rollout import RolloutState
from dashborion.orchestrators.kubernetes.argo_wire import PauseCondition, Rollout

REVISION = "rollout.argoproj.io/revision"
FORMER_NUMBERS = "rollout.argoproj.io/revision-history"
TEMPLATE_HASH = "rollouts-pod-template-hash"
GROUP = "argoproj.io/"

_AT_STEP, _BLUE_GREEN = "CanaryPauseStep", "BlueGreenPause"
_PHASES = {
    "Healthy": RolloutState.COMPLETE,
    "Paused": RolloutState.PAUSED,
    "Degraded": RolloutState.FAILED,
}


def judged(item: Rollout) -> tuple[RolloutState, str | None]:
    """The state of the rollout, and what it waits for or has failed with.

    What somebody paused is paused, whatever was reported before. An unknown phase is told as it
    is, and goes on.
    """
    status = item.status
    if item.spec.paused:
        return RolloutState.PAUSED, "paused by `spec.paused`"
    if status.controller_pause and not status.pause_conditions:
        return RolloutState.PROGRESSING, "waiting for the controller to go on"
    phase = _PHASES.get(status.phase or "", RolloutState.PROGRESSING)
    message = status.message or (status.phase if phase is RolloutState.PROGRESSING else None)
    if phase is RolloutState.PAUSED:
        phase = RolloutState.PAUSED if waits_for_person(item) else RolloutState.PROGRESSING
        where = step(item)
        message = f"{where}: {message}" if where else message
    return phase, message


def waits_for_person(item: Rollout) -> bool:
    """Whether one of its pauses has no end of its own; that of a step or a preview may have."""
    return any(not _is_timed(item, one) for one in item.status.pause_conditions or ())


def _is_timed(item: Rollout, pause: PauseCondition) -> bool:
    strategy = item.spec.strategy
    if pause.reason == _BLUE_GREEN:
        return bool(strategy.blue_green and strategy.blue_green.auto_promotion_seconds)
    if pause.reason != _AT_STEP:
        return False  # an analysis or an experiment that was inconclusive, or what is not known
    steps = (strategy.canary.steps if strategy.canary else None) or []
    index = item.status.current_step_index or 0
    at = steps[index].pause if 0 <= index < len(steps) else None
    return at is not None and at.duration is not None


def step(item: Rollout) -> str | None:
    """``step 2 of 5`` of a canary that has steps and is not through with them."""
    canary, index = item.spec.strategy.canary, item.status.current_step_index
    count = len((canary.steps if canary else None) or ())
    return f"step {index + 1} of {count}" if index is not None and index < count else None
