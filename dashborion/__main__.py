"""From an argument list to an exit code: the only place where an error becomes a message."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import typer

from dashborion.context import Context
from dashborion.errors import BROKEN_PIPE, INTERRUPTED, DashborionError, UsageError

if TYPE_CHECKING:
    from dashborion.streams import Streams


def main(argv: Sequence[str], *, context: Context | None = None) -> int:
    """Run one command line; what happened is the exit code."""
    context = context or Context.system()
    context.streams.structured = _wants_json(argv)
    try:
        code = _run(argv, context)
        context.streams.out.flush()
    except BrokenPipeError:
        _silence(context.streams)
        return BROKEN_PIPE
    except KeyboardInterrupt:
        return INTERRUPTED
    except DashborionError as error:
        if context.globals.debug:
            _print_traceback(context.streams, error)
        return _failed(context.streams, error)
    except Exception as error:  # noqa: BLE001 - the last stop before a bare traceback
        if context.globals.debug:
            _print_traceback(context.streams, error)
        unexpected = DashborionError(
            f"unexpected {type(error).__name__}: {error}", hint="--debug shows where"
        )
        return _failed(context.streams, unexpected)
    return code


def run() -> None:
    """The console script."""
    sys.exit(main(sys.argv[1:]))


def _run(argv: Sequence[str], context: Context) -> int:
    from dashborion.cli.app import app

    command = typer.main.get_command(app)
    try:
        code = command.main(list(argv), prog_name="dashborion", standalone_mode=False, obj=context)
    except typer.TyperException as error:
        path = getattr(getattr(error, "ctx", None), "command_path", "dashborion")
        raise UsageError(error.format_message(), hint=f"see `{path} --help`") from error
    except typer.Abort:
        return 1
    return code if isinstance(code, int) else 0


def _failed(streams: Streams, error: DashborionError) -> int:
    try:
        streams.out.flush()
        streams.fail(error)
    except BrokenPipeError:
        _silence(streams)
        return BROKEN_PIPE
    return error.exit_code


def _print_traceback(streams: Streams, error: BaseException) -> None:
    """Every frame with its line, and no values: a local variable may be a token."""
    import traceback

    for chunk in traceback.format_exception(error):
        for line in chunk.rstrip("\n").split("\n"):
            streams.say(line)


def _silence(streams: Streams) -> None:
    """Give the closed stream somewhere to flush to, or Python complains at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (streams.out, streams.err):
        try:
            os.dup2(nowhere, stream.fileno())
        except (OSError, ValueError):
            continue


def _wants_json(argv: Sequence[str]) -> bool:
    """Whether errors shall be JSON, known before the line is parsed: parsing is what may fail."""
    return any(
        word in ("-ojson", "--output=json") or (word in ("-o", "--output") and value == "json")
        for word, value in pairwise([*argv, ""])
    )


if __name__ == "__main__":
    run()
