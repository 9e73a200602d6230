"""What may be wrong with a workload or a pod: which facts are read, and what the rules find.

Rules look at what ``describe`` reads anyway. What they find may ask for one more read, in
``_MORE``; then they look again. A workload that is well asks for nothing more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeVar

from msgspec import Struct

from dashborion.concurrency import start
from dashborion.errors import AccessError, DashborionError, Forbidden, Unavailable
from dashborion.models.cause import Code, NotChecked
from dashborion.models.query import Found
from dashborion.orchestrators import findings
from dashborion.orchestrators.findings import Finding, Gather
from dashborion.orchestrators.kubernetes import endpoints, nearby_wire, wire
from dashborion.orchestrators.kubernetes import resources as api
from dashborion.orchestrators.kubernetes.causes import RULES, network
from dashborion.orchestrators.kubernetes.client import Client
from dashborion.orchestrators.kubernetes.errors import NoSuchResource
from dashborion.orchestrators.kubernetes.facts import Facts, PodFacts
from dashborion.orchestrators.kubernetes.instances import has_run, is_cut_off
from dashborion.orchestrators.kubernetes.listing import ListOptions
from dashborion.orchestrators.protocol import LastLines

T = TypeVar("T")

# What the API calls what rules look at, for the permission that is missing.
_PLURALS = {"instances": "pods", "autoscalers": "horizontalpodautoscalers"}


class Reads(Struct, frozen=True):
    """What was read and what could not be, and why; ``warn`` is told of the latter, too."""

    client: Client
    warn: Callable[[DashborionError], None] = lambda _: None
    checked: list[str] = []
    not_checked: list[NotChecked] = []

    def items(
        self, what: str, future: Future[list[Found[T]]], plural: str | None = None
    ) -> list[T] | None:
        """The objects of a list; None if it cannot be had, none if it is not served."""
        listed = self.part(what, future, plural=plural)
        return None if listed is None else [found.item for found in listed]

    def part(
        self, what: str, future: Future[list[T]], verb: str = "list", plural: str | None = None
    ) -> list[T] | None:
        """What a call answers; None if that cannot be had, none if it is not served.

        ``plural`` is what the API calls it, where that is not ``what``.
        """
        listed: list[T] = []
        try:
            listed = self.client.in_time(future)
        except NoSuchResource:
            pass
        except (AccessError, Unavailable) as error:
            self.warn(error)
            needed = f"{verb} {plural or _PLURALS.get(what, what)}"
            permission = needed if isinstance(error, Forbidden) else None
            self.not_checked.append(
                NotChecked(what=what, permission=permission, reason=error.message)
            )
            return None
        self.checked.append(what)
        return listed


def found(reads: Reads, facts: Facts, *, only_nodes: bool = False) -> list[Finding]:
    """What all rules find in the facts, and in what they then ask for, or in the nodes alone."""
    told = findings.found(RULES, facts)
    asked = dict.fromkeys(read for one in told for read in _MORE.get(one.code, ()))
    chosen = [read for read in asked if read is _nodes or not only_nodes]
    if chosen:
        under_way = [read(reads, facts) for read in chosen]
        told = findings.found(RULES, findings.completed(facts, under_way, is_final=True))
    return told


# --- What a finding asks for: each starts its calls, and gathers them when all have begun --------

MOST_NODES = 3


def _namespace(facts: Facts) -> str:
    known = [facts.item.metadata] if facts.item else [one.pod.metadata for one in facts.pods]
    return next(one.namespace for one in known)


def _nodes(reads: Reads, facts: Facts) -> Gather:
    """The nodes of pods that are not ready, or that end; of many, some stand for all."""
    names = dict.fromkeys(
        pod.pod.spec.node_name
        for pod in facts.pods
        if not pod.instance.ready or pod.pod.metadata.deletion_timestamp
    )
    asked = list(filter(None, names))[:MOST_NODES]
    getting = start(partial(_get_nodes, reads.client, asked))
    return lambda: {"nodes": dict(reads.part("nodes", getting, verb="get") or ())}


def _get_nodes(client: Client, names: Iterable[str]) -> list[tuple[str, wire.Node | None]]:
    getting = {name: start(partial(client.get, api.NODE_STATUS, None, name)) for name in names}
    found = {name: client.wait(future) for name, future in getting.items()}
    return [(name, node.item if node else None) for name, node in found.items()]


def _claims(reads: Reads, facts: Facts) -> Gather:
    listing = reads.client.collect(api.CLAIMS, _namespace(facts), decoration=True)

    def gather() -> Mapping[str, Any]:
        known = reads.items(api.CLAIMS.plural, listing)
        by_name = {one.metadata.name: one for one in known or ()}
        return {"claims": None if known is None else by_name}

    return gather


def _budgets(reads: Reads, facts: Facts) -> Gather:
    listing = start(partial(_list_budgets, reads.client, _namespace(facts)))
    return lambda: {"budgets": reads.items(api.BUDGETS.plural, listing)}


def _list_budgets(client: Client, namespace: str) -> list[Found[nearby_wire.Budget]]:
    try:
        return client.wait(client.collect(api.BUDGETS, namespace, decoration=True))
    except NoSuchResource:
        return client.wait(client.collect(api.OLD_BUDGETS, namespace, decoration=True))


def _policies(reads: Reads, facts: Facts) -> Gather:
    listing = reads.client.collect(api.NETWORK_POLICIES, _namespace(facts), decoration=True)
    return lambda: {"policies": reads.items(api.NETWORK_POLICIES.plural, listing)}


def _classes(reads: Reads, _facts: Facts) -> Gather:
    listing = reads.client.collect(api.INGRESS_CLASSES.metadata, None, decoration=True)

    def gather() -> Mapping[str, Any]:
        known = reads.items(api.INGRESS_CLASSES.plural, listing)
        return {"classes": None if known is None else frozenset(x.metadata.name for x in known)}

    return gather


def _near_misses(reads: Reads, facts: Facts) -> Gather:
    """What is behind the Services that do not select the workload, and should perhaps."""
    names = [one.metadata.name for one in network.near_misses(facts)]
    client, namespace = reads.client, _namespace(facts)
    getting = {name: start(partial(backings, client, namespace, name)) for name in names}

    def gather() -> Mapping[str, Any]:
        told = {
            name: reads.part(f"endpoints of {name}", one, plural=SLICES)
            for name, one in getting.items()
        }
        known = {name: behind for name, behind in told.items() if behind is not None}
        return {"backings": {**(facts.backings or {}), **known}}

    return gather


_MORE: Mapping[Code, Sequence[Callable[[Reads, Facts], Gather]]] = {
    Code.NODE_NOT_READY: (_nodes, _budgets),
    Code.NOT_STARTED: (_nodes,),
    Code.STUCK_TERMINATING: (_nodes,),
    Code.DRAINED: (_nodes, _budgets),
    Code.UNSCHEDULABLE_CORDONED: (_budgets,),
    Code.ENDPOINTS_NONE: (_budgets,),
    Code.VOLUME_UNBOUND: (_claims,),
    Code.UNSCHEDULABLE_VOLUME: (_claims,),
    Code.READINESS_TIMEOUT: (_policies,),
    Code.READINESS_GATE: (_policies,),
    Code.PORT_MISMATCH: (_policies,),
    Code.LOAD_BALANCER: (_classes,),
    Code.SELECTOR_NOTHING: (_near_misses,),
}


SLICES = api.ENDPOINT_SLICES.plural


def backings(client: Client, namespace: str, service: str) -> list[endpoints.Backing]:
    """What is behind a Service, from EndpointSlices where there are any (1.21), else Endpoints."""
    options = ListOptions(f"kubernetes.io/service-name={service}")
    listed = client.collect(api.ENDPOINT_SLICES, namespace, options, decoration=True)
    try:
        return endpoints.from_slices(one.item for one in client.wait(listed))
    except NoSuchResource:
        found = client.get(api.ENDPOINTS, namespace, service)
    return endpoints.from_endpoints(found.item) if found else []


_DROPPED = (
    "unable to retrieve container logs for "  # the kubelet's, with 200, of a log that is gone
)


def last_lines_of(client: Client, pods: Iterable[PodFacts]) -> LastLines:
    """The last lines of these pods' containers, as ``last_lines``."""
    known = {one.name: one.pod for one in pods}
    return lambda name, *more: last_lines(client, known[name], *more) if name in known else []


def last_lines(client: Client, pod: wire.Pod, container: str | None, lines: int) -> list[str]:
    """The last lines of a container's newest run that is over, or else of the one that runs.

    Nothing of a pod whose kubelet, which has the log, is not heard of, or that never ran.

    Raises:
        AccessError, Unavailable: the log cannot be read.
    """
    if is_cut_off(pod) or not has_run(pod):
        return []
    known = (*(pod.status.init_container_statuses or ()), *(pod.status.container_statuses or ()))
    status = next((one for one in known if one.name == container), None)
    is_previous = bool(status and status.last_state.terminated and not status.state.terminated)
    params = {"tailLines": str(lines), "container": container}
    path = f"{api.PODS.path(pod.metadata.namespace, pod.metadata.name)}/log"
    text = client.text(path, params | {"previous": "true" if is_previous else None})
    return [] if not text or text.startswith(_DROPPED) else text.splitlines()
