"""What a one-off command is going to be, in words and as the object that is shown. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from dashborion.errors import listing
from dashborion.models.run import Run
from dashborion.orchestrators.changing import WorkloadToChange
from dashborion.orchestrators.run import PlannedRun, RunWish


def plan_lines(planned: PlannedRun) -> Sequence[str]:
    """What runs where and as whom, a line for each."""
    addresses = {True: ", with a public IP", False: ", without a public IP", None: ""}
    address = addresses[planned.public_ip]
    revision = f" of revision {planned.revision}" if planned.revision else ""
    what = f"container {planned.container} ({planned.image}){revision}"
    told = [f"{what}, as {planned.role}{address}"]
    if planned.before:
        told.append(f"before it run the init containers {listing(planned.before)}")
    if planned.beside:
        beside = [f"{name} ({facts})" if facts else name for name, facts in planned.beside.items()]
        told.append(f"beside it run {listing(beside)}")
    if planned.active:
        told.append(f"other runs that have not ended: {listing(planned.active)}")
    return [*told, *planned.notes]


def shown_run(
    target: WorkloadToChange, planned: PlannedRun, wish: RunWish, *, dry_run: bool
) -> Run:
    """The run as it is shown before anything is known of its end."""
    workload = target.workload
    return Run(
        project=workload.project,
        environment=workload.environment,
        namespace=workload.namespace,
        workload=workload.name,
        type=workload.type,
        name=None,
        instance=None,
        container=planned.container,
        command=list(wish.command),
        image=planned.image,
        revision=planned.revision,
        role=planned.role,
        public_ip=planned.public_ip,
        init_containers=list(planned.before),
        sidecars=list(planned.beside),
        active=list(planned.active),
        dry_run=dry_run,
        started=False,
        exit_code=None,
        message=None,
        seconds=None,
    )
