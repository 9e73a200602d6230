"""One-off commands as standalone tasks: planned, sent with a token, watched, and cleaned up."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from dashborion.errors import DashborionError, Forbidden, MaybeApplied, NotStarted, Refusal
from dashborion.models.cause import Cause
from dashborion.models.query import Name, Query
from dashborion.orchestrators.aws.errors import Refused
from dashborion.orchestrators.aws.parts import part
from dashborion.orchestrators.ecs import deploy, instances, run_request, wire
from dashborion.orchestrators.ecs.client import Client
from dashborion.orchestrators.ecs.diagnose import Causes
from dashborion.orchestrators.ecs.logs import Logs
from dashborion.orchestrators.logs import Reader, Wanted
from dashborion.orchestrators.run import PlannedRun, RunSeen, RunWish, StartedRun

LATE_SECONDS = 10.0  # CloudWatch takes lines in late; the driver hands them on every five seconds
LEFT_AFTER = timedelta(minutes=10)  # a revision that no task has then was left behind
MOST_LEFT = 10
_EVERYWHERE = Query(all_namespaces=True)


def plan(
    client: Client, service: wire.Service, raw: Mapping[str, Any], wish: RunWish
) -> PlannedRun:
    """The task for a command, from the revision that a service runs or another one."""
    current = deploy.running(client, service)
    if wish.revision is not None:
        current = deploy.named(client, service, wish.revision)
    if wish.image and current.unknown:
        raise Refusal(
            f"{current.name} has what the installed botocore does not know, and a one-off revision "
            f"would lose it: {', '.join(current.unknown)}",
            hint="a newer one may know it: pip install --upgrade boto3",
        )
    fields = {**current.fields, **({"tags": current.tags} if current.tags else {})}
    definition = run_request.Definition(current.arn, fields, raw)
    built = run_request.build(definition, wish, str(uuid.uuid4()))
    marked = {"startedBy": built.arguments["startedBy"]}
    active = part(partial(client.arns, "list_tasks", "taskArns", **marked), client.aws.runtime.warn)
    essential = frozenset(
        name for name, one in definition.containers.items() if one.get("essential", True)
    )
    return PlannedRun(
        container=built.container,
        image=built.image,
        revision=current.name,
        role=built.role,
        public_ip=built.public_ip,
        beside=built.beside,
        active=tuple(map(wire.arn_name, active or ())),
        notes=built.notes,
        start=lambda: _send(client, built, essential, active or ()),
    )


def _send(
    client: Client, built: run_request.Built, essential: frozenset[str], active: Sequence[str]
) -> StartedRun:
    """Register what has to be, and run the task; what was registered goes with it."""
    arguments, registered = built.arguments, None
    notes: list[str] = []
    if built.registered is not None:
        notes += _deregister_left(client, str(built.registered["family"]), active)
        answer = client.aws.write("ecs", "register_task_definition", **built.registered)
        registered = str((answer.get("taskDefinition") or {}).get("taskDefinitionArn") or "")
        if not registered:
            message = "ecs:RegisterTaskDefinition: a cut answer: it may have been registered"
            raise MaybeApplied(message)
        arguments = {**arguments, "taskDefinition": registered}
        notes.append(f"{wire.arn_name(registered)} was registered, for this run only")
    try:
        task = _run_task(client, arguments, built)
    except DashborionError:
        if registered:
            _deregister(client, registered)
        raise
    return TaskRun(
        name=instances.task_id(task),
        late_seconds=LATE_SECONDS,
        if_left=f"nothing else ends it: `dashborion instances stop {instances.task_id(task)}` does",
        notes=tuple(notes),
        client=client,
        container=built.container,
        essential=essential,
        registered=registered,
    )


def _run_task(client: Client, arguments: Mapping[str, Any], built: run_request.Built) -> wire.Task:
    """Send it; with the same token it is the same task, so that a lost answer is asked for again.

    Raises:
        NotStarted: ECS has no room for it.
        Forbidden: with both roles, where they may not be passed.
    """
    send = partial(client.aws.write, "ecs", "run_task", cluster=client.cluster, **arguments)
    try:
        try:
            answer = send()
        except MaybeApplied:
            answer = send()
    except Forbidden as error:
        if "PassRole" in error.message:
            error.hint = f"the policy needs iam:PassRole on both roles: {built.role}"
        raise
    tasks = answer.get("tasks") or []
    if not tasks:
        told = [
            ": ".join(filter(None, (one.get("reason"), one.get("detail"))))
            for one in answer.get("failures") or ()
        ]
        raise NotStarted(f"ECS did not start the task: {'; '.join(told) or 'it does not say why'}")
    return wire.Task(task_arn=str(tasks[0]["taskArn"]))


def _deregister_left(client: Client, family: str, active: Sequence[str]) -> list[str]:
    """Deregister one-off revisions that no task has any more: of clients that were killed."""
    try:
        tasks = [one.item for one in client.tasks_by_id(active)] if active else []
        used = {one.task_definition_arn for one in tasks}
        left = [one for one in client.newest_revisions(family, MOST_LEFT) if one not in used]
        known = client.task_definitions(left, lambda _: None)
    except (Forbidden, Refused):
        return []
    before = client.aws.runtime.now() - LEFT_AFTER
    old = [
        arn
        for arn, one in known.items()
        if one.registered_at is not None and one.registered_at < before
    ]
    return [f"deregistered {wire.arn_name(arn)}, left by a run before" for arn in old
            if _deregister(client, arn)]  # fmt: skip


def _deregister(client: Client, arn: str) -> bool:
    """Whether it could be; what is left is tried again by the next run."""
    with suppress(DashborionError):
        client.aws.write("ecs", "deregister_task_definition", taskDefinition=arn)
        return True
    return False


@dataclass(kw_only=True)
class TaskRun(StartedRun):
    """A standalone task, as ``StartedRun``; ``registered`` is its one-off revision."""

    client: Client
    container: str
    essential: frozenset[str]
    registered: str | None
    _last: RunSeen = field(default_factory=RunSeen)
    _first: frozenset[str] = frozenset()
    _is_stopped: bool = False

    def look(self) -> RunSeen:
        """By DescribeTasks; RunTask's answer may be there before that knows the task."""
        if self._last.is_over:
            return self._last
        found = self.client.tasks_by_id([self.name])
        if found:
            task = found[0].item
            self._first = self._first or run_request.ended_in(task, self.essential)
            self._last = run_request.seen(
                task, self.container, self.essential, self._first, self._last
            )
            self._is_stopped = task.desired_status == "STOPPED"
        elif self._last.instance:
            why = "ECS has forgotten the task"
            self._last = RunSeen(instance=self.name, started=True, is_over=True, why=why)
        return self._last

    def reader(self) -> Reader:
        """The stream of the command's container."""
        wanted = Wanted(containers=(self.container,))
        return Logs(self.client).of_instance(Name(self.name), _EVERYWHERE, wanted)

    def stop(self, reason: str) -> None:
        """StopTask, which of a task that has stopped changes nothing."""
        self._is_stopped = True
        self.client.stop_task(self.name, reason)

    def clean_up(self) -> None:
        """Stop what goes on beside the command, and deregister the one-off revision."""
        if not self._is_stopped:
            self.stop("the command of `dashborion workloads run` has ended")
        if self.registered and not _deregister(self.client, self.registered):
            name = wire.arn_name(self.registered)
            message = f"{name} could not be deregistered: the next run with --image does it"
            self.client.aws.runtime.warn(DashborionError(message))

    def causes(self, seen: RunSeen) -> Sequence[Cause]:  # noqa: ARG002 - a task has one name
        """As ``instances why`` finds them for its task."""
        asked = Causes(self.client).instance(Name(self.name), _EVERYWHERE, timedelta(days=1))
        return asked.causes
