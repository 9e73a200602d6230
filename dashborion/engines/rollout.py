"""The wait for a rollout: one loop for all kinds and orchestrators, and what is said meanwhile.

The judgement is the adapters'; the patience is here. Waiting ends when the
rollout is done, when it ended badly, when its instances fail in a way that
time does not mend, or at the timeout. What the API could not answer is asked
again: a throttled or lost connection is not a failed rollout.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from msgspec.structs import replace

from dashborion.concurrency import outcome, start
from dashborion.engines.fleet import Fleet
from dashborion.engines.until import DONE, Until
from dashborion.errors import (
    DashborionError,
    RolloutError,
    RolloutFailed,
    RolloutPending,
    Unavailable,
    foreseen,
    listing,
)
from dashborion.models.cause import Cause, Severity
from dashborion.models.event import Event
from dashborion.models.rollout import Rollout, RolloutState
from dashborion.orchestrators.changing import (
    Explanation,
    FollowedRollout,
    RolloutProgress,
    Trouble,
    WorkloadToChange,
)
from dashborion.streams import Streams

TIMEOUT_SECONDS = 600.0
POLL_SECONDS = 2.0
EXPLAIN_SECONDS = 10.0  # for why a wait has ended badly, after its time
LOOK_SECONDS = 1.0  # that a look gets in any case
_GRAVEST = {RolloutFailed.exit_code: 0, RolloutPending.exit_code: 1}  # of several errors
EVENTS, LOG_LINES = 5, 10  # that are shown of a rollout that failed


@dataclass(frozen=True)
class Patience:
    """When to give up: crashes in all, and how long in seconds the rest may last.

    ``until`` is what the wait is for.
    """

    crashes: int = 2
    pull_seconds: float = 20.0
    placement_seconds: float = 30.0
    timeout_seconds: float = TIMEOUT_SECONDS
    until: Until = DONE


@dataclass(eq=False)
class RolloutWait:
    """One wait. ``look`` asks once, ``report`` is told each change of the message.

    ``is_reached`` says whether it is over, ``onward`` how a paused rollout is to go on.
    """

    look: Callable[[], RolloutProgress]
    report: Callable[[str], None]
    patience: Patience = field(default_factory=Patience)
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    again: str = "dashborion workloads status NAME --wait"  # what takes the wait up again
    is_reached: Callable[[RolloutProgress], bool] = lambda seen: seen.done
    onward: Callable[[Rollout], str | None] = lambda _: None
    _since: dict[tuple[str, str], float] = field(default_factory=dict)
    _said: str = ""
    _end: float | None = None
    last: RolloutProgress | None = None
    is_answered: bool = False  # whether the newest look was

    def left(self) -> float:
        """Seconds until the timeout; all of it before the wait began."""
        if self._end is None:
            return self.patience.timeout_seconds
        return max(0.0, self._end - self.clock())

    def until_done(self) -> RolloutProgress:
        """Look until the rollout is done.

        Raises:
            RolloutFailed: it failed, was rolled back, superseded, or its object deleted.
            RolloutPending: the time is up, or it is paused.
        """
        while (done := self.ask()) is None:
            self.sleep(min(POLL_SECONDS, self.left()))
        return done

    def ask(self) -> RolloutProgress | None:
        """Look once; None while the rollout is not done. Raises as ``until_done``."""
        if self._end is None:
            self._end = self.clock() + self.patience.timeout_seconds
        progress = self._try()
        if progress is not None:
            self.last = progress
            is_there = self.is_reached(progress)
            word = "complete: " if progress.done else "reached: " * is_there
            self._say(f"{word}{progress.message}")
            if is_there:
                return progress
            self._end_if_hopeless(progress)
        if self.left() <= 0:
            where = self.last.message if self.last else "nothing was heard of it"
            raise RolloutPending(
                f"not finished after {self.patience.timeout_seconds:g} seconds: {where}",
                hint=f"it goes on; to wait for it again: {self.again}",
            )
        return None

    def _try(self) -> RolloutProgress | None:
        self.is_answered = False
        try:
            progress = self.look()
        except Unavailable as error:
            self._say(f"asking again: {error.message}")
            return None
        self.is_answered = True
        return progress

    def _end_if_hopeless(self, progress: RolloutProgress) -> None:
        if progress.ended == "paused":
            raise RolloutPending(progress.message, hint=self.onward(progress.rollout))
        if progress.ended is not None:
            raise RolloutFailed(progress.message, code=progress.ended)
        reason = self._hopeless(progress.troubles)
        if reason:
            raise RolloutFailed(f"{reason}; {progress.message}")

    def _hopeless(self, troubles: Sequence[Trouble]) -> str | None:
        """Why it is no use to wait on, grouped and counted; None as long as it is."""
        crashes = [one for one in troubles if one.kind == "crash"]
        if sum(one.count for one in crashes) >= self.patience.crashes:
            return grouped(crashes)
        limits = {"pull": self.patience.pull_seconds, "placement": self.patience.placement_seconds}
        now = self.clock()
        lasting = {self._key(one): one for one in troubles if one.kind in limits}
        self._since = {key: self._since.get(key, now) for key in lasting}
        long = [
            one
            for one in troubles
            if one.kind in limits and now - self._since[self._key(one)] >= limits[one.kind]
        ]
        return grouped(long) if long else None

    def _key(self, trouble: Trouble) -> tuple[str, str]:
        """What lasts; a trouble with making any instance does not while the rollout moves on."""
        moved = self.last.message if self.last is not None else ""
        return (trouble.instance or moved, trouble.kind)

    def _say(self, message: str) -> None:
        if message != self._said:
            self._said = message
            self.report(message)


@dataclass(frozen=True, eq=False)
class Followed:
    """A rollout that is waited for; ``seen`` is told where it stands, ``failed`` how it ended."""

    name: str
    workload: WorkloadToChange
    rollout: FollowedRollout
    seen: Callable[[Rollout], None]
    failed: Callable[[RolloutError], None] = lambda _: None


_Wait = tuple[Followed, RolloutWait]


@dataclass(frozen=True)
class RolloutFollower:
    """Waits for rollouts and says how they go: one live line on a terminal, else line by line.

    ``logs``: whether the last lines of what failed are said, too.
    """

    fleet: Fleet
    streams: Streams
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    logs: bool = True

    def follow(
        self,
        workload: WorkloadToChange,
        followed: FollowedRollout,
        patience: Patience,
        *,
        seen: Callable[[Rollout], None],
    ) -> str:
        """Wait for a rollout, and say of what there is how much in the end.

        ``seen`` is told where it stands, however the wait ends.

        Raises:
            RolloutFailed: after saying why, with events and the last log lines.
            RolloutPending: the time is up.
        """
        one = Followed(workload.workload.name, workload, followed, seen)
        (wait,) = self.follow_all([one], patience)
        return wait.last.message if wait.last else ""

    def follow_all(self, rollouts: Sequence[Followed], patience: Patience) -> list[RolloutWait]:
        """Wait for all of the rollouts; one that ends badly ends no other's wait.

        Raises:
            RolloutFailed: one did, after saying why each of them did.
            RolloutPending: the time is up for one, and none failed.
            DashborionError: what else happened to one.
        """
        said: dict[str, str] = {}

        def report(name: str, message: str) -> None:
            said[name] = f"{name}: {message}"
            if self.streams.err_tty:
                self.streams.progress("; ".join(said.values()))
            else:
                self.streams.note(said[name])

        waits = [(one, self._wait(one, patience, report)) for one in rollouts]
        every = [wait for _, wait in waits]
        try:
            errors = self._errors(waits)
        except KeyboardInterrupt:
            self.streams.progress("")
            for one, _ in waits:
                self.streams.announce(f"interrupted: the rollout of {one.name} goes on")
            raise
        finally:
            self.streams.progress("")
        if len(rollouts) > 1:
            for name, error in errors:
                error.message = f"{name}: {error.message}"
        self._raise_gravest([error for _, error in errors])
        return every

    def _raise_gravest(self, errors: list[DashborionError]) -> None:
        errors.sort(key=lambda error: _GRAVEST.get(error.exit_code, len(_GRAVEST)))
        for error in errors[1:]:
            self.fleet.report(error)
        if errors:
            raise errors[0]

    def _errors(self, waits: list[_Wait]) -> list[tuple[str, DashborionError]]:
        """Wait for all; what ended badly, by name. ``waits`` are left with what is waited for."""
        errors = []
        while waits:
            for (one, wait), answer in zip(waits[:], self._asked(waits), strict=True):
                if answer is not None:
                    waits.remove((one, wait))
                if isinstance(answer, DashborionError):
                    self._explain_end(one, wait, answer)
                    errors.append((one.name, answer))
            if waits:
                self.sleep(min(POLL_SECONDS, max(wait.left() for _, wait in waits)))
        return errors

    def _wait(
        self, one: Followed, patience: Patience, report: Callable[[str, str], None]
    ) -> RolloutWait:
        deadline = self.fleet.runtime(one.workload.environment).deadline

        def look() -> RolloutProgress:
            # A read's whole time for each look, or what is left of the wait.
            deadline.restart(max(wait.left(), LOOK_SECONDS))
            progress = one.rollout.look()
            one.seen(_followed_rollout(progress, wait.last))
            return progress

        wait = RolloutWait(
            look,
            partial(report, one.name),
            patience,
            self.clock,
            self.sleep,
            again=self.fleet.command_for(one.workload, "status", "{}", "--wait"),
            is_reached=partial(patience.until.is_reached, workload=one.workload),
            onward=partial(self.onward, one.workload),
        )
        return wait

    def onward(self, workload: WorkloadToChange, rollout: Rollout) -> str | None:
        """The command with which a rollout goes on that waits for a person."""
        held = rollout.waiting_for
        if held is None or rollout.strategy == "code-deploy":  # whose message has a command
            return None
        hook = ["--hook", held.hook] if held.hook else []
        return f"to go on: {self.fleet.command_for(workload, 'continue', '{}', *hook, '--wait')}"

    def _asked(self, waits: Sequence[_Wait]) -> list[RolloutProgress | DashborionError | None]:
        """Each wait's look, side by side: what is done, how it ended, or None."""

        def ask(one: Followed, wait: RolloutWait) -> RolloutProgress | DashborionError | None:
            try:
                with foreseen(one.workload.environment.label):
                    return wait.ask()
            except DashborionError as error:
                return error

        if len(waits) == 1:
            return [ask(*waits[0])]
        return [outcome(future) for future in [start(partial(ask, *one)) for one in waits]]

    def _explain_end(self, one: Followed, wait: RolloutWait, error: DashborionError) -> None:
        """Say why a wait has ended badly, and put it on the error."""
        self.streams.progress("")
        is_paused = wait.last is not None and wait.last.ended == "paused"
        if isinstance(error, RolloutError) and wait.is_answered and not is_paused:
            self.fleet.runtime(one.workload.environment).deadline.restart(EXPLAIN_SECONDS)
            self._explain(one.workload, one.rollout, error, wait.last)
        if isinstance(error, RolloutError):
            one.failed(error)

    def _explain(
        self,
        workload: WorkloadToChange,
        followed: FollowedRollout,
        error: RolloutError,
        last: RolloutProgress | None,
    ) -> None:
        """Say why, with the newest warnings and one failed instance's log, if they can be had."""
        troubles = last.troubles if last is not None else ()
        try:
            with foreseen(workload.environment.label):
                explanation = followed.explain(given_up=True)
                namespace = workload.workload.namespace
                told = self.fleet.addressed(explanation.causes, workload.environment, namespace)
                _name_cause(error, last, replace(explanation, causes=told))
                failed = next((one.instance for one in troubles if one.instance), None)
                self._show_last_words(followed, explanation.events, failed)
        except DashborionError as lost:
            self.streams.warn(lost)

    def _show_last_words(
        self, followed: FollowedRollout, events: Sequence[Event], instance: str | None
    ) -> None:
        warnings = [event for event in events if event.type == "warning"]
        newest = {(event.object, event.reason): event for event in warnings or events}
        for event in sorted(newest.values(), key=events.index)[-EVENTS:]:
            time = f"{event.timestamp:%Y-%m-%dT%H:%M:%SZ} " if event.timestamp else ""
            self.streams.note(f"event: {time}{event.object}: {event.message}")
        if instance and self.logs:
            for line in followed.last_log_lines(instance, LOG_LINES):
                self.streams.note(f"log: {instance}: {line}")


def _name_cause(
    error: RolloutError, last: RolloutProgress | None, explanation: Explanation
) -> None:
    """Put the causes on the error, and the worst of them into its message."""
    ended = last.ended if last is not None else None
    if ended in ("superseded", "deleted"):
        return  # nothing that is wrong with it
    error.causes = explanation.causes
    is_failed = isinstance(error, RolloutFailed)
    of_errors = (one for one in error.causes if one.severity is Severity.ERROR or not is_failed)
    worst = next(of_errors, None)
    if worst is not None:
        told = _told_of(worst)
        # The API says of itself why a rollout failed; an empty cause then says no more.
        is_said = (worst.message or "").rstrip(".") in error.message and not worst.instances
        if last is not None and is_failed and ended is None:
            error.message = f"{told}; {last.message}"  # better than the troubles do
        elif not is_said:
            error.message = f"{error.message}; {told}"
        advice = next((one for one in worst.advice if one.command), None)
        if advice is not None and not error.hint:
            error.hint = f"{advice.text}: {advice.command}"


def _told_of(cause: Cause) -> str:
    """What is wrong, in which instances, and the API's own words."""
    word = f" ({cause.reason})" if cause.reason else ""
    where = f" in {listing(cause.instances, most=3)}" if cause.instances else ""
    return f"{cause.title}{word}{where}" + (f": {cause.message}" if cause.message else "")


def _followed_rollout(progress: RolloutProgress, before: RolloutProgress | None) -> Rollout:
    """Where the rollout that is followed stands: what took its place is another one."""
    if progress.ended not in ("rolled-back", "superseded", "deleted"):
        return progress.rollout
    revision = before.rollout.revision if before is not None else None
    return Rollout(state=RolloutState.FAILED, revision=revision, message=progress.message)


def grouped(troubles: Sequence[Trouble]) -> str:
    """``CrashLoopBackOff x3 (web-1, web-2): its message``, reason by reason."""
    reasons: dict[str, list[Trouble]] = {}
    for trouble in troubles:
        reasons.setdefault(trouble.reason, []).append(trouble)
    return "; ".join(
        _told(
            reason,
            sum(one.count for one in members),
            list(dict.fromkeys(one.instance for one in members if one.instance)),
            next((one.message for one in reversed(members) if one.message), None),
        )
        for reason, members in reasons.items()
    )


def _told(reason: str, count: int, names: Sequence[str], message: str | None) -> str:
    shown = ", ".join(names[:3]) + (f" +{len(names) - 3} more" if len(names) > 3 else "")
    where = f" ({shown})" if shown else ""
    return f"{reason} x{count}{where}" + (f": {message}" if message else "")
