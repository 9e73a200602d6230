"""One-off commands."""

from __future__ import annotations

from dashborion.models.base import Model
from dashborion.models.kinds import WorkloadType


class Run(Model, frozen=True, kw_only=True):
    """A one-off command in a new instance of a workload; with ``dryRun`` it was not run.

    ``name`` is the Job's, or the task's id. ``command`` is empty where the container's own runs.
    ``started`` says whether the command was seen to run, and ``exitCode`` is its own; it is null
    while the command runs and where something else ended it, which ``message`` then tells.
    ``role`` is as whom it runs, ``publicIp`` null where that cannot be told. ``sidecars`` are the
    other containers that run beside it, ``active`` other runs of the workload that have not ended.
    """

    project: str | None
    environment: str
    namespace: str
    workload: str
    type: WorkloadType
    name: str | None
    instance: str | None
    container: str
    command: list[str]
    image: str
    revision: str | None
    role: str | None
    public_ip: bool | None
    init_containers: list[str]
    sidecars: list[str]
    active: list[str]
    dry_run: bool
    started: bool
    exit_code: int | None
    message: str | None
    seconds: float | None
