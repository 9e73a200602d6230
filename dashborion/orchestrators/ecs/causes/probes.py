"""Health checks of containers and of load balancers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from dashborion.models.cause import Code, Confidence, Evidence
from dashborion.orchestrators.ecs import balancer_wire, wire
from dashborion.orchestrators.ecs.causes.tasks import of_tasks
from dashborion.orchestrators.ecs.facts import Facts, TaskFacts
from dashborion.orchestrators.findings import Finding, Rule

_OF_CONTAINERS = re.compile(r"failed container health checks", re.IGNORECASE)
_OF_BALANCER = re.compile(r"failed ELB health checks", re.IGNORECASE)
# ``TargetHealth.Reason`` of Elastic Load Balancing. Not ``Elb.*``: that is the balancer's own
# trouble, nor what has just been registered or is on its way out.
_REASONS: Mapping[str, Code] = {
    "Target.ResponseCodeMismatch": Code.TARGET_STATUS,
    "Target.Timeout": Code.TARGET_TIMEOUT,
    "Target.FailedHealthChecks": Code.TARGET_REFUSED,
    "Target.HealthCheckDisabled": Code.TARGET_UNHEALTHY,
    "Target.NotInUse": Code.TARGET_UNUSED,
    "Target.IpUnusable": Code.TARGET_UNUSED,
    "Target.InvalidState": Code.TARGET_UNUSED,
}
_DEFAULT_INTERVAL, _DEFAULT_COUNT = 30, 2  # of a target group's health check


def _container(facts: Facts, one: TaskFacts) -> Finding | None:
    """A task that was stopped for its containers' health check, or still fails it."""
    task = one.task
    failing = next((item for item in task.containers if item.health_status == "UNHEALTHY"), None)
    was_stopped = bool(_OF_CONTAINERS.search(task.stopped_reason or ""))
    is_failing = task.last_status == "RUNNING" and task.health_status == "UNHEALTHY"
    if not (was_stopped or is_failing):
        return None
    told = one.evidence("healthStatus", task.health_status)
    if was_stopped:
        told = one.evidence("stoppedReason", task.stopped_reason, task.stopped_at)
    return Finding(
        code=Code.LIVENESS,
        reason="FailedHealthChecks" if was_stopped else "Unhealthy",
        message=task.stopped_reason if was_stopped else "its container health check fails",
        evidence=[told],
        instance=one.name,
        container=failing.name if failing else None,
        stands=is_failing,
        is_old=one.is_old,
        first_seen=task.started_at if is_failing else None,
        last_seen=task.stopped_at or facts.now,
    )


def _stopped(facts: Facts, one: TaskFacts) -> Finding | None:
    """A task that was stopped for a load balancer's health check: the targets say more."""
    task = one.task
    if not _OF_BALANCER.search(task.stopped_reason or ""):
        return None
    told = [one.evidence("stoppedReason", task.stopped_reason, task.stopped_at)]
    said = [found for found in _targets(facts) if found.code is not Code.TARGET_UNUSED]
    spoken = _of_message(task.stopped_reason or "")
    return Finding(
        code=said[0].code if said else spoken,
        reason="FailedHealthChecks",
        message=said[0].message if said else task.stopped_reason,
        evidence=[*told, *(said[0].evidence if said else ())],
        instance=one.name,
        confidence=Confidence.LIKELY if said else Confidence.CERTAIN,
        stands=False,
        is_old=one.is_old,
        last_seen=task.stopped_at,
    )


def _of_message(text: str) -> Code:
    if re.search(r"these codes: \[\d", text):
        return Code.TARGET_STATUS
    return Code.TARGET_TIMEOUT if "timed out" in text.lower() else Code.TARGET_UNHEALTHY


def _targets(facts: Facts) -> Iterator[Finding]:
    """Targets that get no traffic, with the task that has their address, if one runs."""
    addresses = {one.instance.ip: one for one in facts.tasks if one.instance.ip}
    for arn, targets in (facts.routes.health if facts.routes else {}).items():
        name = _group_name(facts, arn)
        for target in targets:
            health = target.target_health
            code = _REASONS.get(health.reason or "")
            if code is None or health.state not in ("unhealthy", "unused", "unavailable"):
                continue
            owner = addresses.get(target.target.id)
            source = f"target-group/{name}"
            yield Finding(
                code=code,
                reason=health.reason,
                message=health.description or f"target {target.target.id} is {health.state}",
                evidence=[
                    Evidence(source=source, field="TargetHealth.Reason", value=health.reason or ""),
                    Evidence(
                        source=source,
                        field="TargetHealth.Description",
                        value=health.description or "",
                    ),
                ],
                instance=owner.name if owner else None,
                key=name,
                is_old=owner.is_old if owner else False,
                first_seen=owner.task.started_at if owner else None,
            )


def _group_name(facts: Facts, arn: str) -> str:
    group = facts.routes.groups.get(arn) if facts.routes else None
    return (group.target_group_name if group else "") or arn.split("/")[1]


def _grace(facts: Facts) -> Iterator[Finding]:
    """Tasks that a load balancer's check ends as soon as it can, since there is no grace period."""
    service, routes = facts.service, facts.routes
    if service is None or routes is None:
        return
    soonest = max(map(_soonest, routes.groups.values()), default=timedelta())
    grace = timedelta(seconds=service.health_check_grace_period_seconds or 0)
    if grace >= soonest:
        return
    for one in facts.tasks:
        task = one.task
        if not (_OF_BALANCER.search(task.stopped_reason or "") and _lasted(task)):
            continue
        if (_lasted(task) or timedelta.max) <= grace + 2 * soonest:
            yield Finding(
                code=Code.HEALTH_GRACE,
                reason="healthCheckGracePeriodSeconds",
                message=f"stopped {_lasted(task)} after its start; the grace period is"
                f" {grace.seconds} s, and the check gives up after {soonest.seconds} s",
                evidence=[facts.evidence("healthCheckGracePeriodSeconds", str(grace.seconds))],
                instance=one.name,
                confidence=Confidence.POSSIBLE,
                stands=False,
                is_old=one.is_old,
                last_seen=task.stopped_at,
            )


def _soonest(group: balancer_wire.TargetGroup) -> timedelta:
    """How long a target group's check takes at least to call a target unhealthy."""
    interval = group.health_check_interval_seconds or _DEFAULT_INTERVAL
    return timedelta(seconds=interval * (group.unhealthy_threshold_count or _DEFAULT_COUNT))


def _lasted(task: wire.Task) -> timedelta | None:
    begun, ended = task.started_at, task.stopped_at
    return ended - begun if begun and ended else None


RULES: Sequence[Rule[Facts]] = (
    of_tasks(_container),
    of_tasks(_stopped),
    Rule(_targets, ("routes",)),
    Rule(_grace, ("routes",)),
)
