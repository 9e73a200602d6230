"""``dashborion env``: lists, selects, checks and discovers environments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from dashborion.cli import report
from dashborion.cli.options import (
    FormatOptions,
    ListOptions,
    NamespaceOptions,
    ReportListOptions,
    command,
    group,
)
from dashborion.cli.printing import show_list, show_one
from dashborion.completion import completers
from dashborion.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dashborion.config.targets import Environment
    from dashborion.context import Context
    from dashborion.discovery.naming import Proposal
    from dashborion.models.environment import EnvironmentInfo, Verb

app = group()

NAME = typer.Argument(
    metavar="NAME",
    help="Environment: NAME, PROJECT/NAME, k8s:CONTEXT or ecs:CLUSTER.",
    autocompletion=completers.environments,
)


@command(app, "list")
def list_(context: Context, *, listed: ListOptions) -> None:
    """List environments. Without a config file, they are the contexts of the kubeconfig.

    Example: dashborion env list
    """
    from dashborion.render.views.environments import ENVIRONMENTS

    rows = _rows(context, context.config.environments)
    show_list(context, ENVIRONMENTS, rows, listed)
    if not rows:
        context.streams.note("no environments: there is no config file and no kubeconfig")


@command(app, "use")
def use(
    context: Context,
    name: Annotated[str | None, NAME] = None,
    *,
    forget: Annotated[
        bool, typer.Option("--forget", help="Use the default environment again.")
    ] = False,
) -> None:
    """Remember an environment for commands without -e.

    There is one for each config file.

    Example: dashborion env use media/staging
    """
    from dashborion.config.environments import Choice

    if forget == (name is not None):
        raise UsageError("expected either the name of an environment or --forget")
    label = None
    if name is not None:
        chosen = context.environments(Choice(patterns=(name,)))
        if len(chosen) > 1:
            raise UsageError(
                f"'{name}' matches {len(chosen)} environments", hint="name one of them"
            )
        label = chosen[0].label
    context.remembered.set(context.config, label)
    context.streams.note(f"using {label}" if label else "using the default environment")


@command(app, "show")
def show(
    context: Context, name: Annotated[str | None, NAME] = None, *, shown: FormatOptions
) -> None:
    """Show an environment; without NAME the one that commands use.

    Example: dashborion env show -o json
    """
    from dashborion.config.environments import Choice
    from dashborion.render.views.environments import ENVIRONMENTS

    rows = _rows(context, context.environments(Choice(patterns=(name,) if name else ())))
    if len(rows) == 1:
        show_one(context, ENVIRONMENTS, rows[0], shown)
    else:
        show_list(context, ENVIRONMENTS, rows, ListOptions(output=shown.output))


@command(app, "check")
def check(
    context: Context,
    *,
    needed: Annotated[
        str | None,
        typer.Option(
            "--for",
            metavar="COMMAND",
            help="Show each right that a command needs: stop, run, why, port-forward, ...",
        ),
    ] = None,
    where: NamespaceOptions,
    listed: ReportListOptions,
) -> None:
    """Connect to environments and show identity, response time and permissions.

    With --for, show whether the credentials have each right that one command needs.

    Example: dashborion env check --all-envs
    """
    from dashborion.cli.option_values import member
    from dashborion.models.environment import Verb
    from dashborion.render.views.environments import CHECKS

    verb = member(Verb, needed, "--for")
    if verb is not None:
        _check_rights(context, verb, where, listed)
        return

    reporter = report.begin(context, listed.output, "env check")
    answer = context.fleet(where.choice).check()
    if reporter:
        from dashborion.render import github

        reporter.add(github.of_check(answer.items))
    else:
        show_list(context, CHECKS, answer.items, listed)
    permissions = (permission for check in answer.items for permission in check.permissions)
    if context.streams.err_tty and any(permission.allowed is None for permission in permissions):
        context.streams.note(
            "some permissions cannot be tested without making changes: see `untried` with -o wide"
        )
    answer.require_complete()


def _check_rights(
    context: Context, verb: Verb, where: NamespaceOptions, listed: ReportListOptions
) -> None:
    from dashborion.render.views.environments import RIGHTS

    if listed.output == "github":
        raise UsageError("-o github: not with --for")
    answer = context.fleet(where.choice).rights(verb, where.query())
    show_list(context, RIGHTS, answer.items, listed)
    answer.require_complete()


@command(app, "discover")
def discover(
    context: Context,
    patterns: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PATTERN]...", help="Show only these names; * and ? are wildcards."
        ),
    ] = None,
    *,
    profile: Annotated[
        list[str] | None,
        typer.Option("--profile", help="Search with this AWS profile; repeatable."),
    ] = None,
    region: Annotated[
        list[str] | None, typer.Option("--region", help="Search in this AWS region; repeatable.")
    ] = None,
    add: Annotated[
        bool, typer.Option("--add", help="Add the environments to the config file.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
    listed: ListOptions,
) -> None:
    """Search for clusters in the kubeconfig, on ECS and on EKS.

    AWS is searched with the profiles and regions of the config and of AWS' own files, or with
    --profile and --region. Clusters named homebox-prod or prod-homebox become the environment
    homebox/production, which is protected. In other cases the project is the profile, or
    `discovered`.

    --add adds the environments to your own config file, or to the one that --config names.
    Its comments and layout are kept.

    Example: dashborion env discover --region eu-west-3 --region us-east-1
    """
    from dashborion.discovery.naming import matching, propose
    from dashborion.render.views.environments import DISCOVERED

    if add:
        _require_addable(context, yes=yes)
    discovered = context.discover(profile or (), region or ())
    all_proposals = propose(discovered.clusters, context.config_file.config.environments)
    proposals = matching(all_proposals, patterns or (), complete=not discovered.failures)
    rows = [row for row, _ in proposals]
    show_list(context, DISCOVERED, rows, listed)
    if add:
        _add(context, proposals, yes=yes)
    discovered.require_complete()


def _require_addable(context: Context, *, yes: bool) -> None:
    """To be called before the search.

    Raises:
        UsageError: the demo has no config file, or confirmation is needed without a terminal.
    """
    if context.globals.demo:
        raise UsageError("the demo has no config file to add environments to")
    if not yes and not (context.stdin.isatty() and context.streams.err_tty):
        raise UsageError(
            "--add cannot ask for confirmation without a terminal", hint="use --yes to confirm"
        )


def _add(context: Context, proposals: Sequence[Proposal], *, yes: bool) -> None:
    """Add the environments that are not configured yet to the config file.

    Raises:
        Declined: the answer was not yes.
        ConfigError: the file cannot be written.
    """
    file = context.config_file
    new = [environment for row, environment in proposals if not row.configured]
    if not new:
        context.streams.note(f"nothing to add to {file.path}")
        return
    count = f"{len(new)} environment{'s' if len(new) > 1 else ''}"
    if not yes:
        context.confirm(f"add {count} to {file.path}")
    added = file.add(new)
    count = f"{added} environment{'s' if added != 1 else ''}"
    context.streams.note(f"added {count} to {file.path}")


def _rows(context: Context, environments: Iterable[Environment]) -> list[EnvironmentInfo]:
    """The environments as they are printed; current is what a command without -e would use."""
    from dashborion.config.environments import Choice, environment_info
    from dashborion.config.prefixed_names import choose_quietly

    chosen = choose_quietly(Choice(), context.choice_inputs())
    current = chosen[0].label if len(chosen) == 1 else None
    return [
        environment_info(context.config, environment, current=environment.label == current)
        for environment in map(context.with_flags, environments)
    ]
