"""What is wrong: causes on a workload's page, and one line for each diagnosis of a list."""

from __future__ import annotations

from dashborion.models.cause import Cause, Diagnosis, LogTail, NotChecked
from dashborion.models.kinds import KIND_OF, WorkloadType
from dashborion.render.columns import (
    QUIET,
    STYLES,
    View,
    column,
    location_columns,
    message_column,
    name_column,
    some,
    status_column,
)


def kind(diagnosis: Diagnosis) -> str:
    """The word for what was diagnosed, such as ``deployment``."""
    return KIND_OF[WorkloadType(diagnosis.type)] if diagnosis.type else "instance"


def subject(diagnosis: Diagnosis) -> str:
    """The name of what was diagnosed."""
    return diagnosis.instance or diagnosis.workload or ""


def of_tail(tail: LogTail) -> str:
    """The instance, and the container if it is known."""
    return f"{tail.instance}/{tail.container}" if tail.container else tail.instance


def untold(lost: NotChecked) -> str:
    """What could not be looked at, why, and what is needed for it."""
    needed = f" (permission needed: {lost.permission})" if lost.permission else ""
    return f"{lost.what}: {lost.reason}{needed}"


def _command(diagnosis: Diagnosis) -> str | None:
    worst = diagnosis.causes[0].advice if diagnosis.causes else []
    return next((advice.command for advice in worst if advice.command), None)


def _style(cause: Cause) -> str:
    return STYLES.get(cause.severity, "")


CAUSES = View(
    "causes",
    [
        column("cause", "title", _style, shrink=2, min_width=20),
        column("reason"),
        column("count", right=True),
        column("seen", "last_seen", title="LAST SEEN", spare=1),
        column("instances", lambda item: some(item.instances), shrink=2, spare=2),
        message_column(min_width=24),
    ],
    name=lambda item: str(item.code),
)

DIAGNOSES = View(
    "problems",
    [
        *location_columns(),
        name_column("name", subject),
        column("type", lambda item: item.type or "instance", short=kind, wide=True),
        status_column("verdict"),
        column("since", title="FOR"),
        column("headline", shrink=1, min_width=28),
        column("cause", lambda item: str(item.causes[0].code) if item.causes else None, wide=True),
        column("instances", lambda item: some(item.causes[0].instances) if item.causes else None,
               wide=True),
        column("command", _command, QUIET, wide=True, shrink=2),
    ],
    name=subject,
    kind=kind,
)  # fmt: skip
