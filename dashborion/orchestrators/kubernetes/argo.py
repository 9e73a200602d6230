"""How far an Argo Rollout is, and what it waits for. Pure.

Follows ``utils/rollout/rolloututil.go``: the controller says the phase itself, and a client only
looks whether the controller has seen the last change.
"""

from __future__ import annotations

from dashborion.models.rollout import RolloutState, Traffic
from dashborion.orchestrators.kubernetes import wire
from dashborion.orchestrators.kubernetes.argo_wire import PauseCondition, Rollout, Step

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
        reasons = (one.reason for one in status.pause_conditions or ())
        message = f"{_where(item)}{message or next(filter(None, reasons), status.phase)}"
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
    steps, index = _steps(item), item.status.current_step_index or 0
    at = steps[index].pause if 0 <= index < len(steps) else None
    return at is not None and at.duration is not None


def is_inconclusive(item: Rollout) -> bool:
    """Whether the analysis of the step at which it is has found neither success nor failure."""
    return item.status.canary.current_step_analysis_run_status.status == "Inconclusive"


def pauses(item: Rollout) -> list[str]:
    """The stages at which a new rollout waits for a person."""
    preview = item.spec.strategy.blue_green
    if preview is not None:
        is_held = preview.auto_promotion_enabled is False and not preview.auto_promotion_seconds
        return [_BLUE_GREEN] if is_held else []
    steps = zip(stages(item), _steps(item), strict=True)
    return [name for name, one in steps if one.pause is not None and one.pause.duration is None]


def typed(item: Rollout) -> str:
    """As commands take it: the Deployment that it has replaced often has the same name."""
    return f"rollout/{item.metadata.name}"


def is_through(item: Rollout) -> bool:
    """Whether the newest revision is the one that runs: no other is beside it."""
    return item.status.current_pod_hash == item.status.stable_rs


def is_stable(item: Rollout, metadata: wire.Meta) -> bool:
    """Whether that is a pod or a ReplicaSet of the revision that the rollout replaces."""
    return (metadata.labels or {}).get(TEMPLATE_HASH) == item.status.stable_rs


def _where(item: Rollout) -> str:
    """At which step it is, and how long that one takes by itself."""
    steps, index = _steps(item), item.status.current_step_index
    if index is None or not 0 <= index < len(steps):
        return ""
    pause = steps[index].pause
    time = f", {pause.duration}" if pause is not None and pause.duration is not None else ""
    return f"step {index + 1} of {len(steps)}{time}: "


def stages(item: Rollout) -> list[str]:
    """The steps of a canary, which have no names of their own."""
    return [f"STEP-{number}" for number in range(1, len(_steps(item)) + 1)]


def stage(item: Rollout) -> str | None:
    """The step at which a canary is that is not through with them."""
    index, names = item.status.current_step_index, stages(item)
    is_under_way = index is not None and 0 <= index < len(names)
    return names[index] if index is not None and is_under_way else None


def traffic(item: Rollout) -> Traffic | None:
    """How much goes to the newest revision; of a canary without a router, by its replicas.

    Of a preview all goes there that is no production traffic.
    """
    status = item.status
    if not status.current_pod_hash:
        return None
    if item.spec.strategy.blue_green is not None:
        is_active = status.blue_green.active_selector == status.current_pod_hash
        return Traffic(production=100.0 if is_active else 0.0, test=100.0)
    if is_through(item):
        return Traffic(production=100.0, test=None)
    if status.canary.weights is not None:
        return Traffic(production=float(status.canary.weights.canary.weight), test=None)
    share = 100 * status.updated_replicas / status.replicas if status.replicas else 0.0
    return Traffic(production=round(share, 1), test=None)


def _steps(item: Rollout) -> list[Step]:
    canary = item.spec.strategy.canary
    return (canary.steps if canary else None) or []
