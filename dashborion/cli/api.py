"""``dashborion api``: answers the paths of an HTTP API in process.

A path is translated to a command, which is then run; the keys of its query are that
command's options.
"""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

import typer

from dashborion.errors import PartialFailure, UsageError, suggestion

if TYPE_CHECKING:
    from dashborion.context import Context


class ApiRoute(NamedTuple):
    """The pattern of a path, and its command; ``lines`` if that prints one object a line."""

    pattern: str
    command: tuple[str, ...]
    lines: bool = False

    def match(self, steps: list[str]) -> dict[str, str] | None:
        """The values of the pattern's ``{names}``; None if the path does not match."""
        names = self.pattern.strip("/").split("/")
        if len(steps) != len(names) or not all(steps):
            return None
        pairs = list(zip(names, steps, strict=True))
        if any(name != step for name, step in pairs if not name.startswith("{")):
            return None
        return {name.strip("{}"): step for name, step in pairs if name.startswith("{")}


ROUTES = (
    ApiRoute("/api/{project}/workloads/{env}", ("workloads", "list")),
    ApiRoute("/api/{project}/workloads/{env}/{name}", ("workloads", "describe")),
    ApiRoute("/api/{project}/instances/{env}", ("instances", "list")),
    ApiRoute("/api/{project}/instances/{env}/{id}", ("instances", "describe")),
    ApiRoute("/api/{project}/instances/{env}/{id}/logs", ("instances", "logs"), lines=True),
)
# Options that the path replaces, that have no effect on JSON, or that would never end.
_REFUSED_KEYS = frozenset({
    "project", "env", "all-envs", "output", "columns", "no-headers", "follow", "highlight",
    "timestamps", "utc", "no-prefix", "watch", "interval",
    "help", "config", "demo", "color", "quiet", "verbose",
    "debug",
    "version",
})  # fmt: skip


def api(
    ctx: typer.Context,
    path: Annotated[
        str, typer.Argument(metavar="PATH", help="Path to answer, with an optional query.")
    ],
) -> None:
    """Print the JSON that an HTTP API would answer for a path.

    Paths: /api/PROJECT/workloads/ENV, optionally followed by /NAME, and
    /api/PROJECT/instances/ENV, optionally followed by /ID or /ID/logs. Use - as the PROJECT of an
    environment that has none. The keys of the query are the long options of the command:
    ?namespace=shop&status=degraded&all=true

    Example: dashborion api '/api/media/workloads/staging?status=degraded'
    """
    context: Context = ctx.obj
    root = ctx.find_root().command
    route, values = _route(path)
    command = _command(root, route)
    words = [*route.command, *_options(command, urlsplit(path).query), "--output", "json"]
    environment, project = values.pop("env"), values.pop("project")
    words += ["--env", environment if project == "-" else f"{project}/{environment}"]
    words += ["--", *values.values()] if values else []
    context.streams.structured = True
    if route.lines:
        _run_lines(root, words, context)
    else:
        _run(root, words, context)


def _route(path: str) -> tuple[ApiRoute, dict[str, str]]:
    """The route of a path, and the decoded values in it.

    Raises:
        UsageError: there is none; the hint lists all.
    """
    steps = [unquote(step) for step in urlsplit(path).path.strip("/").split("/")]
    for route in ROUTES:
        values = route.match(steps)
        if values is not None:
            return route, values
    routes = ", ".join(route.pattern for route in ROUTES)
    raise UsageError(f"no route '{urlsplit(path).path}'", hint=f"use one of {routes}")


def _command(root: Any, route: ApiRoute) -> Any:
    """The Typer command of a route.

    Raises:
        UsageError: this version does not have the command.
    """
    command = root
    for word in route.command:
        command = command.commands.get(word)
        if command is None:
            name = " ".join(route.command)
            raise UsageError(f"this version of dashborion has no `{name}`")
    return command


def _options(command: Any, query: str) -> list[str]:
    """The query as options of the command.

    Raises:
        UsageError: an unknown key, or a flag that is neither true nor false.
    """
    known = {
        name.removeprefix("--"): option
        for option in command.params
        for name in option.opts
        if name.startswith("--") and name.removeprefix("--") not in _REFUSED_KEYS
    }
    words = []
    for key, value in parse_qsl(query, keep_blank_values=True):
        if key not in known:
            near = suggestion(key, known, most=len(known))
            raise UsageError(f"no query key '{key}' for this route", hint=near)
        if not known[key].is_flag:
            words.append(f"--{key}={value}")
        elif value not in ("", "true", "false"):
            raise UsageError(f"{key}: '{value}' is not true or false")
        elif value != "false":
            words.append(f"--{key}")
    return words


def _run(root: Any, words: list[str], context: Context) -> None:
    with root.make_context("dashborion", words, obj=context) as ctx:
        root.invoke(ctx)


def _run_lines(root: Any, words: list[str], context: Context) -> None:
    """Run a command that prints one object a line, and print them as one array.

    Raises:
        PartialFailure: an environment failed, after the objects of the others.
    """
    from dashborion import render

    streams, written = context.streams, io.StringIO()
    out, streams.out = streams.out, written
    failed: PartialFailure | None = None
    try:
        _run(root, words, context)
    except PartialFailure as error:
        failed = error
    finally:
        streams.out = out
    objects = [json.loads(line) for line in written.getvalue().splitlines() if line]
    render.show_document(streams, objects)
    if failed is not None:
        raise failed
