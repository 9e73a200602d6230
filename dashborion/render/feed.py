"""Rows that come one after the other, in batches, for as long as a command runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec

from dashborion.render import Format, Style, is_drawn, table
from dashborion.render.cells import Cell, painted, plain
from dashborion.render.columns import Column, View
from dashborion.render.structured import escaped_json
from dashborion.streams import Streams


def rows(
    streams: Streams, view: View, batches: Iterable[Sequence[Any]], style: Style
) -> Iterator[str]:
    """Text for each batch: JSON one object a line, else a row with the time of the day.

    Raises:
        UsageError: a column that the view does not have.
    """
    columns = view.chosen(style)
    lines = _Lines(streams, [one for one in columns if not one.piped])
    headers = style.headers
    for batch in batches:
        if style.format is Format.JSON:
            yield "".join(f"{_json(streams, item)}\n" for item in batch)
        elif style.format is Format.NAME:
            yield from table.names(view, batch, style.extra)
        elif style.format is Format.CSV:
            yield from table.csv_rows(columns, batch, headers=headers)
        elif is_drawn(streams, style.format):
            yield lines.of(batch, headers=headers)
        else:
            yield from table.tab_separated(columns, batch, headers=headers)
        headers = False


def changes(streams: Streams, changed: Iterable[tuple[str | None, Any]]) -> Iterator[str]:
    """JSON one object a line, which begins with what became of it."""
    lines = []
    for change, item in changed:
        line = _json(streams, item)
        lines.append((f'{{"change":"{change}",{line[1:]}' if change else line) + "\n")
    yield "".join(lines)


def _json(streams: Streams, item: Any) -> str:
    return escaped_json(msgspec.json.encode(item).decode(), unicode=streams.unicode)


class _Lines:
    """Rows below each other: a column is as wide as its widest cell so far, the last one whole."""

    def __init__(self, streams: Streams, columns: Sequence[Column]) -> None:
        self._streams, self._columns = streams, columns
        self._widths = [len(one.title or one.header) for one in columns]

    def of(self, items: Sequence[Any], *, headers: bool) -> str:
        rows = [[_cell(_value(one, item)) for one in self._columns] for item in items]
        widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)] or self._widths
        self._widths = [max(pair) for pair in zip(self._widths, widths, strict=True)]
        titles = [one.title or one.header for one in self._columns]
        lines = [self._line(titles, ["bold"] * len(titles))] if headers else []
        for item, row in zip(items, rows, strict=True):
            lines.append(self._line(row, [one.style(item) for one in self._columns]))
        return "".join(lines)

    def _line(self, cells: Sequence[str], styles: Sequence[str]) -> str:
        *widths, _ = self._widths
        padded = [f"{cell:<{width}}" for cell, width in zip(cells, [*widths, 0], strict=True)]
        styled = zip(padded, styles, strict=True)
        return "  ".join(painted(self._streams, cell, style) for cell, style in styled) + "\n"


def _value(column: Column, item: Any) -> Cell:
    return column.short(item) if column.short else column.value(item)


def _cell(value: Cell) -> str:
    """A time as that of the day, in local time: an age would be wrong a moment later."""
    return f"{value.astimezone():%H:%M:%S}" if isinstance(value, datetime) else plain(value)
