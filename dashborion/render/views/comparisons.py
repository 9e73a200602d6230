"""What differs between two environments, or two revisions: a row for each field."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import takewhile
from typing import Any

from msgspec import Struct

from dashborion.models.base import environment_label
from dashborion.models.definition import Comparison, Difference, Side, Value
from dashborion.models.kinds import KIND_OF
from dashborion.render.cells import Cell
from dashborion.render.columns import (
    STYLES,
    View,
    column,
    message_column,
    name_column,
)

_HIDDEN = "(hidden)"
_UNITS = {"cpu": "m", "memory": "Mi"}  # as Kubernetes writes thousandths of a core and MiB
_DIGEST = re.compile(r"(sha256:[0-9a-f]{12})[0-9a-f]+")


class Row(Struct, frozen=True):
    """One difference of a comparison; None where only one side is there, or nothing differs."""

    of: Comparison
    difference: Difference | None

    @property
    def name(self) -> str:
        return self.of.name

    @property
    def namespace(self) -> str:
        side = self.of.left or self.of.right
        return (side.namespace if side else None) or ""

    @property
    def kind(self) -> str:
        if self.difference is not None:
            return str(self.difference.kind)
        if self.of.left is None:
            return "added"
        return "same" if self.of.right else "removed"


def rows(comparisons: Iterable[Comparison]) -> Iterator[Row]:
    """At least one for each comparison."""
    for one in comparisons:
        for difference in one.differences or (None,):
            yield Row(one, difference)


def view(left: str, right: str, *, namespaces: bool = False, named: bool = True) -> View:
    """The columns, with what stands on the left and on the right as headers on a terminal."""
    side: dict[str, Any] = {"shrink": 3, "min_width": 14, "kept": True}
    return View(
        "comparisons",
        [
            column("namespace", extra=not namespaces, spare=2, shrink=1),
            name_column("workload", "name", piped=not named),
            column("container", _container, piped=True),
            column("field", _field, short=_field_of, min_width=12, shrink=1),
            column("left", _left, short=_short_left, title=left.upper(), **side),
            column("right", _right, short=_short_right, title=right.upper(), **side),
            column("change", "kind", lambda row: STYLES.get(row.kind, "")),
            message_column(
                lambda row: row.difference.note if row.difference else None, spare=3
            ),
        ],
        name=lambda row: str(row.name),
    )  # fmt: skip


def labels(comparison: Comparison) -> tuple[str, str]:
    """What two revisions are called."""
    left, right = comparison.left, comparison.right
    return (left and left.revision) or "left", (right and right.revision) or "right"


def _container(row: Row) -> str | None:
    return row.difference.container if row.difference else None


def _field_of(row: Row) -> Cell:
    """The field, and the container unless it is called like the workload."""
    container = _container(row)
    of = f" of {container}" if container and container != row.name else ""
    return f"{_field(row) or ''}{of}" or None


def _field(row: Row) -> Cell:
    if row.difference is not None:
        return row.difference.field
    return "workload" if None in (row.of.left, row.of.right) else None


def _left(row: Row) -> Cell:
    return _cell(row, row.of.left, "left", absent="added")


def _right(row: Row) -> Cell:
    return _cell(row, row.of.right, "right", absent="removed")


def _cell(row: Row, side: Side | None, name: str, *, absent: str) -> Cell:
    """A value, or what can be said of it."""
    difference = row.difference
    if difference is None or (side and None in (row.of.left, row.of.right)):
        if None not in (row.of.left, row.of.right):
            return None
        return (KIND_OF[side.type] if side.type else side.name) if side else None
    if difference.hidden:
        return None if difference.kind == absent else _HIDDEN
    value: Value = getattr(difference, name)
    if value is None and difference.kind == "unknown":
        return "?"
    return ", ".join(value) if isinstance(value, list) else value


def _short_left(row: Row) -> Cell:
    return _short(row, _left(row), _right(row))


def _short_right(row: Row) -> Cell:
    return _short(row, _right(row), _left(row))


def _short(row: Row, value: Cell, other: Cell) -> Cell:
    """A value for a terminal: with its unit, or without what tells least."""
    field = row.difference.field if row.difference else ""
    if isinstance(value, int):
        return f"{value}{_UNITS.get(field.partition('.')[0], '')}"
    if not isinstance(value, str):
        return value
    if field == "image.digest":
        return _DIGEST.sub(r"\1", value)
    if field in ("image", "image.repository", "endpoints") and isinstance(other, str):
        parts, others = value.split("/"), other.split("/")
        alike = takewhile(lambda pair: pair[0] == pair[1], zip(parts[:-1], others, strict=False))
        return "/".join(parts[len(list(alike)) :])
    return value


def told(difference: Difference) -> str:
    """One difference in a line."""
    where = f" of {difference.container}" if difference.container else ""
    shown: list[Any] = [
        ", ".join(one) if isinstance(one, list) else one
        for one in (difference.left, difference.right)
    ]
    values = f"{difference.kind}, value hidden" if difference.hidden else _arrow(*shown)
    note = f" ({difference.note})" if difference.note else ""
    return f"{difference.field}{where}: {values}{note}"


def _arrow(left: Any, right: Any) -> str:
    return f"{'-' if left is None else left} -> {'-' if right is None else right}"


def where(comparison: Comparison) -> str:
    """The name of what is compared, and where it is if only one side has it."""
    left, right = comparison.left, comparison.right
    if left is not None and right is not None:
        return comparison.name
    only = left or right
    if comparison.same is None:
        return comparison.name
    return f"{comparison.name} is only in {environment_label(only)}" if only else comparison.name
