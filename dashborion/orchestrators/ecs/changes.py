"""Changing services and tasks: each change one request, followed by the mark it left."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from dashborion.errors import Conflict, MaybeApplied
from dashborion.models.instance import Instance, InstanceDetail
from dashborion.models.query import Found, Name, Query
from dashborion.orchestrators.ecs import find, instances, logs, normalise, rollout, wire
from dashborion.orchestrators.ecs.client import Client
from dashborion.orchestrators.protocol import Followed, Look, Subject, Trouble

_DAEMON = "a DAEMON service runs one task on every container instance"
_CONTROLLED = {
    "CODE_DEPLOY": "CodeDeploy controls its deployments: `aws deploy create-deployment`",
    "EXTERNAL": "an external controller makes its task sets",
}


@dataclass(frozen=True)
class Changes:
    """Changes to one cluster's services, and looks at what became of them."""

    client: Client
    scope: normalise.ClusterScope

    def subject(self, name: Name, query: Query) -> Subject:
        """The one service of that name; who else sets its count is the adapter's to add."""
        found = find.service(self.client, self.scope, name, query)
        service = found.item
        return Subject(
            workload=normalise.workload(service, None, 0, [], self.scope),
            autoscaling=None,
            refusal=refusal(service),
            fixed=_DAEMON if service.scheduling_strategy == "DAEMON" else None,
            held=None,
            caution=None,
            handle=service,
            newest=leading.id if (leading := rollout.primary(service)) else None,
        )

    def scale(self, subject: Subject, replicas: int, current: int | None) -> Followed:
        """Set ``desiredCount``; UpdateService has no precondition: ``current`` is read before."""
        service: wire.Service = subject.handle
        if current is not None and service.desired_count != current:
            raise Conflict(
                f"{service.service_name} has {service.desired_count} replicas, not {current}"
            )
        before = frozenset(one.id for one in self.members(service))
        self.client.update_service(service.service_name, desiredCount=replicas)
        return Followed(("count", replicas), before)

    def restart(self, subject: Subject) -> Followed:
        """Force a new deployment; it is known by the id that UpdateService itself answers."""
        service: wire.Service = subject.handle
        return self.begin(service, forceNewDeployment=True)

    def begin(self, service: wire.Service, **changes: Any) -> Followed:
        """A change that makes a new deployment, which is the one to follow."""
        answered = self.client.update_service(service.service_name, **changes)
        newest = rollout.primary(answered)
        if newest is None:
            raise MaybeApplied(
                "ecs:UpdateService answered without a new deployment: it may have been applied",
                hint="look before trying again",
            )
        return Followed(("deployment", newest), newest=newest.id)

    def following(self, subject: Subject) -> Followed:
        """The deployment that is PRIMARY now."""
        return Followed(("deployment", rollout.primary(subject.handle)))

    def look(self, subject: Subject, followed: Followed) -> Look:
        """Look at the service, its deployments and the tasks that the change has started."""
        name = subject.workload.name
        found = self.client.described([name])
        state = subject.workload.rollout
        if not found or found[0].item.status != "ACTIVE":
            return Look(state, f"{name} was deleted", ended="deleted")
        service = found[0].item
        state = rollout.rollout(service)
        kind, value = followed.mark
        before: wire.Service = subject.handle
        if rollout.is_stale(service, before, kind, value):
            return Look(state, "waiting for the change to be observed")
        if kind == "count":
            judged = rollout.counted(service, value, subject.set_by)
            events = _since(service, {one.id for one in subject.handle.events})
        elif value is None:
            judged = rollout.of_task_sets(state)
            events = []
        else:
            judged = rollout.followed(service, value.id, self._newer_view(service, value))
            events = _after(service, value)
        return Look(
            state,
            judged.message,
            done=judged.done,
            ended=judged.ended,
            troubles=(*troubles(self._concerned(service, followed)), *unplaced(events)),
        )

    def _newer_view(
        self, service: wire.Service, ours: wire.Deployment
    ) -> wire.ServiceDeployment | None:
        """Asked for only where it says more: a deployment that lost, or one with stages."""
        newest = rollout.primary(service)
        staged = service.deployment_configuration.strategy != "ROLLING"
        if not staged and newest is not None and newest.id == ours.id:
            return None
        found = self.client.service_deployments(service.service_name)
        return rollout.same_moment(found, ours)

    def _concerned(self, service: wire.Service, followed: Followed) -> list[wire.Task]:
        running = self.client.tasks(service=service.service_name)
        stopped = self.client.tasks(service=service.service_name, stopped=True)
        every = [one.item for one in (*running, *stopped)]
        if followed.before is not None:
            return [one for one in every if instances.task_id(one) not in followed.before]
        ours: wire.Deployment | None = followed.mark[1]
        return [one for one in every if ours is not None and one.started_by == ours.id]

    def members(self, service: wire.Service) -> list[Instance]:
        """A service's tasks, stopped ones too."""
        namespace = self.scope.namespace(service.tags)
        found = [
            *self.client.tasks(service=service.service_name),
            *self.client.tasks(service=service.service_name, stopped=True),
        ]
        return [instances.instance(one.item, namespace, self.scope.environment) for one in found]

    def last_words(self, subject: Subject, instance: str, lines: int) -> list[str]:
        """The end of a task's log, as far as it can be read."""
        every = [
            *self.client.tasks(service=subject.workload.name, stopped=True),
            *self.client.tasks(service=subject.workload.name),
        ]
        for found in every:
            task = found.item
            if instances.name_of(task) == instance:
                return logs.last_lines(self.client, self.scope, task, lines)
        return []

    def stop(self, found: Found[InstanceDetail]) -> None:
        """Stop a task: its id is its own, no other task will ever have it."""
        self.client.stop_task(found.item.id, "stopped with dashborion")


def refusal(service: wire.Service) -> str | None:
    """Why no change may be made to a service."""
    if service.status != "ACTIVE":
        return f"it is {service.status}"
    return _CONTROLLED.get(service.deployment_controller.type)


def troubles(found: Iterable[wire.Task]) -> list[Trouble]:
    """Tasks that failed; ECS' own count of them resets when one runs, so they are counted here."""
    trouble = []
    for task in found:
        reason = instances.reason(task)
        scaled = "Scaling activity initiated by" in (task.stopped_reason or "")
        if task.last_status != "STOPPED" or scaled or reason in _ORDERLY:
            continue
        said = next((one.reason for one in task.containers if one.reason), task.stopped_reason)
        trouble.append(Trouble("crash", instances.name_of(task), reason or "Stopped", said))
    return trouble


_ORDERLY = frozenset({"ServiceSchedulerInitiated", "UserInitiated", "SpotInterruption",
                      "TerminationNotice", None})  # fmt: skip


def _since(service: wire.Service, known: set[str]) -> list[wire.Event]:
    return [one for one in service.events if one.id not in known]


def _after(service: wire.Service, ours: wire.Deployment) -> list[wire.Event]:
    """Events of a deployment's time: ECS repeats itself only once an hour."""
    if ours.created_at is None:
        return service.events
    return [one for one in service.events if one.created_at and one.created_at >= ours.created_at]


def unplaced(events: Iterable[wire.Event]) -> list[Trouble]:
    """That no place was found, unless the scheduler has found one since; newest event first."""
    for event in events:
        if "unable to place" in event.message:
            return [Trouble("placement", "", "unable to place a task", event.message)]
        if "has started" in event.message or "steady state" in event.message:
            return []
    return []
