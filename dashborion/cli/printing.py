"""Prints what the environments answered: the last step of every list and describe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import typer

from dashborion import render
from dashborion.cli.options import (
    ApiListOptions,
    ClusterOptions,
    FormatOptions,
    ListOptions,
    NamespaceOptions,
    ObjectOptions,
    ReportOptions,
)
from dashborion.errors import FOUND, DashborionError, Forbidden
from dashborion.render import STRUCTURED

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dashborion.context import Context
    from dashborion.engines.answers import Answer
    from dashborion.engines.long_lists import LongList
    from dashborion.models.cause import NotChecked
    from dashborion.models.definition import Comparison
    from dashborion.models.query import Found
    from dashborion.render.columns import View

FoundOne = TypeVar("FoundOne", bound="Found[Any]")


def show_list(
    context: Context,
    view: View,
    items: Iterable[Any],
    listed: ListOptions,
    extra: frozenset[str] = frozenset(),
) -> None:
    """Write a list of objects that are dashborion's own, with ``extra`` columns."""
    render.show_list(context.streams, view, items, listed.style(extra), now=context.now())


def show_one(context: Context, view: View, item: Any, shown: FormatOptions | ReportOptions) -> None:
    """Write one object."""
    render.show_one(context.streams, view, item, shown.style, now=context.now())


def print_list(
    context: Context,
    view: View,
    answer: Answer[FoundOne],
    where: NamespaceOptions | ClusterOptions,
    listed: ApiListOptions,
) -> None:
    """Print a list; raises as ``finish``, after the rows."""
    show_answer(context, view, answer, where, listed)
    finish(answer)


def show_answer(
    context: Context,
    view: View,
    answer: Answer[FoundOne],
    where: NamespaceOptions | ClusterOptions,
    listed: ApiListOptions,
    *,
    noun: str | None = None,
) -> None:
    """Write the rows that there are, or on stderr that there is no ``noun``."""
    items = [found.item for found in answer.items]
    extra = distinguishing(answer.asked, items, where)
    _print_rows(context, view, answer.items, extra, listed)
    if not items and not answer.failures:
        context.streams.note(f"no {noun or view.noun} found")


def finish(answer: Answer[Any], *, failing: bool = False) -> None:
    """End a command when all is printed.

    Raises:
        typer.Exit: something is failing, and the exit code is to tell.
        DashborionError: an environment failed.
    """
    if failing:
        raise typer.Exit(FOUND)
    answer.require_complete()


def warn_of_unchecked(context: Context, missing: Iterable[tuple[str, NotChecked]]) -> None:
    """Say what could not be looked at, in which environment."""
    from dashborion.render.views.causes import untold

    for place, lost in missing:
        kind = Forbidden if lost.permission else DashborionError
        context.warn(kind(f"not checked: {untold(lost)}", environment=place))


def print_long_list(
    context: Context, view: View, long_list: LongList, listed: ApiListOptions
) -> None:
    """Print a list while the rest of it is still fetched; raises as ``print_list``.

    The columns cannot depend on the rows, so it has to be of all namespaces or in
    a format without columns.
    """
    projects = any(environment.project for environment in long_list.fleet.environments)
    extra = _distinguishing(long_list.answer.asked, projects=projects, namespaces=True)
    _print_rows(context, view, long_list, extra, listed)
    if not long_list.has_rows and not long_list.answer.failures:
        context.streams.note(f"no {view.noun} found")
    long_list.answer.require_complete()


def _print_rows(
    context: Context,
    view: View,
    rows: Iterable[Found[Any]],
    extra: frozenset[str],
    listed: ApiListOptions,
) -> None:
    items = (found.raw if listed.raw else found.item for found in rows)
    render.show_list(context.streams, view, items, listed.style(extra), now=context.now())


def print_object(
    context: Context, view: View, answer: Answer[FoundOne], output: ObjectOptions
) -> None:
    """Print the one object that was found.

    Raises:
        DashborionError: an environment could not be searched, after the object.
    """
    found = answer.items[0]
    item = found.raw if output.raw else found.item
    show_one(context, view, item, output)
    answer.require_complete()


def print_comparison(context: Context, comparison: Comparison, listed: ListOptions) -> None:
    """Print how two revisions differ: as one object, or a row for each difference."""
    from dashborion.render.views import comparisons as views

    left, right = views.labels(comparison)
    view = views.view(left, right, named=False)
    if listed.output in STRUCTURED:
        style = render.Style(format=listed.output)
        render.show_one(context.streams, view, comparison, style, now=context.now())
    elif comparison.differences:
        show_list(context, view, views.rows([comparison]), listed)
    if not comparison.differences:
        context.streams.note(f"no differences between {left} and {right}")


def distinguishing(
    environments: int, items: Sequence[Any], where: NamespaceOptions | ClusterOptions
) -> frozenset[str]:
    """The columns without which these items would look alike."""
    found_in = {getattr(item, "namespace", None) for item in items}
    return _distinguishing(
        environments,
        projects=any(item.project for item in items),
        namespaces=where.all_namespaces or len(found_in) > 1,
    )


def _distinguishing(environments: int, *, projects: bool, namespaces: bool) -> frozenset[str]:
    """The columns without which rows of different environments or namespaces would look alike."""
    several = environments > 1
    needed = {"environment": several, "project": several and projects, "namespace": namespaces}
    return frozenset(column for column, is_needed in needed.items() if is_needed)
