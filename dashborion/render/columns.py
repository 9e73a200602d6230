"""What columns and views are, and the columns that many views share.

A column's value comes from the model alone, so the JSON holds everything that
a table shows.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any

from msgspec import Struct

from dashborion.errors import UsageError, suggestion
from dashborion.models.base import environment_label
from dashborion.render import Format, Style
from dashborion.render.cells import Cell, chunks

Value = Callable[[Any], Cell]
CellStyle = Callable[[Any], str]

GOOD, BAD, BUSY, QUIET = "green", "red", "yellow", "dim"
STYLES = {
    "running": GOOD, "degraded": BAD, "stopped": QUIET, "pending": BUSY, "progressing": BUSY,
    "paused": BUSY, "failed": BAD, "suspended": QUIET, "warning": BUSY,
    "FailureTarget": BAD, "SuccessCriteriaMet": BUSY,
    "Ready": GOOD, "NotReady": BAD, "Unknown": BAD, "Terminating": BUSY,
    "ACTIVE": GOOD, "DRAINING": BUSY, "SUCCESSFUL": GOOD, "IN_PROGRESS": BUSY, "PENDING": BUSY,
    "STOPPED": BAD, "ROLLBACK_IN_PROGRESS": BAD, "ROLLBACK_SUCCESSFUL": BAD,
    "ROLLBACK_FAILED": BAD, "error": BAD, "info": QUIET, "failing": BAD, "unknown": BUSY,
    "healthy": GOOD, "done": GOOD, "skipped": QUIET, "added": GOOD, "removed": BAD, "changed": BUSY,
    "ready": GOOD, "accepted": GOOD, "not-ready": BAD, "rejected": BAD, "unresolved": BAD,
}  # fmt: skip
"""The colour of a status, in dashborion's words and in the APIs'."""


SHOWN_NAMES = 3  # of instances; the others are counted


def _unstyled(_: Any) -> str:
    return ""


class Column(Struct, frozen=True):
    """One column of a view.

    ``wide`` columns are shown by ``-o wide`` only, ``extra`` ones where the list
    needs them to tell its rows apart, ``piped`` ones not on a terminal, where another column
    says the same, and ``drawn`` ones only there: programs read what they have always read;
    ``kept`` ones even without a value.
    ``title`` is the header on a terminal, where times are ages, ``short`` the value there,
    ``shown`` the one that even a wide table has; ``order`` is what is sorted by. On a narrow
    terminal ``spare`` columns go, the highest first, and those with the highest ``shrink`` give
    way, down to ``min_width`` and some ``from_left``; 0 never does. On a page those that ``wrap``
    are whole instead.
    """

    key: str
    value: Value
    style: CellStyle = _unstyled
    wide: bool = False
    extra: bool = False
    piped: bool = False
    drawn: bool = False
    kept: bool = False
    spare: int = 0
    right: bool = False
    from_left: bool = False
    shrink: int = 0
    wraps: bool = False
    min_width: int = 12
    title: str | None = None
    short: Value | None = None
    shown: Value | None = None
    order: Value | None = None

    @property
    def header(self) -> str:
        return self.key.upper()


def column(
    key: str, value: str | Value | None = None, style: str | CellStyle = _unstyled, **settings: Any
) -> Column:
    """A column of a model's attribute, by default the one named like the column.

    Args:
        key: the name that ``--columns`` takes.
        value: another attribute's name, or a function of the model.
        style: a colour, or a function of the model.
        settings: further fields of ``Column``.
    """
    if value is None or isinstance(value, str):
        value = attrgetter(value or key.replace("-", "_"))
    if isinstance(style, str):
        style = _always(style)
    return Column(key, value, style, **settings)


def _always(style: str) -> CellStyle:
    return lambda _: style


def status_column(key: str = "status", attribute: str | None = None, **settings: Any) -> Column:
    """A column of a status, coloured by ``STYLES``."""
    status = attrgetter(attribute or key)
    return Column(
        key,
        lambda item: None if status(item) is None else str(status(item)),
        lambda item: STYLES.get(status(item), ""),
        **settings,
    )


def environment_columns() -> list[Column]:
    """Project and environment, shown where a list has several of them; on a terminal in one."""
    environment = column("environment", title="ENV", short=environment_label, extra=True, shrink=1)
    return [column("project", extra=True, piped=True), environment]


def location_columns() -> list[Column]:
    """Project, environment and namespace, shown where a list has several of them."""
    return [*environment_columns(), column("namespace", extra=True, spare=5, shrink=1)]


def name_column(key: str = "name", value: str | Value | None = None, **settings: Any) -> Column:
    """A name: shortened on a narrow terminal, but still recognisable."""
    return column(key, value, shrink=1, min_width=14, **settings)


def message_column(value: str | Value | None = None, **settings: Any) -> Column:
    """Free text: the first to be shortened on a narrow terminal, or to wrap on a page."""
    return column("message", value, **({"shrink": 3, "wraps": True, "min_width": 16} | settings))


def created_column(**settings: Any) -> Column:
    return column("created", "created_at", title="AGE", **settings)


def images_column(**settings: Any) -> Column:
    """The images of an object; on a terminal without their registries."""
    return column(
        "images",
        lambda item: joined(item.images),
        short=lambda item: joined([short_image(image) or "" for image in item.images]),
        shrink=2,
        from_left=True,
        **settings,
    )


def healthy_column() -> Column:
    """``healthy`` of ``total``, bad unless it is all of them."""
    return column(
        "healthy",
        lambda item: None if item.total is None else f"{item.healthy}/{item.total}",
        lambda item: "" if item.healthy == item.total else BAD,
    )


def memory(item: Any) -> str | None:
    """With its unit, which ECS leaves out."""
    return with_unit(item.memory)


def with_unit(memory: str | None) -> str | None:
    return f"{memory}Mi" if memory and memory.isdecimal() else memory


def joined(values: Iterable[str]) -> str | None:
    """The values with commas between them; None if there are none."""
    return ",".join(values) or None


def some(names: Sequence[str]) -> str | None:
    """The first names, and how many more there are; None if there are none."""
    left = len(names) - SHOWN_NAMES
    return ", ".join([*names[:SHOWN_NAMES], *([f"+{left} more"] if left > 0 else [])]) or None


def joined_column(key: str, attribute: str | None = None, **settings: Any) -> Column:
    """A column of a list of texts."""
    values = attrgetter(attribute or key.replace("-", "_"))
    return Column(key, lambda item: joined(values(item)), **settings)


def pairs(values: Mapping[str, str] | None) -> str | None:
    """``key=value`` with commas between them, sorted; None if there are none."""
    return joined(f"{key}={value}" for key, value in sorted((values or {}).items()))


def short_image(image: str | None) -> str | None:
    """An image without its registry, its digest cut to twelve digits."""
    if not image:
        return None
    name = image.rsplit("/", 1)[-1]
    base, at, digest = name.partition("@sha256:")
    return f"{base}{at}{digest[:12]}"


class View(Struct, frozen=True):
    """The columns of a model.

    ``noun`` is its plural in messages, ``name`` what ``-o name`` prints, ``kind``
    the word in front of a name that two objects of different kinds share. A list ``wraps`` where
    its texts are what it is read for.
    """

    noun: str
    columns: Sequence[Column]
    name: Callable[[Any], str] = lambda item: str(item.name)
    kind: Callable[[Any], str] | None = None
    wraps: bool = False

    def chosen(self, style: Style) -> list[Column]:
        """The columns to show: those asked for, or the view's default ones.

        Raises:
            UsageError: an unknown column.
        """
        if style.columns:
            return [self.column(key) for key in style.columns]
        everything = style.format in (Format.WIDE, Format.CSV)
        return [
            column
            for column in self.columns
            if (everything or not column.wide) and (not column.extra or column.key in style.extra)
        ]

    def column(self, key: str) -> Column:
        """The column of that key, or of that header on a terminal, in upper or lower case.

        Raises:
            UsageError: there is none.
        """
        for column in self.columns:
            names = (column.key, (column.title or "").lower().replace(" ", "-"))
            if re.sub("[_ ]", "-", key.strip().lower()) in names:
                return column
        known = [column.key for column in self.columns]
        near = suggestion(key, known, most=len(known))
        raise UsageError(f"{self.noun} have no column '{key}'", hint=near)

    def sorted(self, items: Iterable[Any], sort: str) -> list[Any]:
        """The items by a column, descending with a leading ``-``; unknown values last.

        Raises:
            UsageError: an unknown column.
        """
        descending, key = sort.startswith("-"), sort.removeprefix("-")
        column, everything = self.column(key), list(items)
        value = column.order or column.value
        known = [item for item in everything if value(item) is not None]
        unknown = [item for item in everything if value(item) is None]
        known.sort(key=lambda item: comparable(value(item)), reverse=descending)
        return [*known, *unknown]

    def names(self, items: Iterable[Any], extra: frozenset[str]) -> Iterator[list[str]]:
        """The shortest names that other commands accept and that are unique in this list.

        In a list of several environments each has its own in front, and its namespace, which may
        not be the one that the environment's commands look at. Yields them in chunks; all
        at once where a name may need its kind because of another one.
        """
        with_environment = "environment" in extra
        with_namespace = with_environment or "namespace" in extra
        for chunk in [list(items)] if self.kind else chunks(items):
            parts = [
                (
                    f"{environment_label(item)}:" if with_environment else "",
                    getattr(item, "namespace", "") if with_namespace else "",
                    self.name(item),
                )
                for item in chunk
            ]
            count = Counter(parts)
            kinds = [
                self.kind(item) if self.kind and count[key] > 1 else ""
                for item, key in zip(chunk, parts, strict=True)
            ]
            yield [
                environment + "/".join(filter(None, (namespace, kind, name)))
                for (environment, namespace, name), kind in zip(parts, kinds, strict=True)
            ]


_NUMBERS = re.compile(r"(\d+(?:\.\d+)?)([a-zA-Z]*)(?:/(\d+))?")
_UNITS = {"m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "%": 1}


def comparable(value: Cell) -> Any:
    """Numbers as numbers, with the units of Kubernetes or of other numbers: ``2/10``, ``512Mi``."""
    if isinstance(value, int | float):
        return (0, value, 0, "")  # beside texts, which a column may have, too
    if not isinstance(value, str):
        return value
    found = _NUMBERS.fullmatch(value)
    if found is None or (found[2] and found[2] not in _UNITS):
        return (1, 0.0, 0, value.casefold())
    return (0, float(found[1]) * _UNITS.get(found[2], 1), int(found[3] or 0), "")
