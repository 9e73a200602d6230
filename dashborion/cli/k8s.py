"""``dashborion k8s``: objects that only Kubernetes has; ``list`` and ``describe`` for each kind."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dashborion.cli.options import (
    ApiListOptions,
    ClusterOptions,
    NamespaceOptions,
    ObjectOptions,
    command,
    group,
)
from dashborion.cli.printing import print_list, print_object
from dashborion.cli.top import TopOptions, show_top
from dashborion.cli.watch import Watched, WatchOptions

if TYPE_CHECKING:
    from dashborion.context import Context

app = group()


@dataclass(frozen=True)
class Kind:
    """The command group of a kind.

    ``example`` is an object of the demo. ``instead`` are the nearest commands on ECS,
    for the list and for one object.
    """

    plural: str
    singular: str
    help: str
    example: str
    instead: tuple[str, str]
    namespaced: bool = True

    @property
    def where(self) -> type[NamespaceOptions | ClusterOptions]:
        return NamespaceOptions if self.namespaced else ClusterOptions

    @property
    def name_forms(self) -> str:
        return "NAME or NAMESPACE/NAME." if self.namespaced else "Name of the object."


_ENDPOINTS = ("workloads list -o wide", "workloads describe NAME")
_ONE_WORKLOAD = ("workloads list", "workloads describe NAME")
KINDS = (
    Kind("ingresses", "an Ingress", "Show Ingresses: routes from outside to Services.", "web",
         _ENDPOINTS),
    Kind("routes", "an HTTPRoute or GRPCRoute",
         "Show routes of the Gateway API: HTTPRoutes and GRPCRoutes.", "player", _ENDPOINTS),
    Kind("gateways", "a Gateway", "Show Gateways: where requests for routes come in.", "front",
         _ENDPOINTS),
    Kind("configmaps", "a ConfigMap",
         "Show ConfigMaps: settings as files and variables. No command shows Secrets.",
         "settings", ("ecs task-definitions list", "ecs task-definitions describe FAMILY")),
    Kind("services", "a Service", "Show Services: stable addresses of pods.", "web", _ENDPOINTS),
    Kind("nodes", "a node", "Show nodes: the machines of the cluster.", "node-1",
         ("ecs container-instances list", "ecs container-instances list"), namespaced=False),
    Kind("namespaces", "a namespace", "Show namespaces.", "media-staging",
         ("ecs clusters list", "ecs clusters describe"), namespaced=False),
    Kind("events", "an event", "Show events, the newest last.", "web.released",
         ("workloads events NAME", "workloads events NAME")),
    Kind("jobs", "a Job", "Show Jobs: pods that run to completion.", "reindex",
         ("instances list --all", "instances describe ID")),
    Kind("cronjobs", "a CronJob", "Show CronJobs: Jobs that run on a schedule.", "cleanup",
         ("instances list --all", "instances describe ID")),
    Kind("autoscalers", "a HorizontalPodAutoscaler", "Show HorizontalPodAutoscalers.", "web",
         _ONE_WORKLOAD),
)  # fmt: skip


def _add_group(kind: Kind) -> None:
    kind_app = group(help=kind.help)
    app.add_typer(kind_app, name=kind.plural)
    _add_list(kind_app, kind)
    _add_describe(kind_app, kind)
    if kind.plural == "nodes":
        command(kind_app, "top")(top_nodes)


def top_nodes(
    context: Context,
    *,
    where: ClusterOptions,
    listed: TopOptions,
    watching: WatchOptions,
    selector: Annotated[
        str | None, typer.Option("--selector", "-l", help="Filter by labels: KEY=VALUE, ...")
    ] = None,
) -> None:
    """Show the CPU and memory that nodes use, in percent of what they have for pods.

    Example: dashborion k8s nodes top -e media/staging
    """
    from dashborion.engines import usage
    from dashborion.engines.fleet import only_on_kubernetes
    from dashborion.render.views.usage import MACHINES

    query, fleet = where.query(selector=selector), context.fleet(where.choice, only="kubernetes")
    only_on = only_on_kubernetes("ecs container-instances top")
    look = partial(usage.machines, query=query, asked=listed.asked(), only_on=only_on)
    show_top(context, MACHINES, fleet, look, where=where, listed=listed, watching=watching)


def _add_list(kind_app: typer.Typer, kind: Kind) -> None:
    def list_(
        context: Context,
        *,
        where: Any,
        listed: ApiListOptions,
        selector: Annotated[
            str | None, typer.Option("--selector", "-l", help="Filter by labels: KEY=VALUE, ...")
        ] = None,
        watching: WatchOptions,
    ) -> None:
        from dashborion.engines.fleet import only_on_kubernetes
        from dashborion.render.views.kubernetes import LISTS

        query = where.query(selector=selector, raw=listed.raw)
        only_on = only_on_kubernetes(kind.instead[0])
        is_watched = watching.is_wanted(context, listed)
        fleet, view = context.fleet(where.choice, only="kubernetes"), LISTS[kind.plural]
        if is_watched:
            look = lambda fleet: fleet.natives(only_on, kind.plural, query).items  # noqa: E731
            Watched(context, fleet, view, where, listed, look).run(watching)
        else:
            print_list(context, view, fleet.natives(only_on, kind.plural, query), where, listed)

    list_.__annotations__["where"] = kind.where
    everywhere = " -A" if kind.namespaced else ""
    example = f"dashborion k8s {kind.plural} list{everywhere} -e media/staging"
    command(kind_app, "list", help=f"List {kind.plural}.\n\nExample: {example}")(list_)


def _add_describe(kind_app: typer.Typer, kind: Kind) -> None:
    def describe(context: Context, name: Any, *, where: Any, output: ObjectOptions) -> None:
        from dashborion.engines.fleet import only_on_kubernetes
        from dashborion.render.views.kubernetes import LISTS

        query = where.query()
        only_on = only_on_kubernetes(kind.instead[1])
        fleet = context.fleet(where.choice, only="kubernetes")
        plain = fleet.plain_name(name)
        answer = fleet.native(
            only_on, plain, lambda native: native.described(kind.plural, plain, query)
        )
        print_object(context, LISTS[kind.plural], answer, output)

    describe.__annotations__["where"] = kind.where
    describe.__annotations__["name"] = Annotated[
        str, typer.Argument(metavar="NAME", help=kind.name_forms)
    ]
    example = f"dashborion k8s {kind.plural} describe {kind.example} -e media/staging"
    events = "" if kind.plural == "events" else " with its events"
    text = f"Show {kind.singular}{events}.\n\nExample: {example}"
    command(kind_app, "describe", help=text)(describe)


for _kind in KINDS:
    _add_group(_kind)
