"""``dashborion workloads deploy``, ``rollback`` and ``history``: which revision runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from dashborion.cli.options import (
    ConfirmOptions,
    FormatOptions,
    ListOptions,
    NamespaceOptions,
    WaitOptions,
)
from dashborion.cli.workloads.names import WorkloadName

if TYPE_CHECKING:
    from dashborion.context import Context


def deploy(
    ctx: typer.Context,
    name: WorkloadName,
    *,
    image: Annotated[
        list[str],
        typer.Option("--image", metavar="[CONTAINER=]IMAGE", help="New image; repeatable."),
    ],
    force: Annotated[
        bool, typer.Option("--force", help="Restart the workload if it already has these images.")
    ] = False,
    where: NamespaceOptions,
    care: ConfirmOptions,
    waiting: WaitOptions,
    shown: FormatOptions,
) -> None:
    """Deploy new images. Nothing else in the workload's definition changes.

    Example: dashborion workloads deploy search --image registry.example/shop/search:5.1.0 --wait
    """
    from dashborion.cli.change import changer
    from dashborion.cli.option_values import images
    from dashborion.models.query import Name

    parsed = images(image)
    changer(ctx.obj, where, care, shown, waiting).deploy(
        Name.parse(name), where.query(), parsed, force=force
    )


def rollback(
    ctx: typer.Context,
    name: WorkloadName,
    *,
    to: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="REVISION",
            help="Roll back to this revision instead of the previous one.",
        ),
    ] = None,
    where: NamespaceOptions,
    care: ConfirmOptions,
    waiting: WaitOptions,
    shown: FormatOptions,
) -> None:
    """Roll back a workload to its previous revision, or to the one of --to.

    Example: dashborion workloads rollback catalog -e media/staging --wait
    """
    from dashborion.cli.change import changer
    from dashborion.models.query import Name

    changer(ctx.obj, where, care, shown, waiting).rollback(Name.parse(name), where.query(), to)


def history(
    ctx: typer.Context, name: WorkloadName, *, where: NamespaceOptions, listed: ListOptions
) -> None:
    """List the revisions of a workload, the newest last.

    Example: dashborion workloads history payments
    """
    from dashborion import render
    from dashborion.models.query import Name
    from dashborion.render.views.workloads import REVISIONS

    context: Context = ctx.obj
    workload = context.fleet(where.choice).workload_to_change(Name.parse(name), where.query())
    found = workload.history()
    if found.doubt:
        context.streams.note(found.doubt)
    style = listed.style()
    render.show_list(context.streams, REVISIONS, found.revisions, style, now=context.now())
