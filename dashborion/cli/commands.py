"""Groups and commands that are built when they are asked for, and the options all of them take.

Typer builds everything at once: each option of each command costs a tenth of a
millisecond, whatever was typed. Here a group imports its module, and a command
reads its function's parameters, when the line that was typed comes to it; until
then a name and a help text are enough.

Only Typer and the standard library are imported here.
"""

from __future__ import annotations

import dataclasses
import inspect
import typing
from collections.abc import Callable
from functools import cached_property, wraps
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption
from typer.models import ArgumentInfo, OptionInfo

from dashborion import __version__
from dashborion.completion import values

if TYPE_CHECKING:
    from dashborion.context import Context

EVERYWHERE = "Global options"
COLORS = ("auto", "always", "never")


class _Everywhere:
    """Adds the global options to a command or group, and acts on them."""

    _known: list[Any] | None = None

    @property
    def params(self) -> list[Any]:
        """The parameters, made when they are first looked at."""
        if self._known is None:
            self._known = [*self._own(), *_global_options()]
        return self._known

    @params.setter
    def params(self, _: list[Any]) -> None:
        """Typer's constructors set what they were given: nothing, for what is built late."""

    def _own(self) -> list[Any]:
        return []


class Command(_Everywhere, TyperCommand):
    """A command that takes the global options after its name; built from ``function``, late."""

    function: ClassVar[Callable[..., None]]

    @cached_property
    def _built(self) -> Any:
        alone = typer.Typer(add_completion=False, rich_markup_mode="rich")
        alone.command()(_spread(type(self).function))
        return typer.main.get_command(alone)

    def _own(self) -> list[Any]:
        return list(self._built.params)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        rest = super().parse_args(ctx, args)
        if not ctx.resilient_parsing:
            _require_values(self.params, ctx)
        return rest

    def invoke(self, ctx: Any) -> Any:
        self.callback = self._built.callback
        return super().invoke(ctx)


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


class LateGroup(Group):
    """A group whose commands are those of a module's ``app``, which is imported late."""

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
        """Typer's constructor sets those that it was given: none."""


def group(*, add_completion: bool = False, **settings: Any) -> typer.Typer:
    """A command group."""
    return typer.Typer(
        cls=Group, add_completion=add_completion, rich_markup_mode="rich", **settings
    )


def later(
    app: typer.Typer,
    name: str,
    help: str,  # noqa: A002 - Typer's word
    *,
    module: str | None = None,
    **settings: Any,
) -> None:
    """Register the group of ``dashborion.cli.NAME``, or another module's, without importing it."""
    late = type("LateGroup", (LateGroup,), {"module": module or name})
    app.add_typer(typer.Typer(), name=name, cls=late, help=help, **settings)


def command(app: typer.Typer, name: str, **settings: Any) -> Callable[[Callable[..., None]], None]:
    """Register a command; option sets among its parameters are spread into its signature."""

    def register(function: Callable[..., None]) -> None:
        def described() -> None:
            """Stands for the function where Typer looks at parameters: it has none."""

        described.__doc__ = function.__doc__
        late = type("LateCommand", (Command,), {"function": staticmethod(function)})
        app.command(name, cls=late, **settings)(described)

    return register


_EMPTY = "empty, perhaps a variable that is not set"


def _require_values(params: list[Any], ctx: Any) -> None:
    """Called with what was parsed: `-w "$UNSET"` must not mean all workloads.

    A list of arguments is left alone: `exec ID -- printf ''` means what it says.

    Raises:
        typer.BadParameter: an option or a name is empty.
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
            callback=_remember,
            rich_help_panel=EVERYWHERE,
            **settings,
        )

    return [
        option("--config", metavar="FILE", help="This config file.", type=str,
               autocompletion=values.files),
        option("--demo", help="On the embedded demo.", is_flag=True, type=bool),
        option("--color", metavar="WHEN", help="auto, always or never.", type=str,
               autocompletion=lambda *_: list(COLORS)),
        option("--verbose", "-v", help="Each API call, on stderr.", is_flag=True, type=bool),
        option("--debug", help="Errors with a traceback.", is_flag=True, type=bool),
        option("--version", help="The version.", is_flag=True, is_eager=True, type=bool),
    ]  # fmt: skip


def _remember(ctx: Any, param: Any, value: Any) -> None:
    """Keep a global option on the context, wherever on the line it stood."""
    context: Context | None = ctx.find_root().obj
    if ctx.resilient_parsing:  # completion has its own kind of context, and needs these two
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
            raise typer.BadParameter("expected auto, always or never", ctx=ctx, param=param)
        context.streams.set_color(value, context.environ)
    setattr(context.globals, param.name, value)


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

    keyword = [_completed(one.replace(kind=inspect.Parameter.KEYWORD_ONLY)) for one in plain]
    collected.__signature__ = inspect.Signature(keyword)  # type: ignore[attr-defined]
    collected.__annotations__ = {one.name: one.annotation for one in keyword}
    return collected


def _completed(parameter: inspect.Parameter) -> inspect.Parameter:
    """Say what tab offers, where the command itself does not."""
    for info in getattr(parameter.annotation, "__metadata__", ()):
        if info.autocompletion is not None:
            continue
        if isinstance(info, ArgumentInfo):
            info.autocompletion = values.subject
        elif isinstance(info, OptionInfo):
            # Typer takes the first name for a default, which it is where nothing is annotated.
            words = (info.default, *(info.param_decls or ()))
            found = [values.OPTIONS[word] for word in words if word in values.OPTIONS]
            info.autocompletion = found[0] if found else None
    return parameter
