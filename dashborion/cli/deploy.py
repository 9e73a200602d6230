"""``dashborion workloads deploy``, ``history`` and ``rollback``: which revision runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from dashborion.cli.options import Care, Listed, Shown, Waiting, Where, command
from dashborion.cli.workloads import NAME_FORMS, app

if TYPE_CHECKING:
    from dashborion.context import Context
    from dashborion.engines.fleet import Site
    from dashborion.engines.rollout import Patience
    from dashborion.orchestrators.protocol import Planned


@command(app, "deploy")
def deploy(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help=NAME_FORMS)],
    *,
    image: Annotated[
        list[str],
        typer.Option("--image", metavar="[CONTAINER=]IMAGE", help="A new image; repeatable."),
    ],
    force: Annotated[
        bool, typer.Option("--force", help="Restart it if it has these images already.")
    ] = False,
    where: Where,
    care: Care,
    waiting: Waiting,
    shown: Shown,
) -> None:
    """Give containers new images; nothing else of the definition changes.

    Example: dashborion workloads deploy search --image registry.example/shop/search:5.1.0 --wait
    """
    from dashborion.cli import change
    from dashborion.cli.parse import images
    from dashborion.models.query import Name

    context: Context = ctx.obj
    patience, wanted = waiting.patience, images(image)
    site = context.fleet(where.choice).site(Name.parse(name), where.query())
    change.require_fit(site)
    planned = site.orchestrator.with_images(site.subject, wanted)
    if planned.difference:
        change.redefine(context, site, "deploy", planned, care, patience=patience, shown=shown)
    elif force:
        change.restart(context, site, care, patience=patience, shown=shown)
    else:
        _unchanged(context, site, planned, care, patience=patience, shown=shown)


def _unchanged(
    context: Context,
    site: Site,
    planned: Planned,
    care: Care,
    *,
    patience: Patience | None,
    shown: Shown,
) -> None:
    """Nothing to send; a wait is for the rollout that has brought these images, or brings them."""
    from dashborion.cli import change

    workload, dry = site.subject.workload, care.dry_run
    label = change.label(workload)
    context.streams.note(f"nothing changes: {label} has {planned.after} already")
    done = change.change_of(workload, "deploy", planned.before, planned.after, dry_run=dry)
    follows = patience is not None and not dry and site.subject.caution is None
    followed = site.orchestrator.following(site.subject) if follows else None
    change.finish(context, site, done, followed, patience=patience, shown=shown)


@command(app, "history")
def history(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help=NAME_FORMS)],
    *,
    where: Where,
    listed: Listed,
) -> None:
    """List the revisions of a workload, the newest last, and which one runs.

    Example: dashborion workloads history payments
    """
    from dashborion import render
    from dashborion.models.query import Name
    from dashborion.render import views

    context: Context = ctx.obj
    site = context.fleet(where.choice).site(Name.parse(name), where.query())
    found = site.orchestrator.history(site.subject)
    if found.doubt:
        context.streams.note(found.doubt)
    style = listed.style()
    render.show_list(context.streams, views.REVISIONS, found.revisions, style, now=context.now())


@command(app, "rollback")
def rollback(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help=NAME_FORMS)],
    *,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="REVISION", help="Instead of the one that ran before."),
    ] = None,
    where: Where,
    care: Care,
    waiting: Waiting,
    shown: Shown,
) -> None:
    """Go back to an earlier revision: the one that ran before, or the one named.

    Example: dashborion workloads rollback catalog -e media/staging --wait
    """
    from dashborion.cli import change
    from dashborion.errors import Refusal
    from dashborion.models.query import Name

    context: Context = ctx.obj
    patience = waiting.patience
    site = context.fleet(where.choice).site(Name.parse(name), where.query())
    change.require_fit(site)
    if site.subject.held is not None:
        raise Refusal(f"{site.subject.workload.name}: {site.subject.held}")
    planned = site.orchestrator.with_revision(site.subject, to)
    change.redefine(context, site, "rollback", planned, care, patience=patience, shown=shown)
