"""The names that completion offers: those that lists have seen, and others fetched on demand.

Names are fetched by a process of its own without a terminal (``fetch_names``):
nobody sees what a library prints or asks there, and names that do not arrive in
time are offered on the next tab.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashborion.storage import completion_names as names

if TYPE_CHECKING:
    import typer

    from dashborion.config.environments import Choice
    from dashborion.context import Context

WAIT_SECONDS = 1.3  # of the 1.5 that a tab may take; the rest is Python's start
POLL_SECONDS = 0.02

# What is looked up in each environment: a namespace (None for all), or a workload's revisions.
Wanted = list[tuple[names.NameSource, str | None]]


def quiet_context(ctx: typer.Context) -> Context:
    """The context for the command line that is being completed; it prints and starts nothing.

    Raises:
        UsageError: the line has --demo and the demo is not running.
    """
    from dashborion.context import Context
    from dashborion.errors import UsageError
    from dashborion.streams import Streams

    context = Context(Streams.test())
    typed = ctx.find_root().obj.globals
    context.globals.config, context.globals.demo = typed.config, typed.demo
    if typed.demo and context.demo.status() is None:
        raise UsageError("the demo is not running")
    return context


def rows(
    ctx: typer.Context, kind: str, namespace: str | None, typed: Sequence[str] = ()
) -> list[list[Any]]:
    """Rows of a kind sorted by name; of a namespace, of each environment's own (""), or all (None).

    A row of workloads is (namespace, kind, name), one of instances (namespace, id,
    name, workload, containers, status), one of ``k8s services`` or ``ecs clusters`` (namespace,
    null, name). Names that were ``typed`` may bring their environment.
    """
    wanted = [
        (source, source.namespace if namespace == "" else namespace)
        for source in _sources(ctx, typed)
    ]
    return sorted(_looked_up(ctx, kind, kind, wanted), key=lambda row: (row[2], row[0]))


def of_workload(ctx: typer.Context, kind: str, name: str, namespace: str | None) -> list[list[Any]]:
    """Rows (namespace/workload, revision or hook) of the workload with that NAME, as typed."""
    from dashborion.models.kinds import workload_type

    plain = plain_name(name)
    *before, short = plain.split("/")
    if before and workload_type(before[-1]):
        before.pop()
    named = "/".join(before) or namespace
    wanted: Wanted = [
        (source, f"{named or source.namespace or names.ALL_NAMESPACES}/{short}")
        for source in _sources(ctx, [name])
    ]
    return _looked_up(ctx, kind, plain, wanted)


def plain_name(typed: str) -> str:
    """A NAME without its environment; only there can it have colons."""
    return typed if typed.startswith("arn:") else typed.rpartition(":")[2]


def environment_typed(ctx: typer.Context, incomplete: str) -> str | None:
    """The environment that a NAME begins with, before a colon; None if there is none."""
    from dashborion.config.environments import Choice
    from dashborion.config.prefixed_names import environment_of

    inputs, choice = quiet_context(ctx).choice_inputs(), Choice(ctx.params.get("project"))
    for end in reversed([at for at, char in enumerate(incomplete) if char == ":"]):
        if environment_of(incomplete[:end], choice, inputs):
            return incomplete[:end]
    return None


def _looked_up(ctx: typer.Context, kind: str, about: str, wanted: Wanted) -> list[list[Any]]:
    now = time.time()
    tables = [names.read_table(source.file, kind, scope) for source, scope in wanted]
    outdated = [
        (source, scope, table is None)
        for (source, scope), table in zip(wanted, tables, strict=True)
        if source.may_fetch and (table is None or not table.is_fresh(now))
    ]
    if outdated:
        _start_fetching(ctx, kind, about, [(source, scope) for source, scope, _ in outdated])
        missing = [source for source, _, is_missing in outdated if is_missing]
        if missing:
            _wait(missing)
            tables = [names.read_table(source.file, kind, scope) for source, scope in wanted]
    return [row for table in tables if table is not None for row in table.rows]


def _sources(ctx: typer.Context, about: Sequence[str] = ()) -> list[names.NameSource]:
    """The environments that the line means; from the index if no file has changed.

    Names that it is ``about`` may bring their environment.
    """
    typed, params = ctx.find_root().obj.globals, ctx.params
    project = params.get("project")
    compared = filter(None, (params.get("left"), params.get("right")))  # of `workloads diff`
    patterns = tuple(params.get("env") or compared)
    everywhere = bool(params.get("all_envs"))
    prefixed = tuple(name for name in about if ":" in name)
    key = names.index_key([project, patterns, everywhere, typed.config, prefixed], os.environ)
    sources = None if typed.demo else names.read_index(key)
    if sources is None:
        from dashborion.config.environments import Choice

        context = quiet_context(ctx)
        sources = _chosen(context, Choice(project, patterns, everywhere, prefixed))
        if not typed.demo:
            names.write_index(key, sources, _deciding_files(context))
    return sources


def _chosen(context: Context, choice: Choice) -> list[names.NameSource]:
    """The chosen environments; a tab connects to none of a folder's file or with a plugin."""
    from dashborion.config.prefixed_names import choose_quietly
    from dashborion.config.targets import Origin
    from dashborion.engines.name_recorder import name_source

    untrusted = context.config.environments if context.config.origin is Origin.FOLDER else ()
    sources = []
    for environment in choose_quietly(choice, context.choice_inputs()):
        with suppress(Exception):  # an environment whose files are broken has no names to offer
            may_fetch = environment not in untrusted and environment.target.may_log_in_unasked(
                context.environ
            )
            sources.append(name_source(environment, context.environ, may_fetch=may_fetch))
    return sources


def _deciding_files(context: Context) -> Iterable[Path]:
    """The files on which the choice of environments depends, missing ones included."""
    from dashborion.config.kubeconfig import kubeconfig_candidates
    from dashborion.config.targets import FILE_NAME
    from dashborion.storage.files import expanded

    if explicit := context.globals.config or context.environ.get("DASHBORION_CONFIG"):
        yield expanded(explicit)
    yield from kubeconfig_candidates(context.environ)
    for folder in (context.cwd, *context.cwd.parents):
        yield from (folder / FILE_NAME, folder / ".git")
    yield from (context.user_file, context.remembered.path)
    for environment in context.config.environments:
        yield from environment.target.files


def _start_fetching(ctx: typer.Context, kind: str, about: str, wanted: Wanted) -> None:
    """Start a process that fetches what no other process is fetching."""
    unlocked = [(source, scope) for source, scope in wanted if names.lock(source.file)]
    if not unlocked:
        return
    typed = ctx.find_root().obj.globals
    request = {
        "config": typed.config,
        "demo": typed.demo,
        "kind": kind,
        "about": about,
        "namespaces": {source.label: scope for source, scope in unlocked},
        "files": [source.file for source, _ in unlocked],
    }
    # Without -P Python would search the user's current folder for modules first.
    command = [sys.executable, "-P", "-m", "dashborion.completion.fetch_names", json.dumps(request)]
    environ = {key: value for key, value in os.environ.items() if key != "_DASHBORION_COMPLETE"}
    null = subprocess.DEVNULL
    subprocess.Popen(
        command, env=environ, stdin=null, stdout=null, stderr=null, start_new_session=True
    )


def _wait(sources: list[names.NameSource]) -> None:
    """Wait until the process has fetched all names or given up, at most ``WAIT_SECONDS``."""
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end:
        time.sleep(POLL_SECONDS)
        if not any(names.is_locked(source.file) for source in sources):
            return
