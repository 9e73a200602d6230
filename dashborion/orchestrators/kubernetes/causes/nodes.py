"""Pods whose node is not ready, that were sent away from it, or that do not leave it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from dashborion.models.cause import Advice, Code, Confidence, Evidence, Severity
from dashborion.orchestrators.findings import Finding, Rule
from dashborion.orchestrators.kubernetes import normalise, rollout
from dashborion.orchestrators.kubernetes.causes.pods import age, of_pods
from dashborion.orchestrators.kubernetes.facts import Facts, PodFacts, first_seen, of_event, seen
from dashborion.orchestrators.kubernetes.instances import is_cut_off, is_finished

_ENDS = timedelta(seconds=60)  # after `deletionTimestamp`, which holds the grace period already

# Why a pod is being, or was, ended by somebody else, by the condition `DisruptionTarget`.
DISRUPTIONS: Mapping[str, Code] = {
    "PreemptionByScheduler": Code.PREEMPTED,
    "PreemptionByKubeScheduler": Code.PREEMPTED,
    "EvictionByEvictionAPI": Code.DRAINED,
    "DeletionByTaintManager": Code.DRAINED,
    "DeletionByPodGC": Code.NODE_NOT_READY,
    "TerminationByKubelet": Code.EVICTED,
}
# Why a kubelet ended a pod, or did not begin with it, by the reason of its status.
ENDED: Mapping[str, Code] = {
    "Evicted": Code.EVICTED,
    "Preempting": Code.PREEMPTED,
    "NodeLost": Code.NODE_NOT_READY,
    "DeadlineExceeded": Code.OTHER,
    **dict.fromkeys(("NodeShutdown", "Shutdown", "Terminated"), Code.RETIRED),
    **dict.fromkeys(
        (
            "OutOfcpu", "OutOfmemory", "OutOfpods", "OutOfephemeral-storage", "NodeAffinity",
            "NodePorts", "NodeName", "NodeUnschedulable", "UnexpectedAdmissionError",
            "TopologyAffinityError", "InvalidNodeInfo", "UnsupportedPodSpec", "PodOSNotSupported",
            "PodFeatureUnsupported", "PodLevelResourcesNotSupported", "SysctlForbidden",
            "AppArmor", "InsufficientResourceError", "PredicateFailed",
        ),
        Code.NODE_REJECTED,
    ),
}  # fmt: skip
# What events tell of pods that are gone.
LOST: Mapping[str, Code] = {
    "Preempted": Code.PREEMPTED,
    "Evicted": Code.EVICTED,
    "TaintManagerEviction": Code.DRAINED,
}


def _look_at(node: str | None) -> list[Advice]:
    return [Advice(text="look at the node", command=f"dashborion k8s nodes describe {node}")]


def _not_ready(facts: Facts, pod: PodFacts) -> Finding | None:
    """A pod on a node that is not ready; what the node itself says comes first, if it was asked."""
    name = pod.pod.spec.node_name or ""
    if not name or pod.instance.ready or is_finished(pod.pod):
        return None
    ready = pod.condition("Ready")
    if facts.nodes is not None and name in facts.nodes:
        node = facts.nodes[name]
        told = rollout.condition(node.status.conditions, "Ready") if node else None
        if node is not None and (told is None or told.status == "True"):
            return None
        at = told.last_transition_time if told else None
        value = (told.message or told.reason or told.status) if told else "there is no such node"
        evidence = Evidence(
            source=f"node/{name}", field="status.conditions[Ready].message", value=value,
            timestamp=at,
        )  # fmt: skip
    elif is_cut_off(pod.pod) or pod.pod.status.reason == "NodeLost":
        at = ready.last_transition_time if ready else None
        evidence = pod.evidence("status.conditions[Ready].status", "False", at)
        value = "its kubelet is not heard of"
    else:
        return None
    return Finding(
        code=Code.NODE_NOT_READY,
        key=name,
        reason="NodeNotReady",
        message=f"node {name} is not ready: {value}",
        evidence=[evidence],
        instance=pod.name,
        first_seen=at,
        last_seen=at,
        advice=_look_at(name),
    )


def _ended(facts: Facts, pod: PodFacts) -> Finding | None:
    """A pod that a kubelet, the scheduler or a drain has ended; what was replaced is a warning."""
    status, target = pod.pod.status, pod.condition("DisruptionTarget")
    is_target = target is not None and target.status == "True"
    word = (status.reason if is_finished(pod.pod) else None) or ""
    code, field, said = ENDED.get(word), "status.reason", status.message
    at = pod.instance.stopped_at or pod.instance.started_at or pod.instance.created_at
    confidence = Confidence.CERTAIN
    if code is None and target is not None and is_target:
        word, said, at = target.reason or "", target.message, target.last_transition_time
        code, field = DISRUPTIONS.get(word), "status.conditions[DisruptionTarget].reason"
    if code is None and field == "status.reason" and word and not _began(pod):
        code, confidence = Code.NODE_REJECTED, Confidence.LIKELY  # no container ever began
    if code is None:
        return None
    is_over = is_finished(pod.pod)
    return Finding(
        code=code,
        reason=word,
        message=said,
        evidence=[
            pod.evidence(field, word, at),
            pod.evidence("status.message" if said == status.message else "message", said, at),
        ],
        instance=pod.name,
        confidence=confidence,
        severity=Severity.WARNING if is_over and not _lacks_instances(facts) else None,
        stands=not is_over,
        is_old=pod.is_old,
        first_seen=at,
        last_seen=at,
        advice=_look_at(pod.pod.spec.node_name) if pod.pod.spec.node_name else [],
    )


def _began(pod: PodFacts) -> bool:
    status = pod.pod.status
    return bool(status.container_statuses or status.init_container_statuses)


def _lacks_instances(facts: Facts) -> bool:
    if facts.item is None:
        return True
    count = rollout.counts(facts.item)
    return count.available < count.desired


def _lost(facts: Facts) -> Iterator[Finding]:
    """Pods that are gone, of which only events tell that somebody sent them away."""
    for maker in facts.makers:
        for event in facts.told_of("Pod", maker):
            code = LOST.get(event.reason or "")
            if code is not None:
                yield Finding(
                    code=code,
                    reason=event.reason,
                    message=event.message,
                    evidence=[of_event(event)],
                    severity=Severity.WARNING,
                    stands=False,
                    first_seen=first_seen(event),
                    last_seen=seen(event),
                )


def _stuck(facts: Facts, pod: PodFacts) -> Finding | None:
    """A pod that should have ended a minute ago."""
    meta = pod.pod.metadata
    due = meta.deletion_timestamp
    if due is None or age(facts, due) < _ENDS:
        return None
    evidence = [pod.evidence("metadata.deletionTimestamp", f"{due:%Y-%m-%dT%H:%M:%SZ}", due)]
    names = ", ".join(meta.finalizers or ())
    message = f"its node {pod.pod.spec.node_name} has not ended its containers"
    if names:
        evidence.append(pod.evidence("metadata.finalizers", names))
        message = f"its finalizers have not been removed by what has set them: {names}"
    command = f"dashborion instances describe {pod.name}"
    return Finding(
        code=Code.STUCK_TERMINATING,
        key=names,
        reason="Terminating",
        message=message,
        evidence=evidence,
        instance=pod.name,
        is_old=pod.is_old,
        first_seen=due,
        last_seen=due,
        advice=[Advice(text="see its events: a hook, or a volume, may hold it", command=command)],
    )


def _resize(_facts: Facts, pod: PodFacts) -> Finding | None:
    """A pod that does not get the size that was asked for."""
    pending, before = pod.condition("PodResizePending"), pod.pod.status.resize
    if pending is not None and pending.status == "True":
        reason, said, at = pending.reason, pending.message, pending.last_transition_time
        field = "status.conditions[PodResizePending].message"
    elif before in ("Deferred", "Infeasible"):
        reason, said, at, field = before, None, None, "status.resize"
    else:
        return None
    return Finding(
        code=Code.RESIZE_PENDING,
        reason=reason,
        message=said or f"its node answers: {reason}",
        evidence=[pod.evidence(field, said or reason, at)],
        instance=pod.name,
        first_seen=at,
        last_seen=at,
    )


def _budget(facts: Facts) -> Iterator[Finding]:
    """Budgets that let no pod of it be evicted: that holds up drains, and no rollout."""
    labels = [pod.pod.metadata.labels for pod in facts.pods]
    mine = [
        one
        for one in facts.budgets or ()
        if one.spec.selector and any(normalise.selects(one.spec.selector, own) for own in labels)
    ]
    for one in mine:
        status, name = one.status, one.metadata.name
        is_used_up = status.disruptions_allowed == 0 and status.expected_pods > 0
        if not is_used_up and len(mine) < 2:
            continue
        counted = f"{status.current_healthy} of at least {status.desired_healthy} are healthy"
        yield Finding(
            code=Code.BUDGET,
            key=name,
            reason="PodDisruptionBudget",
            message=f"budget {name} allows no eviction: {counted}; no rollout waits for that"
            if is_used_up
            else f"{len(mine)} budgets select the same instances, which then cannot be evicted",
            evidence=[
                Evidence(
                    source=f"poddisruptionbudget/{name}",
                    field="status.disruptionsAllowed",
                    value=str(status.disruptions_allowed),
                )
            ],
        )


RULES: Sequence[Rule[Facts]] = (
    of_pods(_not_ready),
    of_pods(_ended),
    Rule(_lost, needs=("others",)),
    of_pods(_stuck),
    of_pods(_resize),
    Rule(_budget, needs=("budgets",)),
)
