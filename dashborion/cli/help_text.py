"""The help of a command, in the form of ``gh`` and ``kubectl``: short enough for one screen.

Typer's own draws boxes with rich, which takes a fifth of a second and half of the lines.
"""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup, TyperOption

GLOBAL_OPTIONS = "Global options"
_TITLES = ("Arguments", "Commands", "Options")  # in this order, then the other panels


def write_sections(command: Any, ctx: Any, formatter: Any) -> None:
    """Write a section for each panel of arguments, commands and options.

    The global options are written out by the root alone; elsewhere one line names them.
    """
    sections: dict[str, list[tuple[str, str]]] = {title: [] for title in _TITLES}
    shared: list[str] = []
    for param in command.get_params(ctx):
        panel = getattr(param, "rich_help_panel", None)
        record = None if getattr(param, "hidden", False) else _record(param, ctx)
        if record is None:
            continue
        if panel == GLOBAL_OPTIONS and ctx.parent is not None:
            shared.append(max(param.opts, key=len))
        else:
            title = panel or ("Options" if isinstance(param, TyperOption) else "Arguments")
            sections.setdefault(title, []).append(record)
    if isinstance(command, TyperGroup):
        sections["Commands"] = [
            (name, one.get_short_help_str(limit=120))
            for name in command.list_commands(ctx)
            if (one := command.get_command(ctx, name)) is not None and not one.hidden
        ]
    if shared:
        sections["Options"].append(("Global: " + " ".join(shared), ""))
    width = max((len(name) for rows in sections.values() for name, _ in rows[:-1]), default=0)
    for title, rows in sections.items():
        if rows:
            formatter.write(f"\n{typer.style(title, bold=True)}:\n")
            with formatter.indentation():
                _write_rows(formatter, rows, min(width, 26))


def _write_rows(formatter: Any, rows: list[tuple[str, str]], width: int) -> None:
    """Names in a column of their own, as wide as in the other sections."""
    from textwrap import wrap

    indent = " " * formatter.current_indent
    left = max(formatter.width - formatter.current_indent - width - 2, 20)
    for name, text in rows:
        first, *others = wrap(text, left) or [""]
        is_long = len(name) > width and bool(text)
        if is_long:
            formatter.write(f"{indent}{name}\n")
        formatter.write(f"{indent}{'' if is_long else name:<{width}}  {first}".rstrip() + "\n")
        for line in others:
            formatter.write(f"{indent}{'':<{width}}  {line}\n")


def _record(param: Any, ctx: Any) -> tuple[str, str] | None:
    """How a parameter is typed, and its help with what it is by default."""
    if not isinstance(param, TyperOption):
        return (param.make_metavar(ctx), param.help or "")
    short = [name for name in param.opts if not name.startswith("--")]
    long = [name for name in (*param.opts, *param.secondary_opts) if name.startswith("--")]
    names = ", ".join([*short, *long]) if short else "    " + ", ".join(long)
    value = "" if param.is_flag else f" {param.metavar or (param.name or '').upper()}"
    return (names + value, _with_default(param, ctx))


def _with_default(param: TyperOption, ctx: Any) -> str:
    default = param.get_default(ctx, call=False)
    text = param.help or ""
    if param.is_flag or default in (None, (), [], "") or param.show_default is False:
        return text
    return f"{text} [{getattr(default, 'value', default)}]"
