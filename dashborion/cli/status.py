"""``dashborion status``: how all chosen environments are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from dashborion import render
from dashborion.cli.options import ExitCode, NamespaceOptions, PageOptions
from dashborion.cli.printing import finish
from dashborion.errors import UsageError, short

if TYPE_CHECKING:
    from dashborion.context import Context


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
    answer = health.of_environments(context.fleet(where.choice), where.query())
    render.show_health(context.streams, answer.items, shown.style, now=context.now())
    is_failing = any(one.verdict is Verdict.FAILING for one in answer.items)
    finish(answer, failing=exit_code and is_failing)


def _is_environment(context: Context, name: str) -> bool:
    from dashborion.config.environments import Choice

    try:
        return bool(context.environments(Choice(None, (name,))))
    except UsageError:
        return False
