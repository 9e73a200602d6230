"""A change of a workload on its way: what to look at again, and what that means for the change."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from dashborion.config.targets import Environment
from dashborion.errors import DashborionError
from dashborion.models.cause import MEANINGS, Code
from dashborion.models.event import Event
from dashborion.models.instance import Instance, InstanceStatus
from dashborion.models.query import SINCE, Found
from dashborion.models.rollout import Rollout
from dashborion.orchestrators import findings
from dashborion.orchestrators.changing import (
    Explanation,
    RolloutProgress,
    Trouble,
    TroubleKind,
    Verdict,
)
from dashborion.orchestrators.effects import ADMISSION, ENDING, MAKING, PLACEMENT
from dashborion.orchestrators.findings import Finding
from dashborion.orchestrators.kubernetes import find, history, looking, normalise, rollout, wire
from dashborion.orchestrators.kubernetes import instances as pods
from dashborion.orchestrators.kubernetes import resources as api
from dashborion.orchestrators.kubernetes.availability import never_available
from dashborion.orchestrators.kubernetes.causes.pods import BEING_MADE
from dashborion.orchestrators.kubernetes.client import Client
from dashborion.orchestrators.kubernetes.facts import (
    Facts,
    PodFacts,
    makers,
    of_pod,
    ordered,
    others,
)
from dashborion.orchestrators.kubernetes.listing import ListOptions
from dashborion.orchestrators.kubernetes.looking import Reads

Member = tuple[wire.Pod, Instance]
_LATER = timedelta(minutes=5)
ASKED = 3  # instances whose events and nodes are asked for at each look


@dataclass(frozen=True, kw_only=True)
class _Followed(ABC):
    """As ``FollowedRollout``; ``item`` is as it was before the change.

    ``before`` are the keys of the instances that there were, None when new instances
    are told by their revision.
    """

    client: Client
    environment: Environment
    item: wire.Controller
    before: frozenset[str] | None
    newest: str | None = None  # the API does not say it in its answer to a change
    notes: tuple[str, ...] = ()

    def look(self) -> RolloutProgress:
        """The object, and the instances that the change has made."""
        found = find.again(self.client, self.item)
        name = self.item.metadata.name
        state = self._state(found.item if found else self.item)
        if found is None:
            return _ended(state, f"{name} was deleted or replaced", "deleted")
        if found.item.metadata.deletion_timestamp is not None:
            return _ended(state, f"{name} is being deleted", "deleted")
        if message := self._superseded(found):
            return _ended(state, message, "superseded")
        verdict = self._verdict(found.item, state)
        concerned = self._concerned(found.item, state.revision)
        facts = self._facts(found.item, concerned)
        told = looking.found(Reads(self.client), facts, only_nodes=True)
        return RolloutProgress(
            verdict.message,
            verdict.done,
            verdict.ended,
            rollout=verdict.of(state),
            troubles=() if verdict.done else tuple(troubles(told, facts.pods)),
        )

    def explain(self, *, given_up: bool = False) -> Explanation:
        """From all events about the workload since the change, and about what it made."""
        found = find.again(self.client, self.item)
        if found is None:
            return Explanation()
        item, namespace = found.item, self.item.metadata.namespace
        listed = self.client.collect(api.EVENTS, namespace, decoration=True)
        concerned = self._concerned(item, self._state(item).revision)
        told = ordered(self.client.optional(listed))
        now = self.client.runtime.now() + (_LATER if given_up else timedelta())
        known = self._known(item, concerned, told, now)
        causes = findings.causes(looking.found(Reads(self.client), known), now=now)
        begun = dict.fromkeys(self._about(item), history.changed_at(found, self._field))
        begun |= {f"pod/{one.name}": one.created_at for _, one in concerned}
        return Explanation(causes=causes, events=_since(map(normalise.event, told), begun))

    def _known(
        self,
        item: wire.Controller,
        concerned: Sequence[Member],
        events: Sequence[wire.Event],
        now: datetime,
    ) -> Facts:
        """The facts about what the change has made; what holds it is of the revision before."""
        revision = self._state(item).revision
        return Facts(
            now=now,
            item=item,
            pods=[of_pod(pod, one, events, revision) for pod, one in concerned],
            events=[one for one in events if one.involved_object.uid == item.metadata.uid],
            others=others(events, {pod.metadata.uid for pod, _ in concerned}),
            makers=makers(item, ()),
        )

    def _about(self, item: wire.Controller) -> list[str]:
        """The objects whose events are about the workload: itself, and what makes its pods."""
        meta = item.metadata
        names = [f"{type(item).__name__.lower()}/{meta.name}"]
        if isinstance(item, wire.Deployment):
            kept = self.client.permitted(history.list_kept(self.client, item))
            own = normalise.owned_by(kept, meta.uid)
            names += [f"replicaset/{one.metadata.name}" for one in own]
        return names

    def _facts(self, item: wire.Controller, concerned: Sequence[Member]) -> Facts:
        """What tells of those that do not start without a word; of many, some stand for all.

        As if an hour had passed: how long is too long is the wait's to say.
        """
        silent = [one for _, one in concerned if _is_silent(one)][:ASKED]
        asked = [f"involvedObject.name={one.name}" for one in silent]
        if not isinstance(item, wire.Deployment) and rollout.lacks_pods(item):
            asked.append(f"involvedObject.uid={item.metadata.uid}")
        listed = [
            self.client.collect(
                api.EVENTS, item.metadata.namespace, ListOptions(fields=one), decoration=True
            )
            for one in asked
        ]
        told = [event for one in listed for event in self.client.permitted(one)]
        return self._known(item, concerned, ordered(told), self.client.runtime.now() + SINCE)

    def _state(self, item: wire.Controller) -> Rollout:
        return rollout.rollout(item, was_available=not never_available(self.client, [item]))

    def last_log_lines(self, instance: str, lines: int) -> list[str]:
        """The end of a pod's log; of its previous run while it is between two."""
        found = self.client.get(api.PODS, self.item.metadata.namespace, instance)
        statuses = (found.item.status.container_statuses or ()) if found else ()
        restarted = [one.name for one in statuses if one.state.running is None or one.restart_count]
        container = restarted[0] if restarted else None
        with suppress(DashborionError):
            return looking.last_lines(self.client, found.item, container, lines) if found else []
        return []

    def _concerned(self, item: wire.Controller, revision: str | None) -> list[Member]:
        """What the change has made, and what keeps it from making more."""
        if self.before is None:
            if rollout.is_unobserved(item):
                return []  # what the status calls the newest revision is the one before
            if isinstance(item, wire.DaemonSet):
                revision = self._newest_revision(item)
        all_of_it = members(self.client, item, self.environment)
        made = started(all_of_it, revision, self.before)
        return made + [one for one in all_of_it if one not in made and holds(item, one[1])]

    def _newest_revision(self, item: wire.DaemonSet) -> str | None:
        """A DaemonSet does not say which revision is its newest: its history does."""
        listed = self.client.permitted(history.list_kept(self.client, item))
        kept = normalise.owned_by(listed, item.metadata.uid)
        revisions = normalise.revisions(kept, item.metadata.name, None)
        return revisions[-1].revision if revisions else None

    @property
    @abstractmethod
    def _field(self) -> str:
        """The field of the object's spec that the change has set."""

    @abstractmethod
    def _superseded(self, controller: Found[wire.Controller]) -> str | None:
        """What somebody else did to the object since the change."""

    @abstractmethod
    def _verdict(self, item: wire.Controller, state: Rollout) -> Verdict: ...


@dataclass(frozen=True, kw_only=True)
class FollowedReplicas(_Followed):
    """A change of the replicas, which makes no revision."""

    replicas: int
    set_by: Callable[[int], str]
    _field = "replicas"

    def _superseded(self, controller: Found[wire.Controller]) -> str | None:
        if isinstance(controller.item, wire.DaemonSet):
            return None
        replicas = rollout.replicas(controller.item.spec.replicas)
        return None if replicas == self.replicas else self.set_by(replicas)

    def _verdict(self, item: wire.Controller, state: Rollout) -> Verdict:  # noqa: ARG002
        return rollout.scaled(item)


@dataclass(frozen=True, kw_only=True)
class FollowedTemplate(_Followed):
    """A new pod template, or the one that is being rolled out."""

    template: Any
    _field = "template"

    def _superseded(self, controller: Found[wire.Controller]) -> str | None:
        is_same = history.current_template(controller) == self.template
        return None if is_same else "a newer change has taken its place"

    def _verdict(self, item: wire.Controller, state: Rollout) -> Verdict:
        return rollout.verdict(item, state)


def _ended(
    state: Rollout, message: str, ended: Literal["deleted", "superseded"]
) -> RolloutProgress:
    return RolloutProgress(message, ended=ended, rollout=state)


def members(client: Client, item: wire.Controller, environment: Environment) -> list[Member]:
    """A controller's pods, finished ones too, each raw and as an instance."""
    namespace = item.metadata.namespace
    options = ListOptions(normalise.selector(item.spec.selector))
    listed = client.collect(api.PODS, namespace, options, decoration=True)
    parents: Mapping[str, wire.Meta] = {}
    if isinstance(item, wire.Deployment):
        replicasets = client.collect(api.REPLICASETS.metadata, namespace, options, decoration=True)
        parents = {one.metadata.uid: one.metadata for one in client.permitted(replicasets)}
    return [
        (pod, pods.instance(pod, owner, environment))
        for pod in client.permitted(listed)
        if (owner := pods.owner(pod, parents)) and owner.is_of(item.metadata)
    ]


def keys(members: Iterable[Member]) -> frozenset[str]:
    """What no later pod has: a StatefulSet's come back under the same name."""
    return frozenset(_key(one) for _, one in members)


def started(
    members: Iterable[Member], revision: str | None, before: frozenset[str] | None
) -> list[Member]:
    """Those that a change has made: not there ``before``, or of the newest revision."""
    if before is not None:
        return [one for one in members if _key(one[1]) not in before]
    return [one for one in members if revision is None or one[1].revision == revision]


def holds(item: wire.Controller, instance: Instance) -> bool:
    """Whether a pod of an older revision may keep a StatefulSet from rolling out the newest."""
    if not isinstance(item, wire.StatefulSet) or rollout.is_unobserved(item):
        return False
    if item.spec.pod_management_policy == "Parallel" or not rollout.replaces_more(item):
        return False
    return not instance.ready and instance.reason != "Terminating"


# What keeps a container from starting until somebody changes the definition.
_STUCK = frozenset({
    "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull",
    "RegistryUnavailable", "ImageInspectError", "CreateContainerConfigError",
    "CreateContainerError", "RunContainerError",
})  # fmt: skip
_MAY_PASS = frozenset({Code.MOUNT, Code.VOLUME_IN_USE, Code.SANDBOX, Code.NO_ADDRESSES,
                       Code.NETWORK_INTERFACE, Code.CREATE_FAILED, Code.GATED})  # fmt: skip
_PLACED = (PLACEMENT | ADMISSION | {Code.NODE_NOT_READY, Code.ROLLOUT_BLOCKED}) - _MAY_PASS


def _kind(finding: Finding) -> TroubleKind | None:
    """Which of a wait's limits bounds it; None if time may mend it, or if it ends."""
    if finding.code in _PLACED:
        return "placement"
    is_stuck = finding.reason in _STUCK or finding.code in MAKING - _MAY_PASS
    return "pull" if is_stuck else None


def troubles(told: Sequence[Finding], pods: Iterable[PodFacts]) -> list[Trouble]:
    """What is wrong with pods, or with making any, and whether time can mend it."""
    listed = [
        Trouble(kind, "", _word(one), one.message)
        for one in told
        if one.instance is None and (kind := _kind(one)) is not None
    ]
    for pod in pods:
        own = [one for one in told if one.instance == pod.name]
        lasting = next((one for one in own if _kind(one) is not None), None)
        if lasting is not None and (kind := _kind(lasting)) is not None:
            listed.append(Trouble(kind, pod.name, _word(lasting), lasting.message))
        elif pod.instance.restarts or pod.instance.status is InstanceStatus.STOPPED:
            ended = next((one for one in own if one.code in ENDING), None)
            word = _word(ended) if ended else _restarted(pod.instance)
            message = ended.message if ended else pod.instance.message
            count = max(1, pod.instance.restarts)
            listed.append(Trouble("crash", pod.name, word, message, count))
    return listed


def _word(finding: Finding) -> str:
    return finding.reason or MEANINGS[finding.code].title


def _restarted(instance: Instance) -> str:
    ends = (one.last_termination for one in instance.containers if one.last_termination)
    last = next(ends, None)
    return instance.reason or (last.reason if last and last.reason else "Restarted")


def _is_silent(instance: Instance) -> bool:
    """Whether a pod's own status does not tell why it does not start: events and its node may."""
    return instance.status is InstanceStatus.PENDING and instance.reason in BEING_MADE


def _since(events: Iterable[Event], begun: Mapping[str, datetime | None]) -> list[Event]:
    """The events about these objects from a time on, or from whenever if it is unknown."""
    return [
        event
        for event in events
        if event.object in begun
        and ((start := begun[event.object]) is None or (event.timestamp or start) >= start)
    ]


def _key(instance: Instance) -> str:
    return f"{instance.name}@{instance.created_at}"
