"""Where completion finds its names: kept by lists, and fetched where there are none or old ones.

Fetching is the business of a process of its own without a terminal (``fill``):
whatever a library prints or asks there, nobody sees, and what is not there in
time is there for the next tab.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashborion.storage import names

if TYPE_CHECKING:
    import typer

    from dashborion.config.environments import Choice
    from dashborion.config.targets import Environment
    from dashborion.context import Context

PATIENCE_SECONDS = 1.3  # of the 1.5 that a tab may take; the rest is Python's start
LOOK_SECONDS = 0.02

Wanted = list[tuple[names.Place, str | None]]


def context(ctx: typer.Context) -> Context:
    """What commands work with, for the line that is being completed; it says and starts nothing.

    Raises:
        UsageError: the line is about the demo, and that does not run.
    """
    from dashborion.context import Context
    from dashborion.errors import UsageError
    from dashborion.streams import Streams

    found = Context(Streams.test())
    typed = ctx.find_root().obj.globals
    found.globals.config, found.globals.demo = typed.config, typed.demo
    if typed.demo and found.demo.status() is None:
        raise UsageError("the demo does not run")
    return found


def rows(ctx: typer.Context, kind: str, namespace: str | None) -> list[list[Any]]:
    """Rows of a kind, by name; in a namespace ("" is each environment's own) or in all (None)."""
    wanted = [(one, one.namespace if namespace == "" else namespace) for one in _places(ctx)]
    return sorted(_looked_up(ctx, kind, kind, wanted), key=lambda row: (row[2], row[0]))


def revisions(ctx: typer.Context, name: str, namespace: str | None) -> list[list[Any]]:
    """The revisions of a workload, as it was typed."""
    typed, _, short = name.rpartition("/")
    space = typed.partition("/")[0] or namespace
    wanted: Wanted = [(one, f"{space or one.namespace}/{short}") for one in _places(ctx)]
    return _looked_up(ctx, "revisions", name, wanted)


def _looked_up(ctx: typer.Context, kind: str, about: str, wanted: Wanted) -> list[list[Any]]:
    now = time.time()
    tables = [names.table(place.file, kind, scope) for place, scope in wanted]
    old = [
        (place, scope, table is None)
        for (place, scope), table in zip(wanted, tables, strict=True)
        if place.askable and (table is None or not table.fresh(now))
    ]
    if old:
        _renew(ctx, kind, about, old)
        if any(cold for _, _, cold in old):
            _wait([(place.file, kind, scope) for place, scope, cold in old if cold])
            tables = [names.table(place.file, kind, scope) for place, scope in wanted]
    return [row for table in tables if table is not None for row in table.rows]


def _places(ctx: typer.Context) -> list[names.Place]:
    """The environments that the line means, from the index if nothing has changed."""
    typed, params = ctx.find_root().obj.globals, ctx.params
    project, patterns = params.get("project"), tuple(params.get("env") or ())
    everywhere = bool(params.get("all_envs"))
    key = names.key([project, patterns, everywhere, typed.config], os.environ)
    found = None if typed.demo else names.find(key)
    if found is None:
        from dashborion.config.environments import Choice

        surroundings = context(ctx)
        found = _chosen(surroundings, Choice(project, patterns, everywhere))
        if not typed.demo:
            names.note(key, found, _deciding(surroundings))
    return found


def _chosen(context: Context, choice: Choice) -> list[names.Place]:
    """The environments; one of a folder's file, or whose user a program logs in, is not asked."""
    from dashborion.config.environments import choose_quietly
    from dashborion.config.kubeconfig import kubeconfig_paths, read_kubeconfig
    from dashborion.config.targets import KubernetesTarget, Origin
    from dashborion.engines.recorder import place

    strange = context.config.environments if context.config.origin is Origin.FOLDER else ()
    found = []
    for one in choose_quietly(choice, context.surroundings()):
        askable = one not in strange
        if askable and isinstance(one.target, KubernetesTarget):
            known = read_kubeconfig(kubeconfig_paths(context.environ, one.target.kubeconfig))
            askable = not known.runs_plugin(one.target.context)
        found.append(place(one, context.environ, askable=askable))
    return found


def _deciding(context: Context) -> Iterable[Path]:
    """The files on which the choice depends, those that are not there included."""
    from dashborion.config.kubeconfig import kubeconfig_candidates
    from dashborion.config.targets import FILE_NAME, KubernetesTarget

    explicit = context.globals.config or context.environ.get("DASHBORION_CONFIG")
    if explicit:
        yield Path(explicit).expanduser()
    for folder in (context.cwd, *context.cwd.parents):
        yield from (folder / FILE_NAME, folder / ".git")
    yield from (context.user_file, context.in_use.path)
    yield from kubeconfig_candidates(context.environ)
    targets: list[Environment] = list(context.config.environments)
    for target in (one.target for one in targets):
        if isinstance(target, KubernetesTarget) and target.kubeconfig:
            yield Path(target.kubeconfig).expanduser()


def _renew(
    ctx: typer.Context, kind: str, about: str, old: list[tuple[names.Place, str | None, bool]]
) -> None:
    """Start a process that fetches, unless somebody else's is at it."""
    mine = [(place, scope) for place, scope, _ in old if names.claim(place.file)]
    if not mine:
        return
    typed = ctx.find_root().obj.globals
    request = {
        "config": typed.config,
        "demo": typed.demo,
        "kind": kind,
        "about": about,
        "namespaces": {place.label: scope for place, scope in mine},
        "files": [place.file for place, _ in mine],
    }
    # Without -P the folder that the user stands in would be searched for modules first.
    command = [sys.executable, "-P", "-m", "dashborion.completion.refresh", json.dumps(request)]
    environ = {key: value for key, value in os.environ.items() if key != "_DASHBORION_COMPLETE"}
    nowhere = subprocess.DEVNULL
    subprocess.Popen(
        command, env=environ, stdin=nowhere, stdout=nowhere, stderr=nowhere, start_new_session=True
    )


def _wait(wanted: list[tuple[str, str, str | None]]) -> None:
    """Until the names are there, or the process has given up on them, or too much time is gone."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        time.sleep(LOOK_SECONDS)
        if not any(names.claimed(file) for file, _, _ in wanted):
            return
