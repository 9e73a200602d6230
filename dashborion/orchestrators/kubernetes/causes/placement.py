"""Pods that get no node, or whose node does not begin with them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import NamedTuple

from dashborion.models.cause import Advice, Code, Confidence, Evidence, Severity
from dashborion.orchestrators.findings import Finding, Rule
from dashborion.orchestrators.kubernetes import wire
from dashborion.orchestrators.kubernetes.causes.pods import age, each_pod, is_unmade, of_pods
from dashborion.orchestrators.kubernetes.facts import Facts, PodFacts, first_seen, of_event, seen
from dashborion.orchestrators.messages import LONGEST

DEFAULT_SCHEDULER = "default-scheduler"
_SOON = timedelta(seconds=10)  # in which a scheduler, or a volume's provisioner, may still answer
_TAKEN_UP = timedelta(seconds=30)
_BEGUN = timedelta(minutes=2)
_SCALING_UP = timedelta(minutes=10)  # in which a new node should have come

# What a clause of the scheduler says, in the words of 1.20 to today, the first that matches; the
# group is what tells one such cause from another.
CLAUSES: Sequence[tuple[str, Code]] = (
    (r"^Insufficient cpu$", Code.UNSCHEDULABLE_CPU),
    (r"^Insufficient memory$", Code.UNSCHEDULABLE_MEMORY),
    (r"^Insufficient ephemeral-storage$", Code.UNSCHEDULABLE_STORAGE),
    (r"^Insufficient (vpc\.amazonaws\.com/.+)", Code.UNSCHEDULABLE_NETWORK),
    (r"^Insufficient (.+)", Code.UNSCHEDULABLE_RESOURCE),
    (r"cannot allocate all claims|resourceclaim", Code.UNSCHEDULABLE_RESOURCE),
    (r"^Too many pods", Code.UNSCHEDULABLE_COUNT),
    (r"were unschedulable|taint \{node\.kubernetes\.io/unschedulable", Code.UNSCHEDULABLE_CORDONED),
    (r"taint \{([^}]*)\}|taint\(s\)", Code.UNSCHEDULABLE_TAINT),
    (
        r"match node selector|match Pod's node affinity|node affinity/selector",
        Code.UNSCHEDULABLE_NODE,
    ),
    (r"requested node name|\[NodeAffinity", Code.UNSCHEDULABLE_NODE),
    (r"pod affinity rules", Code.UNSCHEDULABLE_AFFINITY),
    (r"anti-affinity", Code.UNSCHEDULABLE_ANTI_AFFINITY),
    (r"topology spread constraints", Code.UNSCHEDULABLE_SPREAD),
    (r"free ports", Code.UNSCHEDULABLE_PORT),
    (r'persistentvolumeclaim "([^"]+)"', Code.VOLUME_UNBOUND),
    (
        r"unbound immediate PersistentVolumeClaims|non-existent persistentvolume",
        Code.VOLUME_UNBOUND,
    ),
    (r"volume node affinity conflict|PersistentVolume's node affinity", Code.UNSCHEDULABLE_VOLUME),
    (r"persistent volumes to bind|available volume zone|no available", Code.UNSCHEDULABLE_VOLUME),
    (r"max volume count|enough free storage|no available disk", Code.UNSCHEDULABLE_VOLUME),
    (r"ReadWriteOncePod", Code.UNSCHEDULABLE_VOLUME),
)
_NOT_FOR_IT = (Code.UNSCHEDULABLE_TAINT, Code.UNSCHEDULABLE_CORDONED, Code.UNSCHEDULABLE_NODE)
_NO_NODES = re.compile(r"no nodes available to schedule pods|^0/0 nodes")
_AVAILABLE = re.compile(r"^\d+/(\d+) nodes are available: (.*)", re.DOTALL)
_PREEMPTION = re.compile(r"[.,]?\s*(no new claims to deallocate,?\s*)?preemption: .*", re.DOTALL)
# 1.20 says which of the two rules beside it.
_EITHER_AFFINITY = "didn't match pod affinity/anti-affinity"


class Clause(NamedTuple):
    """One reason of the scheduler's and how many nodes have it; ``key`` tells it from its like."""

    text: str
    nodes: int | None
    code: Code
    key: str = ""


def clauses(message: str | None) -> list[Clause]:
    """What keeps a pod from all nodes; not why no room was made for it.

    First what it lacks on nodes that it might be on, then most nodes first: in most clusters some
    nodes, such as those of the control plane, are for nobody.
    """
    text = (message or "")[:LONGEST].strip()
    if _NO_NODES.search(text):
        return [Clause(text, None, Code.NO_NODES)]
    counted = _AVAILABLE.match(_PREEMPTION.sub("", text))
    listed = re.split(r", (?=\d+ )", counted[2].strip().removesuffix(".")) if counted else [text]
    specific = [one for one in listed if _EITHER_AFFINITY not in one]
    if any("affinity rules" in one for one in specific):
        listed = specific
    found = list(map(_clause, listed))
    return sorted(found, key=lambda one: (one.code in _NOT_FOR_IT, -(one.nodes or 0)))


def _clause(text: str) -> Clause:
    counted = re.match(r"(\d+) (.*)", text, re.DOTALL)
    nodes, said = (int(counted[1]), counted[2]) if counted else (None, text)
    for pattern, code in CLAUSES:
        if match := re.search(pattern, said):
            return Clause(said, nodes, code, match[1] or "" if match.re.groups else "")
    return Clause(said, nodes, Code.UNSCHEDULABLE, said)


def _unscheduled(facts: Facts, pod: PodFacts) -> Iterator[Finding]:
    """Each reason for which the scheduler finds no node for a pod."""
    condition = _refused(pod)
    if condition is None or condition.reason == "SchedulingGated":
        return
    at = condition.last_transition_time or pod.instance.created_at
    scaling = _scaling(pod)
    is_early = age(facts, pod.instance.created_at) < _SOON
    grows = scaling is not None and scaling.reason == "TriggeredScaleUp"
    is_awaited = is_early or (grows and scaling is not None and _is_recent(facts, scaling))
    told = [pod.evidence("status.conditions[PodScheduled].message", condition.message, at)]
    for clause in clauses(condition.message):
        of_claims = _of_claims(facts, pod) if clause.code in _OF_VOLUMES else []
        nodes = f"{clause.nodes} node{'' if clause.nodes == 1 else 's'}: " if clause.nodes else ""
        yield Finding(
            code=clause.code,
            key=clause.key,
            reason=condition.reason,
            message=of_claims[-1].value if of_claims else f"{nodes}{clause.text}",
            evidence=[*told, *of_claims],
            instance=pod.name,
            severity=Severity.WARNING if is_awaited else None,
            is_old=pod.is_old,
            first_seen=at,
            last_seen=at,
            advice=[Advice(text="see what the nodes have", command="dashborion k8s nodes list")],
        )


_OF_VOLUMES = (Code.VOLUME_UNBOUND, Code.UNSCHEDULABLE_VOLUME)


def _refused(pod: PodFacts) -> wire.Condition | None:
    scheduled = pod.condition("PodScheduled")
    is_ending = pod.pod.metadata.deletion_timestamp is not None
    return scheduled if scheduled and scheduled.status == "False" and not is_ending else None


def _of_claims(facts: Facts, pod: PodFacts) -> list[Evidence]:
    """What the claims that a pod waits for say."""
    told = []
    for volume in pod.pod.spec.volumes or ():
        name = volume.persistent_volume_claim and volume.persistent_volume_claim.claim_name
        if not name or facts.claims is None:
            continue
        claim, source = facts.claims.get(name), f"persistentvolumeclaim/{name}"
        if claim is None:
            told.append(
                Evidence(source=source, field="metadata.name", value=f"there is no claim {name}")
            )
        elif claim.status.phase != "Bound":
            phase = claim.status.phase or ""
            told.append(Evidence(source=source, field="status.phase", value=phase))
            told += map(of_event, facts.told_of("PersistentVolumeClaim", name)[-1:])
    return told


# --- Capacity ------------------------------------------------------------------------------------

_SCALE_UPS = ("TriggeredScaleUp", "NotTriggerScaleUp", "FailedScaleUp", "Nominated")
_KARPENTER = re.compile(r"nodepool|provisioner \"|no instance type|nodeclaim", re.IGNORECASE)


def _scaling(pod: PodFacts) -> wire.Event | None:
    """The newest that an autoscaler of nodes said of a pod."""
    told = [
        event
        for event in pod.events
        if event.reason in _SCALE_UPS
        or (event.reason == "FailedScheduling" and _KARPENTER.search(event.message or ""))
    ]
    return told[-1] if told else None


def _is_recent(facts: Facts, event: wire.Event) -> bool:
    return age(facts, seen(event)) < _SCALING_UP


def _capacity(_facts: Facts, pod: PodFacts) -> Finding | None:
    """An autoscaler that adds no node for a pod."""
    scaling = _scaling(pod)
    if _refused(pod) is None or scaling is None:
        return None
    if scaling.reason in ("TriggeredScaleUp", "Nominated"):
        return None
    return Finding(
        code=Code.CAPACITY,
        reason=scaling.reason,
        message=scaling.message,
        evidence=[of_event(scaling)],
        instance=pod.name,
        confidence=Confidence.LIKELY,
        is_old=pod.is_old,
        first_seen=first_seen(scaling),
        last_seen=seen(scaling),
    )


# --- Nobody says anything ------------------------------------------------------------------------


def _gated(_facts: Facts, pod: PodFacts) -> Finding | None:
    condition = _refused(pod)
    if condition is None or condition.reason != "SchedulingGated":
        return None
    names = ", ".join(gate.name for gate in pod.pod.spec.scheduling_gates or ())
    at = condition.last_transition_time or pod.instance.created_at
    return Finding(
        code=Code.GATED,
        key=names,
        reason=condition.reason,
        message=f"it waits until somebody removes its scheduling gates: {names}",
        evidence=[
            pod.evidence("status.conditions[PodScheduled].message", condition.message, at),
            pod.evidence("spec.schedulingGates", names),
        ],
        instance=pod.name,
        is_old=pod.is_old,
        first_seen=at,
        last_seen=at,
    )


def _not_scheduled(facts: Facts, pod: PodFacts) -> Finding | None:
    """A pod that no scheduler has said anything of."""
    spec, created = pod.pod.spec, pod.instance.created_at
    is_new = age(facts, created) < _SOON or pod.pod.metadata.deletion_timestamp is not None
    if spec.node_name or pod.pod.status.phase != "Pending" or is_new:
        return None
    if pod.condition("PodScheduled") is not None:
        return None
    name = spec.scheduler_name or DEFAULT_SCHEDULER
    return Finding(
        code=Code.NOT_SCHEDULED,
        key=name,
        message=f"the scheduler '{name}' has not taken it up: does it run?",
        evidence=[pod.evidence("spec.schedulerName", name)],
        instance=pod.name,
        is_old=pod.is_old,
        first_seen=created,
        last_seen=created,
    )


def _not_started(facts: Facts, pod: PodFacts) -> Finding | None:
    """A pod of which its node says nothing, or nothing for long; the node may say why."""
    scheduled = pod.condition("PodScheduled")
    since = (scheduled and scheduled.last_transition_time) or pod.instance.created_at
    node, started = pod.pod.spec.node_name, pod.pod.status.start_time
    if not is_unmade(pod) or age(facts, since) < (_BEGUN if started else _TAKEN_UP):
        return None
    is_told = [one for one in pod.events if one.reason not in ("Scheduled", "NodeNotReady")]
    if started and (is_told or facts.events is None):
        return None
    field = "status.containerStatuses" if started else "status.startTime"
    said = "says nothing of its containers" if started else "has not taken it up"
    return Finding(
        code=Code.NOT_STARTED,
        key=node or "",
        message=f"the kubelet of {node} {said}",
        evidence=[pod.evidence(field, pod.instance.reason if started else None)],
        instance=pod.name,
        confidence=Confidence.POSSIBLE if started else Confidence.CERTAIN,
        is_old=pod.is_old,
        first_seen=since,
        last_seen=since,
        advice=[Advice(text="look at the node", command=f"dashborion k8s nodes describe {node}")],
    )


RULES: Sequence[Rule[Facts]] = (
    each_pod(_unscheduled),
    of_pods(_capacity),
    of_pods(_gated),
    of_pods(_not_scheduled),
    of_pods(_not_started),
)
