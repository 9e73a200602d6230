"""The shells' side of completion: their scripts, and what these are answered.

Typer finds out what a line wants; its scripts are replaced. Its bash script does
not know that bash splits words at colons (``k8s:…``), its zsh script offers
nothing on the first tab, its fish script asks everything twice, and they offer
files where a name was wanted.

A shell gets one value a line, zsh and fish with a help text behind a tab, or
``:files`` when it shall offer files.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr
from typing import Any

import typer
from typer import _completion_shared as theirs
from typer._click import shell_completion

from dashborion.completion.values import Line

PROGRAM, VARIABLE = "dashborion", "_DASHBORION_COMPLETE"
FILES = ":files"

BASH = r"""
%(complete_func)s() {
    local IFS=$' \t\n' line="${COMP_LINE:0:COMP_POINT}" word given split=""
    local -a words
    read -ra words <<< "$line"
    word="${line##*[[:blank:]]}"
    if [ -z "$word" ]; then words+=(""); fi
    # Bash replaces what stands behind the last of its own breaks, not the whole word.
    case "$word" in
        *["$COMP_WORDBREAKS"]*) split="${word%%"${word##*[$COMP_WORDBREAKS]}"}" ;;
    esac
    COMPREPLY=()
    while IFS= read -r given; do
        if [ "$given" = "%(files)s" ]; then
            if type compopt >/dev/null 2>&1; then compopt -o filenames; fi
            while IFS= read -r given; do
                COMPREPLY+=("$given")
            done < <(compgen -f -- "${word#"$split"}")
            return 0
        fi
        case "$split" in
            -*=) COMPREPLY+=("$given") ;;
            -*=*) given="${split%%%%=*}=$given"; COMPREPLY+=("${given#"$split"}") ;;
            *) COMPREPLY+=("${given#"$split"}") ;;
        esac
    done < <(COMP_WORDS="$line" COMP_CWORD=$((${#words[@]} - 1)) \
             %(autocomplete_var)s=complete_bash "$1" 2>/dev/null </dev/null)
    return 0
}

complete -F %(complete_func)s %(prog_name)s
"""

ZSH = r"""
#compdef %(prog_name)s

%(complete_func)s() {
    local value help
    local -a offered
    while IFS=$'\t' read -r value help; do
        if [[ "$value" == "%(files)s" ]]; then
            compset -P 1 '-*='
            _files
            return
        fi
        offered+=("${value//:/\\:}${help:+:$help}")
    done < <(env _TYPER_COMPLETE_ARGS="${(j: :)words[1,$CURRENT]}" \
             %(autocomplete_var)s=complete_zsh "${words[1]}" 2>/dev/null </dev/null)
    if (( ${#offered} )); then
        _describe -V values offered
    fi
}

if [[ "${funcstack[1]}" == "_%(prog_name)s" ]]; then
    %(complete_func)s "$@"
else
    compdef %(complete_func)s %(prog_name)s
fi
"""

FISH = r"""
function %(complete_func)s
    set -l given (env _TYPER_COMPLETE_ARGS=(commandline -cp | string collect) \
        %(autocomplete_var)s=complete_fish %(prog_name)s 2>/dev/null </dev/null)
    if test "$given[1]" = "%(files)s"
        set -l option (commandline -ct | string match -r -- '^-[^=]*=')
        set -l path (commandline -ct | string replace -r -- '^-[^=]*=' '')
        string join \n -- "$option"(__fish_complete_path "$path")
    else
        printf '%%s\n' $given
    end
end

complete --command %(prog_name)s --no-files --keep-order --arguments "(%(complete_func)s)"
"""


def register() -> None:
    """Put our scripts where ``--show-completion`` and ``--install-completion`` look for them."""
    for shell, script in (("bash", BASH), ("zsh", ZSH), ("fish", FISH)):
        theirs._completion_scripts[shell] = script.replace("%(files)s", FILES)  # noqa: SLF001 - there is no other seam


def respond(
    instruction: str, environ: Mapping[str, str], load_app: Callable[[], typer.Typer]
) -> int:
    """Answer a shell: the script (``source_SHELL``), or what there is (``complete_SHELL``).

    Whatever goes wrong, a prompt is no place to say it.
    """
    action, _, shell = instruction.partition("_")
    try:
        if action == "source":
            register()
            script = theirs.get_completion_script(
                prog_name=PROGRAM, complete_var=VARIABLE, shell=shell
            )
            sys.stdout.write(f"{script}\n")
        else:
            with redirect_stderr(io.StringIO()):
                offered = _answer(load_app(), shell, environ)
            sys.stdout.write("".join(f"{one}\n" for one in offered))
        sys.stdout.flush()
    except typer.Exit as done:
        return int(done.exit_code)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # nobody reads: nor does what is left at exit
    except (Exception, KeyboardInterrupt):  # noqa: BLE001 - as said
        return 1
    return 0


def _answer(app: typer.Typer, shell: str, environ: Mapping[str, str]) -> list[str]:
    before, word = _typed(shell, environ)
    line = Line()
    request = Request(typer.main.get_command(app), {"obj": line}, PROGRAM, VARIABLE)
    items = request.get_completions(before, word)
    if line.files:
        return [FILES]
    # Typer leaves the option's part away; bash wants it so, the others replace the whole word.
    option = word.partition("=")[0] + "=" if word.startswith("-") and "=" in word else ""
    whole = "" if shell == "bash" else option
    offered = {}
    for item in items:
        text = f"{whole}{item.value}"
        help_ = " ".join((item.help or "").split()) if shell != "bash" else ""
        offered[text] = f"{text}\t{help_}" if help_ else text
    return [shown for text, shown in offered.items() if text.isprintable()]


class Request(shell_completion.ShellComplete):
    """Typer's way to the completions; the two halves that speak to a shell are not used."""

    def source_vars(self) -> dict[str, Any]:
        raise NotImplementedError

    def get_completion_args(self) -> tuple[list[str], str]:
        raise NotImplementedError

    def format_completion(self, item: Any) -> str:
        raise NotImplementedError


def _typed(shell: str, environ: Mapping[str, str]) -> tuple[list[str], str]:
    """The whole words before the cursor, without the program's name, and the one under it."""
    if shell == "bash":
        words = shell_completion.split_arg_string(environ.get("COMP_WORDS", ""))
        place = int(environ.get("COMP_CWORD", "0"))
        return words[1:place], words[place] if place < len(words) else ""
    text = environ.get("_TYPER_COMPLETE_ARGS", "")
    words = shell_completion.split_arg_string(text)[1:]
    if words and not text[-1].isspace():
        return words[:-1], words[-1]
    return words, ""
