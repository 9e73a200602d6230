"""Keeps the names that lists saw, each environment's in a file of its own.

The file's name is made of what the environment points at and as whom, so that
nobody is offered another cluster's or account's names.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from dashborion.config.kubeconfig import (
    Kubeconfig,
    in_cluster_namespace,
    kubeconfig_paths,
    read_kubeconfig,
)
from dashborion.config.targets import (
    EcsTarget,
    EksTarget,
    Environment,
    InClusterTarget,
    KubernetesTarget,
)
from dashborion.errors import DashborionError
from dashborion.models.instance import Instance, InstanceDetail
from dashborion.models.kinds import KIND_OF
from dashborion.models.query import Found, Query
from dashborion.models.workload import Workload, WorkloadDetail
from dashborion.storage import names

REVISIONS = "revisions"


class Recorder:
    """Takes what one environment answered to one query, in parts; ``close`` keeps the names."""

    def __init__(self, place: names.Place, query: Query) -> None:
        self._place = place
        self._query = query
        self._rows: dict[str, list[tuple[Any, ...]]] = {}

    def add(self, items: Iterable[Found[Any]]) -> None:
        """Take these too, as far as they are workloads or instances."""
        for found in items:
            item = found.item
            if isinstance(item, Workload):
                self._take("workloads", (item.namespace, KIND_OF[item.type], item.name))
            if isinstance(item, WorkloadDetail):
                for one in item.instances:
                    self._take("instances", _instance(one))
                for revision in item.revisions:
                    self._take(REVISIONS, (f"{item.namespace}/{item.name}", revision.revision))
            elif isinstance(item, Instance):
                self._take("instances", _instance(item))

    def _take(self, kind: str, row: tuple[Any, ...]) -> None:
        rows = self._rows.setdefault(kind, [])
        if len(rows) < names.MOST_ROWS:
            rows.append(row)

    def close(self, kind: str | None = None) -> None:
        """Keep what was taken; ``kind`` is what was listed, None for one object."""
        query = self._query
        scope = None if query.all_namespaces else query.namespace or self._place.namespace
        unrestricted = not (query.selector or query.types or query.workload)
        for one in {*self._rows, *([kind] if kind else ())}:
            rows = self._rows.get(one, [])
            # Of one workload the revisions are all there are, and their own scope.
            under = rows[0][0] if one == REVISIONS else scope or names.EVERYWHERE
            whole = one == REVISIONS or (one == kind and unrestricted)
            names.keep(self._place.file, one, under, rows, whole=whole, now=time.time())


def recorder(environment: Environment, query: Query, environ: Mapping[str, str]) -> Recorder:
    """What keeps the names of an answer."""
    return Recorder(place(environment, environ, askable=True), query)


def place(environment: Environment, environ: Mapping[str, str], *, askable: bool) -> names.Place:
    """Where an environment's names lie, and which of them a command is about by itself."""
    target = environment.target
    known = Kubeconfig()
    if isinstance(target, KubernetesTarget):
        with suppress(DashborionError):
            known = read_kubeconfig(kubeconfig_paths(environ, target.kubeconfig))
    digest = hashlib.sha256(repr(_identity(environment, known, environ)).encode()).hexdigest()
    file = f"names-{digest[:24]}.json"
    return names.Place(environment.label, file, _namespace(environment, known), askable)


def _identity(
    environment: Environment, known: Kubeconfig, environ: Mapping[str, str]
) -> tuple[Any, ...]:
    """The endpoint, and as whom: as far as it can be told without asking anybody."""
    target = environment.target
    if isinstance(target, KubernetesTarget):
        context = target.context
        user = known.users.get(context)
        return ("kubernetes", known.server(known.clusters.get(context) or ""), context, user)
    if isinstance(target, EcsTarget | EksTarget):
        return (
            target.__struct_config__.tag,
            target.endpoint_url or environ.get("AWS_ENDPOINT_URL"),
            target.region or environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION"),
            target.profile or environ.get("AWS_PROFILE") or environ.get("AWS_ACCESS_KEY_ID"),
            target.role_arn,
            target.cluster,
        )
    return ("in-cluster", environ.get("KUBERNETES_SERVICE_HOST"))


def _namespace(environment: Environment, known: Kubeconfig) -> str | None:
    target = environment.target
    if isinstance(target, EcsTarget):
        return None  # a cluster's services are one list
    named = target.namespace if isinstance(target, KubernetesTarget | EksTarget) else None
    if isinstance(target, InClusterTarget):
        named = target.namespace or in_cluster_namespace()
    if isinstance(target, KubernetesTarget) and not named:
        named = known.namespaces.get(target.context)
    return named or "default"


def _instance(item: Instance | InstanceDetail) -> tuple[Any, ...]:
    lasting = [one.name for one in item.containers if not one.init]
    return (item.namespace, item.id, item.name, item.workload, lasting)
