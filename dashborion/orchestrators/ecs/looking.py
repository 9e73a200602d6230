"""What may be wrong with a service or a task: which facts are read, and what the rules find.

Rules look at what ``describe`` reads anyway. What they find may ask for one more read, in
``_MORE``; then they look again. A service that is well asks for nothing more.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeVar

from msgspec import Struct

from dashborion.concurrency import result, start
from dashborion.errors import DashborionError, Forbidden
from dashborion.models.cause import Code, NotChecked
from dashborion.orchestrators import findings
from dashborion.orchestrators.aws.client import convert
from dashborion.orchestrators.aws.parts import Tell, part
from dashborion.orchestrators.ecs import deployment_views, rollout, wire
from dashborion.orchestrators.ecs.causes import RULES
from dashborion.orchestrators.ecs.client import MACHINES_A_CALL, TASKS_A_CALL, Client
from dashborion.orchestrators.ecs.facts import Facts, TaskFacts
from dashborion.orchestrators.ecs.native_wire import ContainerInstance
from dashborion.orchestrators.findings import Finding, Gather
from dashborion.orchestrators.protocol import LastLines

T = TypeVar("T")
_ACTION = re.compile(r"not authorized to perform: ([\w-]+:\w+)")


def _quiet(_error: DashborionError) -> None:
    """What could not be read stands in the answer."""


class Reads(Struct, frozen=True):
    """What was read and what could not be, and why; ``warn`` and ``incomplete`` are told, too."""

    client: Client
    warn: Tell = _quiet
    incomplete: Tell = _quiet
    checked: list[str] = []
    not_checked: list[NotChecked] = []

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


def found(reads: Reads, facts: Facts) -> tuple[list[Finding], Facts]:
    """What all rules find in the facts, and in what they then ask for; and all these facts."""
    told = findings.found(RULES, facts)
    codes = {one.code for one in told}
    under_way = [read(reads, facts) for asks, read in _MORE if asks(facts, codes)]
    if not under_way:
        return told, facts
    completed = findings.completed(facts, under_way)
    return findings.found(RULES, completed), completed


def _is_rolling(facts: Facts, _codes: AbstractSet[Code]) -> bool:
    newest = rollout.primary(facts.service) if facts.service else None
    return newest is not None and newest.rollout_state not in (None, "COMPLETED")


# --- What is asked besides: each starts its call, and gathers it when all have begun ------------


def _made(reads: Reads, facts: Facts) -> Gather:
    """The newer API's view of the newest deployment: its stage, its hooks and alarms."""
    service = facts.service
    newest = rollout.primary(service) if service else None
    if service is None or newest is None:
        return dict
    asking = start(partial(deployment_views.newest_view, reads.client, service, newest))
    part = partial(reads.part, "service deployments", "ecs:DescribeServiceDeployments", asking)
    return lambda: {"made": part()}


def _protected(reads: Reads, facts: Facts) -> Gather:
    """Which of the old tasks that still run may not be stopped."""
    client = reads.client
    ids = [one.instance.id for one in facts.tasks if one.is_old and not one.task.stopped_at]
    asking = start(
        partial(
            client.aws.items, "ecs", "get_task_protection", "protectedTasks",
            cluster=client.cluster, tasks=ids[:TASKS_A_CALL],
        )
    )  # fmt: skip

    def gather() -> Mapping[str, Any]:
        items = reads.part("task protection", "ecs:GetTaskProtection", asking)
        told = [
            one for one in convert(list[wire.Protection], items or []) if one.protection_enabled
        ]
        protected = {wire.arn_name(one.task_arn): one.expiration_date for one in told}
        return {"protected": None if items is None else protected}

    return gather


def _machines(reads: Reads, facts: Facts) -> Gather:
    """The container instances that its tasks are on, if they are on any: AWS refuses none."""
    client = reads.client
    ids = list(dict.fromkeys(one.instance.node for one in facts.tasks if one.instance.node))
    if not ids:
        return dict
    asking = start(
        partial(
            client.objects, ContainerInstance, "container_instances", "containerInstances",
            raw=False, tell=None, cluster=client.cluster, containerInstances=ids[:MACHINES_A_CALL],
        )
    )  # fmt: skip

    def gather() -> Mapping[str, Any]:
        found = reads.part("container instances", "ecs:DescribeContainerInstances", asking)
        return {"machines": None if found is None else [one.item for one in found]}

    return gather


_MORE: Sequence[
    tuple[Callable[[Facts, AbstractSet[Code]], bool], Callable[[Reads, Facts], Gather]]
] = (
    (_is_rolling, _made),
    (lambda _, codes: Code.DRAINING in codes, _protected),
    (lambda _, codes: bool(codes & {Code.NODE_AGENT, Code.STUCK_TERMINATING}), _machines),
)
"""What a workload that is not well is asked besides, and when."""


def last_lines_of(client: Client, tasks: Iterable[TaskFacts]) -> LastLines:
    """The last lines that these tasks' containers wrote, those first that failed."""
    known = {one.name: one.task for one in tasks}

    def last_lines(name: str, _container: str | None, lines: int) -> list[str]:
        from dashborion.orchestrators.ecs import logs

        task = known.get(name)
        return logs.last_lines(client, task, lines) if task is not None else []

    return last_lines
