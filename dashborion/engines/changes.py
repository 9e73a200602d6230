"""What every change has in common: say it, ask, send it once, follow it, and show it.

Nothing is sent before all that can be refused was looked at, and a change that was
sent is shown however the wait for it ends: it was made, and a script has to know.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime

from msgspec.structs import replace

from dashborion.config.places import Place
from dashborion.config.targets import Environment
from dashborion.engines.change_parts import change_of, label, told_of
from dashborion.engines.fleet import Fleet
from dashborion.engines.guards import Guards
from dashborion.engines.rollout import Patience, RolloutFollower
from dashborion.errors import (
    Barred,
    Conflict,
    DashborionError,
    Refusal,
    Reverted,
    RolloutError,
    RolloutFailed,
    foreseen,
    listing,
)
from dashborion.models.instance import Instance
from dashborion.models.query import Query
from dashborion.models.rollout import (
    Change,
    Outcome,
    Revision,
    Rollout,
    RolloutState,
)
from dashborion.models.workload import Workload
from dashborion.orchestrators.changing import (
    FollowedRollout,
    ImageMove,
    Images,
    Keeper,
    PlannedChange,
    Steering,
    WorkloadToChange,
)
from dashborion.streams import Streams, age

# What is in no manifest, so that whoever keeps one leaves it as it is.
_LASTING = frozenset({"restart", "continue", "pause", "resume"})
_IDLE = "it has no replicas: nothing of it runs before it is scaled up"


@dataclass(frozen=True)
class Changer:
    """Makes one change of the chosen environments.

    ``guards`` says whose flags hold, ``query`` where names are searched; ``confirm`` asks a
    person, ``show`` prints the change; ``yes`` answers the question, ``dry_run`` sends nothing,
    and with ``patience`` the rollout is waited for; ``sent`` hears of a change before that.

    ``reason`` is recorded where the API has a place for it; ``clock`` tells how long a wait took,
    in seconds.

    Every method that changes something raises:
        Refusal: the environment is read-only, or the object cannot be changed so.
        Declined: somebody said no.
        UsageError: nobody is there to ask.
        RolloutFailed, RolloutPending: how the wait ended.
    """

    fleet: Fleet
    guards: Guards
    query: Query
    streams: Streams
    follower: RolloutFollower
    now: Callable[[], datetime]
    confirm: Callable[[str], None]
    show: Callable[[Change], None]
    yes: bool = False
    dry_run: bool = False
    patience: Patience | None = None
    clock: Callable[[], float] = time.monotonic
    reason: str | None = None
    sent: Callable[[Change], None] = lambda _: None

    def scale(
        self,
        name: str,
        replicas: int,
        *,
        current: int | None,
        force: bool,
        delete_volumes: bool = False,
    ) -> None:
        """Set the replicas: only if they are ``current``, outside an autoscaler's bounds by force.

        Where volumes go with their instances, ``delete_volumes`` has to say so.

        Raises:
            Refusal: there are none to be set, they would be set back at once, or data be lost.
            Conflict: they are not ``current``, or not any more what was shown.
        """
        with self._changing(name) as target:
            self._scale(
                target, replicas, current=current, force=force, delete_volumes=delete_volumes
            )

    def _scale(
        self,
        target: WorkloadToChange,
        replicas: int,
        *,
        current: int | None,
        force: bool,
        delete_volumes: bool,
    ) -> None:
        target.require_possible("scale")
        self._heed_autoscaler(target, replicas, force=force)
        workload = target.workload
        desired = workload.desired
        if workload.parked is not None:
            start = self.fleet.command_for(target, "start", "{}")
            raise Refusal(
                f"{workload.name} is stopped, with {workload.parked.desired} replicas remembered",
                hint=f"start it: {start}",
            )
        if current is not None and desired != current:
            raise Conflict(f"{workload.name} has {desired} replicas, not {current}")
        change = self._change(workload, "scale", desired, replicas)
        if replicas == desired:
            self._leave(target, change, f"{desired} replicas")
            return
        if replicas == 0 and not force:
            self._require_unneeded(target)
        what = f"scale {label(workload)} from {desired} to {replicas} replicas"
        what += self._heed_volumes(target, what, replicas, delete_volumes=delete_volumes)
        self._make(target, what, change, lambda: target.scale(replicas))

    def _require_unneeded(self, target: WorkloadToChange) -> None:
        """Check that the cluster itself does not need what is put to zero."""
        if why := target.relied_on():
            name = target.workload.name
            raise Refusal(f"{name}: {why}", hint="--force does it all the same, by its name")

    def _heed_volumes(
        self, target: WorkloadToChange, what: str, replicas: int, *, delete_volumes: bool
    ) -> str:
        """The words for what is deleted, too, if it is known that it will."""
        lost = target.volumes_lost(replicas)
        if not lost:
            return ""
        told = f" and delete {len(lost)} volumes with their data ({listing(lost)})"
        if not delete_volumes:
            raise Barred(
                f"that would {what}{told}: its persistentVolumeClaimRetentionPolicy is Delete",
                hint="--delete-volumes does it all the same, of one workload by its name; "
                "there is no way back",
            )
        return told

    def _heed_autoscaler(self, target: WorkloadToChange, replicas: int, *, force: bool) -> None:
        if target.not_scalable_because is not None:
            raise Refusal(f"it has no replicas to set: {target.not_scalable_because}")
        owner = target.autoscaling
        if owner is None or owner.suspended:
            return
        if not owner.min <= replicas <= owner.max and not force:
            raise Refusal(
                f"{owner.bounds}, and {replicas} is outside", hint="--force does it all the same"
            )
        self.streams.announce(f"{owner.bounds} and may change it again")

    def restart(self, name: str) -> None:
        """Replace all instances by new ones of the same definition."""
        with self._changing(name) as target:
            self._restart(target)

    def _restart(self, target: WorkloadToChange, *, allow_image_change: bool = True) -> None:
        _require_restartable(target)
        self._require_place(target, "restart")
        moves = target.image_moves()
        moved = [one.image for one in moves if one.is_change]
        if moved and not allow_image_change:
            raise Refusal(
                f"{target.workload.name}: a restart deploys what {listing(moved)} is now",
                hint="--allow-image-change restarts it all the same",
            )
        self._make(
            target,
            f"restart {label(target.workload)}",
            self._change(target.workload, "restart", target.newest, None),
            lambda: target.restart(now=self.now(), reason=self.reason),
            notes=notes_of_restart(moves, target.pauses),
            warning=target.warning,
        )

    def deploy(self, name: str, images: Images, *, force: bool) -> None:
        """Give containers new images; where they have them, restart by ``force``, else wait."""
        with self._changing(name) as target:
            target.require_possible("deploy")
            self._require_place(target, "deploy")
            if self.patience is not None:  # what is paused would only be waited for
                _require_restartable(target)
            planned = target.plan_images(images, self.reason)
            if planned.difference:
                self._redefine(target, "deploy", planned)
            elif force:
                self._restart(target)
            else:
                change = self._change(target.workload, "deploy", planned.before, planned.after)
                self._leave(target, change, planned.after)

    def _leave(self, target: WorkloadToChange, change: Change, what: str) -> None:
        """Nothing to send; a wait is for the rollout that has brought this, or does."""
        change = replace(change, outcome=Outcome.SKIPPED, managed_by=target.managed_by)
        self.streams.announce(f"nothing changes: {label(target.workload)} has {what} already")
        waits = self.patience is not None and not self.dry_run and target.warning is None
        self._finish(target, change, target.current_rollout() if waits else None)

    def rollback(self, name: str, revision: str | None) -> None:
        """Go back to a revision, or with None to the one that ran before."""
        with self._changing(name) as target:
            target.require_possible("rollback")
            _require_restartable(target)
            self._require_place(target, "rollback")
            planned = target.plan_revision(revision, self.reason)
            self._redefine(target, "rollback", planned)

    def steer(self, name: str, action: Steering, hook: str | None = None) -> None:
        """Continue, abort, pause or resume the rollout that is under way.

        Raises:
            UsageError: this cannot be done to it, or not now.
        """
        with self._changing(name) as target:
            self._redefine(target, action, target.plan_steering(action, hook))

    def _require_place(self, target: WorkloadToChange, action: str) -> None:
        if self.reason is not None:
            target.require_place_for(self.reason, action)

    def _redefine(self, target: WorkloadToChange, action: str, planned: PlannedChange) -> None:
        verb = "roll back" if action == "rollback" else action
        change = self._change(target.workload, action, planned.before, planned.after)
        what = f"{planned.before} -> {planned.after}"
        if planned.revisions:
            change = replace(change, revisions=list(planned.revisions))
            what = " -> ".join(self._told_of(one) for one in planned.revisions)
        self._make(
            target,
            f"{verb} {label(target.workload)}: {what}",
            change,
            planned.send,
            notes=planned.notes,
            difference=planned.difference,
            warning=target.warning,
        )

    def _told_of(self, revision: Revision) -> str:
        """``3 (registry.example/web:8.2.0, 2h old)``."""
        made = revision.created_at
        old = f"{age(made, self.now())} old" if made else None
        return f"{revision.revision} ({', '.join(filter(None, (*revision.images, old)))})"

    def stop(self, id_: str) -> None:
        """Stop one instance."""
        target = self.fleet.instance_to_change(id_, self.query)
        instance = target.found.item
        if instance.status == "stopped":
            raise Refusal(f"{instance.name} has stopped already")
        what = f"stop {instance.name} in namespace {instance.namespace}"
        changes = target.orchestrator.changes
        environment = target.orchestrator.environment
        if self.reason is not None:
            changes.require_place_for(self.reason)
        self.announce(environment, what, changes.place(target.found), instance.namespace)
        if not self.dry_run:
            with foreseen(environment.label), self._sending():
                changes.stop(target.found, self.reason)
        # Only asked to end: a finalizer, a dead node or SIGTERM ignored may keep it for long.
        change = self._change(instance, "stop", str(instance.status), "terminating")
        self.show(replace(change, outcome=None if self.dry_run else Outcome.DONE))

    def announce(
        self,
        environment: Environment,
        what: str,
        place: Place,
        namespace: str,
        keeper: Keeper | None = None,
    ) -> None:
        """Say what will be changed and where, and ask if flags protect that place.

        Who is the ``keeper`` of what it was before may undo the change.
        """
        if environment.redefines:
            raise Refusal(environment.redefines, hint="choose which file is meant with --config")
        guards = self.guards.over(environment, place, namespace)
        for guard in guards:
            if guard.target.read_only:
                raise Barred(guard.sentence("read-only"), hint=guard.hint("read_only"))
        self.streams.announce(f"{'would ' if self.dry_run else ''}{what} in {environment.label}")
        if keeper is not None and keeper.reverts is not None:
            what += f", which {keeper.reverts} may revert"
            told = f"{keeper.reverts} may revert this"
            self.streams.warn(Reverted(told, hint=keeper.instead, environment=environment.label))
        protecting = [guard for guard in guards if guard.target.protected]
        if protecting and not self.yes and not self.dry_run:
            self.confirm(f"{protecting[0].sentence('protected')}: {what}")

    @contextmanager
    def _changing(self, name: str) -> Iterator[WorkloadToChange]:
        """The workload of that name, if it can be changed, for what is done to it."""
        with self._changed(self.fleet.workload_to_change(name, self.query)) as target:
            yield target

    @contextmanager
    def _changed(self, target: WorkloadToChange) -> Iterator[WorkloadToChange]:
        """The same for one that was found."""
        if target.not_changeable_because is not None:
            raise Refusal(f"{target.workload.name}: {target.not_changeable_because}")
        with foreseen(target.environment.label):
            yield target

    def _make(
        self,
        target: WorkloadToChange,
        what: str,
        change: Change,
        send: Callable[[], FollowedRollout],
        *,
        notes: Sequence[str] = (),
        difference: Sequence[str] = (),
        warning: str | None = None,
    ) -> None:
        """Announce a change, send it and finish it, or for a dry run show the ``difference``.

        With a ``warning`` its rollout does not come by itself and is not waited for.
        """
        change = replace(change, managed_by=target.managed_by)
        keeper = None if change.action in _LASTING else target.keeper
        self.announce(target.environment, what, target.place, target.workload.namespace, keeper)
        idle = _IDLE if target.workload.desired == 0 else None
        if change.action in ("scale", "stop", "start"):
            idle = None
        elif target.workload.parked is not None:
            idle = f"it is stopped: {self.fleet.command_for(target, 'start', '{}')} runs it"
        self._note(*notes, *filter(None, (warning, idle)))
        if self.dry_run:
            self._note(*difference)
            self.show(change)
            return
        with self._sending():
            followed = send()
        self._note(*followed.notes)
        self._finish(target, change, None if warning else followed)

    def _note(self, *messages: str) -> None:
        for message in messages:
            self.streams.announce(message)

    @contextmanager
    def _sending(self) -> Iterator[None]:
        """Around the one request: an interruption leaves open whether it was applied."""
        try:
            yield
        except KeyboardInterrupt:
            self.streams.announce("interrupted: the change may have been applied")
            raise

    def _finish(
        self, target: WorkloadToChange, change: Change, followed: FollowedRollout | None
    ) -> None:
        """Wait if that was asked for and there is something to follow, then show the change."""
        if change.after is None and followed is not None:
            change = replace(change, after=followed.newest)
        if change.outcome is None and not self.dry_run:
            change = replace(change, outcome=Outcome.DONE)
        self.sent(change)

        def seen(rollout: Rollout) -> None:
            nonlocal change
            after = change.after
            if after is None and rollout.revision != change.before:  # the old one until observed
                after = rollout.revision
            change = replace(change, rollout=rollout, after=after)

        began = self.clock()
        try:
            if self.patience is not None and followed is not None:
                told = self.follower.follow(target, followed, self.patience, seen=seen)
                if change.rollout is not None and change.rollout.message is None:
                    change = replace(change, rollout=replace(change.rollout, message=told))
        except RolloutError as error:
            failed = isinstance(error, RolloutFailed) and error.code == RolloutFailed.code
            if failed and (undo := self._undo(target, change)):
                error.hint = "\n".join(filter(None, (error.hint, undo)))
            change = replace(change, outcome=Outcome.FAILED, error=told_of(error))
            raise
        finally:
            if change.rollout is not None:
                change = replace(change, seconds=round(self.clock() - began, 1))
            self.show(change)

    def _undo(self, target: WorkloadToChange, change: Change) -> str | None:
        """How to undo a change; None where nothing has changed, or nothing can."""
        if change.before == change.after or change.action in ("restart", "abort", "pause"):
            return None
        if change.action in ("stop", "start"):
            other = "start" if change.action == "stop" else "stop"
            return f"undo it: {self.fleet.command_for(target, other, '{}')}"
        if change.action == "scale":
            words = ["scale", "{}", "-r", str(change.before)]
            return f"undo it: {self.fleet.command_for(target, *words)}"
        revision = target.workload.rollout.revision
        if (
            target.workload.rollout.state is not RolloutState.COMPLETE
        ):  # going back there is no help
            revision = None
            with suppress(DashborionError):
                revision = target.proven_revision()
            if revision is None:
                known = self.fleet.command_for(target, "history", "{}")
                return f"what ran before was not complete; the other revisions: {known}"
        to = ["--to", revision] if revision else []
        return f"undo it: {self.fleet.command_for(target, 'rollback', '{}', *to, '--wait')}"

    def _change(
        self,
        item: Workload | Instance,
        action: str,
        before: int | str | None,
        after: int | str | None,
    ) -> Change:
        return change_of(item, action, before, after, dry_run=self.dry_run)


def notes_of_restart(moves: Sequence[ImageMove], pauses: Sequence[str]) -> list[str]:
    """A restart deploys where a tag has moved, and has all the pauses of a deployment."""
    notes = [
        f"tag moved: {one.image} is {one.after} by now, and {one.before} runs"
        for one in moves
        if one.is_change
    ]
    unknown = [one.image for one in moves if one.after is None]
    if unknown:
        notes.append(f"cannot tell whether a tag has moved meanwhile: {listing(unknown)}")
    if pauses:
        notes.append(f"it may wait for a person at {', '.join(pauses)}")
    return notes


def _require_restartable(target: WorkloadToChange) -> None:
    if target.not_restartable_because is not None:
        raise Refusal(f"{target.workload.name}: {target.not_restartable_because}")
