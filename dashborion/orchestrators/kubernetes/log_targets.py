"""The pods whose logs are read, and the containers of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from dashborion.config.targets import Environment
from dashborion.errors import NotFound
from dashborion.models.log import Source
from dashborion.orchestrators.kubernetes import instances, normalise, runs, wire
from dashborion.orchestrators.kubernetes import resources as api
from dashborion.orchestrators.kubernetes.client import Client
from dashborion.orchestrators.kubernetes.listing import ListOptions
from dashborion.orchestrators.kubernetes.runs import Run
from dashborion.orchestrators.logs import Wanted

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
            NotFound: there are pods, and none has a container of the wanted name.
        """
        targets: list[Target] = []
        missing: NotFound | None = None
        for pod in pods:
            try:
                names = runs.containers_to_read(pod, self.wanted.containers)
            except NotFound as error:
                missing = error
                continue
            for name in names:
                source = self._source(pod, name, alone=len(names) == 1)
                targets.append(Target(pod, name, runs.latest_run(pod, name), source))
        if missing is not None and not targets:
            raise missing
        return targets

    def first_params(self) -> LogParams:
        """The query for a log of which nothing has been read yet."""
        wanted = self.wanted
        # `tailLines` counts from the end of the log, not from `until`.
        has_tail = wanted.tail is not None and wanted.until is None
        return {
            "tailLines": str(wanted.tail) if has_tail else None,
            "sinceTime": f"{wanted.since:%Y-%m-%dT%H:%M:%SZ}" if wanted.since else None,
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


class ControllerPods:
    """Lists the pods that a controller owns, finished ones too, as long as they exist."""

    def __init__(self, client: Client, controller: normalise.Controller) -> None:
        self._client = client
        self._meta = controller.metadata
        self._options = ListOptions(normalise.selector(controller.spec.selector))
        self._replicasets: dict[str, wire.Meta] = {}  # by uid

    def __call__(self) -> list[wire.Pod]:
        listed = self._client.wait(
            self._client.collect(api.PODS, self._meta.namespace, self._options)
        )
        pods = [found.item for found in listed]
        self._learn_replicasets(pods)
        owners = [(pod, instances.owner(pod, self._replicasets)) for pod in pods]
        return [pod for pod, owner in owners if owner and owner.is_of(self._meta)]

    def _learn_replicasets(self, pods: Sequence[wire.Pod]) -> None:
        """List the ReplicaSets again only when a pod has one that is not known yet."""
        uids = {
            owner.uid
            for pod in pods
            for owner in pod.metadata.owner_references or ()
            if owner.kind == "ReplicaSet"
        }
        if not uids <= self._replicasets.keys():
            listed = self._client.collect(
                api.REPLICASETS.metadata, self._meta.namespace, self._options
            )
            found = self._client.optional(listed)
            self._replicasets.update({item.metadata.uid: item.metadata for item in found})
