"""``dashborion instances``: the tasks and pods that workloads consist of."""

from __future__ import annotations

from typing import Annotated

import typer

from dashborion.cli.options import Output, RawListed, Where, command, group
from dashborion.cli.show import show_found, show_listed

app = group(help="ECS tasks and Kubernetes pods.")


@command(app, "list")
def list_(
    ctx: typer.Context,
    *,
    where: Where,
    listed: RawListed,
    workload: Annotated[
        str | None,
        typer.Option("--workload", "-w", help="Only those of this workload."),
    ] = None,
    selector: Annotated[
        str | None, typer.Option("--selector", "-l", help="Labels or tags, as key=value,...")
    ] = None,
    status: Annotated[
        list[str] | None, typer.Option("--status", help="running, pending or stopped; repeatable.")
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Finished ones too.")] = False,
) -> None:
    """List instances; finished ones only with --all or --status stopped.

    Example: dashborion instances list -w api --sort -restarts
    """
    from dashborion.cli.parse import members
    from dashborion.models import InstanceStatus, Name
    from dashborion.render import views

    statuses = members(InstanceStatus, status, "--status")
    query = where.query(
        selector=selector,
        workload=Name.parse(workload) if workload else None,
        stopped=all_ or InstanceStatus.STOPPED in (statuses or ()),
        raw=listed.raw,
    )
    answer = ctx.obj.fleet(where.choice).instances(query, statuses=statuses)
    show_listed(ctx.obj, views.INSTANCES, answer, where, listed)


@command(app, "describe")
def describe(
    ctx: typer.Context,
    id_: Annotated[str, typer.Argument(metavar="ID", help="An id, a name, or a unique prefix.")],
    *,
    where: Where,
    output: Output,
) -> None:
    """Show one instance: its containers, how they ended before, its events.

    Example: dashborion instances describe api-7d9f
    """
    from dashborion.models import Name
    from dashborion.render import views

    answer = ctx.obj.fleet(where.choice).instance(Name.parse_instance(id_), where.query())
    show_found(ctx.obj, views.INSTANCES, answer, output)
