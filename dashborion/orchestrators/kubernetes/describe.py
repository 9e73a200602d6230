"""One object and everything around it, in two rounds of calls side by side.

Round one needs only the namespace: Services, Ingresses, autoscalers, events.
Round two needs the object: its pods, revisions and the health of its Services.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import timedelta
from functools import partial
from typing import Any

import msgspec
from msgspec import Struct

from dashborion.concurrency import start
from dashborion.config.targets import Environment
from dashborion.errors import Forbidden
from dashborion.models.event import placed
from dashborion.models.instance import Instance, InstanceDetail
from dashborion.models.query import SINCE, Found, Name, Query
from dashborion.models.workload import Workload, WorkloadDetail
from dashborion.orchestrators import findings
from dashborion.orchestrators.kubernetes import endpoints as ways
from dashborion.orchestrators.kubernetes import (
    facts,
    find,
    gateways,
    history,
    looking,
    managed,
    network_wire,
    normalise,
    rollout,
    turnover,
    wire,
)
from dashborion.orchestrators.kubernetes import instances as pods
from dashborion.orchestrators.kubernetes import resources as api
from dashborion.orchestrators.kubernetes.availability import was_available
from dashborion.orchestrators.kubernetes.client import Client
from dashborion.orchestrators.kubernetes.limits import limits
from dashborion.orchestrators.kubernetes.listing import ListOptions
from dashborion.orchestrators.kubernetes.looking import Reads
from dashborion.orchestrators.kubernetes.resources import Resource
from dashborion.orchestrators.protocol import Examined


class Nearby(Struct, frozen=True):
    """Lists of a namespace that describing a workload needs, already under way."""

    services: Future[list[Found[network_wire.Service]]]
    ingresses: Future[list[Found[network_wire.Ingress]]]
    ways: Callable[[], list[ways.ServiceWay]]
    autoscalers: Future[list[Found[wire.Autoscaler]]]
    events: Future[list[Found[wire.Event]]]

    @classmethod
    def start(cls, client: Client, namespace: str, *, with_routes: bool = False) -> Nearby:
        return cls(
            services=client.collect(api.SERVICES, namespace, decoration=True),
            ingresses=client.collect(api.INGRESSES, namespace, decoration=True),
            ways=gateways.begin(client, namespace) if with_routes else list,
            autoscalers=client.collect(api.AUTOSCALERS, namespace, decoration=True),
            events=client.collect(api.EVENTS, namespace, decoration=True),
        )


def begin(
    client: Client, name: Name, query: Query, *, with_routes: bool = False
) -> tuple[Found[wire.Controller], Nearby]:
    """Find one controller, and start to list what is near it: at once if the namespace is known.

    The Gateway API's routes are among it where endpoints are shown: no cause needs them.
    """
    namespace = find.namespace_of(client, query, name)
    if namespace is not None:
        nearby = Nearby.start(client, namespace, with_routes=with_routes)
        return find.workload(client, name, namespace), nearby
    found = find.workload(client, name, None)
    return found, Nearby.start(client, found.item.metadata.namespace, with_routes=with_routes)


def workload(
    client: Client, controller: Found[wire.Controller], nearby: Nearby, environment: Environment
) -> Examined[WorkloadDetail]:
    """The controller with its instances, causes, autoscaler, revisions, events and endpoints."""
    reads = Reads(client, client.runtime.warn)
    examined = examine(reads, controller.item, nearby, environment, SINCE)
    runtime = client.runtime
    log = findings.last_line(examined.failed, examined.last_lines, runtime.deadline, runtime.warn)
    detail = msgspec.structs.replace(examined.item, log=log)
    return msgspec.structs.replace(examined, item=detail, raw=controller.raw)


class NamespaceLists(Struct, frozen=True, kw_only=True):
    """What was read of a controller's namespace; a list that could not be had is None."""

    index: ways.EndpointIndex
    services: list[network_wire.Service] | None
    ingresses: list[network_wire.Ingress] | None
    backings: dict[str, list[ways.Backing]]
    kept: list[Any] | None
    pods: list[wire.Pod] | None
    events: list[wire.Event] | None
    scaling: list[wire.Autoscaler] | None


def _read(reads: Reads, item: wire.Controller, nearby: Nearby) -> NamespaceLists:
    """Both rounds: what is under way, and what the object itself asks for."""
    client = reads.client
    namespace, selector = item.metadata.namespace, normalise.selector(item.spec.selector)
    listed_pods = client.collect(api.PODS, namespace, ListOptions(selector), decoration=True)
    listed_kept = history.list_kept(client, item)
    services = reads.items("services", nearby.services)
    ingresses = reads.items("ingresses", nearby.ingresses)
    index = ways.EndpointIndex.build(services or (), ingresses or (), nearby.ways())
    names = [service.metadata.name for service in index.services(namespace, item.spec.template)]
    behind = {name: start(partial(looking.backings, client, namespace, name)) for name in names}
    kept = reads.items("revisions", listed_kept, history.kept_resource(item).plural)
    found_pods = reads.items("instances", listed_pods)
    events = reads.items("events", nearby.events)
    known = {
        name: reads.part(f"endpoints of {name}", future, plural=looking.SLICES)
        for name, future in behind.items()
    }
    return NamespaceLists(
        index=index,
        services=services,
        ingresses=ingresses,
        backings={name: listed for name, listed in known.items() if listed is not None},
        kept=kept,
        pods=found_pods,
        events=None if events is None else facts.ordered(events),
        scaling=reads.items("autoscalers", nearby.autoscalers),
    )


def _pods_of(
    item: wire.Controller, lists: NamespaceLists, environment: Environment
) -> list[tuple[wire.Pod, Instance]]:
    """The pods that the controller owns, by itself or by what it has made, by name."""
    parents = {one.metadata.uid: one.metadata for one in lists.kept or ()}
    owned = [
        (pod, pods.instance(pod, owner, environment))
        for pod in lists.pods or ()
        if (owner := pods.owner(pod, parents)) and owner.is_of(item.metadata)
    ]
    return sorted(owned, key=lambda pair: pair[1].name)


def examine(
    reads: Reads,
    item: wire.Controller,
    nearby: Nearby,
    environment: Environment,
    since: timedelta,
) -> Examined[WorkloadDetail]:
    """The controller and everything around it, looked at by all rules."""
    lists = _read(reads, item, nearby)
    kept = normalise.owned_by(lists.kept or (), item.metadata.uid)
    revisions = normalise.revisions(kept, item.metadata.name, rollout.rollout(item).revision)
    owned = _pods_of(item, lists, environment)
    scaling = normalise.autoscalers_of(item, lists.scaling or ())
    events = lists.events
    own = {item.metadata.uid, *(one.metadata.uid for one in kept)}
    about = frozenset({*own, *(pod.metadata.uid for pod, _ in owned)})
    newest = next((one.revision for one in reversed(revisions) if one.current), None)
    by_uid = facts.by_object(events or ())
    gathered = facts.Facts(
        now=reads.client.runtime.now(),
        item=item,
        pods=[
            facts.of_pod(pod, one, by_uid.get(pod.metadata.uid, ()), newest) for pod, one in owned
        ],
        events=None if events is None else [e for e in events if e.involved_object.uid in own],
        revisions=None if lists.kept is None else kept,
        scaling=None if lists.scaling is None else scaling,
        services=lists.services,
        ingresses=lists.ingresses,
        backings=lists.backings,
        makers=facts.makers(item, kept),
        others=None if events is None else facts.others(events, about),
    )
    told, now = looking.found(reads, gathered), gathered.now
    causes = findings.causes(told, now=now, since=since)
    causes = findings.after_changes(causes, turnover.changes(item, kept))
    instances = [one for _, one in owned]
    going = [one.restarts for pod, one in owned if not pods.is_finished(pod)]
    restarts = None if lists.pods is None else sum(going)
    keeper = managed.keeper(item, scaling)
    plain = _plain(item, lists, environment, kept, restarts)
    detail = WorkloadDetail(
        **msgspec.structs.asdict(plain)
        | {"reason": normalise.reason_at_zero(plain.desired, scaling)},
        instances=instances,
        causes=causes,
        reasons=findings.reasons(causes),
        autoscaling=normalise.autoscaling(scaling, plain.desired),
        revisions=revisions,
        limits=limits(item.spec.template.spec),
        events=placed(normalise.events(events or (), about), plain, plain.name),
        managed_by=keeper.managed_by if keeper else None,
    )
    last_lines = looking.last_lines_of(reads.client, gathered.pods)
    return findings.examined(
        detail, told, reads, last_lines, causes=causes, instances=instances, now=now
    )


def _plain(
    item: wire.Controller,
    lists: NamespaceLists,
    environment: Environment,
    kept: Sequence[normalise.Kept],
    restarts: int | None,
) -> Workload:
    """The controller as lists show it, and how well its ways in are."""
    health = {name: ways.health(listed) for name, listed in lists.backings.items()}
    return normalise.workload(
        item,
        environment,
        lists.index.endpoints(item.metadata.namespace, item.spec.template, health),
        was_available=was_available(lists.pods or (), item.metadata.uid),
        kept=kept,
        restarts=restarts,
    )


def only_events(
    client: Client, controller: Found[wire.Controller], environment: Environment
) -> Examined[WorkloadDetail]:
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
    plain = normalise.workload(item, environment, [])
    detail = WorkloadDetail(
        **msgspec.structs.asdict(plain),
        instances=[],
        causes=[],
        reasons=[],
        autoscaling=None,
        revisions=[],
        events=placed(events, plain, plain.name),
    )
    return Examined(item=detail, raw=controller.raw)


def instance(
    client: Client, found: Found[wire.Pod], environment: Environment, *, logs: bool
) -> Found[InstanceDetail]:
    """The pod with its workload, its node's zone, its events and, with ``logs``, its last line."""
    pod = found.item
    namespace = pod.metadata.namespace
    about = ListOptions(fields=f"involvedObject.uid={pod.metadata.uid}")
    events = client.collect(api.EVENTS, namespace, about, decoration=True)
    parent = replicaset_of(client, pod)
    node = start(partial(_metadata, client, api.NODES, None, pod.spec.node_name))
    replicaset, place = client.attempt(parent), client.attempt(node)
    plain = pods.instance(pod, owner_of(pod, replicaset), environment)
    labels = (place.labels if place else None) or {}
    told = normalise.events(client.optional(events), frozenset({pod.metadata.uid}))
    ended = [
        (plain.name, one.name)
        for one in (plain.containers if logs else ())
        if one.exit_code or (one.last_termination and one.last_termination.exit_code)
    ]
    last_lines = looking.last_lines_of(client, [facts.PodFacts(pod=pod, instance=plain)])
    detail = InstanceDetail(
        **(msgspec.structs.asdict(plain) | {"zone": plain.zone or labels.get(pods.ZONE)}),
        labels=pod.metadata.labels or {},
        limits=limits(pod.spec),
        events=placed(told, plain, plain.workload),
        log=findings.last_line(ended, last_lines, client.runtime.deadline, client.runtime.warn),
    )
    return Found(detail, found.raw)


def replicaset_of(client: Client, pod: wire.Pod) -> Future[wire.Meta | None]:
    """The metadata of the ReplicaSet that a pod is of, if it is of one."""
    reference = pods.controller(pod.metadata)
    name = reference.name if reference and reference.kind == "ReplicaSet" else None
    namespace = pod.metadata.namespace
    return start(partial(_metadata, client, api.REPLICASETS.metadata, namespace, name))


def owner_of(pod: wire.Pod, replicaset: wire.Meta | None) -> pods.Owned | None:
    """As ``instances.owner``, of one pod."""
    return pods.owner(pod, {replicaset.uid: replicaset} if replicaset else {})


def _metadata(
    client: Client, resource: Resource[wire.Object], namespace: str | None, name: str | None
) -> wire.Meta | None:
    """An object's metadata; None without one, and unwarned for users who may not see it."""
    try:
        found = client.get(resource, namespace, name) if name else None
    except Forbidden:
        return None
    return found.item.metadata if found else None
