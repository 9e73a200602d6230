"""Is it rolled out? One pure judgement per kind, in kubectl's order.

Follows ``polymorphichelpers/rollout_status.go``: the observed generation comes
first, else an old status reads as done. Where kubectl goes on waiting for
availability after the controller has called the rollout complete, the rollout
is complete here and missing replicas show in the workload's status instead: a
pod that dies a week later is not a rollout.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction

from msgspec import Struct

from dashborion.models.rollout import Rollout, RolloutState, WaitingFor
from dashborion.orchestrators.changing import Verdict
from dashborion.orchestrators.kubernetes import argo, wire
from dashborion.orchestrators.kubernetes.argo_wire import Rollout as ArgoRollout
from dashborion.orchestrators.kubernetes.argo_wire import RolloutStrategy

_Judgement = tuple[RolloutState, str | None]
_REVISIONS = (argo.REVISION, "deployment.kubernetes.io/revision")
_STRATEGIES = {"RollingUpdate": "rolling", "Recreate": "recreate", "OnDelete": "on-delete"}
_UNOBSERVED = "waiting for the change to be observed"


def revision_of(metadata: wire.Meta) -> str | None:
    """The number that a controller has given to a ReplicaSet, and to what it is of."""
    known = metadata.annotations or {}
    return next((known[one] for one in _REVISIONS if known.get(one)), None)


class Counts(Struct, frozen=True):
    """A controller's replicas, under the same names for all kinds."""

    desired: int
    existing: int
    ready: int
    available: int


def counts(item: wire.Controller) -> Counts:
    """How many replicas there are; an old server's StatefulSet has ready ones only."""
    if isinstance(item, wire.DaemonSet):
        desired = item.status.desired_number_scheduled
        return Counts(desired, desired, item.status.number_ready, item.status.number_available)
    status = item.status
    ready, available = status.ready_replicas, status.available_replicas
    existing = status.replicas
    if isinstance(item, ArgoRollout) and item.spec.strategy.blue_green is not None:
        existing = status.updated_replicas  # the others stay for a while beside them
    return Counts(
        replicas(item.spec.replicas),
        existing,
        ready,
        ready if available is None else available,
    )


def rollout(item: wire.Controller, *, was_available: bool = True) -> Rollout:
    """A controller's rollout, judged by the rules for its kind.

    ``was_available`` is False for one in doubt of which no pod has ever been ready.
    """
    revision = refusal = None
    if isinstance(item, wire.Deployment):
        revision = revision_of(item.metadata)
        refused = condition(item.status.conditions, "ReplicaFailure")
        refusal = refused.message if refused and refused.status == "True" else None
        state, message = _deployment(item)
    elif isinstance(item, wire.StatefulSet):
        name = item.status.update_revision
        revision = name.removeprefix(f"{item.metadata.name}-") if name else None
        state, message = _statefulset(item)
    else:
        state, message = _daemonset(item)
    if is_unobserved(item):
        state, message = RolloutState.PROGRESSING, _UNOBSERVED
    elif not was_available and is_in_doubt(item):
        state = RolloutState.PROGRESSING
        message = f"0 of {counts(item).desired} replicas available"
    stage = argo.stage(item) if isinstance(item, ArgoRollout) else None
    is_held = isinstance(item, wire.Deployment) and state is RolloutState.PAUSED
    return Rollout(
        state=state,
        revision=revision,
        message=refusal or message,
        strategy=strategy(item),
        stage=stage,
        traffic=argo.traffic(item) if isinstance(item, ArgoRollout) else None,
        waiting_for=WaitingFor(stage=stage) if is_held else None,
    )


def strategy(item: wire.Controller) -> str:
    """How its instances are replaced, as a definition says it: ``rolling`` if nobody chose."""
    if isinstance(item, ArgoRollout):
        return "blue-green" if item.spec.strategy.blue_green else "canary"
    chosen = item.spec.strategy if isinstance(item, wire.Deployment) else item.spec.update_strategy
    return _STRATEGIES.get(chosen.type or "RollingUpdate", (chosen.type or "").lower())


def is_in_doubt(item: wire.Controller) -> bool:
    """Whether the counts look complete, and no pod is available of a kind without conditions."""
    if isinstance(item, wire.Deployment):
        return False
    state, _ = _statefulset(item) if isinstance(item, wire.StatefulSet) else _daemonset(item)
    count = counts(item)
    return state is RolloutState.COMPLETE and count.available == 0 < count.desired


def lacks_pods(item: wire.StatefulSet | wire.DaemonSet) -> bool:
    """Whether fewer pods exist than are wanted."""
    status = item.status
    if isinstance(status, wire.DaemonSetStatus):
        return status.current_number_scheduled < status.desired_number_scheduled
    return status.replicas < counts(item).desired


def replaces_more(item: wire.StatefulSet) -> bool:
    """Whether the controller has pods left to replace by some of the newest revision."""
    if item.spec.update_strategy.type == "OnDelete":
        return False
    return item.status.updated_replicas < _wanted(item)


def _wanted(item: wire.StatefulSet) -> int:
    """How many pods shall have the newest revision: those from the partition on."""
    rolling = item.spec.update_strategy.rolling_update
    return max(0, counts(item).desired - ((rolling.partition if rolling else None) or 0))


def is_unobserved(item: wire.Controller) -> bool:
    """Whether the status is from before the last change; Argo's once was no number but a hash."""
    seen = item.status.observed_generation or 0
    if isinstance(seen, str):
        seen = int(seen) if seen.isdecimal() else item.metadata.generation
    return item.metadata.generation > seen


def _deployment(item: wire.Deployment) -> _Judgement:
    """From the Progressing condition and the counts; an Argo Rollout's from its phase."""
    if isinstance(item, ArgoRollout):
        return argo.judged(item)
    desired, status = replicas(item.spec.replicas), item.status
    progressing = condition(status.conditions, "Progressing")
    if item.spec.paused:  # no deadline runs meanwhile, but one that was reported stays
        return RolloutState.PAUSED, "changes of the template wait until it is resumed"
    if progressing and progressing.reason == "ProgressDeadlineExceeded":
        return RolloutState.FAILED, progressing.message or "progress deadline exceeded"
    if status.updated_replicas < desired:
        return RolloutState.PROGRESSING, f"{status.updated_replicas} of {desired} replicas updated"
    if status.replicas > status.updated_replicas:
        old = status.replicas - status.updated_replicas
        return RolloutState.PROGRESSING, f"{old} old replicas pending termination"
    done = progressing is not None and progressing.reason == "NewReplicaSetAvailable"
    if status.available_replicas < status.updated_replicas and not done:
        available = f"{status.available_replicas} of {status.updated_replicas}"
        return RolloutState.PROGRESSING, f"{available} updated replicas available"
    return RolloutState.COMPLETE, None


def _statefulset(item: wire.StatefulSet) -> _Judgement:
    """The revisions are compared whatever the partition says.

    kubectl skips the comparison when ``rollingUpdate`` is set without a partition.
    """
    status, strategy = item.status, item.spec.update_strategy
    partition = (strategy.rolling_update.partition if strategy.rolling_update else None) or 0
    if status.observed_generation == 0:
        return RolloutState.PROGRESSING, _UNOBSERVED
    if strategy.type == "OnDelete" and (old := status.replicas - status.updated_replicas) > 0:
        return RolloutState.PAUSED, on_delete(old)
    if waiting := _statefulset_waits(item, partition):
        return RolloutState.PROGRESSING, waiting
    if partition and status.update_revision != status.current_revision:
        return RolloutState.COMPLETE, f"replicas below {partition} keep their revision"
    return RolloutState.COMPLETE, None


def _statefulset_waits(item: wire.StatefulSet, partition: int) -> str | None:
    """What a StatefulSet's rollout waits for.

    The controller makes the new revision the current one when all pods have it
    and are ready; it never does so behind a partition.
    """
    status, desired, wanted = item.status, counts(item).desired, _wanted(item)
    rolls = item.spec.update_strategy.type != "OnDelete"
    if rolls and status.updated_replicas < wanted:
        return f"{status.updated_replicas} of {wanted} replicas updated"
    if status.replicas < desired:
        return f"{status.replicas} of {desired} replicas exist"
    if status.replicas > desired:
        return f"{status.replicas - desired} replicas pending termination"
    if not rolls or status.update_revision == status.current_revision:
        return None
    if status.ready_replicas < desired:
        return f"{status.ready_replicas} of {desired} replicas ready"
    return None if partition else "waiting for the new revision to become current"


def _daemonset(item: wire.DaemonSet) -> _Judgement:
    """How many nodes run the updated pod."""
    desired = item.status.desired_number_scheduled
    updated = item.status.updated_number_scheduled
    if updated >= desired:
        return RolloutState.COMPLETE, None
    if item.spec.update_strategy.type == "OnDelete":
        return RolloutState.PAUSED, on_delete(desired - updated)
    return RolloutState.PROGRESSING, f"{updated} of {desired} pods updated"


def verdict(item: wire.Controller, state: Rollout) -> Verdict:
    """Whether a wait is over. Unlike a list's ``rollout``, this also waits for availability."""
    if state.state is RolloutState.FAILED:
        return Verdict(state.message or "failed", ended="rollout-failed")
    if state.state is RolloutState.PAUSED:
        return Verdict(f"paused: {state.message}", ended="paused")
    if state.state is RolloutState.PROGRESSING:
        # Not that pods are refused: how far it has come tells whether it moves on all the same.
        message = state.message
        if isinstance(item, wire.Deployment) and not is_unobserved(item):
            message = _deployment(item)[1]
        return Verdict(message or "progressing")
    return scaled(item)


def scaled(item: wire.Controller) -> Verdict:
    """Whether the replicas that are wanted are there, whatever revision they are of."""
    if is_unobserved(item):
        return Verdict(_UNOBSERVED)
    count = counts(item)
    desired, available = count.desired, count.available
    if count.existing != desired:
        return Verdict(f"{count.existing} of {desired} replicas exist")
    if available < desired:
        return Verdict(f"{available} of {desired} replicas available")
    return Verdict(f"{available} of {desired} available", done=True)


def on_delete(old: int) -> str:
    return f"OnDelete: {old} pods keep the old revision until they are deleted"


def replicas(count: int | None) -> int:
    """``spec.replicas``, which the API server defaults to one."""
    return 1 if count is None else count


def floor(item: wire.Controller) -> int:
    """How many replicas stay available while a workload rolls; one at least, if any is wanted.

    A Deployment as in ``ResolveFenceposts``: surge rounds up, unavailability down, and
    ``Recreate`` stops everything first. The other kinds replace one at a time unless told;
    a DaemonSet's percentages round up. Without surge, at least one is unavailable.
    """
    default_surge: int | str = 0
    default: int | str = 1
    if isinstance(item, wire.Deployment):
        strategy, default_surge, default = item.spec.strategy, "25%", "25%"
        if isinstance(strategy, RolloutStrategy) and strategy.blue_green:
            return counts(item).desired  # the old ones stay until the new ones have taken over
        if strategy.type == "Recreate":
            return min(1, counts(item).desired)
    else:
        strategy = item.spec.update_strategy
    desired = counts(item).desired
    rolling = strategy.rolling_update or wire.RollingUpdate()
    if isinstance(strategy, RolloutStrategy):
        rolling = strategy.canary or rolling
    rounds_up = isinstance(item, wire.DaemonSet)
    surge = _scaled(rolling.max_surge, default_surge, desired, up=True)
    unavailable = _scaled(rolling.max_unavailable, default, desired, up=rounds_up)
    return max(min(1, desired), desired - (unavailable if surge else max(1, unavailable)))


def condition(conditions: Iterable[wire.Condition] | None, type_: str) -> wire.Condition | None:
    """The condition of that type, if the object has it."""
    for item in conditions or ():
        if item.type == type_:
            return item
    return None


def _scaled(value: int | str | None, default: int | str, of: int, *, up: bool) -> int:
    """An ``IntOrString``: a count, or a percentage of ``of``; anything else is the default."""
    chosen = default if value is None else value
    if isinstance(chosen, int):
        return chosen
    digits = chosen.removesuffix("%")
    if not digits.isdecimal() or len(digits) > 9:
        return _scaled(None, default, of, up=up)
    share = Fraction(int(digits) * of, 100 if chosen.endswith("%") else of or 1)
    return math.ceil(share) if up else math.floor(share)
