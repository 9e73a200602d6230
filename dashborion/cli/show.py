"""From an answer to the streams: what every list and every describe does last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dashborion.cli.options import Clusterwide, Output, RawListed, Shown, Where
    from dashborion.context import Context
    from dashborion.engines.answers import Answer
    from dashborion.engines.long_lists import LongList
    from dashborion.models.ecs import Difference
    from dashborion.models.query import Found
    from dashborion.render.views import View


def show_listed(
    context: Context,
    view: View,
    answer: Answer[Found[Any]],
    where: Where | Clusterwide,
    listed: RawListed,
) -> None:
    """A list, then the failure if some environment is missing from it."""
    items = [found.item for found in answer.items]
    extra = _telling(items, answer.asked, all_namespaces=where.all_namespaces)
    _show(context, view, answer.items, extra, listed)
    if not items and not answer.failures:
        context.streams.note(f"no {view.noun} found")
    answer.require_complete()


def show_flow(context: Context, view: View, flow: LongList, listed: RawListed) -> None:
    """A list of all namespaces, or in a format without columns, while it is still fetched."""
    extra = {"namespace"}
    if flow.answer.asked > 1:
        extra.add("environment")
        if any(environment.project for environment in flow.fleet.environments):
            extra.add("project")
    shown = _Counted(flow)
    _show(context, view, shown, frozenset(extra), listed)
    if not shown.count and not flow.answer.failures:
        context.streams.note(f"no {view.noun} found")
    flow.answer.require_complete()


def _show(
    context: Context,
    view: View,
    found: Iterable[Found[Any]],
    extra: frozenset[str],
    listed: RawListed,
) -> None:
    from dashborion import render

    if listed.raw:
        render.show_raw_list(context.streams, (one.raw for one in found), listed.output)
    else:
        items = (one.item for one in found)
        render.show_list(context.streams, view, items, listed.style(extra), now=context.now())


class _Counted:
    """An iteration that knows how long it was."""

    def __init__(self, items: Iterable[Any]) -> None:
        self._items = items
        self.count = 0

    def __iter__(self) -> Iterator[Any]:
        for item in self._items:
            self.count += 1
            yield item


def show_found(context: Context, view: View, answer: Answer[Found[Any]], output: Output) -> None:
    """The one object that was found, then the failure if some environment was not searched."""
    from dashborion import render

    found = answer.items[0]
    if output.raw:
        render.show_raw(context.streams, found.raw, output.output)
    else:
        render.show_one(context.streams, view, found.item, output.style, now=context.now())
    answer.require_complete()


def show_difference(context: Context, answer: Answer[Found[Difference]], shown: Shown) -> None:
    """What changed: a page in words, or a row for each change."""
    from dashborion import render
    from dashborion.render import Format, native_views

    found, now = answer.items[0].item, context.now()
    if shown.output in (Format.TABLE, Format.JSON, Format.YAML):
        render.show_one(context.streams, native_views.CHANGES, found, shown.style, now=now)
    else:
        render.show_list(context.streams, native_views.CHANGES, found.changes, shown.style, now=now)
    if not found.changes:
        context.streams.note(f"{found.before} and {found.after} say the same")
    answer.require_complete()


def _telling(items: list[Any], environments: int, *, all_namespaces: bool) -> frozenset[str]:
    """The columns without which rows of different places would look alike."""
    extra = set()
    if environments > 1:
        extra.add("environment")
        if any(item.project for item in items):
            extra.add("project")
    if all_namespaces or len({getattr(item, "namespace", None) for item in items}) > 1:
        extra.add("namespace")
    return frozenset(extra)
