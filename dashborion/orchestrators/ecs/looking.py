"""What may be wrong with a service or a task: which facts are read, and what the rules find.

Rules look at what ``describe`` reads anyway. What they find may ask for one more read, in
``_MORE``; then they look again. A service that is well asks for nothing more.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TypeVar

import msgspec
from msgspec import Struct

from dashborion.concurrency import result, start
from dashborion.errors import DashborionError, Forbidden
from dashborion.models.cause import Cause, Code, NotChecked
from dashborion.orchestrators import findings
from dashborion.orchestrators.aws.client import convert
from dashborion.orchestrators.aws.parts import Tell, part
from dashborion.orchestrators.ecs import deployment_views, logs, rollout, wire
from dashborion.orchestrators.ecs.causes import RULES
from dashborion.orchestrators.ecs.client import MACHINES_A_CALL, TASKS_A_CALL, Client
from dashborion.orchestrators.ecs.facts import Facts, TaskFacts
from dashborion.orchestrators.ecs.native_wire import ContainerInstance
from dashborion.orchestrators.findings import Finding

T = TypeVar("T")
_ACTION = re.compile(r"not authorized to perform: ([\w-]+:\w+)")


def _quiet(_error: DashborionError) -> None:
    """What could not be read stands in the answer."""


@dataclass(frozen=True)
class Reads:
    """What was read and what could not be, and why; ``warn`` and ``incomplete`` are told, too."""

    client: Client
    warn: Tell = _quiet
    incomplete: Tell = _quiet
    checked: list[str] = field(default_factory=list)
    not_checked: list[NotChecked] = field(default_factory=list)

    def part(self, what: str, action: str, future: Future[T], *, rows: bool = False) -> T | None:
        """What a call answers, for which ``action`` has to be allowed; None if it cannot be had."""
        tell = partial(self.lost, what, action, rows=rows)
        answer = part(partial(result, future, self.client.aws.runtime.deadline), tell)
        if not any(one.what == what for one in self.not_checked):
            self.checked.append(what)
        return answer

    def lost(self, what: str, action: str, error: DashborionError, *, rows: bool = False) -> None:
        """Keep that something, or a part of it, could not be read."""
        (self.incomplete if rows else self.warn)(error)
        named = _ACTION.search(error.message)
        needed = named[1] if named else action
        permission = needed if isinstance(error, Forbidden) else None
        self.not_checked.append(NotChecked(what=what, permission=permission, reason=error.message))


class Looked(Struct, frozen=True):
    """What the rules found, and the containers whose last log lines belong to a cause."""

    causes: Sequence[Cause]
    failed: Sequence[tuple[str, str | None]]


def looked(reads: Reads, facts: Facts, since: timedelta) -> Looked:
    """What all rules find in the facts, and in what they then ask for."""
    told = findings.found(RULES, facts)
    codes = {one.code for one in told}
    more = [read for asks, read in _MORE if asks(facts, codes)]
    if more:
        for read in more:
            facts = read(reads, facts)
        told = findings.found(RULES, facts)
    return judged(facts, told, since)


def judged(facts: Facts, told: Sequence[Finding], since: timedelta) -> Looked:
    """What the findings come to."""
    causes = findings.causes(told, now=facts.now, since=since)
    return Looked(causes, findings.failed(told))


def _is_rolling(facts: Facts, _codes: AbstractSet[Code]) -> bool:
    newest = rollout.primary(facts.service) if facts.service else None
    return newest is not None and newest.rollout_state not in (None, "COMPLETED")


def _made(reads: Reads, facts: Facts) -> Facts:
    """The newer API's view of the newest deployment: its stage, its hooks and alarms."""
    service = facts.service
    newest = rollout.primary(service) if service else None
    if service is None or newest is None:
        return facts
    asking = start(partial(deployment_views.newest_view, reads.client, service, newest))
    made = reads.part("service deployments", "ecs:DescribeServiceDeployments", asking)
    return msgspec.structs.replace(facts, made=made)


def _protected(reads: Reads, facts: Facts) -> Facts:
    """Which of the old tasks that still run may not be stopped."""
    client = reads.client
    ids = [one.instance.id for one in facts.tasks if one.is_old and not one.task.stopped_at]
    asking = start(
        partial(
            client.aws.items, "ecs", "get_task_protection", "protectedTasks",
            cluster=client.cluster, tasks=ids[:TASKS_A_CALL],
        )
    )  # fmt: skip
    items = reads.part("task protection", "ecs:GetTaskProtection", asking)
    told = convert(list[wire.Protection], items or [])
    protected = {
        wire.arn_name(one.task_arn): one.expiration_date for one in told if one.protection_enabled
    }
    return msgspec.structs.replace(facts, protected=None if items is None else protected)


def _machines(reads: Reads, facts: Facts) -> Facts:
    """The container instances that its tasks are on."""
    client = reads.client
    ids = list(dict.fromkeys(one.instance.node for one in facts.tasks if one.instance.node))
    asking = start(
        partial(
            client.objects, ContainerInstance, "container_instances", "containerInstances",
            raw=False, tell=None, cluster=client.cluster, containerInstances=ids[:MACHINES_A_CALL],
        )
    )  # fmt: skip
    found = reads.part("container instances", "ecs:DescribeContainerInstances", asking)
    machines = None if found is None else [one.item for one in found]
    return msgspec.structs.replace(facts, machines=machines)


_MORE: Sequence[
    tuple[Callable[[Facts, AbstractSet[Code]], bool], Callable[[Reads, Facts], Facts]]
] = (
    (_is_rolling, _made),
    (lambda _, codes: Code.DRAINING in codes, _protected),
    (lambda _, codes: bool(codes & {Code.NODE_AGENT, Code.STUCK_TERMINATING}), _machines),
)
"""What a workload that is not well is asked besides, and when."""


def last_lines(
    client: Client, tasks: Iterable[TaskFacts], instance: str, _container: str | None, lines: int
) -> list[str]:
    """The last lines that a task's containers wrote, those first that failed."""
    task = next((one.task for one in tasks if one.name == instance), None)
    return logs.last_lines(client, task, lines) if task is not None else []
