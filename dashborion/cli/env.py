"""``dashborion env``: which environments there are, which one is used, and do they answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from dashborion.cli.options import Listed, Shown, Where, command, group
from dashborion.completion import values
from dashborion.errors import UsageError

if TYPE_CHECKING:
    from dashborion.config.targets import Environment
    from dashborion.context import Context
    from dashborion.models.environment import EnvironmentInfo

app = group()

NAME = typer.Argument(metavar="NAME", help="As -e takes it.", autocompletion=values.environments)


@command(app, "list")
def list_(ctx: typer.Context, *, listed: Listed) -> None:
    """List the environments; without a config file, the kubeconfig's contexts.

    Example: dashborion env list
    """
    from dashborion import render
    from dashborion.render import views

    context: Context = ctx.obj
    current = _current(context)
    flagged = [context.flagged(one) for one in context.config.environments]
    rows = [_info(context, one, current) for one in flagged]
    render.show_list(context.streams, views.ENVIRONMENTS, rows, listed.style(), now=context.now())
    if not rows:
        context.streams.note("no environments: there is no config file and no kubeconfig")


@command(app, "use")
def use(
    ctx: typer.Context,
    name: Annotated[str | None, NAME] = None,
    *,
    forget: Annotated[bool, typer.Option("--forget", help="Go back to the default.")] = False,
) -> None:
    """Remember an environment for commands without -e, for this config file.

    Example: dashborion env use media/staging
    """
    from dashborion.config.environments import Choice

    context: Context = ctx.obj
    if forget == (name is not None):
        raise UsageError("give the name of one environment, or --forget")
    label = None
    if name is not None:
        chosen = context.environments(Choice(patterns=(name,)))
        if len(chosen) > 1:
            raise UsageError(f"'{name}' is {len(chosen)} environments: use takes one")
        label = chosen[0].label
    context.in_use.set(context.config, label)
    context.streams.note(f"using {label}" if label else "using the default again")


@command(app, "show")
def show(ctx: typer.Context, name: Annotated[str | None, NAME] = None, *, shown: Shown) -> None:
    """Show one environment, or the one that commands use now.

    Example: dashborion env show -o json
    """
    from dashborion import render
    from dashborion.config.environments import Choice
    from dashborion.render import views

    context: Context = ctx.obj
    chosen = context.environments(Choice(patterns=(name,) if name else ()))
    rows = [_info(context, one, _current(context)) for one in chosen]
    now = context.now()
    if len(rows) == 1:
        render.show_one(context.streams, views.ENVIRONMENTS, rows[0], shown.style, now=now)
    else:
        render.show_list(context.streams, views.ENVIRONMENTS, rows, shown.style, now=now)


@command(app, "check")
def check(ctx: typer.Context, *, where: Where, listed: Listed) -> None:
    """Connect: does it answer, as whom, how fast, and what may we do there?

    Example: dashborion env check --all-envs
    """
    from dashborion import render
    from dashborion.render import views

    context: Context = ctx.obj
    answer = context.fleet(where.choice).check()
    render.show_list(context.streams, views.CHECKS, answer.items, listed.style(), now=context.now())
    if context.streams.err_tty and any(
        may.allowed is None for one in answer.items for may in one.permissions
    ):
        context.streams.note("some rights are not known without using them: see -o wide, `untried`")
    answer.require_complete()


@command(app, "discover")
def discover(
    ctx: typer.Context,
    patterns: Annotated[
        list[str] | None, typer.Argument(metavar="[PATTERN]...", help="Only these names; * and ?.")
    ] = None,
    *,
    profile: Annotated[
        list[str] | None, typer.Option("--profile", help="An AWS profile to look with; repeatable.")
    ] = None,
    region: Annotated[
        list[str] | None, typer.Option("--region", help="An AWS region to look in; repeatable.")
    ] = None,
    add: Annotated[bool, typer.Option("--add", help="Add them to the config file.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    listed: Listed,
) -> None:
    """Look for clusters: kubeconfig contexts, ECS and EKS. Nothing is written without --add.

    AWS is asked as the profiles and in the regions of the config and of AWS' own files, unless
    --profile or --region say where. A name such as homebox-prod or prod-homebox becomes
    homebox/production (which is protected); without such a word the project is the profile, or
    `discovered`. --add keeps what the file says, comments included; it is your own file or the
    one that --config names.

    Example: dashborion env discover --region eu-west-3 --region us-east-1
    """
    from dashborion import render
    from dashborion.cli.discovered import chosen, put, require_addable
    from dashborion.render import views

    context: Context = ctx.obj
    if add:
        require_addable(context, yes=yes)
    sight = context.discover(profile or (), region or ())
    found = chosen(context, sight, patterns or ())
    rows = [row for row, _ in found]
    render.show_list(context.streams, views.DISCOVERED, rows, listed.style(), now=context.now())
    if add:
        put(context, found, yes=yes)
    sight.require_complete()


def _current(context: Context) -> str | None:
    """The label that a command without -e would use; None when it would have to ask."""
    from dashborion.config.environments import Choice, choose_quietly

    chosen = choose_quietly(Choice(), context.surroundings())
    return chosen[0].label if len(chosen) == 1 else None


def _info(context: Context, environment: Environment, current: str | None) -> EnvironmentInfo:
    from dashborion.config.environments import described

    return described(context.config, environment, current=environment.label == current)
