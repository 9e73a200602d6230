"""How far the rollouts of several workloads are, and the wait until they are over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from msgspec.structs import replace

from dashborion.concurrency import outcome, start
from dashborion.engines.fleet import Fleet
from dashborion.engines.rollout import Followed, Patience, RolloutFollower
from dashborion.errors import DashborionError, PartialFailure, RolloutError, foreseen
from dashborion.models.cause import Cause
from dashborion.models.query import Name, Query, has_wildcards
from dashborion.models.rollout import Rollout, RolloutState, RolloutStatus
from dashborion.models.workload import Workload
from dashborion.orchestrators.changing import WorkloadToChange

Show = Callable[[Sequence[tuple[Workload, RolloutStatus]]], None]


def named(fleet: Fleet, typed: Sequence[str], query: Query) -> list[WorkloadToChange]:
    """The workloads of these NAMEs and PATTERNs, each once.

    Raises:
        NotFound: there is none of a NAME.
        PartialFailure: an environment could not be searched.
    """
    names = [text for text in typed if not has_wildcards(text)]
    patterns = [text for text in typed if has_wildcards(text)]
    calls = [partial(fleet.workload_to_change, name, query) for name in dict.fromkeys(names)]
    if patterns:
        listed = fleet.workloads(query, patterns=patterns)
        listed.require_complete()
        calls += [partial(_again, fleet, found.item, query) for found in listed.items]
    found = [outcome(future) for future in [start(call) for call in calls]]
    return list({(one.environment.label, str(one.name)): one for one in found}.values())


def _again(fleet: Fleet, item: Workload, query: Query) -> WorkloadToChange:
    """What a list has found, by the name that no other workload has."""
    environment = next(
        one
        for one in fleet.environments
        if (one.project, one.name) == (item.project, item.environment)
    )
    name = Name(item.name, item.type, item.namespace)
    return fleet.ask(environment, lambda one: one.changes.workload(name, query))


def tell(
    follower: RolloutFollower,
    workloads: Sequence[WorkloadToChange],
    patience: Patience | None,
    show: Show,
) -> None:
    """Show how far current rollouts are, with patience when all of them are over.

    Raises:
        UsageError: the patience is for what one of them never comes to.
        RolloutFailed, RolloutPending: how a wait ended; the worst of them.
        PartialFailure: of some workloads nothing could be had; the others are shown.
        DashborionError: the same of the only one.
    """
    if patience is None:
        _tell_now(follower, workloads, show)
        return
    for one in workloads:
        patience.until.require_possible(one)
    rollouts = [one.workload.rollout for one in workloads]

    def seen(at: int, rollout: Rollout) -> None:
        rollouts[at] = rollout

    def failed(at: int, error: RolloutError) -> None:
        rollouts[at] = replace(rollouts[at], causes=list(error.causes))

    try:
        followed = []
        for at, one in enumerate(workloads):
            with foreseen(one.environment.label):
                rollout = one.current_rollout()
            where = f"{one.environment.label}:" if len(follower.fleet.environments) > 1 else ""
            name = f"{where}{one.workload.name}"
            followed.append(Followed(name, one, rollout, partial(seen, at), partial(failed, at)))
        follower.follow_all(followed, patience)
    finally:
        show([_told(one, rollout) for one, rollout in zip(workloads, rollouts, strict=True)])


def _tell_now(follower: RolloutFollower, workloads: Sequence[WorkloadToChange], show: Show) -> None:
    asked = [start(partial(_current, follower, one)) for one in workloads]
    told, asked_of, failures = [], [], []
    for workload, future in zip(workloads, asked, strict=True):
        try:
            told.append(_told(workload, outcome(future)))
            asked_of.append(workload)
        except DashborionError as error:
            failures.append(error)
    if failures and not told:
        raise failures[0]
    for failure in failures:
        follower.fleet.report(failure)
    show(told)
    for workload, (_, rollout) in zip(asked_of, told, strict=True):
        if onward := follower.onward(workload, rollout):
            follower.streams.note(f"{rollout.workload}: {onward}")
    if failures:
        raise PartialFailure(f"{len(failures)} of {len(workloads)} rollouts could not be read")


def _current(follower: RolloutFollower, workload: WorkloadToChange) -> Rollout:
    with foreseen(workload.environment.label):
        rollout = workload.rollout()
    if rollout.state is RolloutState.COMPLETE:
        return rollout
    return replace(rollout, causes=_causes(follower, workload))


def _causes(follower: RolloutFollower, workload: WorkloadToChange) -> list[Cause] | None:
    """Why a rollout is not complete; None, with a warning, if that cannot be had."""
    try:
        with foreseen(workload.environment.label):
            told = workload.current_rollout().explain().causes
    except DashborionError as lost:
        follower.streams.warn(lost)
        return None
    return follower.fleet.addressed(told, workload.environment, workload.workload.namespace)


def _told(workload: WorkloadToChange, rollout: Rollout) -> tuple[Workload, RolloutStatus]:
    item = workload.workload
    return item, RolloutStatus(
        **{field: getattr(rollout, field) for field in Rollout.__struct_fields__},
        project=item.project,
        environment=item.environment,
        namespace=item.namespace,
        workload=item.name,
        type=item.type,
    )
