"""``dashborion workloads``: the commands that change one workload, or several at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from dashborion import render
from dashborion.cli import report
from dashborion.cli.change import changer
from dashborion.cli.lazy_commands import OptionSet
from dashborion.cli.options import Reason, RolloutOptions
from dashborion.cli.printing import distinguishing
from dashborion.errors import UsageError

if TYPE_CHECKING:
    from dashborion.context import Context
    from dashborion.engines.bulk import Act
    from dashborion.engines.parking import Parker
    from dashborion.models.rollout import Change
    from dashborion.orchestrators.changing import WorkloadToChange

MOST_REPLICAS = 2**31 - 1  # both APIs hold a count in 32 bits

Patterns = Annotated[
    list[str] | None,
    typer.Argument(metavar="[PATTERN]...", help="[NAMESPACE/][KIND/]NAME; * and ? are wildcards."),
]
Force = Annotated[bool, typer.Option("--force", help="Do it even if that is not advisable.")]
WithJobs = Annotated[
    bool,
    typer.Option("--with-jobs", help="CronJobs of these names, too."),
]
DeleteVolumes = Annotated[
    bool,
    typer.Option(
        "--delete-volumes",
        help="Do it even if volumes are deleted; one NAME.",
    ),
]


class SeveralOptions(OptionSet):
    """Options of a change to several workloads."""

    panel = "Several workloads"

    # Not the one that others share: an option is of one part of the help.
    selector: Annotated[
        str | None,
        typer.Option("--selector", "-l", help="Filter by labels or tags: KEY=VALUE, ..."),
    ] = None
    status: Annotated[
        list[str] | None,
        typer.Option("--status", help="Only running, degraded, stopped; repeatable."),
    ] = None
    parallel: Annotated[
        int, typer.Option("--parallel", metavar="N", min=1, help="Change so many at a time.")
    ] = 3
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="Change the others, too, after a failure.")
    ] = False

    def one_name(self, patterns: Sequence[str] | None) -> str | None:
        """The only NAME that was typed; None where several workloads may be meant.

        Raises:
            UsageError: nothing was said about which ones are.
        """
        from dashborion.models.query import is_one_name

        if "" in (patterns or ()):
            raise UsageError("a name is empty; is a shell variable not set?")
        if not (patterns or self.selector):
            raise UsageError(
                "no workload was named", hint="use NAME, 'web*', '*' for all, or -l KEY=VALUE"
            )
        if self.selector or self.status or not is_one_name(patterns or ()):
            return None
        return (patterns or [""])[0]


def _in_bulk(
    context: Context,
    patterns: Sequence[str] | None,
    several: SeveralOptions,
    options: RolloutOptions,
    act: Act,
    *,
    reason: str | None = None,
    with_jobs: bool = False,
) -> None:
    """Do it to all that are meant, and print what became of each."""
    from dashborion.cli.option_values import members
    from dashborion.engines.bulk import Bulk, Several
    from dashborion.engines.jobs import Jobs
    from dashborion.models.workload import WorkloadStatus
    from dashborion.render.views.workloads import CHANGE_LIST

    if with_jobs and several.status:
        raise UsageError("--status is of workloads, and a CronJob has none: not with --with-jobs")
    parker = changer(context, options, reason=reason, of_several=True, selector=several.selector)
    reporter = report.begin(context, options.output, f"workloads {act.verb}")

    def show(changes: Sequence[Change]) -> None:
        if reporter:
            from dashborion.render import github

            for change in changes:
                reporter.add(github.of_change(change))
            return
        style = options.style
        style.extra = distinguishing(len(parker.fleet.environments), changes, options)
        render.show_list(context.streams, CHANGE_LIST, changes, style, now=context.now())
        if not changes:
            context.streams.note("no workloads found")

    wanted = Several(
        patterns or (),
        members(WorkloadStatus, several.status, "--status"),
        several.parallel,
        several.keep_going,
    )
    jobs = Jobs(parker, patterns or (), suspends=act.to_zero) if with_jobs else None
    Bulk(parker, wanted, act, show, jobs).run()


def scale(
    context: Context,
    patterns: Patterns = None,
    *,
    replicas: Annotated[
        int,
        typer.Option("--replicas", "-r", min=0, max=MOST_REPLICAS, help="New number of replicas."),
    ],
    current: Annotated[
        int | None,
        typer.Option("--current", min=0, help="Fail unless this is the current number."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Scale even outside an autoscaler's bounds.")
    ] = False,
    delete_volumes: DeleteVolumes = False,
    several: SeveralOptions,
    options: RolloutOptions,
) -> None:
    """Set the number of replicas of a workload, or of several.

    Example: dashborion workloads scale web -r 3 --wait
    """
    from dashborion.engines.bulk import Act

    if name := several.one_name(patterns):
        changer(context, options).scale(
            name, replicas, current=current, force=force, delete_volumes=delete_volumes
        )
        return
    _refuse_volumes(delete_volumes)
    act = Act(
        "scale",
        lambda parker, target: parker.scale_found(target, replicas, current=current, force=force),
        to_zero=replicas == 0,
    )
    _in_bulk(context, patterns, several, options, act)


def restart(
    context: Context,
    patterns: Patterns = None,
    *,
    allow_image_change: Annotated[
        bool,
        typer.Option("--allow-image-change", help="Restart even where tags have moved."),
    ] = False,
    reason: Reason = None,
    several: SeveralOptions,
    options: RolloutOptions,
) -> None:
    """Replace all instances of a workload with new ones, or those of several workloads.

    Example: dashborion workloads restart web --wait
    """
    from dashborion.engines.bulk import Act

    if name := several.one_name(patterns):
        changer(context, options, reason=reason).restart(name)
        return

    def on(parker: Parker, target: WorkloadToChange) -> None:
        parker.restart_found(target, allow_image_change=allow_image_change)

    _in_bulk(context, patterns, several, options, Act("restart", on), reason=reason)


def stop(
    context: Context,
    patterns: Patterns = None,
    *,
    force: Force = False,
    delete_volumes: DeleteVolumes = False,
    with_jobs: WithJobs = False,
    several: SeveralOptions,
    options: RolloutOptions,
) -> None:
    """Put workloads to zero, and remember what they had for `workloads start`.

    Example: dashborion workloads stop 'c*' -e shop/staging --yes
    """
    from dashborion.engines.bulk import Act

    if (name := several.one_name(patterns)) and not with_jobs:
        changer(context, options).stop_workload(name, force=force, delete_volumes=delete_volumes)
        return
    _refuse_volumes(delete_volumes)
    act = Act("stop", lambda parker, target: parker.stop_found(target, force=force), to_zero=True)
    _in_bulk(context, patterns, several, options, act, with_jobs=with_jobs)


def start(
    context: Context,
    patterns: Patterns = None,
    *,
    with_jobs: WithJobs = False,
    several: SeveralOptions,
    options: RolloutOptions,
) -> None:
    """Give workloads back what they had before `workloads stop`.

    Example: dashborion workloads start '*' -e shop/staging --yes
    """
    from dashborion.engines.bulk import Act

    if (name := several.one_name(patterns)) and not with_jobs:
        changer(context, options).start_workload(name)
        return
    act = Act("start", lambda parker, target: parker.start_found(target))
    _in_bulk(context, patterns, several, options, act, with_jobs=with_jobs)


def _refuse_volumes(delete_volumes: bool) -> None:
    if delete_volumes:
        raise UsageError("--delete-volumes is for one workload, by its name")
