"""The services and tasks of one cluster: which questions to ask side by side, and whom to keep."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil

from dashborion.concurrency import every, result, start
from dashborion.models.instance import Instance, InstanceDetail
from dashborion.models.kinds import WorkloadType
from dashborion.models.query import Found, Name, Query
from dashborion.models.workload import Workload, WorkloadDetail
from dashborion.orchestrators.ecs import describe, find, normalise, wire
from dashborion.orchestrators.ecs import instances as tasks
from dashborion.orchestrators.ecs.client import TASKS_A_PAGE, Client
from dashborion.orchestrators.ecs.endpoints import Routes, endpoints
from dashborion.orchestrators.ecs.load_balancers import routes
from dashborion.orchestrators.ecs.normalise import ClusterScope


@dataclass(frozen=True)
class Inventory:
    """As ``protocol.Inventory``."""

    client: Client
    scope: ClusterScope

    def workloads(self, query: Query) -> list[Found[Workload]]:
        """All services, with their task definitions and, if asked for, their endpoints."""
        if query.types is not None and WorkloadType.ECS_SERVICE not in query.types:
            return []
        listed = self.client.services(raw=query.raw)
        if not listed:
            self.client.require_cluster()
        kept = self._selected(listed, query)
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
                    self.scope,
                ),
                one.raw,
            )
            for one in kept
        ]

    def workload(self, name: Name, query: Query) -> Found[WorkloadDetail]:
        """One service and everything around it."""
        found = find.workload(self.client, self.scope, name, find.namespace_of(query, name))
        return describe.workload(self.client, found, self.scope)

    def instances(self, query: Query) -> list[Found[Instance]]:
        """Tasks with their service; its tags say in which namespace they are."""
        owner: str | None = None
        services: Sequence[wire.Service] = ()
        listed_services = None
        if query.workload is not None:
            namespace = find.namespace_of(query, query.workload)
            service = find.workload(self.client, self.scope, query.workload, namespace).item
            owner, services = service.service_name, [service]
        else:
            listed_services = start(self.client.services)
        deadline = self.client.aws.runtime.deadline
        ask = partial(self.client.tasks, service=owner, raw=query.raw)
        # Tasks that are being stopped still run, and ListTasks counts them as stopped.
        listed = [task for page in every([ask, partial(ask, stopped=True)], deadline)
                  for task in page if query.stopped or not tasks.is_over(task.item)]  # fmt: skip
        if listed_services is not None:
            services = [one.item for one in result(listed_services, deadline)]
            if not listed and not services:
                self.client.require_cluster()
        return self._instances(listed, services, query)

    def instance_pages(self, query: Query) -> Iterator[list[Found[Instance]]]:
        """All of them at once: their names, and so their order, come from their services."""
        yield self.instances(query)

    def instance(self, name: Name, query: Query) -> Found[InstanceDetail]:
        """One task with its service's tags and events that name it."""
        found = find.instance(self.client, self.scope, name, find.namespace_of(query, name))
        return describe.instance(self.client, found, self.scope)

    def _selected(
        self, listed: Sequence[Found[wire.Service]], query: Query
    ) -> list[Found[wire.Service]]:
        """The services of the namespace and with the tags asked for.

        Raises:
            NotFound: no service at all is in that namespace.
        """
        namespace = find.namespace_of(query)
        if namespace is not None:
            find.require_namespace(self.scope, namespace, [one.item for one in listed])
        return [
            one
            for one in listed
            if namespace in (None, self.scope.namespace(one.item.tags))
            and normalise.selected(normalise.labels(one.item.tags), query.selector)
        ]

    def _instances(
        self, listed: Iterable[Found[wire.Task]], services: Sequence[wire.Service], query: Query
    ) -> list[Found[Instance]]:
        """The tasks of the namespace and with the tags asked for, as instances.

        Raises:
            NotFound: no service at all is in that namespace.
        """
        namespace = find.namespace_of(query)
        if namespace is not None:
            find.require_namespace(self.scope, namespace, services)
        listed = list(listed)
        ended = (one.item.task_definition_arn for one in listed if tasks.is_over(one.item))
        definitions = self.client.cached_task_definitions(ended)
        tags_of = {one.service_name: one.tags for one in services}
        kept = []
        for task in listed:
            tags = [*tags_of.get(tasks.workload_of(task.item) or "", ()), *task.item.tags]
            inside = self.scope.namespace(tags)
            is_selected = normalise.selected(normalise.labels(tags), query.selector)
            if namespace in (None, inside) and is_selected:
                definition = definitions.get(task.item.task_definition_arn)
                item = tasks.instance(task.item, inside, self.scope.environment, definition)
                kept.append(Found(item, task.raw))
        return kept


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
    pages = ceil(sum(one.running_count for one in services) / TASKS_A_PAGE)
    calls = [  # tasks that are being stopped still run, and are listed as stopped
        partial(client.tasks, service=name, stopped=stopped)
        for name in (sorted(checked) if len(checked) <= pages else [None])
        for stopped in (False, True)
    ]
    listed = [task.item for page in every(calls, client.aws.runtime.deadline) for task in page]
    return Counter(
        owner
        for task in listed
        if task.health_status == "UNHEALTHY"
        and task.last_status == "RUNNING"
        and (owner := tasks.workload_of(task)) is not None
        and owner in checked
    )
