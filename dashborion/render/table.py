"""Rows and columns: rich on a terminal, tab-separated in a pipe, CSV for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from dashborion.render.cells import Cell, chunks, human, plain
from dashborion.render.views import Column
from dashborion.streams import Streams

GAP = 2


def tab_separated(columns: Sequence[Column], items: Iterable[Any], *, headers: bool) -> str:
    """A header line and a line an item; tabs and newlines inside values are escaped."""
    return "".join(tab_separated_parts(columns, items, headers=headers))


def tab_separated_parts(
    columns: Sequence[Column], items: Iterable[Any], *, headers: bool
) -> Iterator[str]:
    """The same, some lines at a time."""
    if headers:
        yield _line(column.header for column in columns)
    for some in chunks(items):
        yield "".join(_line(plain(column.value(item)) for column in columns) for item in some)


def _line(cells: Iterable[str]) -> str:
    return "\t".join(cells) + "\n"


def csv_parts(columns: Sequence[Column], items: Iterable[Any], *, headers: bool) -> Iterator[str]:
    """CSV as RFC 4180 has it, some lines at a time; unknown is empty."""
    text = io.StringIO()
    writer = csv.writer(text)
    if headers:
        writer.writerow([column.key for column in columns])
    for some in chunks(items):
        for item in some:
            values = [column.value(item) for column in columns]
            writer.writerow(["" if value is None else plain(value) for value in values])
        yield text.getvalue()
        text.seek(0)
        text.truncate()
    yield text.getvalue()


def rich_text(
    streams: Streams,
    columns: Sequence[Column],
    items: Sequence[Any],
    *,
    headers: bool,
    now: datetime,
    full: bool = False,
) -> str:
    """A table without lines, fitted to the terminal as far as its columns give way.

    What still does not fit goes over the edge and is wrapped by the terminal:
    a column is shortened, never dropped.
    """
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    titles = [column.age_header or column.header for column in columns]
    rows = [[human(_value(column, item, full=full), now) for column in columns] for item in items]
    natural = [
        max((cell_len(row[place]) for row in rows), default=0)
        if not headers
        else max(cell_len(titles[place]), *(cell_len(row[place]) for row in rows), 0)
        for place in range(len(columns))
    ]
    available = streams.width - GAP * (len(columns) - 1)
    widths = fitted(columns, natural, available)
    if full and sum(widths) > available:
        widths = natural  # it wraps anyway: then nothing is shortened either
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), show_header=headers)
    for column, title, width in zip(columns, titles, widths, strict=True):
        table.add_column(
            title,
            header_style="bold",
            no_wrap=True,
            overflow="ellipsis",
            justify="right" if column.right else "left",
            width=width,
        )
    for item, row in zip(items, rows, strict=True):
        cells = zip(columns, row, strict=True)
        table.add_row(*(Text(text, style=column.style(item)) for column, text in cells))
    buffer = io.StringIO()
    console = Console(
        file=buffer,
        width=max(streams.width, sum(widths) + GAP * len(widths)),
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
    """Widths that take no more than is available, if the elastic columns can give that much.

    The most elastic ones give way first, the widest of them first, none below
    its ``least``.
    """
    widths = list(natural)
    for degree in sorted({column.elastic for column in columns if column.elastic}, reverse=True):
        giving = [place for place, column in enumerate(columns) if column.elastic == degree]
        while (excess := sum(widths) - available) > 0:
            widest = max(giving, key=lambda place: widths[place] - columns[place].least)
            room = widths[widest] - columns[widest].least
            if room <= 0:
                break
            others = [widths[place] for place in giving if place != widest]
            step = max(1, widths[widest] - max(others, default=0))
            widths[widest] -= min(excess, room, step)
    return widths


def _value(column: Column, item: Any, *, full: bool) -> Cell:
    return column.short(item) if column.short and not full else column.value(item)
