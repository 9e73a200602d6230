"""What only Kubernetes has: any of its kinds, listed or described with its events."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec

from dashborion.config.targets import Environment
from dashborion.errors import Ambiguous, Forbidden, NotFound
from dashborion.models import kubernetes as models
from dashborion.models.query import Found, Query
from dashborion.orchestrators.kubernetes import find, native_normalise, normalise
from dashborion.orchestrators.kubernetes import resources as api
from dashborion.orchestrators.kubernetes.fetch import Fetch
from dashborion.orchestrators.kubernetes.resources import Resource
from dashborion.orchestrators.kubernetes.wire import native

Normalise = Callable[[Any, Environment], models.ClusterObject]


@dataclass(frozen=True)
class Kind:
    """How one kind is asked for; ``versions`` begin with the one that is liked best.

    ``detail`` is the list's model with ``events`` and what ``adds`` gives.
    ``counted`` makes the list's model of a row of the server's own table, for a
    kind whose bodies a list has no use for.
    """

    versions: tuple[Resource[Any], ...]
    item: Normalise
    detail: Callable[..., models.ClusterObject] | None
    adds: Callable[[Any], Mapping[str, Any]] = lambda _: {}
    namespaced: bool = True
    counted: Normalise | None = None
    order: Callable[[Any], tuple[Any, ...]] = lambda one: (getattr(one, "namespace", ""), one.name)


def _conditions(item: Any) -> dict[str, Any]:
    return {"conditions": native_normalise.conditions(item.status.conditions)}


def _of_node(item: native.Node) -> dict[str, Any]:
    return _conditions(item) | {"taints": native_normalise.taints(item)}


def _running_jobs(item: native.CronJob) -> dict[str, Any]:
    return {"jobs": [one.name for one in item.status.active or () if one.name]}


def _versions(type_: type[Any], plural: str, kind: str, *versions: str) -> tuple[Any, ...]:
    return tuple(Resource(type_, version, plural, kind) for version in versions)


KINDS: Mapping[str, Kind] = {
    "ingresses": Kind(
        _versions(native.Ingress, "ingresses", "Ingress", "networking.k8s.io/v1"),
        native_normalise.ingress,
        models.IngressDetail,
    ),
    "configmaps": Kind(
        _versions(native.ConfigMap, "configmaps", "ConfigMap", "v1"),
        native_normalise.config_map,
        models.ConfigMapDetail,
        native_normalise.values,
        counted=native_normalise.counted_config_map,
    ),
    "services": Kind(
        _versions(native.Service, "services", "Service", "v1"),
        native_normalise.service,
        models.ServiceDetail,
    ),
    "nodes": Kind(
        _versions(native.Node, "nodes", "Node", "v1"),
        native_normalise.node,
        models.NodeDetail,
        _of_node,
        namespaced=False,
    ),
    "namespaces": Kind(
        _versions(native.Namespace, "namespaces", "Namespace", "v1"),
        native_normalise.namespace,
        models.NamespaceDetail,
        _conditions,
        namespaced=False,
    ),
    "events": Kind(
        _versions(native.Event, "events", "Event", "v1"),
        native_normalise.event,
        detail=None,
        order=lambda one: (one.timestamp is not None, one.timestamp, one.namespace, one.name),
    ),
    "jobs": Kind(
        _versions(native.Job, "jobs", "Job", "batch/v1"),
        native_normalise.job,
        models.JobDetail,
        _conditions,
    ),
    "cronjobs": Kind(
        # `batch/v1` has CronJobs since 1.21, the beta was there from 1.8 to 1.24.
        _versions(native.CronJob, "cronjobs", "CronJob", "batch/v1", "batch/v1beta1"),
        native_normalise.cron_job,
        models.CronJobDetail,
        _running_jobs,
    ),
    "autoscalers": Kind(
        # `v2` since 1.23; `v1` knows no metric but the share of CPU.
        _versions(
            native.Autoscaler, "horizontalpodautoscalers", "HorizontalPodAutoscaler",
            "autoscaling/v2", "autoscaling/v2beta2", "autoscaling/v1",
        ),
        native_normalise.autoscaler,
        models.AutoscalerDetail,
        _conditions,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class KubernetesNative:
    """The kinds of one cluster, as ``Native``; ``namespace`` is the environment's own."""

    fetch: Fetch
    environment: Environment
    namespace: str

    def listed(self, kind: str, query: Query) -> list[Found[Any]]:
        """The objects in a namespace or in all: events by time, others by namespace and name."""
        known = KINDS[kind]
        namespace = self._namespace(known, query)
        counts = known.counted is not None and not query.raw
        found = self.fetch.wait(
            self.fetch.collect(
                self._served(known),
                namespace,
                selector=query.selector,
                as_rows=counts,
                raw=query.raw,
            )
        )
        if not found and namespace is not None:
            find.require_namespace(self.fetch, namespace)
        make = known.counted if counts and known.counted else known.item
        made = [Found(make(one.item, self.environment), one.raw) for one in found]
        return sorted(made, key=lambda one: known.order(one.item))

    def described(self, kind: str, name: str, query: Query) -> Found[Any]:
        """One object by ``name`` or ``namespace/name``, with its events.

        Raises:
            NotFound: with the names there are.
            Ambiguous: several namespaces have one.
        """
        known = KINDS[kind]
        resource = self._served(known)
        *before, name = name.split("/")
        if before and not known.namespaced:
            raise NotFound(singular(kind), f"{'/'.join(before)}/{name}", where="the cluster")
        namespace = "/".join(before) or self._namespace(known, query)
        found = self._one(kind, resource, name, namespace)
        plain = known.item(found.item, self.environment)
        if known.detail is None:
            return Found(plain, found.raw)
        fields = msgspec.structs.asdict(plain) | dict(known.adds(found.item))
        return Found(known.detail(**fields, events=self._events(found.item)), found.raw)

    def _one(
        self, kind: str, resource: Resource[Any], name: str, namespace: str | None
    ) -> Found[Any]:
        """By its name where its place is known, else looked for in all namespaces."""
        if namespace is not None or not KINDS[kind].namespaced:
            exact = self.fetch.client.get(resource, namespace, name)
            if exact is not None:
                return exact
        listed = self.fetch.wait(
            self.fetch.collect(resource.metadata, namespace, metadata_only=True)
        )
        metas = [one.item.metadata for one in listed]
        there = [one for one in metas if one.name == name and namespace is None]
        if len(there) > 1:
            shown = ", ".join(sorted(f"{one.namespace}/{one.name}" for one in there))
            raise Ambiguous(f"'{name}' is in {len(there)} namespaces: {shown}",
                            hint="name one of these, or choose with -n")  # fmt: skip
        found = self.fetch.client.get(resource, there[0].namespace, name) if there else None
        if found is not None:
            return found
        if namespace is not None:
            find.require_namespace(self.fetch, namespace)
        where = find.where(namespace) if KINDS[kind].namespaced else "the cluster"
        raise NotFound(singular(kind), name, where=where, known=[one.name for one in metas])

    def _events(self, item: Any) -> list[Any]:
        """What was said about it, newest last; of cluster-wide objects, in ``default``."""
        meta = item.metadata
        # Events about nodes carry the node's name where others have a uid.
        fields = f"involvedObject.uid={meta.uid}"
        if isinstance(item, native.Node):
            fields = f"involvedObject.kind=Node,involvedObject.name={meta.name}"
        listed = self.fetch.collect(api.EVENTS, meta.namespace or "default", fields=fields)
        found = [normalise.event(one) for one in self.fetch.optional(listed)]
        return sorted(found, key=lambda one: (one.timestamp is not None, one.timestamp))

    def _served(self, kind: Kind) -> Resource[Any]:
        """The best version that this server has; asked only where there is a choice."""
        if len(kind.versions) == 1:
            return kind.versions[0]
        asked = [self.fetch.start(partial(self._serves, one)) for one in kind.versions]
        served = [self.fetch.wait(future) for future in asked]
        return next(
            (one for one, there in zip(kind.versions, served, strict=True) if there),
            kind.versions[-1],
        )

    def _serves(self, resource: Resource[Any]) -> bool:
        """Whether discovery names it; every authenticated user may ask, unless forbidden."""
        path = f"/apis/{resource.group_version}"
        try:
            found = self.fetch.client.fetch(native.ApiResources, path)
        except Forbidden:
            return False
        names = {one.name for one in (found.resources if found else None) or ()}
        return resource.plural in names

    def _namespace(self, kind: Kind, query: Query) -> str | None:
        if query.all_namespaces or not kind.namespaced:
            return None
        return query.namespace or self.namespace


def singular(kind: str) -> str:
    """``ingress`` of ``ingresses``."""
    return kind.removesuffix("es") if kind == "ingresses" else kind.removesuffix("s")
