"""``dashborion instances``: the tasks and pods that workloads consist of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from dashborion.cli.logs import Logged
from dashborion.cli.options import Care, Output, RawListed, Shown, Where, command, group
from dashborion.cli.show import show_flow, show_found, show_listed

if TYPE_CHECKING:
    from dashborion.context import Context

app = group()


@command(app, "list")
def list_(
    ctx: typer.Context,
    *,
    where: Where,
    listed: RawListed,
    workload: Annotated[
        str | None,
        typer.Option("--workload", "-w", help="Only those of this workload."),
    ] = None,
    selector: Annotated[
        str | None, typer.Option("--selector", "-l", help="Labels or tags, as key=value,...")
    ] = None,
    status: Annotated[
        list[str] | None, typer.Option("--status", help="running, pending or stopped; repeatable.")
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Finished ones too.")] = False,
) -> None:
    """List instances; finished ones only with --all or --status stopped.

    Example: dashborion instances list -w web --sort -restarts
    """
    from dashborion.cli.parse import members
    from dashborion.engines import long_lists
    from dashborion.models.instance import InstanceStatus
    from dashborion.models.query import Name
    from dashborion.render import views

    statuses = members(InstanceStatus, status, "--status")
    query = where.query(
        selector=selector,
        workload=Name.parse(workload) if workload else None,
        stopped=all_ or InstanceStatus.STOPPED in (statuses or ()),
        raw=listed.raw,
    )
    fleet = ctx.obj.fleet(where.choice)
    if workload is None and listed.flows(ctx.obj.streams, where):
        show_flow(
            ctx.obj, views.INSTANCES, long_lists.instances(fleet, query, statuses=statuses), listed
        )
    else:
        answer = fleet.instances(query, statuses=statuses)
        show_listed(ctx.obj, views.INSTANCES, answer, where, listed)


@command(app, "describe")
def describe(
    ctx: typer.Context,
    id_: Annotated[str, typer.Argument(metavar="ID", help="An id, a name, or a unique prefix.")],
    *,
    where: Where,
    output: Output,
) -> None:
    """Show one instance: its containers, how they ended before, its events.

    Example: dashborion instances describe database-0 -e media/staging
    """
    from dashborion.models.query import Name
    from dashborion.render import views

    answer = ctx.obj.fleet(where.choice).instance(Name.parse_instance(id_), where.query())
    show_found(ctx.obj, views.INSTANCES, answer, output)


@command(app, "logs")
def logs_(
    ctx: typer.Context,
    id_: Annotated[str, typer.Argument(metavar="ID", help="An id, a name, or a unique prefix.")],
    *,
    where: Where,
    logged: Logged,
) -> None:
    """Print what one instance has written.

    Example: dashborion instances logs database-0 -e media/staging --since 15m
    """
    from dashborion.cli import logs
    from dashborion.engines import log_readers
    from dashborion.models.query import Name

    context: Context = ctx.obj
    name, query = Name.parse_instance(id_), where.query()
    logs.show(
        context,
        logged,
        lambda wanted: log_readers.of_instance(context.fleet(where.choice), name, query, wanted),
        of_one=True,
    )


@command(app, "exec")
def exec_(
    ctx: typer.Context,
    id_: Annotated[str, typer.Argument(metavar="ID", help="An id, a name, or a unique prefix.")],
    words: Annotated[list[str], typer.Argument(metavar="-- COMMAND...", help="What to run.")],
    *,
    container: Annotated[
        str | None, typer.Option("--container", "-c", help="In this container.")
    ] = None,
    stdin: Annotated[
        bool, typer.Option("--stdin/--no-stdin", help="Whether the command gets our stdin.")
    ] = True,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    where: Where,
) -> None:
    """Run a command in an instance: on a terminal with one, else with pipes; its exit code is ours.

    Example: dashborion instances exec database-0 -e media/staging -- ls /
    """
    import shlex

    from dashborion.cli.change import changer
    from dashborion.models.query import Name

    context: Context = ctx.obj
    name = Name.parse_instance(id_)
    change = changer(context, where, Care(yes=yes), Shown())
    target = change.fleet.instance_to_change(name, where.query())
    orchestrator, found = target.orchestrator, target.found
    note = context.streams.note
    inside = orchestrator.exec.choose_container(found, container, note)
    what = f"run {shlex.join(words)} in {found.item.name}/{inside}"
    change.announce(orchestrator.environment, what)
    try:
        terminal = context.terminal(stdin)
        code = orchestrator.exec.run(found, inside, words, terminal, note=note)
    except KeyboardInterrupt:
        note(f"interrupted: the command may go on in {found.item.name}")
        raise
    raise typer.Exit(code)


@command(app, "stop")
def stop(
    ctx: typer.Context,
    id_: Annotated[str, typer.Argument(metavar="ID", help="An id, a name, or a unique prefix.")],
    *,
    where: Where,
    care: Care,
    shown: Shown,
) -> None:
    """Stop one instance; its workload starts another.

    Example: dashborion instances stop database-0 -e media/staging
    """
    from dashborion.cli.change import changer
    from dashborion.models.query import Name

    changer(ctx.obj, where, care, shown).stop(Name.parse_instance(id_), where.query())
