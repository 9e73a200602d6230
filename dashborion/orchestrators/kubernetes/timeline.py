"""What the API's objects and events tell of a workload's past. Pure.

Stamps are whole seconds. A rollback takes up an old ReplicaSet or ControllerRevision and raises
its number, so what it was created for is not all that it was used for. ``managedFields`` have the
last write of each manager, and no earlier one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

from msgspec import Struct

from dashborion.models.cause import Evidence, Severity
from dashborion.models.definition import Difference
from dashborion.models.query import Found
from dashborion.models.timeline import Actor, Entry, EntryKind, Source
from dashborion.models.workload import Workload
from dashborion.orchestrators.difference import compared
from dashborion.orchestrators.kubernetes import normalise, wire
from dashborion.orchestrators.kubernetes.history import template_of
from dashborion.orchestrators.timeline import in_words

RESTARTED_AT = "metadata.annotations.kubectl.kubernetes.io/restartedAt"
MANAGED = "managedFields"
_SET = re.compile(r"Scaled (?:up|down) replica set (\S+)(?: from (\d+))? to (\d+)")
_POD = re.compile(r"(?:[Cc]reated?|[Dd]eleted?) [Pp]od:? (\S+)")
_SIZE = re.compile(r"New size: (\d+); reason: (.*)", re.DOTALL)
_NEAR = timedelta(seconds=2)
_INFO, _WARNING, _ERROR = Severity.INFO, Severity.WARNING, Severity.ERROR
# What may be said of a pod, beside that it came and went.
_OF_PODS: Mapping[str, tuple[EntryKind, Severity]] = {
    "Evicted": (EntryKind.INSTANCE, _ERROR),
    "Preempted": (EntryKind.INSTANCE, _WARNING),
    "TaintManagerEviction": (EntryKind.INSTANCE, _WARNING),
    "NodeNotReady": (EntryKind.NODE, _WARNING),
}
_OF_NODES = frozenset({
    "Rebooted", "OOMKilling", "SystemOOM", "EvictionThresholdMet", "FreeDiskSpaceFailed",
    "KernelOops", "TaskHung", "FilesystemIsReadOnly", "ContainerdUnhealthy", "KubeletUnhealthy",
})  # fmt: skip
_REFERENCES = ("configMap", "configMapRef", "configMapKeyRef")


class Facts(Struct, frozen=True, kw_only=True):
    """A workload and what is around it.

    ``kept`` are its own revisions with their templates. ``events`` are those about it, its
    revisions, pods and autoscalers; ``gone`` the names that its pods have had.
    """

    plain: Workload
    item: wire.Controller
    kept: Sequence[Found[normalise.Kept]] = ()
    pods: Sequence[wire.Pod] = ()
    events: Sequence[wire.Event] = ()
    autoscalers: frozenset[str] = frozenset()
    config_maps: Sequence[wire.TracedObject] = ()


class Rolled(NamedTuple):
    """A rollout: to which revision, when, if that is known, and whether it had run before."""

    kept: Found[normalise.Kept]
    number: int
    at: datetime | None
    again: bool


def entries(facts: Facts) -> list[Entry]:
    """All that is known of a workload, its rollouts in their order."""
    rolled = rollouts(facts.item, facts.kept, facts.events)
    return [
        *_told_rollouts(facts, rolled),
        *_failure(facts),
        *_scalings(facts, rolled),
        *_instances(facts),
        *_restarts(facts),
        *_configuration(facts),
    ]


def _entry(facts: Facts, kind: EntryKind, at: datetime | None, summary: str, **more: Any) -> Entry:
    api, item = more.pop("api", None), facts.plain
    kind_word = type(facts.item).__name__.lower()
    object_ = more.pop("object", f"{kind_word}/{item.name}")
    return Entry(
        timestamp=at,
        project=item.project,
        environment=item.environment,
        namespace=item.namespace,
        workload=item.name,
        kind=kind,
        severity=more.pop("severity", _INFO),
        summary=summary,
        source=Source(api=api or "events", object=object_),
        **more,
    )


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
    told: list[Rolled] = []
    scaled = _scaled(events)
    for index, (number, one, is_first) in enumerate(numbered):
        at = firsts[index]
        if at is None and index == len(numbered) - 1:
            at = written
        elif at is None:
            after = next(filter(None, firsts[index + 1 :]), written)
            before = next((past.at for past in reversed(told) if past.at), None)
            at = _taken_up(one, numbered[index - 1][1], scaled, (before, after))
        told.append(Rolled(one, number, at, not is_first))
    return told


def _numbers(kept: normalise.Kept) -> list[int]:
    """The numbers that a ReplicaSet has had, the lowest first; none if it has none now."""
    if isinstance(kept, wire.ControllerRevision):
        return []
    former = (kept.metadata.annotations or {}).get(normalise.FORMER_NUMBERS, "").split(",")
    now = normalise.revision_number(kept)
    return sorted({*(int(one) for one in former if one.isdecimal()), now}) if now else []


def _taken_up(
    one: Found[normalise.Kept],
    other: Found[normalise.Kept],
    scaled: Sequence[_Scaled],
    bounds: tuple[datetime | None, datetime | None],
) -> datetime | None:
    """When a ReplicaSet was gone back to, though that was not the last thing that happened.

    It is scaled up from zero, or else the other one down. Else the controller's last write to it
    may be that of its number, unless that is not within the ``bounds``.
    """
    after, before = bounds
    name, replaced = one.item.metadata.name, other.item.metadata.name
    begun = [each.at for each in scaled if each.name == name and each.is_up and not each.before]
    ended = [each.at for each in scaled if each.name == replaced and not each.is_up]
    for fitting in (begun, ended):
        if times := [at for at in fitting if _between(at, after, before)]:
            return min(times)
    return max((at for at in _written(one) if _between(at, after, before)), default=None)


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
    told = []
    for one in kept:
        made, number = one.item.metadata.creation_timestamp, normalise.revision_number(one.item)
        last = max(_written(one), default=made)
        told.append(Rolled(one, number, made, again=False))
        if made is not None and last is not None and last > made:
            told.append(Rolled(one, number, last, again=True))
    return sorted(told, key=lambda one: (one.at is not None, one.at, one.number))


def _told_rollouts(facts: Facts, rolled: Sequence[Rolled]) -> Iterator[Entry]:
    name = facts.item.metadata.name
    for index, one in enumerate(rolled):
        is_last = index == len(rolled) - 1
        before = rolled[index - 1] if index else None
        is_numbered = isinstance(facts.item, wire.Deployment)
        after = str(one.number) if is_numbered else normalise.revision_name(one.kept.item, name)
        differences: list[Difference] = []
        if before is not None:
            templates = (template_of(each.kept.raw or {}) for each in (before, one))
            differences = compared(*templates)
        is_newest_use = all(later.kept is not one.kept for later in rolled[index + 1 :])
        annotations = one.kept.item.metadata.annotations or {}
        yield _entry(
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
    is_numbered = isinstance(item, wire.Deployment)
    return (
        str(one.number)
        if is_numbered
        else normalise.revision_name(one.kept.item, item.metadata.name)
    )


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


def _failure(facts: Facts) -> Iterator[Entry]:
    """That the newest rollout made no progress until its deadline."""
    for one in facts.item.status.conditions or ():
        if one.type == "Progressing" and one.reason == "ProgressDeadlineExceeded":
            yield _entry(
                facts,
                EntryKind.ROLLOUT,
                one.last_update_time,
                f"rollout failed: {one.message or one.reason}",
                severity=_ERROR,
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
        told = _SET.match(one.message or "") if one.reason == "ScalingReplicaSet" else None
        if told is None:
            continue
        before = int(told[2]) if told[2] else None
        is_up = (one.message or "").startswith("Scaled up")
        for at in {first(one), last(one)} - {None}:
            if at is not None:
                found.append(_Scaled(at, told[1], before, int(told[3]), is_up))
    return sorted(found)


def _scalings(facts: Facts, rolled: Sequence[Rolled]) -> Iterator[Entry]:
    """What an autoscaler or somebody else did to the replicas."""
    seen: list[datetime] = []
    for one in facts.events:
        told = _SIZE.match(one.message or "") if one.reason == "SuccessfulRescale" else None
        at, name = first(one), one.involved_object.name or ""
        if told is None or at is None or name not in facts.autoscalers:
            continue
        seen.append(at)
        yield _entry(
            facts, EntryKind.SCALE, at, f"scaled to {told[1]}: {told[2]}", after=told[1],
            actor=Actor(name=name, via="autoscaling"), count=count(one), last_seen=_later(one),
            object=f"horizontalpodautoscaler/{name}",
        )  # fmt: skip
    known = [
        each
        for each in _by_somebody(_scaled(facts.events), rolled)
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
        yield _entry(
            facts, EntryKind.SCALE, each.at, summary, before=before, after=after, actor=owner
        )


def _owner_of_replicas(item: wire.Controller) -> Actor | None:
    """Who set them last: a field that is changed has one owner. A scale has no time there."""
    owners = {one.manager for one in item.metadata.managed_fields or () if one.has_replicas}
    return Actor(name=owners.pop(), via=MANAGED) if len(owners) == 1 else None


def _by_somebody(scaled: Sequence[_Scaled], rolled: Sequence[Rolled]) -> Iterator[_Scaled]:
    """What no rollout does to a ReplicaSet that has replicas.

    That is to scale the old one up, or to scale one while no other one has any.
    """
    left: dict[str, int] = {}
    target, coming = "", [one for one in rolled if one.at is not None]
    for one in scaled:
        while coming and coming[0].at is not None and coming[0].at <= one.at:
            if target:
                left.setdefault(target, 1)
            target = coming.pop(0).kept.item.metadata.name
        others = any(number for name, number in left.items() if name != one.name)
        is_of_old = bool(target) and one.name != target and one.is_up
        if one.before and (is_of_old or not others):
            yield one
        left[one.name] = one.after


# --- Instances ------------------------------------------------------------------------------------


def _instances(facts: Facts) -> Iterator[Entry]:
    """Pods that came and went, each once, and what else is said of them."""
    of_pod = partial(_of_pod, facts)
    here = {pod.metadata.name: pod for pod in facts.pods}
    for pod in facts.pods:
        yield of_pod(pod.metadata.name, pod.metadata.creation_timestamp, "created", api="pods")
    went: dict[str, tuple[datetime, str]] = {}
    for event in facts.events:
        at, about = first(event), _POD.search(event.message or "")
        if event.involved_object.kind == "Pod":
            yield from _said_of_pod(facts, event, here.get(event.involved_object.name or ""))
        elif event.reason == "SuccessfulCreate" and about and about[1] not in here:
            yield of_pod(about[1], at, "created")
        elif event.reason == "SuccessfulDelete" and about and at is not None:
            went[about[1]] = (at, "deleted by its controller")
    for name, at in _leaving(facts, here):
        went.setdefault(name, (at, "deleted"))
    for name, (at, summary) in went.items():
        yield of_pod(name, at, summary)


def _leaving(facts: Facts, here: Mapping[str, wire.Pod]) -> Iterator[tuple[str, datetime]]:
    """Pods that were deleted, by whomever: kubelets say that they stop their containers."""
    for event in facts.events:
        name, at = event.involved_object.name or "", first(event)
        is_killed = event.reason == "Killing" and event.involved_object.kind == "Pod"
        if is_killed and at is not None and not _is_staying(here.get(name)):
            yield name, at
    for pod in facts.pods:
        meta = pod.metadata
        if meta.deletion_timestamp is not None:  # which has the grace period in it
            yield meta.name, meta.deletion_timestamp - timedelta(seconds=meta.grace_seconds)


def _said_of_pod(facts: Facts, event: wire.Event, pod: wire.Pod | None) -> Iterator[Entry]:
    """That it was evicted, or that one of its containers is restarted."""
    message = (event.message or "").strip()
    kind, severity, text = EntryKind.RESTART, _WARNING, message
    if (of_pods := _OF_PODS.get(event.reason or "")) is not None:
        kind, severity = of_pods
        text = f"{event.reason}: {message}"
    elif event.reason != "Killing" or not _is_staying(pod):
        return
    name = event.involved_object.name or ""
    yield _of_pod(
        facts, name, first(event), text, kind=kind, severity=severity,
        count=count(event), last_seen=_later(event),
    )  # fmt: skip


def _is_staying(pod: wire.Pod | None) -> bool:
    return pod is not None and pod.metadata.deletion_timestamp is None


def _of_pod(facts: Facts, name: str, at: datetime | None, summary: str, **more: Any) -> Entry:
    kind = more.pop("kind", EntryKind.INSTANCE)
    return _entry(facts, kind, at, summary, instance=name, object=f"pod/{name}", **more)


def _restarts(facts: Facts) -> Iterator[Entry]:
    """How containers ended, as far as they still say it: the last time, and now."""
    for pod in facts.pods:
        status = pod.status
        known = [*(status.init_container_statuses or ()), *(status.container_statuses or ())]
        for one in known:
            for state in (one.last_state, one.state):
                ended = state.terminated
                if ended is None or ended.finished_at is None:
                    continue
                is_last = state is one.last_state
                if not is_last and (ended.exit_code == 0 or pod.metadata.deletion_timestamp):
                    continue
                number = one.restart_count
                yield _of_pod(
                    facts,
                    pod.metadata.name,
                    ended.finished_at,
                    f"{one.name} {_end(ended)}",
                    kind=EntryKind.RESTART,
                    severity=_ERROR if ended.exit_code else _WARNING,
                    before=str(number - 1) if is_last and number else None,
                    after=str(number) if is_last and number else None,
                    api="pods",
                )


def _end(ended: wire.Terminated) -> str:
    if ended.reason == "OOMKilled":
        return "ran out of memory (OOMKilled)"
    word = f" ({ended.reason})" if ended.reason not in (None, "Error", "Completed") else ""
    by = f"was ended by signal {ended.signal}" if ended.signal else f"exited with {ended.exit_code}"
    return by + word


# --- Configuration and nodes ----------------------------------------------------------------------


def config_maps_of(template: Any) -> set[str]:
    """The names of the ConfigMaps that a pod template refers to, wherever it does."""
    if isinstance(template, list):
        return {name for one in template for name in config_maps_of(one)}
    if not isinstance(template, dict):
        return set()
    own = {
        str(template[key].get("name"))
        for key in _REFERENCES
        if isinstance(template.get(key), dict) and template[key].get("name")
    }
    return own | {name for one in template.values() for name in config_maps_of(one)}


def _configuration(facts: Facts) -> Iterator[Entry]:
    """The last change of each manager of the ConfigMaps that the workload refers to."""
    for one in facts.config_maps:
        meta = one.metadata
        for write in meta.managed_fields or ():
            is_first = write.time == meta.creation_timestamp
            verb = "created" if is_first else "last changed"
            yield _entry(
                facts,
                EntryKind.CONFIG,
                write.time,
                f"configmap/{meta.name} {verb}",
                actor=Actor(name=write.manager, via=MANAGED) if write.manager else None,
                api=MANAGED,
                object=f"configmap/{meta.name}",
            )


def of_nodes(
    nodes: Iterable[wire.Node], events: Iterable[wire.Event], place: Mapping[str, Any]
) -> Iterator[Entry]:
    """When nodes turned, and what they and their kubelets say; ``place`` is the environment."""

    def entry(name: str, at: datetime | None, text: str, severity: Severity, **more: Any) -> Entry:
        source = Source(api=more.pop("api", "events"), object=f"node/{name}")
        return Entry(
            timestamp=at, **place, namespace=None, workload=None, kind=EntryKind.NODE,
            severity=severity, summary=f"node {name}: {text}", source=source, **more,
        )  # fmt: skip

    for node in nodes:
        made = node.metadata.creation_timestamp
        for one in node.status.conditions or ():
            is_well = (one.type == "Ready") == (one.status == "True")
            turned = one.last_transition_time
            is_new = made is not None and turned is not None and turned - made < _BEGINNING
            if turned is None or (is_well and (one.type != "Ready" or is_new)):
                continue
            word = one.type if one.status == "True" else f"{one.type} is {one.status}"
            text = f"{word}: {one.message}" if one.message and not is_well else word
            severity = _INFO if is_well else _ERROR
            yield entry(node.metadata.name, turned, text, severity, api="conditions")
    for event in events:
        if event.involved_object.kind == "Node" and event.reason in _OF_NODES:
            yield entry(
                event.involved_object.name or "",
                first(event),
                f"{event.reason}: {(event.message or '').strip()}",
                _ERROR,
                count=count(event),
                last_seen=_later(event),
            )


_BEGINNING = timedelta(minutes=2)


# --- The times of events --------------------------------------------------------------------------


def first(event: wire.Event) -> datetime | None:
    """When it was said first."""
    return event.first_timestamp or event.event_time or event.metadata.creation_timestamp


def last(event: wire.Event) -> datetime | None:
    """When it was said last."""
    return (
        (event.series or wire.Series()).last_observed_time or event.last_timestamp or first(event)
    )


def _later(event: wire.Event) -> datetime | None:
    """When it was said last, if it was said more than once."""
    return last(event) if count(event) > 1 else None


def count(event: wire.Event) -> int:
    return (event.series or wire.Series()).count or event.count or 1


def owner_names(item: wire.Controller, kept: Iterable[wire.Object]) -> set[str]:
    """What the names of a workload's pods begin with, before the last hyphen."""
    if isinstance(item, wire.Deployment):
        return {one.metadata.name for one in kept}
    return {item.metadata.name}


def is_of(pod: str, beginnings: Iterable[str]) -> bool:
    """Whether a pod, which may be gone, has a name as those of a workload."""
    return pod.rpartition("-")[0] in beginnings
