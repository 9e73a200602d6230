"""Stopping a service and starting it again, so that a second try always ends what one began.

The order is what makes that safe. Registering a scalable target moves the count into its bounds at
once, even where no bounds are sent. So a service is tagged with what there is, then its scaling is
suspended with a minimum of zero in one call, then its count is set to zero; back the other way
round, and the tag goes last. At no time is a target with a minimum registered for a count of zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import msgspec

from dashborion.errors import (
    Conflict,
    DashborionError,
    NotApplicable,
    Refusal,
    Unavailable,
    listing,
)
from dashborion.orchestrators.aws.client import batches, convert
from dashborion.orchestrators.changing import FollowedRollout, PlannedSwitch, Verdict
from dashborion.orchestrators.ecs import find, instances, normalise, recheck, rollout, wire
from dashborion.orchestrators.ecs.client import TASKS_A_CALL, Client
from dashborion.orchestrators.ecs.progress import FollowedCount, Parts
from dashborion.orchestrators.parking import (
    ALL_SUSPENDED,
    TAG,
    Flags,
    Mark,
    left_as_they_are,
    not_marked,
)

if TYPE_CHECKING:
    from dashborion.orchestrators.ecs.changes import ServiceToChange

_SCALING = "application-autoscaling"
_OLD_ARN = 1  # slashes in ``service/NAME``; later ones name the cluster, too
_HALF_WAY = "`workloads stop` ends what was begun, `workloads start` takes it back"


def plan_stop(target: ServiceToChange, now: datetime) -> PlannedSwitch:
    """As ``WorkloadToChange.plan_stop``."""
    _require_a_count(target)
    service, client = target.service, target.client
    _require_tags(client, service)
    parking = _Parking(target)
    scaler, mark = parking.scaler, target.mark
    if service.desired_count == 0 and (mark is None or _is_suspended(scaler)):
        told = "it is stopped already" if mark else "it has 0 replicas, and nobody stopped it"
        return PlannedSwitch(0, 0, parking.wait, nothing=told)
    notes = [*_scheduled(client, service, scaler), *_of_protected(client, service)]
    if scaler is not None:
        notes.append(f"{_bounds(scaler)} of its autoscaler are remembered, and it is suspended")
    return PlannedSwitch(service.desired_count, 0, partial(parking.stop, now), tuple(notes))


def plan_start(target: ServiceToChange) -> PlannedSwitch:
    """As ``WorkloadToChange.plan_start``."""
    _require_a_count(target)
    service, mark = target.service, target.mark
    _require_tags(target.client, service)
    if mark is None:
        low = target.autoscaling.min if target.autoscaling else None
        raise not_marked(service.service_name, normalise.labels(service.tags).get(TAG), low)
    parking = _Parking(target)
    desired = service.desired_count or mark.desired
    notes = parking.kept_bounds(mark)
    if service.desired_count:
        notes = (left_as_they_are(desired), *notes)
    return PlannedSwitch(service.desired_count, desired, partial(parking.start, mark), notes)


@dataclass(frozen=True)
class _Parking:
    """The calls that change one service."""

    target: ServiceToChange

    @property
    def client(self) -> Client:
        return self.target.client

    @property
    def service(self) -> wire.Service:
        return self.target.service

    @cached_property
    def scaler(self) -> wire.ScalableTarget | None:
        return self._scaler()

    def _scaler(self) -> wire.ScalableTarget | None:
        """What sets its count, asked now.

        Raises:
            Refusal: nobody can tell, so nothing of it could be put back.
        """

        def tell(error: DashborionError) -> None:
            raise Refusal(
                f"nobody can tell whether an autoscaler sets it: {error.message}",
                hint="`workloads scale -r 0` remembers nothing, and needs no autoscaler",
            )

        return self.client.scalable_target(self.service.service_name, tell)

    def stop(self, now: datetime) -> FollowedRollout:
        """Tag, suspend, zero. What did not happen because of somebody else leaves nothing behind.

        Raises:
            Conflict: it is not what was shown any more; nothing has changed then.
        """
        service, earlier = self.service, self.target.mark
        self._look()
        scaler, tasks = self._scaler(), self._tasks()
        mark = _mark(service, scaler, now).kept(earlier)
        if earlier is None or service.desired_count:
            self.client.tag(service.service_arn, TAG, mark.text)
        try:
            if scaler is not None and not _is_suspended(scaler):
                self._register(MinCapacity=0, flags=ALL_SUSPENDED)
            if service.desired_count:
                look = partial(recheck.same, self.client, service)
                self.client.update_service(service.service_name, look, desiredCount=0)
        except Unavailable as error:  # it may have been done
            error.hint = "\n".join(filter(None, (error.hint, _HALF_WAY)))
            raise
        except DashborionError as error:
            if earlier is not None:
                error.hint = "\n".join(filter(None, (error.hint, _HALF_WAY)))
            else:
                self._take_back(mark, error)
            raise
        return self._followed(0, tasks)

    def wait(self) -> FollowedRollout:
        """What of it still ends."""
        return self._followed(0, self._tasks())

    def _take_back(self, mark: Mark, error: DashborionError) -> None:
        """Undo what was done before an error that nothing came of."""
        try:
            self._restore(mark)
        except DashborionError as lost:
            error.hint = f"its scaling may be suspended ({lost.message}): {_HALF_WAY}"

    def start(self, mark: Mark) -> FollowedRollout:
        """Its tasks, its scaling, and the tag last.

        Raises:
            Conflict: as ``stop``.
        """
        service, tasks = self.service, self._tasks()
        self._look()
        if service.desired_count == 0:
            look = partial(recheck.same_count, self.client, service)
            self.client.update_service(service.service_name, look, desiredCount=mark.desired)
        self._restore(mark)
        return self._followed(service.desired_count or mark.desired, tasks)

    def _restore(self, mark: Mark) -> None:
        """The scaling as it was, unless somebody has set another one since, and no tag."""
        scaler = self._scaler()
        if scaler is not None and mark.min is not None:
            flags, bounds = _flags(scaler), (scaler.min_capacity, scaler.max_capacity)
            wanted = mark.flags if flags == ALL_SUSPENDED and mark.flags else flags
            low, high = (mark.min, scaler.max_capacity) if _is_as_left(scaler, mark) else bounds
            if (low, high) != bounds:
                self._register(wanted, MinCapacity=low, MaxCapacity=high)
            elif wanted != flags:
                self._register(wanted)
        self.client.aws.write(
            "ecs", "untag_resource", resourceArn=self.service.service_arn, tagKeys=[TAG]
        )

    def kept_bounds(self, mark: Mark) -> tuple[str, ...]:
        """What is not put back, in words."""
        scaler = self.scaler
        if scaler is not None and mark.flags is None and _flags(scaler) == ALL_SUSPENDED:
            return ("its autoscaler stays suspended: what it had before is not on the mark",)
        if mark.min is None:
            return ()
        if scaler is None:
            return (f"its autoscaler, {mark.min} to {mark.max}, is gone, and is not made again",)
        bounds = (scaler.min_capacity, scaler.max_capacity)
        if _is_as_left(scaler, mark) or bounds == (mark.min, mark.max):
            return ()
        return (f"somebody has given its autoscaler {_bounds(scaler)} since, which are kept",)

    def _register(self, flags: Flags, **bounds: int) -> None:
        """Change the scalable target in one call: two would let the count move in between."""
        self.client.aws.write(
            _SCALING, "register_scalable_target", **self._resource | bounds,
            SuspendedState={
                "DynamicScalingInSuspended": flags.inward,
                "DynamicScalingOutSuspended": flags.outward,
                "ScheduledScalingSuspended": flags.scheduled,
            },
        )  # fmt: skip

    @property
    def _resource(self) -> dict[str, Any]:
        return {
            "ServiceNamespace": "ecs",
            "ResourceId": f"service/{self.client.cluster}/{self.service.service_name}",
            "ScalableDimension": "ecs:service:DesiredCount",
        }

    def _look(self) -> None:
        """Check that it is what was shown, its tag included."""
        now = recheck.same(self.client, self.service)
        if normalise.mark(now) != self.target.mark:
            raise Conflict(f"somebody stops or starts {self.service.service_name} just now")

    def _tasks(self) -> frozenset[str] | None:
        parts, service = Parts(), self.service
        tasks = parts.ask(self.client, "tasks", partial(find.tasks_of, self.client, service))
        return None if tasks is None else frozenset(map(instances.task_id, tasks))

    def _followed(self, replicas: int, tasks: frozenset[str] | None) -> FollowedRollout:
        kind = FollowedCount if replicas else FollowedStop
        return kind(
            client=self.client,
            service=self.service,
            replicas=replicas,
            tasks_before=tasks,
            set_by=_reverted if replicas == 0 else self.target.set_by,
        )


@dataclass(frozen=True, kw_only=True)
class FollowedStop(FollowedCount):
    """The end of all tasks; those that are protected from it may run for two days."""

    def _verdict(self, service: wire.Service, made: wire.ServiceDeployment | None) -> Verdict:
        verdict = super()._verdict(service, made)
        if verdict.done or verdict.ended:
            return verdict
        ask = partial(protected_tasks, self.client, service)
        protected = self.parts.ask(self.client, "task protection", ask) or []
        if len(protected) < service.running_count:
            return verdict
        return Verdict(f"{verdict.message}; {_told_of(protected)}", ended="paused")


def protected_tasks(client: Client, service: wire.Service) -> list[wire.Protection]:
    """The tasks that scaling in does not stop."""
    ids = client.task_arns(service=service.service_name)
    told: list[wire.Protection] = []
    for batch in batches(list(map(wire.arn_name, ids)), TASKS_A_CALL):
        items = client.aws.items(
            "ecs", "get_task_protection", "protectedTasks", cluster=client.cluster, tasks=batch
        )
        told += convert(list[wire.Protection], items)
    return [one for one in told if one.protection_enabled]


def _of_protected(client: Client, service: wire.Service) -> Iterator[str]:
    ask: Callable[[], list[wire.Protection]] = partial(protected_tasks, client, service)
    if protected := client.aws.optional(ask):
        yield _told_of(protected)


def _told_of(protected: list[wire.Protection]) -> str:
    names = [wire.arn_name(one.task_arn)[:6] for one in protected]
    until = max((one.expiration_date for one in protected if one.expiration_date), default=None)
    ends = f" until {until:%Y-%m-%dT%H:%M:%SZ}" if until else ""
    which = "1 task is" if len(names) == 1 else f"{len(names)} tasks are"
    return f"{which} protected{ends} and run on ({listing(names, most=3)})"


def _scheduled(
    client: Client, service: wire.Service, scaler: wire.ScalableTarget | None
) -> Iterator[str]:
    """The scheduled actions that will do nothing while its scaling is suspended."""
    if scaler is None:
        return

    def ask() -> list[wire.ScheduledAction]:
        items = client.aws.items(
            _SCALING, "describe_scheduled_actions", "ScheduledActions",
            ServiceNamespace="ecs", ResourceId=f"service/{client.cluster}/{service.service_name}",
        )  # fmt: skip
        return convert(list[wire.ScheduledAction], items)

    now = client.aws.runtime.now()
    for one in client.aws.optional(ask) or ():
        if one.end_time is None or one.end_time > now:
            what = f"scheduled action {one.scheduled_action_name} ({one.schedule})"
            yield f"{what} does nothing while it is stopped"


def _mark(service: wire.Service, scaler: wire.ScalableTarget | None, now: datetime) -> Mark:
    revision = rollout.revision(normalise.definition_of(service))
    mark = Mark(desired=service.desired_count, at=now, rev=revision)
    if scaler is None:
        return mark
    return msgspec.structs.replace(
        mark, min=scaler.min_capacity, max=scaler.max_capacity, flags=_flags(scaler)
    )


def _flags(scaler: wire.ScalableTarget) -> Flags:
    state = scaler.suspended_state
    return Flags(
        inward=state.dynamic_scaling_in_suspended,
        outward=state.dynamic_scaling_out_suspended,
        scheduled=state.scheduled_scaling_suspended,
    )


def _is_suspended(scaler: wire.ScalableTarget | None) -> bool:
    """Whether nothing sets the count, as after a stop."""
    return scaler is None or (scaler.min_capacity == 0 and _flags(scaler) == ALL_SUSPENDED)


def _is_as_left(scaler: wire.ScalableTarget, mark: Mark) -> bool:
    """Whether its bounds are those that a stop has left."""
    return scaler.min_capacity == 0 and mark.max in (None, scaler.max_capacity)


def _bounds(scaler: wire.ScalableTarget) -> str:
    return f"the bounds {scaler.min_capacity} to {scaler.max_capacity}"


def _reverted(replicas: int) -> str:
    return f"reverted by somebody: {replicas} replicas are desired again"


def _require_a_count(target: ServiceToChange) -> None:
    if target.not_scalable_because is not None:
        raise NotApplicable(f"{target.service.service_name}: {target.not_scalable_because}")


def _require_tags(client: Client, service: wire.Service) -> None:
    """Check that what there is can be remembered.

    Raises:
        Refusal: it has no tags, or they may not be read.
    """
    if service.service_arn.split(":")[-1].count("/") <= _OLD_ARN:
        raise Refusal(
            f"{service.service_name} has an ARN of the old format, which cannot be tagged",
            hint="what it had could not be remembered; `aws ecs` cannot change that of a service",
        )
    if client.untagged is not None:
        raise client.untagged
