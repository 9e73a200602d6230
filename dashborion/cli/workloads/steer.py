"""``dashborion workloads``: the commands that steer a rollout that is under way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from dashborion.cli.change import changer
from dashborion.cli.options import RolloutOptions, WorkloadName

if TYPE_CHECKING:
    from dashborion.context import Context


def continue_(
    context: Context,
    name: WorkloadName,
    *,
    hook: Annotated[
        str | None,
        typer.Option("--hook", metavar="ID", help="Pause to continue from, if several wait."),
    ] = None,
    options: RolloutOptions,
) -> None:
    """Let a rollout go on that waits for a person, to its end or its next pause.

    On ECS it waits at a PAUSE lifecycle hook; a paused Deployment is resumed.

    Example: dashborion workloads continue storefront --dry-run
    """
    changer(context, options).steer(name, "continue", hook)


def abort(context: Context, name: WorkloadName, *, options: RolloutOptions) -> None:
    """Take a rollout back that is under way, to what ran before it.

    ECS rolls the deployment back; on Kubernetes the template is restored whose pods still run.

    Example: dashborion workloads abort transcoder -e media/production --wait
    """
    changer(context, options).steer(name, "abort")


def pause(context: Context, name: WorkloadName, *, options: RolloutOptions) -> None:
    """Halt the rollout of a Deployment, or its next one.

    Example: dashborion workloads pause web -e media/staging
    """
    changer(context, options).steer(name, "pause")


def resume(context: Context, name: WorkloadName, *, options: RolloutOptions) -> None:
    """Let a paused Deployment roll out, with all that was changed meanwhile.

    Example: dashborion workloads resume web -e media/staging --wait
    """
    changer(context, options).steer(name, "resume")
