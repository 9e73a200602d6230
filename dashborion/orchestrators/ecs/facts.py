"""What is known of a service, its tasks and what is around them, for the rules to look at.

Optional facts are None where they were not read, or may not be: no rule then takes their
absence for an answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from dashborion.models.cause import Evidence
from dashborion.models.event import Event
from dashborion.models.instance import Instance
from dashborion.orchestrators.ecs import events, instances, native_wire, rollout, wire
from dashborion.orchestrators.ecs.normalise import ClusterScope
from dashborion.orchestrators.ecs.routes import Routes


class TaskFacts(Struct, frozen=True, kw_only=True):
    """One task, raw and normalised; ``is_old`` if its deployment is not the newest."""

    task: wire.Task
    instance: Instance
    definition: wire.TaskDefinition | None = None
    is_old: bool = False

    @property
    def name(self) -> str:
        return self.instance.name

    def evidence(self, field: str, value: str | None, at: datetime | None = None) -> Evidence:
        """What a field of the task says."""
        return Evidence(
            source=f"task/{self.instance.id}", field=field, value=value or "", timestamp=at
        )


class Facts(Struct, frozen=True, kw_only=True):
    """Everything that rules may look at.

    Attributes:
        service: None for a task of no service.
        tasks: those that run, and those that stopped within about an hour, after which ECS
            forgets them.
        made: the newer API's view of the newest deployment, if it was asked for.
        scaling: its scalable targets, of which there is one at most.
        protected: the ids of old tasks that may not be stopped yet, and until when.
        machines: the container instances that its tasks are on or could be on.
    """

    now: datetime
    service: wire.Service | None = None
    tasks: Sequence[TaskFacts] = ()
    routes: Routes | None = None
    scaling: Sequence[wire.ScalableTarget] | None = None
    made: wire.ServiceDeployment | None = None
    protected: Mapping[str, datetime | None] | None = None
    machines: Sequence[native_wire.ContainerInstance] | None = None

    def events(self) -> list[Event]:
        """The service's events, the newest last."""
        return events.events(self.service) if self.service is not None else []

    def evidence(self, field: str, value: str | None, at: datetime | None = None) -> Evidence:
        """What a field of the service says."""
        name = self.service.service_name if self.service is not None else ""
        return Evidence(source=f"service/{name}", field=field, value=value or "", timestamp=at)


def of_task(
    task: wire.Task,
    service: wire.Service,
    scope: ClusterScope,
    definitions: Mapping[str, wire.TaskDefinition],
) -> TaskFacts:
    """A task of a service; it is old if it says that it is not of the PRIMARY deployment."""
    newest, deployment = rollout.primary(service), task.started_by
    return TaskFacts(
        task=task,
        instance=instances.instance(task, service.tags, scope, definitions),
        definition=definitions.get(task.task_definition_arn),
        is_old=newest is not None and deployment not in (None, newest.id),
    )


def of_event(event: Event) -> Evidence:
    """What an event of the service says."""
    return Evidence(
        source=event.object, field="events", value=event.message, timestamp=event.timestamp
    )
