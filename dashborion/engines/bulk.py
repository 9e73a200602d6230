"""One kind of change to several workloads: the plan, one question, some at a time, one list.

The plan is each change made dry, so that whatever refuses one refuses it before anything is sent.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as but
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from dashborion.concurrency import outcome, start
from dashborion.engines.bulk_rows import HALTED, NOT_BEGUN, Kept, Row
from dashborion.engines.jobs import Jobs
from dashborion.engines.parking import Parker
from dashborion.errors import (
    Barred,
    DashborionError,
    NotApplicable,
    PartialFailure,
    RolloutFailed,
    RolloutPending,
    listing,
    short,
)
from dashborion.models.kinds import KIND_OF
from dashborion.models.query import Name, Query, has_wildcards
from dashborion.models.rollout import Change, ChangeError
from dashborion.models.workload import Workload, WorkloadStatus
from dashborion.orchestrators.changing import WorkloadToChange
from dashborion.orchestrators.protocol import Orchestrator

PLANNED_AT_ONCE = 8


class Several(Struct, frozen=True):
    """Which workloads: ``typed`` names and patterns, of these ``statuses``; and how.

    So many in ``parallel``; after a failure others only if it is to ``keep_going``.
    """

    typed: Sequence[str]
    statuses: frozenset[WorkloadStatus] | None = None
    parallel: int = 3
    keep_going: bool = False


class Act(Struct, frozen=True):
    """What is done to each: ``on`` does it with a changer, be it dry; ``verb`` is the word for it.

    ``to_zero``: no pattern does it to what the cluster relies on.
    """

    verb: str
    on: Callable[[Parker, WorkloadToChange], None]
    to_zero: bool = False


@dataclass(frozen=True)
class Bulk:
    """Makes one kind of change to several workloads; ``show`` prints what became of all.

    ``jobs`` that start instances at times are suspended before the others are stopped, and resumed
    after they were started.
    """

    parker: Parker
    several: Several
    act: Act
    show: Callable[[Sequence[Change]], None]
    jobs: Jobs | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _halted: threading.Event = field(default_factory=threading.Event)
    _ended: list[Row] = field(default_factory=list)

    def run(self) -> None:
        """Plan, ask, do, and show.

        Raises:
            PartialFailure: some failed, or an environment could not be searched.
            RolloutFailed, RolloutPending: a wait ended so, the worst first.
            Refusal: nothing was changed, for that reason.
            Declined, UsageError: as ``confirm``.
        """
        targets, is_complete = self._targets()
        if self.jobs is not None:
            is_complete &= self.jobs.look(keep_going=self.several.keep_going)
        rows = [Row(target) for target in self._unneeded(targets)]
        _each(rows, self._plan, PLANNED_AT_ONCE)
        self._require_sound(rows)
        self._say_plan(rows)
        to_do = [row for row in rows if row.is_to_do]
        if self.parker.dry_run:
            self._show(rows)
        else:
            self._do(rows, to_do)
        jobs = self.jobs.errors if self.jobs else []
        count = len(rows) + (len(self.jobs.planned) if self.jobs else 0)
        self._raise_worst([*(row.error for row in rows if row.error), *jobs], count)
        if not is_complete:
            changed = to_do and not self.parker.dry_run
            told = "the others were changed" if changed else "nothing was changed"
            raise PartialFailure(f"an environment could not be searched; {told}")

    # --- Which ------------------------------------------------------------------------------------

    def _targets(self) -> tuple[list[WorkloadToChange], bool]:
        """The workloads, each once, and whether every environment could be searched."""
        fleet, query, several = self.parker.fleet, self.parker.query, self.several
        by_list = bool(query.selector or several.statuses)
        exact = [one for one in several.typed if not (by_list or has_wildcards(one))]
        patterns = [one for one in several.typed if one not in exact]
        calls = [partial(fleet.workload_to_change, name, query) for name in dict.fromkeys(exact)]
        found = [outcome(future) for future in [start(call) for call in calls]]
        is_complete = True
        if patterns or not several.typed:
            light = replace(query, parts=frozenset({"health"}) if several.statuses else frozenset())
            listed = fleet.workloads(light, patterns=patterns, statuses=several.statuses)
            is_complete = not listed.failures
            if not is_complete and not several.keep_going:
                raise PartialFailure(
                    "an environment could not be searched, so nothing was changed",
                    hint="choose others with -e, or go on without it with --keep-going",
                )
            items = [one.item for one in listed.items]
            if is_complete and items:
                self._say_unmatched(patterns, items)
            found += self._looked_up(items)
        return list(
            {(one.environment.label, str(one.name)): one for one in found}.values()
        ), is_complete

    def _say_unmatched(self, patterns: Sequence[str], items: Sequence[Workload]) -> None:
        """A pattern that is mistyped looks as if all was done."""
        for pattern in patterns:
            name = self.parker.fleet.workload_name(pattern)
            if not any(name.fits(one.name, one.type, one.namespace) for one in items):
                self.parker.streams.announce(f"nothing fits '{short(pattern)}'")

    def _looked_up(self, items: Sequence[Workload]) -> list[WorkloadToChange]:
        """What a list has found, by the names that no others have, in one go an environment."""
        fleet, query, found = self.parker.fleet, self.parker.query, []
        for environment in fleet.environments:
            place = (environment.project, environment.name)
            here = [
                Name(one.name, one.type, one.namespace)
                for one in items
                if (one.project, one.environment) == place
            ]
            if here:
                found += fleet.ask(environment, partial(_side_by_side, here, query))
        return found

    def _unneeded(self, targets: Sequence[WorkloadToChange]) -> list[WorkloadToChange]:
        """All but those that no pattern puts to zero, which are told."""
        if not self.act.to_zero:
            return list(targets)
        fleet, kept = self.parker.fleet, []
        left: dict[str, list[str]] = {}
        exact = [fleet.workload_name(one) for one in self.several.typed if not has_wildcards(one)]
        for target in targets:
            item = target.workload
            is_named = any(
                name.is_in(target.environment.label)
                and name.fits(item.name, item.type, item.namespace)
                for name in exact
            )
            why = None if is_named else target.relied_on()
            if why is None:
                kept.append(target)
            else:
                left.setdefault(why, []).append(f"{KIND_OF[item.type]}/{item.name}")
        for why, names in left.items():
            self.parker.streams.announce(f"left out: {listing(names, most=5)}: {why}")
        return kept

    # --- The plan ---------------------------------------------------------------------------------

    def _plan(self, row: Row) -> None:
        streams = Kept.instead_of(self.parker.streams)
        dry = but(
            self.parker, dry_run=True, patience=None, show=partial(_keep, row), streams=streams
        )
        try:
            self.act.on(dry, row.target)
        except DashborionError as error:
            row.failed(error)
        row.lines, row.warnings = streams.kept, streams.warned
        row.known = frozenset(
            [line.removeprefix("would ") for line in row.lines]
            + [one.message for one in row.warnings]
        )

    def _require_sound(self, rows: Sequence[Row]) -> None:
        """Check that nothing speaks against all of it.

        Raises:
            DashborionError: why one of them cannot be changed; the others are told.
        """
        refused = [row.error for row in rows if row.error]
        refused = [one for one in refused if not isinstance(one, NotApplicable)]
        barred = [one for one in refused if isinstance(one, Barred)]
        against = barred or ([] if self.several.keep_going else refused)
        for error in against[1:]:
            self.parker.fleet.report(error)
        if against:
            if not barred:
                told = "nothing was changed; --keep-going changes the others"
                against[0].hint = "\n".join(filter(None, (against[0].hint, told)))
            raise against[0]

    def _say_plan(self, rows: Sequence[Row]) -> None:
        say = self.parker.streams.announce
        skipped: dict[str, list[str]] = {}
        warned: dict[tuple[str, ...], list[Row]] = {}
        for row in rows:
            for one in row.warnings:
                key = (one.message, one.hint or "", one.environment or "")
                warned.setdefault(key, []).append(row)
            name = row.target.workload.name
            why = row.skipped_because
            if why is not None:
                skipped.setdefault(why, []).append(row.label)
                continue
            if row.error is not None:
                say(f"cannot {self.act.verb} {row.label}: {row.why}")
                continue
            # What is done goes before what was noted on the way to it.
            lines = sorted(row.lines, key=lambda line: not line.startswith("would "))
            for number, line in enumerate(lines):
                said = line if number == 0 else f"  {name}: {line}"
                say(said if self.parker.dry_run else said.removeprefix("would "))
        for why, labels in skipped.items():
            say(f"skip {listing(labels, most=5)}: {why}")
        for (message, *_), warned_of in warned.items():
            error = next(one for one in warned_of[0].warnings if one.message == message)
            error.message = f"{message}: {listing([row.short for row in warned_of], most=5)}"
            self.parker.streams.warn(error)
        if self.jobs is not None:
            self.jobs.plan()

    # --- The changes ------------------------------------------------------------------------------

    def _do(self, rows: Sequence[Row], to_do: Sequence[Row]) -> None:
        """Ask, and change those that are to be changed; what became of all is always shown."""
        jobs = self.jobs
        if not (to_do or (jobs and jobs.planned)):
            self._show(rows)
            return
        if not self.parker.yes:
            self._ask(to_do)
        for row in to_do:
            row.change = None

        def goes_on() -> bool:
            errors = any(row.error for row in to_do) or (jobs is not None and jobs.errors)
            return self.several.keep_going or not errors

        try:
            if jobs and jobs.suspends:
                jobs.change(goes_on)
            _each(to_do, partial(self._change, total=len(to_do)), self.several.parallel, goes_on)
            if jobs and not jobs.suspends:
                jobs.change(goes_on)
        except KeyboardInterrupt:
            with self._lock:  # from here on none is begun behind the list's back
                self._halted.set()
            self.parker.streams.announce("interrupted: what was begun goes on")
            raise
        finally:
            self.parker.streams.progress("")
            self._show(rows)

    def _show(self, rows: Sequence[Row]) -> None:
        jobs = self.jobs.changes(self._not_begun) if self.jobs else ()
        self.show([*map(self._became, rows), *jobs])

    @property
    def _not_begun(self) -> ChangeError:
        return HALTED if self._halted.is_set() else NOT_BEGUN

    def _ask(self, to_do: Sequence[Row]) -> None:
        where = {
            f"{one.label}{' (protected)' if one.target.protected else ''}"
            for one in (row.target.environment for row in to_do)
        }
        counts = [(len(to_do), "workload"), (len(self.jobs.planned) if self.jobs else 0, "job")]
        what = " and ".join(f"{n} {word}{'' if n == 1 else 's'}" for n, word in counts if n)
        places = f" in {', '.join(sorted(where))}" if where else ""
        self.parker.confirm(f"{self.act.verb} {what}{places}")

    def _became(self, row: Row) -> Change:
        return row.told(self.act.verb, self._not_begun, dry_run=self.parker.dry_run)

    def _change(self, row: Row, *, total: int) -> None:
        ours = self.parker
        name = row.target.workload.name

        def say(line: str) -> None:
            ours.streams.announce(line if line.startswith(name) else f"{name}: {line}")

        streams = Kept.instead_of(
            ours.streams, known=row.known, hand_on=say, hand_on_warning=ours.streams.warn
        )
        keep = partial(_keep, row)
        changer = but(ours, yes=True, sent=keep, show=keep, streams=streams,
                      follower=but(ours.follower, streams=streams))  # fmt: skip
        with self._lock:
            if self._halted.is_set():
                return
            row.is_begun = True
        ours.fleet.runtime(row.target.environment).deadline.restart()
        try:
            self.act.on(changer, row.target)
        except DashborionError as error:
            row.failed(error)
        became = self._became(row).outcome
        with self._lock:
            self._ended.append(row)
            ours.streams.note(f"{len(self._ended)} of {total}: {row.label}: {became}")

    def _raise_worst(self, errors: Sequence[DashborionError], count: int) -> None:
        """A rollout goes before what else failed."""
        failed = [one for one in errors if not isinstance(one, NotApplicable)]
        for kind in (RolloutFailed, RolloutPending):
            worst = [one for one in failed if isinstance(one, kind)]
            if worst:
                for error in failed:
                    if error is not worst[0]:
                        self.parker.fleet.report(error)
                raise worst[0]
        if failed and len(failed) == count:
            for error in failed[1:]:
                self.parker.fleet.report(error)
            raise failed[0]
        if failed:
            for error in failed:
                self.parker.fleet.report(error)
            raise PartialFailure(f"{len(failed)} of {count} workloads failed")


def _keep(row: Row, change: Change) -> None:
    row.change = change


def _each(
    rows: Sequence[Row],
    work: Callable[[Row], None],
    at_once: int,
    goes_on: Callable[[], bool] = lambda: True,
) -> None:
    """Work on some rows at a time, in order, as long as it goes on."""
    waiting, lock = iter(rows), threading.Lock()

    def serve() -> None:
        while goes_on():
            with lock:
                row = next(waiting, None)
            if row is None:
                return
            work(row)

    for future in [start(serve) for _ in range(min(at_once, len(rows)))]:
        outcome(future)


def _side_by_side(
    names: Sequence[Name], query: Query, orchestrator: Orchestrator
) -> list[WorkloadToChange]:
    changes = orchestrator.changes
    started = [start(partial(changes.workload, name, query)) for name in names]
    return [outcome(one) for one in started]
