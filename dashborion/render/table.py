"""Rows and columns: rich on a terminal, tab-separated in a pipe, CSV for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from dashborion.render.cells import Cell, human, plain
from dashborion.render.views import Column
from dashborion.streams import Streams


def tab_separated(columns: Sequence[Column], items: Sequence[Any], *, headers: bool) -> str:
    """A header line and a line an item; tabs and newlines inside values are escaped."""
    rows = [[plain(column.value(item)) for column in columns] for item in items]
    if headers:
        rows.insert(0, [column.header for column in columns])
    return "".join("\t".join(row) + "\n" for row in rows)


def csv_text(columns: Sequence[Column], items: Sequence[Any], *, headers: bool) -> str:
    """CSV as RFC 4180 has it; unknown is empty."""
    text = io.StringIO()
    writer = csv.writer(text)
    if headers:
        writer.writerow([column.key for column in columns])
    for item in items:
        values = [column.value(item) for column in columns]
        writer.writerow(["" if value is None else plain(value) for value in values])
    return text.getvalue()


def rich_text(
    streams: Streams,
    columns: Sequence[Column],
    items: Sequence[Any],
    *,
    headers: bool,
    now: datetime,
    full: bool = False,
) -> str:
    """A table without lines, fitted to the terminal's width: long values end in an ellipsis."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=headers)
    for column in columns:
        table.add_column(
            column.age_header or column.header,
            header_style="bold",
            no_wrap=True,
            overflow="ellipsis",
            justify="right" if column.right else "left",
            min_width=min(column.least, streams.width),
        )
    for item in items:
        table.add_row(
            *(
                Text(human(_value(column, item, full=full), now), style=column.style(item))
                for column in columns
            )
        )
    buffer = io.StringIO()
    console = Console(
        file=buffer,
        width=streams.width,
        force_terminal=streams.out_color,
        no_color=not streams.out_color,
        color_system="standard" if streams.out_color else None,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    console.print(table)
    return "".join(f"{line.rstrip()}\n" for line in buffer.getvalue().splitlines())


def _value(column: Column, item: Any, *, full: bool) -> Cell:
    return column.short(item) if column.short and not full else column.value(item)
