"""The services and tasks of one cluster: which questions to ask side by side, and whom to keep."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil

import msgspec

from dashborion.concurrency import every, result, start
from dashborion.models.instance import Instance, InstanceDetail
from dashborion.models.kinds import WorkloadType
from dashborion.models.query import Found, Name, Query
from dashborion.models.workload import Workload, WorkloadDetail
from dashborion.orchestrators.ecs import find, normalise, rollout, wire
from dashborion.orchestrators.ecs import instances as tasks
from dashborion.orchestrators.ecs.client import PAGE_SIZE, Client
from dashborion.orchestrators.ecs.endpoints import Routes, endpoints, routes

REVISIONS = 10  # that describe shows


@dataclass(frozen=True)
class Inventory:
    """As ``protocol.Inventory``."""

    client: Client

    def workloads(self, query: Query) -> list[Found[Workload]]:
        """All services, with their task definitions and, if asked for, their endpoints."""
        if query.types is not None and WorkloadType.ECS_SERVICE not in query.types:
            return []
        kept = find.services(self.client, query)
        services = [one.item for one in kept]
        routing = start(partial(routes, self.client, services)) if query.endpoints else None
        definitions = self.client.task_definitions(map(normalise.definition_of, services))
        unhealthy = _unhealthy(self.client, services, definitions)
        known_routes = result(routing, self.client.aws.runtime.deadline) if routing else Routes()
        return [
            Found(
                normalise.workload(
                    one.item,
                    definitions.get(normalise.definition_of(one.item)),
                    unhealthy[one.item.service_name],
                    endpoints(one.item, known_routes),
                    self.client.scope,
                ),
                one.raw,
            )
            for one in kept
        ]

    def workload(self, name: Name, query: Query) -> Found[WorkloadDetail]:
        """The service with its tasks, reasons, autoscaler, revisions, events and target health."""
        client, found = self.client, find.workload(self.client, name, query)
        service = found.item
        deadline = client.aws.runtime.deadline
        current = normalise.definition_of(service)
        listing = start(partial(client.all_tasks, service=service.service_name))
        routing = start(partial(routes, client, [service], health=True))
        scaling = start(partial(client.scalable_target, service.service_name))
        history = start(partial(_definitions, client, current))

        definitions = result(history, deadline)
        instances = [
            self._instance(task.item, service.tags, definitions)
            for task in result(listing, deadline)
        ]
        unhealthy = sum(one.health == "unhealthy" for one in instances)
        checked = normalise.has_health_check(definitions.get(current))
        plain = normalise.workload(
            service,
            definitions.get(current),
            unhealthy if checked else 0,
            endpoints(service, result(routing, deadline)),
            client.scope,
        )
        detail = WorkloadDetail(
            **msgspec.structs.asdict(plain),
            instances=sorted(instances, key=lambda one: (one.status, one.name)),
            reasons=normalise.reasons(service, instances),
            autoscaling=normalise.autoscaling(result(scaling, deadline), service),
            revisions=normalise.revisions(definitions.values(), current),
            events=normalise.events(service),
        )
        return Found(detail, found.raw)

    def instances(self, query: Query) -> list[Found[Instance]]:
        """The tasks of the namespace and with the tags asked for, their service's among them.

        Raises:
            NotFound: no service at all is in that namespace.
        """
        client = self.client
        if query.workload is not None:
            service = find.workload(client, query.workload, query).item
            services = {service.service_name: service}
            listed = client.all_tasks(service=service.service_name, raw=query.raw)
        else:
            listing = start(client.services)
            listed = client.all_tasks(raw=query.raw)
            services = find.by_name(result(listing, client.aws.runtime.deadline))
            if not listed and not services:
                client.require_cluster()
        namespace = find.namespace_of(query)
        find.require_namespace(client.scope, namespace, services.values())
        arns = (one.item.task_definition_arn for one in listed if tasks.is_over(one.item))
        definitions = client.cached_task_definitions(arns if query.stopped else ())
        kept = []
        for task in listed:
            tags = tasks.tags(task.item, services)
            if (
                (query.stopped or not tasks.is_over(task.item))
                and namespace in (None, client.scope.namespace(tags))
                and normalise.selected(normalise.labels(tags), query.selector)
            ):
                kept.append(Found(self._instance(task.item, tags, definitions), task.raw))
        return kept

    def instance_pages(self, query: Query) -> Iterator[list[Found[Instance]]]:
        """All of them at once: their names, and so their order, come from their services."""
        yield self.instances(query)

    def instance(self, name: Name, query: Query) -> Found[InstanceDetail]:
        """The task with its service's namespace and those events of the service that name it."""
        client, found = self.client, find.instance(self.client, name, query)
        services = find.services_of(client, found.item)
        tags = tasks.tags(found.item, services)
        known = client.cached_task_definitions([found.item.task_definition_arn])
        plain = self._instance(found.item, tags, known)
        events = [event for service in services.values() for event in normalise.events(service)]
        detail = InstanceDetail(
            **msgspec.structs.asdict(plain),
            labels=normalise.labels(tags),
            events=[event for event in events if plain.id in event.message],
        )
        return Found(detail, found.raw)

    def _instance(
        self,
        task: wire.Task,
        tags: Sequence[wire.Tag],
        definitions: Mapping[str, wire.TaskDefinition],
    ) -> Instance:
        scope, definition = self.client.scope, definitions.get(task.task_definition_arn)
        return tasks.instance(task, scope.namespace(tags), scope.environment, definition)


def _unhealthy(
    client: Client,
    services: Sequence[wire.Service],
    definitions: Mapping[str, wire.TaskDefinition],
) -> Counter[str]:
    """Tasks that fail their health check, by service; asked for only where there is one.

    Service by service, or all of the cluster's in one go, whichever takes
    fewer calls.
    """
    checked = {
        one.service_name
        for one in services
        if one.running_count
        and normalise.has_health_check(definitions.get(normalise.definition_of(one)))
    }
    if not checked:
        return Counter()
    pages = ceil(sum(one.running_count for one in services) / PAGE_SIZE)
    names = sorted(checked) if len(checked) <= pages else [None]
    calls = [partial(client.all_tasks, service=name) for name in names]
    listed = [task.item for page in every(calls, client.aws.runtime.deadline) for task in page]
    return Counter(
        owner
        for task in listed
        if task.health_status == "UNHEALTHY"
        and task.last_status == "RUNNING"
        and (owner := tasks.workload_of(task)) is not None
        and owner in checked
    )


def _definitions(client: Client, current: str) -> dict[str, wire.TaskDefinition]:
    """The newest revisions of a family, the current one among them in any case."""
    family = (rollout.revision(current) or "").partition(":")[0]
    newest = client.aws.optional(partial(client.newest_revisions, family, REVISIONS))
    return client.task_definitions([*(newest or ()), current])
