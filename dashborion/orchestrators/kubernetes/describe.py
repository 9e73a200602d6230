"""One object and everything around it, in two rounds of calls side by side.

Round one needs only the namespace: Services, Ingresses, autoscalers, events.
Round two needs the object: its pods, revisions and the health of its Services.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from functools import partial

import msgspec
from msgspec import Struct

from dashborion.concurrency import start
from dashborion.config.targets import Environment
from dashborion.errors import Forbidden
from dashborion.models.instance import InstanceDetail
from dashborion.models.query import Found
from dashborion.models.workload import WorkloadDetail
from dashborion.orchestrators.kubernetes import history, normalise, rollout, wire
from dashborion.orchestrators.kubernetes import instances as pods
from dashborion.orchestrators.kubernetes import resources as api
from dashborion.orchestrators.kubernetes.client import Client
from dashborion.orchestrators.kubernetes.endpoints import (
    EndpointIndex,
    Health,
    endpoints_health,
    slice_health,
)
from dashborion.orchestrators.kubernetes.errors import NoSuchResource
from dashborion.orchestrators.kubernetes.listing import ListOptions


class Nearby(Struct, frozen=True):
    """Lists of a namespace that describing a workload needs, already under way."""

    services: Future[list[Found[wire.Service]]]
    ingresses: Future[list[Found[wire.Ingress]]]
    autoscalers: Future[list[Found[wire.Autoscaler]]]
    events: Future[list[Found[wire.Event]]]

    @classmethod
    def start(cls, client: Client, namespace: str) -> Nearby:
        return cls(
            services=client.collect(api.SERVICES, namespace),
            ingresses=client.collect(api.INGRESSES, namespace),
            autoscalers=client.collect(api.AUTOSCALERS, namespace),
            events=client.collect(api.EVENTS, namespace),
        )


def workload(
    client: Client, found: Found[wire.Controller], nearby: Nearby, environment: Environment
) -> Found[WorkloadDetail]:
    """The controller with its instances, reasons, autoscaler, revisions, events and endpoints."""
    item = found.item
    namespace, selector = item.metadata.namespace, normalise.selector(item.spec.selector)
    listed_pods = client.collect(api.PODS, namespace, ListOptions(selector))
    listed_kept = history.list_kept(client, item)
    index = EndpointIndex.build(client.optional(nearby.services), client.optional(nearby.ingresses))
    names = [service.metadata.name for service in index.services(namespace, item.spec.template)]
    health = {name: start(partial(_health, client, namespace, name)) for name in names}

    kept = normalise.owned_by(client.optional(listed_kept), item.metadata.uid)
    parents = {one.metadata.uid: one.metadata for one in kept}
    current = rollout.rollout(item).revision
    revisions = normalise.revisions(kept, item.metadata.name, current)
    owned = {
        pod.metadata.uid: pods.instance(pod, owner, environment)
        for pod in client.optional(listed_pods)
        if (owner := pods.owner(pod, parents)) and owner.is_of(item.metadata)
    }
    instances = sorted(owned.values(), key=lambda one: one.name)
    about = frozenset({item.metadata.uid, *parents, *owned})
    events = normalise.events(client.optional(nearby.events), about)
    endpoints = index.endpoints(
        namespace,
        item.spec.template,
        {name: known for name, future in health.items() if (known := client.wait(future))},
    )
    plain = normalise.workload(item, environment, endpoints)
    made = [one.created_at for one in revisions if one.created_at]
    fields = msgspec.structs.asdict(plain) | {"updated_at": max(made, default=plain.updated_at)}
    autoscalers = client.optional(nearby.autoscalers)
    detail = WorkloadDetail(
        **fields,
        instances=instances,
        reasons=normalise.reasons(item, instances, events),
        autoscaling=normalise.autoscaling(item, autoscalers, plain.desired),
        revisions=revisions,
        events=events,
    )
    return Found(detail, found.raw)


def instance(
    client: Client, found: Found[wire.Pod], environment: Environment
) -> Found[InstanceDetail]:
    """The pod with its workload, its node's zone and its events."""
    pod = found.item
    namespace = pod.metadata.namespace
    about = ListOptions(fields=f"involvedObject.uid={pod.metadata.uid}")
    events = client.collect(api.EVENTS, namespace, about)
    parent = start(partial(_replicaset, client, pod))
    node = start(partial(_node, client, pod.spec.node_name))
    owner = pods.owner(pod, client.wait(parent))
    plain = pods.instance(pod, owner, environment)
    labels = client.wait(node).labels or {}
    detail = InstanceDetail(
        **(msgspec.structs.asdict(plain) | {"zone": plain.zone or labels.get(pods.ZONE)}),
        labels=pod.metadata.labels or {},
        events=normalise.events(client.optional(events), frozenset({pod.metadata.uid})),
    )
    return Found(detail, found.raw)


def _health(client: Client, namespace: str, service: str) -> Health | None:
    """From EndpointSlices where there are any (1.21), else from Endpoints; None if forbidden."""
    options = ListOptions(f"kubernetes.io/service-name={service}")
    try:
        try:
            slices = client.wait(client.collect(api.ENDPOINT_SLICES, namespace, options))
            return slice_health(one.item for one in slices)
        except NoSuchResource:
            found = client.get(api.ENDPOINTS, namespace, service)
    except Forbidden as error:
        client.runtime.warn(error)
        return None
    return endpoints_health(found.item) if found else Health(0, 0)


def _replicaset(client: Client, pod: wire.Pod) -> Mapping[str, wire.Meta]:
    """The metadata of the ReplicaSet that owns a pod, by uid; the pod's labels do without it."""
    for reference in pod.metadata.owner_references or ():
        if reference.controller and reference.kind == "ReplicaSet":
            try:
                found = client.get(api.REPLICASETS.metadata, pod.metadata.namespace, reference.name)
            except Forbidden:
                return {}
            return {found.item.metadata.uid: found.item.metadata} if found else {}
    return {}


def _node(client: Client, name: str | None) -> wire.Meta:
    """A node's metadata; many who may see pods may not see nodes, and need no warning for it."""
    try:
        found = client.get(api.NODES, None, name) if name else None
    except Forbidden:
        found = None
    return found.item.metadata if found else wire.Meta(name=name or "")
