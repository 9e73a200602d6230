"""What ECS, its scheduler and Application Auto Scaling tell of a service's past. Pure.

A deployment is known by its own times. ECS does not say that somebody changed a desired count: that
is told where tasks came or went of a service that had settled, and none had failed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from dashborion.models.cause import Evidence, Severity
from dashborion.models.definition import Difference
from dashborion.models.event import EventType
from dashborion.models.timeline import Actor, Entry, EntryKind, Source
from dashborion.models.workload import Workload
from dashborion.orchestrators.difference import compared
from dashborion.orchestrators.ecs import events, instances, rollout, wire
from dashborion.orchestrators.ecs.cloudtrail import SOON
from dashborion.orchestrators.ecs.native_normalise import compared_definitions
from dashborion.orchestrators.timeline import entry, in_words

_INFO, _WARNING, _ERROR = Severity.INFO, Severity.WARNING, Severity.ERROR
_TASKS = re.compile(r"\(task ([0-9a-f-]+)\)")
_COUNT = re.compile(r"has (started|stopped) (\d+)")
_SIZE = re.compile(r"desired count to (\d+)")
_POLICY = re.compile(
    r"triggered policy (\S+)|(scheduled action|target tracking)[^.]*", re.IGNORECASE
)
_KNOWN = timedelta(hours=1)  # in which ECS tells of tasks that stopped
_SHORT = 6  # digits of a task's id in its name
_SKIPPED = frozenset({
    "SteadyState", "Draining", "Registered", "Deregistered", "DeploymentCompleted",
    "DeploymentFailed", "RollingBack", "DeploymentStopped", "Rebalancing", "Scaled", "Started",
    "Stopped", "TaskSetUpdated", None,
})  # fmt: skip
_OF_NODES = frozenset({"AgentDisconnected", "UnableToPlace"})


class Activity(wire.Pascal, frozen=True):
    """What Application Auto Scaling did, or failed to do."""

    resource_id: str = ""
    description: str = ""
    cause: str = ""
    start_time: datetime | None = None
    status_code: str = ""
    status_message: str | None = None


class ServicePast(Struct, frozen=True, kw_only=True):
    """A service and what is around it.

    ``deployments`` are the oldest first, those before what is looked at included; ``targets`` the
    task definitions that they went to, by service revision. ``wholes`` are task definitions as the
    API has them: those of ``alike``, as far as they were asked for.
    """

    plain: Workload
    service: wire.Service
    deployments: Sequence[wire.ServiceDeployment] = ()
    targets: Mapping[str, str] = {}
    definitions: Mapping[str, wire.TaskDefinition] = {}
    wholes: Mapping[str, Any] = {}
    stopped: Sequence[wire.Task] = ()
    activities: Sequence[Activity] = ()
    now: datetime


def entries(facts: ServicePast) -> list[Entry]:
    """All that is known of a service, its rollouts in their order."""
    told = [*_rollouts(facts), *_task_sets(facts)]
    return [*told, *_scalings(facts), *_counts(facts), *_tasks(facts), *_said(facts)]


def _entry(
    facts: ServicePast, kind: EntryKind, at: datetime | None, summary: str, **more: Any
) -> Entry:
    """An entry about the service, told by DescribeServices unless another ``api`` is named."""
    itself = f"service/{facts.plain.name}"
    source = Source(api=more.pop("api", "ecs:DescribeServices"), object=more.pop("object", itself))
    return entry(facts.plain, kind, at, summary, source, **more)


# --- Rollouts -------------------------------------------------------------------------------------


class _Rolled(NamedTuple):
    """A deployment: of which task definition, and what the newer API says of it, if it does."""

    at: datetime | None
    arn: str
    id: str
    made: wire.ServiceDeployment | None


def changes(service: wire.Service) -> Iterator[Evidence]:
    """The deployments that a service itself still shows, as evidence."""
    for one in service.deployments:
        yield Evidence(
            source=f"service/{service.service_name}", field="last change",
            value=f"deployed {rollout.revision(one.task_definition)}", timestamp=one.created_at,
        )  # fmt: skip


def _rolled(facts: ServicePast) -> list[_Rolled]:
    """From service deployments; from the service's own where these are not known."""
    told = [
        _Rolled(one.created_at, arn, wire.arn_name(one.service_deployment_arn), one)
        for one in facts.deployments
        if (arn := facts.targets.get(one.target_service_revision_arn or ""))
    ]
    if told:
        return told
    own = [
        _Rolled(one.created_at, one.task_definition, one.id, None)
        for one in reversed(facts.service.deployments)  # the newest first
    ]
    return sorted(own, key=lambda one: (one.at is not None, one.at))


def _rollouts(facts: ServicePast) -> Iterator[Entry]:
    rolled, known = _rolled(facts), facts.definitions
    for index, one in enumerate(rolled):
        before = rolled[index - 1].arn if index else None
        name = rollout.revision(one.arn) or one.arn
        again = one.arn != before and _has_run(one.arn, [past.arn for past in rolled[:index]])
        differences = _differences(facts, before, one.arn)
        registered = known[one.arn].registered_at if one.arn in known else None
        if registered is not None and not again and one.arn != before:
            yield _entry(
                facts, EntryKind.CONFIG, registered, f"{name} registered",
                api="ecs:DescribeTaskDefinition", object=f"task-definition/{name}",
            )  # fmt: skip
        yield _entry(
            facts,
            EntryKind.ROLLOUT,
            one.at,
            _in_words(before, one.arn, differences, again=again),
            before=None if before is None else rollout.revision(before),
            after=name,
            differences=differences,
            api="ecs:ListServiceDeployments" if one.made else "ecs:DescribeServices",
            object=f"deployment/{one.id}",
        )
        if one.made is not None:
            yield from _of_deployment(facts, one.made, _number(before, one.arn), name)
        else:
            yield from _failed(facts, one)


def alike(facts: ServicePast) -> Iterator[str]:
    """Task definitions that differ from those before them in nothing that is kept on disk."""
    for before, one in pairwise(_rolled(facts)):
        is_known = {before.arn, one.arn} <= facts.definitions.keys()
        if before.arn != one.arn and is_known and not _differences(facts, before.arn, one.arn):
            yield from (before.arn, one.arn)


def _differences(facts: ServicePast, before: str | None, after: str) -> list[Difference]:
    """In what is kept of task definitions, or else in all that the API has."""
    if before is None:
        return []
    known, wholes, both = facts.definitions, facts.wholes, {before, after}
    kept = [_kept(known[arn]) for arn in (before, after)] if both <= known.keys() else [None, None]
    found = compared(*kept)
    if not found and both <= wholes.keys():
        found = compared_definitions(wholes[before], wholes[after], values=False)
    return found


def _has_run(arn: str, earlier: Sequence[str]) -> bool:
    """Whether it is one of the earlier task definitions, or older than one of its family."""
    family, number = wire.family_and_revision(arn)
    others = [wire.family_and_revision(one) for one in earlier]
    newest = max((known or 0 for name, known in others if name == family), default=0)
    return arn in earlier or (number or 0) < newest


def _in_words(
    before: str | None, arn: str, differences: Sequence[Difference], *, again: bool
) -> str:
    """By the number alone, as a family seldom changes."""
    what, name = in_words(differences), _number(before, arn)
    if before == arn:
        return f"restarted {name}"
    if again:
        return f"rolled back to {name}" + (f" ({what})" if what else "")
    if before is None:
        return f"deployed {name}"
    return f"deployed {name} ({what or 'other fields than images and resources'})"


def _number(before: str | None, arn: str) -> str:
    """The revision's number; its whole name if the one before is of another family."""
    family, number = wire.family_and_revision(arn)
    is_same = before is None or wire.family_and_revision(before)[0] == family
    return str(number) if is_same and number is not None else rollout.revision(arn) or arn


def _kept(definition: wire.TaskDefinition) -> dict[str, Any]:
    """What is kept on disk of a task definition, without what says which revision it is."""
    plain: dict[str, Any] = msgspec.to_builtins(definition)
    return {
        key: value
        for key, value in plain.items()
        if key not in ("taskDefinitionArn", "registeredAt") and value is not None
    }


def _of_deployment(
    facts: ServicePast, made: wire.ServiceDeployment, name: str, revision: str
) -> Iterator[Entry]:
    """How a deployment ended, the alarms that ended it and the hooks that it waits for."""
    at, api = made.updated_at or made.created_at, "ecs:DescribeServiceDeployments"
    object_ = f"deployment/{wire.arn_name(made.service_deployment_arn)}"
    why = made.status_reason or made.rollback.reason
    is_back = made.status.startswith("ROLLBACK")
    if is_back or (made.status == "STOPPED" and "newer service deployment" not in (why or "")):
        verb = "failed, ECS rolls back" if is_back else "failed"
        began = made.rollback.started_at if is_back else None
        yield _entry(
            facts, EntryKind.ROLLOUT, began or at, f"{name} {verb}: {why or made.status}",
            severity=_ERROR, after=revision, api=api, object=object_,
        )  # fmt: skip
    for alarm in made.alarms.triggered_alarm_names:
        yield _entry(
            facts, EntryKind.ALARM, at, f"alarm {alarm} was triggered by {name}",
            severity=_ERROR, api=api, object=f"alarm/{alarm}",
        )  # fmt: skip
    for hook in made.lifecycle_hook_details:
        of = hook.hook_id or wire.arn_name(hook.target_arn or "")
        waiting = f", until {hook.expires_at:%Y-%m-%dT%H:%M:%SZ}" if hook.expires_at else ""
        yield _entry(
            facts, EntryKind.HOOK, at, f"hook {of} of {name} is {hook.status}{waiting}",
            severity=_INFO if hook.status == "SUCCEEDED" else _WARNING, api=api,
            object=f"hook/{of}",
        )  # fmt: skip


def _failed(facts: ServicePast, one: _Rolled) -> Iterator[Entry]:
    """The same in the older API's words."""
    revision = rollout.revision(one.arn)
    for own in facts.service.deployments:
        if own.id == one.id and own.rollout_state == "FAILED":
            yield _entry(
                facts, EntryKind.ROLLOUT, own.updated_at,
                f"{revision} failed: {own.rollout_state_reason or 'FAILED'}",
                severity=_ERROR, after=revision, object=f"deployment/{one.id}",
            )  # fmt: skip


def _task_sets(facts: ServicePast) -> Iterator[Entry]:
    """What CodeDeploy or another controller deployed."""
    for one in facts.service.task_sets:
        name = rollout.revision(one.task_definition) or one.task_definition
        yield _entry(
            facts, EntryKind.ROLLOUT, one.created_at, f"task set of {name} ({one.status})",
            after=name, object=f"task-set/{one.id}",
        )  # fmt: skip


# --- Scaling --------------------------------------------------------------------------------------


def _scalings(facts: ServicePast) -> Iterator[Entry]:
    """What Application Auto Scaling did."""
    for one in facts.activities:
        size, by = _SIZE.search(one.description), _POLICY.search(one.cause)
        has_failed = one.status_code in ("Failed", "Unfulfilled")
        verb = "failed to scale" if has_failed else "scaled"
        to = f" to {size[1]}" if size else f": {one.description}"
        why = one.status_message if has_failed else one.cause
        name = (by[1] or by[0]) if by else "application-autoscaling"
        yield _entry(
            facts, EntryKind.SCALE, one.start_time, f"{verb}{to}" + (f": {why}" if why else ""),
            severity=_ERROR if has_failed else _INFO, after=size[1] if size else None,
            actor=Actor(name=name, via="autoscaling"),
            api="application-autoscaling:DescribeScalingActivities",
        )  # fmt: skip


def _counts(facts: ServicePast) -> Iterator[Entry]:
    """A changed count, where a service settled twice and has more tasks, or less, the second time.

    Only within the hour in which ECS knows which tasks were lost.
    """
    settled: datetime | None = None
    moves: list[tuple[wire.Event, int]] = []
    for event in sorted(
        facts.service.events, key=lambda one: (bool(one.created_at), one.created_at)
    ):
        counted, at = _COUNT.search(event.message), event.created_at
        if events.meaning(event.message).reason in ("SteadyState", "DeploymentCompleted"):
            if settled is not None and at is not None and facts.now - settled < _KNOWN:
                yield from _count(facts, settled, at, moves)
            settled, moves = at, []
        elif counted is not None:
            moves.append((event, int(counted[2]) * (1 if counted[1] == "started" else -1)))


def _count(
    facts: ServicePast, since: datetime, until: datetime, moves: Sequence[tuple[wire.Event, int]]
) -> Iterator[Entry]:
    ended = [task.stopping_at or task.stopped_at for task in facts.stopped if _has_failed(task)]
    lost = sum(since - SOON <= at <= until for at in ended if at)
    more = sum(number for _, number in moves) - lost
    others = [one.start_time for one in facts.activities]
    others += [one.at for one in _rolled(facts)]
    is_explained = any(since - SOON <= at <= until for at in others if at)
    if more and moves and not is_explained:
        way = "out" if more > 0 else "in"
        event, _ = moves[0]
        yield _entry(
            facts, EntryKind.SCALE, event.created_at,
            f"scaled {way} by {abs(more)}, as the tasks tell that came and went",
            object=f"event/{event.id}",
        )  # fmt: skip


# --- Tasks ----------------------------------------------------------------------------------------


def _has_failed(task: wire.Task) -> bool:
    """Whether it is not the scheduler that had it stopped, to scale or to deploy."""
    return task.stop_code != "ServiceSchedulerInitiated" or "health" in (task.stopped_reason or "")


def _tasks(facts: ServicePast) -> Iterator[Entry]:
    """Tasks that came and went, by events, and why they ended, which ECS knows for an hour."""
    known = {instances.task_id(task) for task in facts.stopped}
    for event in facts.service.events:
        counted, ids = _COUNT.search(event.message), _TASKS.findall(event.message)
        if counted is None or (counted[1] == "stopped" and known.issuperset(ids)):
            continue
        number = int(counted[2])
        name = f"{facts.plain.name}-{ids[0][:_SHORT]}" if len(ids) == 1 else None
        yield _entry(
            facts, EntryKind.INSTANCE, event.created_at, counted[1],
            instance=name, count=max(1, number), object=f"event/{event.id}",
        )  # fmt: skip
    for task in facts.stopped:
        yield _stopped(facts, task)


def _stopped(facts: ServicePast, task: wire.Task) -> Entry:
    definition = facts.definitions.get(task.task_definition_arn)
    word = instances.reason(task, definition)
    text = f"stopped: {task.stopped_reason or word or 'nobody says why'}"
    kind, severity = EntryKind.INSTANCE, _INFO
    if instances.has_exited(task) or (word or "").startswith("OutOfMemory"):
        kind, severity = EntryKind.RESTART, _ERROR
        codes = [
            f"{'' if one.name == facts.plain.name else f'{one.name} '}exited with {one.exit_code}"
            for one in instances.by_blame(task, definition)
            if one.exit_code is not None
        ]
        text = ", ".join([*codes[:1], *([word] if word not in (None, "Error") else [])]) or text
    elif task.stop_code == "ServiceSchedulerInitiated" and not _has_failed(task):
        text = "stopped to scale or to deploy"
    else:
        severity = _INFO if task.stop_code == "UserInitiated" else _ERROR
    return _entry(
        facts, kind, task.stopping_at or task.stopped_at, text,
        severity=severity, instance=instances.name_of(task), api="ecs:DescribeTasks",
        object=f"task/{instances.task_id(task)}",
    )  # fmt: skip


def _said(facts: ServicePast) -> Iterator[Entry]:
    """What else the scheduler warns of."""
    for event in facts.service.events:
        meaning = events.meaning(event.message)
        if meaning.type is not EventType.WARNING or meaning.reason in _SKIPPED:
            continue
        kind = EntryKind.NODE if meaning.reason in _OF_NODES else EntryKind.INSTANCE
        yield _entry(
            facts, kind, event.created_at, events.sentence(event.message),
            severity=_WARNING, object=f"event/{event.id}",
        )  # fmt: skip
