"""Instances and their containers."""

from __future__ import annotations

from dashborion.models.exec_check import ExecCheck, Requirement
from dashborion.models.instance import Container, Instance
from dashborion.render.columns import (
    BAD,
    BUSY,
    GOOD,
    STYLES,
    View,
    column,
    created_column,
    location_columns,
    memory,
    message_column,
    name_column,
    short_image,
)

_FAILURE_WORDS = (
    "BackOff", "Error", "OOM", "Err", "Failed", "Evicted", "Exit", "Signal", "Invalid", "Lost",
    "Unknown", "Exceeded", "OutOf", "Preempt",
)  # fmt: skip


def _ready(instance: Instance) -> str:
    """Ready containers of those that keep running, as kubectl counts them."""
    lasting = [one for one in instance.containers if not one.init]
    return f"{sum(container.ready for container in lasting)}/{len(lasting)}"


def _status(item: Instance | Container) -> str:
    """The reason, which says more than the status, unless it is a sentence."""
    return item.reason if item.reason and " " not in item.reason else str(item.status)


def style(instance: Instance) -> str:
    """The colour of its status: bad where its reason, or its health, says so."""
    reason = instance.reason or ""
    if reason == "Terminating":
        return BUSY
    if any(word in reason for word in _FAILURE_WORDS) or instance.health == "unhealthy":
        return BAD
    if reason and instance.status == "running":
        return BAD  # what runs well has none
    return STYLES[instance.status]


def is_failing(instance: Instance) -> bool:
    """Whether it failed, or is not well, by its reason."""
    return style(instance) == BAD


def _previous_run(container: Container) -> str | None:
    previous = container.last_termination
    return f"{previous.reason} (exit {previous.exit_code})" if previous else None


INSTANCES = View(
    "instances",
    [
        *location_columns(),
        name_column(),
        column("workload", shrink=1, spare=1),
        column("ready", _ready),
        column("status", _status, style, shrink=1, min_width=16),
        column("restarts", right=True),
        created_column(),
        column("ip", wide=True),
        name_column("node", wide=True),
        column("zone", wide=True),
        name_column("revision", wide=True),
        column("owner", lambda item: item.owner and str(item.owner), wide=True),
        message_column(wide=True),
        column("cpu", wide=True, right=True),
        column("memory", wide=True, right=True, shown=memory),
    ],
)

INSTANCES_OF_WORKLOAD = View(
    "instances",
    [
        INSTANCES.column(key)
        for key in ("name", "ready", "status", "restarts", "revision", "created")
    ],
)
"""On a workload's page: the workload is known, and during a rollout the revision matters."""

CONTAINERS = View(
    "containers",
    [
        name_column(),
        column("status", _status, lambda item: STYLES[item.status]),
        column("ready"),
        column("restarts", right=True),
        column("exit", "exit_code", right=True),
        column("last", _previous_run, BUSY),
        column(
            "image", short=lambda item: short_image(item.image), shrink=2, from_left=True, spare=1
        ),
    ],
)


MET = {True: "yes", False: "no", None: "unknown"}


def _met_style(item: Requirement) -> str:
    return {True: GOOD, False: BAD, None: BUSY}[item.met]


REQUIREMENTS = View(
    "requirements",
    [
        column("requirement"),
        column("met", lambda item: MET[item.met], _met_style),
        message_column(),
    ],
)


def _named(check: ExecCheck, met: bool | None) -> str | None:
    return ", ".join(one.requirement for one in check.requirements if one.met is met) or None


EXEC_CHECKS = View(
    "checks",
    [
        *location_columns(),
        name_column("instance"),
        column("possible", lambda item: MET[item.possible]),
        column("missing", lambda item: _named(item, False), BAD),
        column("unknown", lambda item: _named(item, None), BUSY),
        column("met", lambda item: _named(item, True), wide=True),
    ],
    name=lambda item: str(item.instance),
)
