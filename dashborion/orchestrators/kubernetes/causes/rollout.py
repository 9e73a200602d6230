"""Rollouts that failed, that somebody holds back, or that an old pod does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from dashborion.models.cause import Advice, Code, Severity
from dashborion.models.rollout import RolloutState
from dashborion.orchestrators.findings import Finding, Rule
from dashborion.orchestrators.kubernetes import argo, rollout, wire
from dashborion.orchestrators.kubernetes.argo_wire import Rollout
from dashborion.orchestrators.kubernetes.causes.pods import age
from dashborion.orchestrators.kubernetes.facts import Facts

_OBSERVED = timedelta(seconds=30)
_READY = timedelta(seconds=30)  # in which a pod that has just begun may get ready
_MANAGER = "kube-controller-manager"


def _deadline(facts: Facts) -> Finding | None:
    """A Deployment whose rollout did not get on; while it is paused, no deadline runs."""
    item = facts.item
    if not isinstance(item, wire.Deployment) or rollout.is_unobserved(item) or item.spec.paused:
        return None
    progressing = rollout.condition(item.status.conditions, "Progressing")
    if progressing is None or progressing.reason != "ProgressDeadlineExceeded":
        return None
    at = progressing.last_update_time or progressing.last_transition_time
    name = item.metadata.name
    return Finding(
        code=Code.DEADLINE,
        reason=progressing.reason,
        message=progressing.message,
        evidence=[
            facts.evidence("status.conditions[Progressing].message", progressing.message, at)
        ],
        first_seen=at,
        last_seen=at,
        advice=[
            Advice(
                text="go back to the revision before",
                command=f"dashborion workloads rollback {name}",
            )
        ],
    )


def _held(facts: Facts) -> Finding | None:
    """A rollout that waits since somebody wants it to."""
    item = facts.item
    if item is None or rollout.is_unobserved(item):
        return None
    if isinstance(item, Rollout) and not item.spec.paused and argo.waits_for_person(item):
        return _waits(facts, item)
    if isinstance(item, wire.Deployment):
        if not item.spec.paused:
            return None
        message = "changes of the template wait until `spec.paused` is removed"
        evidence = facts.evidence("spec.paused", "true")
        resume = f"dashborion workloads resume {item.metadata.name}"
        return Finding(
            code=Code.PAUSED,
            reason="Paused",
            message=message,
            evidence=[evidence],
            advice=[Advice(text="let it go on", command=resume)],
        )
    status = item.status
    if isinstance(status, wire.DaemonSetStatus):
        old = status.desired_number_scheduled - status.updated_number_scheduled
    else:
        old = status.replicas - status.updated_replicas
    strategy = item.spec.update_strategy
    if old <= 0:
        return None
    if strategy.type == "OnDelete":
        return Finding(
            code=Code.ON_DELETE,
            reason="OnDelete",
            message=rollout.on_delete(old),
            evidence=[facts.evidence("spec.updateStrategy.type", "OnDelete")],
            advice=[
                Advice(
                    text="stop it when you like", command=f"dashborion instances stop {pod.name}"
                )
                for pod in facts.pods
                if pod.is_old
            ],
        )
    partition = (strategy.rolling_update.partition if strategy.rolling_update else None) or 0
    if not partition:
        return None
    return Finding(
        code=Code.PARTITION,
        reason="Partition",
        message=f"replicas below {partition} keep their revision: {old} of them",
        evidence=[facts.evidence("spec.updateStrategy.rollingUpdate.partition", str(partition))],
    )


def _waits(facts: Facts, item: Rollout) -> Finding:
    """An Argo Rollout at a pause that only a person ends."""
    pause = next(one for one in item.status.pause_conditions or ())
    command = f"dashborion workloads {{}} {item.metadata.name}"
    return Finding(
        code=Code.HOOK_WAITING,
        reason=pause.reason,
        message=argo.judged(item)[1],
        evidence=[
            facts.evidence("status.pauseConditions[].reason", pause.reason, pause.start_time)
        ],
        first_seen=pause.start_time,
        last_seen=pause.start_time,
        advice=[
            Advice(text="go on", command=command.format("continue")),
            Advice(text="go back", command=command.format("abort")),
        ],
    )


def _degraded(facts: Facts) -> Finding | None:
    """An Argo Rollout that was aborted, or cannot be rolled out: its template stays the new one."""
    item = facts.item
    if not isinstance(item, Rollout) or rollout.is_unobserved(item):
        return None
    state, message = argo.judged(item)
    said = rollout.condition(item.status.conditions, "Progressing")
    if state is not RolloutState.FAILED or (said and said.reason == "ProgressDeadlineExceeded"):
        return None
    at = said.last_update_time or said.last_transition_time if said else None
    name = item.metadata.name
    stable = [one for one in facts.pods if argo.is_stable(item, one.pod.metadata)]
    to = next((f" --to {one.instance.revision}" for one in stable if one.instance.revision), "")
    advice = [Advice(text="set what runs", command=f"dashborion workloads rollback {name}{to}")]
    if item.status.abort:
        retry = f"dashborion workloads resume {name}"
        advice.append(Advice(text="try the new template again", command=retry))
    return Finding(
        code=Code.ROLLOUT_FAILED,
        reason="RolloutAborted" if item.status.abort else item.status.phase,
        message=message,
        evidence=[facts.evidence("status.message", message, at)],
        first_seen=at,
        last_seen=at,
        advice=advice,
    )


def _blocked(facts: Facts) -> Iterator[Finding]:
    """The pods of an older revision that keep a StatefulSet from rolling out the newest.

    One that replaces its pods in order waits for each to get ready first, whatever its revision,
    and never replaces one that does not (kubernetes/kubernetes#67250).
    """
    item = facts.item
    if not isinstance(item, wire.StatefulSet) or rollout.is_unobserved(item):
        return
    if item.spec.pod_management_policy == "Parallel" or not rollout.replaces_more(item):
        return
    for pod in facts.pods:
        ready = pod.condition("Ready")
        since = (ready.last_transition_time if ready else None) or pod.instance.created_at
        is_ending = pod.pod.metadata.deletion_timestamp is not None
        if not pod.is_old or pod.instance.ready or is_ending or age(facts, since) < _READY:
            continue
        yield Finding(
            code=Code.ROLLOUT_BLOCKED,
            reason=pod.instance.reason,
            message=f"{pod.name} is of the old revision and not ready, so that it is not replaced",
            evidence=[
                pod.evidence("status.conditions[Ready].status", ready.status if ready else None),
                facts.evidence("status.updateRevision", item.status.update_revision),
            ],
            instance=pod.name,
            first_seen=since,
            last_seen=since,
            advice=[
                Advice(
                    text="stop it: it comes back with the new revision",
                    command=f"dashborion instances stop {pod.name}",
                )
            ],
        )


def _not_observed(facts: Facts) -> Finding | None:
    """A change that its controller has not taken up, for longer than it takes when it runs."""
    item = facts.item
    if item is None or not rollout.is_unobserved(item):
        return None
    written = [
        one.time
        for one in item.metadata.managed_fields or ()
        # Servers before 1.22 do not say which writes were of the status.
        if one.time and one.subresource != "status" and one.manager != _MANAGER
    ]
    at = max(written, default=item.metadata.creation_timestamp)
    if age(facts, at) < _OBSERVED:
        return None
    told = f"{item.status.observed_generation} of {item.metadata.generation}"
    return Finding(
        code=Code.NOT_OBSERVED,
        message="no controller has taken up the last change: does the controller manager run?",
        evidence=[facts.evidence("status.observedGeneration", told, at)],
        first_seen=at,
        last_seen=at,
    )


def _daemons(facts: Facts) -> Iterator[Finding]:
    """A DaemonSet that no node is meant for, or that runs where it is not meant to."""
    item = facts.item
    if not isinstance(item, wire.DaemonSet) or rollout.is_unobserved(item):
        return
    status = item.status
    if status.desired_number_scheduled == 0:
        yield Finding(
            code=Code.UNSCHEDULABLE_NODE,
            reason="DaemonSet",
            message="no node fits its node selector, affinity and tolerations",
            evidence=[facts.evidence("status.desiredNumberScheduled", "0")],
            severity=Severity.INFO,
        )
    if count := status.number_misscheduled:
        yield Finding(
            code=Code.MISPLACED,
            reason="DaemonSet",
            message=f"{count} of its pods run on nodes that its template does not fit any more",
            evidence=[facts.evidence("status.numberMisscheduled", str(count))],
            count=count,
        )


def _one(finding: Finding | None) -> Iterator[Finding]:
    return iter(() if finding is None else (finding,))


RULES: Sequence[Rule[Facts]] = (
    Rule(lambda facts: _one(_deadline(facts))),
    Rule(lambda facts: _one(_degraded(facts))),
    Rule(lambda facts: _one(_held(facts))),
    Rule(_blocked),
    Rule(lambda facts: _one(_not_observed(facts))),
    Rule(_daemons),
)
