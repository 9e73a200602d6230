"""The pods whose logs are read, and the containers of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from dashborion.config.targets import Environment
from dashborion.errors import DashborionError, NotFound
from dashborion.models.log import Source
from dashborion.models.query import Name, Query
from dashborion.orchestrators.kubernetes import find, instances, normalise, runs, wire
from dashborion.orchestrators.kubernetes import resources as api
from dashborion.orchestrators.kubernetes.client import Client
from dashborion.orchestrators.kubernetes.listing import ListOptions
from dashborion.orchestrators.kubernetes.runs import Run
from dashborion.orchestrators.logs import Wanted, stamp

MOST_NAMED = 3  # pods in an error
LogParams = Mapping[str, str | None]  # the query of a log
Key = tuple[str, str]  # a pod's uid and a container's name


@dataclass(frozen=True)
class Target:
    """One container to read; ``run`` is None before it has run."""

    pod: wire.Pod
    container: str
    run: Run | None
    source: Source

    @property
    def key(self) -> Key:
        return (self.pod.metadata.uid, self.container)


@dataclass
class PodGroup:
    """The pods of a workload, or a single pod, and what is wanted of their logs.

    ``list_pods`` looks them up, again and again while they are followed, and says what has become
    of the workload. ``none_message`` says
    that there are none. A group that ``is_single`` has no more lines once its pod has finished;
    one ``of_many`` workloads may get pods of others.
    """

    client: Client
    environment: Environment
    workload_of: Callable[[wire.Pod], str | None]
    list_pods: Callable[[Callable[[str], None]], list[wire.Pod]]
    wanted: Wanted
    none_message: str
    is_single: bool = False
    of_many: bool = False

    def workloads(self, pods: Iterable[wire.Pod]) -> set[str]:
        """The workloads of these pods, as ``namespace/name``."""
        return {name for pod in pods if (name := self.workload_name(pod))}

    def workload_name(self, pod: wire.Pod) -> str:
        """The pod's workload as ``namespace/name``; empty if it has none."""
        workload = self.workload_of(pod)
        return f"{pod.metadata.namespace}/{workload}" if workload else ""

    def newest_finished(self, pods: Sequence[wire.Pod]) -> dict[str, wire.Pod]:
        """Of each workload whose pods have all finished the pod that did so last."""
        alive = self.workloads(pod for pod in pods if not instances.is_finished(pod))
        owned = [(self.workload_name(pod), pod) for pod in sorted(pods, key=_ended)]
        return {name: pod for name, pod in owned if name and name not in alive}

    def targets(self, pods: Sequence[wire.Pod]) -> list[Target]:
        """The containers to read in some pods.

        Raises:
            NotFound: there are pods, and none has a container of a wanted name.
        """
        wanted = self.wanted.containers
        known = {name for pod in pods for name in runs.container_names(pod)}
        unknown = [name for name in wanted if name not in known]
        if pods and unknown:
            where = ", ".join(f"pod '{pod.metadata.name}'" for pod in pods[:MOST_NAMED])
            raise NotFound("container", ", ".join(unknown), where=where, known=known)
        targets: list[Target] = []
        for pod in pods:
            names = runs.containers_to_read(pod, wanted)
            for name in names:
                source = self._source(pod, name, alone=len(names) == 1)
                targets.append(Target(pod, name, runs.latest_run(pod, name), source))
        return targets

    def first_params(self) -> LogParams:
        """The query for a log of which nothing has been read yet."""
        wanted = self.wanted
        # `tailLines` counts from the end of the log, not from `until`.
        has_tail = wanted.tail is not None and wanted.until is None
        return {
            "tailLines": str(wanted.tail) if has_tail else None,
            "sinceTime": f"{stamp(wanted.since).decode()[:19]}Z" if wanted.since else None,
        }

    def _source(self, pod: wire.Pod, container: str, *, alone: bool) -> Source:
        return Source(
            project=self.environment.project,
            environment=self.environment.name,
            namespace=pod.metadata.namespace,
            workload=self.workload_of(pod),
            instance=pod.metadata.name,
            container=container,
            alone=alone,
        )


@dataclass
class ControllerPods:
    """Lists the pods that a controller owns, finished ones too, as long as they exist.

    One that is deleted and made again under its name is the controller from then on.
    """

    client: Client
    controller: wire.Controller
    is_deleted: bool = False
    _replicasets: dict[str, wire.Meta] = field(default_factory=dict)  # by uid

    def __call__(self, say: Callable[[str], None]) -> list[wire.Pod]:
        pods, others = self._pods()
        if others or all(pod.metadata.deletion_timestamp for pod in pods):
            was = self.controller.metadata.uid
            self._look_up_controller(say)
            if self.controller.metadata.uid != was:
                pods += self._pods()[0]
        return pods

    def _look_up_controller(self, say: Callable[[str], None]) -> None:
        """Find the controller that has the name now, and say what has become of it."""
        meta = self.controller.metadata
        now = self.client.get(find.resource_of(self.controller), meta.namespace, meta.name)
        if now is None and not self.is_deleted:
            say(f"{meta.name} was deleted; waiting for one of that name")
        elif now is not None and now.item.metadata.uid != meta.uid:
            self.controller = now.item
            say(f"{meta.name} was {'' if self.is_deleted else 'deleted and '}made again")
        self.is_deleted = now is None

    def _pods(self) -> tuple[list[wire.Pod], bool]:
        """The pods that the controller owns, and whether others have its labels."""
        meta = self.controller.metadata
        options = ListOptions(normalise.selector(self.controller.spec.selector))
        listed = self.client.wait(self.client.collect(api.PODS, meta.namespace, options))
        pods = [found.item for found in listed]
        owners = [instances.controller(pod.metadata) for pod in pods]
        uids = {owner.uid for owner in owners if owner and owner.kind == "ReplicaSet"}
        if not uids <= self._replicasets.keys():
            kept = self.client.collect(api.REPLICASETS.metadata, meta.namespace, options)
            found = self.client.optional(kept)
            self._replicasets.update({item.metadata.uid: item.metadata for item in found})
        owned = [(pod, instances.owner(pod, self._replicasets)) for pod in pods]
        pods = [pod for pod, owner in owned if owner and owner.is_of(meta)]
        return pods, len(pods) < len(owned)


def is_meant(name: Name, patterns: Sequence[Name]) -> bool:
    """Whether a workload with all parts of its name is meant by a pattern, or there is none."""
    return not patterns or any(
        one.fits(name.name, name.type, name.namespace)
        for one in patterns
        if name.type is not None and name.namespace is not None
    )


def _ended(pod: wire.Pod) -> str:
    """When a pod that has finished did so, as text that sorts."""
    return str(instances.stopped_at(pod) or pod.metadata.creation_timestamp)


@dataclass
class MatchingPods:
    """Lists the pods of all controllers that fit, also of those that are made meanwhile.

    ``owners`` are the controllers of the pods that were listed last, by the pods' uids.
    ``is_partial`` if controllers of a kind could not be listed.
    """

    client: Client
    patterns: Sequence[Name]
    query: Query
    owners: dict[str, Name] = field(default_factory=dict)
    is_partial: bool = False
    _selected: dict[Name, bool] = field(default_factory=dict)
    _replicasets: dict[str, wire.Meta] = field(default_factory=dict)  # by uid

    @property
    def namespace(self) -> str | None:
        return find.namespace_of(self.client, self.query)

    def __call__(self, _say: Callable[[str], None]) -> list[wire.Pod]:
        listed = self.client.wait(self.client.collect(api.PODS, self.namespace))
        pods = [found.item for found in listed]
        references = [instances.controller(pod.metadata) for pod in pods]
        uids = {one.uid for one in references if one and one.kind == "ReplicaSet"}
        if not uids <= self._replicasets.keys():
            kept = self.client.collect(api.REPLICASETS.metadata, self.namespace)
            found = self.client.optional(kept)
            self._replicasets = {item.metadata.uid: item.metadata for item in found}
        owned = [(pod, instances.owner(pod, self._replicasets)) for pod in pods]
        meant = [
            (pod, owner.name)
            for pod, owner in owned
            if owner and is_meant(owner.name, self.patterns)
        ]
        if self.query.selector and any(name not in self._selected for _, name in meant):
            self.look_up_controllers()
            for _, name in meant:
                self._selected.setdefault(name, False)
        chosen = [(pod, name) for pod, name in meant if self._is_selected(name)]
        self.owners = {pod.metadata.uid: name for pod, name in chosen}
        return [pod for pod, _ in chosen]

    def look_up_controllers(self) -> list[Name]:
        """The controllers that the selector selects, whether they have pods or not.

        Raises:
            AccessError, Unavailable: no kind can be listed.
        """
        types = list(find.CONTROLLERS)
        options = ListOptions(self.query.selector)
        listing = [
            self.client.collect(find.CONTROLLERS[type_].metadata, self.namespace, options)
            for type_ in types
        ]
        known: list[Name] = []
        failures: list[DashborionError] = []
        for type_, future in zip(types, listing, strict=True):
            found, lost = self.client.gathered([future])
            failures += lost
            metas = [one.item.metadata for one in found]
            known += [Name(meta.name, type_, meta.namespace) for meta in metas]
        if failures and not self.client.answers(find.controllers(None), listing):
            raise failures[0]
        for failure in failures:
            self.client.runtime.incomplete(failure)
        self.is_partial = bool(failures)
        self._selected = dict.fromkeys(known, True)
        return known

    def _is_selected(self, name: Name) -> bool:
        return not self.query.selector or self._selected[name]
