"""The engine of changes, wired to this command line's streams, questions and options."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dashborion.cli.options import ConfirmOptions, FormatOptions, NamespaceOptions, WaitOptions
    from dashborion.context import Context
    from dashborion.engines.changes import Changer
    from dashborion.engines.fleet import Fleet
    from dashborion.engines.rollout import RolloutFollower
    from dashborion.models.change import Change


def changer(
    context: Context,
    where: NamespaceOptions,
    care: ConfirmOptions,
    shown: FormatOptions,
    waiting: WaitOptions | None = None,
) -> Changer:
    """What makes a change in the chosen environments.

    Raises:
        UsageError: an option makes no sense; nothing was asked or changed then.
    """
    from dashborion.engines.changes import Changer

    def show(change: Change) -> None:
        from dashborion import render
        from dashborion.render.views.workloads import CHANGES

        render.show_one(context.streams, CHANGES, change, shown.style, now=context.now())

    patience = waiting.patience if waiting else None
    fleet = context.fleet(where.choice)
    return Changer(
        fleet=fleet,
        streams=context.streams,
        follower=follower(context, fleet),
        now=context.now,
        confirm=context.confirm,
        show=show,
        yes=care.yes,
        dry_run=care.dry_run,
        patience=patience,
    )


def follower(context: Context, fleet: Fleet) -> RolloutFollower:
    """What waits for rollouts."""
    from dashborion.engines.rollout import RolloutFollower

    return RolloutFollower(fleet, context.streams, context.clock, context.sleep)
