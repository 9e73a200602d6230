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

from dashborion.models import Rollout, RolloutState
from dashborion.orchestrators.kubernetes import wire

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
    if item.spec.paused:
        return rollout(RolloutState.PAUSED, "paused: changes wait for `rollout resume`")
    if progressing and progressing.reason == "ProgressDeadlineExceeded":
        return rollout(RolloutState.FAILED, progressing.message or "progress deadline exceeded")
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
    wanted = max(0, desired - partition)
    if status.updated_replicas < wanted:
        if strategy.type == "OnDelete":
            return rollout(RolloutState.PAUSED, on_delete(status.updated_replicas, desired))
        message = f"{status.updated_replicas} of {wanted} replicas updated"
        return rollout(RolloutState.PROGRESSING, message)
    if status.replicas > desired:
        return rollout(
            RolloutState.PROGRESSING, f"{status.replicas - desired} replicas pending termination"
        )
    if partition:
        return rollout(RolloutState.COMPLETE, f"replicas below {partition} keep their revision")
    return rollout(RolloutState.COMPLETE)


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
            return rollout(RolloutState.PAUSED, on_delete(updated, desired))
        return rollout(RolloutState.PROGRESSING, f"{updated} of {desired} pods updated")
    return rollout(RolloutState.COMPLETE)


def on_delete(updated: int, desired: int) -> str:
    return f"OnDelete: {desired - updated} pods keep the old revision until they are deleted"


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


def rolling_floor(strategy: wire.Strategy, desired: int) -> int:
    """The same for a StatefulSet or DaemonSet, which replace one at a time unless told."""
    rolling = strategy.rolling_update or wire.RollingUpdate()
    unavailable = _scaled(rolling.max_unavailable, 1, desired, up=True)
    return max(0, desired - max(1, unavailable))


def condition(conditions: Iterable[wire.Condition] | None, type_: str) -> wire.Condition | None:
    """The condition of that type, if the object has it."""
    return next((item for item in conditions or () if item.type == type_), None)


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
