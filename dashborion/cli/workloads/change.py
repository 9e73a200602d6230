"""``dashborion workloads scale`` and ``restart``: the same definition, other instances."""

from __future__ import annotations

from typing import Annotated

import typer

from dashborion.cli.options import ConfirmOptions, FormatOptions, NamespaceOptions, WaitOptions
from dashborion.cli.workloads.names import WorkloadName

MOST_REPLICAS = 2**31 - 1  # both APIs hold a count in 32 bits


def scale(
    ctx: typer.Context,
    name: WorkloadName,
    *,
    replicas: Annotated[
        int,
        typer.Option("--replicas", "-r", min=0, max=MOST_REPLICAS, help="New number of replicas."),
    ],
    current: Annotated[
        int | None,
        typer.Option(
            "--current", min=0, help="Fail unless this is the current number of replicas."
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Scale even outside the bounds of an autoscaler.")
    ] = False,
    where: NamespaceOptions,
    care: ConfirmOptions,
    waiting: WaitOptions,
    shown: FormatOptions,
) -> None:
    """Set the number of replicas of a workload.

    Example: dashborion workloads scale web -r 3 --wait
    """
    from dashborion.cli.change import changer
    from dashborion.models.query import Name

    changer(ctx.obj, where, care, shown, waiting).scale(
        Name.parse(name), where.query(), replicas, current=current, force=force
    )


def restart(
    ctx: typer.Context,
    name: WorkloadName,
    *,
    where: NamespaceOptions,
    care: ConfirmOptions,
    waiting: WaitOptions,
    shown: FormatOptions,
) -> None:
    """Replace all instances of a workload with new ones, a few at a time.

    Example: dashborion workloads restart web --wait
    """
    from dashborion.cli.change import changer
    from dashborion.models.query import Name

    changer(ctx.obj, where, care, shown, waiting).restart(Name.parse(name), where.query())
