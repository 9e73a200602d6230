"""What rules about single pods share: each container of a pod with its status."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

from msgspec import Struct

from dashborion.orchestrators.findings import Finding, Rule
from dashborion.orchestrators.kubernetes import wire
from dashborion.orchestrators.kubernetes.facts import Facts, PodFacts


class ContainerFacts(Struct, frozen=True):
    """One container of a pod: its status, and where in the pod's status it stands."""

    status: wire.ContainerStatus
    field: str  # ``containerStatuses[web]``
    is_init: bool = False

    @property
    def name(self) -> str:
        return self.status.name

    def at(self, path: str) -> str:
        """The path of a field of the status, such as ``status.containerStatuses[web].state``."""
        return f"status.{self.field}.{path}"


def containers(one: PodFacts) -> Iterator[ContainerFacts]:
    """Init containers, then the others; not ephemeral ones, which no workload depends on."""
    status = one.pod.status
    for item in status.init_container_statuses or ():
        yield ContainerFacts(item, f"initContainerStatuses[{item.name}]", is_init=True)
    for item in status.container_statuses or ():
        yield ContainerFacts(item, f"containerStatuses[{item.name}]")


def of_containers(
    find: Callable[[Facts, PodFacts, ContainerFacts], Finding | None],
) -> Rule[Facts]:
    """A rule for each container of each pod."""
    return Rule(
        lambda facts: _of(
            find(facts, pod, container) for pod in facts.pods for container in containers(pod)
        )
    )


def of_pods(find: Callable[[Facts, PodFacts], Finding | None]) -> Rule[Facts]:
    """A rule for each pod."""
    return Rule(lambda facts: _of(find(facts, pod) for pod in facts.pods))


def _of(findings: Iterable[Finding | None]) -> Iterator[Finding]:
    return (finding for finding in findings if finding is not None)


def each_pod(find: Callable[[Facts, PodFacts], Iterable[Finding]]) -> Rule[Facts]:
    """A rule for each pod that may find several things at once."""
    return Rule(lambda facts: (one for pod in facts.pods for one in find(facts, pod)))


def age(facts: Facts, since: datetime | None) -> timedelta:
    """How long ago that was; no time at all if nobody says when."""
    return facts.now - since if since else timedelta()


_BEING_MADE = (None, "ContainerCreating", "PodInitializing")


def is_unmade(pod: PodFacts) -> bool:
    """Whether a pod that has a node has no container yet, and no reason of its own for that."""
    status = pod.pod.status
    known = (*(status.init_container_statuses or ()), *(status.container_statuses or ()))
    waiting = [one.state.waiting for one in known]
    return (
        status.phase == "Pending"
        and bool(pod.pod.spec.node_name)
        and pod.pod.metadata.deletion_timestamp is None
        and all(one is not None and one.reason in _BEING_MADE for one in waiting)
    )
