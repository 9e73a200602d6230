"""The entry point: runs a command line, prints its error, and gives the exit code."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from dashborion.errors import (
    BROKEN_PIPE,
    INTERRUPTED,
    DashborionError,
    PartialFailure,
    UsageError,
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
        from dashborion.streams import ClosedPipe

        context = context or NewContext.system()
    except KeyboardInterrupt:
        return INTERRUPTED
    streams = context.streams
    streams.structured = _wants_json(argv)
    try:
        try:
            code = _run(argv, context)
            streams.flush()
        except KeyboardInterrupt:
            return INTERRUPTED
        except DashborionError as error:
            return _failed(context, error, error)
        except (BrokenPipeError, ClosedPipe):
            raise
        except SystemExit as end:
            raise ClosedPipe from end  # rich exits when it cannot print help
        except OSError as error:
            _silence(streams)
            reason = DashborionError(f"cannot write the output: {error.strerror or error}")
            return _failed(context, reason, error)
        except Exception as error:  # noqa: BLE001 - instead of a traceback
            # Without its text: a library's error may quote a header or a URL.
            unexpected = DashborionError(
                f"unexpected {type(error).__name__}",
                hint="run it with --debug to see where, and please report it",
            )
            return _failed(context, unexpected, error)
    except (BrokenPipeError, ClosedPipe):
        _silence(streams)
        return BROKEN_PIPE
    return code


def run() -> None:
    """The console script."""
    # Long lists are tens of thousands of objects that live until the exit: the search for cycles
    # among them takes a tenth of the time, and so does deallocating them.
    gc.set_threshold(100_000, 50, 100)
    code = main(sys.argv[1:])
    gc.freeze()
    sys.exit(code)


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
    if context.is_incomplete:
        raise PartialFailure("what could not be read is missing from the output")
    return 0


def _app() -> typer.Typer:
    from dashborion.cli.app import app

    return app


def _failed(context: Context, error: DashborionError, cause: BaseException) -> int:
    if context.globals.debug:
        _print_traceback(context.streams, cause)
    context.streams.fail(error)
    return error.exit_code


def _print_traceback(streams: Streams, error: BaseException) -> None:
    """Print the frames of an error and its causes, the first cause first.

    No local variables, and no messages of other libraries: they may hold a token.
    """
    import traceback

    chain = [error]
    while (cause := chain[0].__cause__) is not None and cause not in chain:
        chain.insert(0, cause)
    for link in chain:
        for frame in traceback.extract_tb(link.__traceback__):
            streams.say(f"  {frame.filename}:{frame.lineno} in {frame.name}")
        message = f": {link}" if isinstance(link, DashborionError) else ""
        streams.say(f"{type(link).__qualname__}{message}")


def _silence(streams: Streams) -> None:
    """Redirect streams that cannot be written to /dev/null: Python flushes them at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (streams.out, streams.err):
        try:
            stream.flush()
        except OSError:
            os.dup2(nowhere, stream.fileno())
        except ValueError:
            continue


def _wants_json(argv: Sequence[str]) -> bool:
    """Whether to print errors as JSON; decided before parsing, which may fail."""
    words = list(argv[: argv.index("--")] if "--" in argv else argv)  # without the words of `exec`
    return any(
        word in ("-ojson", "--output=json") or (word in ("-o", "--output") and value == "json")
        for word, value in pairwise([*words, ""])
    )


if __name__ == "__main__":
    run()
