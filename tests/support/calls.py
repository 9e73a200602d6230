"""The table of calls in the page for contributors: what each command asks, of few and of many.

A row is a command as it is typed, with ``NAME`` and ``ID`` for a workload and its instance. Its
numbers are, of Kubernetes and of ECS, the calls of one run in a cluster of 3 workloads and in one
of 300, and those of the next run, which knows what is kept; a dash where there is no such command.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import dashborion
from tests.support.aws_balancing import balancing, behind, group, rule
from tests.support.aws_objects import arn, definition, deployment, service, task

PAGE = Path(dashborion.__file__).with_name("README.md")
FEW, MANY = 3, 300
_ROW = re.compile(r"^\| `(?P<command>[^`]+)` \| (?P<numbers>[\d |-]+) \|$", re.MULTILINE)


class Calls(NamedTuple):
    """The numbers of calls of one command, of one orchestrator."""

    few: int
    many: int
    again: int


def rows(orchestrator: str) -> Iterator[tuple[str, Calls]]:
    """Each command that the orchestrator has, with its numbers as the page tells them."""
    section = PAGE.read_text(encoding="utf-8").partition("## Calls")[2].partition("\n## ")[0]
    for row in _ROW.finditer(section):
        numbers = row["numbers"].split(" | ")
        mine = numbers[:3] if orchestrator == "kubernetes" else numbers[3:]
        if "-" not in mine:
            yield row["command"], Calls(*map(int, mine))


def has_row(command: str) -> bool:
    """Whether the table has this command, whatever is typed behind its words."""
    known = (row for one in ("kubernetes", "ecs") for row, _ in rows(one))
    return any(f"{row} ".startswith(f"{command} ") for row in known)


_LOGGED = {"awslogs-group": "app", "awslogs-region": "eu-west-3", "awslogs-stream-prefix": "p"}
_APP = {
    "name": "app",
    "healthCheck": {"command": ["CMD", "true"]},
    "logConfiguration": {"logDriver": "awslogs", "options": _LOGGED},
}
_USED = {"Average": 1.0, "Maximum": 2.0}


def services(count: int) -> dict[str, Any]:
    """So many services ``web0`` and on of a task each, for ``AwsObjects``; ten families at most."""
    used = [arn("task-definition", f"app{number % 10}:2") for number in range(count)]
    names = [f"web{number}" for number in range(count)]
    ids = [f"{number:032x}" for number in range(count)]
    at = 1_795_000_100_000
    line = {"timestamp": at, "ingestionTime": at, "message": "hello"}
    return {
        "services": [
            service(name, taskDefinition=of, deployments=[deployment(taskDefinition=of)])
            | ({"loadBalancers": [behind("web")]} if name == "web0" else {})
            for name, of in zip(names, used, strict=True)
        ],
        "tasks": [
            task(number, name, taskDefinitionArn=of)
            for number, (name, of) in enumerate(zip(names, used, strict=True))
        ],
        "definitions": [
            definition(
                f"app{number}", _APP | {"image": f"example.test/app:{revision}"}, revision=revision
            )
            for number in range(min(10, count))
            for revision in (1, 2)
        ],
        "logs": {"app": {f"p/app/{one}": [line] for one in ids}},
        "metrics": {name: {"CPUUtilization": _USED, "MemoryUtilization": _USED} for name in names},
        "insights": [],
        **balancing(rule(1, web=1), groups=[group("web")]),
    }
