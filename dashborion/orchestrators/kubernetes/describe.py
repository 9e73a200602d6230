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
from dashborion.orchestrators.kubernetes import endpoints as ways
from dashborion.orchestrators.kubernetes import (
    history,
    network_wire,
    nodes,
    normalise,
    reasons,
    rollout,
    wire,
)
from dashborion.orchestrators.kubernetes import instances as pods
from dashborion.orchestrators.kubernetes import resources as api
from dashborion.orchestrators.kubernetes.availability import was_available
from dashborion.orchestrators.kubernetes.client import Client
from dashborion.orchestrators.kubernetes.errors import NoSuchResource
from dashborion.orchestrators.kubernetes.listing import ListOptions
from dashborion.orchestrators.kubernetes.resources import Resource


class Nearby(Struct, frozen=True):
    """Lists of a namespace that describing a workload needs, already under way."""

    services: Future[list[Found[network_wire.Service]]]
    ingresses: Future[list[Found[network_wire.Ingress]]]
    autoscalers: Future[list[Found[wire.Autoscaler]]]
    events: Future[list[Found[wire.Event]]]

    @classmethod
    def start(cls, client: Client, namespace: str) -> Nearby:
        return cls(
            services=client.collect(api.SERVICES, namespace, decoration=True),
            ingresses=client.collect(api.INGRESSES, namespace, decoration=True),
            autoscalers=client.collect(api.AUTOSCALERS, namespace, decoration=True),
            events=client.collect(api.EVENTS, namespace, decoration=True),
        )


def workload(
    client: Client, controller: Found[wire.Controller], nearby: Nearby, environment: Environment
) -> Found[WorkloadDetail]:
    """The controller with its instances, reasons, autoscaler, revisions, events and endpoints."""
    item = controller.item
    namespace, selector = item.metadata.namespace, normalise.selector(item.spec.selector)
    listed_pods = client.collect(api.PODS, namespace, ListOptions(selector), decoration=True)
    listed_kept = history.list_kept(client, item)
    index = ways.EndpointIndex.build(
        client.optional(nearby.services), client.optional(nearby.ingresses)
    )
    names = [service.metadata.name for service in index.services(namespace, item.spec.template)]
    behind = {name: start(partial(backings, client, namespace, name)) for name in names}

    all_kept = client.optional(listed_kept)
    kept = normalise.owned_by(all_kept, item.metadata.uid)
    parents = {one.metadata.uid: one.metadata for one in all_kept}
    current = rollout.rollout(item).revision
    revisions = normalise.revisions(kept, item.metadata.name, current)
    found_pods = client.optional(listed_pods)
    owned = {
        pod.metadata.uid: pods.instance(pod, owner, environment)
        for pod in found_pods
        if (owner := pods.owner(pod, parents)) and owner.is_of(item.metadata)
    }
    instances = sorted(owned.values(), key=lambda one: one.name)
    about = frozenset({item.metadata.uid, *owned, *(one.metadata.uid for one in kept)})
    events = normalise.events(client.optional(nearby.events), about)
    plain = normalise.workload(
        item,
        environment,
        index.endpoints(namespace, item.spec.template, _health(client, behind)),
        was_available=was_available(found_pods, item.metadata.uid),
    )
    made = [one.created_at for one in revisions if one.created_at]
    fields = msgspec.structs.asdict(plain) | {"updated_at": max(made, default=plain.updated_at)}
    scaling = normalise.autoscalers_of(item, client.optional(nearby.autoscalers))
    dead = nodes.not_ready(client, instances)
    facts = reasons.Facts(
        item=item, instances=instances, events=events, nodes=dead, scaling=scaling
    )
    detail = WorkloadDetail(
        **fields,
        instances=instances,
        reasons=reasons.reasons(facts),
        autoscaling=normalise.autoscaling(scaling, plain.desired),
        revisions=revisions,
        events=events,
    )
    return Found(detail, controller.raw)


def _health(
    client: Client, behind: Mapping[str, Future[list[ways.Backing]]]
) -> dict[str, ways.Health]:
    known = {name: client.attempt(future) for name, future in behind.items()}
    return {name: ways.health(listed) for name, listed in known.items() if listed is not None}


def only_events(
    client: Client, controller: Found[wire.Controller], environment: Environment
) -> Found[WorkloadDetail]:
    """The controller with the events about it, its revisions and its pods, and nothing else.

    Raises:
        AccessError, Unavailable: the events cannot be listed.
    """
    item = controller.item
    namespace = item.metadata.namespace
    options = ListOptions(normalise.selector(item.spec.selector))
    listed = client.collect(api.EVENTS, namespace)
    listed_pods = client.collect(api.PODS.metadata, namespace, options)
    listed_kept = client.collect(history.kept_resource(item).metadata, namespace, options)
    kept = client.needed(listed_kept)
    parents = {one.metadata.uid: one.metadata for one in kept}
    about = {
        item.metadata.uid,
        *(one.metadata.uid for one in normalise.owned_by(kept, item.metadata.uid)),
    }
    for pod in client.needed(listed_pods):
        owner = pods.owner(pod, parents)
        if owner is not None and owner.is_of(item.metadata):
            about.add(pod.metadata.uid)
    events = normalise.events([one.item for one in client.wait(listed)], frozenset(about))
    plain = msgspec.structs.asdict(normalise.workload(item, environment, []))
    return Found(
        WorkloadDetail(
            **plain, instances=[], reasons=[], autoscaling=None, revisions=[], events=events
        ),
        controller.raw,
    )


def instance(
    client: Client, found: Found[wire.Pod], environment: Environment
) -> Found[InstanceDetail]:
    """The pod with its workload, its node's zone and its events."""
    pod = found.item
    namespace = pod.metadata.namespace
    about = ListOptions(fields=f"involvedObject.uid={pod.metadata.uid}")
    events = client.collect(api.EVENTS, namespace, about, decoration=True)
    reference = pods.controller(pod.metadata)
    name = reference.name if reference and reference.kind == "ReplicaSet" else None
    parent = start(partial(_metadata, client, api.REPLICASETS.metadata, namespace, name))
    node = start(partial(_metadata, client, api.NODES, None, pod.spec.node_name))
    replicaset, place = client.attempt(parent), client.attempt(node)
    owner = pods.owner(pod, {replicaset.uid: replicaset} if replicaset else {})
    plain = pods.instance(pod, owner, environment)
    labels = (place.labels if place else None) or {}
    detail = InstanceDetail(
        **(msgspec.structs.asdict(plain) | {"zone": plain.zone or labels.get(pods.ZONE)}),
        labels=pod.metadata.labels or {},
        events=normalise.events(client.optional(events), frozenset({pod.metadata.uid})),
    )
    return Found(detail, found.raw)


def backings(client: Client, namespace: str, service: str) -> list[ways.Backing]:
    """What is behind a Service, from EndpointSlices where there are any (1.21), else Endpoints."""
    options = ListOptions(f"kubernetes.io/service-name={service}")
    listed = client.collect(api.ENDPOINT_SLICES, namespace, options, decoration=True)
    try:
        return ways.from_slices(one.item for one in client.wait(listed))
    except NoSuchResource:
        found = client.get(api.ENDPOINTS, namespace, service)
    return ways.from_endpoints(found.item) if found else []


def _metadata(
    client: Client, resource: Resource[wire.Object], namespace: str | None, name: str | None
) -> wire.Meta | None:
    """An object's metadata; None without one, and unwarned for users who may not see it."""
    try:
        found = client.get(resource, namespace, name) if name else None
    except Forbidden:
        return None
    return found.item.metadata if found else None
