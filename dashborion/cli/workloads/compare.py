"""``dashborion workloads diff``, and how comparisons are printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from dashborion.cli import report
from dashborion.cli.lazy_commands import OptionSet
from dashborion.cli.options import (
    PATTERN_FORMS,
    ListOptions,
    NamespaceOptions,
    ReportListOptions,
    Selector,
)
from dashborion.cli.printing import show_list
from dashborion.completion import completers
from dashborion.errors import FOUND, UsageError, short
from dashborion.render import STRUCTURED, Format

if TYPE_CHECKING:
    from dashborion.context import Context
    from dashborion.engines.differences import Compared
    from dashborion.models.definition import Comparison
    from dashborion.models.query import Query

_FIELDS = "image, replicas, variables, variables.NAME, …"


class ComparedOptions(OptionSet):
    """Options that say what is compared."""

    panel = "Comparison"

    project: Annotated[
        str | None, typer.Option("--project", "-p", help="Use environments of this project.")
    ] = None
    namespace: Annotated[
        str | None,
        typer.Option(
            "--namespace", "-n", help="Use this namespace instead of the environments' own."
        ),
    ] = None
    all_namespaces: Annotated[
        bool, typer.Option("--all-namespaces", "-A", help="Use all namespaces.")
    ] = False
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="FIELD", help=f"Compare only these fields: {_FIELDS}"),
    ] = None
    ignore: Annotated[
        list[str] | None,
        typer.Option("--ignore", metavar="FIELD", help="Do not compare these fields."),
    ] = None
    map_: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="A=B", help="Compare A on the left with B on the right."),
    ] = None
    all_: Annotated[bool, typer.Option("--all", help="Show equal workloads, too.")] = False
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 9 if anything is known to differ.")
    ] = False

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """What ``--map`` names.

        Raises:
            UsageError: it is not A=B.
        """
        pairs = [one.partition("=")[::2] for one in self.map_ or ()]
        for left, right in pairs:
            if not left or not right:
                raise UsageError(f"--map: '{left or right}' is not A=B")
        return pairs

    def query(self, selector: str | None) -> Query:
        """The namespaces and labels, in both environments.

        Raises:
            UsageError: one namespace and all of them were asked for.
        """
        where = NamespaceOptions(namespace=self.namespace, all_namespaces=self.all_namespaces)
        return where.query(selector=selector)


_ENVIRONMENT: dict[str, Any] = {
    "help": "NAME, PROJECT/NAME, k8s:CONTEXT or ecs:CLUSTER.",
    "autocompletion": completers.environments,
}


def diff(
    context: Context,
    left: Annotated[str, typer.Argument(metavar="ENV1", **_ENVIRONMENT)],
    right: Annotated[str, typer.Argument(metavar="ENV2", **_ENVIRONMENT)],
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]...", help=PATTERN_FORMS),
    ] = None,
    *,
    options: ComparedOptions,
    selector: Selector = None,
    listed: ReportListOptions,
) -> None:
    """Show how the workloads of two environments differ, on whatever they run.

    Workloads of one name belong together, also where the name has the environment or the project in
    it. Values of variables are compared, but never shown. Replicas that an autoscaler may have
    chosen are equal.

    Example: dashborion workloads diff shop/staging shop/production --ignore replicas
    """
    from dashborion.engines import differences
    from dashborion.engines.comparison import Selection

    reporter = report.begin(context, listed.output, "workloads diff")
    selection = Selection.parse(options.only or (), options.ignore or ())
    query, mapped = options.query(selector), options.pairs
    sides = [context.environment_and_name(typed, options.project) for typed in (left, right)]
    fleet = context.fleet_of([environment.label for environment, _ in sides])
    brought = list(dict.fromkeys(name for _, name in sides if name is not None))
    if len(brought) > 1:
        raise UsageError(
            f"'{short(left)}' and '{short(right)}' have different names",
            hint=f"give ENV1 and ENV2 alone, then {short(brought[0])} --map {'='.join(brought)}",
        )
    found = differences.of_environments(
        fleet, [*(names or ()), *brought], query, mapped=mapped, selection=selection
    )
    shown = [one for one in found.comparisons if options.all_ or one.same is not True]
    if reporter:
        from dashborion.render import github

        reporter.add(github.of_comparisons(shown, _summed_up(found)))
    else:
        print_comparisons(context, shown, (found.left, found.right), listed, options.all_namespaces)
        context.streams.note(_summed_up(found))
    if options.exit_code and any(one.same is False for one in found.comparisons):
        raise typer.Exit(FOUND)


def print_comparisons(
    context: Context,
    comparisons: list[Comparison],
    sides: tuple[str, str],
    listed: ListOptions,
    namespaces: bool = False,
) -> None:
    """Print comparisons whole, or a row for each difference."""
    from dashborion.render.views import comparisons as views

    view = views.view(*sides, namespaces=namespaces)
    if listed.output in (*STRUCTURED, Format.NAME):  # which have no rows to sort
        show_list(context, view, comparisons, ListOptions(output=listed.output))
    elif comparisons:
        show_list(context, view, views.rows(comparisons), listed)


def _summed_up(found: Compared) -> str:
    """How many differ, how many are on one side only, and how many are equal."""
    both = [one for one in found.comparisons if one.left and one.right]
    alone = [
        one for one in found.comparisons if None in (one.left, one.right) and one.same is False
    ]
    counts = {
        "differ": sum(one.same is False for one in both),
        "may differ": sum(one.same is None for one in found.comparisons),
        f"only in {found.left}": sum(one.right is None for one in alone),
        f"only in {found.right}": sum(one.left is None for one in alone),
        "equal": sum(one.same is True for one in both),
    }
    if not found.comparisons:
        return f"no workloads found in {found.left} and {found.right}"
    return ", ".join(f"{count} {what}" for what, count in counts.items() if count)
