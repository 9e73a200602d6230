"""What every change has in common: say it, ask, send it once, follow it, and show it.

Nothing is sent before all that can be refused was looked at, and a change that was
sent is shown however the wait for it ends: it was made, and a script has to know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from msgspec.structs import replace

from dashborion.config.environments import require_changeable
from dashborion.config.targets import Environment
from dashborion.engines.fleet import Fleet
from dashborion.engines.rollout import Patience, RolloutFollower
from dashborion.errors import Refusal
from dashborion.models.change import Change
from dashborion.models.kinds import KIND_OF
from dashborion.models.query import Name, Query
from dashborion.models.rollout import Rollout
from dashborion.models.workload import Workload
from dashborion.orchestrators.protocol import (
    FollowedRollout,
    Images,
    PlannedChange,
    WorkloadToChange,
)
from dashborion.streams import Streams


@dataclass(frozen=True)
class _Step:
    """One change of a workload, ready to be announced.

    ``difference`` has a line for each field that changes; ``is_followed`` when its
    rollout comes by itself.
    """

    what: str
    change: Change
    send: Callable[[], FollowedRollout]
    notes: Sequence[str] = ()
    difference: Sequence[str] = ()
    is_followed: bool = True


@dataclass(frozen=True)
class Changer:
    """Makes one change of the chosen environments.

    ``confirm`` asks a person, ``show`` prints the change; ``yes`` answers the
    question, ``dry_run`` sends nothing, and with ``patience`` the rollout is waited for.

    Every method that changes something raises:
        Refusal: the environment is read-only, or the object cannot be changed so.
        Declined: somebody said no.
        UsageError: nobody is there to ask.
        RolloutFailed, RolloutPending: how the wait ended.
    """

    fleet: Fleet
    streams: Streams
    follower: RolloutFollower
    now: Callable[[], datetime]
    confirm: Callable[[str], None]
    show: Callable[[Change], None]
    yes: bool = False
    dry_run: bool = False
    patience: Patience | None = None

    def scale(
        self, name: Name, query: Query, replicas: int, *, current: int | None, force: bool
    ) -> None:
        """Set the replicas: only if they are ``current``, outside an autoscaler's bounds by force.

        Raises:
            Refusal: there are none to be set, or they would be set back at once.
        """
        target = self._changeable(name, query)
        self._heed_autoscaler(target, replicas, force=force)
        desired = target.workload.desired
        step = _Step(
            f"scale {label(target.workload)} from {desired} to {replicas} replicas",
            self._change(target.workload, "scale", desired, replicas),
            lambda: target.scale(replicas, current=current),
        )
        self._make(target, step)

    def _heed_autoscaler(self, target: WorkloadToChange, replicas: int, *, force: bool) -> None:
        if target.not_scalable_because is not None:
            raise Refusal(f"it has no replicas to set: {target.not_scalable_because}")
        owner = target.autoscaling
        if owner is None or owner.suspended:
            return
        bounds = f"{owner.source} keeps it between {owner.min} and {owner.max}"
        if not owner.min <= replicas <= owner.max and not force:
            raise Refusal(
                f"{bounds}, and {replicas} is outside", hint="--force does it all the same"
            )
        self.streams.note(f"{bounds} and may change it again")

    def restart(self, name: Name, query: Query) -> None:
        """Replace all instances by new ones of the same definition."""
        self._restart(self._changeable(name, query))

    def _restart(self, target: WorkloadToChange) -> None:
        _require_restartable(target)
        step = _Step(
            f"restart {label(target.workload)}",
            self._change(target.workload, "restart", target.newest, None),
            lambda: target.restart(now=self.now()),
            notes=[target.warning] if target.warning else [],
            is_followed=target.warning is None,
        )
        self._make(target, step)

    def deploy(self, name: Name, query: Query, images: Images, *, force: bool) -> None:
        """Give containers new images; where they have them, restart by ``force``, else wait."""
        target = self._changeable(name, query)
        planned = target.plan_images(images)
        if planned.difference:
            self._redefine(target, "deploy", planned)
        elif force:
            self._restart(target)
        else:
            self._leave(target, planned)

    def _leave(self, target: WorkloadToChange, planned: PlannedChange) -> None:
        """Nothing to send; a wait is for the rollout that has brought these images, or does."""
        workload = target.workload
        self.streams.note(f"nothing changes: {label(workload)} has {planned.after} already")
        waits = self.patience is not None and not self.dry_run and target.warning is None
        followed = target.current_rollout() if waits else None
        change = self._change(workload, "deploy", planned.before, planned.after)
        self._finish(target, change, followed)

    def rollback(self, name: Name, query: Query, revision: str | None) -> None:
        """Go back to a revision, or with None to the one that ran before."""
        target = self._changeable(name, query)
        _require_restartable(target)
        self._redefine(target, "rollback", target.plan_revision(revision))

    def _redefine(self, target: WorkloadToChange, action: str, planned: PlannedChange) -> None:
        verb = "roll back" if action == "rollback" else action
        step = _Step(
            f"{verb} {label(target.workload)}: {planned.before} -> {planned.after}",
            self._change(target.workload, action, planned.before, planned.after),
            planned.send,
            notes=[*planned.notes, *([target.warning] if target.warning else [])],
            difference=planned.difference,
            is_followed=target.warning is None,
        )
        self._make(target, step)

    def stop(self, name: Name, query: Query) -> None:
        """Stop one instance."""
        target = self.fleet.instance_to_change(name, query)
        instance = target.found.item
        if instance.status == "stopped":
            raise Refusal(f"{instance.name} has stopped already")
        what = f"stop {instance.name} in namespace {instance.namespace}"
        self.announce(target.orchestrator.environment, what)
        if not self.dry_run:
            with self._sending():
                target.orchestrator.changes.stop(target.found)
        self.show(
            Change(
                action="stop",
                project=instance.project,
                environment=instance.environment,
                namespace=instance.namespace,
                workload=instance.workload,
                instance=instance.id,
                before=str(instance.status),
                after="stopped",
                dry_run=self.dry_run,
                rollout=None,
            )
        )

    def announce(self, environment: Environment, what: str) -> None:
        """Say what will be changed and where, and ask if the environment is protected."""
        require_changeable(environment)
        self.streams.note(f"{'would ' if self.dry_run else ''}{what} in {environment.label}")
        if environment.target.protected and not self.yes and not self.dry_run:
            self.confirm(f"{environment.label} is protected: {what}")

    def _changeable(self, name: Name, query: Query) -> WorkloadToChange:
        target = self.fleet.workload_to_change(name, query)
        if target.not_changeable_because is not None:
            raise Refusal(f"{target.workload.name}: {target.not_changeable_because}")
        return target

    def _make(self, target: WorkloadToChange, step: _Step) -> None:
        self.announce(target.environment, step.what)
        for note in step.notes:
            self.streams.note(note)
        if self.dry_run:
            for line in step.difference:
                self.streams.note(line)
            self.show(step.change)
            return
        with self._sending():
            followed = step.send()
        for note in followed.notes:
            self.streams.note(note)
        self._finish(target, step.change, followed if step.is_followed else None)

    @contextmanager
    def _sending(self) -> Iterator[None]:
        """Around the one request: an interruption leaves open whether it was applied."""
        try:
            yield
        except KeyboardInterrupt:
            self.streams.note("interrupted: the change may have been applied")
            raise

    def _finish(
        self, target: WorkloadToChange, change: Change, followed: FollowedRollout | None
    ) -> None:
        """Wait if that was asked for and there is something to follow, then show the change."""
        if change.after is None and followed is not None:
            change = replace(change, after=followed.newest)

        def seen(rollout: Rollout) -> None:
            nonlocal change
            after = change.after
            if after is None and rollout.revision != change.before:  # the old one until observed
                after = rollout.revision
            change = replace(change, rollout=rollout, after=after)

        try:
            if self.patience is not None and followed is not None:
                self.follower.follow(target, followed, self.patience, seen=seen)
        finally:
            self.show(change)

    def _change(
        self, workload: Workload, action: str, before: int | str | None, after: int | str | None
    ) -> Change:
        return Change(
            action=action,
            project=workload.project,
            environment=workload.environment,
            namespace=workload.namespace,
            workload=workload.name,
            instance=None,
            before=before,
            after=after,
            dry_run=self.dry_run,
            rollout=None,
        )


def label(workload: Workload) -> str:
    """``deployment/web in namespace shop``."""
    return f"{KIND_OF[workload.type]}/{workload.name} in namespace {workload.namespace}"


def _require_restartable(target: WorkloadToChange) -> None:
    if target.not_restartable_because is not None:
        raise Refusal(f"{target.workload.name}: {target.not_restartable_because}")
