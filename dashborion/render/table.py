"""Rows and columns: rich on a terminal, tab-separated in a pipe, CSV for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from dashborion.models.base import environment_label
from dashborion.render.cells import Cell, chunks, human, plain
from dashborion.render.columns import Column, View
from dashborion.streams import Streams, escape

GAP = 2  # spaces between columns
_READABLE = 100  # columns of running text
# With which a spreadsheet's formula begins; the last four are the same in full width.
_FORMULA = tuple("=+-@\t\r\uff1d\uff0b\uff0d\uff20")


def names(view: View, items: Iterable[Any], extra: frozenset[str]) -> Iterator[str]:
    """One name a line, as other commands take it."""
    for chunk in view.names(items, extra):
        yield "".join(f"{escape(name)}\n" for name in chunk)


def tab_separated(
    columns: Sequence[Column], items: Iterable[Any], *, headers: bool
) -> Iterator[str]:
    """A header line and one line for each item; tabs and newlines inside values are escaped."""
    if headers:
        yield _line(column.header for column in columns)
    for chunk in chunks(items):
        yield "".join(_line(plain(column.value(item)) for column in columns) for item in chunk)


def aligned(columns: Sequence[Column], items: Iterable[Any]) -> Iterator[str]:
    """Whole values below their headers, as wide as they are."""
    rows = [[plain(column.value(item)) for column in columns] for item in items]
    lines = [[column.header for column in columns], *rows]
    widths = [max(len(line[index]) for line in lines) for index in range(len(columns))]
    for line in lines:
        cells = (f"{cell:<{width + GAP}}" for cell, width in zip(line, widths, strict=True))
        yield "".join(cells).rstrip() + "\n"


def _line(cells: Iterable[str]) -> str:
    return "\t".join(cells) + "\n"


def csv_rows(columns: Sequence[Column], items: Iterable[Any], *, headers: bool) -> Iterator[str]:
    """CSV as RFC 4180 defines it; an unknown value is empty.

    What a spreadsheet would run as a formula has a quote in front, as OWASP recommends.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    if headers:
        writer.writerow([column.key for column in columns])
    for chunk in chunks(items):
        for item in chunk:
            values = [column.value(item) for column in columns]
            writer.writerow(["" if value is None else _inert(plain(value)) for value in values])
        yield text.getvalue()
        text.seek(0)
        text.truncate()
    yield text.getvalue()


def _inert(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula; negative numbers are no formulas."""
    is_number = cell[1:].replace(".", "", 1).isdecimal()
    return cell if is_number or cell == "-" or not cell.startswith(_FORMULA) else f"'{cell}"


def telling(
    columns: Sequence[Column], items: Sequence[Any], available: int, *, now: datetime
) -> list[Column]:
    """The columns without those that have no value, and without spare ones for want of room.

    Of these first those go that say the same of all rows of an environment, then the wide ones
    from the right, then the others; never those that tell rows apart.
    """
    if not items:
        return [column for column in columns if not column.piped]
    kept = [
        column
        for column in columns
        if not column.piped
        and (column.kept or any(_value(column, item, full=False) is not None for item in items))
    ]

    def fits(shown: Sequence[Column]) -> bool:
        return _width(shown, items, now, least=True) <= available

    wide = [one for one in reversed(kept) if one.wide]
    spare = sorted((one for one in kept if one.spare and not one.wide), key=lambda one: -one.spare)
    for column in (*spare, *wide):
        if _width(kept, items, now) > available and _says_nothing(column, items):
            kept.remove(column)
    for column in (*wide, *spare):
        if column in kept and not column.extra and not fits(kept):
            kept.remove(column)
    return kept


def has_room(
    columns: Sequence[Column], items: Sequence[Any], available: int, now: datetime
) -> bool:
    """Whether whole values fit."""
    rows = [[human(_value(one, item, full=True), now) for one in columns] for item in items]
    titles = [one.title or one.header for one in columns]
    widths = _natural_widths([titles, *rows], len(columns))
    return sum(widths) + GAP * (len(columns) - 1) <= available


def _width(
    columns: Sequence[Column], items: Sequence[Any], now: datetime, *, least: bool = False
) -> int:
    """The width of a table; ``least`` when its columns have given way as far as they can."""
    rows = [[human(_value(one, item, full=False), now) for one in columns] for item in items]
    natural = _natural_widths([[one.title or one.header for one in columns], *rows], len(columns))
    if least:
        widths = zip(columns, natural, strict=True)
        natural = [min(one.min_width, width) if one.shrink else width for one, width in widths]
    return sum(natural) + GAP * (len(columns) - 1)


def _says_nothing(column: Column, items: Sequence[Any]) -> bool:
    """Whether a column has one value in each environment; parts of a page are of one."""
    values = {
        (environment_label(item) if hasattr(item, "environment") else "", column.value(item))
        for item in items
    }
    return len(values) == len({environment for environment, _ in values})


def fitted_table(
    streams: Streams,
    columns: Sequence[Column],
    items: Sequence[Any],
    *,
    headers: bool,
    now: datetime,
    full: bool = False,
    wraps: bool = False,
) -> Iterator[str]:
    """A table without lines, fitted to the terminal as far as its columns can shrink.

    What still does not fit is wrapped by the terminal. ``full`` shows whole values instead of
    short ones, where there is room for all of them; ``wraps`` puts long texts on several lines
    instead of shortening them.
    """
    table, widths = fitted_columns(
        columns, items, streams.width, headers=headers, now=now, full=full, wraps=wraps
    )
    yield _drawn(table, streams, max(streams.width, sum(widths) + GAP * len(widths)))


def fitted_columns(
    columns: Sequence[Column],
    items: Sequence[Any],
    width: int,
    *,
    headers: bool,
    now: datetime,
    full: bool = False,
    wraps: bool = False,
    look: Callable[[Any, Column], str] = lambda *_: "",
) -> tuple[Any, list[int]]:
    """The table as rich draws it, and its columns' widths; ``look`` adds to a cell's style."""
    from rich.table import Table
    from rich.text import Text

    titles = [column.title or column.header for column in columns]
    rows = [[human(_value(column, item, full=full), now) for column in columns] for item in items]
    natural = _natural_widths([titles, *rows] if headers else rows, len(columns))
    widths = fitted(columns, natural, width - GAP * (len(columns) - 1))
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), show_header=headers)
    for column, title, room in zip(columns, titles, widths, strict=True):
        table.add_column(
            title,
            header_style="bold",
            no_wrap=not (wraps and column.wraps),
            overflow="fold" if wraps and column.wraps else "ellipsis",
            justify="right" if column.right else "left",
            width=room,
        )
    for item, row in zip(items, rows, strict=True):
        table.add_row(
            *(
                Text(
                    _end(text, room) if column.from_left else text,
                    style=f"{column.style(item)} {look(item, column)}".strip(),
                )
                for column, text, room in zip(columns, row, widths, strict=True)
            )
        )
    return table, widths


def _end(text: str, width: int) -> str:
    """The end of a text that is too long: of an image, the tag tells more than the name."""
    return text if len(text) <= width else f"…{text[len(text) - width + 1 :]}"


def _natural_widths(rows: Sequence[Sequence[str]], columns: int) -> list[int]:
    """The width of each column's longest cell, in terminal cells."""
    from rich.cells import cell_len

    return [max((cell_len(row[index]) for row in rows), default=0) for index in range(columns)]


def markdown(streams: Streams, text: str) -> str:
    """A page of Markdown, no wider than can be read."""
    from rich.markdown import Markdown

    page = Markdown(text, code_theme="ansi_dark", hyperlinks=False)
    return _drawn(page, streams, min(streams.width, _READABLE))


def _drawn(table: Any, streams: Streams, width: int) -> str:
    """What rich makes of a table or of Markdown, in colour where there is some."""
    from rich.console import Console

    buffer = io.StringIO()
    console = Console(
        file=buffer,
        width=width,
        force_terminal=streams.out_color,
        color_system="standard" if streams.out_color else None,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    console.print(table)
    return "".join(f"{line.rstrip()}\n" for line in buffer.getvalue().splitlines())


def fitted(columns: Sequence[Column], natural: Sequence[int], available: int) -> list[int]:
    """Widths that add up to no more than is available, as far as the columns can shrink.

    Those with the highest ``shrink`` give way first, the widest of them first, none
    below its ``min_width``.
    """
    widths = list(natural)
    for rank in sorted({column.shrink for column in columns if column.shrink}, reverse=True):
        shrinking = [index for index, column in enumerate(columns) if column.shrink == rank]
        while (excess := sum(widths) - available) > 0:
            widest = max(shrinking, key=lambda index: widths[index] - columns[index].min_width)
            room = widths[widest] - columns[widest].min_width
            if room <= 0:
                break
            others = [widths[index] for index in shrinking if index != widest]
            step = max(1, widths[widest] - max(others, default=0))
            widths[widest] -= min(excess, room, step)
    return widths


def _value(column: Column, item: Any, *, full: bool) -> Cell:
    if column.shown:
        return column.shown(item)
    return column.short(item) if column.short and not full else column.value(item)
