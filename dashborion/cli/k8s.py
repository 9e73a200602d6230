"""``dashborion k8s``: what only Kubernetes has. A table of kinds, each listed and described."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dashborion.cli.options import Clusterwide, Output, RawListed, Where, command, group
from dashborion.cli.show import show_found, show_listed

if TYPE_CHECKING:
    from dashborion.context import Context

app = group(help="What only Kubernetes has; `ecs` is the same for ECS.")


@dataclass(frozen=True)
class Kind:
    """A kind in words. ``instead`` are the nearest commands on ECS, for a list and for one.

    ``example`` is one of the demo's.
    """

    plural: str
    singular: str
    help: str
    example: str
    instead: tuple[str, str]
    namespaced: bool = True

    @property
    def where(self) -> type[Where | Clusterwide]:
        return Where if self.namespaced else Clusterwide

    @property
    def name_forms(self) -> str:
        return "name or namespace/name." if self.namespaced else "The name."


_ENDPOINTS = ("workloads list -o wide", "workloads describe NAME")
_ONE_WORKLOAD = ("workloads list", "workloads describe NAME")
KINDS = (
    Kind("ingresses", "ingress", "Routes from outside to Services.", "web", _ENDPOINTS),
    Kind("configmaps", "ConfigMap",
         "Settings as files and variables. Secrets are not shown by any command.",
         "settings", ("ecs task-definitions list", "ecs task-definitions describe FAMILY")),
    Kind("services", "Service", "Addresses in front of pods.", "web", _ENDPOINTS),
    Kind("nodes", "node", "The machines. They are in no namespace.", "node-1",
         ("ecs container-instances list", "ecs container-instances list"), namespaced=False),
    Kind("namespaces", "namespace", "The cluster's namespaces.", "media-staging",
         ("ecs clusters list", "ecs clusters describe"), namespaced=False),
    Kind("events", "event", "What happened, newest last.", "web.released",
         ("workloads events NAME", "workloads events NAME")),
    Kind("jobs", "job", "What runs to its end.", "reindex",
         ("instances list --all", "instances describe ID")),
    Kind("cronjobs", "cron job", "What makes jobs by the clock.", "cleanup",
         ("instances list --all", "instances describe ID")),
    Kind("autoscalers", "autoscaler", "HorizontalPodAutoscalers.", "web", _ONE_WORKLOAD),
)  # fmt: skip


def _add(kind: Kind) -> None:
    one = group(help=kind.help)
    app.add_typer(one, name=kind.plural)
    _add_list(one, kind)
    _add_describe(one, kind)


def _add_list(one: typer.Typer, kind: Kind) -> None:
    def list_(
        ctx: typer.Context,
        *,
        where: Any,
        listed: RawListed,
        selector: Annotated[
            str | None, typer.Option("--selector", "-l", help="Labels, as key=value,...")
        ] = None,
    ) -> None:
        from dashborion.engines.fleet import only_on_kubernetes
        from dashborion.render import native_views

        query = where.query(selector=selector, raw=listed.raw)
        context: Context = ctx.obj
        only_on = only_on_kubernetes(kind.instead[0])
        fleet = context.fleet(where.choice, only="kubernetes")
        answer = fleet.natives(only_on, lambda native: native.listed(kind.plural, query))
        show_listed(context, native_views.KUBERNETES[kind.plural], answer, where, listed)

    list_.__annotations__["where"] = kind.where
    everywhere = " -A" if kind.namespaced else ""
    example = f"dashborion k8s {kind.plural} list{everywhere} -e media/staging"
    command(one, "list", help=f"List {kind.plural}.\n\nExample: {example}")(list_)


def _add_describe(one: typer.Typer, kind: Kind) -> None:
    def describe(
        ctx: typer.Context,
        name: Any,
        *,
        where: Any,
        output: Output,
    ) -> None:
        from dashborion.engines.fleet import only_on_kubernetes
        from dashborion.render import native_views

        query = where.query()
        context: Context = ctx.obj
        only_on = only_on_kubernetes(kind.instead[1])
        fleet = context.fleet(where.choice, only="kubernetes")
        answer = fleet.native(
            only_on, name, lambda native: native.described(kind.plural, name, query)
        )
        show_found(context, native_views.KUBERNETES[kind.plural], answer, output)

    describe.__annotations__["where"] = kind.where
    describe.__annotations__["name"] = Annotated[
        str, typer.Argument(metavar="NAME", help=kind.name_forms)
    ]
    example = f"dashborion k8s {kind.plural} describe {kind.example} -e media/staging"
    text = f"Show one {kind.singular}, and what happened to it.\n\nExample: {example}"
    command(one, "describe", help=text)(describe)


for _kind in KINDS:
    _add(_kind)
