"""``dashborion instances``: ECS tasks and Kubernetes pods."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from dashborion.cli.change import changer
from dashborion.cli.forward import port_forward
from dashborion.cli.logs import LogOptions, print_logs
from dashborion.cli.options import (
    ApiListOptions,
    ChangeOptions,
    FormatOptions,
    NamespaceOptions,
    ObjectOptions,
    OutputFormat,
    Reason,
    Selector,
    command,
    group,
)
from dashborion.cli.printing import print_list, print_long_list, print_object, show_one
from dashborion.cli.top import Containers, TopOptions, Window, show_top
from dashborion.cli.watch import LINES, Watched, WatchOptions, of_row
from dashborion.cli.why import WhyOptions, WhyPrinter
from dashborion.errors import UsageError, foreseen

if TYPE_CHECKING:
    from dashborion.context import Context
    from dashborion.engines.changes import Changer
    from dashborion.engines.fleet import InstanceToChange
    from dashborion.models.instance import Instance
    from dashborion.models.query import Found
    from dashborion.render import Format

app = group()

InstanceId = Annotated[
    str, typer.Argument(metavar="ID", help="Id, name, or a unique beginning of one.")
]


@command(app, "list")
def list_(
    context: Context,
    *,
    where: NamespaceOptions,
    listed: ApiListOptions,
    workload: Annotated[
        str | None,
        typer.Option("--workload", "-w", help="List only the instances of this workload."),
    ] = None,
    selector: Selector = None,
    status: Annotated[
        list[str] | None,
        typer.Option("--status", help="Filter by status: running, pending or stopped; repeatable."),
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="List finished instances, too.")] = False,
    watching: WatchOptions,
) -> None:
    """List instances; finished ones only with --all or --status stopped.

    Example: dashborion instances list -w web --sort -restarts
    """
    from dashborion.cli.option_values import members
    from dashborion.engines import long_lists
    from dashborion.models.instance import InstanceStatus
    from dashborion.render.views.instances import INSTANCES

    statuses = members(InstanceStatus, status, "--status")
    is_watched = watching.is_wanted(context, listed)
    fleet = context.fleet(where.choice)
    query = where.query(
        selector=selector,
        workload=fleet.workload_name(workload) if workload else None,
        stopped=all_ or InstanceStatus.STOPPED in (statuses or ()),
        raw=listed.raw,
    )
    if is_watched:
        Watched(
            context, fleet, INSTANCES, where, listed,
            lambda fleet: fleet.instances(query, statuses=statuses).items,
            is_well=_is_well,
            why=partial(_why_of, context),
            logs=partial(_logs_of, context),
            events=query,
        ).run(watching)  # fmt: skip
    elif workload is None and listed.can_stream(context.streams, where):
        rows = long_lists.instances(fleet, query, statuses=statuses)
        print_long_list(context, INSTANCES, rows, listed)
    else:
        answer = fleet.instances(query, statuses=statuses)
        print_list(context, INSTANCES, answer, where, listed)


def _is_well(found: Found[Instance]) -> bool:
    """Whether an instance does what it is for, or has done it."""
    item = found.item
    return item.ready or (item.status == "stopped" and item.reason in ("Completed", "Succeeded"))


def _why_of(context: Context, item: Instance) -> None:
    from dashborion.engines import diagnosis

    asked, where = WhyOptions(), of_row(item)
    fleet, query = context.fleet(where.choice), where.query(since=asked.past)
    answer = diagnosis.of_instance(fleet, item.id, query, asked.past, logs=True)
    WhyPrinter.begin(context, asked).show_one(answer)


def _logs_of(context: Context, item: Instance) -> None:
    from dashborion.engines import log_readers

    where = of_row(item)
    find = partial(log_readers.of_instance, context.fleet(where.choice), item.id, where.query())
    print_logs(context, LogOptions(tail=LINES), find, one_instance=True)


@command(app, "describe")
def describe(
    context: Context, id_: InstanceId, *, where: NamespaceOptions, output: ObjectOptions
) -> None:
    """Show an instance with its containers and events.

    Example: dashborion instances describe database-0 -e media/staging
    """
    from dashborion.render.views.instances import INSTANCES

    answer = context.fleet(where.choice).instance(id_, where.query())
    print_object(context, INSTANCES, answer, output)


@command(app, "why")
def why(context: Context, id_: InstanceId, *, where: NamespaceOptions, asked: WhyOptions) -> None:
    """Tell why an instance is not well, since when, and what to do.

    Example: dashborion instances why database-0 -e media/staging
    """
    from dashborion.engines import diagnosis

    query, past, logs = where.query(), asked.past, asked.shows_logs
    printer = WhyPrinter.begin(context, asked)
    fleet = context.fleet(where.choice)
    printer.show_one(diagnosis.of_instance(fleet, id_, query, past, logs=logs))


@command(app, "top")
def top(
    context: Context,
    *,
    where: NamespaceOptions,
    listed: TopOptions,
    watching: WatchOptions,
    workload: Annotated[
        str | None,
        typer.Option("--workload", "-w", help="Show only the instances of this workload."),
    ] = None,
    selector: Selector = None,
    containers: Containers = False,
    window: Window = "5m",
) -> None:
    """Show the CPU and memory that instances use, in percent of their limit (L) or request (R).

    On ECS they come from Container Insights; AWS charges for each look by the bytes of its log.

    Example: dashborion instances top -w web --containers -e media/staging
    """
    from dashborion.engines import usage
    from dashborion.render.views.usage import USAGE

    asked = listed.asked(window, instances=True, containers=containers)
    fleet = context.fleet(where.choice)
    named = fleet.workload_name(workload) if workload else None
    query = where.query(selector=selector, workload=named)
    look = partial(usage.instances, query=query, asked=asked)
    show_top(context, USAGE, fleet, look, where=where, listed=listed, watching=watching)


@command(app, "logs")
def logs_(
    context: Context, id_: InstanceId, *, where: NamespaceOptions, logged: LogOptions
) -> None:
    """Print the logs of an instance.

    Example: dashborion instances logs database-0 -e media/staging --since 15m
    """
    from dashborion.engines import log_readers

    query = where.query()
    print_logs(
        context,
        logged,
        lambda wanted: log_readers.of_instance(context.fleet(where.choice), id_, query, wanted),
        one_instance=True,
    )


@command(app, "exec")
def exec_(
    context: Context,
    id_: Annotated[
        str | None,
        typer.Argument(metavar="[ID]", help="Id, name, or a unique beginning of one."),
    ] = None,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[-- COMMAND...]",
            help="Command and its arguments; on a terminal, sh by default.",
        ),
    ] = None,
    *,
    workload: Annotated[
        str | None,
        typer.Option("--workload", "-w", help="Use a ready instance of this workload."),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Run nothing; show what a command here would need.")
    ] = False,
    container: Annotated[
        str | None, typer.Option("--container", "-c", help="Run the command in this container.")
    ] = None,
    stdin: Annotated[
        bool, typer.Option("--stdin/--no-stdin", help="Send stdin to the command.")
    ] = True,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
    output: OutputFormat = None,
    where: NamespaceOptions,
) -> None:
    """Run a command in an instance, and exit with its exit code.

    If stdin and stdout are terminals, the command gets a terminal; otherwise it gets pipes.

    Example: dashborion instances exec database-0 -e media/staging -- ls /
    """
    import shlex

    from dashborion.engines import exec_check
    from dashborion.engines.ready_instances import ready_instance

    if (id_ is None) is (workload is None):
        raise UsageError(
            "expected either the ID of an instance or -w WORKLOAD",
            hint="a command stands behind `--`" if workload else None,
        )
    if check and words:
        raise UsageError("--check runs no command", hint="leave out what stands after --")
    if output is not None and not check:
        raise UsageError("-o is for --check: a command prints what it likes")
    terminal = context.terminal(stdin)
    if not check and not words and not terminal.tty:
        raise UsageError(
            "no command, and a shell needs a terminal on stdin and stdout",
            hint="give one: `-- COMMAND`; `-- sh` runs a script from stdin",
        )
    words = words or ["sh"]
    note = context.streams.note
    change = changer(context, ChangeOptions(**vars(where), yes=yes, output=output))
    if workload is not None:
        target = ready_instance(change.fleet, workload, change.query)
        note(f"using {target.found.item.name}, a ready instance of {workload}")
    else:
        target = change.fleet.instance_to_change(str(id_), change.query)
    if check:
        _show_check(context, change, target, container, output)
        return
    orchestrator, found = target.orchestrator, target.found
    with foreseen(orchestrator.environment.label), exec_check.explained(target, container):
        container_name = orchestrator.exec.choose_container(found, container, note)
        what = f"run {shlex.join(words)} in {found.item.name}/{container_name}"
        place = orchestrator.changes.place(found)
        change.announce(orchestrator.environment, what, place, found.item.namespace)
        try:
            code = orchestrator.exec.run(found, container_name, words, terminal, note=note)
        except KeyboardInterrupt:
            context.streams.announce(
                f"interrupted: the command may still be running in {found.item.name}"
            )
            raise
    raise typer.Exit(code)


def _show_check(
    context: Context,
    change: Changer,
    target: InstanceToChange,
    container: str | None,
    output: Format | None,
) -> None:
    """Show what a command needs; no shell is tried where changes are guarded."""
    from dashborion.engines import exec_check
    from dashborion.render.views.instances import EXEC_CHECKS

    orchestrator, found = target.orchestrator, target.found
    place = orchestrator.changes.place(found)
    guards = change.guards.over(orchestrator.environment, place, found.item.namespace)
    with foreseen(orchestrator.environment.label):
        answer = exec_check.check(target, container, tries=not guards)
    show_one(context, EXEC_CHECKS, answer, FormatOptions(output=output))


command(app, "port-forward")(port_forward)


@command(app, "stop")
def stop(
    context: Context, id_: InstanceId, *, reason: Reason = None, options: ChangeOptions
) -> None:
    """Stop an instance. Its workload starts a new one.

    Example: dashborion instances stop database-0 -e media/staging
    """
    changer(context, options, reason=reason).stop(id_)
