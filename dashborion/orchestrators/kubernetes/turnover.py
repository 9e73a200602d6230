"""Which rollouts a workload has had, and who scaled it. Pure.

Stamps are whole seconds. A rollback takes up an old ReplicaSet or ControllerRevision and raises
its number, so what it was created for is not all that it was used for. ``managedFields`` have the
last write of each manager, and no earlier one; of a scale not even its time.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from dashborion.models.cause import Evidence, Severity
from dashborion.models.definition import Difference
from dashborion.models.query import Found
from dashborion.models.timeline import Actor, Entry, EntryKind
from dashborion.orchestrators.difference import compared
from dashborion.orchestrators.kubernetes import normalise, wire
from dashborion.orchestrators.kubernetes.argo_wire import Rollout
from dashborion.orchestrators.kubernetes.happened import (
    MANAGED,
    WorkloadPast,
    count,
    first,
    last,
    later,
    told,
)
from dashborion.orchestrators.kubernetes.history import template_of
from dashborion.orchestrators.timeline import in_words

RESTARTED_AT = "metadata.annotations.kubectl.kubernetes.io/restartedAt"
_SET = re.compile(  # as Deployments say it, and as Argo does
    r"Scaled (?:up|down) (?:replica set|ReplicaSet) (\S+)(?: \(revision \d+\))?"
    r"(?: from (\d+))? to (\d+)"
)
_OF_SET = re.compile(r"(?:([Cc]reate)|[Dd]elete) Pod \S+-(\d+) in StatefulSet ")
_SIZE = re.compile(r"New size: (\d+); reason: (.*)", re.DOTALL)
_NEAR = timedelta(seconds=2)


class Rolled(NamedTuple):
    """A rollout: to which revision, when, if that is known, and whether it had run before."""

    kept: Found[normalise.Kept]
    number: int
    at: datetime | None
    again: bool


def entries(facts: WorkloadPast) -> Iterator[Entry]:
    """Its rollouts, in their order, that the newest failed, and its scaling."""
    rolled = rollouts(facts.item, facts.kept, facts.events)
    yield from _rolled_out(facts, rolled)
    yield from _failure(facts)
    yield from _scalings(facts, rolled)


# --- Rollouts -------------------------------------------------------------------------------------


def rollouts(
    item: wire.Controller, kept: Sequence[Found[normalise.Kept]], events: Iterable[wire.Event] = ()
) -> list[Rolled]:
    """Which revisions were rolled out, in their order."""
    if not isinstance(item, wire.Deployment):
        return _of_revisions(kept)
    numbered = [
        (number, one, number == min(numbers))
        for one in kept
        for numbers in [_numbers(one.item)]
        for number in numbers
    ]
    numbered.sort(key=lambda one: one[0])
    written = max(
        (one.time for one in item.metadata.managed_fields or () if one.has_template and one.time),
        default=None,
    )
    firsts = [one.item.metadata.creation_timestamp if first else None for _, one, first in numbered]
    said: list[Rolled] = []
    scaled = _scaled(events)
    for index, (number, one, is_first) in enumerate(numbered):
        at = firsts[index]
        if at is None and index == len(numbered) - 1:
            at = written
        elif at is None:
            after = next(filter(None, firsts[index + 1 :]), written)
            before = next((past.at for past in reversed(said) if past.at), None)
            is_newest_use = all(later is not one for _, later, _ in numbered[index + 1 :])
            writes = _written(one) if is_newest_use else []
            # Events that say the same are one, with its first and last time: of several uses, the
            # last may be that of the newest.
            uses = sum(other is one for _, other, is_first in numbered[:-1] if not is_first)
            replaced = numbered[index - 1][1] if uses == 1 else None
            seen = scaled if replaced or is_newest_use else ()
            at = _taken_up(one, replaced, seen, writes, (before, after))
        said.append(Rolled(one, number, at, not is_first))
    return said


def _numbers(kept: normalise.Kept) -> list[int]:
    """The numbers that a ReplicaSet has had, the lowest first; none if it has none now."""
    if isinstance(kept, wire.ControllerRevision):
        return []
    former = normalise.former_numbers(kept).split(",")
    now = normalise.revision_number(kept)
    return sorted({*(int(one) for one in former if one.isdecimal()), now}) if now else []


def _taken_up(
    one: Found[normalise.Kept],
    other: Found[normalise.Kept] | None,
    scaled: Sequence[_Scaled],
    written: Sequence[datetime],
    bounds: tuple[datetime | None, datetime | None],
) -> datetime | None:
    """When a ReplicaSet was gone back to, though that was not the last thing that happened.

    It is scaled up from zero, or else the other one down. Else the last time that it was
    ``written`` may be that of its number, unless that is not within the ``bounds``.
    """
    after, before = bounds
    name, replaced = one.item.metadata.name, other and other.item.metadata.name
    begun = [each.at for each in scaled if each.name == name and each.is_up and not each.before]
    ended = [each.at for each in scaled if each.name == replaced and not each.is_up]
    for fitting in (begun, ended):
        if times := [at for at in fitting if _between(at, after, before)]:
            return min(times) if other else max(times)
    return max((at for at in written if _between(at, after, before)), default=None)


def _between(at: datetime, after: datetime | None, before: datetime | None) -> bool:
    return (after is None or at > after) and (before is None or at <= before)


def _written(one: Found[normalise.Kept]) -> list[datetime]:
    """The times of writes to a revision itself, not to its status."""
    if isinstance(one.item, wire.ControllerRevision):
        return [each.time for each in one.item.metadata.managed_fields or () if each.time]
    written = ((one.raw or {}).get("metadata") or {}).get("managedFields") or ()
    times = [str(each.get("time")) for each in written if not each.get("subresource")]
    return [datetime.fromisoformat(time) for time in times if time != "None"]


def _of_revisions(kept: Sequence[Found[normalise.Kept]]) -> list[Rolled]:
    """ControllerRevisions are written to when they are made, and when they are gone back to."""
    said = []
    for one in kept:
        made, number = one.item.metadata.creation_timestamp, normalise.revision_number(one.item)
        last = max(_written(one), default=made)
        said.append(Rolled(one, number, made, again=False))
        if made is not None and last is not None and last > made:
            said.append(Rolled(one, number, last, again=True))
    return sorted(said, key=lambda one: (one.at is not None, one.at, one.number))


def _rolled_out(facts: WorkloadPast, rolled: Sequence[Rolled]) -> Iterator[Entry]:
    for index, one in enumerate(rolled):
        is_last = index == len(rolled) - 1
        before = rolled[index - 1] if index else None
        is_numbered = isinstance(facts.item, wire.Deployment)
        after = _revision(one, facts.item)
        differences: list[Difference] = []
        if before is not None:
            templates = (template_of(each.kept.raw or {}) for each in (before, one))
            differences = compared(*templates)
        is_newest_use = all(later.kept is not one.kept for later in rolled[index + 1 :])
        annotations = one.kept.item.metadata.annotations or {}
        yield told(
            facts,
            EntryKind.ROLLOUT,
            one.at,
            _in_words(
                one,
                after,
                differences,
                annotations if is_newest_use else {},
                is_new=not index and _is_new(one.at, facts.item),
            ),
            before=None if before is None else _revision(before, facts.item),
            after=after,
            actor=_actor(facts.item) if is_last else None,
            differences=differences,
            api="replicasets" if is_numbered else "controllerrevisions",
            object=f"{type(one.kept.item).__name__.lower()}/{one.kept.item.metadata.name}",
        )


def changes(item: wire.Controller, kept: Iterable[normalise.Kept]) -> Iterator[Evidence]:
    """What somebody changed, as evidence, as far as the workload and its revisions tell it."""
    source = f"{type(item).__name__.lower()}/{item.metadata.name}"
    for one in rollouts(item, list(map(Found, kept))):
        verb = "rolled back to" if one.again else "rolled out"
        value = f"{verb} {_revision(one, item)}"
        yield Evidence(source=source, field="last change", value=value, timestamp=one.at)


def _revision(one: Rolled, item: wire.Controller) -> str:
    if isinstance(item, wire.Deployment):
        return str(one.number)
    return normalise.revision_name(one.kept.item, item.metadata.name)


def _in_words(
    one: Rolled,
    after: str,
    differences: Sequence[Difference],
    annotations: Mapping[str, str],
    *,
    is_new: bool,
) -> str:
    what = in_words(differences)
    more = f" ({what})" if what else ""
    numbers = _numbers(one.kept.item)
    if [each.field for each in differences] == [RESTARTED_AT]:
        text = f"restarted as {after}"
    elif one.again:
        text = f"rolled back to {numbers[0]} as {after}" if numbers else f"rolled back to {after}"
        text += more
    else:
        text = "created" if is_new else f"deployed {after}{more}"
    reason = annotations.get(normalise.CHANGE_CAUSE)
    return f"{text}: {reason}" if reason else text


def _is_new(at: datetime | None, item: wire.Controller) -> bool:
    made = item.metadata.creation_timestamp
    return at is not None and made is not None and at - made <= _NEAR


def _actor(item: wire.Controller) -> Actor | None:
    """Whoever wrote the template last."""
    written = [
        (one.time, one.manager)
        for one in item.metadata.managed_fields or ()
        if one.has_template and one.time
    ]
    _, manager = max(written, default=(None, ""))
    return Actor(name=manager, via=MANAGED) if manager else None


def _failure(facts: WorkloadPast) -> Iterator[Entry]:
    """That the newest rollout made no progress until its deadline."""
    for one in facts.item.status.conditions or ():
        if one.type == "Progressing" and one.reason == "ProgressDeadlineExceeded":
            yield told(
                facts,
                EntryKind.ROLLOUT,
                one.last_update_time,
                f"rollout failed: {one.message or one.reason}",
                severity=Severity.ERROR,
                after=facts.plain.rollout.revision,
                api="conditions",
            )


# --- Scaling --------------------------------------------------------------------------------------


class _Scaled(NamedTuple):
    """That a ReplicaSet was scaled; older servers do not say from where."""

    at: datetime
    name: str
    before: int | None
    after: int
    is_up: bool


def _scaled(events: Iterable[wire.Event]) -> list[_Scaled]:
    """In their order; an event that was repeated is known at its first and last time."""
    found = []
    for one in events:
        said = _SET.match(one.message or "") if one.reason == "ScalingReplicaSet" else None
        if said is None:
            continue
        before = int(said[2]) if said[2] else None
        is_up = (one.message or "").startswith("Scaled up")
        for at in {first(one), last(one)} - {None}:
            if at is not None:
                found.append(_Scaled(at, said[1], before, int(said[3]), is_up))
    return sorted(found, key=lambda one: (one.at, one.name, one.before or 0, one.after))


def _of_set(facts: WorkloadPast) -> Iterator[_Scaled]:
    """What was done to the count of a StatefulSet, whose pods are numbered.

    Those beyond it were deleted by the controller and not made again, and of those that it made
    nothing was said before, while others were there.
    """
    if not isinstance(facts.item, wire.StatefulSet):
        return
    name, start = facts.item.metadata.name, facts.item.spec.ordinals.start
    made: dict[int, list[datetime]] = defaultdict(list)
    gone: dict[int, list[datetime]] = defaultdict(list)
    known: dict[int, list[datetime]] = defaultdict(list)
    for one in facts.events:
        said, pod = _OF_SET.match(one.message or ""), one.involved_object.name or ""
        number = said[2] if said else pod.rpartition("-")[2]
        if number.isdecimal() and (said or one.involved_object.kind == "Pod"):
            times = (made if said[1] else gone) if said else known
            times[int(number)] += filter(None, (first(one), last(one)))
    new = {
        number: min(times)
        for number, times in made.items()
        if times and min(times) <= min([*gone[number], *known[number], *times])
    }
    end = lowest = max(new, default=-1) + 1
    while lowest - 1 in new:
        lowest -= 1
    if start < lowest < end:
        yield _Scaled(new[lowest], name, lowest - start, end - start, is_up=True)
    left = start + facts.plain.desired
    beyond = {
        number: max(times)
        for number, times in gone.items()
        if number >= left and times and max(times) >= max([*made[number], *times])
    }
    if beyond:
        before = max(beyond) + 1 - start
        yield _Scaled(min(beyond.values()), name, before, facts.plain.desired, is_up=False)


def _scalings(facts: WorkloadPast, rolled: Sequence[Rolled]) -> Iterator[Entry]:
    """What an autoscaler or somebody else did to the replicas."""
    seen: list[datetime] = []
    autoscalers = {one.metadata.name for one in facts.autoscalers}
    for one in facts.events:
        said = _SIZE.match(one.message or "") if one.reason == "SuccessfulRescale" else None
        at, name = first(one), one.involved_object.name or ""
        if said is None or at is None or name not in autoscalers:
            continue
        seen.append(at)
        yield told(
            facts, EntryKind.SCALE, at, f"scaled to {said[1]}: {said[2]}", after=said[1],
            actor=Actor(name=name, via="autoscaling"), count=count(one), last_seen=later(one),
            object=f"horizontalpodautoscaler/{name}",
        )  # fmt: skip
    # What Argo's steps, and an abort, do to the counts of two ReplicaSets looks as if scaled.
    scaled = [] if isinstance(facts.item, Rollout) else _scaled(facts.events)
    known = [
        each
        for each in (*_by_somebody(scaled, rolled), *sorted(_of_set(facts)))
        if not any(abs(each.at - other) <= _NEAR for other in seen)
    ]
    for each in known:
        is_last = each is known[-1]
        # Of several ReplicaSets the event has the count of one.
        is_whole = not is_last or each.after == facts.plain.desired
        before = str(each.before) if is_whole and each.before is not None else None
        after = str(facts.plain.desired if is_last else each.after)
        summary = f"scaled from {before} to {after}" if before else f"scaled to {after}"
        owner = _owner_of_replicas(facts.item) if is_last else None
        yield told(
            facts, EntryKind.SCALE, each.at, summary, before=before, after=after, actor=owner
        )


def _owner_of_replicas(item: wire.Controller) -> Actor | None:
    """Who set them last: a field that is changed has one owner. A scale has no time there."""
    owners = {one.manager for one in item.metadata.managed_fields or () if one.has_replicas}
    return Actor(name=owners.pop(), via=MANAGED) if len(owners) == 1 else None


def _by_somebody(scaled: Sequence[_Scaled], rolled: Sequence[Rolled]) -> Iterator[_Scaled]:
    """What no rollout does to a ReplicaSet that has replicas.

    That is to scale the old one up, or to scale one while no other one has any, also from zero,
    to which it was scaled meanwhile. Nothing is told of what may be a rollout without a time.
    """
    left: dict[str, int] = {}
    coming = [
        (one.at, one.kept.item.metadata.name, all(later.at is not None for later in after))
        for index, one in enumerate(rolled)
        for after in [rolled[index + 1 : index + 2]]
        if one.at is not None
    ]
    target, is_sure = "", True
    for one in scaled:
        while coming and coming[0][0] <= one.at:
            if target:
                left.setdefault(target, 1)
            _, target, is_sure = coming.pop(0)
            left[target] = left.get(target) or 1  # which it will have
        others = any(number for name, number in left.items() if name != one.name)
        is_of_old = bool(target) and one.name != target and one.is_up
        is_back = one.before == left.get(one.name) == 0 and one.name == target
        if is_sure and ((one.before and is_of_old) or ((one.before or is_back) and not others)):
            yield one
        left[one.name] = one.after
