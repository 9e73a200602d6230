"""``dashborion schema``: the JSON Schema of what ``-o json`` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from dashborion.completion import completers

if TYPE_CHECKING:
    from dashborion.context import Context


def schema(
    context: Context,
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]",
            help="Object to show, such as Workload or Instance.",
            autocompletion=completers.schemas,
        ),
    ] = None,
) -> None:
    """Print the JSON Schema of an object that -o json prints, or of all as $defs.

    Lists print an array of such objects.

    Example: dashborion schema Workload
    """
    from dashborion import render
    from dashborion import schema as schemas

    render.show_document(context.streams, schemas.document(name))
