"""``dashborion help``: the help of a command, or a part of the README as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dashborion import render
from dashborion.cli.other_words import SHORT

if TYPE_CHECKING:
    from dashborion.context import Context

# The sections of the README that are topics.
TOPICS: Mapping[str, str] = {
    "environments": "Environments",
    "exit-codes": "Exit codes",
    "json": "JSON",
    "ecs-and-kubernetes": "ECS and Kubernetes side by side",
    "logs": "Logs",
    "security": "Security",
}


def help_(
    context: Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[COMMAND|TOPIC]...", help=f"A command, or {', '.join(TOPICS)}."),
    ] = None,
) -> None:
    """Print the help of a command, or a topic: environments, exit-codes, json and more.

    Example: dashborion help exit-codes
    """
    from dashborion.errors import NotFound

    typed = list(words or ())
    if len(typed) == 1 and typed[0] in TOPICS:
        streams = context.streams
        lines = section(_readme(), TOPICS[typed[0]], fences=streams.out_tty or streams.out_color)
        render.show_markdown(streams, "".join(f"{line}\n" for line in lines))
        return
    text = _of_command(context, typed)
    if text is None:
        known = [*TOPICS, *_names(_root())]
        raise NotFound("command or topic", " ".join(typed), where="dashborion", known=known)
    typer.echo(text)  # as Typer does for --help: without colours in a pipe


def section(text: str, title: str, *, fences: bool = False) -> Iterator[str]:
    """The lines below a heading of a Markdown text, up to the next one that is no deeper.

    Where it is not drawn, the ``fences`` around code say nothing.
    """
    level = 0
    in_code = False
    for line in text.splitlines():
        in_code ^= line.startswith("```")
        depth = 0 if in_code else len(line) - len(line.lstrip("#"))
        if depth and line[depth:].strip() == title:
            level = depth
        elif level and 0 < depth <= level:
            return
        if level and not line.startswith("<!--" if fences else ("```", "<!--")):
            yield line


def _readme() -> str:
    """The README, which every wheel carries as its description."""
    from importlib.metadata import metadata

    return str(metadata("dashborion").json.get("description") or "")


def _of_command(context: Context, words: list[str]) -> str | None:
    """The help of the command with these words, None if there is none."""
    command, parent = _root(), None
    ctx = command.make_context("dashborion", ["help"], parent=parent, obj=context)
    for word in words:
        name = SHORT.get(word, word)
        if name not in _names(command):
            return None
        command = command.commands[name]
        ctx = type(ctx)(command, info_name=name, parent=ctx)
    return str(command.get_help(ctx)).rstrip("\n")


def _root() -> Any:
    from dashborion.cli.app import app

    return typer.main.get_command(app)


def _names(command: Any) -> list[str]:
    return list(getattr(command, "commands", ()))
