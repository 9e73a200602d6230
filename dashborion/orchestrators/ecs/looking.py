"""What may be wrong with a service or a task: which facts are read, and what the rules find.

Rules look at what ``describe`` reads anyway. What they find may ask for one more read, in
``_MORE``; then they look again. A service that is well asks for nothing more.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TypeVar

from msgspec import Struct

from dashborion.concurrency import result
from dashborion.errors import DashborionError, Forbidden
from dashborion.models.cause import Cause, Code, NotChecked
from dashborion.orchestrators import findings
from dashborion.orchestrators.aws.parts import Tell, part
from dashborion.orchestrators.ecs import logs
from dashborion.orchestrators.ecs.causes import RULES
from dashborion.orchestrators.ecs.client import Client
from dashborion.orchestrators.ecs.facts import Facts, TaskFacts
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
    more = dict.fromkeys(_MORE[one.code] for one in told if one.code in _MORE)
    if more:
        for read in more:
            facts = read(reads, facts)
        told = findings.found(RULES, facts)
    return judged(facts, told, since)


def judged(facts: Facts, told: Sequence[Finding], since: timedelta) -> Looked:
    """What the findings come to."""
    causes = findings.causes(told, now=facts.now, since=since)
    return Looked(causes, findings.failed(told))


_MORE: Mapping[Code, Callable[[Reads, Facts], Facts]] = {}


def last_lines(
    client: Client, tasks: Iterable[TaskFacts], instance: str, _container: str | None, lines: int
) -> list[str]:
    """The last lines that a task's containers wrote, those first that failed."""
    task = next((one.task for one in tasks if one.name == instance), None)
    return logs.last_lines(client, task, lines) if task is not None else []
