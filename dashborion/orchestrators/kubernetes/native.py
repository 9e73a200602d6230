"""The kinds of ``dashborion k8s``, listed or described with their events."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from itertools import compress
from typing import Any

import msgspec

from dashborion.concurrency import start
from dashborion.config.targets import Environment
from dashborion.errors import DashborionError, NotFound
from dashborion.models import kubernetes as models
from dashborion.models.event import by_time
from dashborion.models.kinds import kind_word
from dashborion.models.query import Found, Query, object_name
from dashborion.orchestrators.kubernetes import (
    find,
    gateways,
    looking,
    native_gateway,
    native_network,
    native_normalise,
    native_wire,
    network_wire,
    normalise,
    wire,
)
from dashborion.orchestrators.kubernetes import resources as api
from dashborion.orchestrators.kubernetes.client import Client
from dashborion.orchestrators.kubernetes.listing import ListOptions
from dashborion.orchestrators.kubernetes.resources import Form, Resource

Normalise = Callable[[Any, Environment], models.ClusterObject]


def _by_name(item: Any) -> tuple[Any, ...]:
    return (getattr(item, "namespace", ""), item.name)


def _by_time(item: models.ClusterEvent) -> tuple[Any, ...]:
    return (item.timestamp is not None, item.timestamp, item.namespace, item.name)


@dataclass(frozen=True)
class Kind:
    """How one kind is read.

    ``versions`` are its resources, the preferred version of the API first; of an ``optional``
    API, by its name, those are shown together that the server has. ``normalise`` makes
    a list's model of an object; ``detail`` is a description's model, with the fields that
    ``details`` gives and those that ``around`` asks for, and ``events``; None where a description
    is the list's model. ``from_row`` makes the list's model of a row of the server's own table,
    for a kind whose objects are too large to be listed for what a list shows.
    """

    versions: tuple[Resource[Any], ...]
    normalise: Normalise
    detail: Callable[..., models.ClusterObject] | None
    details: Callable[[Any], Mapping[str, Any]] = lambda _: {}
    around: Callable[[Client, Any], Mapping[str, Any]] = lambda _, _item: {}
    from_row: Normalise | None = None
    order: Callable[[Any], tuple[Any, ...]] = _by_name
    optional: str | None = None

    @property
    def namespaced(self) -> bool:
        return self.versions[0].namespaced


def _with_services(details: Callable[..., Mapping[str, Any]]) -> Callable[..., Mapping[str, Any]]:
    """What is known of an object beside the Services of its namespace, if these can be had."""

    def around(client: Client, item: Any) -> Mapping[str, Any]:
        listed = client.collect(api.SERVICES, item.metadata.namespace, decoration=True)
        services = client.attempt(listed)
        return {} if services is None else details(item, [found.item for found in services])

    return around


def _around_service(client: Client, item: network_wire.Service) -> Mapping[str, Any]:
    meta = item.metadata
    behind = client.attempt(start(partial(looking.backings, client, meta.namespace, meta.name)))
    return native_network.service_details(item, behind)


def _versions(type_: type[Any], plural: str, kind: str, *versions: str) -> tuple[Any, ...]:
    return tuple(Resource(type_, version, plural, kind) for version in versions)


KINDS: Mapping[str, Kind] = {
    "ingresses": Kind(
        (api.INGRESSES,),
        native_network.ingress,
        models.IngressDetail,
        around=_with_services(native_network.ingress_details),
    ),
    "routes": Kind(
        gateways.ROUTES,
        native_gateway.route,
        models.RouteDetail,
        around=_with_services(native_gateway.route_details),
        optional="Gateway API",
    ),
    "gateways": Kind(
        (gateways.GATEWAYS,),
        native_gateway.gateway,
        models.GatewayDetail,
        native_normalise.conditions,
        optional="Gateway API",
    ),
    "configmaps": Kind(
        (Resource(native_wire.ConfigMap, "v1", "configmaps", "ConfigMap"),),
        native_normalise.config_map,
        models.ConfigMapDetail,
        native_normalise.config_map_details,
        from_row=native_normalise.config_map_row,
    ),
    "services": Kind(
        (api.SERVICES,), native_network.service, models.ServiceDetail, around=_around_service
    ),
    "nodes": Kind(
        (native_wire.NODES,),
        native_normalise.node,
        models.NodeDetail,
        native_normalise.node_details,
    ),
    "namespaces": Kind(
        (Resource(native_wire.Namespace, "v1", "namespaces", "Namespace", namespaced=False),),
        native_normalise.namespace,
        models.NamespaceDetail,
        native_normalise.conditions,
    ),
    "events": Kind(
        (Resource(native_wire.ReportedEvent, "v1", "events", "Event"),),
        native_normalise.event,
        detail=None,
        order=_by_time,
    ),
    "jobs": Kind(
        (native_wire.JOBS,),
        native_normalise.job,
        models.JobDetail,
        native_normalise.conditions,
    ),
    "cronjobs": Kind(
        # `batch/v1` has CronJobs since 1.21; the beta was served from 1.8 to 1.24.
        _versions(native_wire.CronJob, "cronjobs", "CronJob", "batch/v1", "batch/v1beta1"),
        native_normalise.cron_job,
        models.CronJobDetail,
        native_normalise.cron_job_details,
    ),
    "autoscalers": Kind(
        # `v2` is served since 1.23; `v1` has no metric but the percentage of CPU.
        _versions(
            native_wire.Autoscaler, api.AUTOSCALERS.plural, api.AUTOSCALERS.kind,
            "autoscaling/v2", "autoscaling/v2beta2", "autoscaling/v1",
        ),
        native_normalise.autoscaler,
        models.AutoscalerDetail,
        native_normalise.conditions,
    ),
}  # fmt: skip
"""The kinds by the word that commands use.

A new kind has a wire type, a normalise function and its line here; a model in
``models/kubernetes.py``, columns in ``render/views/kubernetes.py``, and words in ``cli/k8s.py``.
"""


@dataclass(frozen=True)
class KubernetesNative:
    """The kinds of one cluster, as ``Native``."""

    client: Client
    environment: Environment

    def listed(self, kind: str, query: Query) -> list[Found[Any]]:
        """The objects in a namespace or in all, sorted: events by time, others by name."""
        known = KINDS[kind]
        namespace = self._namespace(known, query)
        resources, normalise_item = self._served(known), known.normalise
        if known.from_row is not None and not query.raw:
            resources = [one.listed_as(native_wire.TableRow, Form.ROWS) for one in resources]
            normalise_item = known.from_row
        if not resources:
            self.client.runtime.warn(DashborionError(f"the server has no {known.optional}"))
            return []
        options = ListOptions(query.selector, raw=query.raw)
        found, failures = self.client.gathered(
            [self.client.collect(one, namespace, options) for one in resources]
        )
        if len(failures) == len(resources):
            raise failures[0]
        for failure in failures:
            self.client.runtime.incomplete(failure)
        if not found:
            find.require_namespace(self.client, namespace)
        items = [Found(normalise_item(one.item, self.environment), one.raw) for one in found]
        return sorted(items, key=lambda one: known.order(one.item))

    def described(self, kind: str, name: str, query: Query) -> Found[Any]:
        """One object by ``[namespace/][kind/]name``, with its events.

        Raises:
            UsageError: it is the name of an object of another kind.
            NotFound: with the names that do exist.
            Ambiguous: several namespaces have one of that name.
        """
        known, word = KINDS[kind], kind_word("".join(name.split("/")[-2:-1]))
        space, name = object_name(name, kind, singular(kind))
        if space and not known.namespaced:
            raise NotFound(singular(kind), f"{space}/{name}", where="the cluster")
        namespace = space or self._namespace(known, query)
        served = self._served(known)
        resources = [one for one in served if word in (one.plural, one.kind.lower())] or served
        if not resources:
            raise NotFound(singular(kind), name, where=f"a server that has no {known.optional}")
        found = find.by_name_among(self.client, resources, name, namespace, word=singular(kind))
        item = known.normalise(found.item, self.environment)
        if known.detail is None:
            return Found(item, found.raw)
        events = self._events(found.item)
        fields = {
            **msgspec.structs.asdict(item),
            **known.details(found.item),
            **known.around(self.client, found.item),
        }
        about = by_time(map(normalise.event, self.client.optional(events)))
        return Found(known.detail(**fields, events=about), found.raw)

    def _events(self, item: Any) -> Future[list[Found[wire.Event]]]:
        """Start to list the events about an object; in ``default`` if it has no namespace.

        Events about nodes have the node's name where others have a uid.
        """
        meta = item.metadata
        fields = f"involvedObject.uid={meta.uid}"
        if isinstance(item, native_wire.Node):
            fields = f"involvedObject.kind=Node,involvedObject.name={meta.name}"
        return self.client.collect(
            api.EVENTS, meta.namespace or "default", ListOptions(fields=fields), decoration=True
        )

    def _served(self, kind: Kind) -> list[Resource[Any]]:
        """The preferred version among those that this server has; asked only if there are two.

        Of an optional API, all that it has.
        """
        served = self.client.served
        if kind.optional:
            return [one for one in kind.versions if one.plural in served.plurals(one.group_version)]
        if len(kind.versions) == 1:
            return [kind.versions[0]]
        return [next(compress(kind.versions, map(served.has, kind.versions)), kind.versions[-1])]

    def _namespace(self, kind: Kind, query: Query) -> str | None:
        return find.namespace_of(self.client, query) if kind.namespaced else None


def singular(kind: str) -> str:
    """``ingress`` of ``ingresses``."""
    return kind.removesuffix("es") if kind == "ingresses" else kind.removesuffix("s")
