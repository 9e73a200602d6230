"""``dashborion workloads``: the commands that change a workload."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from dashborion.cli.change import changer
from dashborion.cli.options import Reason, RolloutOptions, WorkloadName
from dashborion.errors import UsageError, short

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


def restart(
    context: Context, name: WorkloadName, *, reason: Reason = None, options: RolloutOptions
) -> None:
    """Replace all instances of a workload with new ones, a few at a time.

    Example: dashborion workloads restart web --wait
    """
    changer(context, options, reason=reason).restart(name)


def deploy(
    context: Context,
    name: WorkloadName,
    *,
    image: Annotated[
        list[str] | None,
        typer.Option("--image", metavar="[CONTAINER=]IMAGE", help="New image; repeatable."),
    ] = None,
    image_from: Annotated[
        str | None,
        typer.Option(
            "--image-from", metavar="ENV", help="Deploy what runs in this environment, by digest."
        ),
    ] = None,
    from_workload: Annotated[
        str | None,
        typer.Option(
            "--from-workload", metavar="NAME", help="Workload of --image-from; by default the same."
        ),
    ] = None,
    by_tag: Annotated[
        bool, typer.Option("--by-tag", help="Take the tag instead of the digest that runs.")
    ] = False,
    repository: Annotated[
        str | None,
        typer.Option(
            "--repository",
            metavar="WHICH",
            help="Where they differ: keep, or target for its own.",
        ),
    ] = None,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            help="Restart if unchanged; take an unfinished one.",
        ),
    ] = False,
    reason: Reason = None,
    options: RolloutOptions,
) -> None:
    """Deploy new images. Nothing else in the workload's definition changes.

    Example: dashborion workloads deploy cart --image-from shop/production
    """
    from dashborion.cli.option_values import images, member
    from dashborion.engines.promotion import Repository, Wanted

    if (image is None) is (image_from is None):
        raise UsageError("give either --image or --image-from")
    if image_from is None:
        if from_workload or by_tag or repository:
            raise UsageError("--from-workload, --by-tag and --repository go with --image-from")
        changer(context, options, reason=reason).deploy(name, images(image or ()), force=force)
        return
    from dashborion.engines.promoting import deploy_from
    from dashborion.models.query import Query

    wanted = Wanted(by_tag, member(Repository, repository, "--repository"), force)
    source, source_name = context.environment_and_name(image_from, options.project)
    if from_workload is not None:
        named_in, source_name = context.split_name(from_workload, options.project)
        if named_in not in (None, source):
            raise UsageError(
                f"'{short(from_workload)}' is not in {source.label}, which is --image-from",
                hint="give --from-workload the name alone",
            )
    deploy_from(
        changer(context, options, also=[source], reason=reason),
        name,
        source=source,
        source_name=source_name,
        query=Query(),
        wanted=wanted,
    )


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
    reason: Reason = None,
    options: RolloutOptions,
) -> None:
    """Roll back a workload to its previous revision, or to the one of --to.

    Example: dashborion workloads rollback catalog -e media/staging --wait
    """
    changer(context, options, reason=reason).rollback(name, to)
