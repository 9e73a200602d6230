"""``dashborion schema``: what ``-o json`` prints, as JSON Schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from dashborion.completion import values

if TYPE_CHECKING:
    from dashborion.context import Context


def schema(
    ctx: typer.Context,
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]", help="Such as Workload or Instance.", autocompletion=values.schemas
        ),
    ] = None,
) -> None:
    """Print the JSON Schema of what -o json prints: of one object, or of all as $defs.

    A list prints an array of them, a description one.

    Example: dashborion schema Workload
    """
    from dashborion import schema as schemas
    from dashborion.render import Format, structured

    context: Context = ctx.obj
    document = schemas.document(name)
    unicode = context.streams.unicode
    context.streams.write(structured.document(document, Format.JSON, unicode=unicode))
