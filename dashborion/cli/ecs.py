"""``dashborion ecs``: objects that only ECS has."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from dashborion.cli.options import (
    ApiListOptions,
    ClusterOptions,
    EnvironmentOptions,
    FormatOptions,
    ListOptions,
    NamespaceOptions,
    ObjectOptions,
    command,
    group,
)
from dashborion.cli.printing import print_comparison, print_list, print_object
from dashborion.cli.top import TopOptions, Window, show_top
from dashborion.cli.watch import Watched, WatchOptions
from dashborion.errors import UsageError

if TYPE_CHECKING:
    from dashborion.context import Context
    from dashborion.engines.fleet import Fleet
    from dashborion.models.query import Query

app = group()
definitions = group(help="Show task definitions: families and their revisions.")
clusters = group(help="Show the clusters of the environment's account and region.")
instances = group(help="Show the machines of the environment's cluster; Fargate has none.")
deployments = group(help="Show service deployments, with their stages and failures.")
app.add_typer(definitions, name="task-definitions")
app.add_typer(clusters, name="clusters")
app.add_typer(instances, name="container-instances")
app.add_typer(deployments, name="deployments")


class DefinitionEnvironments(EnvironmentOptions):
    """Options that choose environments, for FAMILY:REVISION."""

    of_definitions = True


class DefinitionOptions(DefinitionEnvironments, ClusterOptions):
    """The same of lists and pages."""


_REVISION = "FAMILY, for its newest revision, or FAMILY:REVISION."
Limit = Annotated[int, typer.Option("--limit", min=1, help="Show at most this many, the newest.")]


def _list(
    context: Context,
    kind: str,
    query: Query,
    where: NamespaceOptions | ClusterOptions,
    listed: ApiListOptions,
    *,
    watching: WatchOptions,
    view: str | None = None,
    instead: str,
) -> None:
    from msgspec.structs import replace

    from dashborion.engines.fleet import only_on_ecs
    from dashborion.render.views.ecs import LISTS

    is_watched = watching.is_wanted(context, listed)
    fleet = context.fleet(where.choice, only="ecs")
    if query.within is not None:
        query = replace(query, within=fleet.plain_name(query.within))
    only_on, columns = only_on_ecs(instead), LISTS[view or kind]
    if is_watched:
        look = lambda fleet: fleet.natives(only_on, kind, query).items  # noqa: E731
        Watched(context, fleet, columns, where, listed, look).run(watching)
    else:
        print_list(context, columns, fleet.natives(only_on, kind, query), where, listed)


def _describe(
    context: Context,
    kind: str,
    name: str,
    where: ClusterOptions,
    output: ObjectOptions,
    *,
    instead: str,
) -> None:
    from dashborion.engines.fleet import only_on_ecs
    from dashborion.render.views.ecs import LISTS

    query = where.query(raw=output.raw)
    fleet = context.fleet(where.choice, only="ecs")
    plain = fleet.plain_name(name)
    answer = fleet.native(
        only_on_ecs(instead), plain or "cluster", lambda ecs: ecs.described(kind, plain, query)
    )
    print_object(context, LISTS[kind], answer, output)


@command(definitions, "list")
def list_definitions(
    context: Context,
    family: Annotated[
        str | None, typer.Argument(metavar="[FAMILY]", help="List the revisions of this family.")
    ] = None,
    *,
    limit: Limit = 20,
    where: DefinitionOptions,
    listed: ApiListOptions,
    watching: WatchOptions,
) -> None:
    """List task definition families, or the revisions of one, the newest last.

    Example: dashborion ecs task-definitions list shop-staging-web -e shop/staging
    """
    query = where.query(within=family, limit=limit, raw=listed.raw)
    view = "families" if family is None else None
    instead = "workloads list" if family is None else "workloads describe NAME"
    _list(
        context,
        "task-definitions",
        query,
        where,
        listed,
        watching=watching,
        view=view,
        instead=instead,
    )


@command(definitions, "describe")
def describe_definition(
    context: Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help=_REVISION)],
    *,
    where: DefinitionOptions,
    output: ObjectOptions,
) -> None:
    """Show a task definition. Values of variables and secrets are hidden unless --raw is given.

    Example: dashborion ecs task-definitions describe shop-staging-web -e shop/staging
    """
    _describe(context, "task-definitions", name, where, output, instead="workloads describe NAME")


@command(definitions, "diff")
def diff(
    context: Context,
    first: Annotated[str, typer.Argument(metavar="FAMILY[:REVISION]", help=_REVISION)],
    second: Annotated[
        str | None, typer.Argument(metavar="[REVISION]", help="REVISION or FAMILY:REVISION.")
    ] = None,
    *,
    raw: Annotated[
        bool, typer.Option("--raw", help="Show the values of variables and secrets, too.")
    ] = False,
    where: DefinitionEnvironments,
    shown: FormatOptions,
) -> None:
    """Show the differences between two revisions; by default the newest two of a family.

    FAMILY:3 compares revision 3 with the newest, FAMILY 3 with the one before it.

    Example: dashborion ecs task-definitions diff shop-staging-payments -e shop/staging
    """
    from dashborion.engines.fleet import only_on_ecs

    if second and not second.isdecimal():
        where.names = (first, second)
    fleet = context.fleet(where.choice, only="ecs")
    _require_one_place(fleet, first, second)
    one, other = fleet.plain_name(first), second and fleet.plain_name(second)
    answer = fleet.native(
        only_on_ecs("workloads describe NAME"),
        one,
        lambda ecs: ecs.difference(one, other, values=raw),
    )
    print_comparison(context, answer.items[0].item, ListOptions(output=shown.output))
    answer.require_complete()


def _require_one_place(fleet: Fleet, first: str, second: str | None) -> None:
    """Check the environments that the two revisions bring with them.

    Raises:
        UsageError: they are not the same.
    """
    places = {fleet.names[name].labels for name in (first, second or "") if name in fleet.names}
    if len(places) > 1:
        raise UsageError("revisions of two environments cannot be compared")


@command(clusters, "list")
def list_clusters(
    context: Context, *, where: ClusterOptions, listed: ApiListOptions, watching: WatchOptions
) -> None:
    """List the clusters of the environment's account and region.

    Example: dashborion ecs clusters list -e shop/staging
    """
    query = where.query(raw=listed.raw)
    _list(context, "clusters", query, where, listed, watching=watching, instead="k8s nodes list")


@command(clusters, "describe")
def describe_cluster(
    context: Context,
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", help="Cluster; by default the environment's own."),
    ] = None,
    *,
    where: ClusterOptions,
    output: ObjectOptions,
) -> None:
    """Show a cluster.

    Example: dashborion ecs clusters describe -e shop/staging
    """
    _describe(context, "clusters", name or "", where, output, instead="k8s nodes list")


@command(instances, "list")
def list_instances(
    context: Context, *, where: ClusterOptions, listed: ApiListOptions, watching: WatchOptions
) -> None:
    """List the cluster's container instances with their free CPU and memory.

    Example: dashborion ecs container-instances list -o wide -e shop/staging
    """
    query = where.query(raw=listed.raw)
    _list(
        context,
        "container-instances",
        query,
        where,
        listed,
        watching=watching,
        instead="k8s nodes list",
    )


@command(instances, "top")
def top_instances(
    context: Context,
    *,
    where: ClusterOptions,
    listed: TopOptions,
    watching: WatchOptions,
    window: Window = "5m",
) -> None:
    """Show the CPU and memory that tasks reserve on container instances, and the cluster's use.

    What a single machine uses no API of ECS tells.

    Example: dashborion ecs container-instances top -e shop/staging
    """
    from dashborion.engines import usage
    from dashborion.engines.fleet import only_on_ecs
    from dashborion.render.views.usage import MACHINES

    fleet, only_on = context.fleet(where.choice, only="ecs"), only_on_ecs("k8s nodes top")
    query, asked = where.query(), listed.asked(window)
    look = partial(usage.machines, query=query, asked=asked, only_on=only_on)
    show_top(context, MACHINES, fleet, look, where=where, listed=listed, watching=watching)


@command(deployments, "list")
def list_deployments(
    context: Context,
    service: Annotated[
        str | None, typer.Argument(metavar="[SERVICE]", help="List deployments of this service.")
    ] = None,
    *,
    limit: Limit = 20,
    where: NamespaceOptions,
    listed: ApiListOptions,
    watching: WatchOptions,
) -> None:
    """List the current deployment of each service, or the newest ones of a service, newest last.

    Example: dashborion ecs deployments list payments -o wide -e shop/staging
    """
    query = where.query(within=service, limit=limit, raw=listed.raw)
    instead = "workloads list" if service is None else "workloads status NAME"
    _list(context, "deployments", query, where, listed, watching=watching, instead=instead)
