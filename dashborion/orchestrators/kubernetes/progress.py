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
from dashborion.orchestrators.kubernetes import find, history, normalise, rollout, wire
from dashborion.orchestrators.kubernetes import instances as pods
from dashborion.orchestrators.kubernetes import resources as api
from dashborion.orchestrators.kubernetes.availability import never_available
from dashborion.orchestrators.kubernetes.client import Client
from dashborion.orchestrators.kubernetes.listing import ListOptions
from dashborion.orchestrators.protocol import RolloutProgress, Trouble, Verdict

# What keeps a container from starting until somebody changes the definition.
_STUCK = frozenset({
    "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull",
    "RegistryUnavailable", "ImageInspectError", "CreateContainerConfigError",
    "CreateContainerError", "RunContainerError",
})  # fmt: skip


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
        started = self._started(found.item, state.revision)
        return RolloutProgress(
            verdict.message,
            verdict.done,
            verdict.ended,
            rollout=state,
            troubles=tuple(troubles(started)),
        )

    def _state(self, item: wire.Controller) -> Rollout:
        return rollout.rollout(item, was_available=not never_available(self.client, [item]))

    def last_log_lines(self, instance: str, lines: int) -> list[str]:
        """The end of a pod's log; of its previous run while it is between two."""
        namespace = self.item.metadata.namespace
        found = self.client.get(api.PODS, namespace, instance)
        if found is None:
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
            if text:
                return text.splitlines()
        return []

    def _started(self, item: wire.Controller, revision: str | None) -> list[Instance]:
        if self.before is None:
            if rollout.is_unobserved(item):
                return []  # what the status calls the newest revision is the one before
            if isinstance(item, wire.DaemonSet):
                revision = self._newest_revision(item)
        return started(members(self.client, item, self.environment), revision, self.before)

    def _newest_revision(self, item: wire.DaemonSet) -> str | None:
        """A DaemonSet does not say which revision is its newest: its history does."""
        listed = self.client.permitted(history.list_kept(self.client, item))
        kept = normalise.owned_by(listed, item.metadata.uid)
        revisions = normalise.revisions(kept, item.metadata.name, None)
        return revisions[-1].revision if revisions else None

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


def troubles(instances: Iterable[Instance]) -> list[Trouble]:
    """What is wrong with instances, and whether time can mend it."""
    found = []
    for instance in instances:
        reason = instance.reason or ""
        if reason == "Unschedulable":
            found.append(Trouble("placement", instance.name, reason, instance.message))
        elif reason.removeprefix("Init:") in _STUCK:
            found.append(Trouble("pull", instance.name, reason, instance.message))
        elif instance.restarts or instance.status == "stopped":
            ends = (one.last_termination for one in instance.containers if one.last_termination)
            last = next(ends, None)
            word = reason or (last.reason if last and last.reason else "Restarted")
            count = max(1, instance.restarts)
            found.append(Trouble("crash", instance.name, word, instance.message, count))
    return found


def _key(instance: Instance) -> str:
    return f"{instance.name}@{instance.created_at}"
