"""The commands that there are, as Typer has them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import typer

from dashborion.cli.app import app


def commands() -> dict[str, Any]:
    """Each command by its words, such as ``workloads list``; no other names for the same."""
    return dict(_below(_root(), ()))


@cache
def _root() -> Any:
    return typer.main.get_command(app)


def _below(group: Any, words: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if command.hidden:
            continue
        if hasattr(command, "commands"):
            yield from _below(command, (*words, name))
        else:
            yield " ".join((*words, name)), command


def options(command: Any) -> set[str]:
    """Its long options."""
    return {name for one in command.params for name in one.opts if name.startswith("--")}
