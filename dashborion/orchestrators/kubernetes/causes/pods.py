"""What rules about single pods share: each container of a pod, what was told of it, its ends.

An event speaks only of the object that it was written for: ``facts`` gives a pod no events of
another one that had its name before, and what was told of a container's earlier runs is over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

import msgspec
from msgspec import Struct

from dashborion.models.cause import Severity
from dashborion.models.query import SINCE
from dashborion.orchestrators.findings import Finding, Rule
from dashborion.orchestrators.kubernetes import wire
from dashborion.orchestrators.kubernetes.facts import Facts, PodFacts
from dashborion.orchestrators.kubernetes.instances import is_finished

_RECENT = timedelta(minutes=10)  # twice the longest back-off
START_ERRORS = frozenset({"StartError", "ContainerCannotRun"})


class ContainerFacts(Struct, frozen=True):
    """One container of a pod: its spec, its status, and where in the pod's status it stands."""

    pod: PodFacts
    spec: wire.ContainerSpec
    status: wire.ContainerStatus
    field: str  # ``containerStatuses[web]``
    is_init: bool = False  # and has to end before others start, which a sidecar has not

    @property
    def name(self) -> str:
        return self.status.name

    @property
    def ended(self) -> wire.Terminated | None:
        """Its newest run that is over."""
        return self.status.state.terminated or self.status.last_state.terminated

    @property
    def starts_again(self) -> bool:
        """Whether it has to go on for ever."""
        policy = self.spec.restart_policy or self.pod.pod.spec.restart_policy
        return not self.is_init and policy in (None, "Always")

    def at(self, path: str) -> str:
        """The path of a field of the status, such as ``status.containerStatuses[web].state``."""
        return f"status.{self.field}.{path}"

    def told(self, *reasons: str) -> list[wire.Event]:
        """The events about this container of these reasons, the oldest first."""
        own = f"{{{self.name}}}"
        events = self.pod.told(*reasons)
        return [one for one in events if (one.involved_object.field_path or own).endswith(own)]

    def told_in(self, message: str | None) -> list[wire.Event]:
        """The events that have brought a message of its status."""
        return [one for one in self.told("Failed") if one.message == f"Error: {message}"]

    def is_loop(self, facts: Facts) -> bool:
        """Whether it ends again and again: this run is not yet much longer than the short last."""
        ended = self.ended
        if ended is None or ended.finished_at is None or self.status.restart_count < 2:
            return False
        # A run that could not begin has begun in 1970.
        begun = None if ended.reason in START_ERRORS else ended.started_at
        lasted = ended.finished_at - (begun or ended.finished_at)
        return lasted < SINCE and facts.now - ended.finished_at < max(_RECENT, 2 * lasted)


def containers(pod: PodFacts) -> Iterator[ContainerFacts]:
    """Init containers, then the others; not ephemeral ones, which no workload depends on."""
    spec, status = pod.pod.spec, pod.pod.status
    for field, specs, statuses in (
        ("initContainerStatuses", spec.init_containers, status.init_container_statuses),
        ("containerStatuses", spec.containers, status.container_statuses),
    ):
        known = {one.name: one for one in specs or ()}
        for item in statuses or ():
            own = known.get(item.name, wire.ContainerSpec())
            is_init = field.startswith("init") and not own.is_sidecar
            yield ContainerFacts(pod, own, item, f"{field}[{item.name}]", is_init)


def is_leaving(pod: PodFacts) -> bool:
    """Whether a pod is stopped by somebody: what becomes of its containers is no cause then.

    A reason of the pod's own, such as ``Evicted``, says why.
    """
    target = pod.condition("DisruptionTarget")
    is_disrupted = target is not None and target.status == "True"
    is_deleted = pod.pod.metadata.deletion_timestamp is not None
    return is_deleted or is_disrupted or bool(pod.pod.status.reason)


def of_containers(find: Callable[[Facts, ContainerFacts], Finding | None]) -> Rule[Facts]:
    """A rule for each container of each pod that is to stay.

    What has finished a pod of a workload is over: another one is in its place.
    """
    return Rule(
        lambda facts: _of(
            _over(found) if facts.item and is_finished(pod.pod) else found
            for pod in facts.pods
            if not is_leaving(pod)
            for container in containers(pod)
            if (found := find(facts, container)) is not None
        )
    )


def _over(found: Finding) -> Finding:
    return msgspec.structs.replace(found, severity=Severity.WARNING, stands=False)


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


BEING_MADE = (None, "ContainerCreating", "PodInitializing")


def is_unmade(pod: PodFacts) -> bool:
    """Whether a pod that has a node has no container yet, and no reason of its own for that."""
    status = pod.pod.status
    known = (*(status.init_container_statuses or ()), *(status.container_statuses or ()))
    waiting = [one.state.waiting for one in known]
    return (
        status.phase == "Pending"
        and bool(pod.pod.spec.node_name)
        and pod.pod.metadata.deletion_timestamp is None
        and all(one is not None and one.reason in BEING_MADE for one in waiting)
    )
