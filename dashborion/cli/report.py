"""What ``-o github`` writes: annotations to stdout, and a summary to the file of the step."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dashborion.errors import CannotWrite, DashborionError, PartialFailure
from dashborion.render import ReportFormat

if TYPE_CHECKING:
    from dashborion.context import Context
    from dashborion.render.github import Level, Report

SUMMARY = "GITHUB_STEP_SUMMARY"


def begin(
    context: Context, output: ReportFormat | None, about: str = "dashborion"
) -> Reporter | None:
    """What reports to GitHub from now on, errors included; None in other formats.

    ``about`` is the title of errors that are of no environment.
    """
    if output is not ReportFormat.GITHUB:
        return None
    from dashborion.render.github import ANNOTATIONS, Level

    reporter = Reporter(context, about, dict.fromkeys(Level, ANNOTATIONS))
    context.on_error = reporter.fail
    return reporter


@dataclass(eq=False, repr=False)
class Reporter:
    """Writes reports; ``left`` are the annotations of each level that GitHub still shows."""

    context: Context
    about: str
    left: dict[Level, int]
    _has_failed: bool = False

    def add(self, report: Report) -> None:
        """Write the annotations and the sections of a report."""
        from dashborion.render import github

        for line in github.commands(report.problems, self.left):
            self.context.streams.write(line)
        for level in self.left:
            count = sum(one.level is level for one in report.problems)
            self.left[level] = max(0, self.left[level] - count)
        self._summarise(report)

    def fail(self, error: DashborionError) -> None:
        """Report an error; the one at the end that only counts the others adds nothing.

        Stderr has it, too: that stdout takes nothing more is no other error.
        """
        from dashborion.render import github

        if not (self._has_failed and isinstance(error, PartialFailure)):
            self._has_failed = True
            with suppress(CannotWrite):
                self.add(github.of_error(error, self.about))

    def _summarise(self, report: Report) -> None:
        from dashborion.render import github

        path = self.context.environ.get(SUMMARY)
        if not path:
            return
        try:
            with open(path, "ab") as file:  # noqa: PTH123 - the runner's own file
                room = github.SUMMARY_BYTES - os.fstat(file.fileno()).st_size
                if room > github.COUNTED_BYTES:
                    file.write(github.summary(report.sections, room).encode())
        except OSError as error:
            reason = error.strerror or type(error).__name__
            self.context.warn(DashborionError(f"cannot write to ${SUMMARY}: {reason}"))
