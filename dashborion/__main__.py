"""From an argument list to an exit code: the only place where an error becomes a message."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from dashborion.errors import BROKEN_PIPE, INTERRUPTED, DashborionError, UsageError

if TYPE_CHECKING:
    import typer

    from dashborion.context import Context
    from dashborion.streams import Streams

COMPLETE = "_DASHBORION_COMPLETE"  # by which the shell's script asks for completions


def main(argv: Sequence[str], *, context: Context | None = None) -> int:
    """Run one command line; what happened is the exit code."""
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
            raise ClosedPipe from end  # rich ends the process when its help cannot be written
        except OSError as error:
            _silence(streams)
            reason = DashborionError(f"cannot write the output: {error.strerror or error}")
            return _failed(context, reason, error)
        except Exception as error:  # noqa: BLE001 - the last stop before a bare traceback
            # Not its text: a library's error may quote a header or a URL.
            unexpected = DashborionError(
                f"unexpected {type(error).__name__}", hint="--debug shows where; please report it"
            )
            return _failed(context, unexpected, error)
    except (BrokenPipeError, ClosedPipe):
        _silence(streams)
        return BROKEN_PIPE
    return code


def run() -> None:
    """The console script."""
    # Tens of thousands of small objects are made once and thrown away at exit: looking for cycles
    # among them costs a tenth of a long list's time, and taking them down again as much.
    gc.set_threshold(100_000, 50, 100)
    code = main(sys.argv[1:])
    gc.freeze()
    sys.exit(code)


def _run(argv: Sequence[str], context: Context) -> int:
    import typer

    command = typer.main.get_command(_app())
    try:
        # Not `command.main`: it answers a closed pipe by ending the process with 1.
        with command.make_context("dashborion", list(argv), obj=context) as ctx:
            command.invoke(ctx)
    except typer.TyperException as error:
        path = getattr(getattr(error, "ctx", None), "command_path", "dashborion")
        raise UsageError(error.format_message(), hint=f"see `{path} --help`") from error
    except typer.Exit as done:
        return done.exit_code
    except typer.Abort:
        return 1
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
    """Every frame with its line, the cause first; no values, and of foreign errors only the type.

    A local variable, or an HTTP library's message, may hold a token.
    """
    import traceback

    chain = [error]
    while (cause := chain[0].__cause__) is not None and cause not in chain:
        chain.insert(0, cause)
    for one in chain:
        for frame in traceback.extract_tb(one.__traceback__):
            streams.say(f"  {frame.filename}:{frame.lineno} in {frame.name}")
        said = f": {one}" if isinstance(one, DashborionError) else ""
        streams.say(f"{type(one).__qualname__}{said}")


def _silence(streams: Streams) -> None:
    """Give streams that take no more somewhere to flush to, or Python complains at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (streams.out, streams.err):
        try:
            stream.flush()
        except OSError:
            os.dup2(nowhere, stream.fileno())
        except ValueError:
            continue


def _wants_json(argv: Sequence[str]) -> bool:
    """Whether errors shall be JSON, known before the line is parsed: parsing is what may fail."""
    own = list(argv[: argv.index("--")] if "--" in argv else argv)  # not a command's to be run
    return any(
        word in ("-ojson", "--output=json") or (word in ("-o", "--output") and value == "json")
        for word, value in pairwise([*own, ""])
    )


if __name__ == "__main__":
    run()
