"""Why any workload of a namespace, or of all, is not well: one list a resource, side by side.

No workload costs a call of its own: rules look at what lists have.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import TypeVar

from msgspec import Struct

from dashborion.config.targets import Environment
from dashborion.models.query import Query
from dashborion.models.workload import Workload
from dashborion.orchestrators import findings
from dashborion.orchestrators.kubernetes import (
    facts,
    find,
    looking,
    native_wire,
    normalise,
    rollout,
    wire,
)
from dashborion.orchestrators.kubernetes import instances as pods
from dashborion.orchestrators.kubernetes import resources as api
from dashborion.orchestrators.kubernetes.availability import was_available
from dashborion.orchestrators.kubernetes.causes import RULES
from dashborion.orchestrators.kubernetes.facts import Facts
from dashborion.orchestrators.kubernetes.listing import ListOptions
from dashborion.orchestrators.kubernetes.looking import Reads
from dashborion.orchestrators.kubernetes.resources import Form
from dashborion.orchestrators.protocol import Examined

T = TypeVar("T")
K = TypeVar("K")
Kept = wire.ReplicaSet | wire.ControllerRevision

# A Job's pods, which no workload has, are most of those that have succeeded.
_NOT_DONE = ListOptions(fields="status.phase!=Succeeded")
_ROWS = api.CONTROLLER_REVISIONS.listed_as(native_wire.TableRow, Form.ROWS)
_NUMBER = 2  # the cell of a ControllerRevision's number, which its metadata does not have


class Around(Struct, frozen=True):
    """What is around all workloads, by the uid of what it is about; None where it is not known.

    Attributes:
        owned: pods, by the uid of their workload, or by its namespace and name where only these
            are known.
        kept: ReplicaSets and ControllerRevisions without their templates.
        others: as ``Facts.others``, by namespace.
    """

    owned: Mapping[str | tuple[str, str], Sequence[tuple[wire.Pod, pods.Owned]]]
    kept: Mapping[str, Sequence[Kept]]
    told: Mapping[str, Sequence[wire.Event]] | None
    others: Mapping[str, Mapping[tuple[str, str], Sequence[wire.Event]]]
    scaling: Mapping[str, Sequence[wire.Autoscaler]] | None


def workloads(
    reads: Reads, query: Query, environment: Environment, since: timedelta
) -> list[Examined[Workload]]:
    """All controllers of the kinds asked for, each with its causes; raises as ``Inventory``."""
    client, namespace = reads.client, find.namespace_of(reads.client, query)
    listed = [
        client.collect(resource, namespace, ListOptions(query.selector))
        for resource in find.controllers(query.types)
    ]
    gather = _start(reads, namespace)
    found, failures = client.gathered(listed)
    if failures and len(failures) == len(listed):
        raise failures[0]
    for failure in failures:
        client.runtime.incomplete(failure)
    if not found and not failures:
        find.require_namespace(client, namespace)
    around = gather()
    return [_examined(reads, one.item, around, environment, since) for one in found]


def _start(reads: Reads, namespace: str | None) -> Callable[[], Around]:
    """Begin with the lists; what is called gathers them."""
    collect = partial(reads.client.collect, namespace=namespace, decoration=True)
    listed_pods = collect(api.PODS, options=_NOT_DONE)
    listed_sets = collect(api.REPLICASETS.metadata)
    listed_rows = collect(_ROWS)
    listed_scaling = collect(api.AUTOSCALERS)
    listed_events = collect(api.EVENTS)

    def gather() -> Around:
        sets = reads.items("replicasets", listed_sets) or ()
        rows = reads.items("controllerrevisions", listed_rows) or ()
        kept: list[Kept] = [wire.ReplicaSet(metadata=one.metadata) for one in sets]
        kept += [_revision(row) for row in rows]
        known = reads.items("instances", listed_pods) or ()
        events = reads.items("events", listed_events)
        scaling = reads.items("autoscalers", listed_scaling)
        parents = {one.metadata.uid: one.metadata for one in sets}
        owned = [(pod, owner) for pod in known if (owner := pods.owner(pod, parents))]
        ordered = facts.ordered(events or ())
        return Around(
            owned=_grouped(owned, lambda one: one[1].uid or _named(one[0].metadata, one[1])),
            kept=_grouped(kept, _owner_of),
            told=None if events is None else facts.by_object(ordered),
            others=_others(ordered, {one.metadata.uid for one in (*known, *kept)}),
            scaling=None if scaling is None else _grouped(scaling, _namespace),
        )

    return gather


def _revision(row: native_wire.TableRow) -> wire.ControllerRevision:
    cell = row.cells[_NUMBER] if row.cells and len(row.cells) > _NUMBER else None
    number = cell if isinstance(cell, int) else 0
    return wire.ControllerRevision(metadata=row.metadata, revision=number)


def _named(pod: wire.Meta, owner: pods.Owned) -> tuple[str, str]:
    return (pod.namespace, owner.name.name)


def _owner_of(kept: Kept) -> str:
    owner = pods.controller(kept.metadata)
    return owner.uid if owner else ""


def _namespace(item: wire.Object) -> str:
    return item.metadata.namespace


def _others(
    events: Iterable[wire.Event], known: Container[str]
) -> dict[str, dict[tuple[str, str], list[wire.Event]]]:
    by_namespace = _grouped(events, _namespace)
    return {name: facts.others(told, known) for name, told in by_namespace.items()}


def _grouped(items: Iterable[T], key: Callable[[T], K]) -> dict[K, list[T]]:
    groups: defaultdict[K, list[T]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return groups


def _examined(
    reads: Reads,
    item: wire.Controller,
    around: Around,
    environment: Environment,
    since: timedelta,
) -> Examined[Workload]:
    """One controller, looked at by the rules whose facts lists have."""
    meta = item.metadata
    kept = around.kept.get(meta.uid, ())
    owned = [*around.owned.get(meta.uid, ())]
    if isinstance(item, wire.Deployment):
        owned += around.owned.get((meta.namespace, meta.name), ())
    newest = rollout.rollout(item).revision or _newest(kept, meta.name)
    told = around.told
    own = [meta.uid, *(one.metadata.uid for one in kept)]
    scaling = None if around.scaling is None else around.scaling.get(meta.namespace, ())
    gathered = Facts(
        now=reads.client.runtime.now(),
        item=item,
        pods=[
            facts.of_pod(
                pod,
                pods.instance(pod, owner, environment),
                (told or {}).get(pod.metadata.uid, ()),
                newest,
            )
            for pod, owner in owned
        ],
        events=None
        if told is None
        else facts.ordered(one for uid in own for one in told.get(uid, ())),
        scaling=None if scaling is None else normalise.autoscalers_of(item, scaling),
        makers=facts.makers(item, kept),
        others=None if told is None else around.others.get(meta.namespace, {}),
    )
    told_of = findings.found(RULES, gathered)
    was = was_available((pod for pod, _ in owned), meta.uid)
    now = gathered.now
    return findings.examined(
        normalise.workload(item, environment, [], was_available=was),
        told_of,
        reads,
        looking.last_lines_of(reads.client, gathered.pods),
        causes=findings.causes(told_of, now=now, since=since),
        instances=(one.instance for one in gathered.pods),
        now=now,
    )


def _newest(kept: Sequence[Kept], workload: str) -> str | None:
    """The status of a DaemonSet does not name it."""
    last = max(kept, key=normalise.revision_number, default=None)
    return normalise.revision_name(last, workload) or None if last else None
