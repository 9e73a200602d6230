"""``dashborion workloads``: lists, describes and changes workloads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from dashborion.cli.logs import LogOptions
from dashborion.cli.options import (
    ApiListOptions,
    FormatOptions,
    ListOptions,
    NamespaceOptions,
    ObjectOptions,
    WaitOptions,
)
from dashborion.cli.printing import print_list, print_object
from dashborion.cli.workloads.names import NAME_FORMS, WorkloadName

if TYPE_CHECKING:
    from dashborion.context import Context
    from dashborion.models.rollout import Rollout


def list_(
    ctx: typer.Context,
    patterns: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PATTERN]...", help=f"{NAME_FORMS}; * and ? are wildcards."),
    ] = None,
    *,
    where: NamespaceOptions,
    listed: ApiListOptions,
    selector: Annotated[
        str | None,
        typer.Option("--selector", "-l", help="Filter by labels or tags: KEY=VALUE, ..."),
    ] = None,
    status: Annotated[
        list[str] | None,
        typer.Option(
            "--status", help="Filter by status: running, degraded or stopped; repeatable."
        ),
    ] = None,
    type_: Annotated[
        list[str] | None,
        typer.Option("--type", help="Filter by kind, such as deployment or sts; repeatable."),
    ] = None,
) -> None:
    """List workloads.

    Example: dashborion workloads list 're*' --status degraded -o json
    """
    from dashborion.cli.option_values import members, workload_types
    from dashborion.models.workload import WorkloadStatus
    from dashborion.render.views.workloads import WORKLOADS

    query = where.query(
        selector=selector,
        types=workload_types(type_),
        endpoints=listed.shows("endpoints"),
        raw=listed.raw,
    )
    statuses = members(WorkloadStatus, status, "--status")
    answer = ctx.obj.fleet(where.choice).workloads(
        query, patterns=patterns or (), statuses=statuses
    )
    print_list(ctx.obj, WORKLOADS, answer, where, listed)


def describe(
    ctx: typer.Context, name: WorkloadName, *, where: NamespaceOptions, output: ObjectOptions
) -> None:
    """Show a workload with its problems, instances, endpoints, revisions and events.

    Example: dashborion workloads describe web -e media/staging
    """
    from dashborion.models.query import Name
    from dashborion.render.views.workloads import WORKLOADS

    answer = ctx.obj.fleet(where.choice).workload(Name.parse(name), where.query())
    print_object(ctx.obj, WORKLOADS, answer, output)


def status(
    ctx: typer.Context,
    name: WorkloadName,
    *,
    where: NamespaceOptions,
    waiting: WaitOptions,
    shown: FormatOptions,
) -> None:
    """Show the status of a rollout; with --wait, wait until it is complete or fails.

    Example: dashborion workloads status web --wait --timeout 5m
    """
    from dashborion import render
    from dashborion.cli.change import follower
    from dashborion.models.query import Name
    from dashborion.render.views.workloads import ROLLOUTS

    context: Context = ctx.obj

    def show(rollout: Rollout) -> None:
        render.show_one(context.streams, ROLLOUTS, rollout, shown.style, now=context.now())

    patience = waiting.patience
    fleet = context.fleet(where.choice)
    workload = fleet.workload_to_change(Name.parse(name), where.query())
    follower(context, fleet).status(workload, patience, show)


def events(
    ctx: typer.Context, name: WorkloadName, *, where: NamespaceOptions, listed: ListOptions
) -> None:
    """List the events of a workload and its instances, the newest last.

    Example: dashborion workloads events payments
    """
    from dashborion import render
    from dashborion.models.query import Name
    from dashborion.render.views.workloads import EVENTS

    context: Context = ctx.obj
    answer = context.fleet(where.choice).workload(Name.parse(name), where.query())
    events = answer.items[0].item.events
    render.show_list(context.streams, EVENTS, events, listed.style(), now=context.now())
    answer.require_complete()


def logs(
    ctx: typer.Context,
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help=f"{NAME_FORMS}.")],
    *,
    where: NamespaceOptions,
    logged: LogOptions,
) -> None:
    """Print the logs of all instances of workloads, merged by time.

    Example: dashborion workloads logs web checkout --since 15m
    """
    from dashborion.cli.logs import print_logs
    from dashborion.engines import log_readers
    from dashborion.models.query import Name

    context: Context = ctx.obj
    parsed = [Name.parse(name) for name in dict.fromkeys(names)]
    query = where.query()
    print_logs(
        context,
        logged,
        lambda wanted: log_readers.of_workloads(context.fleet(where.choice), parsed, query, wanted),
    )
