"""One workload stopped, or started again: refused, said, asked about and followed as any change."""

from __future__ import annotations

from msgspec.structs import replace

from dashborion.engines.answers import located
from dashborion.engines.change_parts import label
from dashborion.engines.changes import Changer
from dashborion.errors import DashborionError, NotApplicable, Refusal, RolloutFailed, foreseen
from dashborion.models.rollout import Change, ChangeError, Outcome, RolloutState
from dashborion.orchestrators.changing import PlannedSwitch, WorkloadToChange


class Parker(Changer):
    """Makes a change of one workload that was found, too, and not only of one that was named."""

    def stop_workload(self, name: str, *, force: bool, delete_volumes: bool) -> None:
        """Put the one workload of that name to zero, and remember on it what was.

        Raises:
            NotApplicable: it has no count.
            Refusal: it is needed or in the middle of a rollout, without ``force``; data would be
                lost without ``delete_volumes``.
        """
        with self._changing(name) as target:
            self._stop(target, force=force, delete_volumes=delete_volumes)

    def start_workload(self, name: str) -> None:
        """Give the one workload of that name back what it had.

        Raises:
            NotApplicable: nobody has remembered it.
        """
        with self._changing(name) as target:
            self._start(target)

    def stop_found(self, target: WorkloadToChange, *, force: bool) -> None:
        """As ``stop_workload``; never with volumes."""
        with self._changed(target):
            self._stop(target, force=force, delete_volumes=False)

    def start_found(self, target: WorkloadToChange) -> None:
        """As ``start_workload``."""
        with self._changed(target):
            self._start(target)

    def scale_found(
        self, target: WorkloadToChange, replicas: int, *, current: int | None, force: bool
    ) -> None:
        """As ``scale``; never with volumes.

        Raises:
            NotApplicable: it has no count.
        """
        if target.not_scalable_because is not None:
            raise NotApplicable(f"{target.workload.name}: {target.not_scalable_because}")
        with self._changed(target):
            self._scale(target, replicas, current=current, force=force, delete_volumes=False)

    def restart_found(self, target: WorkloadToChange, *, allow_image_change: bool) -> None:
        """As ``restart``.

        Raises:
            Refusal: a tag has moved, and nobody has allowed for that.
        """
        with self._changed(target):
            self._restart(target, allow_image_change=allow_image_change)

    def _stop(self, target: WorkloadToChange, *, force: bool, delete_volumes: bool) -> None:
        target.require_possible("stop")
        planned = target.plan_stop(self.now())
        change = self._change(target.workload, "stop", planned.before, planned.after)
        if planned.nothing is not None:
            self._leave_it(target, change, planned)
            return
        if not force:
            self._require_unneeded(target)
            _require_settled(target)
        what = f"stop {label(target.workload)}, which has {_counted(planned.before)}"
        what += self._heed_volumes(target, what, 0, delete_volumes=delete_volumes)
        try:
            self._make(target, what, change, planned.send, notes=planned.notes)
        except RolloutFailed as error:
            if error.code == "superseded":
                self._release(target, error)
            raise

    def _leave_it(self, target: WorkloadToChange, change: Change, planned: PlannedSwitch) -> None:
        """Nothing to send; a wait is for what still runs."""
        self.streams.announce(f"nothing changes: {label(target.workload)}: {planned.nothing}")
        waits = self.patience is not None and not self.dry_run
        why = ChangeError(code="unchanged", message=planned.nothing or "", hint=None)
        change = replace(change, outcome=Outcome.SKIPPED, error=why, managed_by=target.managed_by)
        self._finish(target, change, planned.send() if waits else None)

    def _start(self, target: WorkloadToChange) -> None:
        target.require_possible("start")
        planned = target.plan_start()
        change = self._change(target.workload, "start", planned.before, planned.after)
        to = "as KEDA decides" if planned.after is None else f"with {_counted(planned.after)}"
        what = f"start {label(target.workload)} {to}"
        self._make(target, what, change, planned.send, notes=planned.notes)

    def _release(self, target: WorkloadToChange, error: RolloutFailed) -> None:
        """Somebody has raised the count meanwhile: theirs it is, and what else was held is not."""
        environment = target.environment
        try:
            with foreseen(environment.label):
                name, query = target.name, self.query
                now = self.fleet.ask(environment, lambda one: one.changes.workload(name, query))
                now.plan_start().send()
        except DashborionError as lost:
            start = self.fleet.command_for(target, "start", "{}")
            error.hint = f"the mark is still there: {located(lost, environment).message}: {start}"
        else:
            error.hint = "the mark was removed, and its autoscaler is as it was"


def _counted(replicas: int) -> str:
    return "1 replica" if replicas == 1 else f"{replicas} replicas"


def _require_settled(target: WorkloadToChange) -> None:
    """Check that no rollout would be taken for a good one, since nothing of it runs any more."""
    rollout, workload = target.workload.rollout, target.workload
    if workload.desired and rollout.state is not RolloutState.COMPLETE:
        why = f": {rollout.message}" if rollout.message else ""
        raise Refusal(
            f"the rollout of {workload.name} is {rollout.state}{why}",
            hint="started again it would have the revision that is not proven; "
            "--force stops it all the same",
        )
