"""Stopping a workload and starting it again, so that a second try always ends what one began.

The mark and the count are one patch, which tests the uid and the count that were shown. Whoever
else sets the count is held by a write of its own, after the mark is there and before it goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from dashborion.errors import DashborionError, NotApplicable, NotFound, Refusal
from dashborion.models.query import Found
from dashborion.models.rollout import Rollout
from dashborion.orchestrators.changing import FollowedRollout, PlannedSwitch, Verdict
from dashborion.orchestrators.kubernetes import (
    deploy,
    find,
    nearby_wire,
    normalise,
    progress,
    rollout,
    wire,
)
from dashborion.orchestrators.kubernetes import resources as api
from dashborion.orchestrators.kubernetes.client import Client
from dashborion.orchestrators.kubernetes.history import current_template, inside
from dashborion.orchestrators.kubernetes.resources import Resource
from dashborion.orchestrators.parking import (
    ANNOTATION,
    NO_FORMER,
    Mark,
    left_as_they_are,
    not_marked,
)

if TYPE_CHECKING:
    from dashborion.orchestrators.kubernetes.changes import ControllerToChange

_MERGE = "application/merge-patch+json"
_SCALERS = Resource(
    wire.Object, "autoscaling/v2", api.AUTOSCALERS.plural, api.AUTOSCALERS.kind
)  # v1 has no behaviour
_PAUSED = "autoscaling.keda.sh/paused-replicas"
_DISABLED, _DEFAULT = "Disabled", "Max"
_POLICIES = {_DISABLED, _DEFAULT, "Min"}
PATH = f"/metadata/annotations/{ANNOTATION.replace('/', '~1')}"
_HALF_WAY = "`workloads stop` ends what was begun, `workloads start` takes it back"


def plan_stop(target: ControllerToChange, now: datetime) -> PlannedSwitch:
    """As ``WorkloadToChange.plan_stop``."""
    _require_a_count(target)
    parking, mark = _Parking(target), target.mark
    desired, keda = target.workload.desired, parking.scaled_object
    is_held = keda is None or _paused_at(keda) == "0"
    is_held = is_held and all(_policy(one) == _DISABLED for one in parking.waking)
    if desired == 0 and is_held and (mark is not None or not parking.waking):
        told = "it is stopped already" if mark else "it has 0 replicas, and nobody stopped it"
        return PlannedSwitch(0, 0, parking.wait, nothing=told)
    notes = [f"poddisruptionbudget/{one} is not asked" for one in target.neighbours.budgets(
        target.found.item)]  # fmt: skip
    if keda is not None:
        notes.append(f"scaledobject/{keda.metadata.name} of KEDA is paused at 0, which stops it")
    elif target.autoscaling is not None:
        bounds, waking = target.autoscaling.bounds, [one.item.metadata.name for one in
                                                     parking.waking]  # fmt: skip
        held = f"; {', '.join(waking)} may scale from zero, and may not scale up" if waking else ""
        notes.append(f"{bounds}, and does nothing at 0{held}")
    return PlannedSwitch(desired, 0, partial(parking.stop, now), tuple(notes))


def plan_start(target: ControllerToChange) -> PlannedSwitch:
    """As ``WorkloadToChange.plan_start``."""
    _require_a_count(target)
    mark, desired = target.mark, target.workload.desired
    if mark is None:
        low = target.autoscaling.min if target.autoscaling else None
        text = (target.found.item.metadata.annotations or {}).get(ANNOTATION)
        raise not_marked(target.workload.name, text, low)
    parking, notes = _Parking(target), []
    if desired:
        notes.append(left_as_they_are(desired))
    if parking.scaled_object is not None and mark.keda is not None:
        name = parking.scaled_object.metadata.name
        notes.append(f"scaledobject/{name} of KEDA sets its count from now on")
        return PlannedSwitch(desired, None, partial(parking.start, mark), tuple(notes))
    after = desired or mark.desired
    return PlannedSwitch(desired, after, partial(parking.start, mark), tuple(notes))


@dataclass(frozen=True)
class _Parking:
    """The patches that change one workload, and what else sets its count."""

    target: ControllerToChange

    @property
    def client(self) -> Client:
        return self.target.client

    @property
    def item(self) -> wire.Controller:
        return self.target.found.item

    @cached_property
    def scaled_object(self) -> nearby_wire.ScaledObject | None:
        """What of KEDA sets its count.

        Raises:
            Refusal: nobody can tell, and it would set it back.
        """
        try:
            return self.target.neighbours.scaled_object(self.item)
        except DashborionError as error:
            told = f"nobody can tell whether KEDA sets its count: {error.message}"
            raise Refusal(told, hint=error.hint) from error

    @cached_property
    def waking(self) -> list[Found[wire.Object]]:
        """The HorizontalPodAutoscalers that scale up from zero, whole: from 1.37 they may.

        Those that a stop has held are among them, whatever they may by now.
        """
        namespace, mark = self.item.metadata.namespace, self.target.mark
        is_held = mark is not None and mark.up is not None
        names = [one.metadata.name for one in self.target.scaling if is_held or _may_wake(one)]
        found = [self.client.get(_SCALERS, namespace, name) for name in names]
        return [one for one in found if one is not None]

    def stop(self, now: datetime) -> FollowedRollout:
        """The mark with the count, then whoever would set it back.

        Raises:
            Conflict: it is not what was shown any more; nothing has changed then.
        """
        target, keda, waking = self.target, self.scaled_object, self.waking
        desired, before = target.workload.desired, self._pods()
        policy = (_policy(waking[0]) or _DEFAULT) if waking else None
        former = (_paused_at(keda) or NO_FORMER) if keda else None
        bounds = target.autoscaling
        mark = Mark(
            desired=desired,
            min=bounds.min if bounds else None,
            max=bounds.max if bounds else None,
            up=policy,
            keda=former,
            at=now,
            rev=target.newest,
        ).kept(target.mark)
        if target.mark is None or desired:
            zero = [] if keda or not desired else [_replicas(0)]
            self._patch(desired, [self._same_template, _write(self.item, mark), *zero])
        if keda is not None:
            self._pause(keda, "0")
        self._let_wake(_DISABLED)
        return self._stopping(before)

    def wait(self) -> FollowedRollout:
        """What of it still ends."""
        return self._stopping(self._pods())

    def _stopping(self, before: frozenset[str]) -> FollowedStop:
        return FollowedStop(
            client=self.client,
            environment=self.target.environment,
            item=self.item,
            before=before,
            replicas=0,
            set_by=self.target.set_by,
            is_by_keda=self.scaled_object is not None,
        )

    def start(self, mark: Mark) -> FollowedRollout:
        """The count, whoever else sets it, and the mark last.

        Raises:
            Conflict: as ``stop``.
        """
        target, desired, before = self.target, self.target.workload.desired, self._pods()
        by_keda = mark.keda is not None and self.scaled_object is not None
        up = [] if desired or by_keda else [_replicas(mark.desired)]
        gone = {"op": "remove", "path": PATH}
        same = deploy.test(PATH, (self.item.metadata.annotations or {}).get(ANNOTATION))
        wakes = mark.up is not None and self.waking
        if by_keda or wakes:
            if up:
                self._patch(desired, [same, *up])
            if by_keda and self.scaled_object is not None:
                former = mark.keda if (mark.keda or "").isdecimal() else None
                self._pause(self.scaled_object, former)
            if wakes:
                self._let_wake(mark.up if mark.up in _POLICIES else _DEFAULT)
            self._patch(None, [same, gone])
        else:
            self._patch(desired, [same, *up, gone])
        kind = FollowedKeda if by_keda else progress.FollowedReplicas
        return kind(
            client=self.client,
            environment=target.environment,
            item=self.item,
            before=before,
            replicas=desired or mark.desired,
            set_by=target.set_by,
        )

    def _patch(self, desired: int | None, operations: Sequence[dict[str, Any]]) -> None:
        """One patch, if it is still the same workload, of the same count if one is given."""
        tests = [] if desired is None else [deploy.test("/spec/replicas", desired)]
        self.target.patched(deploy.json_patch(self.item, *tests, *operations))

    @property
    def _same_template(self) -> dict[str, Any]:
        """What is put to zero in the middle of a rollout comes back with what was rolled out."""
        return deploy.test("/spec/template", current_template(self.target.found))

    def _pause(self, keda: nearby_wire.ScaledObject, count: str | None) -> None:
        """Let KEDA hold a count, or none."""
        body = {"metadata": {"annotations": {_PAUSED: count}}}
        self._merge(api.SCALED_OBJECTS, keda.metadata.name, body)

    def _let_wake(self, policy: str) -> None:
        for one in self.waking:
            if (_policy(one) == _DISABLED) != (policy == _DISABLED):  # else it is another's
                behaviour = {"behavior": {"scaleUp": {"selectPolicy": policy}}}
                self._merge(_SCALERS, one.item.metadata.name, {"spec": behaviour})

    def _merge(self, resource: Resource[Any], name: str, body: dict[str, Any]) -> None:
        """A write after that of the mark: what it fails with says how to go on."""
        namespace = self.item.metadata.namespace
        try:
            answer = self.client.write("PATCH", resource.path(namespace, name), body, _MERGE)
            if answer is None:
                raise NotFound(resource.kind.lower(), name, where=find.where(namespace))
        except DashborionError as error:
            error.hint = "\n".join(filter(None, (error.hint, _HALF_WAY)))
            raise

    def _pods(self) -> frozenset[str]:
        return progress.keys(progress.members(self.client, self.item, self.target.environment))


@dataclass(frozen=True, kw_only=True)
class FollowedStop(progress.FollowedReplicas):
    """The end of all pods, by KEDA's hand where that sets the count."""

    is_by_keda: bool
    _observed: set[int] = field(default_factory=set)  # counts; KEDA takes a moment

    def _superseded(self, controller: Found[wire.Controller]) -> str | None:
        item = controller.item
        if isinstance(item, wire.DaemonSet):
            return None
        count = rollout.replicas(item.spec.replicas)
        self._observed.add(count)
        if count == 0 or (self.is_by_keda and 0 not in self._observed):
            return None
        who = _who_scaled(item) or "somebody"
        return f"reverted by {who}: {count} replicas are desired again"

    def _verdict(self, item: wire.Controller, state: Rollout) -> Verdict:
        if self.is_by_keda and rollout.counts(item).desired:
            return Verdict("waiting for KEDA to set it to 0")
        verdict = super()._verdict(item, state)
        if verdict.done or not isinstance(item, wire.StatefulSet):
            return verdict
        blocking = _blocking(progress.members(self.client, item, self.environment), item)
        if blocking is None:
            return verdict
        advice = f"`dashborion instances stop {blocking}` lets it go on"
        return Verdict(
            f"{verdict.message}; its pods end in turn, and {blocking} is not ready: {advice}"
        )


@dataclass(frozen=True, kw_only=True)
class FollowedKeda(progress.FollowedReplicas):
    """As many pods as KEDA makes it have."""

    def _superseded(self, controller: Found[wire.Controller]) -> str | None:  # noqa: ARG002
        return None


def _blocking(members: Sequence[progress.Member], item: wire.StatefulSet) -> str | None:
    """The pod that keeps an OrderedReady set from ending the others.

    The controller ends the last pod first, and one that is not ready only if it is the first such.
    """
    if item.spec.pod_management_policy == "Parallel":
        return None
    by_number = sorted(
        (int(one.name.rpartition("-")[2]), one)
        for _, one in members
        if one.name.rpartition("-")[2].isdecimal() and one.reason != "Terminating"
    )
    unready = [one for _, one in by_number if not one.ready]
    if len(unready) < 2 or by_number[-1][1].ready:
        return None
    return unready[0].name


def _who_scaled(item: wire.Controller) -> str | None:
    """The manager who wrote the count last, and is not us."""
    writers = [
        one
        for one in item.metadata.managed_fields or ()
        if one.has_replicas and one.manager != "dashborion"
    ]
    timed = sorted((one.time, one.manager) for one in writers if one.time)
    return timed[-1][1] if timed else None


def _may_wake(scaler: wire.Autoscaler) -> bool:
    return scaler.spec.min_replicas == 0 or normalise.is_scaled_to_zero(scaler)


def _policy(scaler: Found[wire.Object]) -> str | None:
    """The ``selectPolicy`` of its scaling up."""
    policy = inside(scaler.raw, "spec", "behavior", "scaleUp").get("selectPolicy")
    return policy if isinstance(policy, str) else None


def _paused_at(keda: nearby_wire.ScaledObject) -> str | None:
    return (keda.metadata.annotations or {}).get(_PAUSED)


def _replicas(count: int) -> dict[str, Any]:
    return {"op": "replace", "path": "/spec/replicas", "value": count}


def _write(item: wire.Controller, mark: Mark) -> dict[str, Any]:
    if item.metadata.annotations is None:
        return {"op": "add", "path": "/metadata/annotations", "value": {ANNOTATION: mark.text}}
    return {"op": "add", "path": PATH, "value": mark.text}


def _require_a_count(target: ControllerToChange) -> None:
    if target.not_scalable_because is not None:
        raise NotApplicable(f"{target.workload.name}: {target.not_scalable_because}")
