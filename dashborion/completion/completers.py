"""Completers: the values that a tab offers for each option and argument.

A completer that fails offers nothing. Names come from ``known_names``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import typer

from dashborion.completion import known_names

if TYPE_CHECKING:
    from dashborion.render.columns import View

Completer = Callable[..., list[str]]


@dataclass(eq=False, repr=False)
class Line:
    """The command line that is being completed; Typer hands it on as it does a ``Context``.

    ``files`` when the shell itself is to offer files.
    """

    globals: Any = field(default_factory=lambda: SimpleNamespace(config=None, demo=False))
    files: bool = False


def environments(ctx: typer.Context, incomplete: str) -> list[str]:
    """Environments: by their labels, by their names where unique, and contexts after ``k8s:``."""
    from dashborion.config.environments import AD_HOC_KUBERNETES

    context, project = known_names.quiet_context(ctx), ctx.params.get("project")
    known = [env for env in context.config.environments if project in (None, env.project)]
    count = Counter(env.name for env in known)
    names = [env.name for env in known if count[env.name] == 1]
    names += [env.label for env in known]
    if incomplete.startswith(AD_HOC_KUBERNETES):
        names += [f"{AD_HOC_KUBERNETES}{name}" for name in context.kubeconfig.namespaces]
    return names


def projects(ctx: typer.Context) -> list[str]:
    """Projects."""
    configured = known_names.quiet_context(ctx).config.environments
    return [environment.project for environment in configured if environment.project]


def namespaces(ctx: typer.Context) -> list[str]:
    """Namespaces in which lists have seen something."""
    return sorted({row[0] for row in known_names.rows(ctx, "workloads", None)})


def workloads(ctx: typer.Context, incomplete: str) -> list[str]:
    """Workloads: names, with their kind where two have the same, or in the form that was begun."""
    if "/" in incomplete:
        return _qualified_names(ctx, incomplete)
    rows = known_names.rows(ctx, "workloads", _namespace(ctx))
    if ctx.params.get("all_namespaces"):
        return [name for _, _, name in rows] + [
            f"{namespace}/{name}" for namespace, _, name in rows
        ]
    count = Counter(name for _, _, name in rows)
    return [name if count[name] == 1 else f"{kind}/{name}" for _, kind, name in rows]


def _qualified_names(ctx: typer.Context, incomplete: str) -> list[str]:
    """Names behind a typed ``kind/``, ``namespace/`` or ``namespace/kind/``."""
    from dashborion.models.kinds import KIND_OF, workload_type

    *before, _ = incomplete.split("/")
    kind = workload_type(before[-1])
    namespace = before[0] if kind is None or len(before) > 1 else _namespace(ctx)
    rows = known_names.rows(ctx, "workloads", namespace)
    names = [row[2] for row in rows if kind is None or row[1] == KIND_OF[kind]]
    return ["/".join((*before, name)) for name in names]


def instances(ctx: typer.Context, incomplete: str) -> list[str]:
    """Instances: their names, or if none begins with what was typed their ids."""
    rows = known_names.rows(ctx, "instances", _namespace(ctx))
    names = [row[2] for row in rows]
    return names if any(name.startswith(incomplete) for name in names) else [row[1] for row in rows]


def containers(ctx: typer.Context) -> list[str]:
    """Containers of the workloads or instances on the line, or of all."""
    typed = {name.rpartition("/")[2] for name in _typed_names(ctx)}
    rows = known_names.rows(ctx, "instances", _namespace(ctx))
    return [
        name for row in rows if not typed or typed & {row[1], row[2], row[3]} for name in row[4]
    ]


def revisions(ctx: typer.Context) -> list[str]:
    """Revisions of the workload on the line."""
    typed = _typed_names(ctx)
    if not typed:
        return []
    return [row[1] for row in known_names.revisions(ctx, typed[0], _namespace(ctx))]


def _typed_names(ctx: typer.Context) -> list[str]:
    """The workloads and instances on the line.

    Typer parses no arguments while an option lacks its value: then they are in ``args``.
    """
    values = [ctx.params.get(name) for name in ("name", "names", "id_", "workload")]
    lists = [[value] if isinstance(value, str) else value or () for value in values]
    return [name for names in lists for name in names] or list(ctx.args)


def statuses(ctx: typer.Context) -> list[str]:
    """Values of ``--status``."""
    from dashborion.models.instance import InstanceStatus
    from dashborion.models.workload import WorkloadStatus

    statuses = InstanceStatus if _group(ctx) == "instances" else WorkloadStatus
    return [str(status) for status in statuses]


def types() -> list[str]:
    """Values of ``--type``."""
    from dashborion.models.kinds import KIND_OF

    return [word for type_, kind in KIND_OF.items() for word in (kind, str(type_))]


def schemas(incomplete: str) -> list[str]:
    """Objects that have a schema."""
    from dashborion.schema import known

    return [name for name in known() if name.lower().startswith(incomplete.lower())]


def columns(ctx: typer.Context, incomplete: str) -> list[str]:
    """Columns that are not in the list yet, behind those that are."""
    before, comma, _ = incomplete.rpartition(",")
    typed = before.split(",")
    return [f"{before}{comma}{key}" for key in sort_columns(ctx) if key not in typed]


def files(ctx: typer.Context, *_: Any) -> list[str]:
    """Files, which the shell itself finds."""
    if isinstance(line := ctx.find_root().obj, Line):
        line.files = True
    return []


def natives(ctx: typer.Context, incomplete: str) -> list[str]:
    """Objects of the kind that the group is about: names, or behind a typed ``namespace/``."""
    kind, (before, slash, _) = _group(ctx), incomplete.rpartition("/")
    if slash:
        return [f"{before}/{name}" for _, _, name in known_names.rows(ctx, kind, before)]
    if not ctx.params.get("all_namespaces"):
        return [name for _, _, name in known_names.rows(ctx, kind, _namespace(ctx))]
    rows = known_names.rows(ctx, kind, None)
    return [name for _, _, name in rows] + [f"{namespace}/{name}" for namespace, _, name in rows]


def argument(ctx: typer.Context, incomplete: str) -> list[str]:
    """The objects that the command's group is about, or whose deployments it lists."""
    group = _group(ctx)
    if group in ("workloads", "ecs deployments"):
        return workloads(ctx, incomplete)
    if group.startswith(("k8s ", "ecs ")):
        return natives(ctx, incomplete)
    return instances(ctx, incomplete) if group == "instances" else []


def sort_columns(ctx: typer.Context) -> list[str]:
    """Columns of the command's list."""
    view = _view(_group(ctx), ctx.info_name)
    return [column.key for column in view.columns] if view else []


def _view(group: str, command: str | None) -> View | None:
    from dashborion.render.views import ecs, environments, instances, kubernetes, workloads

    one, _, kind = group.partition(" ")
    if kind and command == "list":
        return (kubernetes.LISTS if one == "k8s" else ecs.LISTS).get(kind)
    views = {
        "workloads list": workloads.WORKLOADS,
        "workloads events": workloads.EVENTS,
        "instances list": instances.INSTANCES,
        "env list": environments.ENVIRONMENTS,
        "env check": environments.CHECKS,
    }
    return views.get(f"{group} {command}")


OPTIONS: dict[str, Completer] = {
    "--env": environments,
    "--project": projects,
    "--namespace": namespaces,
    "--workload": workloads,
    "--container": containers,
    "--to": revisions,
    "--revision": revisions,
    "--with": containers,
    "--status": statuses,
    "--type": types,
    "--columns": columns,
    "--sort": sort_columns,
}
"""The completer of each option, unless a command sets another one."""


def _group(ctx: typer.Context) -> str:
    """The words before the command's own: ``workloads``, also by its alias, or ``k8s services``."""
    words, parent = [], ctx.parent
    while parent is not None and parent.parent is not None:
        words.append(str(parent.info_name))
        parent = parent.parent
    return "workloads" if words == ["services"] else " ".join(reversed(words))


def _namespace(ctx: typer.Context) -> str | None:
    """The namespace that was typed; "" for each environment's own, None for all."""
    if ctx.params.get("all_namespaces"):
        return None
    return str(ctx.params.get("namespace") or "")
