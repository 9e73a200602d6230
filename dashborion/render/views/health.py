"""How environments are: their problems, what failed beside these, and how much runs."""

from __future__ import annotations

from typing import Any

from dashborion.models.base import environment_label
from dashborion.models.cause import Verdict
from dashborion.models.health import EnvironmentHealth, Problem
from dashborion.models.kinds import KIND_OF, WorkloadType
from dashborion.render.columns import (
    BAD,
    View,
    column,
    message_column,
    name_column,
    status_column,
)


def _place(**settings: Any) -> list[Any]:
    return [
        column("environment", environment_label, title="ENV", shrink=1, **settings),
        column("namespace", extra=True, spare=5, shrink=1),
    ]


def _count(status: str) -> Any:
    def count(item: EnvironmentHealth) -> int | None:
        return getattr(item.workloads, status) if item.workloads else None

    return column(status, count, right=True)


def known_problems(item: EnvironmentHealth) -> list[Problem]:
    """Those of which more is known than that they could not be looked at."""
    return [one for one in item.problems if one.verdict is not Verdict.UNKNOWN]


# A headline ends in the reason: where there is no room, it goes without a column.
PROBLEMS = View(
    "problems",
    [
        *_place(extra=True),
        name_column("name", "workload"),
        column("type", lambda item: KIND_OF[WorkloadType(item.type)], spare=4),
        status_column("verdict", spare=3),
        column(
            "reason", lambda item: item.reason or item.cause, BAD, shrink=1, min_width=16, spare=2
        ),
        column("since", title="FOR"),
        column("headline", shrink=2, min_width=28),
    ],
)

FAILED = View(
    "failed runs",
    [
        *_place(extra=True),
        column("kind", spare=4),
        name_column(),
        column("reason", style=BAD, shrink=1, min_width=16),
        column("failed", "failed_at", title="AGE"),
        message_column(),
    ],
)

ENVIRONMENTS = View(
    "environments",
    [
        column("environment", environment_label, title="ENV", shrink=1),
        status_column("verdict"),
        *map(_count, ("running", "degraded", "stopped")),
        column("problems", lambda item: len(known_problems(item)), right=True),
        column("failed", lambda item: len(item.failed), right=True),
        column("error", shrink=3, min_width=16),
    ],
    name=environment_label,
)
