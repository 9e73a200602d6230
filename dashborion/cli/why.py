"""Options and output of the commands that tell why something is not well."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from dashborion import render
from dashborion.cli import report
from dashborion.cli.options import ExitCode, NamespaceOptions, ReportOptions
from dashborion.cli.printing import distinguishing, finish, warn_of_unchecked
from dashborion.render import ReportFormat

if TYPE_CHECKING:
    from dashborion.context import Context
    from dashborion.engines.answers import Answer
    from dashborion.engines.diagnosis import Survey
    from dashborion.models.cause import Diagnosis

MOST_CAUSES = 5


class WhyOptions(ReportOptions):
    """Options of a diagnosis."""

    since: Annotated[
        str, typer.Option("--since", help="Include problems that ended within this time.")
    ] = "1h"
    all_: Annotated[
        bool, typer.Option("--all", help=f"Show all causes, not only {MOST_CAUSES}.")
    ] = False
    logs: Annotated[
        bool | None,
        typer.Option(
            "--logs/--no-logs",
            help="Show the last log lines of what failed; the default but for -o github.",
            show_default=False,
        ),
    ] = None
    exit_code: ExitCode = False

    @property
    def past(self) -> timedelta:
        """What is told of the past.

        Raises:
            UsageError: an invalid duration.
        """
        from dashborion.cli.option_values import time_span

        return time_span(self.since, "--since")

    @property
    def shows_logs(self) -> bool:
        """A workflow's log and summary are read by more people than a cluster's logs."""
        return self.output is not ReportFormat.GITHUB if self.logs is None else self.logs

    @property
    def most(self) -> int | None:
        return None if self.all_ else MOST_CAUSES


class WhyPrinter(NamedTuple):
    """Prints diagnoses as the options ask, and ends the command.

    Both methods raise, after what they print:
        typer.Exit: something is failing, and the exit code is to tell.
        DashborionError: an environment failed.
    """

    context: Context
    asked: WhyOptions
    reporter: report.Reporter | None

    @classmethod
    def begin(cls, context: Context, asked: WhyOptions) -> WhyPrinter:
        """To be called before anything is asked: what fails then is reported, too."""
        return cls(context, asked, report.begin(context, asked.output, "why"))

    def show_one(self, answer: Answer[Diagnosis]) -> None:
        """Print the one diagnosis that there is."""
        from dashborion.render.views.causes import DIAGNOSES

        found, asked, streams = answer.items[0], self.asked, self.context.streams
        if self.reporter:
            from dashborion.render import github

            told = github.of_diagnosis(found, most=asked.most, logs=asked.shows_logs)
            self.reporter.add(told)
        elif asked.output in (None, ReportFormat.TABLE, ReportFormat.WIDE):  # the page is whole
            render.show_diagnosis(streams, found, most=asked.most, now=self.context.now())
        else:
            render.show_one(streams, DIAGNOSES, found, asked.style, now=self.context.now())
        self._end(answer)

    def show_list(self, survey: Survey, where: NamespaceOptions) -> None:
        """Print what is not well of all that was looked at, and what could not be looked at."""
        from dashborion.render.views.causes import DIAGNOSES

        answer, streams = survey.answer, self.context.streams
        items = answer.items
        well = None if items or answer.failures else _all_well(survey)
        if self.reporter:
            from dashborion.render import github

            self.reporter.add(github.of_diagnoses(items, well, survey.missing))
        else:
            warn_of_unchecked(self.context, survey.missing)
            style = self.asked.style
            style.extra = distinguishing(answer.asked, items, where)
            if items or style.format in render.STRUCTURED:
                render.show_list(streams, DIAGNOSES, items, style, now=self.context.now())
            if well:
                streams.note(well)
        self._end(answer)

    def _end(self, answer: Answer[Diagnosis]) -> None:
        is_failing = any(one.verdict == "failing" for one in answer.items)
        finish(answer, failing=self.asked.exit_code and is_failing)


def _all_well(survey: Survey) -> str:
    count = survey.looked_at
    if count == 0:
        return "no workloads found"
    told = "the one workload is well" if count == 1 else f"all {count} workloads are well"
    return f"{told}, by what could be looked at" if survey.missing else told
