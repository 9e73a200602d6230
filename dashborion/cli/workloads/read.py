"""``dashborion workloads``: the commands that only read."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, cast

import typer

from dashborion import render
from dashborion.cli import report
from dashborion.cli.change import follower
from dashborion.cli.logs import LogOptions, print_logs
from dashborion.cli.options import (
    PATTERN_FORMS,
    ApiListOptions,
    ExitCode,
    ListOptions,
    NamespaceOptions,
    ObjectOptions,
    ReportOptions,
    Selector,
    WaitOptions,
    WorkloadName,
    WorkloadNames,
    WorkloadPatterns,
)
from dashborion.cli.printing import (
    distinguishing,
    finish,
    print_comparison,
    print_object,
    show_answer,
    show_list,
    show_one,
    warn_of_unchecked,
)
from dashborion.cli.top import Containers, TopOptions, Window, show_top
from dashborion.cli.watch import LINES, Watched, WatchOptions, of_row
from dashborion.cli.why import WhyOptions, WhyPrinter
from dashborion.completion import completers
from dashborion.errors import DashborionError, UsageError, foreseen
from dashborion.render import is_drawn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dashborion.context import Context
    from dashborion.engines.fleet import Fleet
    from dashborion.models.query import Part, Query
    from dashborion.models.rollout import RolloutStatus
    from dashborion.models.workload import Workload, WorkloadStatus
    from dashborion.orchestrators.protocol import Examined


def list_(
    context: Context,
    patterns: WorkloadPatterns = None,
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
    problems: Annotated[
        bool, typer.Option("--problems", help="List only what is not well, as `why` tells it.")
    ] = False,
    exit_code: ExitCode = False,
    watching: WatchOptions,
) -> None:
    """List workloads.

    Example: dashborion workloads list 're*' --status degraded -o json
    """
    from dashborion.cli.option_values import members, workload_types
    from dashborion.engines import verdicts
    from dashborion.models.workload import WorkloadStatus
    from dashborion.render.views.workloads import WORKLOADS

    query = where.query(
        selector=selector,
        types=workload_types(type_),
        parts=_shown_parts(
            context, listed, by_status=bool(status), judged=problems or exit_code or watching.watch
        ),
        raw=listed.raw,
    )
    statuses = members(WorkloadStatus, status, "--status")
    if watching.is_wanted(context, listed):
        from dashborion.engines.answers import require_matches

        if exit_code:
            raise UsageError("--exit-code and --watch cannot be used together")
        look = partial(_looked_at, query, patterns or (), statuses, problems=problems)
        fleet = context.fleet(where.choice)
        names = [fleet.workload_name(pattern) for pattern in patterns or ()]
        is_filtered = problems or statuses or selector
        Watched(
            context,
            fleet,
            WORKLOADS,
            where,
            listed,
            look,
            is_well=lambda found: verdicts.verdict(cast("Examined[Workload]", found)).is_well,
            why=partial(_why_of, context),
            logs=partial(_logs_of, context),
            events=query,
            check=lambda rows: None if is_filtered else require_matches(names, rows, fleet.where),
        ).run(watching)
        return
    answer = context.fleet(where.choice).workloads(
        query, patterns=patterns or (), statuses=statuses, problems=problems
    )
    warn_of_unchecked(context, verdicts.not_checked(answer.items))
    noun = "problems" if problems else None
    show_answer(context, WORKLOADS, answer, where, listed, noun=noun)
    finish(answer, failing=exit_code and verdicts.is_any_failing(answer.items))


def _looked_at(
    query: Query,
    patterns: Sequence[str],
    statuses: frozenset[WorkloadStatus] | None,
    fleet: Fleet,
    *,
    problems: bool,
) -> Sequence[Examined[Workload]]:
    """The workloads of a fleet that is watched; what could not be looked at is a warning."""
    from dashborion.engines import verdicts
    from dashborion.render.views.causes import untold

    found = fleet.workloads(
        query, patterns=patterns, statuses=statuses, problems=problems, absent=True
    ).items
    for _, lost in verdicts.not_checked(found):
        for environment in fleet.environments:
            fleet.runtime(environment).warn(DashborionError(f"not checked: {untold(lost)}"))
    return found


def _why_of(context: Context, item: Workload) -> None:
    why(context, [_kind_and_name(item)], where=of_row(item), asked=WhyOptions())


def _logs_of(context: Context, item: Workload) -> None:
    logs(context, [_kind_and_name(item)], where=of_row(item), logged=LogOptions(tail=LINES))


def _kind_and_name(item: Workload) -> str:
    from dashborion.models.kinds import KIND_OF

    return f"{KIND_OF[item.type]}/{item.name}"


def _shown_parts(
    context: Context, listed: ApiListOptions, *, by_status: bool, judged: bool
) -> frozenset[Part]:
    """What of workloads the list shows or filters by of that which costs additional calls."""
    piped = not is_drawn(context.streams, listed.output)  # where the narrow columns are others
    shown: dict[Part, bool] = {
        "endpoints": listed.shows("endpoints", wide=True),
        "definition": listed.shows("image") or listed.shows("cpu", "memory", wide=True),
        "health": by_status or judged or listed.shows("status", "ready"),
        "causes": judged
        or listed.shows("reason", "restarts", wide=piped)
        or listed.shows("cause", wide=True),
        "revisions": listed.shows("updated", wide=piped) or listed.shows("revision", wide=True),
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
    names: WorkloadNames,
    *,
    where: NamespaceOptions,
    waiting: WaitOptions,
    until: Annotated[
        str | None,
        typer.Option(
            "--until",
            metavar="GOAL",
            autocompletion=completers.goals,
            help="With --wait: done, shifted (all production traffic), paused, or stage:NAME.",
        ),
    ] = None,
    shown: ReportOptions,
) -> None:
    """Show the status of rollouts; with --wait, wait until all are complete or one fails.

    A rollout that waits for a person ends the wait with 8, unless that is what --until says.

    Example: dashborion workloads status web --wait --timeout 5m
    """
    from dashborion.engines import rollout_status
    from dashborion.models.query import is_one_name

    patience = waiting.patience_until(until)
    reporter = report.begin(context, shown.output, f"status of {', '.join(names)}")
    fleet = context.fleet(where.choice, prints_rows=False)
    workloads = rollout_status.named(fleet, names, where.query(parts=frozenset()))

    def show(rollouts: Sequence[tuple[Workload, RolloutStatus]]) -> None:
        from dashborion.render import github
        from dashborion.render.views.workloads import ROLLOUT_LIST, ROLLOUTS

        statuses = [rollout for _, rollout in rollouts]
        if reporter:
            for workload, rollout in rollouts:
                is_waited = patience is not None
                reporter.add(github.of_rollout(workload, rollout, is_waited=is_waited))
        elif is_one_name(names):
            show_one(context, ROLLOUTS, statuses[0], shown)
        else:
            style = shown.style
            style.extra = distinguishing(len(fleet.environments), statuses, where)
            render.show_list(context.streams, ROLLOUT_LIST, statuses, style, now=context.now())
            if not statuses:
                context.streams.note("no workloads found")

    told = follower(context, fleet, logs=reporter is None)
    rollout_status.tell(told, workloads, patience, show)


def why(
    context: Context,
    patterns: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME|PATTERN]...", help=PATTERN_FORMS),
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
    from dashborion.models.query import is_one_name

    typed, past = patterns or [], asked.past
    query = where.query(since=past)
    printer = WhyPrinter.begin(context, asked)
    fleet = context.fleet(where.choice)
    if is_one_name(typed):  # it is examined by all facts, many by those of lists
        logs = asked.shows_logs
        printer.show_one(diagnosis.of_workload(fleet, typed[0], query, past, logs=logs))
    else:
        printer.show_list(diagnosis.of_workloads(fleet, typed, query), where)


def top(
    context: Context,
    patterns: WorkloadPatterns = None,
    *,
    where: NamespaceOptions,
    listed: TopOptions,
    watching: WatchOptions,
    selector: Selector = None,
    instances: Annotated[
        bool, typer.Option("--instances", help="Show a row for each instance.")
    ] = False,
    containers: Containers = False,
    window: Window = "5m",
) -> None:
    """Show what workloads use, in percent of their limit (L) or request (R).

    On ECS, rows of instances and containers are of Container Insights, which AWS charges for.

    Example: dashborion workloads top --over 90 --sort -memory-percent -e media/production
    """
    from dashborion.engines import usage
    from dashborion.render.views.usage import USAGE

    asked = listed.asked(window, instances=instances, containers=containers)
    query = where.query(selector=selector)
    look = partial(usage.workloads, query=query, patterns=patterns or (), asked=asked)
    show_top(
        context,
        USAGE,
        context.fleet(where.choice),
        look,
        where=where,
        listed=listed,
        watching=watching,
    )


def logs(
    context: Context,
    patterns: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PATTERN]...", help="[NAMESPACE/][KIND/]NAME; * and ? are wildcards."
        ),
    ] = None,
    *,
    where: NamespaceOptions,
    selector: Selector = None,
    logged: LogOptions,
) -> None:
    """Print the logs of all instances of workloads, merged by time.

    Needs a NAME, PATTERN, -l or -A; with -f new workloads that match join.

    Example: dashborion workloads logs 're*' -e '*/production' --since 15m
    """
    from dashborion.engines import log_readers
    from dashborion.models.query import has_wildcards

    typed = patterns or []
    if not (typed or selector or where.all_namespaces):
        raise UsageError(
            "no workload was named", hint="use NAME, 'web*', '*' for all, -l KEY=VALUE or -A"
        )
    query = where.query(selector=selector)
    print_logs(
        context,
        logged,
        lambda wanted: log_readers.of_workloads(context.fleet(where.choice), typed, query, wanted),
        namespaces=where.all_namespaces
        or any(has_wildcards(one.rpartition("/")[0]) for one in typed),
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
