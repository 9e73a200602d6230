"""Lazy Typer groups and commands, option sets as parameters, and the global options.

Typer builds all commands at start-up: each option of each command costs a tenth of
a millisecond, whatever was typed. Here a group imports its module, and a command
reads its function's parameters, only when the command line names it; until then
its name and help text are enough.

A command's function takes our context as ``context``, and may take option sets
(``cli.options``). Typer knows neither: ``_with_single_options`` puts Typer's context and
an option set's fields in their place in the signature that Typer sees, and gives the
function ours and the option sets with the values that were typed.

Only Typer and the standard library are imported here.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from functools import cached_property, wraps
from importlib import import_module
from inspect import get_annotations
from typing import TYPE_CHECKING, Any, ClassVar, dataclass_transform

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption
from typer.models import ArgumentInfo, OptionInfo

from dashborion import __version__
from dashborion.cli.help_text import GLOBAL_OPTIONS, write_sections
from dashborion.cli.other_words import SHORT, meant
from dashborion.completion import completers
from dashborion.errors import UsageError, short

if TYPE_CHECKING:
    from dashborion.context import Context

HELP = {"help_option_names": ["-h", "--help"]}
COLORS = ("auto", "always", "never")


@dataclass_transform(kw_only_default=True)
class OptionSet:
    """Options that several commands share; its fields are Typer options.

    Not a dataclass: generating the methods of one costs half a millisecond at every start.
    """

    panel: ClassVar[str | None] = None  # the part of the help for options that name none
    names: tuple[str, ...] = ()  # that were typed on the same line

    def __init__(self, **values: Any) -> None:
        vars(self).update(values)


class _WithGlobalOptions:
    """A command or group that takes the global options after its name."""

    _params: list[Any] | None = None

    @property
    def params(self) -> list[Any]:
        """The parameters, built when they are first read."""
        if self._params is None:
            self._params = [*self._local_params(), *_global_options()]
        return self._params

    @params.setter
    def params(self, _: list[Any]) -> None:
        """Ignored: Typer's constructors set an empty list."""

    def _local_params(self) -> list[Any]:
        return []

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """``NAME``, where Typer writes ``{NAME}``."""
        pieces = super().collect_usage_pieces(ctx)  # type: ignore[misc]  # a command's
        return [piece.strip("{}") for piece in pieces]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """As ``help_text``, instead of Typer's."""
        write_sections(self, ctx, formatter)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Nothing: ``format_options`` has them."""


class LazyCommand(_WithGlobalOptions, TyperCommand):
    """A command whose parameters are read from ``function`` when it is used."""

    function: ClassVar[Callable[..., None]]

    @cached_property
    def _built(self) -> Any:
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        app.command()(_with_single_options(type(self).function))
        return typer.main.get_command(app)

    def _local_params(self) -> list[Any]:
        return list(self._built.params)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As Typer; but what stands behind ``--`` is the command's ``words``, and never a name."""
        words: list[str] = []
        if "--" in args and any(param.name == "words" for param in self.params):
            end = args.index("--")
            args, words = args[:end], args[end + 1 :]
        rest = super().parse_args(ctx, args)
        if words:
            ctx.params["words"] = [*(ctx.params["words"] or ()), *words]
        if not ctx.resilient_parsing:
            _require_values(self.params, ctx)
        return rest

    def invoke(self, ctx: Any) -> Any:
        self.callback = self._built.callback
        return super().invoke(ctx)


class Group(_WithGlobalOptions, TyperGroup):
    """A group that takes the global options; without a command it prints its help and succeeds."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Groups before single commands, each in the order in which they were added."""
        names = super().list_commands(ctx)
        return sorted(names, key=lambda name: not isinstance(self.commands[name], TyperGroup))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args and not ctx.resilient_parsing:
            typer.echo(ctx.get_help())
            ctx.exit(0)
        return super().parse_args(ctx, args)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of that name or of the name that it is short for."""
        name = SHORT.get(cmd_name, cmd_name)
        return super().get_command(ctx, cmd_name if cmd_name in self.commands else name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that was typed.

        Raises:
            UsageError: there is none, but another tool has one, with ours as the hint.
        """
        if not ctx.resilient_parsing and self.get_command(ctx, args[0]) is None:
            root = ctx.find_root().command.commands
            known = [*root["workloads"].commands] if "workloads" in root else []
            if instead := meant(ctx.command_path, args, list(self.commands), known):
                raise UsageError(f"no command '{short(args[0])}'", hint=f"use `{instead}`")
        return super().resolve_command(ctx, args)


class LazyGroup(Group):
    """A group with the commands of a module's ``app``, imported when the group is used."""

    module: ClassVar[str]

    @cached_property
    def _built(self) -> Any:
        return typer.main.get_command(import_module(f"dashborion.cli.{self.module}").app)

    @property
    def commands(self) -> Any:
        """The module's commands by name."""
        return self._built.commands

    @commands.setter
    def commands(self, _: Any) -> None:
        """Ignored: Typer's constructor sets an empty mapping."""


def group(*, add_completion: bool = False, **settings: Any) -> typer.Typer:
    """A command group."""
    return typer.Typer(
        cls=Group,
        add_completion=add_completion,
        rich_markup_mode=None,
        context_settings=HELP,
        **settings,
    )


def lazy_group(
    app: typer.Typer,
    name: str,
    help: str,  # noqa: A002 - Typer's word
    *,
    module: str | None = None,
    **settings: Any,
) -> None:
    """Add the group of ``dashborion.cli.NAME``, or of another module, without importing it."""
    lazy = type("LazyGroup", (LazyGroup,), {"module": module or name})
    app.add_typer(
        typer.Typer(rich_markup_mode=None),
        name=name,
        cls=lazy,
        help=help,
        context_settings=HELP,
        **settings,
    )


def command(app: typer.Typer, name: str, **settings: Any) -> Callable[[Callable[..., None]], None]:
    """Add a function to an app as a command; its parameters may be option sets."""

    def register(function: Callable[..., None]) -> None:
        def without_parameters() -> None:
            """Stands for the function until it is used: Typer finds no parameters to build."""

        without_parameters.__doc__ = _in_paragraphs(function.__doc__ or "")
        lazy = type("LazyCommand", (LazyCommand,), {"function": staticmethod(function)})
        app.command(name, cls=lazy, context_settings=HELP, **settings)(without_parameters)

    return register


def _in_paragraphs(text: str) -> str:
    """A docstring whose paragraphs are one line each: Typer keeps breaks, whatever the width."""
    paragraphs = inspect.cleandoc(text).split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


_EMPTY = "the value is empty; is a shell variable not set?"


def _require_values(params: list[Any], ctx: Any) -> None:
    """Refuse empty values: `-w "$UNSET"` must not mean all workloads.

    Lists of arguments may hold them: `exec ID -- printf ''` is a valid command.

    Raises:
        typer.BadParameter: the value of an option or a name is empty.
    """
    for param in params:
        is_list = isinstance(value := ctx.params.get(param.name), list | tuple)
        if value == "" or (is_list and "" in value and isinstance(param, TyperOption)):
            raise typer.BadParameter(_EMPTY, ctx=ctx, param=param)


def _global_options() -> list[TyperOption]:
    def option(*names: str, help: str, **settings: Any) -> TyperOption:  # noqa: A002 - Typer's word
        return TyperOption(
            param_decls=list(names),
            help=help,
            expose_value=False,
            callback=_keep_global,
            rich_help_panel=GLOBAL_OPTIONS,
            **settings,
        )

    return [
        option(
            "--config",
            metavar="FILE",
            help="Read this config file instead of the ones found.",
            type=str,
            autocompletion=completers.files,
        ),
        option("--demo", help="Run on the embedded demo.", is_flag=True, type=bool),
        option(
            "--color",
            metavar="WHEN",
            help="When to use colors: auto, always or never.",
            type=str,
            autocompletion=lambda *_: list(COLORS),
        ),
        option("--quiet", "-q", help="Print no notes on stderr.", is_flag=True, type=bool),
        option("--verbose", "-v", help="Print each API call on stderr.", is_flag=True, type=bool),
        option("--debug", help="Print a traceback with each error.", is_flag=True, type=bool),
        option("--version", help="Print the version.", is_flag=True, is_eager=True, type=bool),
    ]


def _keep_global(ctx: Any, param: Any, value: Any) -> None:
    """Store a global option on the context, wherever on the line it was typed."""
    context: Context | None = ctx.find_root().obj
    if ctx.resilient_parsing:  # completion, which has a context of its own
        if value and context is not None and param.name in ("config", "demo"):
            setattr(context.globals, param.name, value)
        return
    if value == "":
        raise typer.BadParameter(_EMPTY, ctx=ctx, param=param)
    if not value or context is None:
        return
    if param.name == "version":
        context.streams.write(f"dashborion {__version__}\n")
        raise typer.Exit
    if param.name == "color":
        if value not in COLORS:
            raise typer.BadParameter("use auto, always or never", ctx=ctx, param=param)
        context.streams.set_color(value, context.environ)
    if param.name == "quiet":
        context.streams.quiet = True
    setattr(context.globals, param.name, value)


def _with_single_options(function: Callable[..., None]) -> Callable[..., None]:
    """The same function with a parameter for each option of its option sets."""
    hints = typing.get_type_hints(function, localns={"Context": typer.Context}, include_extras=True)
    parameters: list[inspect.Parameter] = []
    option_sets: dict[str, type[OptionSet]] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if inspect.isclass(hints[name]) and issubclass(hints[name], OptionSet):
            option_sets[name] = hints[name]
        else:
            parameters.append(parameter.replace(annotation=hints[name]))
    fields = {name: _option_fields(options) for name, options in option_sets.items()}
    parameters += [parameter for members in fields.values() for parameter in members]

    @wraps(function)
    def with_single_options(**values: Any) -> None:
        names = tuple(completers.names_in(values))
        for name, options in option_sets.items():
            given = {field.name: values.pop(field.name) for field in fields[name]}
            values[name] = options(names=names, **given)
        if "context" in values:
            values["context"] = values["context"].obj
        function(**values)

    keyword_only = [
        _with_completion(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))
        for parameter in parameters
    ]
    with_single_options.__signature__ = inspect.Signature(keyword_only)  # type: ignore[attr-defined]
    with_single_options.__annotations__ = {one.name: one.annotation for one in keyword_only}
    return with_single_options


def _option_fields(options: type[OptionSet]) -> list[inspect.Parameter]:
    """A parameter for each field of an option set; those of its base classes come first."""
    hints = typing.get_type_hints(options, include_extras=True)
    panels = {
        name: getattr(owner, "panel", None)
        for owner in reversed(options.__mro__)
        for name in get_annotations(owner)
    }
    fields = []
    for name, hint in hints.items():
        for info in getattr(hint, "__metadata__", ()):
            info.rich_help_panel = info.rich_help_panel or panels[name]
            default = getattr(options, name)
            kind = inspect.Parameter.KEYWORD_ONLY
            fields.append(inspect.Parameter(name, kind, default=default, annotation=hint))
    return fields


def _with_completion(parameter: inspect.Parameter) -> inspect.Parameter:
    """The parameter with the default completion of its name, unless it has one."""
    for info in getattr(parameter.annotation, "__metadata__", ()):
        if info.autocompletion is not None:
            continue
        if isinstance(info, ArgumentInfo):
            info.autocompletion = completers.argument
        elif isinstance(info, OptionInfo):
            # Inside Annotated, Typer keeps the option's first name in the place of its default.
            names = (info.default, *(info.param_decls or ()))
            known = [completers.OPTIONS[name] for name in names if name in completers.OPTIONS]
            info.autocompletion = known[0] if known else None
    return parameter
