"""``dashborion workloads``: what runs, and whether it is as it should be."""

from __future__ import annotations

from typing import Annotated

import typer

from dashborion.cli.options import Output, RawListed, Where, command, group
from dashborion.cli.show import show_found, show_listed

app = group(help="ECS services; Kubernetes Deployments, StatefulSets and DaemonSets.")

NAME_FORMS = "name, kind/name or namespace/kind/name"


@command(app, "list")
def list_(
    ctx: typer.Context,
    patterns: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PATTERN]...", help=f"{NAME_FORMS}, with * and ?."),
    ] = None,
    *,
    where: Where,
    listed: RawListed,
    selector: Annotated[
        str | None, typer.Option("--selector", "-l", help="Labels or tags, as key=value,...")
    ] = None,
    status: Annotated[
        list[str] | None, typer.Option("--status", help="running, degraded or stopped; repeatable.")
    ] = None,
    type_: Annotated[
        list[str] | None,
        typer.Option("--type", help="A kind, such as deployment or sts; repeatable."),
    ] = None,
) -> None:
    """List workloads.

    Example: dashborion workloads list 'api*' --status degraded -o json
    """
    from dashborion.cli.parse import members, workload_types
    from dashborion.models import WorkloadStatus
    from dashborion.render import views

    query = where.query(
        selector=selector,
        types=workload_types(type_),
        endpoints=listed.needs("endpoints"),
        raw=listed.raw,
    )
    statuses = members(WorkloadStatus, status, "--status")
    answer = ctx.obj.fleet(where.choice).workloads(
        query, patterns=patterns or (), statuses=statuses
    )
    show_listed(ctx.obj, views.WORKLOADS, answer, where, listed)


@command(app, "describe")
def describe(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help=NAME_FORMS)],
    *,
    where: Where,
    output: Output,
) -> None:
    """Show one workload: why it is not well, instances, endpoints, revisions, events.

    Example: dashborion workloads describe api -e production
    """
    from dashborion.models import Name
    from dashborion.render import views

    answer = ctx.obj.fleet(where.choice).workload(Name.parse(name), where.query())
    show_found(ctx.obj, views.WORKLOADS, answer, output)
