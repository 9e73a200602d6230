"""The pods whose logs are read, and the containers of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from dashborion.config.targets import Environment
from dashborion.errors import NotFound
from dashborion.models.log import Source
from dashborion.orchestrators.kubernetes import find, instances, normalise, runs, wire
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

    ``list_pods`` looks them up, again and again while they are followed, and says what has become
    of the workload. ``none_message`` says
    that there are none. A group that ``is_single`` has no more lines once its pod has finished.
    """

    client: Client
    environment: Environment
    workload: str | None
    list_pods: Callable[[Callable[[str], None]], list[wire.Pod]]
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
