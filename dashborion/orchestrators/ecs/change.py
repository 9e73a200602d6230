"""Changing services and tasks: each change one request, followed by the mark it left."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dashborion.errors import Conflict
from dashborion.models import Found, Instance, InstanceDetail, Name, Query
from dashborion.orchestrators.ecs import find, normalise, rollout, tasks, wire
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
    place: normalise.Place

    def subject(self, name: Name, query: Query) -> Subject:
        """The one service of that name; who else sets its count is the adapter's to add."""
        found = find.service(self.client, self.place, name, query)
        service = found.item
        return Subject(
            workload=normalise.workload(service, None, 0, [], self.place),
            autoscaling=None,
            refusal=refusal(service),
            fixed=_DAEMON if service.scheduling_strategy == "DAEMON" else None,
            held=None,
            caution=None,
            handle=service,
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
        answered = self.client.update_service(service.service_name, forceNewDeployment=True)
        newest = rollout.primary(answered)
        return Followed(("deployment", newest.id if newest else ""))

    def following(self, subject: Subject) -> Followed:
        """The deployment that is PRIMARY now."""
        newest = rollout.primary(subject.handle)
        return Followed(("deployment", newest.id if newest else ""))

    def look(self, subject: Subject, followed: Followed) -> Look:
        """Look at the service, its deployments and the tasks that the change has started."""
        name = subject.workload.name
        found = self.client.described([name])
        state = subject.workload.rollout
        if not found or found[0].item.status == "INACTIVE":
            return Look(state, f"{name} was deleted", ended="deleted")
        service = found[0].item
        state = rollout.rollout(service)
        kind, value = followed.mark
        newest = self._newest(service, value) if kind == "deployment" else None
        judged = (
            rollout.counted(service, value)
            if kind == "count"
            else rollout.followed(service, value, newest)
        )
        found_tasks = self._concerned(service, followed)
        return Look(
            state,
            judged.message,
            done=judged.done,
            ended=judged.ended,
            troubles=(*troubles(found_tasks), *unplaced(subject.handle, service)),
        )

    def _newest(self, service: wire.Service, id_: str) -> wire.ServiceDeployment | None:
        """Asked for only where it says more: a deployment that lost, or one with stages."""
        newest = rollout.primary(service)
        staged = service.deployment_configuration.strategy != "ROLLING"
        if staged or newest is None or newest.id != id_:
            return self.client.service_deployment(service.service_name)
        return None

    def _concerned(self, service: wire.Service, followed: Followed) -> list[wire.Task]:
        running = self.client.tasks(service=service.service_name)
        stopped = self.client.tasks(service=service.service_name, stopped=True)
        every = [one.item for one in (*running, *stopped)]
        if followed.before is not None:
            return [one for one in every if tasks.task_id(one) not in followed.before]
        return [one for one in every if one.started_by == followed.mark[1]]

    def members(self, service: wire.Service) -> list[Instance]:
        """A service's tasks, stopped ones too."""
        namespace = self.place.namespace(service.tags)
        found = [
            *self.client.tasks(service=service.service_name),
            *self.client.tasks(service=service.service_name, stopped=True),
        ]
        return [tasks.instance(one.item, namespace, self.place.environment) for one in found]

    def last_words(self, subject: Subject, instance: str, lines: int) -> list[str]:
        """The end of a task's log, through its own ``awslogs`` configuration."""
        every = [
            *self.client.tasks(service=subject.workload.name, stopped=True),
            *self.client.tasks(service=subject.workload.name),
        ]
        for found in every:
            task = found.item
            if tasks.name_of(task) != instance:
                continue
            definition = self.client.task_definitions([task.task_definition_arn])
            for one in definition.values():
                for container in one.container_definitions:
                    said = self._log(task, container, lines)
                    if said:
                        return said
        return []

    def _log(self, task: wire.Task, container: wire.ContainerDefinition, lines: int) -> list[str]:
        logs = container.log_configuration
        if logs is None or logs.log_driver != "awslogs":
            return []
        prefix = logs.options.get("awslogs-stream-prefix", "")
        stream = f"{prefix}/{container.name}/{tasks.task_id(task)}"
        return self.client.log_lines(logs.options, stream, lines)

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
        reason = tasks.reason(task)
        scaled = "Scaling activity initiated by" in (task.stopped_reason or "")
        if task.last_status != "STOPPED" or scaled or reason in _ORDERLY:
            continue
        said = next((one.reason for one in task.containers if one.reason), task.stopped_reason)
        trouble.append(Trouble("crash", tasks.name_of(task), reason or "Stopped", said))
    return trouble


_ORDERLY = frozenset({"ServiceSchedulerInitiated", "UserInitiated", "SpotInterruption",
                      "TerminationNotice", None})  # fmt: skip


def unplaced(before: wire.Service, now: wire.Service) -> list[Trouble]:
    """What the scheduler could not place since the change, from the service's events."""
    known = {one.id for one in before.events}
    said = [one.message for one in now.events if one.id not in known]
    return [
        Trouble("placement", "", "unable to place a task", message)
        for message in said[:1]
        if "unable to place" in message or "unable to consistently start" in message
    ]
