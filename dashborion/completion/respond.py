"""Answers a shell's script: what may stand at the cursor of a command line.

Typer finds out which values a line takes; ``completers`` offer them.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr

import typer
from typer._click import shell_completion
from typer._completion_classes import BashComplete

from dashborion.completion import scripts
from dashborion.completion.completers import Line
from dashborion.errors import BROKEN_PIPE, CannotWrite, ClosedPipe
from dashborion.storage.files import without_pipes
from dashborion.streams import Streams


def respond(
    instruction: str, environ: Mapping[str, str], load_app: Callable[[], typer.Typer]
) -> int:
    """Answer a shell: its script (``source_SHELL``), or completions (``complete_SHELL``).

    Gives the exit code. Errors of completions are not printed: they would destroy the prompt.
    """
    action, _, shell = instruction.partition("_")
    streams = Streams.system()
    try:
        if action == "source":
            streams.write(f"{scripts.script(shell)}\n")
        else:
            with redirect_stderr(io.StringIO()), without_pipes():
                lines = _completions(load_app(), shell, environ)
            streams.write("".join(f"{line}\n" for line in lines))
        streams.flush()
    except typer.Exit as done:
        return int(done.exit_code)
    except ClosedPipe:
        streams.silence()
        return BROKEN_PIPE
    except CannotWrite as error:
        streams.silence()
        if action == "source":
            streams.fail(error)
        return error.exit_code
    except Exception:  # noqa: BLE001 - not printed
        return 1
    return 0


def _completions(app: typer.Typer, shell: str, environ: Mapping[str, str]) -> list[str]:
    """One value a line, zsh and fish with a help text behind a tab; or ``FILES``."""
    before, word = _typed(shell, environ)
    line = Line()
    command = typer.main.get_command(app)
    # Bash's class for every shell: only its search is used, which is the same for all.
    search = BashComplete(command, {"obj": line}, scripts.PROGRAM, scripts.VARIABLE)
    items = search.get_completions(before, word)
    if line.files:
        return [scripts.FILES]
    # Of --option=value Typer gives the value: bash needs just that, the others the whole word.
    option = word.partition("=")[0] + "=" if word.startswith("-") and "=" in word else ""
    prefix = "" if shell == "bash" else option
    lines = {}
    for item in items:
        # A name that would be taken for an option, or for a home by a shell that does not quote it.
        if item.value.startswith(("-", "~")) and not word.startswith("-"):
            continue
        text = f"{prefix}{item.value}"
        help_ = " ".join((item.help or "").split()) if shell != "bash" else ""
        lines[text] = f"{text}\t{help_}" if help_ else text
    return [line for text, line in lines.items() if text.isprintable()]


def _typed(shell: str, environ: Mapping[str, str]) -> tuple[list[str], str]:
    """The words before the cursor, without the program's name, and the one at the cursor."""
    if shell == "bash":
        words = shell_completion.split_arg_string(environ.get("COMP_WORDS", ""))
        position = int(environ.get("COMP_CWORD", "0"))
        return words[1:position], words[position] if position < len(words) else ""
    text = environ.get("_TYPER_COMPLETE_ARGS", "")
    words = shell_completion.split_arg_string(text)[1:]
    if words and not text[-1].isspace():
        return words[:-1], words[-1]
    return words, ""
