"""``dashborion workloads``: the commands that change a workload."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from dashborion.cli.change import changer
from dashborion.cli.options import RolloutOptions, WorkloadName

if TYPE_CHECKING:
    from dashborion.context import Context

MOST_REPLICAS = 2**31 - 1  # both APIs hold a count in 32 bits


def scale(
    context: Context,
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
    delete_volumes: Annotated[
        bool,
        typer.Option(
            "--delete-volumes", help="Scale even if that deletes the volumes of a StatefulSet."
        ),
    ] = False,
    options: RolloutOptions,
) -> None:
    """Set the number of replicas of a workload.

    Example: dashborion workloads scale web -r 3 --wait
    """
    changer(context, options).scale(
        name, replicas, current=current, force=force, delete_volumes=delete_volumes
    )


def restart(context: Context, name: WorkloadName, *, options: RolloutOptions) -> None:
    """Replace all instances of a workload with new ones, a few at a time.

    Example: dashborion workloads restart web --wait
    """
    changer(context, options).restart(name)


def deploy(
    context: Context,
    name: WorkloadName,
    *,
    image: Annotated[
        list[str],
        typer.Option("--image", metavar="[CONTAINER=]IMAGE", help="New image; repeatable."),
    ],
    force: Annotated[
        bool, typer.Option("--force", help="Restart the workload if it already has these images.")
    ] = False,
    options: RolloutOptions,
) -> None:
    """Deploy new images. Nothing else in the workload's definition changes.

    Example: dashborion workloads deploy search --image registry.example/shop/search:5.1.0 --wait
    """
    from dashborion.cli.option_values import images

    parsed = images(image)
    changer(context, options).deploy(name, parsed, force=force)


def rollback(
    context: Context,
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
    options: RolloutOptions,
) -> None:
    """Roll back a workload to its previous revision, or to the one of --to.

    Example: dashborion workloads rollback catalog -e media/staging --wait
    """
    changer(context, options).rollback(name, to)
