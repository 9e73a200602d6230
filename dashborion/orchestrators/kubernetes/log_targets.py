"""The pods whose logs are read, and the containers of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from dashborion.config.targets import Environment
from dashborion.errors import NotFound
from dashborion.models.log import Source
from dashborion.orchestrators.kubernetes import instances, normalise, runs, wire
from dashborion.orchestrators.kubernetes import resources as api
from dashborion.orchestrators.kubernetes.client import Client
from dashborion.orchestrators.kubernetes.listing import ListOptions
from dashborion.orchestrators.kubernetes.runs import Run
from dashborion.orchestrators.logs import Wanted, stamp

MOST_NAMED = 3  # pods in an error
LogParams = Mapping[str, str | None]  # the query of a log


@dataclass(frozen=True)
class Target:
    """One container to read; ``run`` is None before it has run."""

    pod: wire.Pod
    container: str
    run: Run | None
    source: Source


@dataclass
class PodGroup:
    """The pods of a workload, or a single pod, and what is wanted of their logs.

    ``list_pods`` looks them up, again and again while they are followed. ``none_message`` says
    that there are none. A group that ``is_single`` has no more lines once its pod has finished.
    """

    client: Client
    environment: Environment
    workload: str | None
    list_pods: Callable[[], list[wire.Pod]]
    wanted: Wanted
    none_message: str
    is_single: bool = False

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
            workload=self.workload,
            instance=pod.metadata.name,
            container=container,
            alone=alone,
        )


@dataclass(frozen=True)
class ControllerPods:
    """Lists the pods that a controller owns, finished ones too, as long as they exist."""

    client: Client
    controller: wire.Controller
    _replicasets: dict[str, wire.Meta] = field(default_factory=dict)  # by uid

    def __call__(self) -> list[wire.Pod]:
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
        return [pod for pod, owner in owned if owner and owner.is_of(meta)]
