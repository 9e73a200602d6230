"""The shells' completion scripts.

Typer's own bash script does not know that bash splits words at colons (``k8s:…``),
its zsh script offers nothing on the first tab, its fish script asks everything
twice, and they offer files where a name is expected.
"""

from __future__ import annotations

from pathlib import Path

import typer
from typer import _completion_shared as typer_completion
from typer import completion as typer_callbacks

from dashborion.errors import ConfigError

PROGRAM, VARIABLE = "dashborion", "_DASHBORION_COMPLETE"
FILES = ":files"  # the answer with which the shell offers files

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
            -*=) ;;
            -*=*) given="${split%%%%=*}=$given"; given="${given#"$split"}" ;;
            *) given="${given#"$split"}" ;;
        esac
        # A name may be code to a shell. Inside quotes that were begun it cannot be made harmless.
        case "$given" in
            *[!A-Za-z0-9_./:@%%+=,-]*)
                case "$word" in *[\'\"\`\$]*) continue ;; esac
                printf -v given %%q "$given" ;;
        esac
        COMPREPLY+=("$given")
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
        value="${value//\\/\\\\}"
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
    """Make ``--show-completion`` and ``--install-completion`` use these scripts."""
    typer_callbacks.install = _install  # type: ignore[attr-defined]  # what its option calls
    for shell, script in (("bash", BASH), ("zsh", ZSH), ("fish", FISH)):
        typer_completion._completion_scripts[shell] = script.replace("%(files)s", FILES)  # noqa: SLF001 - there is no public way


def _install(*args: str | None, **settings: str | None) -> tuple[str, Path]:
    """Typer's, which does not say that it changes the file that a shell reads at its start, too.

    Raises:
        ConfigError: one of the files cannot be written.
    """
    files = [Path.home() / name for name in (".bashrc", ".zshrc")]
    before = [_content(file) for file in files]
    try:
        installed = typer_completion.install(*args, **settings)
    except OSError as error:
        what = f"{error.filename or 'a file'}: {error.strerror or type(error).__name__}"
        raise ConfigError(f"cannot install completion: {what}") from error
    for file, content in zip(files, before, strict=True):
        if _content(file) != content:
            typer.echo(f"{file} loads it: a line was added")
    return installed


def _content(file: Path) -> str:
    """Without the empty lines that Typer adds at the end each time."""
    return file.read_text(errors="replace").rstrip() if file.is_file() else ""


def script(shell: str) -> str:
    """The script for a shell.

    Raises:
        typer.Exit: the shell is not supported.
    """
    register()
    return typer_completion.get_completion_script(
        prog_name=PROGRAM, complete_var=VARIABLE, shell=shell
    )
