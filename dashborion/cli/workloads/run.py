"""``dashborion workloads run``: a command, once, with a workload's definition."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from dashborion import render
from dashborion.cli.change import changer
from dashborion.cli.lazy_commands import OptionSet
from dashborion.cli.options import ChangeOptions, Option, WorkloadName
from dashborion.cli.printing import show_one
from dashborion.errors import CannotWrite, ClosedPipe, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dashborion.context import Context
    from dashborion.models.log import Source
    from dashborion.models.run import Run
    from dashborion.orchestrators.logs import Block, Reader
    from dashborion.orchestrators.run import RunWish
    from dashborion.terminal import Terminal

_ROUTINE = ("joined ", "left ")  # of the one container that is read


class RunOptions(OptionSet):
    """What is different from the workload's own instances, and how long it may take."""

    container: Annotated[
        str | None, Option("--container", "-c", help="Run the command in this container.")
    ] = None
    set_env: Annotated[
        list[str] | None,
        Option("--set-env", metavar="KEY=VALUE", help="Set a variable for it; repeatable."),
    ] = None
    image: Annotated[str | None, Option("--image", help="Use this image for it.")] = None
    revision: Annotated[
        str | None, Option("--revision", help="Use this revision of the definition.")
    ] = None
    cpu: Annotated[str | None, Option("--cpu", help="CPU for it: 500m, or CPU units on ECS.")] = (
        None
    )
    memory: Annotated[
        str | None, Option("--memory", help="Memory for it: 512Mi, or MiB on ECS.")
    ] = None
    beside: Annotated[
        list[str] | None,
        Option("--with", metavar="CONTAINER", help="Run this sidecar as well; repeatable."),
    ] = None
    entry_point: Annotated[
        bool, Option("--command", help="Replace the entry point, too (Kubernetes).")
    ] = False
    on_demand: Annotated[bool, Option("--on-demand", help="Keep it off Fargate Spot (ECS).")] = (
        False
    )
    stdin: Annotated[bool, Option("--stdin", "-i", help="Send stdin to it (Kubernetes).")] = False
    tty: Annotated[bool, Option("--tty", "-t", help="With -i: give it a terminal.")] = False
    detach: Annotated[bool, Option("--detach", help="Start it and do not wait.")] = False
    timeout: Annotated[
        str, Option("--timeout", metavar="TIME", help="Stop it after this time.")
    ] = "1h"
    reason: Annotated[str | None, Option("--reason", help="Write down why it is run.")] = None

    def wish(self, command: tuple[str, ...], *, terminal: Terminal | None) -> RunWish:
        """The options as adapters take them.

        Raises:
            UsageError: an invalid value, or options that cannot be used together.
        """
        from dashborion.cli.option_values import duration
        from dashborion.orchestrators.run import RunWish

        if self.tty and not self.stdin:
            raise UsageError("-t needs -i")
        if self.stdin and self.detach:
            raise UsageError("-i and --detach cannot be used together")
        if self.entry_point and not command:
            raise UsageError("--command needs a command", hint="put it behind --")
        return RunWish(
            command=command,
            entry_point=self.entry_point,
            container=self.container,
            variables=_variables(self.set_env or ()),
            image=self.image,
            revision=self.revision,
            cpu=self.cpu,
            memory=self.memory,
            beside=tuple(self.beside or ()),
            timeout_seconds=duration(self.timeout, "--timeout"),
            reason=self.reason,
            on_demand=self.on_demand,
            interactive=self.stdin,
            stdin=terminal is not None and terminal.stdin is not None,  # else it is empty
            terminal=self.tty and terminal is not None and terminal.tty,
        )


def run(
    context: Context,
    name: WorkloadName,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[-- COMMAND...]", help="Arguments for the container's program."),
    ] = None,
    *,
    options: ChangeOptions,
    how: RunOptions,
) -> None:
    """Run a command once in a new instance, and exit with its exit code.

    It gets no traffic. Exits with 7 if it did not run, with 8 after --timeout.

    Example: dashborion workloads run web -e media/staging -- echo migrated
    """
    from dashborion.engines.run import Runner

    terminal = context.terminal(True) if how.stdin else None
    wish = how.wish(tuple(words or ()), terminal=terminal)
    if how.tty and not wish.terminal:
        context.streams.note("stdin or stdout is no terminal: the command gets pipes")
    is_told = options.output is None and not (how.detach or options.dry_run)

    def show(item: Run) -> None:
        if is_told and item.exit_code is not None:  # else an error says how it ended
            why = f" ({item.message})" if item.message else ""
            code, seconds = f"exit code {item.exit_code}{why}", round(item.seconds or 0)
            context.streams.note(f"{item.name} ended with {code} after {seconds} s")
        elif not is_told:
            from dashborion.render.views.runs import RUNS

            show_one(context, RUNS, item, options)

    def open_terminal() -> Terminal:
        return replace(context.terminal(True), tty=wish.terminal)

    runner = Runner(
        changer(context, options),
        follow=partial(_print_lines, context, as_notes=options.output is not None),
        show=show,
        open_terminal=open_terminal if wish.stdin else None,
        detach=how.detach,
    )
    raise typer.Exit(runner.run(name, wish))


def _variables(texts: list[str] | tuple[()]) -> Mapping[str, str]:
    variables = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name or not equals:  # a value may be a secret: it is not quoted
            raise UsageError("--set-env takes KEY=VALUE", hint="for example --set-env LEVEL=debug")
        variables[name] = value
    return variables


def _print_lines(
    context: Context,
    reader: Reader,
    say: Callable[[str], None],
    hear: Callable[[], None],
    *,
    as_notes: bool,
) -> None:
    """Print what the command writes, as it comes; beside an object on stdout, on stderr."""
    from dashborion.engines.logs import Following
    from dashborion.render.log_lines import TextLines

    def say_unless_routine(text: str) -> None:
        if not text.startswith(_ROUTINE):
            say(text)

    text = TextLines(prefixes=None, color=context.streams.out_color and not as_notes)

    def shape(source: Source, block: Block) -> tuple[Block, Block]:
        hear()
        return block, text(source, block)

    following = Following([reader], shape, say=say_unless_routine, failed=context.warn)
    with closing(following.lines()) as lines:
        if as_notes:
            for block in lines:
                for line in block.decode(errors="replace").splitlines():
                    context.streams.note(line)
            return
        try:
            render.show_stream(context.streams, lines, live=True)
        except (ClosedPipe, CannotWrite):  # the command goes on, and so does the wait for it
            context.streams.silence()
