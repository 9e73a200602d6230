"""What workloads are made of: which lists to ask for, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import msgspec

from dashborion.config.targets import Environment
from dashborion.errors import AccessError, BadAnswer, NotFound, Unavailable
from dashborion.models.definition import Comparison, Defined, Side
from dashborion.models.query import Found, Name, Query
from dashborion.models.workload import Workload
from dashborion.orchestrators.difference import compared
from dashborion.orchestrators.kubernetes import definition, find, gateways, normalise, wire
from dashborion.orchestrators.kubernetes import instances as pods
from dashborion.orchestrators.kubernetes import resources as api
from dashborion.orchestrators.kubernetes.availability import never_available
from dashborion.orchestrators.kubernetes.client import Client
from dashborion.orchestrators.kubernetes.endpoints import EndpointIndex
from dashborion.orchestrators.kubernetes.history import current_template, past_revisions
from dashborion.orchestrators.kubernetes.inventory import UNFINISHED
from dashborion.orchestrators.kubernetes.listing import ListOptions
from dashborion.orchestrators.protocol import Running, RunningContainer

_ARCHITECTURE = "kubernetes.io/arch"


@dataclass(frozen=True)
class Definitions:
    """As ``protocol.Definitions``."""

    client: Client
    environment: Environment

    def listed(self, query: Query) -> Listing:
        """All controllers with their own JSON."""
        client, namespace = self.client, find.namespace_of(self.client, query)
        options = ListOptions(query.selector, raw=True)
        return Listing(self, query, namespace, find.listed(client, query, options)())

    def revisions(
        self, name: Name, query: Query, between: tuple[str, str] | None
    ) -> Found[Comparison]:
        """From the ReplicaSets or ControllerRevisions that are kept."""
        item = find.workload(self.client, name, find.namespace_of(self.client, query, name)).item
        past = past_revisions(self.client, item)
        where = f"the history of {item.metadata.name}"
        known = [one.revision.revision for one in past]
        if between is None and len(past) < 2:
            raise NotFound(
                "other revision of", item.metadata.name, where="its history", known=known
            )
        chosen = []
        for wanted in between or known[-2:]:
            fitting = [one for one in past if wanted in (one.revision.revision, one.number)]
            if not fitting:
                raise NotFound("revision", wanted, where=where, known=known)
            chosen.append(fitting[0])
        plain = normalise.workload(item, self.environment, [])
        left, right = (Side.of(plain, one.revision.revision) for one in chosen)
        differences = compared(*(one.template for one in chosen))
        return Found(Comparison.of(item.metadata.name, left, right, differences))

    def running(self, name: Name, query: Query) -> Running:
        """What the pods say that they run, and the architectures of the nodes that they are on."""
        client = self.client
        namespace = find.namespace_of(client, query, name)
        found = find.workload(client, name, namespace, everywhere=True)
        item = found.item
        options = ListOptions(normalise.selector(item.spec.selector), fields=UNFINISHED)
        listed = client.collect(api.PODS, item.metadata.namespace, options)
        parents = client.collect(api.REPLICASETS.metadata, item.metadata.namespace)
        nodes = client.collect(api.NODES.metadata, None, decoration=True)
        running: list[Found[wire.Pod]] = client.wait(listed)
        own = _owned(running, client.optional(parents)).get(_key(item), [])
        spec = item.spec.template.spec
        workload = normalise.workload(
            item, self.environment, [], was_available=not never_available(client, [item])
        )
        digests = definition.digests_of(own, _images(item))
        containers = [(one, False) for one in spec.containers or ()]
        containers += [(one, not one.is_sidecar) for one in spec.init_containers or ()]
        return Running(
            self.environment,
            workload,
            [
                RunningContainer(one.name, one.image or "", digests.get(one.name, ()), is_init)
                for one, is_init in containers
            ],
            self._architectures(found, nodes, {pod.spec.node_name for pod in own}),
        )

    def _architectures(
        self, found: Found[wire.Controller], nodes: Any, used: set[str | None]
    ) -> frozenset[str] | None:
        """Of the template's node selector, else of the nodes that it runs on, else of all."""
        wanted = (current_template(found).get("spec") or {}).get("nodeSelector") or {}
        if _ARCHITECTURE in wanted:
            return frozenset({str(wanted[_ARCHITECTURE])})
        try:
            metas = [one.item.metadata for one in self.client.wait(nodes)]
        except (AccessError, Unavailable):
            return None  # who may not see nodes still may deploy
        mine = [one for one in metas if one.name in used] or metas
        known = {(one.labels or {}).get(_ARCHITECTURE) for one in mine}
        return frozenset(filter(None, known)) if None not in known else None

    def tags_of(self, repository: str, digest: str) -> list[str] | None:  # noqa: ARG002
        """Kubernetes does not ask registries: its nodes do."""
        return None


@dataclass(frozen=True)
class Listing:
    """As ``protocol.Listing``."""

    definitions: Definitions
    query: Query
    namespace: str | None
    found: Sequence[Found[wire.Controller]]

    @cached_property
    def workloads(self) -> list[Found[Workload]]:
        """Those of the controllers, by what these say themselves."""
        environment = self.definitions.environment
        return [Found(normalise.workload(one.item, environment, [])) for one in self.found]

    def define(self, chosen: Sequence[Workload]) -> list[Defined]:
        """With pods, autoscalers, Services and Ingresses, as far as these are compared."""
        client, query = self.definitions.client, self.query
        collect = partial(client.collect, namespace=self.namespace)
        lists: dict[str, Any] = {}
        if query.wants("digests"):
            lists["pods"] = collect(api.PODS, options=ListOptions(fields=UNFINISHED))
            lists["parents"] = collect(api.REPLICASETS.metadata, decoration=True)
        if query.wants("endpoints"):
            lists["services"] = collect(api.SERVICES, decoration=True)
            lists["ingresses"] = collect(api.INGRESSES, decoration=True)
            gather_ways = gateways.begin(client, self.namespace)
        if query.wants("autoscaling"):
            lists["scalers"] = collect(api.AUTOSCALERS, decoration=True)
        owned = None
        if "pods" in lists:
            running, parents = client.attempt(lists.pop("pods")), lists.pop("parents")
            owned = None if running is None else _owned(running, client.optional(parents))
        had = {what: client.optional(future) for what, future in lists.items()}
        index = EndpointIndex()
        if "services" in had:
            index = EndpointIndex.build(had["services"], had["ingresses"], gather_ways())
        scaling: list[wire.Autoscaler] = had.get("scalers", [])
        wanted = {(one.namespace, str(one.type), one.name) for one in chosen}
        defined = []
        for one, plain in zip(self.found, self.workloads, strict=True):
            if _key(one.item) in wanted:
                try:
                    defined.append(_defined(one, plain.item, index, scaling, owned))
                except BadAnswer as error:
                    client.runtime.incomplete(error)
        return defined


def _defined(
    found: Found[wire.Controller],
    plain: Workload,
    index: EndpointIndex,
    scaling: Sequence[wire.Autoscaler],
    owned: Mapping[tuple[str, str, str], list[wire.Pod]] | None,
) -> Defined:
    item, namespace = found.item, found.item.metadata.namespace
    mine = [one for one in scaling if one.metadata.namespace == namespace]
    digests = None
    if owned is not None:
        digests = definition.digests_of(owned.get(_key(item), ()), _images(item))
    scaler = normalise.autoscaling(normalise.autoscalers_of(item, mine), plain.desired)
    ways = index.endpoints(namespace, item.spec.template)
    workload = msgspec.structs.replace(plain, endpoints=ways)
    template = current_template(found)
    return definition.defined(item, template, workload, digests=digests, scaling=scaler)


def _images(item: wire.Controller) -> dict[str, str]:
    spec = item.spec.template.spec
    return {
        one.name: one.image or ""
        for one in (*(spec.containers or ()), *(spec.init_containers or ()))
    }


def _key(item: wire.Controller) -> tuple[str, str, str]:
    return (item.metadata.namespace, str(normalise.type_of(item)), item.metadata.name)


def _owned(
    listed: Sequence[Found[wire.Pod]], parents: Sequence[wire.Object]
) -> dict[tuple[str, str, str], list[wire.Pod]]:
    """The pods of each workload, but for those that are going."""
    replicasets = {one.metadata.uid: one.metadata for one in parents}
    owned: dict[tuple[str, str, str], list[wire.Pod]] = {}
    for pod in (one.item for one in listed):
        owner = pods.owner(pod, replicasets)
        if owner is not None and pod.metadata.deletion_timestamp is None:
            key = (pod.metadata.namespace, str(owner.name.type), owner.name.name)
            owned.setdefault(key, []).append(pod)
    return owned
