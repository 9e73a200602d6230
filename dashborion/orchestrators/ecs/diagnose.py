"""Why services and tasks are not well, as ``protocol.Causes``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import msgspec

from dashborion.concurrency import start
from dashborion.models.instance import Instance
from dashborion.models.kinds import WorkloadType
from dashborion.models.query import Name, Query
from dashborion.models.workload import Workload
from dashborion.orchestrators import findings
from dashborion.orchestrators.ecs import describe, find, instances, looking, normalise, wire
from dashborion.orchestrators.ecs.causes import RULES
from dashborion.orchestrators.ecs.client import Client
from dashborion.orchestrators.ecs.facts import Facts, TaskFacts, of_task
from dashborion.orchestrators.ecs.looking import Reads
from dashborion.orchestrators.protocol import Examined


@dataclass(frozen=True)
class Causes:
    """As ``protocol.Causes``."""

    client: Client

    def workloads(self, query: Query, since: timedelta) -> list[Examined[Workload]]:
        """All services, by their tasks, which are listed for the whole cluster."""
        if query.types is not None and WorkloadType.ECS_SERVICE not in query.types:
            return []
        client, reads = self.client, Reads(self.client)
        lost = partial(reads.lost, "instances", "ecs:DescribeTasks", rows=True)
        listing = start(partial(client.all_tasks, tell=lost))
        services = [one.item for one in find.services(client, query)]
        tell = partial(reads.lost, "revisions", "ecs:DescribeTaskDefinition")
        known = client.task_definitions(map(normalise.definition_of, services), tell)
        listed = reads.part("instances", "ecs:ListTasks", listing, rows=True) or ()
        tasks: dict[str | None, list[wire.Task]] = defaultdict(list)
        for one in listed:
            tasks[instances.workload_of(one.item)].append(one.item)
        known |= client.cached_task_definitions(one.item.task_definition_arn for one in listed)
        return [
            self._of_list(reads, one, tasks[one.service_name], known, since) for one in services
        ]

    def _of_list(
        self,
        reads: Reads,
        service: wire.Service,
        tasks: Sequence[wire.Task],
        known: Mapping[str, wire.TaskDefinition],
        since: timedelta,
    ) -> Examined[Workload]:
        """A service by what it and its tasks say, without another call."""
        scope = self.client.scope
        seen = [of_task(one, service, scope, known) for one in tasks]
        definition = known.get(normalise.definition_of(service))
        is_checked = normalise.has_health_check(definition)
        unhealthy = sum(one.instance.health == "unhealthy" for one in seen) if is_checked else 0
        item = normalise.workload(service, definition, unhealthy, [], scope)
        now = self.client.aws.runtime.now()
        told = findings.found(RULES, Facts(now=now, service=service, tasks=seen))
        causes = findings.causes(told, now=now, since=since)
        last_lines = looking.last_lines_of(self.client, seen)
        of_tasks = (one.instance for one in seen)
        return findings.examined(
            item, told, reads, last_lines, causes=causes, instances=of_tasks, now=now
        )

    def workload(self, name: Name, query: Query, since: timedelta) -> Examined[Workload]:
        """One service, by everything around it."""
        service = find.workload(self.client, name, query).item
        return describe.examine(Reads(self.client), service, since)

    def instance(self, name: Name, query: Query, since: timedelta) -> Examined[Instance]:
        """One task, by itself and its service's events that name it."""
        client, reads = self.client, Reads(self.client)
        task = find.instance(client, name, query).item
        reads.checked.append("instances")
        owner = instances.workload_of(task)
        found = None
        if owner is not None:
            asking = start(partial(client.services_by_name, [owner]))
            found = reads.part("events", "ecs:DescribeServices", asking)
        service = found[0].item if found else None
        known = client.cached_task_definitions([task.task_definition_arn])
        one = _of_service(task, service, client, known)
        near = service and _as_far_as(service, one)
        now = client.aws.runtime.now()
        facts = Facts(now=now, service=near, tasks=[one])
        told = [item for item in findings.found(RULES, facts) if item.instance == one.name]
        causes = findings.causes(told, now=now, since=since)
        last_lines = looking.last_lines_of(client, [one])
        return findings.examined(one.instance, told, reads, last_lines, causes=causes, now=now)


def _of_service(
    task: wire.Task,
    service: wire.Service | None,
    client: Client,
    known: Mapping[str, wire.TaskDefinition],
) -> TaskFacts:
    if service is not None:
        return of_task(task, service, client.scope, known)
    instance = instances.instance(task, task.tags, client.scope, known)
    return TaskFacts(task=task, instance=instance, definition=known.get(task.task_definition_arn))


def _as_far_as(service: wire.Service, one: TaskFacts) -> wire.Service:
    """A service as if this task were all that it wants, with the events that name it."""
    return msgspec.structs.replace(
        service,
        desired_count=1,
        running_count=int(not instances.is_over(one.task)),
        pending_count=0,
        deployments=[],
        task_sets=[],
        events=[event for event in service.events if one.instance.id in event.message],
    )
