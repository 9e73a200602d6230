"""How far one run of a container has been read, and whether more may come. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from dashborion.orchestrators.kubernetes import runs, wire
from dashborion.orchestrators.kubernetes.run_log import Ends, RunLog
from dashborion.orchestrators.kubernetes.runs import Run

MOST_REFUSALS = 8  # in a row, of the log of a run that has ended
FIRST_DELAY, LONGEST_DELAY = 0.05, 5.0  # seconds before a log without new lines is opened again
REFUSED_DELAY = 1.0  # seconds before a log is opened again that was given, and then refused


class RunState(Enum):
    """Whether a run still goes on, and where the API has its log."""

    RUNNING = "running"
    ENDED = "ended"  # the container's latest run
    PREVIOUS = "previous"  # the run before the latest
    LOST = "lost"  # an older run, whose log the API does not serve
    POD_GONE = "pod gone"


class ReadEnd(Enum):
    """How one read of a log has ended."""

    CLEAN = "clean"
    BROKEN = "broken"  # with the connection
    UNANSWERED = "unanswered"  # before it began, as of a node that cannot be reached
    REFUSED = "refused"  # before it began: the kubelet does not have the log


def run_state(pod: wire.Pod | None, run: Run) -> RunState:
    """The state of a run, by its pod as it is now."""
    if pod is None:
        return RunState.POD_GONE
    latest = runs.latest_run(pod, run.container)
    if latest is not None and latest.id == run.id:
        return RunState.RUNNING if latest.is_running else RunState.ENDED
    is_previous = runs.previous_run_id(pod, run.container) == run.id
    return RunState.PREVIOUS if is_previous else RunState.LOST


@dataclass
class Progress:
    """How far one run has been read, updated after each read.

    A run that has ended ``is_drained`` only when several reads in a row came to a clean end with no
    new line and the same ``rest``.
    """

    state: RunState  # at the time of the last lookup, by which the next read is made
    delay: float = 0.0  # seconds before the next read
    is_drained: bool = False
    _refusals: int = 0  # in a row, in the same state
    _is_whole: bool = False  # whether a read has come to what may well be the log's end
    _is_ended: bool = False  # whether the run had ended then
    _ends: Ends = field(default_factory=Ends)  # of reads with no new line

    def update(
        self, state: RunState, end: ReadEnd, log: RunLog, *, has_lines: bool, is_leaving: bool
    ) -> None:
        """Take in how a read has ended, and the state of the run after it."""
        is_over = state is not RunState.RUNNING or is_leaving
        if end is ReadEnd.CLEAN:  # whose last line may have no newline, if the run has ended
            self._is_whole = is_over or not log.tail
            self._is_ended = is_over
        elif end is ReadEnd.BROKEN or (end is ReadEnd.UNANSWERED and not is_over):
            self._is_whole = False
        is_clean_end = self.state is not RunState.RUNNING and end is ReadEnd.CLEAN
        is_quiet = is_clean_end and log.is_caught_up and not has_lines
        if not is_quiet:
            self._ends = Ends()
        self.is_drained = is_quiet and self._ends.are_final(log.tail, least=2)
        longest = FIRST_DELAY if is_clean_end else LONGEST_DELAY
        self.delay = min(self.delay * 2 or FIRST_DELAY, longest)
        if has_lines:
            self.delay = REFUSED_DELAY if end is ReadEnd.REFUSED else 0.0
        # What runs is refused by a kubelet that was just started, or cannot ask its runtime.
        counts = end is ReadEnd.REFUSED and state is self.state is not RunState.RUNNING
        self._refusals = self._refusals + 1 if counts else 0
        self.state = state

    @property
    def is_over(self) -> bool:
        """Whether nothing more can be read."""
        is_gone = self.state in (RunState.POD_GONE, RunState.LOST)
        return self.is_drained or is_gone or self._refusals == MOST_REFUSALS

    @property
    def may_have_lost_lines(self) -> bool:
        """Whether lines were written that could not be read; to be asked at the end."""
        is_known = self._is_whole and (self._is_ended or self.state is not RunState.LOST)
        return not self.is_drained and not is_known
