"""``dashborion status``: how all chosen environments are."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from dashborion import render
from dashborion.cli.options import ExitCode, NamespaceOptions, PageOptions
from dashborion.cli.printing import finish
from dashborion.errors import UsageError, short

if TYPE_CHECKING:
    from dashborion.context import Context
    from dashborion.engines.fleet import Fleet

_PROBLEMS = ["workloads", "list", "--problems"]


def status(
    context: Context,
    names: Annotated[list[str] | None, typer.Argument(hidden=True)] = None,
    *,
    where: NamespaceOptions,
    shown: PageOptions,
    exit_code: ExitCode = False,
) -> None:
    """Show the health of environments: what is not well, what failed, and how much runs.

    Example: dashborion status --all-envs
    """
    from dashborion.engines import health
    from dashborion.models.cause import Verdict

    if names:
        instead = "status -e" if _is_environment(context, names[0]) else "workloads status"
        hint = f"use `dashborion {instead} {short(names[0])}`"
        raise UsageError("status is about environments and takes no NAME", hint=hint)
    fleet = context.fleet(where.choice)
    answer = health.of_environments(fleet, where.query())
    render.show_health(
        context.streams,
        answer.items,
        shown.style,
        all_problems=shlex.join(["dashborion", *fleet.options, *_PROBLEMS, *_place(where, fleet)]),
        now=context.now(),
    )
    is_failing = any(one.verdict is Verdict.FAILING for one in answer.items)
    finish(answer, failing=exit_code and is_failing)


def _place(where: NamespaceOptions, fleet: Fleet) -> Iterator[str]:
    """The options that choose the same environments and namespaces wherever they are typed."""
    if where.all_envs:
        yield from ["-p", where.project] if where.project else []
        yield "--all-envs"
    else:
        for one in fleet.environments:
            yield from ("-e", one.label)
    if where.all_namespaces:
        yield "-A"
    elif where.namespace is not None:
        yield from ("-n", where.namespace)


def _is_environment(context: Context, name: str) -> bool:
    from dashborion.config.environments import Choice

    try:
        return bool(context.environments(Choice(None, (name,))))
    except UsageError:
        return False
