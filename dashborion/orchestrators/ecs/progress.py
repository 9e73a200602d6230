"""A change of a service on its way: what to look at again, and what that means for the change."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from dashborion.models.rollout import Rollout
from dashborion.orchestrators.ecs import find, instances, logs, rollout, wire
from dashborion.orchestrators.ecs.client import Client
from dashborion.orchestrators.protocol import RolloutProgress, Trouble, Verdict

# Stops that are nobody's failure.
_ORDERLY = frozenset({"ServiceSchedulerInitiated", "UserInitiated", "SpotInterruption",
                      "TerminationNotice", None})  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class _Followed(ABC):
    """As ``FollowedRollout``; ``service`` is as it was before the change."""

    client: Client
    service: wire.Service
    newest: str | None = None
    notes: tuple[str, ...] = ()

    def look(self) -> RolloutProgress:
        """The service, its deployments and the tasks that the change has started."""
        name = self.service.service_name
        found = self.client.services_by_name([name])
        if not found or found[0].item.status != "ACTIVE":
            before = rollout.rollout(self.service)
            return RolloutProgress(f"{name} was deleted", ended="deleted", rollout=before)
        service = found[0].item
        state = rollout.rollout(service)
        if self._is_stale(service):
            return RolloutProgress("waiting for the change to be observed", rollout=state)
        verdict = self._verdict(service, state)
        tasks = filter(self._is_started, find.tasks_of(self.client, service))
        return RolloutProgress(
            verdict.message,
            verdict.done,
            verdict.ended,
            rollout=state,
            troubles=(*troubles(tasks), *unplaced(self._events(service))),
        )

    def last_log_lines(self, instance: str, lines: int) -> list[str]:
        """The end of a task's log, as far as it can be read."""
        for task in find.tasks_of(self.client, self.service):
            if instances.name_of(task) == instance:
                return logs.last_lines(self.client, task, lines)
        return []

    @abstractmethod
    def _verdict(self, service: wire.Service, state: Rollout) -> Verdict: ...

    def _is_stale(self, service: wire.Service) -> bool:  # noqa: ARG002
        """Whether an answer is from before the change: reads are eventually consistent."""
        return False

    def _is_started(self, task: wire.Task) -> bool:  # noqa: ARG002
        """Whether the change has started a task."""
        return False

    def _events(self, service: wire.Service) -> list[wire.Event]:  # noqa: ARG002
        """The events since the change, newest first."""
        return []


@dataclass(frozen=True, kw_only=True)
class FollowedCount(_Followed):
    """A change of the desired count, which makes no deployment."""

    replicas: int
    tasks_before: frozenset[str]
    set_by: Callable[[int], str]

    def _is_stale(self, service: wire.Service) -> bool:
        return service.desired_count == self.service.desired_count != self.replicas

    def _verdict(self, service: wire.Service, state: Rollout) -> Verdict:  # noqa: ARG002
        return rollout.scaled(service, self.replicas, self.set_by)

    def _is_started(self, task: wire.Task) -> bool:
        return instances.task_id(task) not in self.tasks_before

    def _events(self, service: wire.Service) -> list[wire.Event]:
        known = {one.id for one in self.service.events}
        return [one for one in service.events if one.id not in known]


@dataclass(frozen=True, kw_only=True)
class FollowedDeployment(_Followed):
    """A new deployment, or the one that is under way."""

    deployment: wire.Deployment

    def _is_stale(self, service: wire.Service) -> bool:
        return rollout.is_stale(service, self.service, self.deployment)

    def _verdict(self, service: wire.Service, state: Rollout) -> Verdict:  # noqa: ARG002
        newer_view = self._newer_view(service)
        return rollout.verdict(service, self.deployment.id, newer_view)

    def _newer_view(self, service: wire.Service) -> wire.ServiceDeployment | None:
        """Asked for only where it says more: a deployment that lost, or one with stages."""
        newest = rollout.primary(service)
        is_staged = service.deployment_configuration.strategy != "ROLLING"
        if not is_staged and newest is not None and newest.id == self.deployment.id:
            return None
        found = self.client.service_deployments(service.service_name)
        return rollout.same_moment(found, self.deployment)

    def _is_started(self, task: wire.Task) -> bool:
        return task.started_by == self.deployment.id

    def _events(self, service: wire.Service) -> list[wire.Event]:
        """Events of the deployment's time: ECS repeats itself only once an hour."""
        begin = self.deployment.created_at
        if begin is None:
            return service.events
        return [one for one in service.events if one.created_at and one.created_at >= begin]


@dataclass(frozen=True, kw_only=True)
class FollowedTaskSets(_Followed):
    """What another controller rolls out: only its task sets tell."""

    def _verdict(self, service: wire.Service, state: Rollout) -> Verdict:  # noqa: ARG002
        return rollout.of_task_sets(state)


def troubles(tasks: Iterable[wire.Task]) -> list[Trouble]:
    """Tasks that failed; ECS' own count of them resets when one runs, so they are counted here."""
    found = []
    for task in tasks:
        reason = instances.reason(task)
        is_scaled_in = "Scaling activity initiated by" in (task.stopped_reason or "")
        if task.last_status != "STOPPED" or is_scaled_in or reason in _ORDERLY:
            continue
        message = next((one.reason for one in task.containers if one.reason), task.stopped_reason)
        found.append(Trouble("crash", instances.name_of(task), reason or "Stopped", message))
    return found


def unplaced(events: Iterable[wire.Event]) -> list[Trouble]:
    """Tasks that found no room, unless the scheduler has found some since; newest event first."""
    for event in events:
        if "unable to place" in event.message:
            return [Trouble("placement", "", "unable to place a task", event.message)]
        if "has started" in event.message or "steady state" in event.message:
            return []
    return []
