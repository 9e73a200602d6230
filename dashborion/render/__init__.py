"""How results are shown: renderers yield text in chunks, and ``_write`` alone writes it.

Importing this costs nothing; a renderer is imported when it is used. What a chunk
holds is already escaped for a terminal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from dashborion.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from dashborion.models.cause import Diagnosis
    from dashborion.models.health import EnvironmentHealth
    from dashborion.render.columns import Column, View
    from dashborion.streams import Streams


class Format(StrEnum):
    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"
    CSV = "csv"
    TSV = "tsv"
    NAME = "name"


class ReportFormat(StrEnum):
    """The formats of commands that tell of problems; ``github`` for a workflow of GitHub."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"
    CSV = "csv"
    TSV = "tsv"
    NAME = "name"
    GITHUB = "github"


class PageFormat(StrEnum):
    """The formats of what is no list of like objects."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


class LogFormat(StrEnum):
    """How log lines are printed."""

    TEXT = "text"
    JSON = "json"
    RAW = "raw"


STRUCTURED = (Format.JSON, Format.YAML)


def is_drawn(streams: Streams, format_: Format | None) -> bool:
    """Whether rows are aligned for people: on a terminal, or because that was asked for.

    ``less -R`` and ``watch -c`` show colours through a pipe.
    """
    if format_ is Format.TABLE:
        return True
    return format_ in (None, Format.WIDE) and (streams.out_tty or streams.out_color)


@dataclass(eq=False, repr=False)
class Style:
    """What the options ask of the output.

    ``format`` is None unless it was asked for: then a terminal gets a table, a pipe TSV.
    ``extra`` names the columns that this list needs to tell its rows apart:
    project, environment, namespace. ``raw`` when the items are the API's own
    objects, which have no columns.
    """

    format: Format | None = None
    columns: Sequence[str] = ()
    sort: str | None = None
    headers: bool = True
    extra: frozenset[str] = frozenset()
    raw: bool = False


def show_list(
    streams: Streams, view: View, items: Iterable[Any], style: Style, *, now: datetime
) -> None:
    """Write a list, each chunk as soon as its rows are there.

    A table on a terminal and a sorted list need all rows first.

    Raises:
        UsageError: a column that the view does not have, or a format that raw objects lack.
    """
    _write(streams, _list(streams, view, items, style, now))


def show_one(streams: Streams, view: View, item: Any, style: Style, *, now: datetime) -> None:
    """Write one object: whole in JSON and YAML, as a page for people; raises as ``show_list``."""
    _write(streams, _one(streams, view, item, style, now))


def show_feed(streams: Streams, view: View, batches: Iterable[Sequence[Any]], style: Style) -> None:
    """Write rows in batches as they come; raises as ``show_list``."""
    from dashborion.render import feed

    _write(streams, feed.rows(streams, view, batches, style), flush=True)


def show_changes(streams: Streams, changes: Sequence[tuple[str | None, Any]]) -> None:
    """Write what has changed as JSON, one object a line: what became of it, and what it is now.

    Without a word for what became of it, it has one of its own.
    """
    from dashborion.render import feed

    _write(streams, feed.changes(streams, changes), flush=True)


def show_diagnosis(
    streams: Streams, diagnosis: Diagnosis, *, most: int | None, now: datetime
) -> None:
    """Write the page of one diagnosis, with no more than ``most`` causes."""
    from dashborion.render import diagnosis as page

    _write(streams, page.page(streams, diagnosis, most=most, now=now))


def show_health(
    streams: Streams,
    items: Sequence[EnvironmentHealth],
    style: Style,
    *,
    all_problems: str,
    now: datetime,
) -> None:
    """Write how environments are: as a list in JSON and YAML, as a page for people.

    ``all_problems`` is the command for the problems that have no place on the page.
    """
    from dashborion.render import health, structured

    if style.format in STRUCTURED:
        chunks = structured.list_document(items, style.format, unicode=streams.unicode)
    else:
        drawn = is_drawn(streams, style.format)
        chunks = health.page(streams, items, all_problems=all_problems, now=now, drawn=drawn)
    _write(streams, chunks)


def show_markdown(streams: Streams, text: str) -> None:
    """Write Markdown: drawn for people, as it is into a pipe."""
    if not (streams.out_tty or streams.out_color):
        _write(streams, [text])
        return
    from dashborion.render import table

    _write(streams, [table.markdown(streams, text)])


def show_document(streams: Streams, document: Any) -> None:
    """Write something that only JSON can show, such as a schema."""
    from dashborion.render import structured

    _write(streams, structured.document(document, Format.JSON, unicode=streams.unicode))


def show_stream(streams: Streams, chunks: Iterable[bytes], *, live: bool = False) -> None:
    """Write log lines in chunks; ``live`` ones at once, not when a buffer is full."""
    _write(streams, chunks, flush=live)


def _write(streams: Streams, chunks: Iterable[str | bytes], *, flush: bool = False) -> None:
    for chunk in chunks:
        if isinstance(chunk, str):
            streams.write(chunk)
        else:
            streams.write_bytes(chunk)
        if flush:
            streams.flush()


def _list(
    streams: Streams, view: View, items: Iterable[Any], style: Style, now: datetime
) -> Iterator[str]:
    # Raw objects have no columns; otherwise an unknown one is an error in every format.
    columns = [] if style.raw else view.chosen(style)
    if style.sort and not style.raw:
        items = view.sorted(items, style.sort)
    if style.raw or style.format in STRUCTURED:
        from dashborion.render import structured

        format_ = _structured_format(style)
        return structured.list_document(items, format_, unicode=streams.unicode)
    from dashborion.render import table

    if style.format is Format.NAME:
        return table.names(view, items, style.extra)
    if style.format is Format.CSV:
        return table.csv_rows(columns, items, headers=style.headers)
    if is_drawn(streams, style.format):
        rows = list(items)
        full = style.format is Format.WIDE and table.has_room(columns, rows, streams.width, now)
        if not style.columns and not full:
            asked, columns = columns, table.telling(columns, rows, streams.width, now=now)
            if style.format is Format.WIDE:
                _tell_of(streams, [one for one in asked if one not in columns], rows)
        return table.fitted_table(
            streams, columns, rows, headers=style.headers, now=now, full=full, wraps=view.wraps
        )
    if not style.columns and style.format is not Format.WIDE:
        columns = [column for column in columns if not column.drawn]
    return table.tab_separated(columns, items, headers=style.headers)


def _tell_of(streams: Streams, hidden: Sequence[Column], rows: Sequence[Any]) -> None:
    """Say which columns that were asked for are not shown, though they have values."""
    asked = [one for one in hidden if not one.piped and any(map(one.value, rows))]
    lost = [one.title or one.header for one in asked]
    if lost:
        streams.note(f"no room for {', '.join(lost)}: `-o json` has them")


def _one(streams: Streams, view: View, item: Any, style: Style, now: datetime) -> Iterator[str]:
    if style.raw or style.format in STRUCTURED:
        from dashborion.render import structured

        return structured.document(item, _structured_format(style), unicode=streams.unicode)
    if style.format in (Format.CSV, Format.TSV, Format.NAME):
        return _list(streams, view, [item], style, now)
    from dashborion.models.rollout import Change
    from dashborion.render import change, description

    if isinstance(item, Change) and is_drawn(streams, style.format):
        return iter([change.line(streams, item, now)])
    return description.page(streams, item, now=now, drawn=is_drawn(streams, style.format))


def _structured_format(style: Style) -> Format:
    """JSON or YAML; JSON for raw objects unless YAML was asked for.

    Raises:
        UsageError: raw objects in a format that needs columns.
    """
    if style.format not in (None, Format.TABLE, *STRUCTURED):
        raise UsageError(
            f"--raw cannot be combined with -o {style.format}", hint="use -o json or -o yaml"
        )
    return Format.YAML if style.format is Format.YAML else Format.JSON
