"""How results are shown. Importing this costs nothing; each renderer is imported when used."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from dashborion.errors import UsageError
from dashborion.streams import escape

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from dashborion.render.views import View
    from dashborion.streams import Streams


class Format(StrEnum):
    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"
    CSV = "csv"
    NAME = "name"


class LogFormat(StrEnum):
    """How log lines are printed."""

    TEXT = "text"
    JSON = "json"
    RAW = "raw"


@dataclass(eq=False, repr=False)
class Style:
    """What was asked of the output.

    ``extra`` names the columns that this list needs to tell its rows apart:
    project, environment, namespace.
    """

    format: Format = Format.TABLE
    columns: Sequence[str] = ()
    sort: str | None = None
    headers: bool = True
    extra: frozenset[str] = frozenset()


def show_list(
    streams: Streams, view: View, items: Iterable[Any], style: Style, *, now: datetime
) -> None:
    """Write a list in the format asked for, as it comes where no row depends on a later one.

    Raises:
        UsageError: a column that the view does not have.
    """
    columns = view.chosen(style)  # an unknown column is an error in every format
    if style.sort:
        items = view.sorted(items, style.sort)
    if style.format in (Format.JSON, Format.YAML):
        from dashborion.render import structured

        for text in structured.parts(items, style.format, unicode=streams.unicode):
            streams.write(text)
        return
    from dashborion.render import table

    if style.format is Format.NAME:
        for names in view.names(items, style.extra):
            streams.write("".join(f"{escape(name)}\n" for name in names))
    elif style.format is Format.CSV:
        for text in table.csv_parts(columns, items, headers=style.headers):
            streams.write(text)
    elif streams.out_tty:
        full, rows = style.format is Format.WIDE, list(items)
        streams.write(
            table.rich_text(streams, columns, rows, headers=style.headers, now=now, full=full)
        )
    else:
        for text in table.tab_separated_parts(columns, items, headers=style.headers):
            streams.write(text)


def show_one(streams: Streams, view: View, item: Any, style: Style, *, now: datetime) -> None:
    """Write one object: whole in JSON and YAML, as sections of a page for people."""
    if style.format in (Format.JSON, Format.YAML):
        from dashborion.render import structured

        streams.write(structured.document(item, style.format, unicode=streams.unicode))
    elif style.format in (Format.CSV, Format.NAME):
        show_list(streams, view, [item], style, now=now)
    else:
        from dashborion.render import page

        streams.write(page.text(streams, item, now=now))


def show_raw(streams: Streams, raw: Any, format_: Format) -> None:
    """Write the API's own object; it has no table.

    Raises:
        UsageError: a format that is neither JSON nor YAML was asked for.
    """
    from dashborion.render import structured

    streams.write(structured.document(raw, _for_raw(format_), unicode=streams.unicode))


def show_raw_list(streams: Streams, raw: Iterable[Any], format_: Format) -> None:
    """Write the API's own objects as a list, as they come; raises as ``show_raw``."""
    from dashborion.render import structured

    for text in structured.parts(raw, _for_raw(format_), unicode=streams.unicode):
        streams.write(text)


def _for_raw(format_: Format) -> Format:
    if format_ not in (Format.TABLE, Format.JSON, Format.YAML):
        raise UsageError(f"--raw has no -o {format_}", hint="use -o json or -o yaml")
    return Format.YAML if format_ is Format.YAML else Format.JSON
