"""What pods and nodes use: metrics-server's lists beside the API server's own."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from msgspec.structs import replace

from dashborion.config.targets import Environment
from dashborion.errors import NoMetrics, Unavailable
from dashborion.models.query import Found, Query
from dashborion.models.usage import MachineUsage
from dashborion.orchestrators.kubernetes import find, native_wire, normalise, usage
from dashborion.orchestrators.kubernetes import instances as pods
from dashborion.orchestrators.kubernetes import resources as api
from dashborion.orchestrators.kubernetes.client import Client
from dashborion.orchestrators.kubernetes.errors import NoSuchResource
from dashborion.orchestrators.kubernetes.inventory import UNFINISHED
from dashborion.orchestrators.kubernetes.listing import ListOptions
from dashborion.orchestrators.kubernetes.usage_wire import NODE_METRICS, POD_METRICS
from dashborion.orchestrators.protocol import IsMeant
from dashborion.orchestrators.samples import Sample

T = TypeVar("T")


@dataclass(frozen=True)
class Usage:
    """As ``protocol.Usage``; metrics-server has chosen the window."""

    client: Client
    environment: Environment

    def workloads(
        self, query: Query, window: timedelta, is_meant: IsMeant, *, each: bool
    ) -> list[Sample]:
        """Pods of workloads, which cost the same as these; the selector is on workloads' labels."""
        del each
        namespace = find.namespace_of(self.client, query)
        own = replace(query, selector=None)
        listed = {
            type_: self.client.collect(resource.metadata, namespace, ListOptions(query.selector))
            for type_, resource in find.CONTROLLERS.items()
            if query.selector
        }
        samples = [
            one
            for one in self.instances(own, window)
            if one.workload is not None and is_meant(one.workload, one.type, one.namespace)
        ]
        if not query.selector:
            return samples
        kept = {
            (type_, item.metadata.namespace, item.metadata.name)
            for type_, future in listed.items()
            for item in self.client.needed(future)
        }
        return [one for one in samples if (one.type, one.namespace, one.workload) in kept]

    def instances(self, query: Query, window: timedelta) -> list[Sample]:
        """Pods that are not finished, and those of them that metrics-server knows."""
        del window
        client = self.client
        namespace = find.namespace_of(client, query, query.workload)
        selectors, owner = [query.selector], None
        if query.workload is not None:
            item = find.workload(client, query.workload, namespace).item
            owner, namespace = item.metadata, item.metadata.namespace
            selectors.append(normalise.selector(item.spec.selector))
        selector = ",".join(filter(None, selectors)) or None
        measured = client.collect(POD_METRICS, namespace, ListOptions(selector))
        listed = client.collect(api.PODS, namespace, ListOptions(selector, UNFINISHED))
        parents = client.collect(api.REPLICASETS.metadata, namespace, decoration=True)
        seen = {
            (one.item.metadata.namespace, one.item.metadata.name): one.item
            for one in self._measured(measured)
        }
        found = [one.item for one in client.wait(listed)]
        if not found:
            find.require_namespace(client, namespace)
        replicasets = {one.metadata.uid: one.metadata for one in client.optional(parents)}
        owned = [(pod, pods.owner(pod, replicasets)) for pod in found]
        return [
            usage.sample(pod, by, seen.get((pod.metadata.namespace, pod.metadata.name)))
            for pod, by in owned
            if owner is None or (by is not None and by.is_of(owner))
        ]

    def machines(self, query: Query, window: timedelta) -> list[MachineUsage]:
        """Nodes; one that does not answer has no numbers."""
        del window
        measured = self.client.collect(NODE_METRICS, None)
        listed = self.client.collect(native_wire.NODES, None, ListOptions(query.selector))
        seen = [one.item for one in self._measured(measured)]
        nodes = [one.item for one in self.client.wait(listed)]
        return usage.machines(nodes, seen, self.environment)

    def _measured(self, future: Future[list[Found[T]]]) -> list[Found[T]]:
        """What metrics-server has measured.

        Raises:
            NoMetrics: it is not installed.
        """
        try:
            return self.client.wait(future)
        except NoSuchResource as error:
            message = "no metrics.k8s.io API in the cluster: metrics-server is not installed"
            raise NoMetrics(
                message, hint="install metrics-server, which kubectl top needs, too"
            ) from error
        except Unavailable as error:
            error.hint = error.hint or "is metrics-server running?"
            raise
