"""How Jobs have ended, and which failed that no later one of their CronJob has made good. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from dashborion.config.targets import Environment
from dashborion.models.health import FailedRun
from dashborion.orchestrators.findings import A_DAY
from dashborion.orchestrators.kubernetes import native_wire, wire
from dashborion.orchestrators.kubernetes.instances import controller
from dashborion.orchestrators.kubernetes.rollout import condition

_NEVER = datetime.min.replace(tzinfo=UTC)


def failed(
    known: Iterable[native_wire.Job], environment: Environment, now: datetime
) -> list[FailedRun]:
    """Those that failed within a day; of the Jobs of one owner only the last that is over counts.

    A Job that goes on after failures of its pods has not failed.
    """
    last: dict[str, tuple[datetime, native_wire.Job, wire.Condition]] = {}
    for job in known:
        over = end_of(job)
        if over is None:
            continue
        owner = controller(job.metadata)
        key = owner.uid if owner else job.metadata.uid
        at = over.last_transition_time or job.metadata.creation_timestamp or _NEVER
        if key not in last or last[key][0] < at:
            last[key] = (at, job, over)
    return [
        FailedRun(
            project=environment.project,
            environment=environment.name,
            namespace=job.metadata.namespace,
            kind="job",
            name=job.metadata.name,
            reason=over.reason,
            message=over.message,
            failed_at=at,
        )
        for at, job, over in last.values()
        if over.type == "Failed" and now - at <= A_DAY
    ]


def end_of(job: native_wire.Job) -> wire.Condition | None:
    """The condition that says how a Job has ended, if it has."""
    known = (condition(job.status.conditions, type_) for type_ in ("Failed", "Complete"))
    return next((one for one in known if one and one.status == "True"), None)
