"""Why a workload is not as it should be: from facts to problems, one rule a function. Pure.

What a pod's status tells comes from ``instances``; here are what only events, nodes and the
workload beside it tell. An event speaks only of the object that it was written for: a
StatefulSet's pods come back under the same name, so those from before an instance do not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec
from msgspec import Struct

from dashborion.models.event import Event
from dashborion.models.instance import Container, Instance, InstanceStatus
from dashborion.models.workload import Reason
from dashborion.orchestrators.kubernetes import rollout, wire
from dashborion.orchestrators.kubernetes.instances import NODE_NOT_READY
from dashborion.orchestrators.protocol import TroubleKind

DEFAULT_SCHEDULER = "default-scheduler"
# What keeps a container from starting until somebody changes the definition.
_STUCK = frozenset({
    "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull",
    "RegistryUnavailable", "ImageInspectError", "CreateContainerConfigError",
    "CreateContainerError", "RunContainerError",
})  # fmt: skip
_UNPLACED = frozenset({"Unschedulable", NODE_NOT_READY})
_ORDINARY = frozenset({
    "Completed", "Succeeded", "Terminating", "ContainerCreating", "PodInitializing",
})  # fmt: skip
_INITIALIZING = re.compile(r"Init:\d+/\d+")
_CONDITIONS = "autoscaling.alpha.kubernetes.io/conditions"  # the place of v1 for those of v2
_BEING_MADE = (None, "ContainerCreating", "PodInitializing")

# The kubelet mounts all volumes and makes the sandbox before it pulls the first image.
_UNMADE = frozenset({
    "FailedMount", "FailedMapVolume", "FailedAttachVolume", "FailedCreatePodSandBox",
})  # fmt: skip
_MADE = frozenset({"Pulling", "Pulled", "Created", "Started", "Failed", "BackOff"})
# Such as `secret "x" not found`; a driver that is not registered yet is named without quotes.
_MISSING = re.compile(r'\w "[^"]+" not found|references non-existent|type check failed')


class Facts(Struct, frozen=True, kw_only=True):
    """What is known of a workload, of its instances and of what is around them.

    ``events`` are those about it and its instances, the oldest first; ``nodes`` are those that
    are not ready, with the reason, as far as it was asked; ``scaling`` are its autoscalers.
    """

    item: wire.Controller
    instances: Sequence[Instance] = ()
    events: Sequence[Event] = ()
    nodes: Mapping[str, str] = {}
    scaling: Sequence[wire.Autoscaler] = ()


class Problem(Struct, frozen=True):
    """What is wrong; ``kind`` says which of a wait's limits bounds it, None that time may mend it.

    ``last_seen`` is None where only the instance's own times tell.
    """

    reason: str
    message: str | None = None
    kind: TroubleKind | None = None
    last_seen: datetime | None = None
    count: int = 1


def reasons(facts: Facts) -> list[Reason]:
    """Why a workload is not as it should be: the problems of its instances, then its own.

    Instances with the same problem are one entry with the newest message.
    """
    event_times = {event.object: event.timestamp for event in facts.events}
    grouped: dict[str, list[tuple[Instance, str | None]]] = {}
    for instance in facts.instances:
        for problem in of_instance(facts, instance):
            grouped.setdefault(problem.reason, []).append((instance, problem.message))
    merged = [
        Reason(
            reason=reason,
            message=next((text for _, text in reversed(members) if text), None),
            count=len(members),
            last_seen=max(
                filter(None, (_last_seen(instance, event_times) for instance, _ in members)),
                default=None,
            ),
            instances=[instance.name for instance, _ in members],
        )
        for reason, members in sorted(grouped.items(), key=lambda group: -len(group[1]))
    ]
    own = [
        Reason(
            reason=problem.reason,
            message=problem.message,
            count=problem.count,
            last_seen=problem.last_seen,
            instances=[],
        )
        for problem in of_workload(facts)
    ]
    return merged + own


def _last_seen(instance: Instance, event_times: Mapping[str, datetime | None]) -> datetime | None:
    ended = [
        container.last_termination.finished_at
        for container in instance.containers
        if container.last_termination
    ]
    times = (event_times.get(_object(instance)), *ended)
    return max(filter(None, times), default=instance.created_at)


# --- One instance -------------------------------------------------------------------------------


def of_instance(facts: Facts, instance: Instance) -> list[Problem]:
    """An instance's problems, the one that explains the others first."""
    outside = (
        _on_dead_node(facts, instance) or _not_taken_up(facts, instance) or _unmade(facts, instance)
    )
    problems = [outside] if outside else _told_by_status(facts, instance)
    if instance in holders(facts.item, facts.instances):
        unready = problems or [Problem("NotReady", instance.message)]
        return [_holding(problem, instance) for problem in unready]
    return problems


def is_silent(instance: Instance) -> bool:
    """Whether a pod's own status does not tell why it does not start: events and its node may."""
    return instance.status is InstanceStatus.PENDING and instance.reason in _BEING_MADE


def _on_dead_node(facts: Facts, instance: Instance) -> Problem | None:
    why = facts.nodes.get(instance.node or "")
    if why is None or instance.ready or instance.status is InstanceStatus.STOPPED:
        return None
    return Problem(NODE_NOT_READY, f"node {instance.node} is not ready: {why}", "placement")


def _not_taken_up(facts: Facts, instance: Instance) -> Problem | None:
    """A pod that no scheduler, or no kubelet, has said anything of: kubectl's bare ``Pending``."""
    if instance.status is not InstanceStatus.PENDING or instance.reason or instance.started_at:
        return None
    if instance.node:
        message = f"the kubelet of {instance.node} has not taken it up"
        return Problem("NotStarted", message, "placement")
    name = facts.item.spec.template.spec.scheduler_name
    named = f" '{name}'" if name and name != DEFAULT_SCHEDULER else ""
    return Problem("NotScheduled", f"no scheduler{named} has taken it up", "placement")


def _unmade(facts: Facts, instance: Instance) -> Problem | None:
    """What events tell of a pod whose containers cannot be made; only that, if it is the newest."""
    if not is_silent(instance):
        return None
    told = [one for one in events_of(facts.events, instance) if one.reason in _UNMADE | _MADE]
    last = told[-1] if told else None
    if last is None or last.reason in _MADE or last.reason is None:
        return None
    is_missing = last.reason == "FailedMount" and _MISSING.search(last.message)
    return Problem(last.reason, last.message, "pull" if is_missing else None)


def _told_by_status(facts: Facts, instance: Instance) -> list[Problem]:
    """An instance's own reason and how its containers ended before; else that it is not ready."""
    found: dict[str, Problem] = {}
    reason = instance.reason
    if reason and reason not in _ORDINARY and not _INITIALIZING.fullmatch(reason):
        found[reason] = Problem(reason, instance.message, _kind(reason))
    for container in instance.containers:
        if (problem := _ended(instance, container)) is not None:
            found.setdefault(problem.reason, problem)
    if not found and instance.health == "unhealthy":
        probes = [one for one in events_of(facts.events, instance) if one.reason == "Unhealthy"]
        message = probes[-1].message if probes else instance.message
        found["NotReady"] = Problem("NotReady", message)
    return list(found.values())


def _ended(instance: Instance, container: Container) -> Problem | None:
    """How a container's run before ended; one that ends well is a problem if it does so again."""
    last = container.last_termination
    if last is None or not last.reason:
        return None
    if last.reason in _ORDINARY and (container.init or not _is_repeated(instance, container)):
        return None
    return Problem(last.reason, last.message or f"{container.name} exited with {last.exit_code}")


def _is_repeated(instance: Instance, container: Container) -> bool:
    return not instance.ready and (container.restarts > 1 or container.reason is not None)


def _kind(reason: str) -> TroubleKind | None:
    if reason in _UNPLACED:
        return "placement"
    return "pull" if reason.removeprefix("Init:") in _STUCK else None


def holders(item: wire.Controller, instances: Iterable[Instance]) -> list[Instance]:
    """The pods of an older revision that keep a StatefulSet from rolling out the newest.

    One that replaces its pods in order waits for each to get ready first, whatever its revision,
    and never replaces one that does not (kubernetes/kubernetes#67250).
    """
    if not isinstance(item, wire.StatefulSet) or rollout.is_unobserved(item):
        return []
    newest = rollout.rollout(item).revision
    if item.spec.pod_management_policy == "Parallel" or not rollout.replaces_more(item):
        return []
    return [
        one
        for one in instances
        if one.revision and one.revision != newest and not one.ready and one.reason != "Terminating"
    ]


def _holding(problem: Problem, instance: Instance) -> Problem:
    advice = f"it holds the new revision back until `dashborion instances stop {instance.name}`"
    message = f"{problem.message}; {advice}" if problem.message else advice
    return msgspec.structs.replace(problem, message=message, kind="placement")


# --- The workload itself ------------------------------------------------------------------------


def of_workload(facts: Facts) -> list[Problem]:
    """Pods that cannot be made, and the conditions that failed.

    ``ReplicaFailure`` if it is True, all others if False.
    """
    failing = [
        Problem(
            condition.reason or condition.type,
            condition.message,
            "placement" if condition.type == "ReplicaFailure" else None,
            condition.last_update_time or condition.last_transition_time,
        )
        for condition in facts.item.status.conditions or ()
        if condition.status == ("True" if condition.type == "ReplicaFailure" else "False")
    ]
    refused = _refused(facts)
    return [*([refused] if refused else ()), *failing, *_contested(facts.scaling)]


def _contested(scaling: Iterable[wire.Autoscaler]) -> list[Problem]:
    """That autoscalers do nothing, since others select the same pods, as their controller says."""
    said = [
        condition
        for item in scaling
        for condition in _autoscaler_conditions(item)
        if condition.reason == "AmbiguousSelector" and condition.status == "False"
    ]
    times = [one.last_transition_time for one in said if one.last_transition_time]
    last = max(times, default=None)
    problem = Problem("AmbiguousSelector", said[0].message if said else None, None, last, len(said))
    return [problem] if said else []


def _autoscaler_conditions(item: wire.Autoscaler) -> list[wire.Condition]:
    text = (item.metadata.annotations or {}).get(_CONDITIONS, "[]")
    try:
        return msgspec.json.decode(text, type=list[wire.Condition])
    except msgspec.DecodeError:  # anybody may write an annotation
        return []


def _refused(facts: Facts) -> Problem | None:
    """Why pods of a kind without conditions cannot be made: only events of the controller tell.

    The controller waits ever longer between two tries, up to a quarter of an hour.
    """
    item = facts.item
    if isinstance(item, wire.Deployment) or not rollout.lacks_pods(item):
        return None
    about = f"{type(item).__name__.lower()}/{item.metadata.name}"
    own = [one for one in facts.events if one.object == about and one.timestamp is not None]
    failed = [one for one in own if one.reason == "FailedCreate"]
    made = [one.timestamp for one in own if one.reason == "SuccessfulCreate" and one.timestamp]
    last = failed[-1] if failed else None
    if last is None or last.timestamp is None or last.timestamp < max(made, default=last.timestamp):
        return None
    count = sum(one.count for one in failed)
    return Problem("FailedCreate", last.message, "placement", last.timestamp, count)


# --- Events -------------------------------------------------------------------------------------


def events_of(events: Iterable[Event], instance: Instance) -> list[Event]:
    """The events about an instance and not about one that had its name before."""
    return since(events, {_object(instance): instance.created_at})


def since(events: Iterable[Event], begun: Mapping[str, datetime | None]) -> list[Event]:
    """The events about these objects from a time on, or from whenever if it is unknown."""
    return [
        event
        for event in events
        if event.object in begun
        and ((start := begun[event.object]) is None or (event.timestamp or start) >= start)
    ]


def _object(instance: Instance) -> str:
    return f"pod/{instance.name}"
