"""What the shell is offered on tab for the values of options and arguments.

Errors offer nothing: a prompt is no place for them. Names come from what lists
have seen; what is missing or old is fetched by a process of its own (``fill``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import typer

from dashborion.completion import lookup

Completer = Callable[..., list[str]]


@dataclass(eq=False, repr=False)
class Line:
    """The command line that is being completed, in the place of a command's context."""

    globals: Any = field(default_factory=lambda: SimpleNamespace(config=None, demo=False))
    files: bool = False  # whether the shell itself shall offer files


def environments(ctx: typer.Context, incomplete: str) -> list[str]:
    """Names of environments: short ones where one is enough, and those of contexts."""
    from dashborion.config.environments import AD_HOC_KUBERNETES

    context, project = lookup.context(ctx), ctx.params.get("project")
    known = [one for one in context.config.environments if project in (None, one.project)]
    count = Counter(one.name for one in known)
    offered = [one.name for one in known if count[one.name] == 1]
    offered += [one.label for one in known]
    if incomplete.startswith(AD_HOC_KUBERNETES):
        offered += [f"{AD_HOC_KUBERNETES}{one}" for one in context.kubeconfig.namespaces]
    return offered


def projects(ctx: typer.Context) -> list[str]:
    """Names of projects."""
    return [one.project for one in lookup.context(ctx).config.environments if one.project]


def namespaces(ctx: typer.Context) -> list[str]:
    """Namespaces in which lists have seen something."""
    return sorted({row[0] for row in lookup.rows(ctx, "workloads", None)})


def workloads(ctx: typer.Context, incomplete: str) -> list[str]:
    """Names; with their kind where two are alike, and as far as it goes what was spelt out."""
    if "/" in incomplete:
        return _spelt_out(ctx, incomplete)
    rows = lookup.rows(ctx, "workloads", _namespace(ctx))
    if ctx.params.get("all_namespaces"):
        return [name for _, _, name in rows] + [f"{space}/{name}" for space, _, name in rows]
    count = Counter(name for _, _, name in rows)
    return [name if count[name] == 1 else f"{kind}/{name}" for _, kind, name in rows]


def _spelt_out(ctx: typer.Context, incomplete: str) -> list[str]:
    """``kind/name``, ``namespace/name`` and ``namespace/kind/name``."""
    from dashborion.models.kinds import KIND_OF, KIND_WORDS

    *before, _ = incomplete.split("/")
    kind = KIND_WORDS.get(before[-1].lower())
    space = before[0] if kind is None or len(before) > 1 else _namespace(ctx)
    rows = lookup.rows(ctx, "workloads", space)
    wanted = [row[2] for row in rows if kind is None or row[1] == KIND_OF[kind]]
    return ["/".join((*before, name)) for name in wanted]


def instances(ctx: typer.Context, incomplete: str) -> list[str]:
    """Names, or the ids that begin as what was typed."""
    rows = lookup.rows(ctx, "instances", _namespace(ctx))
    found = [row[2] for row in rows]
    return found if any(one.startswith(incomplete) for one in found) else [row[1] for row in rows]


def containers(ctx: typer.Context) -> list[str]:
    """The containers of the workload or instance on the line, else all of them."""
    about = {word.rpartition("/")[2] for word in _subjects(ctx)}
    rows = lookup.rows(ctx, "instances", _namespace(ctx))
    return [
        name for row in rows if not about or about & {row[1], row[2], row[3]} for name in row[4]
    ]


def revisions(ctx: typer.Context) -> list[str]:
    """The revisions of the workload on the line."""
    named = _subjects(ctx)
    return [row[1] for row in lookup.revisions(ctx, named[0], _namespace(ctx))] if named else []


def _subjects(ctx: typer.Context) -> list[str]:
    """The names on the line; Typer gives up on arguments where an option still lacks its value."""
    values = [ctx.params.get(name) for name in ("name", "names", "id_", "workload")]
    found = [
        one for value in values for one in ([value] if isinstance(value, str) else value or ())
    ]
    return found or list(ctx.args)


def statuses(ctx: typer.Context) -> list[str]:
    """The words of ``--status``."""
    from dashborion.models.instance import InstanceStatus
    from dashborion.models.workload import WorkloadStatus

    return [str(one) for one in (InstanceStatus if _group(ctx) == "instances" else WorkloadStatus)]


def types() -> list[str]:
    """The words of ``--type``."""
    from dashborion.models.kinds import KIND_OF

    return [word for type_, kind in KIND_OF.items() for word in (kind, str(type_))]


def schemas(incomplete: str) -> list[str]:
    """Names of objects that have a schema."""
    from dashborion.schema import known

    return [name for name in known() if name.lower().startswith(incomplete.lower())]


def columns(ctx: typer.Context, incomplete: str) -> list[str]:
    """Columns that are not named yet, after those that are."""
    before, comma, _ = incomplete.rpartition(",")
    named = before.split(",")
    return [f"{before}{comma}{one}" for one in _columns(ctx) if one not in named]


def sorts(ctx: typer.Context) -> list[str]:
    """Columns."""
    return _columns(ctx)


def files(ctx: typer.Context, *_: Any) -> list[str]:
    """Whatever the shell finds."""
    if isinstance(line := ctx.find_root().obj, Line):
        line.files = True
    return []


def subject(ctx: typer.Context, incomplete: str) -> list[str]:
    """What an argument names, by the group that its command is in."""
    group = _group(ctx)
    if group in ("workloads", "services"):
        return workloads(ctx, incomplete)
    return instances(ctx, incomplete) if group == "instances" else []


OPTIONS: dict[str, Completer] = {
    "--env": environments,
    "--project": projects,
    "--namespace": namespaces,
    "--workload": workloads,
    "--container": containers,
    "--to": revisions,
    "--status": statuses,
    "--type": types,
    "--columns": columns,
    "--sort": sorts,
}
"""What completes an option of that name, on any command, unless the command says otherwise."""


def _columns(ctx: typer.Context) -> list[str]:
    from dashborion.render import views

    shown = {
        "workloads list": views.WORKLOADS,
        "workloads events": views.EVENTS,
        "instances list": views.INSTANCES,
        "env list": views.ENVIRONMENTS,
        "env check": views.CHECKS,
    }
    group = "workloads" if _group(ctx) == "services" else _group(ctx)
    view = shown.get(f"{group} {ctx.info_name}")
    return [one.key for one in view.columns] if view else []


def _group(ctx: typer.Context) -> str:
    return str(ctx.parent.info_name) if ctx.parent else ""


def _namespace(ctx: typer.Context) -> str | None:
    """The namespace that was typed; the environment's own is "", all are None."""
    if ctx.params.get("all_namespaces"):
        return None
    return str(ctx.params.get("namespace") or "")
