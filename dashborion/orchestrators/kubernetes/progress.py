"""A change of a workload on its way: what to look at again, and what that means for the change."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from dashborion.config.targets import Environment
from dashborion.errors import DashborionError
from dashborion.models.instance import Instance
from dashborion.models.query import Found
from dashborion.models.rollout import Rollout
from dashborion.orchestrators.kubernetes import (
    find,
    history,
    nodes,
    normalise,
    reasons,
    rollout,
    wire,
)
from dashborion.orchestrators.kubernetes import instances as pods
from dashborion.orchestrators.kubernetes import resources as api
from dashborion.orchestrators.kubernetes.availability import never_available
from dashborion.orchestrators.kubernetes.client import Client
from dashborion.orchestrators.kubernetes.listing import ListOptions
from dashborion.orchestrators.kubernetes.reasons import Facts, is_silent
from dashborion.orchestrators.protocol import Explanation, RolloutProgress, Trouble, Verdict

_DROPPED = (
    "unable to retrieve container logs for "  # the kubelet's, with 200, of a log that is gone
)
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
        facts = self._facts(found.item, concerned, [one for one in concerned if is_silent(one)])
        return RolloutProgress(
            verdict.message,
            verdict.done,
            verdict.ended,
            rollout=verdict.of(state),
            troubles=() if verdict.done else tuple(troubles(facts)),
        )

    def explain(self) -> Explanation:
        """From all events about the workload since the change, and about what it made."""
        found = find.again(self.client, self.item)
        if found is None:
            return Explanation()
        item, namespace = found.item, self.item.metadata.namespace
        listed = self.client.collect(api.EVENTS, namespace, decoration=True)
        concerned = self._concerned(item, self._state(item).revision)
        begun = dict.fromkeys(self._about(item), history.changed_at(found, self._field))
        begun |= {f"pod/{one.name}": one.created_at for one in concerned}
        told = normalise.by_time(map(normalise.event, self.client.optional(listed)))
        events = reasons.since(told, begun)
        dead = nodes.not_ready(self.client, concerned)
        facts = reasons.Facts(item=item, instances=concerned, events=events, nodes=dead)
        return Explanation(reasons.reasons(facts), events)

    def _about(self, item: wire.Controller) -> list[str]:
        """The objects whose events are about the workload: itself, and what makes its pods."""
        meta = item.metadata
        names = [f"{type(item).__name__.lower()}/{meta.name}"]
        if isinstance(item, wire.Deployment):
            kept = self.client.permitted(history.list_kept(self.client, item))
            own = normalise.owned_by(kept, meta.uid)
            names += [f"replicaset/{one.metadata.name}" for one in own]
        return names

    def _facts(
        self, item: wire.Controller, concerned: list[Instance], silent: list[Instance]
    ) -> Facts:
        """What tells of those that do not start without a word; of many, some stand for all."""
        asked = [f"involvedObject.name={one.name}" for one in silent[:ASKED]]
        if not isinstance(item, wire.Deployment) and rollout.lacks_pods(item):
            asked.append(f"involvedObject.uid={item.metadata.uid}")
        listed = [
            self.client.collect(
                api.EVENTS, item.metadata.namespace, ListOptions(fields=one), decoration=True
            )
            for one in asked
        ]
        dead = nodes.not_ready(self.client, silent[:ASKED])
        told = [event for one in listed for event in self.client.permitted(one)]
        events = normalise.by_time(map(normalise.event, told))
        return Facts(item=item, instances=concerned, events=events, nodes=dead)

    def _state(self, item: wire.Controller) -> Rollout:
        return rollout.rollout(item, was_available=not never_available(self.client, [item]))

    def last_log_lines(self, instance: str, lines: int) -> list[str]:
        """The end of a pod's log; of its previous run while it is between two.

        Nothing of one whose kubelet, which has the log, is not heard of, or that never ran.
        """
        namespace = self.item.metadata.namespace
        found = self.client.get(api.PODS, namespace, instance)
        if found is None or pods.is_cut_off(found.item) or not pods.has_run(found.item):
            return []
        restarted = [
            one.name
            for one in found.item.status.container_statuses or ()
            if one.state.running is None or one.restart_count
        ]
        container = restarted[0] if restarted else None
        path = f"{api.PODS.path(namespace, instance)}/log"
        for previous in ("true", None):
            params = {"tailLines": str(lines), "container": container, "previous": previous}
            try:
                text = self.client.text(path, params)
            except DashborionError:
                continue
            if text and not text.startswith(_DROPPED):
                return text.splitlines()
        return []

    def _concerned(self, item: wire.Controller, revision: str | None) -> list[Instance]:
        """What the change has made, and what keeps it from making more."""
        if self.before is None:
            if rollout.is_unobserved(item):
                return []  # what the status calls the newest revision is the one before
            if isinstance(item, wire.DaemonSet):
                revision = self._newest_revision(item)
        instances = members(self.client, item, self.environment)
        made = started(instances, revision, self.before)
        return made + [one for one in reasons.holders(item, instances) if one not in made]

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


def members(client: Client, item: wire.Controller, environment: Environment) -> list[Instance]:
    """A controller's instances, finished ones too."""
    namespace = item.metadata.namespace
    options = ListOptions(normalise.selector(item.spec.selector))
    listed = client.collect(api.PODS, namespace, options, decoration=True)
    parents: Mapping[str, wire.Meta] = {}
    if isinstance(item, wire.Deployment):
        replicasets = client.collect(api.REPLICASETS.metadata, namespace, options, decoration=True)
        parents = {one.metadata.uid: one.metadata for one in client.permitted(replicasets)}
    return [
        pods.instance(pod, owner, environment)
        for pod in client.permitted(listed)
        if (owner := pods.owner(pod, parents)) and owner.is_of(item.metadata)
    ]


def keys(instances: Iterable[Instance]) -> frozenset[str]:
    """What no later instance has: a StatefulSet's come back under the same name."""
    return frozenset(map(_key, instances))


def started(
    instances: Iterable[Instance], revision: str | None, before: frozenset[str] | None
) -> list[Instance]:
    """Those that a change has made: not there ``before``, or of the newest revision."""
    if before is not None:
        return [one for one in instances if _key(one) not in before]
    return [one for one in instances if revision is None or one.revision == revision]


def troubles(facts: Facts) -> list[Trouble]:
    """What is wrong with instances, or with making any, and whether time can mend it."""
    refused = [one for one in reasons.of_workload(facts) if one.kind is not None]
    found = [Trouble(one.kind, "", one.reason, one.message) for one in refused if one.kind]
    for instance in facts.instances:
        told = reasons.of_instance(facts, instance)
        for problem in told:
            if problem.kind is not None:
                name = instance.name
                found.append(Trouble(problem.kind, name, problem.reason, problem.message))
                break
        else:
            if instance.restarts or instance.status == "stopped":
                first = told[0] if told else _restarted(instance)
                count = max(1, instance.restarts)
                found.append(Trouble("crash", instance.name, first.reason, first.message, count))
    return found


def _restarted(instance: Instance) -> reasons.Problem:
    ends = (one.last_termination for one in instance.containers if one.last_termination)
    last = next(ends, None)
    word = instance.reason or (last.reason if last and last.reason else "Restarted")
    return reasons.Problem(word, instance.message)


def _key(instance: Instance) -> str:
    return f"{instance.name}@{instance.created_at}"
