"""The services and tasks of one cluster: which questions to ask side by side, and whom to keep."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from msgspec import Struct

from dashborion.concurrency import result, start
from dashborion.models.instance import Instance, InstanceDetail
from dashborion.models.query import Found, Name, Query
from dashborion.models.workload import Workload, WorkloadDetail
from dashborion.orchestrators.aws.parts import part
from dashborion.orchestrators.ecs import find, normalise, survey, wire
from dashborion.orchestrators.ecs import instances as tasks
from dashborion.orchestrators.ecs.client import Client
from dashborion.orchestrators.ecs.looking import Reads
from dashborion.orchestrators.protocol import Examined


class Inventory(Struct, frozen=True):
    """As ``protocol.Inventory``."""

    client: Client

    def workloads(self, query: Query) -> list[Examined[Workload]]:
        """All services, with those of their parts that were asked for."""
        found, _ = survey.workloads(Reads(self.client), query)
        return found

    def workload(self, name: Name, query: Query) -> Examined[WorkloadDetail]:
        """One service and everything around it, or only its events, which it brings along."""
        from dashborion.orchestrators.ecs import describe

        found = find.workload(self.client, name, query)
        if query.parts is not None and query.parts <= {"events"}:
            return describe.only_events(self.client, found)
        return describe.workload(self.client, found)

    def instances(self, query: Query) -> list[Found[Instance]]:
        """As ``found_tasks``, with what is known on disk of those that have stopped."""
        found, scope = self.found_tasks(query), self.client.scope
        arns = (one.item.task_definition_arn for one, _ in found if tasks.is_over(one.item))
        definitions = self.client.cached_task_definitions(arns if query.stopped else ())
        return [
            Found(tasks.instance(task.item, tags, scope, definitions), task.raw)
            for task, tags in found
        ]

    def found_tasks(self, query: Query) -> list[tuple[Found[wire.Task], list[wire.Tag]]]:
        """The tasks of the namespace and with the tags asked for, their service's among them.

        Raises:
            NotFound: no service at all is in that namespace.
        """
        client, tell = self.client, self.client.aws.runtime.incomplete
        if query.workload is not None:
            service = find.workload(client, query.workload, query).item
            services = {service.service_name: service}
            listed = client.all_tasks(service=service.service_name, raw=query.raw, tell=tell)
        else:
            listing = start(partial(self._owners, query))
            listed = client.all_tasks(raw=query.raw, tell=tell)
            services = result(listing, client.aws.runtime.deadline)
            if not listed and not services:
                client.require_cluster()
        namespace = find.namespace_of(query)
        find.require_namespace(client, namespace, services.values())
        find.tell_of_tags(client, query)
        tagged = [(task, tasks.tags(task.item, services)) for task in listed]
        return [
            (task, tags)
            for task, tags in tagged
            if (query.stopped or not tasks.is_over(task.item))
            and namespace in (None, client.scope.namespace(tags))
            and normalise.selected(normalise.labels(tags), query.selector)
        ]

    def _owners(self, query: Query) -> dict[str, wire.Service]:
        """The services by name, whose tags their tasks have, too.

        Without a filter that needs the tags they are decoration.
        """
        runtime = self.client.aws.runtime
        if find.is_by_tags(query):
            return find.by_name(self.client.services(tell=runtime.incomplete))
        listed = part(partial(self.client.services, tell=runtime.warn), runtime.warn)
        return find.by_name(listed or [])

    def instance_pages(self, query: Query) -> Iterator[list[Found[Instance]]]:
        """All of them at once: their names, and so their order, come from their services."""
        yield self.instances(query)

    def instance(self, name: Name, query: Query) -> Found[InstanceDetail]:
        """One task with its service's tags and events that name it."""
        from dashborion.orchestrators.ecs import describe

        task = find.instance(self.client, name, query)
        return describe.instance(self.client, task, logs=query.wants("log"))
