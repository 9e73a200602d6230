"""``dashborion ecs``: what only ECS has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from dashborion.cli.options import (
    Chosen,
    Clusterwide,
    Output,
    RawListed,
    Shown,
    Where,
    command,
    group,
)
from dashborion.cli.show import show_difference, show_found, show_listed

if TYPE_CHECKING:
    from dashborion.context import Context
    from dashborion.models.query import Query

app = group(help="What only ECS has; `k8s` is the same for Kubernetes.")
definitions = group(help="Families of task definitions and their revisions.")
clusters = group(help="The clusters of the environment's account and region.")
instances = group(help="The machines of the environment's cluster; Fargate has none.")
deployments = group(help="Service deployments: how a rollout went, stage by stage.")
app.add_typer(definitions, name="task-definitions")
app.add_typer(clusters, name="clusters")
app.add_typer(instances, name="container-instances")
app.add_typer(deployments, name="deployments")

_REVISION = "FAMILY or FAMILY:REVISION."
Limit = Annotated[int, typer.Option("--limit", min=1, help="The newest so many.")]


def _list(
    ctx: typer.Context,
    kind: str,
    query: Query,
    where: Where | Clusterwide,
    listed: RawListed,
    *,
    view: str | None = None,
    instead: str,
) -> None:
    from dashborion.engines.fleet import only_on_ecs
    from dashborion.render import native_views

    context: Context = ctx.obj
    fleet = context.fleet(where.choice, only="ecs")
    answer = fleet.natives(only_on_ecs(instead), lambda ecs: ecs.listed(kind, query))
    show_listed(context, native_views.ECS[view or kind], answer, where, listed)


def _describe(
    ctx: typer.Context, kind: str, name: str, where: Clusterwide, output: Output, *, instead: str
) -> None:
    from dashborion.engines.fleet import only_on_ecs
    from dashborion.render import native_views

    context: Context = ctx.obj
    query = where.query(raw=output.raw)
    answer = context.fleet(where.choice, only="ecs").native(
        only_on_ecs(instead), name or "cluster", lambda ecs: ecs.described(kind, name, query)
    )
    show_found(context, native_views.ECS[kind], answer, output)


@command(definitions, "list")
def list_definitions(
    ctx: typer.Context,
    family: Annotated[
        str | None, typer.Argument(metavar="[FAMILY]", help="Its revisions, newest last.")
    ] = None,
    *,
    limit: Limit = 20,
    where: Clusterwide,
    listed: RawListed,
) -> None:
    """List the families of task definitions, or one family's newest revisions.

    Example: dashborion ecs task-definitions list shop-staging-web -e shop/staging
    """
    query = where.query(within=family, limit=limit, raw=listed.raw)
    view = "families" if family is None else None
    instead = "workloads list" if family is None else "workloads describe NAME"
    _list(ctx, "task-definitions", query, where, listed, view=view, instead=instead)


@command(definitions, "describe")
def describe_definition(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help=_REVISION)],
    *,
    where: Clusterwide,
    output: Output,
) -> None:
    """Show a task definition. Values of variables and secrets are shown with --raw only.

    Example: dashborion ecs task-definitions describe shop-staging-web -e shop/staging
    """
    _describe(ctx, "task-definitions", name, where, output, instead="workloads describe NAME")


@command(definitions, "diff")
def diff(
    ctx: typer.Context,
    first: Annotated[str, typer.Argument(metavar="FAMILY[:REVISION]", help=_REVISION)],
    second: Annotated[
        str | None, typer.Argument(metavar="[REVISION]", help="REVISION or FAMILY:REVISION.")
    ] = None,
    *,
    raw: Annotated[
        bool, typer.Option("--raw", help="With the values of variables and secrets.")
    ] = False,
    where: Chosen,
    shown: Shown,
) -> None:
    """Say what changed between two revisions: by default the newest two of a family.

    FAMILY:3 alone is compared with the newest, FAMILY 3 with the one before it.

    Example: dashborion ecs task-definitions diff shop-staging-payments -e shop/staging
    """
    from dashborion.engines.fleet import only_on_ecs

    context: Context = ctx.obj
    answer = context.fleet(where.choice, only="ecs").native(
        only_on_ecs("workloads describe NAME"),
        first,
        lambda ecs: ecs.difference(first, second, values=raw),
    )
    show_difference(context, answer, shown)


@command(clusters, "list")
def list_clusters(ctx: typer.Context, *, where: Clusterwide, listed: RawListed) -> None:
    """List the clusters of the environment's account and region.

    Example: dashborion ecs clusters list -e shop/staging
    """
    query = where.query(raw=listed.raw)
    _list(ctx, "clusters", query, where, listed, instead="k8s nodes list")


@command(clusters, "describe")
def describe_cluster(
    ctx: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Unless said, the environment's own.")
    ] = None,
    *,
    where: Clusterwide,
    output: Output,
) -> None:
    """Show one cluster.

    Example: dashborion ecs clusters describe -e shop/staging
    """
    _describe(ctx, "clusters", name or "", where, output, instead="k8s nodes list")


@command(instances, "list")
def list_instances(ctx: typer.Context, *, where: Clusterwide, listed: RawListed) -> None:
    """List the cluster's container instances, and what room they have.

    Example: dashborion ecs container-instances list -o wide -e shop/staging
    """
    query = where.query(raw=listed.raw)
    _list(ctx, "container-instances", query, where, listed, instead="k8s nodes list")


@command(deployments, "list")
def list_deployments(
    ctx: typer.Context,
    service: Annotated[
        str | None, typer.Argument(metavar="[SERVICE]", help="Its deployments, newest last.")
    ] = None,
    *,
    limit: Limit = 20,
    where: Where,
    listed: RawListed,
) -> None:
    """List each service's current deployment, or the newest ones of one service.

    Example: dashborion ecs deployments list payments -o wide -e shop/staging
    """
    query = where.query(within=service, limit=limit, raw=listed.raw)
    instead = "workloads list" if service is None else "workloads status NAME"
    _list(ctx, "deployments", query, where, listed, instead=instead)
