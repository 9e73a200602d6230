"""Environments: configured, checked and discovered."""

from __future__ import annotations

from dashborion.models.base import environment_label
from dashborion.models.environment import Check, EnvironmentInfo, Right
from dashborion.render.columns import (
    BAD,
    BUSY,
    GOOD,
    QUIET,
    View,
    column,
    environment_columns,
    message_column,
    name_column,
)


def _guard(environment: EnvironmentInfo) -> str | None:
    if environment.read_only:
        return "read-only"
    return "protected" if environment.protected else None


def _actions(check: Check, allowed: bool | None) -> str | None:
    actions = (entry.action for entry in check.permissions if entry.allowed is allowed)
    return ", ".join(actions) or None


ENVIRONMENTS = View(
    "environments",
    [
        column("current", lambda item: "*" if item.current else ""),
        name_column(),
        column("orchestrator"),
        column("target", shrink=2),
        column("namespace", shrink=2, spare=1),
        column("region", spare=2),
        column("profile", wide=True),
        column("guard", _guard, BUSY),
    ],
)

CHECKS = View(
    "checks",
    [
        column("environment", environment_label),
        column("orchestrator"),
        column("reachable", style=lambda item: GOOD if item.reachable and not item.error else BAD),
        name_column("identity"),
        column("version"),
        column("seconds", lambda item: item.seconds if item.reachable else None, right=True),
        column("denied", lambda item: _actions(item, False), BUSY),
        column("allowed", lambda item: _actions(item, True), wide=True),
        column("untried", lambda item: _actions(item, None), wide=True),
        column("error", style=BAD, shrink=3, min_width=16),
        column("endpoint", wide=True),
    ],
    name=environment_label,
)

_ALLOWED = {True: ("yes", GOOD), False: ("no", BAD), None: ("unknown", BUSY)}


def _allowed_style(right: Right) -> str:
    """A right without which only a part is missing is no failure."""
    return BUSY if right.part and right.allowed is False else _ALLOWED[right.allowed][1]


RIGHTS = View(
    "rights",
    [
        *environment_columns(),
        column("namespace", wide=True),
        column("permission", shrink=2, min_width=34),
        column("allowed", lambda item: _ALLOWED[item.allowed][0], _allowed_style),
        column("needed-for", lambda item: item.part or item.command, title="NEEDED FOR", shrink=1),
        message_column(),
    ],
    name=lambda item: str(item.permission),
)

DISCOVERED = View(
    "environments",
    [
        name_column(),
        column("orchestrator"),
        column("target", shrink=2, min_width=16),
        column("region"),
        column("profile"),
        column("guard", lambda item: "protected" if item.protected else None, BUSY),
        column("configured", style=lambda item: QUIET if item.configured else GOOD),
    ],
)
