"""Options that several commands share, and how a command gets them.

Sets of options are frozen dataclasses whose fields are Typer options. A
command takes one as a parameter; ``command`` spreads its fields into the
command's own signature and collects them again. The global options are added
to every command and group, so that they work on either side of its name.

Only Typer and the standard library are imported here.
"""

from __future__ import annotations

import dataclasses
import inspect
import typing
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

from dashborion import __version__
from dashborion.cli import complete
from dashborion.render import Format, Style

if TYPE_CHECKING:
    from dashborion.context import Context
    from dashborion.environments import Choice
    from dashborion.models import Query
    from dashborion.rollout import Patience

WHERE, OUTPUT, EVERYWHERE = "Environment", "Output", "Global options"

Option = typer.Option

Printed = Annotated[Format, Option("--output", "-o", help="How to print.", rich_help_panel=OUTPUT)]
Raw = Annotated[
    bool, Option("--raw", help="The API's own objects, as JSON or YAML.", rich_help_panel=OUTPUT)
]


@dataclass(frozen=True)
class Chosen:
    """Which environments."""

    project: Annotated[
        str | None, Option("--project", "-p", help="Only this project.", rich_help_panel=WHERE)
    ] = None
    env: Annotated[
        list[str] | None,
        Option(
            "--env",
            "-e",
            help="NAME, PROJECT/NAME, a glob, k8s:CONTEXT or ecs:CLUSTER; repeatable.",
            autocompletion=complete.environments,
            rich_help_panel=WHERE,
        ),
    ] = None
    all_envs: Annotated[
        bool, Option("--all-envs", help="Every environment there is.", rich_help_panel=WHERE)
    ] = False

    @property
    def choice(self) -> Choice:
        """The environments, as the selection takes them."""
        from dashborion.environments import Choice

        return Choice(self.project, tuple(self.env or ()), self.all_envs)


@dataclass(frozen=True)
class Where(Chosen):
    """Which environments, and which namespace in them."""

    namespace: Annotated[
        str | None,
        Option(
            "--namespace",
            "-n",
            help="This namespace instead of the environment's own.",
            rich_help_panel=WHERE,
        ),
    ] = None
    all_namespaces: Annotated[
        bool,
        Option("--all-namespaces", "-A", help="Every namespace.", rich_help_panel=WHERE),
    ] = False

    def query(self, **more: Any) -> Query:
        """A query in this namespace, or in all.

        Raises:
            UsageError: both were asked for.
        """
        from dashborion.errors import UsageError
        from dashborion.models import Query

        if self.namespace is not None and self.all_namespaces:
            raise UsageError("-n and -A exclude each other")
        return Query(namespace=self.namespace, all_namespaces=self.all_namespaces, **more)


@dataclass(frozen=True)
class Clusterwide(Chosen):
    """Which environments, for what is in no namespace: asking for one is an error that says so."""

    namespace: Annotated[str | None, Option("--namespace", "-n", hidden=True)] = None
    all_namespaces: Annotated[bool, Option("--all-namespaces", "-A", hidden=True)] = False

    def query(self, **more: Any) -> Query:
        """A query of the whole cluster.

        Raises:
            UsageError: a namespace was asked for.
        """
        from dashborion.errors import UsageError
        from dashborion.models import Query

        if self.namespace is not None or self.all_namespaces:
            raise UsageError("these are in no namespace", hint="leave -n and -A out")
        return Query(**more)


@dataclass(frozen=True)
class Shown:
    """How one of dashborion's own objects is shown."""

    output: Printed = Format.TABLE

    @property
    def style(self) -> Style:
        return Style(format=self.output)


@dataclass(frozen=True)
class Output(Shown):
    """How one object of an API is shown."""

    raw: Raw = False


@dataclass(frozen=True)
class Listed:
    """How a list of dashborion's own objects is shown."""

    output: Printed = Format.TABLE
    columns: Annotated[
        str | None,
        Option("--columns", help="These columns, as a,b,c.", rich_help_panel=OUTPUT),
    ] = None
    sort: Annotated[
        str | None,
        Option("--sort", help="By this column; -COLUMN descends.", rich_help_panel=OUTPUT),
    ] = None
    no_headers: Annotated[
        bool, Option("--no-headers", help="No header line.", rich_help_panel=OUTPUT)
    ] = False

    def style(self, extra: frozenset[str] = frozenset()) -> Style:
        columns = [key for key in (self.columns or "").split(",") if key.strip()]
        return Style(
            format=self.output,
            columns=columns,
            sort=self.sort,
            headers=not self.no_headers,
            extra=extra,
        )


@dataclass(frozen=True)
class RawListed(Listed):
    """How a list of an API's objects is shown."""

    raw: Raw = False

    def needs(self, column: str) -> bool:
        """Whether a column that costs calls of its own will be seen."""
        everything = (Format.JSON, Format.YAML, Format.WIDE, Format.CSV)
        named = [*(self.columns or "").lower().split(","), (self.sort or "").lower().lstrip("-")]
        return not self.raw and (self.output in everything or column in named)


CHANGE = "Change"


@dataclass(frozen=True)
class Care:
    """How careful a change is."""

    yes: Annotated[bool, Option("--yes", "-y", help="Do not ask.", rich_help_panel=CHANGE)] = False
    dry_run: Annotated[
        bool, Option("--dry-run", help="Say what would be changed.", rich_help_panel=CHANGE)
    ] = False


@dataclass(frozen=True)
class Waiting:
    """Whether to wait for the rollout, and when to give up."""

    wait: Annotated[
        bool, Option("--wait", help="Until it is rolled out, or fails.", rich_help_panel="Wait")
    ] = False
    timeout: Annotated[
        str, Option("--timeout", help="Give up after this time.", rich_help_panel="Wait")
    ] = "10m"
    fail_crashes: Annotated[
        int,
        Option("--fail-crashes", help="Restarts or failed tasks that end it.",
               rich_help_panel="Wait", min=1),
    ] = 2  # fmt: skip
    fail_pull: Annotated[
        str,
        Option("--fail-pull", help="How long an image may be missing.", rich_help_panel="Wait"),
    ] = "20s"
    fail_placement: Annotated[
        str,
        Option("--fail-placement", help="How long an instance may find no place.",
               rich_help_panel="Wait"),
    ] = "30s"  # fmt: skip

    @property
    def patience(self) -> Patience | None:
        """The same as the wait loop takes it, None without ``--wait``.

        Raises:
            UsageError: no duration.
        """
        from dashborion.cli.parse import duration
        from dashborion.rollout import Patience

        patience = Patience(
            crashes=self.fail_crashes,
            pull_seconds=duration(self.fail_pull, "--fail-pull"),
            placement_seconds=duration(self.fail_placement, "--fail-placement"),
            timeout_seconds=duration(self.timeout, "--timeout"),
        )
        return patience if self.wait else None


class _Everywhere:
    """Adds the global options to a command or group, and acts on them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params: list[Any] = [*getattr(self, "params", ()), *_global_options()]


class Command(_Everywhere, TyperCommand):
    """A command that takes the global options after its name."""


class Group(_Everywhere, TyperGroup):
    """A group that takes the global options; alone, it shows its help and succeeds."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Groups before single commands, each in the order in which they were added."""
        names = super().list_commands(ctx)
        return sorted(names, key=lambda name: not isinstance(self.commands[name], TyperGroup))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args and not ctx.resilient_parsing:
            typer.echo(ctx.get_help())
            ctx.exit(0)
        return super().parse_args(ctx, args)


def _global_options() -> list[TyperOption]:
    def option(*names: str, help: str, **settings: Any) -> TyperOption:  # noqa: A002 - Typer's word
        return TyperOption(
            param_decls=list(names),
            help=help,
            expose_value=False,
            callback=_remember,
            rich_help_panel=EVERYWHERE,
            **settings,
        )

    return [
        option("--config", metavar="FILE", help="This config file.", type=str),
        option("--demo", help="On the embedded demo.", is_flag=True, type=bool),
        option("--color", metavar="WHEN", help="auto, always or never.", type=str),
        option("--verbose", "-v", help="Each API call, on stderr.", is_flag=True, type=bool),
        option("--debug", help="Errors with a traceback.", is_flag=True, type=bool),
        option("--version", help="The version.", is_flag=True, is_eager=True, type=bool),
    ]


def _remember(ctx: Any, param: Any, value: Any) -> None:
    """Keep a global option on the context, wherever on the line it stood."""
    if not value or ctx.resilient_parsing:
        return
    context: Context = ctx.find_root().obj
    if param.name == "version":
        context.streams.write(f"dashborion {__version__}\n")
        raise typer.Exit
    if param.name == "color":
        if value not in ("auto", "always", "never"):
            raise typer.BadParameter("expected auto, always or never", ctx=ctx, param=param)
        context.streams.set_color(value, context.environ)
    setattr(context.globals, param.name, value)


def group(**settings: Any) -> typer.Typer:
    """A command group."""
    return typer.Typer(cls=Group, rich_markup_mode="rich", **settings)


def command(app: typer.Typer, name: str, **settings: Any) -> Callable[[Callable[..., None]], None]:
    """Register a command, with its option sets spread into its signature."""

    def register(function: Callable[..., None]) -> None:
        app.command(name, cls=Command, **settings)(_spread(function))

    return register


def _spread(function: Callable[..., None]) -> Callable[..., None]:
    hints = typing.get_type_hints(function, include_extras=True)
    plain: list[inspect.Parameter] = []
    sets: dict[str, type[Any]] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if dataclasses.is_dataclass(hints[name]):
            sets[name] = hints[name]
        else:
            plain.append(parameter.replace(annotation=hints[name]))
    for options in sets.values():
        types = typing.get_type_hints(options, include_extras=True)
        plain += [
            inspect.Parameter(
                one.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=one.default,
                annotation=types[one.name],
            )
            for one in dataclasses.fields(options)
        ]

    @wraps(function)
    def collected(**values: Any) -> None:
        for name, options in sets.items():
            taken = {one.name: values.pop(one.name) for one in dataclasses.fields(options)}
            values[name] = options(**taken)
        function(**values)

    keyword = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in plain]
    collected.__signature__ = inspect.Signature(keyword)  # type: ignore[attr-defined]
    collected.__annotations__ = {one.name: one.annotation for one in keyword}
    return collected
