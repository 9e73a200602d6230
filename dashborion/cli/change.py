"""The engine of changes, wired to this command line's streams, questions and options."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashborion.cli import report
from dashborion.cli.options import ChangeOptions, RolloutOptions
from dashborion.cli.printing import show_one

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dashborion.config.targets import Environment
    from dashborion.context import Context
    from dashborion.engines.fleet import Fleet
    from dashborion.engines.parking import Parker
    from dashborion.engines.rollout import RolloutFollower
    from dashborion.models.rollout import Change


def changer(
    context: Context,
    options: ChangeOptions | RolloutOptions,
    *,
    also: Sequence[Environment] = (),
    reason: str | None = None,
    of_several: bool = False,
    selector: str | None = None,
) -> Parker:
    """What makes a change in the chosen environments; ``also`` are asked about theirs.

    ``reason`` is recorded where the API has a place for it. ``of_several`` workloads, which the
    ``selector`` may choose: one that could not be listed makes the exit code 5, as in a list.

    Raises:
        UsageError: an option makes no sense; nothing was asked or changed then.
    """
    from dashborion.engines.parking import Parker

    reporter, patience = None, None
    if isinstance(options, RolloutOptions):
        reporter, patience = report.begin(context, options.output), options.patience

    def show(change: Change) -> None:
        if reporter:
            from dashborion.render import github

            reporter.add(github.of_change(change))
        else:
            from dashborion.render.views.workloads import CHANGES

            show_one(context, CHANGES, change, options)

    fleet = context.fleet(options.choice, prints_rows=of_several, also=also)
    return Parker(
        fleet=fleet,
        guards=context.guards(),
        query=options.query(selector=selector),
        streams=context.streams,
        follower=follower(context, fleet, logs=reporter is None),
        now=context.now,
        confirm=context.confirm,
        show=show,
        yes=options.yes,
        dry_run=options.dry_run,
        patience=patience,
        clock=context.clock,
        reason=reason,
    )


def follower(context: Context, fleet: Fleet, *, logs: bool) -> RolloutFollower:
    """What waits for rollouts; ``logs``: and says the last log lines of what failed."""
    from dashborion.engines.rollout import RolloutFollower

    return RolloutFollower(fleet, context.streams, context.clock, context.sleep, logs)
