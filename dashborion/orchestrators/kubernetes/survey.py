"""What lists say of the workloads of a namespace, or of all: one list a resource, side by side.

No workload costs a call of its own: rules look at what lists have, and what nobody wants to know
is not listed. A pod that is well says nothing, so that only the others are looked at.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import TypeVar

import msgspec
from msgspec import Struct

from dashborion.config.targets import Environment
from dashborion.models.kinds import WorkloadType
from dashborion.models.query import Found, Query
from dashborion.models.workload import Endpoint, Workload, WorkloadStatus
from dashborion.orchestrators import findings
from dashborion.orchestrators.kubernetes import (
    facts,
    find,
    looking,
    native_wire,
    normalise,
    wire,
)
from dashborion.orchestrators.kubernetes import instances as pods
from dashborion.orchestrators.kubernetes import resources as api
from dashborion.orchestrators.kubernetes.availability import was_available
from dashborion.orchestrators.kubernetes.causes import RULES
from dashborion.orchestrators.kubernetes.client import Client
from dashborion.orchestrators.kubernetes.facts import Facts
from dashborion.orchestrators.kubernetes.listing import ListOptions
from dashborion.orchestrators.kubernetes.looking import Reads
from dashborion.orchestrators.kubernetes.normalise import Kept
from dashborion.orchestrators.kubernetes.resources import Form
from dashborion.orchestrators.protocol import Examined

T = TypeVar("T")
K = TypeVar("K")

# A Job's pods, which no workload has, are most of those that have succeeded.
_NOT_DONE = ListOptions(fields="status.phase!=Succeeded")
_ROWS = api.CONTROLLER_REVISIONS.listed_as(native_wire.TableRow, Form.ROWS)
_OF_SETS = (WorkloadType.DEPLOYMENT, WorkloadType.ROLLOUT)
_OF_REVISIONS = (WorkloadType.STATEFULSET, WorkloadType.DAEMONSET)
_NUMBER = 2  # the cell of a ControllerRevision's number, which its metadata does not have


class Surveyed(Struct, frozen=True):
    """What lists tell of all workloads, by the uid of what it is about; None where it is not known.

    Attributes:
        reads: what was asked for and what could not be had.
        owned: pods, by the uid of their workload, or by its namespace and name where only these
            are known.
        kept: ReplicaSets and ControllerRevisions without their templates.
        others: as ``Facts.others``, by namespace.
    """

    reads: Reads
    owned: Mapping[str | tuple[str, str], Sequence[tuple[wire.Pod, pods.Owned]]] | None
    kept: Mapping[str, Sequence[Kept]]
    told: Mapping[str, Sequence[wire.Event]] | None
    others: Mapping[str, Mapping[tuple[str, str], Sequence[wire.Event]]]
    scaling: Mapping[str, Sequence[wire.Autoscaler]] | None

    def of(self, item: wire.Controller) -> list[tuple[wire.Pod, pods.Owned]]:
        """A controller's pods, as far as they are known."""
        known, meta = self.owned or {}, item.metadata
        owned = [*known.get(meta.uid, ())]
        if isinstance(item, wire.Deployment):
            owned += known.get((meta.namespace, meta.name), ())
        return owned


def start(client: Client, namespace: str | None, query: Query) -> Callable[[], Surveyed]:
    """Begin with the lists that the query's parts and types need; what is called gathers them."""
    reads = Reads(client)
    collect = partial(client.collect, namespace=namespace, decoration=True)
    has_sets, has_rows = (
        bool(find.controllers(query.types, among)) for among in (_OF_SETS, _OF_REVISIONS)
    )
    listed_pods = collect(api.PODS, options=_NOT_DONE) if query.wants("causes") else None
    listed_sets = collect(api.REPLICASETS.metadata) if has_sets else None
    listed_rows = collect(_ROWS) if has_rows else None
    listed_scaling = collect(api.AUTOSCALERS) if query.wants("evidence") else None
    listed_events = collect(api.EVENTS) if query.wants("evidence") else None

    def gather() -> Surveyed:
        sets = (reads.items("replicasets", listed_sets) if listed_sets else None) or ()
        rows = (reads.items("controllerrevisions", listed_rows) if listed_rows else None) or ()
        kept: list[Kept] = [wire.ReplicaSet(metadata=one.metadata) for one in sets]
        kept += [_revision(row) for row in rows]
        known = reads.items("instances", listed_pods) if listed_pods else None
        events = reads.items("events", listed_events) if listed_events else None
        scaling = reads.items("autoscalers", listed_scaling) if listed_scaling else None
        parents = {one.metadata.uid: one.metadata for one in sets}
        owned = [(pod, owner) for pod in known or () if (owner := pods.owner(pod, parents))]
        ordered = facts.ordered(events or ())
        return Surveyed(
            reads=reads,
            owned=None if known is None else _grouped(owned, _owner_or_its_name),
            kept=_grouped(kept, _owner_of),
            told=None if events is None else facts.by_object(ordered),
            others=_others(ordered, {one.metadata.uid for one in (*(known or ()), *kept)}),
            scaling=None if scaling is None else _grouped(scaling, _namespace),
        )

    return gather


def _revision(row: native_wire.TableRow) -> wire.ControllerRevision:
    cell = row.cells[_NUMBER] if row.cells and len(row.cells) > _NUMBER else None
    number = cell if isinstance(cell, int) else 0
    return wire.ControllerRevision(metadata=row.metadata, revision=number)


def _owner_or_its_name(pair: tuple[wire.Pod, pods.Owned]) -> str | tuple[str, str]:
    pod, owner = pair
    return owner.uid or (pod.metadata.namespace, owner.name.name)


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


def examined(
    surveyed: Surveyed,
    found: Found[wire.Controller],
    endpoints: list[Endpoint],
    *,
    environment: Environment,
    since: timedelta,
) -> Examined[Workload]:
    """One controller, looked at by the rules whose facts lists have."""
    item, reads = found.item, surveyed.reads
    meta = item.metadata
    kept = surveyed.kept.get(meta.uid, ())
    owned = surveyed.of(item)
    plain = normalise.workload(
        item,
        environment,
        endpoints,
        was_available=was_available((pod for pod, _ in owned), meta.uid),
        kept=kept,
        restarts=None if surveyed.owned is None else _restarts(owned),
    )
    told = surveyed.told
    if told is None and plain.status is not WorkloadStatus.DEGRADED:
        owned = [pair for pair in owned if not pods.is_well(pair[0])]
    own = [meta.uid, *(one.metadata.uid for one in kept)]
    scaling = None if surveyed.scaling is None else surveyed.scaling.get(meta.namespace, ())
    own_scaling = normalise.autoscalers_of(item, scaling or ())
    if reason := normalise.reason_at_zero(plain.desired, own_scaling):
        plain = msgspec.structs.replace(plain, reason=reason)
    gathered = Facts(
        now=reads.client.runtime.now(),
        item=item,
        pods=[
            facts.of_pod(
                pod,
                pods.instance(pod, owner, environment),
                (told or {}).get(pod.metadata.uid, ()),
                plain.rollout.revision,
            )
            for pod, owner in owned
        ],
        events=None
        if told is None
        else facts.ordered(one for uid in own for one in told.get(uid, ())),
        scaling=None if scaling is None else own_scaling,
        makers=facts.makers(item, kept),
        others=None if told is None else surveyed.others.get(meta.namespace, {}),
    )
    findings_of_it = findings.found(RULES, gathered)
    judged = findings.examined(
        plain,
        findings_of_it,
        reads,
        looking.last_lines_of(reads.client, gathered.pods),
        causes=findings.causes(findings_of_it, now=gathered.now, since=since),
        instances=(one.instance for one in gathered.pods),
        now=gathered.now,
    )
    return msgspec.structs.replace(judged, raw=found.raw)


def _restarts(owned: Iterable[tuple[wire.Pod, pods.Owned]]) -> int:
    return sum(pods.restarts(pod) for pod, _ in owned if not pods.is_finished(pod))
