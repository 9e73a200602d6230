"""Kubernetes objects as workloads, events, revisions and autoscalers. Pure.

A workload is degraded when fewer replicas are available than its floor, which is
lower while a rollout progresses.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from math import ceil
from typing import TypeVar

import msgspec

from dashborion.config.targets import Environment
from dashborion.models.event import Event, EventType, by_time
from dashborion.models.kinds import WorkloadType
from dashborion.models.rollout import Revision, Rollout, RolloutState
from dashborion.models.workload import (
    Autoscaling,
    Endpoint,
    Resources,
    Workload,
    WorkloadStatus,
)
from dashborion.orchestrators.kubernetes import argo, argo_wire, quantity, rollout, wire
from dashborion.orchestrators.kubernetes.instances import controller, requests
from dashborion.orchestrators.parking import ANNOTATION, Mark, parked

CHANGE_CAUSE = "kubernetes.io/change-cause"
_FORMER_NUMBERS = (argo.FORMER_NUMBERS, "deployment.kubernetes.io/revision-history")
_CONDITIONS = "autoscaling.alpha.kubernetes.io/conditions"  # where v1 has those of v2
_MEBI = 1 << 20
Kept = wire.ReplicaSet | wire.ControllerRevision
# A newer kubelet names no container in these: only the event's ``fieldPath`` does.
_NAMELESS = ("Container created", "Container started")
_LONG = 19  # digits that no revision's number has


def workload(
    item: wire.Controller,
    environment: Environment,
    endpoints: list[Endpoint],
    *,
    was_available: bool = True,
    kept: Iterable[Kept] = (),
    restarts: int | None = None,
) -> Workload:
    """The normalised controller; ``was_available`` as in ``rollout``.

    ``kept`` are its own revisions, if they were asked for, without their templates or with them.
    """
    state = rollout.rollout(item, was_available=was_available)
    newest = max(kept, key=revision_number, default=None)
    if state.revision is None and newest is not None:
        # The status of a DaemonSet does not name it.
        revision = revision_name(newest, item.metadata.name) or None
        state = msgspec.structs.replace(state, revision=revision)
    counts = rollout.counts(item)
    spec = item.spec.template.spec
    images = [container.image or "" for container in spec.containers or ()]
    cpu, memory = requests(spec)
    return Workload(
        project=environment.project,
        environment=environment.name,
        namespace=item.metadata.namespace,
        name=item.metadata.name,
        type=type_of(item),
        orchestrator=environment.orchestrator,
        status=_status(item, counts, state),
        desired=counts.desired,
        # Whose containers run is not counted; `status.replicas` has those without an image, too.
        running=counts.ready,
        available=counts.available,
        image=images[0] if images else None,
        images=images,
        created_at=item.metadata.creation_timestamp,
        updated_at=_updated_at(item, newest) if newest else None,
        cpu=quantity.canonical_cpu(cpu) if cpu else None,
        memory=quantity.canonical_memory(memory) if memory else None,
        resources=Resources(
            cpu_millicores=quantity.millicores(cpu) if cpu else None,
            memory_mib=ceil(memory.number / _MEBI) if memory else None,
        ),
        rollout=state,
        endpoints=endpoints,
        labels=item.metadata.labels or {},
        restarts=restarts,
        parked=parked(mark(item), counts.desired),
    )


def mark(item: wire.Controller) -> Mark | None:
    """What a stop has left on it."""
    return Mark.parse((item.metadata.annotations or {}).get(ANNOTATION))


def type_of(item: wire.Controller) -> WorkloadType:
    if isinstance(item, argo_wire.Rollout):
        return WorkloadType.ROLLOUT
    if isinstance(item, wire.Deployment):
        return WorkloadType.DEPLOYMENT
    if isinstance(item, wire.StatefulSet):
        return WorkloadType.STATEFULSET
    return WorkloadType.DAEMONSET


def _status(item: wire.Controller, counts: rollout.Counts, state: Rollout) -> WorkloadStatus:
    if counts.desired == 0 and counts.ready == 0:
        return WorkloadStatus.STOPPED
    is_rolling = state.state is RolloutState.PROGRESSING
    floor = rollout.floor(item) if is_rolling else counts.desired
    if counts.available < floor or state.state is RolloutState.FAILED:
        return WorkloadStatus.DEGRADED
    return WorkloadStatus.RUNNING


def _updated_at(item: wire.Controller, newest: Kept) -> datetime | None:
    """When the newest of a workload's revisions was made, or gone back to.

    A rollback uses the revision that there is again, and raises its number. Nothing else writes
    to a ControllerRevision; a ReplicaSet is written to whenever it is scaled, but notes the
    numbers that it had before. When it was gone back to then is when the template was written.
    """
    made = newest.metadata.creation_timestamp
    if isinstance(newest, wire.ControllerRevision):
        return max(_times(newest.metadata.managed_fields), default=made)
    if not former_numbers(newest):
        return made
    writers = item.metadata.managed_fields or ()
    return max(_times(one for one in writers if one.has_template), default=None)


def _times(written: Iterable[wire.Written] | None) -> list[datetime]:
    return [one.time for one in written or () if one.time]


def selector(labels: wire.LabelSelector) -> str:
    """A workload's selector as the text that a list takes as ``labelSelector``."""
    parts = [f"{key}={value}" for key, value in (labels.match_labels or {}).items()]
    for term in labels.match_expressions or ():
        values = ",".join(term.values or ())
        form = {
            "In": f"{term.key} in ({values})",
            "NotIn": f"{term.key} notin ({values})",
            "Exists": term.key,
            "DoesNotExist": f"!{term.key}",
        }
        parts.append(form.get(term.operator, ""))
    return ",".join(filter(None, parts))


def selects(labels: wire.LabelSelector, of: Mapping[str, str] | None) -> bool:
    """Whether a selector matches an object's labels; an empty one matches all.

    A selector with an operator that is not known matches nothing.
    """
    known = of or {}
    return (labels.match_labels or {}).items() <= known.items() and all(
        _fits(term, known) for term in labels.match_expressions or ()
    )


def _fits(term: wire.Requirement, labels: Mapping[str, str]) -> bool:
    if term.operator in ("In", "NotIn"):
        return (labels.get(term.key) in (term.values or ())) == (term.operator == "In")
    if term.operator in ("Exists", "DoesNotExist"):
        return (term.key in labels) == (term.operator == "Exists")
    return False


Scaler = TypeVar("Scaler", bound=wire.Autoscaler)


def autoscalers_of(item: wire.Controller, autoscalers: Iterable[Scaler]) -> list[Scaler]:
    """The HorizontalPodAutoscalers that scale a controller, by name; nothing prevents several.

    What has no maximum, which the API demands, bounds nothing.
    """
    target = (type(item).__name__, item.metadata.name)
    scaling = [
        one
        for one in autoscalers
        if (one.spec.scale_target_ref.kind, one.spec.scale_target_ref.name) == target
        and one.spec.max_replicas
    ]
    return sorted(scaling, key=lambda one: one.metadata.name)


def autoscaling(scaling: Sequence[wire.Autoscaler], desired: int) -> Autoscaling | None:
    """What ``autoscalers_of`` a controller do with it.

    A minimum is one unless set, as in the API server. They do not touch a workload that
    was scaled to zero: then they are suspended. Each keeps its own bounds, even where the
    controller lets none of them follow its metrics (``AmbiguousSelector``).
    """
    if not scaling:
        return None
    minima = [1 if one.spec.min_replicas is None else one.spec.min_replicas for one in scaling]
    wanted = {one.status.desired_replicas for one in scaling}
    return Autoscaling(
        min=max(minima),
        max=min(one.spec.max_replicas for one in scaling),
        current=scaling[0].status.current_replicas,
        desired=wanted.pop() if len(wanted) == 1 else None,
        source=", ".join(map(_source, scaling)),
        suspended=all(desired == 0 < minimum for minimum in minima),
    )


def scaled_object(scaler: wire.Autoscaler) -> str | None:
    """The name of KEDA's ScaledObject that a HorizontalPodAutoscaler was made from."""
    owners = scaler.metadata.owner_references or ()
    return next((one.name for one in owners if one.kind == "ScaledObject"), None)


def _source(scaler: wire.Autoscaler) -> str:
    """What a person would change: KEDA writes a HorizontalPodAutoscaler anew from its object."""
    if name := scaled_object(scaler):
        return f"scaledobject/{name}"
    return f"horizontalpodautoscaler/{scaler.metadata.name}"


def is_scaled_to_zero(scaler: wire.Autoscaler) -> bool:
    """Whether it has put its workload to zero, and will scale it up again: from 1.37."""
    text = (scaler.metadata.annotations or {}).get(_CONDITIONS, "[]")
    try:
        conditions = json.loads(text)
    except ValueError:
        return False
    return any(
        isinstance(one, dict) and (one.get("type"), one.get("status")) == ("ScaledToZero", "True")
        for one in (conditions if isinstance(conditions, list) else ())
    )


def reason_at_zero(desired: int, scaling: Iterable[wire.Autoscaler]) -> str | None:
    """Why a workload is at zero, if an autoscaler has put it there and will scale it up again."""
    by_scaler = desired == 0 and any(map(is_scaled_to_zero, scaling))
    return "ScaledToZero" if by_scaler else None


Owned = TypeVar("Owned", bound=wire.Object)


def owned_by(items: Iterable[Owned], uid: str) -> list[Owned]:
    """The objects whose controller has that uid; a selector may match others' objects too."""
    owners = [(item, controller(item.metadata)) for item in items]
    return [item for item, owner in owners if owner is not None and owner.uid == uid]


def revision_name(kept: Kept, workload: str) -> str:
    """A Deployment's number, empty if there is none; of other kinds the hash that the pods have."""
    if isinstance(kept, wire.ControllerRevision):
        return kept.metadata.name.removeprefix(f"{workload}-")
    return rollout.revision_of(kept.metadata) or ""


def former_numbers(kept: wire.ReplicaSet) -> str:
    """The numbers that a ReplicaSet had before it was gone back to, with commas; empty for none."""
    known = kept.metadata.annotations or {}
    return next((known[one] for one in _FORMER_NUMBERS if known.get(one)), "")


def revision_number(kept: Kept) -> int:
    """kubectl's number of a revision; zero where a ReplicaSet has none."""
    if isinstance(kept, wire.ControllerRevision):
        return kept.revision
    number = revision_name(kept, "")
    return int(number) if number.isdecimal() and len(number) < _LONG else 0


def revisions(items: Iterable[Kept], workload: str, current: str | None) -> list[Revision]:
    """A workload's revisions, oldest first; ReplicaSets without a number are left out.

    The status of a DaemonSet does not name the current revision: it is the newest.
    """
    ordered = sorted(items, key=revision_number)
    if current is None and ordered and isinstance(ordered[-1], wire.ControllerRevision):
        current = revision_name(ordered[-1], workload)
    return [
        Revision(
            revision=name,
            current=name == current,
            images=[container.image or "" for container in item.template.spec.containers or ()],
            created_at=item.metadata.creation_timestamp,
            message=(item.metadata.annotations or {}).get(CHANGE_CAUSE),
        )
        for item in ordered
        if (name := revision_name(item, workload))
    ]


def events(items: Iterable[wire.Event], uids: frozenset[str]) -> list[Event]:
    """The events about objects with these uids, newest last."""
    return by_time(event(item) for item in items if item.involved_object.uid in uids)


def event(item: wire.Event) -> Event:
    """The normalised event; the first of the four times that is set counts, as in kubectl.

    What is not ``Normal`` is a warning: the API takes any word, such as ``Error``.
    """
    message = (item.message or "").strip()
    if message in _NAMELESS and item.involved_object.field_path:
        message += f": {item.involved_object.field_path.partition('{')[2].rstrip('}')}"
    series = item.series or wire.Series()
    involved = item.involved_object
    return Event(
        timestamp=series.last_observed_time
        or item.last_timestamp
        or item.event_time
        or item.metadata.creation_timestamp,
        type=EventType.NORMAL if item.type in (None, "", "Normal") else EventType.WARNING,
        reason=item.reason,
        message=message,
        object=f"{(involved.kind or 'object').lower()}/{involved.name or ''}",
        count=series.count or item.count or 1,
        first_seen=item.first_timestamp or item.event_time or item.metadata.creation_timestamp,
    )
