"""The workloads and pods of one cluster: which lists to ask for, side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct

from dashborion.config.targets import Environment
from dashborion.models.instance import Instance, InstanceDetail
from dashborion.models.query import Found, Name, Query
from dashborion.models.workload import Endpoint, Workload, WorkloadDetail
from dashborion.orchestrators.kubernetes import find, normalise, wire
from dashborion.orchestrators.kubernetes import instances as pods
from dashborion.orchestrators.kubernetes import resources as api
from dashborion.orchestrators.kubernetes.availability import never_available
from dashborion.orchestrators.kubernetes.client import Client
from dashborion.orchestrators.kubernetes.listing import ListOptions
from dashborion.orchestrators.protocol import Examined

if TYPE_CHECKING:
    from dashborion.orchestrators.kubernetes import network_wire
    from dashborion.orchestrators.kubernetes.endpoints import EndpointIndex, ServiceWay
    from dashborion.orchestrators.kubernetes.survey import Surveyed

UNFINISHED = "status.phase!=Succeeded,status.phase!=Failed"


class Inventory(Struct, frozen=True):
    """As ``protocol.Inventory``; what only a few lists need is imported for them."""

    client: Client
    environment: Environment

    def workloads(self, query: Query) -> list[Examined[Workload]]:
        """All controllers of the kinds asked for, with those of their parts that were, too."""
        client, namespace = self.client, find.namespace_of(self.client, query)
        list_controllers = find.listed(client, query, ListOptions(query.selector, raw=query.raw))
        routes = [
            client.collect(resource, namespace, decoration=True)
            for resource in (api.SERVICES, api.INGRESSES)
            if query.wants("endpoints")
        ]
        gather_ways = self._ways(namespace) if routes else None
        is_examined = bool(find.controllers(query.types)) and query.wants("causes", "revisions")
        gather = self._survey(namespace, query) if is_examined else None
        found = list_controllers()
        # Afterwards: where nothing can be had, nobody needs to be told that routes cannot, either.
        index = None
        if gather_ways:
            services, ingresses = map(client.optional, routes)
            index = _index(services, ingresses, gather_ways())
        surveyed = gather() if gather else None

        def endpoints(item: wire.Controller) -> list[Endpoint]:
            return index.endpoints(item.metadata.namespace, item.spec.template) if index else []

        if surveyed is not None and query.wants("causes"):
            from dashborion.orchestrators.kubernetes.survey import examined

            examine = partial(examined, environment=self.environment, since=query.since)
            return [examine(surveyed, one, endpoints(one.item)) for one in found]
        never = never_available(client, [one.item for one in found])
        return [
            Examined(
                item=self._workload(one.item, endpoints(one.item), surveyed, never), raw=one.raw
            )
            for one in found
        ]

    def workload(self, name: Name, query: Query) -> Examined[WorkloadDetail]:
        """One controller and everything around it, or its events alone."""
        from dashborion.orchestrators.kubernetes import describe

        if query.parts == frozenset({"events"}):
            namespace = find.namespace_of(self.client, query, name)
            found = find.workload(self.client, name, namespace)
            return describe.only_events(self.client, found, self.environment)
        found, nearby = describe.begin(self.client, name, query, with_routes=True)
        return describe.workload(self.client, found, nearby, self.environment)

    def instances(self, query: Query) -> list[Found[Instance]]:
        """Pods with the workload that owns them."""
        return [one for page in self._pods(query, paged=False) for one in page]

    def instance_pages(self, query: Query) -> Iterator[list[Found[Instance]]]:
        """The same chunk by chunk, in the order of etcd's keys: by namespace and name."""
        return self._pods(query, paged=True)

    def instance(self, name: Name, query: Query) -> Found[InstanceDetail]:
        """One pod, its workload, its node's zone and its events."""
        from dashborion.orchestrators.kubernetes import describe

        found = find.instance(self.client, name, find.namespace_of(self.client, query, name))
        logs = query.wants("log")
        return describe.instance(self.client, found, self.environment, logs=logs)

    def _ways(self, namespace: str | None) -> Callable[[], list[ServiceWay]]:
        from dashborion.orchestrators.kubernetes import gateways

        return gateways.begin(self.client, namespace)

    def _survey(self, namespace: str | None, query: Query) -> Callable[[], Surveyed]:
        from dashborion.orchestrators.kubernetes import survey

        return survey.start(self.client, namespace, query)

    def _pods(self, query: Query, *, paged: bool) -> Iterator[list[Found[Instance]]]:
        """Pods and their owners, all in one page unless ``paged``."""
        client, namespace = self.client, find.namespace_of(self.client, query, query.workload)
        workload, selectors = None, [query.selector]
        if query.workload is not None:
            item = find.workload(client, query.workload, namespace).item
            workload = item.metadata
            namespace = workload.namespace
            selectors.append(normalise.selector(item.spec.selector))
        options = ListOptions(
            selector=",".join(filter(None, selectors)),
            fields=None if query.stopped else UNFINISHED,
            raw=query.raw,
        )
        if paged:
            listed = client.pages(api.PODS, namespace, options)
        else:
            listed = map(client.wait, [client.collect(api.PODS, namespace, options)])
        parents = client.collect(api.REPLICASETS.metadata, namespace, decoration=True)
        replicasets = {one.metadata.uid: one.metadata for one in client.optional(parents)}
        is_empty = True
        for page in listed:
            is_empty = is_empty and not page
            owned = [(pod, pods.owner(pod.item, replicasets)) for pod in page]
            yield [
                self._instance(pod, owner)
                for pod, owner in owned
                if workload is None or (owner is not None and owner.is_of(workload))
            ]
        if is_empty:
            find.require_namespace(client, namespace)

    def _instance(self, pod: Found[wire.Pod], owner: pods.Owned | None) -> Found[Instance]:
        """A pod as an instance; made once of each version that is watched."""
        meta = pod.item.metadata
        name = str(owner.name) if owner else ""
        return self.client.made(
            f"{meta.uid} {name}",
            (pod.item,),
            lambda: Found(pods.instance(pod.item, owner, self.environment), pod.raw),
        )

    def _workload(
        self,
        item: wire.Controller,
        endpoints: list[Endpoint],
        surveyed: Surveyed | None,
        never: frozenset[str],
    ) -> Workload:
        uid = item.metadata.uid
        kept = surveyed.kept.get(uid, ()) if surveyed else ()
        was_available = uid not in never
        return normalise.workload(
            item, self.environment, endpoints, was_available=was_available, kept=kept
        )


def _index(
    services: list[network_wire.Service],
    ingresses: list[network_wire.Ingress],
    ways: list[ServiceWay],
) -> EndpointIndex:
    from dashborion.orchestrators.kubernetes.endpoints import EndpointIndex

    return EndpointIndex.build(services, ingresses, ways)
