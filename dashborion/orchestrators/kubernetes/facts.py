"""What is known of a workload, its pods and what is around them, for the rules to look at.

Optional facts are None where they were not read, or may not be: no rule then takes their
absence for an answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from dashborion.models.cause import Evidence
from dashborion.models.instance import Instance
from dashborion.orchestrators.kubernetes import endpoints, network_wire, normalise, wire


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
