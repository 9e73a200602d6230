"""Changing and steering an Argo Rollout, where that is not as with a Deployment.

As ``kubectl argo rollouts`` does: ``promote``, ``abort`` and ``retry`` write to the status, which
the controller reads; ``restart`` sets a time.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

from dashborion.errors import UsageError
from dashborion.models.rollout import Rollout, RolloutState
from dashborion.orchestrators.changing import (
    FollowedRollout,
    Images,
    PlannedChange,
    Steering,
    Verdict,
)
from dashborion.orchestrators.kubernetes import argo, deploy, history, progress, rollout, wire
from dashborion.orchestrators.kubernetes import argo_wire as argo_types
from dashborion.orchestrators.kubernetes.changes import ControllerToChange
from dashborion.orchestrators.kubernetes.history import current_template, inside
from dashborion.orchestrators.kubernetes.progress import FollowedTemplate

_PAUSED, _PAUSES, _ABORT = "/spec/paused", "/status/pauseConditions", "/status/abort"


@dataclass(frozen=True, kw_only=True)
class _FollowedRestart(FollowedTemplate):
    """Pods that are replaced by such of the same revision, up to the time that was set."""

    restart_at: datetime
    _field = "restartAt"

    def _verdict(self, item: wire.Controller, state: Rollout) -> Verdict:
        if isinstance(item, argo_types.Rollout) and item.status.restarted_at != self.restart_at:
            return Verdict(state.message or "waiting for its pods to be restarted")
        return rollout.scaled(item)


@dataclass(frozen=True, kw_only=True)
class _FollowedAbort(FollowedTemplate):
    """A way back: over when nothing is directed to the new revision, and enough is there."""

    def _verdict(self, item: wire.Controller, state: Rollout) -> Verdict:
        if not isinstance(item, argo_types.Rollout) or not item.status.abort:
            return Verdict("somebody tries again what was aborted", ended="superseded")
        count = rollout.counts(item)
        if state.traffic is not None and state.traffic.production:
            return Verdict(f"{state.traffic.production:g} % still go to the new revision")
        if count.available < count.desired and item.spec.strategy.blue_green is None:
            return Verdict(f"{count.available} of {count.desired} replicas available")
        return Verdict("back at the revision before", done=True)


@dataclass(frozen=True, kw_only=True)
class RolloutToChange(ControllerToChange):
    """An Argo Rollout, as ``WorkloadToChange``."""

    @property
    def _item(self) -> argo_types.Rollout:
        item = self.found.item
        assert isinstance(item, argo_types.Rollout)  # noqa: S101 - `Changes` makes it of these
        return item

    def restart(self, *, now: datetime, reason: str | None) -> FollowedRollout:
        """Its own field: another template would begin a rollout with all its steps."""
        at = now.astimezone(UTC).replace(microsecond=0)
        before = progress.keys(progress.members(self.client, self._item, self.environment))
        patch = deploy.json_patch(
            self._item,
            {"op": "add", "path": "/spec/restartAt", "value": f"{at:%Y-%m-%dT%H:%M:%SZ}"},
            *deploy.because(self.found, reason),
        )
        with self._explaining():
            self._send(patch)
        followed = self._followed(current_template(self.found), before)
        return _FollowedRestart(**_parts(followed) | {"newest": self.newest}, restart_at=at)

    def plan_images(self, images: Images, reason: str | None) -> PlannedChange:
        """As of a Deployment, unless the template is another object's."""
        self._require_own_template()
        return super().plan_images(images, reason)

    def plan_revision(self, revision: str | None, reason: str | None) -> PlannedChange:
        """As of a Deployment, unless the template is another object's."""
        self._require_own_template()
        return super().plan_revision(revision, reason)

    def _require_own_template(self) -> None:
        reference = self._item.spec.workload_ref
        if reference is not None:
            kind, name = (reference.kind or "").lower(), reference.name
            raise UsageError(
                f"{self.workload.name}: its pod template is that of {kind}/{name}",
                hint=f"change that: dashborion workloads deploy {kind}/{name} --image IMAGE",
            )

    def plan_steering(self, action: Steering, hook: str | None) -> PlannedChange:
        """What ``spec.paused`` does as of a Deployment, all else through the status."""
        item = self._item
        if hook is not None or action == "pause":
            return super().plan_steering(action, hook)
        if action == "abort":
            return self._plan_abort(item)
        if item.spec.paused:
            return self._plan_unpause(item)
        if action == "resume":
            return self._plan_retry(item)
        return self._plan_continue(item)

    def _plan_unpause(self, item: argo_types.Rollout) -> PlannedChange:
        patch = self._unpaused(item)
        own = ", ".join(one.reason for one in item.status.pause_conditions or ())
        return PlannedChange(
            before=str(RolloutState.PAUSED),
            after=str(RolloutState.PROGRESSING),
            difference=(),
            send=lambda: self._begin(patch),
            notes=(f"it waits at a pause of its own then: {own}",) if own else (),
        )

    def _unpaused(self, item: argo_types.Rollout) -> deploy.Patch:
        operations = deploy.test(_PAUSED, True), {"op": "remove", "path": _PAUSED}
        return deploy.json_patch(item, deploy.same_template(self.found), *operations)

    def _plan_continue(self, item: argo_types.Rollout) -> PlannedChange:
        """``promote``; where nothing waits, that would skip an analysis that is under way."""
        name, pauses = item.metadata.name, inside(self.found.raw, "status").get("pauseConditions")
        if not pauses:
            raise UsageError(
                f"{name}: its rollout waits at no pause",
                hint=f"`dashborion workloads resume {name}` tries again what was aborted"
                if item.status.abort
                else None,
            )
        operations = [deploy.test(_PAUSES, pauses), {"op": "remove", "path": _PAUSES}]
        if argo.is_inconclusive(item) and item.status.current_step_index is not None:
            # The step would run its analysis again, and pause again.
            after = item.status.current_step_index + 1
            operations += [
                {"op": "add", "path": "/status/controllerPause", "value": False},
                {"op": "add", "path": "/status/currentStepIndex", "value": after},
            ]
        return PlannedChange(
            before=str(self.workload.rollout.state),
            after=str(RolloutState.PROGRESSING),
            difference=(),
            send=lambda: self._write_status(item, *operations),
            notes=(f"it goes on from {argo.judged(item)[1]}",),
        )

    def _plan_retry(self, item: argo_types.Rollout) -> PlannedChange:
        if not item.status.abort:
            waits = "`continue` goes on from the pause at which it waits"
            raise UsageError(
                f"{item.metadata.name}: it is neither paused by `spec.paused` nor aborted",
                hint=waits if item.status.pause_conditions else None,
            )
        operations = deploy.test(_ABORT, True), {"op": "replace", "path": _ABORT, "value": False}
        return PlannedChange(
            before=str(self.workload.rollout.state),
            after=str(RolloutState.PROGRESSING),
            difference=(),
            send=lambda: self._write_status(item, *operations),
            notes=("the template that was aborted is rolled out from the first step on",),
        )

    def _plan_abort(self, item: argo_types.Rollout) -> PlannedChange:
        name, status = item.metadata.name, item.status
        if status.abort:
            raise UsageError(f"{name}: its rollout is aborted already")
        if not status.stable_rs or status.stable_rs == status.current_pod_hash:
            hint = f"`dashborion workloads rollback {name}` goes back to an older revision"
            raise UsageError(f"{name}: no rollout is under way", hint=hint)
        stable = self._stable_revision(item)
        to = f" --to {stable}" if stable else ""
        back = (
            f"`dashborion workloads rollback {name}{to}` sets what runs then, "
            f"`dashborion workloads resume {name}` tries again"
        )
        operations = ({"op": "add", "path": _ABORT, "value": True},)

        def abort() -> FollowedRollout:
            sent = self._write_status(item, *operations)
            if item.spec.paused:
                self._send(self._unpaused(item))
            return _FollowedAbort(**_parts(sent))

        return PlannedChange(
            before=self.workload.rollout.revision or "the newest",
            after=stable or "what is stable",
            difference=(),
            send=abort,
            # The controller leaves alone what is paused, aborted or not.
            notes=(
                *(["it is paused no more"] if item.spec.paused else []),
                f"the template stays the new one: {back}",
            ),
        )

    def _stable_revision(self, item: argo_types.Rollout) -> str | None:
        """The number of the revision that runs; None where ReplicaSets may not be listed."""
        kept = self.client.permitted(history.list_kept(self.client, item))
        stable = [one.metadata for one in kept if argo.is_stable(item, one.metadata)]
        return next(filter(None, map(rollout.revision_of, stable)), None)

    def _write_status(self, item: argo_types.Rollout, *operations: Any) -> FollowedTemplate:
        """Change the status, if the rollout is the one that was looked up, once."""
        same = deploy.test("/status/currentPodHash", item.status.current_pod_hash)
        with self._explaining():
            self._send(deploy.json_patch(item, same, *operations), subresource="/status")
        return self._followed(current_template(self.found), None)


def _parts(followed: FollowedTemplate) -> dict[str, Any]:
    return {one.name: getattr(followed, one.name) for one in fields(followed)}
