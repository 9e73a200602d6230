"""``dashborion workloads``: what runs, and whether it is as it should be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from dashborion.cli.logs import Logged
from dashborion.cli.options import (
    Care,
    Listed,
    Output,
    RawListed,
    Shown,
    Waiting,
    Where,
    command,
    group,
)
from dashborion.cli.show import show_found, show_listed

if TYPE_CHECKING:
    from dashborion.context import Context
    from dashborion.engines.fleet import Site
    from dashborion.models.rollout import Rollout

app = group()

MOST = 2**31 - 1  # both APIs hold a count in 32 bits
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


@command(app, "describe")
def describe(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help=NAME_FORMS)],
    *,
    where: Where,
    output: Output,
) -> None:
    """Show one workload: why it is not well, instances, endpoints, revisions, events.

    Example: dashborion workloads describe web -e media/staging
    """
    from dashborion.models.query import Name
    from dashborion.render import views

    answer = ctx.obj.fleet(where.choice).workload(Name.parse(name), where.query())
    show_found(ctx.obj, views.WORKLOADS, answer, output)


@command(app, "scale")
def scale(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help=NAME_FORMS)],
    *,
    replicas: Annotated[
        int, typer.Option("--replicas", "-r", min=0, max=MOST, help="How many there shall be.")
    ],
    current: Annotated[
        int | None, typer.Option("--current", min=0, help="Only if there are this many now.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Outside an autoscaler's bounds, too.")
    ] = False,
    where: Where,
    care: Care,
    waiting: Waiting,
    shown: Shown,
) -> None:
    """Set the number of replicas.

    Example: dashborion workloads scale web -r 3 --wait
    """
    from dashborion.cli import change
    from dashborion.models.query import Name

    context: Context = ctx.obj
    patience = waiting.patience  # a bad duration is an error before the change, not after
    site = context.fleet(where.choice).site(Name.parse(name), where.query())
    workload = site.subject.workload
    what = f"scale {change.label(workload)} from {workload.desired} to {replicas} replicas"
    change.require_fit(site)
    _heed_autoscaler(context, site, replicas, force=force)
    change.announce(context, site.orchestrator.environment, what, care)
    done = change.change_of(workload, "scale", workload.desired, replicas, dry_run=care.dry_run)
    if care.dry_run:
        change.show(context, done, shown)
        return
    with change.sending(context):
        followed = site.orchestrator.scale(site.subject, replicas, current=current)
    change.finish(context, site, done, followed, patience=patience, shown=shown)


def _heed_autoscaler(context: Context, site: Site, replicas: int, *, force: bool) -> None:
    """Say who else sets the replicas.

    Raises:
        Refusal: nobody can, or it would be undone at once, being outside the bounds.
    """
    from dashborion.errors import Refusal

    if site.subject.fixed is not None:
        raise Refusal(f"it has no replicas to set: {site.subject.fixed}")
    owner = site.subject.autoscaling
    if owner is None or owner.suspended:
        return
    bounds = f"{owner.source} keeps it between {owner.min} and {owner.max}"
    if not owner.min <= replicas <= owner.max and not force:
        raise Refusal(f"{bounds}, and {replicas} is outside", hint="--force does it all the same")
    context.streams.note(f"{bounds} and may change it again")


@command(app, "restart")
def restart(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help=NAME_FORMS)],
    *,
    where: Where,
    care: Care,
    waiting: Waiting,
    shown: Shown,
) -> None:
    """Replace all instances by new ones, a few at a time.

    Example: dashborion workloads restart web --wait
    """
    from dashborion.cli import change
    from dashborion.models.query import Name

    context: Context = ctx.obj
    patience = waiting.patience
    site = context.fleet(where.choice).site(Name.parse(name), where.query())
    change.restart(context, site, care, patience=patience, shown=shown)


@command(app, "status")
def status_(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help=NAME_FORMS)],
    *,
    where: Where,
    waiting: Waiting,
    shown: Shown,
) -> None:
    """Show how far the rollout is; with --wait follow it, failing fast with the reason.

    Example: dashborion workloads status web --wait --timeout 5m
    """
    from dashborion import render
    from dashborion.cli import change
    from dashborion.models.query import Name
    from dashborion.render import views

    patience = waiting.patience
    context: Context = ctx.obj
    site = context.fleet(where.choice).site(Name.parse(name), where.query())
    workload = site.subject.workload
    state = workload.rollout

    def seen(rollout: Rollout) -> None:
        nonlocal state
        state = rollout

    try:
        if patience is not None:
            followed = site.orchestrator.following(site.subject)
            change.follow(context, site, followed, patience, seen=seen)
    finally:
        render.show_one(context.streams, views.ROLLOUTS, state, shown.style, now=context.now())


@command(app, "events")
def events(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help=NAME_FORMS)],
    *,
    where: Where,
    listed: Listed,
) -> None:
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


@command(app, "logs")
def logs_(
    ctx: typer.Context,
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help=NAME_FORMS)],
    *,
    where: Where,
    logged: Logged,
) -> None:
    """Print what all instances of workloads have written, in one stream by time.

    Example: dashborion workloads logs web checkout --since 15m
    """
    from dashborion.cli import logs
    from dashborion.models.query import Name

    context: Context = ctx.obj
    wanted = [Name.parse(name) for name in dict.fromkeys(names)]
    query = where.query()
    logs.show(context, logged, lambda which: context.fleet(where.choice).logs(wanted, query, which))
