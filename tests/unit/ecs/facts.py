"""A service and its tasks as facts, and what all rules find in them."""

from __future__ import annotations

from typing import Any

from dashborion.models.cause import Cause
from dashborion.orchestrators import findings
from dashborion.orchestrators.ecs import facts, wire
from dashborion.orchestrators.ecs.causes import RULES
from tests.unit.ecs.raw_ecs import HEAD, NOW, SCOPE, container, definition, service, stopped

EXITED = "EssentialContainerExited"
OLD = "ecs-svc/1"


def arn(number: int) -> str:
    return f"{HEAD}:task/homebox-staging/{number:x}{'0' * 31}"


def of(*tasks: wire.Task, on: wire.Service | None = None, **more: Any) -> facts.Facts:
    """The facts about a service, which is well unless told otherwise."""
    chosen, defined = on or service(), definition()
    known = {defined.task_definition_arn: defined}
    seen = [facts.of_task(one, chosen, SCOPE, known) for one in tasks]
    return facts.Facts(now=NOW, service=chosen, tasks=seen, **more)


def causes(*tasks: wire.Task, on: wire.Service | None = None, **more: Any) -> list[Cause]:
    """What is wrong with it, the worst first."""
    return findings.causes(findings.found(RULES, of(*tasks, on=on, **more)), now=NOW)


def codes(*tasks: wire.Task, on: wire.Service | None = None, **more: Any) -> list[str]:
    return [str(cause.code) for cause in causes(*tasks, on=on, **more)]


def ended(number: int, code: str | None = EXITED, said: str = "", **more: Any) -> wire.Task:
    """A task that has ended, of its own id."""
    one = container(lastStatus="STOPPED", exitCode=more.pop("exitCode", 1))
    return stopped(one, code=code, said=said, taskArn=arn(number), **more)
