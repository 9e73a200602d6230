"""Options that several commands share, and how a command gets them.

Sets of options are dataclasses whose fields are Typer options. A
command takes one as a parameter; ``command`` spreads its fields into the
command's own signature and collects them again. (One that is frozen and
compares costs a millisecond to make, at every start.)

Only Typer and the standard library are imported here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dashborion.cli import commands
from dashborion.render import Format, Style

if TYPE_CHECKING:
    from dashborion.config.environments import Choice
    from dashborion.engines.rollout import Patience
    from dashborion.models.query import Query
    from dashborion.streams import Streams

command, group = commands.command, commands.group  # what takes the sets, beside them

WHERE, OUTPUT = "Environment", "Output"

Option = typer.Option

Printed = Annotated[Format, Option("--output", "-o", help="How to print.", rich_help_panel=OUTPUT)]
Raw = Annotated[
    bool, Option("--raw", help="The API's own objects, as JSON or YAML.", rich_help_panel=OUTPUT)
]


@dataclass(eq=False, repr=False)
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
            rich_help_panel=WHERE,
        ),
    ] = None
    all_envs: Annotated[
        bool, Option("--all-envs", help="Every environment there is.", rich_help_panel=WHERE)
    ] = False

    @property
    def choice(self) -> Choice:
        """The environments, as the selection takes them."""
        from dashborion.config.environments import Choice

        return Choice(self.project, tuple(self.env or ()), self.all_envs)


@dataclass(eq=False, repr=False)
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
        from dashborion.models.query import Query

        if self.namespace is not None and self.all_namespaces:
            raise UsageError("-n and -A exclude each other")
        return Query(namespace=self.namespace, all_namespaces=self.all_namespaces, **more)


@dataclass(eq=False, repr=False)
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
        from dashborion.models.query import Query

        if self.namespace is not None or self.all_namespaces:
            raise UsageError("these are in no namespace", hint="leave -n and -A out")
        return Query(**more)


@dataclass(eq=False, repr=False)
class Shown:
    """How one of dashborion's own objects is shown."""

    output: Printed = Format.TABLE

    @property
    def style(self) -> Style:
        return Style(format=self.output)


@dataclass(eq=False, repr=False)
class Output(Shown):
    """How one object of an API is shown."""

    raw: Raw = False


@dataclass(eq=False, repr=False)
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


@dataclass(eq=False, repr=False)
class RawListed(Listed):
    """How a list of an API's objects is shown."""

    raw: Raw = False

    def flows(self, streams: Streams, where: Where) -> bool:
        """Whether rows can be written before the last is known: no widths, no order, no choice.

        Not on a terminal, where the progress line is.
        """
        columns = not self.raw and self.output not in (Format.JSON, Format.YAML)
        return not (self.sort or streams.out_tty or (columns and not where.all_namespaces))

    def needs(self, column: str) -> bool:
        """Whether a column that costs calls of its own will be seen."""
        everything = (Format.JSON, Format.YAML, Format.WIDE, Format.CSV)
        named = [*(self.columns or "").lower().split(","), (self.sort or "").lower().lstrip("-")]
        return not self.raw and (self.output in everything or column in named)


CHANGE = "Change"


@dataclass(eq=False, repr=False)
class Care:
    """How careful a change is."""

    yes: Annotated[bool, Option("--yes", "-y", help="Do not ask.", rich_help_panel=CHANGE)] = False
    dry_run: Annotated[
        bool, Option("--dry-run", help="Say what would be changed.", rich_help_panel=CHANGE)
    ] = False


@dataclass(eq=False, repr=False)
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
        from dashborion.engines.rollout import Patience

        patience = Patience(
            crashes=self.fail_crashes,
            pull_seconds=duration(self.fail_pull, "--fail-pull"),
            placement_seconds=duration(self.fail_placement, "--fail-placement"),
            timeout_seconds=duration(self.timeout, "--timeout"),
        )
        return patience if self.wait else None
