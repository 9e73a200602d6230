"""Why services and tasks are not well, as ``protocol.Causes``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import msgspec

from dashborion.concurrency import start
from dashborion.models.instance import Instance
from dashborion.models.query import Name, Query
from dashborion.models.workload import Workload
from dashborion.orchestrators import findings
from dashborion.orchestrators.ecs import describe, find, instances, looking, survey, wire
from dashborion.orchestrators.ecs.causes import RULES
from dashborion.orchestrators.ecs.client import Client
from dashborion.orchestrators.ecs.facts import Facts, TaskFacts, of_task
from dashborion.orchestrators.ecs.looking import Reads
from dashborion.orchestrators.protocol import Examined, Overview


@dataclass(frozen=True)
class Causes:
    """As ``protocol.Causes``."""

    client: Client

    def overview(self, query: Query) -> Overview:
        """All services, and the tasks of none that failed: all tasks are listed anyway."""
        reads = Reads(self.client)
        found, others = survey.workloads(reads, query)
        failed = survey.failed_runs(self.client, query, others)
        return Overview(found, failed, reads.not_checked)

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
