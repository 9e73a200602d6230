"""Deployments that fail, wait or cannot move."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from dashborion.models.cause import Advice, Code, Evidence, Severity
from dashborion.orchestrators.ecs import events, rollout, stages, wire
from dashborion.orchestrators.ecs.causes.tasks import RECENT, has_failed
from dashborion.orchestrators.ecs.facts import Facts, of_event
from dashborion.orchestrators.findings import Finding, Rule

_LOOP = 3
# The reasons of ``events`` that say something of the rollout.
_EVENTS: Mapping[str, Code] = {
    events.BLOCKED: Code.ROLLOUT_PERCENT,
    "UnableToStartTasks": Code.START_BACKOFF,
    "Throttled": Code.THROTTLED,
}


def _failed(facts: Facts) -> Iterator[Finding]:
    """Deployments that ECS calls failed, or whose tasks it counts as failed.

    One that was rolled back has passed: what runs now is the deployment before it.
    """
    for item in facts.service.deployments if facts.service else ():
        if item.rollout_state == "FAILED":
            text = item.rollout_state_reason or ""
            is_breaker = "circuit breaker" in text.lower()
            yield Finding(
                code=Code.CIRCUIT_BREAKER if is_breaker else Code.ROLLOUT_FAILED,
                reason="DeploymentFailed",
                message=rollout.reason(item),
                evidence=[_of_deployment(item, "rolloutState", "FAILED"),
                          _of_deployment(item, "rolloutStateReason", text)],
                severity=None if item.status == "PRIMARY" else Severity.WARNING,
                stands=item.status == "PRIMARY",
                count=max(1, item.failed_tasks),
                first_seen=item.created_at,
                last_seen=item.updated_at,
                advice=[_back(facts)],
            )  # fmt: skip
        elif item.failed_tasks and item.status == "PRIMARY":
            yield Finding(
                code=Code.RESTART_LOOP,
                reason="DeploymentFailing",
                message=rollout.reason(item) or f"{item.failed_tasks} tasks failed so far",
                evidence=[_of_deployment(item, "failedTasks", str(item.failed_tasks))],
                count=item.failed_tasks,
                first_seen=item.created_at,
                last_seen=item.updated_at,
                advice=[_back(facts)],
            )


def _loop(facts: Facts) -> Iterator[Finding]:
    """Tasks of the newest deployment that end again and again while ECS counts none as failed.

    Its count goes back to zero whenever a task runs for a while (aws/containers-roadmap#1206).
    """
    newest = rollout.primary(facts.service) if facts.service else None
    if newest is None or newest.failed_tasks:
        return
    ended = sorted(
        task.task.stopped_at
        for task in facts.tasks
        if not task.is_old
        and task.task.stopped_at is not None
        and has_failed(task)
        and facts.now - task.task.stopped_at < RECENT
    )
    if len(ended) >= _LOOP:
        yield Finding(
            code=Code.RESTART_LOOP,
            reason="DeploymentFailing",
            message=f"{len(ended)} tasks ended within {RECENT.seconds // 60} minutes, and"
            " the circuit breaker counts none of them",
            evidence=[_of_deployment(newest, "failedTasks", "0")],
            count=len(ended),
            first_seen=ended[0],
            last_seen=ended[-1],
            advice=[_back(facts)],
        )


def _said(facts: Facts) -> Iterator[Finding]:
    """What the events since the newest deployment say, if nothing has moved after them."""
    service = facts.service
    if service is None:
        return
    newest = rollout.primary(service)
    for event in events.standing(service, newest.created_at if newest else None, _EVENTS):
        code = _EVENTS[event.reason or ""]
        yield Finding(
            code=code,
            reason=event.reason,
            message=events.sentence(events.with_numbers(event, service).message),
            evidence=[of_event(event), *(_limits(facts) if code is Code.ROLLOUT_PERCENT else ())],
            last_seen=event.timestamp,
        )


def _limits(facts: Facts) -> list[Evidence]:
    if facts.service is None:
        return []
    minimum, maximum = rollout.percents(facts.service)
    field = "deploymentConfiguration"
    return [
        facts.evidence(f"{field}.minimumHealthyPercent", str(minimum)),
        facts.evidence(f"{field}.maximumPercent", str(maximum)),
    ]


def _staged(facts: Facts) -> Iterator[Finding]:
    """What the newer API says of a deployment: alarms, hooks, and that it is being watched."""
    made = facts.made
    if made is None or made.status in stages.OVER - {stages.ROLLED_BACK, stages.ROLLBACK_FAILED}:
        return
    source, at = f"service-deployment/{wire.arn_name(made.service_deployment_arn)}", made.updated_at
    if made.alarms.status == "TRIGGERED":
        names = ", ".join(made.alarms.triggered_alarm_names) or "an alarm"
        told = Evidence(source=source, field="alarms.status", value="TRIGGERED", timestamp=at)
        yield Finding(
            code=Code.ALARM, reason="TRIGGERED", message=f"{names} went off", evidence=[told],
            key=names, last_seen=at,
        )  # fmt: skip
    for hook in made.lifecycle_hook_details:
        code = _HOOKS.get(hook.status)
        if code is not None:
            told = Evidence(source=source, field="lifecycleHookDetails.status", value=hook.status)
            yield Finding(
                code=code, reason=hook.status, evidence=[told], last_seen=at,
                message=stages.stage(made) or f"hook {hook.hook_id or hook.target_arn}",
                advice=_onward(facts, hook) if code is Code.HOOK_WAITING else [],
            )  # fmt: skip
    if made.lifecycle_stage == "BAKE_TIME":
        told = Evidence(source=source, field="lifecycleStage", value="BAKE_TIME", timestamp=at)
        yield Finding(
            code=Code.BAKE, reason="BAKE_TIME", message=stages.stage(made), evidence=[told]
        )


_HOOKS: Mapping[str, Code] = {
    "AWAITING_ACTION": Code.HOOK_WAITING,
    "FAILED": Code.ROLLOUT_HOOK_FAILED,
    "TIMED_OUT": Code.ROLLOUT_HOOK_FAILED,
}


def _draining(facts: Facts) -> Iterator[Finding]:
    """A service that is being deleted, and old tasks that still run when the new ones do."""
    service = facts.service
    newest = rollout.primary(service) if service else None
    if service is not None and service.status == "DRAINING":
        yield Finding(
            code=Code.DRAINING, reason="DRAINING", message="the service is being deleted",
            evidence=[facts.evidence("status", service.status)], severity=Severity.ERROR,
        )  # fmt: skip
    if newest is None or newest.running_count < newest.desired_count:
        return
    old = [one for one in facts.tasks if one.is_old and one.task.last_status == "RUNNING"]
    if not old:
        return
    protected = [one for one in old if one.instance.id in (facts.protected or {})]
    yield Finding(
        code=Code.DRAINING, reason="DRAINING",
        message=f"{len(old)} tasks of older deployments still run",
        evidence=[one.evidence("lastStatus", one.task.last_status) for one in old[:1]],
        first_seen=newest.created_at,
    )  # fmt: skip
    for one in protected:
        until = (facts.protected or {})[one.instance.id]
        yield Finding(
            code=Code.PROTECTED, reason="protectionEnabled", instance=one.name, is_old=True,
            message=f"protected until {until:%Y-%m-%dT%H:%M:%SZ}" if until else "protected",
            evidence=[one.evidence("protectionEnabled", "true", until)],
        )  # fmt: skip


def _of_deployment(item: wire.Deployment, field: str, value: str) -> Evidence:
    return Evidence(
        source=f"deployment/{item.id}", field=field, value=value, timestamp=item.updated_at
    )


def _onward(facts: Facts, hook: wire.LifecycleHook) -> list[Advice]:
    """Either way: on, or back."""
    name = facts.service.service_name if facts.service else "NAME"
    chosen = f" --hook {hook.hook_id}" if hook.hook_id else ""
    command = f"dashborion workloads continue {name}{chosen}"
    return [
        Advice(text="let it go on", command=command),
        Advice(text="or take it back", command=f"dashborion workloads abort {name}"),
    ]


def _back(facts: Facts) -> Advice:
    name = facts.service.service_name if facts.service else "NAME"
    return Advice(
        text="go back to the revision before", command=f"dashborion workloads rollback {name}"
    )


RULES: Sequence[Rule[Facts]] = (
    Rule(_failed),
    Rule(_loop),
    Rule(_said),
    Rule(_staged, ("made",)),
    Rule(_draining),
)
