"""A change of a service on its way: what to look at again, and what that means for the change."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import chain
from typing import TypeVar

import msgspec

from dashborion.errors import DashborionError
from dashborion.models.event import Event
from dashborion.orchestrators import findings
from dashborion.orchestrators.aws.parts import Tell
from dashborion.orchestrators.aws.parts import part as answer_or_none
from dashborion.orchestrators.changing import Explanation, RolloutProgress, Trouble, Verdict
from dashborion.orchestrators.ecs import (
    balancer_wire,
    deployment_views,
    events,
    facts,
    find,
    health,
    instances,
    logs,
    normalise,
    rollout,
    stages,
    wire,
)
from dashborion.orchestrators.ecs.causes import RULES
from dashborion.orchestrators.ecs.client import Client
from dashborion.orchestrators.ecs.routes import Routes, health_of

T = TypeVar("T")
_EVER = timedelta(days=1)  # longer than ECS remembers a task
_Made = wire.ServiceDeployment | None

# Stops that are nobody's failure.
_ORDERLY = frozenset({"ServiceSchedulerInitiated", "UserInitiated", "SpotInterruption",
                      "TerminationNotice", "InfrastructureHealth", None})  # fmt: skip


@dataclass(frozen=True)
class Parts:
    """What a wait can do without: what may not be read or does not answer is warned of once."""

    _said: set[str] = field(default_factory=set)

    def ask(self, client: Client, part: str, call: Callable[[], T]) -> T | None:
        """The answer, or None and, the first time for this part, a warning."""
        return answer_or_none(call, self.teller(client, part))

    def teller(self, client: Client, part: str) -> Tell:
        """What warns the first time that this part cannot be had."""

        def tell(error: DashborionError) -> None:
            if part not in self._said:
                self._said.add(part)
                client.aws.runtime.warn(error)

        return tell


@dataclass(frozen=True, kw_only=True)
class _Followed(ABC):
    """As ``FollowedRollout``; ``service`` is as it was before the change."""

    client: Client
    service: wire.Service
    newest: str | None = None
    notes: tuple[str, ...] = ()
    parts: Parts = field(default_factory=Parts)

    def look(self) -> RolloutProgress:
        """The service, its deployments and the tasks that the change has started."""
        name = self.service.service_name
        found = self.client.services_by_name([name])
        if not found or found[0].item.status != "ACTIVE":
            before = rollout.rollout(self.service)
            return RolloutProgress(f"{name} was deleted", ended="deleted", rollout=before)
        service = found[0].item
        if self._is_stale(service):
            state = rollout.rollout(service)
            return RolloutProgress("waiting for the change to be observed", rollout=state)
        made = self._made(service)
        state = rollout.rollout(service, made)
        verdict = self._verdict(service, made)
        if verdict.done:
            verdict = with_health(self.client, self.parts, service, verdict)
        if verdict.done:
            return RolloutProgress(verdict.message, done=True, rollout=state)
        hindered = self._hindrances(service)
        hopeless = [event.message for event in hindered if event.reason in events.HOPELESS]
        if hopeless and verdict.ended is None:
            message = stages.joined(*map(events.sentence, hopeless), verdict.message)
            verdict = Verdict(message, ended="rollout-failed")
        listing = partial(find.tasks_of, self.client, service)
        tasks = self.parts.ask(self.client, "tasks", listing) or ()
        return RolloutProgress(
            verdict.message,
            ended=verdict.ended,
            rollout=verdict.of(state),
            troubles=(*troubles(filter(self._is_started, tasks)), *unplaced(hindered)),
        )

    def explain(self, *, given_up: bool = False) -> Explanation:  # noqa: ARG002
        """From the service's events since the change, and from the tasks that it has started."""
        found = self.client.services_by_name([self.service.service_name])
        if not found:
            return Explanation()
        service = found[0].item
        listing = partial(find.tasks_of, self.client, service)
        tasks = self.parts.ask(self.client, "tasks", listing) or ()
        started = [
            facts.of_task(task, service, self.client.scope, {})
            for task in tasks
            if self._is_started(task)
        ]
        known = facts.Facts(
            now=self.client.aws.runtime.now(),
            service=service,
            tasks=started,
            made=self._made(service),
            routes=Routes(health=_targets(self.client, self.parts, service)),
        )
        causes = findings.causes(findings.found(RULES, known), now=known.now, since=_EVER)
        return Explanation(causes=causes, events=self._events(service))

    def last_log_lines(self, instance: str, lines: int) -> list[str]:
        """The end of a task's log, as far as it can be read."""
        for task in find.tasks_of(self.client, self.service):
            if instances.name_of(task) == instance:
                return logs.last_lines(self.client, task, lines)
        return []

    @abstractmethod
    def _verdict(self, service: wire.Service, made: _Made) -> Verdict: ...

    def _made(self, service: wire.Service) -> _Made:  # noqa: ARG002
        """The newer API's view of what is followed, where it says more."""
        return None

    def _is_stale(self, service: wire.Service) -> bool:  # noqa: ARG002
        """Whether an answer is from before the change: reads are eventually consistent."""
        return False

    def _is_started(self, task: wire.Task) -> bool:  # noqa: ARG002
        """Whether the change has started a task."""
        return False

    def _events(self, service: wire.Service) -> list[Event]:
        """The service's events since the change."""
        begun = self._begun(service)
        return [
            event
            for event in events.events(service)
            if begun is None or (event.timestamp or begun) >= begun
        ]

    def _begun(self, service: wire.Service) -> datetime | None:  # noqa: ARG002
        """When what is followed began, by AWS' clock; None if that is not known."""
        return None

    @abstractmethod
    def _hindrances(self, service: wire.Service) -> list[Event]:
        """What hinders tasks, by the events since the change."""


@dataclass(frozen=True, kw_only=True)
class FollowedFromNow(_Followed):
    """A change whose own events are those that the service did not have before it."""

    def _hindrances(self, service: wire.Service) -> list[Event]:
        known = [item.id for item in self.service.events]
        return events.hindrances(service, None, known)

    def _events(self, service: wire.Service) -> list[Event]:
        known = {item.id for item in self.service.events}
        fresh = [item for item in service.events if item.id not in known]
        return events.events(msgspec.structs.replace(service, events=fresh))


@dataclass(frozen=True, kw_only=True)
class FollowedCount(FollowedFromNow):
    """A change of the desired count, which makes no deployment.

    ``tasks_before`` are the tasks that it did not start; None when they could not be read.
    """

    replicas: int
    tasks_before: frozenset[str] | None
    set_by: Callable[[int], str]
    _observed: set[int] = field(default_factory=set)

    def _is_stale(self, service: wire.Service) -> bool:
        """The count from before the change, unless the change was there already."""
        self._observed.add(service.desired_count)
        is_as_before = service.desired_count == self.service.desired_count
        return is_as_before and self.replicas not in self._observed

    def _verdict(self, service: wire.Service, made: _Made) -> Verdict:  # noqa: ARG002
        return rollout.scaled(service, self.replicas, self.set_by)

    def _is_started(self, task: wire.Task) -> bool:
        before = self.tasks_before
        return before is not None and instances.task_id(task) not in before


@dataclass(frozen=True, kw_only=True)
class FollowedDeployment(_Followed):
    """A new deployment, or the one that is under way."""

    deployment: wire.Deployment

    def _is_stale(self, service: wire.Service) -> bool:
        return rollout.is_stale(service, self.service, self.deployment)

    def _verdict(self, service: wire.Service, made: _Made) -> Verdict:
        return rollout.verdict(service, self.deployment.id, made)

    def _made(self, service: wire.Service) -> _Made:
        ask = partial(deployment_views.view, self.client, service, self.deployment)
        return self.parts.ask(self.client, "service deployments", ask)

    def _is_started(self, task: wire.Task) -> bool:
        return task.started_by == self.deployment.id

    def _hindrances(self, service: wire.Service) -> list[Event]:
        return events.hindrances(service, self.deployment.created_at)

    def _begun(self, service: wire.Service) -> datetime | None:  # noqa: ARG002
        return self.deployment.created_at


@dataclass(frozen=True, kw_only=True)
class FollowedTaskSets(_Followed):
    """What another controller rolls out: only its task sets tell."""

    def _verdict(self, service: wire.Service, made: _Made) -> Verdict:  # noqa: ARG002
        return rollout.of_task_sets(service)

    def look(self) -> RolloutProgress:
        """As of the others; one that CodeDeploy keeps waiting for a person is paused."""
        from dashborion.orchestrators.ecs import code_deploy

        seen = super().look()
        held = code_deploy.with_wait(self.client, self.parts, self.service, seen.rollout)
        if seen.ended is None and held.waiting_for is not None:
            return RolloutProgress(held.message or seen.message, ended="paused", rollout=held)
        return seen

    def _hindrances(self, service: wire.Service) -> list[Event]:
        return events.hindrances(service, self._begun(service))

    def _begun(self, service: wire.Service) -> datetime | None:
        begun = [item.created_at for item in service.task_sets if item.created_at is not None]
        return max(begun, default=None)

    def _is_started(self, task: wire.Task) -> bool:
        return task.started_by in {item.id for item in self.service.task_sets}


def with_health(client: Client, parts: Parts, service: wire.Service, done: Verdict) -> Verdict:
    """The verdict on a service whose tasks all run, once their health is known, too.

    What has no health check is not asked about. What may not be read is warned of once, and
    not judged.
    """
    current = normalise.definition_of(service)
    tell = parts.teller(client, "task definitions")
    known = client.task_definitions([current], tell)
    if not any(map(normalise.has_health_check, known.values())) and not health.groups_of(service):
        return done
    listing = partial(client.tasks, service=service.service_name)
    listed = parts.ask(client, "tasks", listing)
    if listed is None:
        return done
    tasks = [one.item for one in listed]
    others = client.task_definitions([one.task_definition_arn for one in tasks], tell)
    targets = _targets(client, parts, service)
    missing = health.missing(service, tasks, known | others, targets)
    running = f"{service.running_count} of {service.desired_count} tasks running"
    return done if missing is None else Verdict(stages.joined(running, missing))


def _targets(
    client: Client, parts: Parts, service: wire.Service
) -> dict[str, list[balancer_wire.TargetHealth]]:
    arns = chain.from_iterable(health.groups_of(service))
    return health_of(client, arns, parts.teller(client, "target health"))


def troubles(tasks: Iterable[wire.Task]) -> list[Trouble]:
    """Tasks that failed; ECS' own count of them resets when one runs, so they are counted here."""
    found = []
    for task in tasks:
        reason = instances.reason(task)
        is_scaled_in = "Scaling activity initiated by" in (task.stopped_reason or "")
        if task.last_status != "STOPPED" or is_scaled_in or reason in _ORDERLY:
            continue
        message = instances.message(task)
        found.append(Trouble("crash", instances.name_of(task), reason or "Stopped", message))
    return found


def unplaced(hindrances: Iterable[Event]) -> list[Trouble]:
    """Tasks that find no room, or cannot be launched for now."""
    return [
        Trouble("placement", "", "unable to place a task", event.message)
        for event in hindrances
        if event.reason not in events.HOPELESS
    ]
