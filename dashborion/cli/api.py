"""``dashborion api``: the paths of the proposal's HTTP API, answered in process.

A path becomes the command that it stands for, and that command is run: there is
no second way to an answer. The keys of a query are the command's own options.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import parse_qsl, unquote, urlsplit

import typer

from dashborion.errors import PartialFailure, UsageError, suggestion

if TYPE_CHECKING:
    from dashborion.context import Context


@dataclass(frozen=True)
class Route:
    """A path's pattern and its command; ``lines`` when that prints one object a line."""

    pattern: str
    command: tuple[str, ...]
    lines: bool = False

    def fits(self, steps: list[str]) -> dict[str, str] | None:
        """What stands in the places of the braces, None if it is another path."""
        wanted = self.pattern.strip("/").split("/")
        if len(steps) != len(wanted) or not all(steps):
            return None
        if any(a != b for a, b in zip(wanted, steps, strict=True) if not a.startswith("{")):
            return None
        return {a.strip("{}"): b for a, b in zip(wanted, steps, strict=True) if a.startswith("{")}


ROUTES = (
    Route("/api/{project}/workloads/{env}", ("workloads", "list")),
    Route("/api/{project}/workloads/{env}/{name}", ("workloads", "describe")),
    Route("/api/{project}/instances/{env}", ("instances", "list")),
    Route("/api/{project}/instances/{env}/{id}", ("instances", "describe")),
    Route("/api/{project}/instances/{env}/{id}/logs", ("instances", "logs"), lines=True),
)
# What the path says already, what is not JSON, and what never ends.
_NOT_ASKED = frozenset({
    "project", "env", "all-envs", "output", "columns", "no-headers", "follow", "highlight",
    "timestamps", "no-prefix", "help", "config", "demo", "color", "verbose", "debug", "version",
})  # fmt: skip


def api(
    ctx: typer.Context,
    path: Annotated[str, typer.Argument(metavar="PATH", help="/api/PROJECT/workloads/ENV …")],
) -> None:
    """Answer a path as an HTTP API would, with the JSON of the command that it stands for.

    The paths: /api/PROJECT/workloads/ENV, the same with /NAME, /api/PROJECT/instances/ENV, the
    same with /ID or /ID/logs. PROJECT may be -, for none. The keys of a query are the command's
    long options: ?namespace=shop&status=degraded&all=true

    Example: dashborion api '/api/media/workloads/staging?status=degraded'
    """
    context: Context = ctx.obj
    root = ctx.find_root().command
    route, values = _routed(path)
    command = _found(root, route)
    words = [*route.command, *_options(command, urlsplit(path).query), "--output", "json"]
    environment, project = values.pop("env"), values.pop("project")
    words += ["--env", environment if project == "-" else f"{project}/{environment}"]
    words += ["--", *values.values()] if values else []
    context.streams.structured = True
    if route.lines:
        _run_lines(root, words, context)
    else:
        _run(root, words, context)


def _routed(path: str) -> tuple[Route, dict[str, str]]:
    """The route of a path, with each step decoded.

    Raises:
        UsageError: there is none; with those that there are.
    """
    steps = [unquote(step) for step in urlsplit(path).path.strip("/").split("/")]
    for route in ROUTES:
        found = route.fits(steps)
        if found is not None:
            return route, found
    routes = ", ".join(route.pattern for route in ROUTES)
    raise UsageError(f"no route '{urlsplit(path).path}'", hint=f"there is {routes}")


def _found(root: Any, route: Route) -> Any:
    """The command of a route.

    Raises:
        UsageError: this version does not have it.
    """
    command = root
    for word in route.command:
        command = command.commands.get(word)
        if command is None:
            name = " ".join(route.command)
            raise UsageError(f"this version of dashborion has no `{name}` yet")
    return command


def _options(command: Any, query: str) -> list[str]:
    """A query as the command's options.

    Raises:
        UsageError: a key that is none of them, or no truth where one is wanted.
    """
    known = {
        name.removeprefix("--"): option
        for option in command.params
        for name in option.opts
        if name.startswith("--") and name.removeprefix("--") not in _NOT_ASKED
    }
    words = []
    for key, value in parse_qsl(query, keep_blank_values=True):
        if key not in known:
            near = suggestion(key, known, most=len(known))
            raise UsageError(f"no query key '{key}' for this route", hint=near)
        if not known[key].is_flag:
            words.append(f"--{key}={value}")
        elif value not in ("", "true", "false"):
            raise UsageError(f"{key}: '{value}' is neither true nor false")
        elif value != "false":
            words.append(f"--{key}")
    return words


def _run(root: Any, words: list[str], context: Context) -> None:
    with root.make_context("dashborion", words, obj=context) as ctx:
        root.invoke(ctx)


def _run_lines(root: Any, words: list[str], context: Context) -> None:
    """Its objects, one a line, as one array; also when some environment failed."""
    from dashborion.render import Format, structured

    streams, written = context.streams, io.StringIO()
    out, streams.out = streams.out, written
    failed: PartialFailure | None = None
    try:
        _run(root, words, context)
    except PartialFailure as error:
        failed = error
    finally:
        streams.out = out
    found = [json.loads(line) for line in written.getvalue().splitlines() if line]
    streams.write(structured.document(found, Format.JSON, unicode=streams.unicode))
    if failed is not None:
        raise failed
