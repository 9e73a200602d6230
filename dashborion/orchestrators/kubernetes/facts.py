"""What is known of a workload, its pods and what is around them, for the rules to look at.

Optional facts are None where they were not read, or may not be: no rule then takes their
absence for an answer.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from dashborion.models.cause import Evidence
from dashborion.models.instance import Instance
from dashborion.orchestrators.kubernetes import (
    endpoints,
    nearby_wire,
    network_wire,
    normalise,
    wire,
)


class PodFacts(Struct, frozen=True, kw_only=True):
    """One pod, raw and normalised, with the events about it and no other of its name.

    Attributes:
        events: the oldest first; empty where they were not read.
        is_old: whether it is of an older revision than the newest.
    """

    pod: wire.Pod
    instance: Instance
    events: Sequence[wire.Event] = ()
    is_old: bool = False

    @property
    def name(self) -> str:
        return self.pod.metadata.name

    def told(self, *reasons: str) -> list[wire.Event]:
        """The events of these reasons, the oldest first."""
        return [event for event in self.events if event.reason in reasons]

    def condition(self, type_: str) -> wire.Condition | None:
        """The pod's condition of that type."""
        known = self.pod.status.conditions or ()
        return next((one for one in known if one.type == type_), None)

    def evidence(self, field: str, value: str | None, at: datetime | None = None) -> Evidence:
        """What a field of the pod says."""
        return Evidence(source=f"pod/{self.name}", field=field, value=value or "", timestamp=at)


class Facts(Struct, frozen=True, kw_only=True):
    """Everything that rules may look at.

    Attributes:
        item: the workload; None for a pod of no workload.
        events: about the workload itself and its revisions, the oldest first.
        backings: what is behind each of its Services, by name.
        nodes: those that its pods are on and that are not ready or were asked for, by name;
            None instead of a node is one that does not exist any more.
        makers: the names of what makes its pods, and after which these are named.
        others: events about anything else in the namespace, by kind and name, the oldest first;
            those about pods that are gone are under the name of what made them.
        claims: those of its namespace, by name.
        classes: the names of the classes of Ingresses.
        is_final: whether what findings had asked for was read, as far as it may be.
    """

    now: datetime
    item: wire.Controller | None = None
    pods: Sequence[PodFacts] = ()
    events: Sequence[wire.Event] | None = None
    revisions: Sequence[wire.ReplicaSet | wire.ControllerRevision] | None = None
    scaling: Sequence[wire.Autoscaler] | None = None
    services: Sequence[network_wire.Service] | None = None
    ingresses: Sequence[network_wire.Ingress] | None = None
    backings: Mapping[str, Sequence[endpoints.Backing]] | None = None
    nodes: Mapping[str, wire.Node | None] | None = None
    makers: Sequence[str] = ()
    others: Mapping[tuple[str, str], Sequence[wire.Event]] | None = None
    claims: Mapping[str, nearby_wire.Claim] | None = None
    budgets: Sequence[nearby_wire.Budget] | None = None
    policies: Sequence[nearby_wire.NetworkPolicy] | None = None
    classes: frozenset[str] | None = None
    is_final: bool = False

    def told_of(self, kind: str, name: str) -> Sequence[wire.Event]:
        """The events about another object of the namespace, the oldest first."""
        return (self.others or {}).get((kind, name), ())

    def evidence(self, field: str, value: str | None, at: datetime | None = None) -> Evidence:
        """What a field of the workload says."""
        if self.item is None:
            raise ValueError("there is no workload")
        source = f"{type(self.item).__name__.lower()}/{self.item.metadata.name}"
        return Evidence(source=source, field=field, value=value or "", timestamp=at)


def of_event(event: wire.Event) -> Evidence:
    """What an event says."""
    told = normalise.event(event)
    return Evidence(
        source=f"event/{told.object}",
        field=told.reason or "",
        value=told.message,
        timestamp=told.timestamp,
    )


def seen(event: wire.Event) -> datetime | None:
    """When an event was last seen."""
    return normalise.event(event).timestamp


def first_seen(event: wire.Event) -> datetime | None:
    """When an event was seen for the first time."""
    return event.first_timestamp or event.event_time or event.metadata.creation_timestamp


def ordered(events: Iterable[wire.Event]) -> list[wire.Event]:
    """The oldest first; those without a time come before all others."""
    return sorted(events, key=lambda one: (seen(one) is not None, seen(one)))


def of_pod(
    pod: wire.Pod, instance: Instance, events: Iterable[wire.Event], newest: str | None
) -> PodFacts:
    """A pod with its events, the oldest first; ``newest`` is the workload's newest revision."""
    revision = instance.revision
    is_old = newest is not None and revision is not None and revision != newest
    return PodFacts(pod=pod, instance=instance, events=about(events, pod), is_old=is_old)


def about(events: Iterable[wire.Event], pod: wire.Pod) -> list[wire.Event]:
    """The events about a pod, not about one that had its name before: a StatefulSet's come back."""
    return [one for one in events if one.involved_object.uid == pod.metadata.uid]


def by_object(events: Iterable[wire.Event]) -> dict[str, list[wire.Event]]:
    """Events in their order, by the uid of what they are about."""
    index: dict[str, list[wire.Event]] = {}
    for event in events:
        index.setdefault(event.involved_object.uid or "", []).append(event)
    return index


def makers(item: wire.Controller, kept: Iterable[wire.Object]) -> list[str]:
    """The names of what makes a workload's pods; of a Deployment's its ReplicaSets do.

    A StatefulSet of the Deployment's name has others, named after it.
    """
    own = [] if isinstance(item, wire.Deployment) else [item.metadata.name]
    return [*(one.metadata.name for one in kept), *own]


def others(
    events: Iterable[wire.Event], known: Container[str]
) -> dict[tuple[str, str], list[wire.Event]]:
    """As ``Facts.others``, from the events of a namespace, but those about these uids."""
    index: dict[tuple[str, str], list[wire.Event]] = {}
    for event in events:
        about = event.involved_object
        if about.uid not in known:
            kind, name = about.kind or "", about.name or ""
            made_by = name.rpartition("-")[0] if kind == "Pod" else name
            index.setdefault((kind, made_by), []).append(event)
    return index
