"""Options that several commands share, in sets that a command takes as parameters.

Only Typer and the standard library are imported here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from dashborion.cli import lazy_commands
from dashborion.cli.lazy_commands import OptionSet
from dashborion.render import STRUCTURED, Format, PageFormat, ReportFormat, Style, is_drawn

if TYPE_CHECKING:
    from dashborion.config.environments import Choice
    from dashborion.engines.rollout import Patience
    from dashborion.models.query import Query
    from dashborion.streams import Streams

command, group = lazy_commands.command, lazy_commands.group

Option = typer.Option

NAME_FORMS = "NAME, KIND/NAME or NAMESPACE/KIND/NAME"
PATTERN_FORMS = f"{NAME_FORMS}; * and ? are wildcards."
WorkloadName = Annotated[str, typer.Argument(metavar="NAME", help=f"{NAME_FORMS}.")]
WorkloadNames = Annotated[list[str], typer.Argument(metavar="NAME|PATTERN...", help=PATTERN_FORMS)]
WorkloadPatterns = Annotated[
    list[str] | None, typer.Argument(metavar="[PATTERN]...", help=PATTERN_FORMS)
]
Selector = Annotated[
    str | None, Option("--selector", "-l", help="Filter by labels or tags: KEY=VALUE, ...")
]
OutputFormat = Annotated[
    Format | None, Option("--output", "-o", metavar="FORMAT", help=f"{', '.join(Format)}.")
]
ReportOutput = Annotated[
    ReportFormat | None,
    Option("--output", "-o", metavar="FORMAT", help=f"{', '.join(ReportFormat)}."),
]
ExitCode = Annotated[bool, Option("--exit-code", help="Exit with 9 if something is failing.")]
Raw = Annotated[bool, Option("--raw", help="Print the API's own objects, as JSON or YAML.")]


class EnvironmentOptions(OptionSet):
    """Options that choose environments."""

    panel = "Environment"
    of_definitions = False

    project: Annotated[
        str | None, Option("--project", "-p", help="Use environments of this project.")
    ] = None
    env: Annotated[
        list[str] | None,
        Option(
            "--env",
            "-e",
            help="Environment: NAME, PROJECT/NAME, a glob of these, PROJECT, k8s:CONTEXT or "
            "ecs:CLUSTER; repeatable.",
        ),
    ] = None
    all_envs: Annotated[bool, Option("--all-envs", help="Use all environments.")] = False

    @property
    def choice(self) -> Choice:
        """The options as the selection takes them."""
        from dashborion.config.environments import Choice

        return Choice(
            self.project,
            tuple(self.env or ()),
            self.all_envs,
            self.names,
            of_definitions=self.of_definitions,
            to_change=isinstance(self, ConfirmOptions),
        )


class NamespaceOptions(EnvironmentOptions):
    """Options that choose environments and a namespace in them."""

    namespace: Annotated[
        str | None,
        Option("--namespace", "-n", help="Use this namespace instead of the environment's own."),
    ] = None
    all_namespaces: Annotated[
        bool, Option("--all-namespaces", "-A", help="Use all namespaces.")
    ] = False

    def query(self, **more: Any) -> Query:
        """A query of this namespace or of all; ``more`` are other fields of the query.

        Raises:
            UsageError: both were asked for.
        """
        from dashborion.errors import UsageError
        from dashborion.models.query import Query

        if self.namespace is not None and self.all_namespaces:
            raise UsageError("-n and -A cannot be used together")
        return Query(namespace=self.namespace, all_namespaces=self.all_namespaces, **more)


class ClusterOptions(EnvironmentOptions):
    """Options that choose environments, for objects without a namespace.

    ``-n`` and ``-A`` are known, but refused with an explanation.
    """

    namespace: Annotated[str | None, Option("--namespace", "-n", hidden=True)] = None
    all_namespaces: Annotated[bool, Option("--all-namespaces", "-A", hidden=True)] = False

    def query(self, **more: Any) -> Query:
        """A query of the whole cluster; ``more`` are other fields of the query.

        Raises:
            UsageError: a namespace was asked for.
        """
        from dashborion.errors import UsageError
        from dashborion.models.query import Query

        if self.namespace is not None or self.all_namespaces:
            raise UsageError("these objects have no namespace", hint="omit -n and -A")
        return Query(**more)


class FormatOptions(OptionSet):
    """Output options of one object that is dashborion's own."""

    panel = "Output"

    raw = False
    output: OutputFormat = None

    @property
    def style(self) -> Style:
        return Style(format=self.output, raw=self.raw)


class ReportOptions(OptionSet):
    """Output options of one object that tells of problems, for a workflow of GitHub, too."""

    panel = "Output"

    output: ReportOutput = None

    @property
    def style(self) -> Style:
        return Style(format=Format(self.output) if self.output else None)


class PageOptions(OptionSet):
    """Output options of what is no list of like objects."""

    panel = "Output"

    output: Annotated[
        PageFormat | None,
        Option("--output", "-o", metavar="FORMAT", help=f"{', '.join(PageFormat)}."),
    ] = None

    @property
    def style(self) -> Style:
        return Style(format=Format(self.output) if self.output else None)


class ObjectOptions(FormatOptions):
    """Output options of one object of an API."""

    raw: Raw = False


class ListOptions(OptionSet):
    """Output options of a list of objects that are dashborion's own."""

    panel = "Output"

    raw = False
    output: OutputFormat = None
    columns: Annotated[
        str | None, Option("--columns", help="Columns to show, separated by commas.")
    ] = None
    sort: Annotated[
        str | None,
        Option("--sort", help="Sort by this column; put - before it for descending order."),
    ] = None
    no_headers: Annotated[bool, Option("--no-headers", help="Omit the header line.")] = False

    def style(self, extra: frozenset[str] = frozenset()) -> Style:
        """The options as renderers take them, with the ``extra`` columns that this list needs."""
        columns = [key for key in (self.columns or "").split(",") if key.strip()]
        return Style(
            format=Format(self.output) if self.output else None,
            columns=columns,
            sort=self.sort,
            headers=not self.no_headers,
            extra=extra,
            raw=self.raw,
        )


class ApiListOptions(ListOptions):
    """Output options of a list of an API's objects."""

    raw: Raw = False

    def can_stream(self, streams: Streams, where: NamespaceOptions) -> bool:
        """Whether rows can be printed before the last one is known.

        Not if they are sorted, nor if the columns depend on them, or their widths.
        """
        has_columns = not self.raw and self.output not in STRUCTURED
        is_bound = is_drawn(streams, self.output) or (has_columns and not where.all_namespaces)
        return not (self.sort or is_bound)

    def shows(self, *columns: str, wide: bool = False) -> bool:
        """Whether any of these columns will be printed or sorted by.

        Their values cost additional calls; a default table does not have ``wide`` ones.
        """
        if self.raw:
            return False
        everything = self.output in STRUCTURED
        wide_ones = self.output in (Format.WIDE, Format.CSV)
        narrow_ones = self.output in (None, Format.TABLE, Format.TSV)
        by_default = not self.columns and (wide_ones or (narrow_ones and not wide))
        named = [*(self.columns or "").split(","), (self.sort or "").removeprefix("-")]
        shown = {name.strip().lower() for name in named}
        return everything or by_default or not shown.isdisjoint(columns)


class ReportListOptions(ListOptions):
    """The same of a list that tells of problems."""

    output: ReportOutput = None  # type: ignore[assignment] # it has one more


class ConfirmOptions(OptionSet):
    """Options that keep a change from being made by mistake."""

    panel = "Change"

    yes: Annotated[bool, Option("--yes", "-y", help="Do not ask for confirmation.")] = False
    dry_run: Annotated[
        bool, Option("--dry-run", help="Show what would change without changing it.")
    ] = False


class WaitOptions(OptionSet):
    """Options of the wait for a rollout."""

    panel = "Wait"

    wait: Annotated[
        bool,
        Option("--wait", help="Wait until the rollout is complete or fails."),
    ] = False
    timeout: Annotated[
        str, Option("--timeout", metavar="TIME", help="Stop waiting after this time.")
    ] = "10m"
    fail_crashes: Annotated[
        int, Option("--fail-crashes", metavar="N", min=1, help="Fail after this many crashes.")
    ] = 2
    fail_pull: Annotated[
        str,
        Option("--fail-pull", metavar="TIME", help="Fail when no image is pulled for this long."),
    ] = "20s"
    fail_placement: Annotated[
        str,
        Option(
            "--fail-placement", metavar="TIME", help="Fail when nothing is placed for this long."
        ),
    ] = "30s"

    @property
    def patience(self) -> Patience | None:
        """The options as the wait takes them; None without ``--wait``.

        Raises:
            UsageError: an invalid duration.
        """
        from dashborion.cli.option_values import duration
        from dashborion.engines.rollout import Patience

        patience = Patience(
            crashes=self.fail_crashes,
            pull_seconds=duration(self.fail_pull, "--fail-pull"),
            placement_seconds=duration(self.fail_placement, "--fail-placement"),
            timeout_seconds=duration(self.timeout, "--timeout"),
        )
        return patience if self.wait else None

    def patience_until(self, goal: str | None) -> Patience | None:
        """The same for a wait until a rollout is somewhere.

        Raises:
            UsageError: an invalid goal, or one without ``--wait``.
        """
        from dataclasses import replace

        from dashborion.engines.until import Until
        from dashborion.errors import UsageError

        patience = self.patience
        if goal is None:
            return patience
        until = Until.parse(goal)
        if patience is None:
            raise UsageError("--until says how long --wait waits", hint="add --wait")
        return replace(patience, until=until)


Reason = Annotated[
    str | None, Option("--reason", metavar="TEXT", help="Record why, where the API keeps it.")
]


class ChangeOptions(FormatOptions, ConfirmOptions, NamespaceOptions):
    """Options of every change."""


class RolloutOptions(ReportOptions, WaitOptions, ConfirmOptions, NamespaceOptions):
    """Options of a change that begins a rollout."""
