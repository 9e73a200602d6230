"""``dashborion workloads``: what runs, and whether it is as it should be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from dashborion.cli.logs import Logged
from dashborion.cli.options import Listed, Output, RawListed, Shown, Waiting, Where
from dashborion.cli.show import show_found, show_listed
from dashborion.cli.workloads.names import NAME_FORMS, WorkloadName

if TYPE_CHECKING:
    from dashborion.context import Context
    from dashborion.models.rollout import Rollout


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

    Example: dashborion workloads list 're*' --status degraded -o json
    """
    from dashborion.cli.parse import members, workload_types
    from dashborion.models.workload import WorkloadStatus
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


def describe(ctx: typer.Context, name: WorkloadName, *, where: Where, output: Output) -> None:
    """Show one workload: why it is not well, instances, endpoints, revisions, events.

    Example: dashborion workloads describe web -e media/staging
    """
    from dashborion.models.query import Name
    from dashborion.render import views

    answer = ctx.obj.fleet(where.choice).workload(Name.parse(name), where.query())
    show_found(ctx.obj, views.WORKLOADS, answer, output)


def status(
    ctx: typer.Context, name: WorkloadName, *, where: Where, waiting: Waiting, shown: Shown
) -> None:
    """Show how far the rollout is; with --wait follow it, failing fast with the reason.

    Example: dashborion workloads status web --wait --timeout 5m
    """
    from dashborion import render
    from dashborion.cli.change import follower
    from dashborion.models.query import Name
    from dashborion.render import views

    context: Context = ctx.obj

    def show(rollout: Rollout) -> None:
        render.show_one(context.streams, views.ROLLOUTS, rollout, shown.style, now=context.now())

    patience = waiting.patience
    fleet = context.fleet(where.choice)
    workload = fleet.workload_to_change(Name.parse(name), where.query())
    follower(context, fleet).status(workload, patience, show)


def events(ctx: typer.Context, name: WorkloadName, *, where: Where, listed: Listed) -> None:
    """List what happened to a workload and to what it made, newest last.

    Example: dashborion workloads events payments
    """
    from dashborion import render
    from dashborion.models.query import Name
    from dashborion.render import views

    context: Context = ctx.obj
    answer = context.fleet(where.choice).workload(Name.parse(name), where.query())
    found = answer.items[0].item.events
    render.show_list(context.streams, views.EVENTS, found, listed.style(), now=context.now())
    answer.require_complete()


def logs(
    ctx: typer.Context,
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help=NAME_FORMS)],
    *,
    where: Where,
    logged: Logged,
) -> None:
    """Print what all instances of workloads have written, in one stream by time.

    Example: dashborion workloads logs web checkout --since 15m
    """
    from dashborion.cli.logs import show
    from dashborion.engines import log_readers
    from dashborion.models.query import Name

    context: Context = ctx.obj
    parsed = [Name.parse(name) for name in dict.fromkeys(names)]
    query = where.query()
    show(
        context,
        logged,
        lambda wanted: log_readers.of_workloads(context.fleet(where.choice), parsed, query, wanted),
    )
