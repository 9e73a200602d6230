"""Completers: the values that a tab offers for each option and argument.

A completer that fails offers nothing. Names come from ``known_names``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import typer

from dashborion.completion import known_names
from dashborion.context import wants_demo

if TYPE_CHECKING:
    from dashborion.render.columns import View

Completer = Callable[..., list[str]]

_FOR_RUNNING = ("exec", "stop", "port-forward")


@dataclass(eq=False, repr=False)
class Line:
    """The command line that is being completed; Typer hands it on as it does a ``Context``.

    ``files`` when the shell itself is to offer files.
    """

    globals: Any = field(default_factory=lambda: SimpleNamespace(config=None, demo=wants_demo()))
    files: bool = False


def environments(ctx: typer.Context, incomplete: str) -> list[str]:
    """Environments, and where nothing is changed also projects, which mean all of theirs."""
    is_change = any(param.name == "yes" for param in ctx.command.params)
    is_narrowed = is_change or ctx.params.get("project")
    return _environments(ctx, incomplete) + ([] if is_narrowed else projects(ctx))


def _environments(ctx: typer.Context, incomplete: str) -> list[str]:
    """By their labels, by their names where unique, and contexts after ``k8s:``."""
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


def _with_environments(offer: Completer) -> Completer:
    """The same, for names that may have an environment in front: ``ENV:NAME``.

    Those of other environments than the line's are offered when ``ENV`` was begun.
    """

    def offer_all(ctx: typer.Context, incomplete: str) -> list[str]:
        if ":" in incomplete and (label := known_names.environment_typed(ctx, incomplete)):
            with _in_environment(ctx, label):
                names = offer(ctx, incomplete[len(label) + 1 :])
            return [f"{label}:{name}" for name in names]
        names = offer(ctx, incomplete)
        if not incomplete or any(name.startswith(incomplete) for name in names):
            return names
        for label in _environments(ctx, incomplete):
            if label.startswith(incomplete):
                with _in_environment(ctx, label):
                    names += [f"{label}:{name}" for name in offer(ctx, "")]
        return names

    return offer_all


@contextmanager
def _in_environment(ctx: typer.Context, label: str) -> Iterator[None]:
    before = dict(ctx.params)
    ctx.params.update(env=[label], all_envs=False)
    try:
        yield
    finally:
        ctx.params.clear()
        ctx.params.update(before)


@_with_environments
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


@_with_environments
def instances(ctx: typer.Context, incomplete: str) -> list[str]:
    """Instances: their names, or if none begins with what was typed their ids.

    Not those that have stopped, where the command needs one that runs.
    """
    rows = known_names.rows(ctx, "instances", _namespace(ctx))
    if ctx.command.name in _FOR_RUNNING:
        rows = [row for row in rows if "stopped" not in row[5:]]
    names = [row[2] for row in rows]
    return names if any(name.startswith(incomplete) for name in names) else [row[1] for row in rows]


def instances_and_workloads(ctx: typer.Context, incomplete: str) -> list[str]:
    """What connections can go to."""
    return [*workloads(ctx, incomplete), *instances(ctx, incomplete)]


def nothing() -> list[str]:
    """Words that are known to nobody else."""
    return []


def containers(ctx: typer.Context) -> list[str]:
    """Containers of the workloads or instances on the line, or of all."""
    typed_names = _typed_names(ctx)
    typed = {known_names.plain_name(name).rpartition("/")[2] for name in typed_names}
    rows = known_names.rows(ctx, "instances", _namespace(ctx), typed_names)
    return [
        name for row in rows if not typed or typed & {row[1], row[2], row[3]} for name in row[4]
    ]


def revisions(ctx: typer.Context) -> list[str]:
    """Revisions of the workload on the line."""
    typed = _typed_names(ctx)
    if not typed:
        return []
    known = known_names.of_workload(ctx, "revisions", typed[0], _namespace(ctx))
    return [row[1] for row in known]


def hooks(ctx: typer.Context) -> list[str]:
    """The hooks at which the workload on the line waits."""
    typed = _typed_names(ctx)
    if not typed:
        return []
    known = known_names.of_workload(ctx, "hooks", typed[0], _namespace(ctx))
    return [row[1] for row in known if row[1]]


def goals() -> list[str]:
    """Values of ``--until``."""
    from dashborion.engines.until import GOALS

    return list(GOALS)


def _typed_names(ctx: typer.Context) -> list[str]:
    """The workloads and instances on the line.

    Typer parses no arguments while an option lacks its value: then they are in ``args``.
    """
    return names_in(ctx.params) or list(ctx.args)


def names_in(values: Mapping[str, Any]) -> list[str]:
    """The NAMEs and IDs among the values of a command's parameters."""
    typed = [values.get(name) or () for name in NAMES]
    lists = [[value] if isinstance(value, str) else value for value in typed]
    return [name for names in lists for name in names]


def source_workloads(ctx: typer.Context, incomplete: str) -> list[str]:
    """Workloads of the environment of ``--image-from``."""
    if source := ctx.params.get("image_from"):
        ctx.params["env"] = [source]
    return workloads(ctx, incomplete)


def fields(incomplete: str) -> list[str]:
    """Fields that are compared, behind those that are in the list already."""
    from dashborion.engines.comparison import FIELDS

    before, comma, _ = incomplete.rpartition(",")
    return [f"{before}{comma}{name}" for name in FIELDS if name not in before.split(",")]


def repositories() -> list[str]:
    """Values of ``--repository``."""
    from dashborion.engines.promotion import Repository

    return list(Repository)


def statuses(ctx: typer.Context) -> list[str]:
    """Values of ``--status``."""
    from dashborion.models.instance import InstanceStatus
    from dashborion.models.workload import WorkloadStatus

    statuses = InstanceStatus if _group(ctx) == "instances" else WorkloadStatus
    return [str(status) for status in statuses]


def verbs() -> list[str]:
    """Values of ``--for``."""
    from dashborion.models.environment import Verb

    return list(Verb)


def kinds() -> list[str]:
    """Values of ``--kind``."""
    from dashborion.models.timeline import EntryKind

    return list(EntryKind)


def types(ctx: typer.Context) -> list[str]:
    """Values of ``--type``: of events, else of workloads."""
    from dashborion.models.event import EventType
    from dashborion.models.kinds import KIND_OF

    if ctx.info_name == "events":
        return list(map(str, EventType))
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


@_with_environments
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
    if group in ("workloads", "ecs deployments") or ctx.info_name == "timeline":
        return workloads(ctx, incomplete)
    if group.startswith(("k8s ", "ecs ")):
        return natives(ctx, incomplete)
    return instances(ctx, incomplete) if group == "instances" else []


def sort_columns(ctx: typer.Context) -> list[str]:
    """Columns of the command's list."""
    view = _view(_group(ctx), ctx.command.name)
    return [column.key for column in view.columns] if view else []


def _view(group: str, command: str | None) -> View | None:
    from dashborion.render.views import (
        comparisons,
        ecs,
        environments,
        instances,
        kubernetes,
        timeline,
        usage,
        workloads,
    )

    one, _, kind = group.partition(" ")
    if kind and command == "list":
        return (kubernetes.LISTS if one == "k8s" else ecs.LISTS).get(kind)
    views = {
        "workloads list": workloads.WORKLOADS,
        "workloads events": workloads.EVENTS,
        "workloads top": usage.USAGE,
        "workloads diff": comparisons.view("", ""),
        " timeline": timeline.TIMELINE,
        "instances list": instances.INSTANCES,
        "instances top": usage.USAGE,
        "k8s nodes top": usage.MACHINES,
        "ecs container-instances top": usage.MACHINES,
        "env list": environments.ENVIRONMENTS,
        "env check": environments.CHECKS,
    }
    return views.get(f"{group} {command}")


NAMES = ("name", "names", "patterns", "id_", "workload", "service", "family", "first", "target")
"""Parameters of commands that are names of objects in environments, with or without ``ENV:``."""

OPTIONS: dict[str, Completer] = {
    "--env": environments,
    "--project": projects,
    "--namespace": namespaces,
    "--workload": workloads,
    "--container": containers,
    "--to": revisions,
    "--image-from": environments,
    "--from-workload": source_workloads,
    "--repository": repositories,
    "--only": fields,
    "--ignore": fields,
    "--revision": revisions,
    "--with": containers,
    "--hook": hooks,
    "--status": statuses,
    "--type": types,
    "--kind": kinds,
    "--for": verbs,
    "--columns": columns,
    "--sort": sort_columns,
}
"""The completer of each option, unless a command sets another one."""


def _group(ctx: typer.Context) -> str:
    """The group of the command, whatever it is called: ``workloads``, or ``k8s services``."""
    words, parent = [], ctx.parent
    while parent is not None and parent.parent is not None:
        words.append(str(parent.command.name))
        parent = parent.parent
    return "workloads" if words == ["services"] else " ".join(reversed(words))


def _namespace(ctx: typer.Context) -> str | None:
    """The namespace that was typed; "" for each environment's own, None for all."""
    if ctx.params.get("all_namespaces"):
        return None
    return str(ctx.params.get("namespace") or "")
