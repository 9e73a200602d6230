"""The jobs that a stop of several workloads suspends, and a start resumes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as but

from msgspec.structs import replace

from dashborion.engines.answers import located, widened
from dashborion.engines.bulk_rows import INTERRUPTED
from dashborion.engines.change_parts import told_of
from dashborion.engines.parking import Parker
from dashborion.errors import DashborionError, PartialFailure, foreseen
from dashborion.models.query import Name
from dashborion.models.rollout import Change, ChangeError, Outcome
from dashborion.orchestrators.parking import Scheduled, ScheduledJob
from dashborion.orchestrators.protocol import Orchestrator


@dataclass(eq=False)
class Jobs:
    """Those of the environments that fit the ``typed`` names, which are suspended or resumed.

    ``planned`` are those to be changed, ``errors`` why some were not.
    """

    parker: Parker
    typed: Sequence[str]
    suspends: bool
    planned: list[ScheduledJob] = field(default_factory=list)
    errors: list[DashborionError] = field(default_factory=list)
    _others: list[str] = field(default_factory=list)
    _became: dict[int, Change] = field(default_factory=dict)

    def look(self, *, keep_going: bool) -> bool:
        """Find them; whether every environment tells.

        Raises:
            PartialFailure: one does not, and is not to be gone on without.
        """
        fleet = self.parker.fleet
        names = [fleet.workload_name(one) for one in self.typed]

        def ask(orchestrator: Orchestrator) -> Scheduled | None:
            here = [one for one in names if one.is_in(orchestrator.environment.label)]
            if names and not here:
                return None
            return orchestrator.changes.scheduled(here, widened(self.parker.query, _of_jobs(here)))

        answer = fleet.ask_all(ask)
        if answer.failures and not keep_going:
            raise PartialFailure(
                "the jobs of an environment could not be searched, so nothing was changed",
                hint="choose others with -e, or go on without them with --keep-going",
            )
        for found in filter(None, answer.items):
            self._others += found.others
            meant = [one for one in found.jobs if self._is_meant(one)]
            for one in meant:
                if self.suspends and one.relied_on:
                    self.parker.streams.announce(f"left out: {one.name}: {one.relied_on}")
                else:
                    self.planned.append(one)
        return not answer.failures

    def _is_meant(self, job: ScheduledJob) -> bool:
        """Not those that somebody else has suspended; they stay so."""
        return not job.is_suspended if self.suspends else job.is_marked

    @property
    def _verb(self) -> str:
        return "suspend" if self.suspends else "resume"

    def plan(self) -> None:
        """Say what is changed and what is not; raises as ``Changer.announce``."""
        for job in self.planned:
            what = f"{self._verb} {job.name} in namespace {job.namespace}"
            # A person is asked about all of them at once.
            but(self.parker, yes=True).announce(job.environment, what, job.place, job.namespace)
        for other in self._others:
            went = "goes on" if self.suspends else "went on"
            self.parker.streams.announce(f"{other} {went}: it is left as it is")

    def change(self, goes_on: Callable[[], bool]) -> None:
        """Change one after the other, as long as it goes on."""
        now = self.parker.now()
        for number, job in enumerate(self.planned):
            if not goes_on():
                return
            made = self._told(job)
            self._became[number] = replace(made, outcome=Outcome.FAILED, error=INTERRUPTED)
            try:
                with foreseen(job.environment.label):
                    if self.suspends:
                        job.suspend(now)
                    else:
                        job.resume()
                self._became[number] = replace(made, outcome=Outcome.DONE)
            except DashborionError as error:
                self.errors.append(located(error, job.environment))
                failed = replace(made, outcome=Outcome.FAILED, error=told_of(error))
                self._became[number] = failed

    def changes(self, not_begun: ChangeError) -> list[Change]:
        """What became of each; those that were ``not_begun`` are skipped for that reason."""
        told = [self._became.get(n, self._told(job)) for n, job in enumerate(self.planned)]
        if self.parker.dry_run:
            return told
        skipped = {"outcome": Outcome.SKIPPED, "error": not_begun}
        return [one if one.outcome else replace(one, **skipped) for one in told]

    def _told(self, job: ScheduledJob) -> Change:
        return Change(
            action="stop" if self.suspends else "start",
            project=job.environment.project,
            environment=job.environment.name,
            namespace=job.namespace,
            workload=job.name,
            instance=None,
            before="suspended" if job.is_suspended else "active",
            after="suspended" if self.suspends else "active",
            dry_run=self.parker.dry_run,
            rollout=None,
        )


def _of_jobs(names: Sequence[Name]) -> list[Name]:
    """The names without the kinds of workloads, which jobs are not."""
    return [one for one in names if one.type is None]
