"""``dashborion workloads``: the commands that only read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from dashborion.cli import report
from dashborion.cli.change import follower
from dashborion.cli.logs import LogOptions, print_logs
from dashborion.cli.options import (
    NAME_FORMS,
    ApiListOptions,
    ListOptions,
    NamespaceOptions,
    ObjectOptions,
    ReportOptions,
    Selector,
    WaitOptions,
    WorkloadName,
)
from dashborion.cli.printing import (
    print_comparison,
    print_list,
    print_object,
    show_list,
    show_one,
)
from dashborion.cli.why import WhyOptions, WhyPrinter
from dashborion.errors import foreseen

if TYPE_CHECKING:
    from dashborion.context import Context
    from dashborion.models.query import Part
    from dashborion.models.rollout import Rollout


def list_(
    context: Context,
    patterns: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PATTERN]...", help=f"{NAME_FORMS}; * and ? are wildcards."),
    ] = None,
    *,
    where: NamespaceOptions,
    listed: ApiListOptions,
    selector: Selector = None,
    status: Annotated[
        list[str] | None,
        typer.Option(
            "--status", help="Filter by status: running, degraded or stopped; repeatable."
        ),
    ] = None,
    type_: Annotated[
        list[str] | None,
        typer.Option("--type", help="Filter by kind, such as deployment or sts; repeatable."),
    ] = None,
) -> None:
    """List workloads.

    Example: dashborion workloads list 're*' --status degraded -o json
    """
    from dashborion.cli.option_values import members, workload_types
    from dashborion.models.workload import WorkloadStatus
    from dashborion.render.views.workloads import WORKLOADS

    query = where.query(
        selector=selector,
        types=workload_types(type_),
        parts=_shown_parts(listed, by_status=bool(status)),
        raw=listed.raw,
    )
    statuses = members(WorkloadStatus, status, "--status")
    answer = context.fleet(where.choice).workloads(
        query, patterns=patterns or (), statuses=statuses
    )
    print_list(context, WORKLOADS, answer, where, listed)


def _shown_parts(listed: ApiListOptions, *, by_status: bool) -> frozenset[Part]:
    """What of workloads the list shows or filters by of that which costs additional calls."""
    shown: dict[Part, bool] = {
        "endpoints": listed.shows("endpoints", wide=True),
        "definition": listed.shows("image") or listed.shows("cpu", "memory", wide=True),
        "health": by_status or listed.shows("status", "ready"),
    }
    return frozenset(part for part, is_shown in shown.items() if is_shown)


def describe(
    context: Context, name: WorkloadName, *, where: NamespaceOptions, output: ObjectOptions
) -> None:
    """Show a workload with its problems, instances, endpoints, revisions and events.

    Example: dashborion workloads describe web -e media/staging
    """
    from dashborion.render.views.workloads import WORKLOADS

    answer = context.fleet(where.choice).workload(name, where.query())
    print_object(context, WORKLOADS, answer, output)


def status(
    context: Context,
    name: WorkloadName,
    *,
    where: NamespaceOptions,
    waiting: WaitOptions,
    shown: ReportOptions,
) -> None:
    """Show the status of a rollout; with --wait, wait until it is complete or fails.

    Example: dashborion workloads status web --wait --timeout 5m
    """
    from dashborion.render.views.workloads import ROLLOUTS

    patience = waiting.patience
    reporter = report.begin(context, shown.output, f"status of {name}")
    fleet = context.fleet(where.choice, prints_rows=False)
    workload = fleet.workload_to_change(name, where.query(parts=frozenset()))

    def show(rollout: Rollout) -> None:
        if reporter:
            from dashborion.render import github

            is_waited = patience is not None
            reporter.add(github.of_rollout(workload.workload, rollout, is_waited=is_waited))
        else:
            show_one(context, ROLLOUTS, rollout, shown)

    follower(context, fleet, logs=reporter is None).status(workload, patience, show)


def why(
    context: Context,
    patterns: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME|PATTERN]...", help=f"{NAME_FORMS}; * and ? are wildcards."),
    ] = None,
    *,
    where: NamespaceOptions,
    asked: WhyOptions,
) -> None:
    """Tell why workloads are not well, since when, and what to do.

    With one NAME everything about that workload is looked at. Otherwise the workloads that are
    not well are listed, the worst first.

    Example: dashborion workloads why transcoder -e media/production
    """
    from dashborion.engines import diagnosis

    typed, query, past = patterns or [], where.query(), asked.past
    printer = WhyPrinter.begin(context, asked)
    fleet = context.fleet(where.choice)
    if diagnosis.is_one(typed):
        logs = asked.shows_logs
        printer.show_one(diagnosis.of_workload(fleet, typed[0], query, past, logs=logs))
    else:
        printer.show_list(diagnosis.of_workloads(fleet, typed, query, past), where)


def events(
    context: Context, name: WorkloadName, *, where: NamespaceOptions, listed: ListOptions
) -> None:
    """List the events of a workload and its instances, the newest last.

    Example: dashborion workloads events payments
    """
    from dashborion.render.views.workloads import EVENTS

    query = where.query(parts=frozenset({"events"}))
    answer = context.fleet(where.choice).workload(name, query)
    show_list(context, EVENTS, answer.items[0].item.events, listed)
    answer.require_complete()


def logs(
    context: Context,
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help=f"{NAME_FORMS}.")],
    *,
    where: NamespaceOptions,
    logged: LogOptions,
) -> None:
    """Print the logs of all instances of workloads, merged by time.

    Example: dashborion workloads logs web checkout --since 15m
    """
    from dashborion.engines import log_readers

    query = where.query()
    print_logs(
        context,
        logged,
        lambda wanted: log_readers.of_workloads(context.fleet(where.choice), names, query, wanted),
    )


def history(
    context: Context,
    name: WorkloadName,
    *,
    diff: Annotated[
        bool, typer.Option("--diff", help="Show what changed between the newest two.")
    ] = False,
    between: Annotated[
        str | None,
        typer.Option(
            "--between", metavar="REV..REV", help="Show what changed between these two revisions."
        ),
    ] = None,
    where: NamespaceOptions,
    listed: ListOptions,
) -> None:
    """List the revisions of a workload, the newest last, or compare two of them.

    Values of variables are compared, but never shown.

    Example: dashborion workloads history payments --diff
    """
    from dashborion.cli.option_values import revisions
    from dashborion.render.views.workloads import REVISIONS

    query = where.query(parts=frozenset())
    two = revisions(between) if between is not None else None
    if diff or two:
        answer = context.fleet(where.choice).revisions(name, query, two)
        print_comparison(context, answer.items[0].item, listed)
        answer.require_complete()
        return
    workload = context.fleet(where.choice).workload_to_change(name, query)
    with foreseen(workload.environment.label):
        found = workload.history()
    if found.doubt:
        context.streams.note(found.doubt)
    show_list(context, REVISIONS, found.revisions, listed)
