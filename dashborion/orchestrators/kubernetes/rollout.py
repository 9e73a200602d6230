"""Is it rolled out? One pure judgement per kind, in kubectl's order.

Follows ``polymorphichelpers/rollout_status.go``: the observed generation comes
first, else an old status reads as done. Where kubectl goes on waiting for
availability after the controller has called the rollout complete, the rollout
is complete here and missing replicas show in the workload's status instead: a
pod that dies a week later is not a rollout.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from math import ceil, floor

from dashborion.models.rollout import Rollout, RolloutState
from dashborion.orchestrators.kubernetes import wire
from dashborion.orchestrators.protocol import Verdict

Controller = wire.Deployment | wire.StatefulSet | wire.DaemonSet
REVISION = "deployment.kubernetes.io/revision"
_UNOBSERVED = "waiting for the change to be observed"


def deployment(item: wire.Deployment) -> Rollout:
    """A Deployment's rollout, from its Progressing condition and its counts."""
    desired, status = replicas(item.spec.replicas), item.status
    progressing = condition(status.conditions, "Progressing")
    revision = (item.metadata.annotations or {}).get(REVISION)
    refused = condition(status.conditions, "ReplicaFailure")
    refusal = refused.message if refused and refused.status == "True" else None

    def rollout(state: RolloutState, message: str | None = None) -> Rollout:
        return Rollout(state=state, revision=revision, message=refusal or message)

    if item.metadata.generation > status.observed_generation:
        return rollout(RolloutState.PROGRESSING, _UNOBSERVED)
    if progressing and progressing.reason == "ProgressDeadlineExceeded":
        return rollout(RolloutState.FAILED, progressing.message or "progress deadline exceeded")
    if item.spec.paused:
        return rollout(RolloutState.PAUSED, "paused: changes wait for `rollout resume`")
    if status.updated_replicas < desired:
        return rollout(
            RolloutState.PROGRESSING, f"{status.updated_replicas} of {desired} replicas updated"
        )
    if status.replicas > status.updated_replicas:
        old = status.replicas - status.updated_replicas
        return rollout(RolloutState.PROGRESSING, f"{old} old replicas pending termination")
    done = progressing is not None and progressing.reason == "NewReplicaSetAvailable"
    if status.available_replicas < status.updated_replicas and not done:
        available = f"{status.available_replicas} of {status.updated_replicas}"
        return rollout(RolloutState.PROGRESSING, f"{available} updated replicas available")
    return rollout(RolloutState.COMPLETE)


def statefulset(item: wire.StatefulSet) -> Rollout:
    """A StatefulSet's rollout; the revisions are compared whatever the partition says.

    kubectl skips the comparison when ``rollingUpdate`` is set without a partition.
    """
    desired, status = replicas(item.spec.replicas), item.status
    name = status.update_revision
    revision = name.removeprefix(f"{item.metadata.name}-") if name else None
    strategy = item.spec.update_strategy
    partition = (strategy.rolling_update.partition if strategy.rolling_update else None) or 0

    def rollout(state: RolloutState, message: str | None = None) -> Rollout:
        return Rollout(state=state, revision=revision, message=message)

    if status.observed_generation == 0 or item.metadata.generation > status.observed_generation:
        return rollout(RolloutState.PROGRESSING, _UNOBSERVED)
    if strategy.type == "OnDelete" and (old := status.replicas - status.updated_replicas) > 0:
        return rollout(RolloutState.PAUSED, on_delete(old))
    if waiting := _statefulset_waits(item, desired, partition):
        return rollout(RolloutState.PROGRESSING, waiting)
    if partition and status.update_revision != status.current_revision:
        return rollout(RolloutState.COMPLETE, f"replicas below {partition} keep their revision")
    return rollout(RolloutState.COMPLETE)


def _statefulset_waits(item: wire.StatefulSet, desired: int, partition: int) -> str | None:
    """What a StatefulSet's rollout waits for.

    The controller makes the new revision the current one when all pods have it
    and are ready; it never does so behind a partition.
    """
    status = item.status
    rolls = item.spec.update_strategy.type != "OnDelete"
    wanted = max(0, desired - partition)
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


def daemonset(item: wire.DaemonSet) -> Rollout:
    """A DaemonSet's rollout: how many nodes run the updated pod."""
    status = item.status
    desired, updated = status.desired_number_scheduled, status.updated_number_scheduled

    def rollout(state: RolloutState, message: str | None = None) -> Rollout:
        return Rollout(state=state, revision=None, message=message)

    if item.metadata.generation > status.observed_generation:
        return rollout(RolloutState.PROGRESSING, _UNOBSERVED)
    if updated < desired:
        if item.spec.update_strategy.type == "OnDelete":
            return rollout(RolloutState.PAUSED, on_delete(desired - updated))
        return rollout(RolloutState.PROGRESSING, f"{updated} of {desired} pods updated")
    return rollout(RolloutState.COMPLETE)


def verdict(item: Controller, state: Rollout) -> Verdict:
    """Whether a wait is over. Unlike a list's ``rollout``, this also waits for availability."""
    if state.state is RolloutState.FAILED:
        return Verdict(state.message or "failed", ended="rollout-failed")
    if state.state is RolloutState.PAUSED:
        return Verdict(state.message or "paused", ended="paused")
    if state.state is RolloutState.PROGRESSING:
        return Verdict(state.message or "progressing")
    return scaled(item)


def scaled(item: Controller) -> Verdict:
    """Whether the replicas that are wanted are there, whatever revision they are of."""
    if item.metadata.generation > item.status.observed_generation:
        return Verdict(_UNOBSERVED)
    desired, existing, available = _existing(item)
    if existing != desired:
        return Verdict(f"{existing} of {desired} replicas exist")
    if available < desired:
        return Verdict(f"{available} of {desired} replicas available")
    return Verdict(f"complete: {available} of {desired} replicas available", done=True)


def _existing(item: Controller) -> tuple[int, int, int]:
    """Desired, existing and available replicas; an old server's StatefulSet has ready ones only."""
    if isinstance(item, wire.DaemonSet):
        desired = item.status.desired_number_scheduled
        return desired, desired, item.status.number_available
    status = item.status
    available = status.available_replicas
    ready = status.ready_replicas if available is None else available
    return replicas(item.spec.replicas), status.replicas, ready


def on_delete(old: int) -> str:
    return f"OnDelete: {old} pods keep the old revision until they are deleted"


def replicas(count: int | None) -> int:
    """``spec.replicas``, which the API server defaults to one."""
    return 1 if count is None else count


def deployment_floor(item: wire.Deployment) -> int:
    """How many replicas stay available while a Deployment rolls.

    As ``ResolveFenceposts``: surge rounds up, unavailability down, and both
    zero means one. ``Recreate`` stops everything first.
    """
    desired = replicas(item.spec.replicas)
    if item.spec.strategy.type == "Recreate":
        return 0
    rolling = item.spec.strategy.rolling_update or wire.RollingUpdate()
    surge = _scaled(rolling.max_surge, "25%", desired, up=True)
    unavailable = _scaled(rolling.max_unavailable, "25%", desired, up=False)
    if surge == 0 and unavailable == 0:
        unavailable = 1
    return max(0, desired - unavailable)


def statefulset_floor(item: wire.StatefulSet) -> int:
    """The same for a StatefulSet: one at a time unless told, percentages round down."""
    desired = replicas(item.spec.replicas)
    rolling = item.spec.update_strategy.rolling_update or wire.RollingUpdate()
    return max(0, desired - max(1, _scaled(rolling.max_unavailable, 1, desired, up=False)))


def daemonset_floor(item: wire.DaemonSet) -> int:
    """The same for a DaemonSet: one at a time unless it surges, percentages round up."""
    desired = item.status.desired_number_scheduled
    rolling = item.spec.update_strategy.rolling_update or wire.RollingUpdate()
    surge = _scaled(rolling.max_surge, 0, desired, up=True)
    unavailable = _scaled(rolling.max_unavailable, 1, desired, up=True)
    if surge == 0 and unavailable == 0:
        unavailable = 1
    return max(0, desired - unavailable)


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
    if not digits.isdecimal():
        return _scaled(None, default, of, up=up)
    share = Fraction(int(digits) * of, 100 if chosen.endswith("%") else of or 1)
    return ceil(share) if up else floor(share)
