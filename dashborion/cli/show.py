"""From an answer to the streams: what every list and every describe does last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dashborion.cli.options import Clusterwide, Output, RawListed, Shown, Where
    from dashborion.context import Context
    from dashborion.fleet import Answer
    from dashborion.models import Found
    from dashborion.render.views import View


def show_listed(
    context: Context,
    view: View,
    answer: Answer[Found[Any]],
    where: Where | Clusterwide,
    listed: RawListed,
) -> None:
    """A list, then the failure if some environment is missing from it."""
    from dashborion import render

    items = [found.item for found in answer.items]
    if listed.raw:
        render.show_raw(context.streams, [found.raw for found in answer.items], listed.output)
    else:
        style = listed.style(_telling(items, answer.asked, all_namespaces=where.all_namespaces))
        render.show_list(context.streams, view, items, style, now=context.now())
    if not items and not answer.failures:
        context.streams.note(f"no {view.noun} found")
    answer.require_complete()


def show_found(context: Context, view: View, answer: Answer[Found[Any]], output: Output) -> None:
    """The one object that was found, then the failure if some environment was not searched."""
    from dashborion import render

    found = answer.items[0]
    if output.raw:
        render.show_raw(context.streams, found.raw, output.output)
    else:
        render.show_one(context.streams, view, found.item, output.style, now=context.now())
    answer.require_complete()


def show_difference(context: Context, answer: Answer[Any], shown: Shown) -> None:
    """What changed: a page in words, or a row for each change."""
    from dashborion import render
    from dashborion.render import Format, native_views

    found, now = answer.items[0], context.now()
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
