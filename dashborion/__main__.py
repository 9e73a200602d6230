"""The entry point: runs a command line, prints its error, and gives the exit code."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from typing import TYPE_CHECKING

from dashborion.errors import (
    BROKEN_PIPE,
    INTERRUPTED,
    CannotWrite,
    ClosedPipe,
    DashborionError,
    NotFound,
    PartialFailure,
    Unexpected,
    UsageError,
    foreseen,
)

if TYPE_CHECKING:
    import typer

    from dashborion.context import Context
    from dashborion.streams import Streams

COMPLETE = "_DASHBORION_COMPLETE"  # set by the shells' completion scripts


def main(argv: Sequence[str], *, context: Context | None = None) -> int:
    """Run a command line.

    Args:
        argv: the words after the program's name.
        context: what the command depends on; by default that of the process.

    Returns:
        The exit code, as in ``errors``.
    """
    try:
        if instruction := os.environ.get(COMPLETE):
            from dashborion.completion.respond import respond

            return respond(instruction, os.environ, _app)
        from dashborion.context import Context as NewContext

        context = context or NewContext.system()
        output = _output(argv)
        context.streams.structured = output == "json"
        context.streams.workflow = output == "github"
        return _exit_code(argv, context)
    except KeyboardInterrupt as interrupt:
        if context is not None:
            _flush_quietly(context.streams)
        return getattr(interrupt, "exit_code", INTERRUPTED)


def run() -> None:
    """The console script."""
    from dashborion import signals

    signals.listen()
    _open_standard_streams()
    # Long lists are tens of thousands of objects that live until the exit: the search for cycles
    # among them takes a tenth of the time, and so does deallocating them.
    gc.set_threshold(100_000, 50, 100)
    code = main(sys.argv[1:])
    signals.ignore()
    gc.freeze()
    sys.exit(code)


def _open_standard_streams() -> None:
    """Put /dev/null where the shell has closed stdin, stdout or stderr.

    Else the first file or connection that is opened is what a child, or `exec`, writes to.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free


def _exit_code(argv: Sequence[str], context: Context) -> int:
    """Run a command line and print its error; what it printed has been written then."""
    code = 0
    try:
        try:
            with foreseen():
                code = _run(argv, context)
        except CannotWrite:
            raise
        except Unexpected as error:
            context.streams.flush()  # raises if that is why Typer could not print
            code = _failed(context, error)
        except DashborionError as error:
            code = _failed(context, error)
        except SystemExit as end:
            if end.code:
                raise ClosedPipe from end  # rich exits when it cannot print help
        context.streams.flush()
    except ClosedPipe:
        context.streams.silence()
        return BROKEN_PIPE
    except CannotWrite as error:
        context.streams.silence()
        _failed(context, error)
        # What is said to be printed is not.
        return code if code not in (0, PartialFailure.exit_code) else error.exit_code
    return code


def _run(argv: Sequence[str], context: Context) -> int:
    import typer

    command = typer.main.get_command(_app())
    try:
        # Not `command.main`: it exits with 1 when the pipe is closed.
        with command.make_context("dashborion", list(argv), obj=context) as ctx:
            command.invoke(ctx)
    except typer.TyperException as error:
        path = getattr(getattr(error, "ctx", None), "command_path", "dashborion")
        raise UsageError(error.format_message(), hint=f"see `{path} --help`") from error
    except typer.Exit as done:
        return done.exit_code
    except typer.Abort:
        return 1
    except NotFound as error:
        if context.missing is not None:  # it may be among what could not be read
            raise context.missing from error
        raise
    if context.missing is not None:
        raise PartialFailure("what could not be read is missing from the output")
    return 0


def _app() -> typer.Typer:
    from dashborion.cli.app import app

    return app


def _failed(context: Context, error: DashborionError) -> int:
    context.fail(error)
    return error.exit_code


def _flush_quietly(streams: Streams) -> None:
    try:
        with suppress(KeyboardInterrupt):
            streams.flush()
    except (ClosedPipe, CannotWrite):
        streams.silence()


def _output(argv: Sequence[str]) -> str | None:
    """The output format, as which errors are printed, too; before parsing, which may fail."""
    words = list(argv[: argv.index("--")] if "--" in argv else argv)  # without the words of `exec`
    formats = [
        value if word in ("-o", "--output") else word.removeprefix("--output=").removeprefix("-o")
        for word, value in pairwise([*words, ""])
        if word in ("-o", "--output") or word.startswith(("-o", "--output="))
    ]
    return formats[-1] if formats else None


if __name__ == "__main__":
    run()
