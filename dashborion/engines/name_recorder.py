"""Keeps the names that lists have seen for completion, each environment's in its own file.

The file's name is made of the endpoint and the user, so that completion never
offers the names of another cluster or account.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Mapping
from typing import Any

from dashborion.config.targets import Environment
from dashborion.models.instance import Instance, InstanceDetail
from dashborion.models.kinds import KIND_OF
from dashborion.models.query import Found, Query
from dashborion.models.workload import Workload, WorkloadDetail
from dashborion.storage import completion_names as names

INSTANCES, WORKLOADS = "instances", "workloads"
OF_WORKLOADS = (REVISIONS, HOOKS) = ("revisions", "hooks")
"""What a workload has of its own, with a scope for each workload."""


class NameRecorder:
    """Takes the answer of one environment to one query, in parts; ``close`` saves the names."""

    def __init__(self, source: names.NameSource, query: Query) -> None:
        self._source = source
        self._query = query
        namespace = None if query.all_namespaces else query.namespace or source.namespace
        self._scope = namespace or names.ALL_NAMESPACES
        self._rows: dict[str, list[tuple[Any, ...]]] = {}

    def add(self, items: Iterable[Found[Any]], kind: str | None = None) -> None:
        """Take the names of workloads and instances, and those of another ``kind``.

        What has no namespace counts as being in the one that was meant.
        """
        for found in items:
            item = found.item
            if isinstance(item, Workload):
                self._take(WORKLOADS, (item.namespace, KIND_OF[item.type], item.name))
            if isinstance(item, WorkloadDetail):
                for instance in item.instances:
                    self._take(INSTANCES, _instance_row(instance))
                for revision in item.revisions:
                    self._take(REVISIONS, (f"{item.namespace}/{item.name}", revision.revision))
                held = item.rollout.waiting_for  # or none: that is known, too
                self._take(HOOKS, (f"{item.namespace}/{item.name}", held.hook if held else None))
            elif isinstance(item, Instance):
                self._take(INSTANCES, _instance_row(item))
            elif kind not in (None, INSTANCES, WORKLOADS):
                self._take(kind, (getattr(item, "namespace", self._scope), None, item.name))

    def _take(self, kind: str, row: tuple[Any, ...]) -> None:
        rows = self._rows.setdefault(kind, [])
        if len(rows) < names.MOST_ROWS:
            rows.append(row)

    def close(self, kind: str | None = None) -> None:
        """Save what was taken; ``kind`` is what was listed, None for one object."""
        query = self._query
        restricted_by = (query.selector, query.types, query.workload, query.within, query.limit)
        for taken in {*self._rows, *([kind] if kind else ())}:
            rows = self._rows.get(taken, [])
            is_of_one = taken in OF_WORKLOADS  # always complete
            names.save_rows(
                self._source.file,
                taken,
                rows[0][0] if is_of_one else self._scope,
                rows,
                complete=is_of_one or (taken == kind and not any(restricted_by)),
                now=time.time(),
            )


def recorder(environment: Environment, query: Query, environ: Mapping[str, str]) -> NameRecorder:
    """The recorder for the answer of an environment to a query."""
    return NameRecorder(name_source(environment, environ, may_fetch=True), query)


def name_source(
    environment: Environment, environ: Mapping[str, str], *, may_fetch: bool
) -> names.NameSource:
    """The file of an environment's names, and the namespace that its commands use by default."""
    identity = repr(environment.target.identity(environ))
    digest = hashlib.sha256(identity.encode(errors="surrogateescape")).hexdigest()
    file = f"names-{digest[:24]}.json"
    namespace = environment.target.default_namespace(environ)
    return names.NameSource(environment.label, file, namespace, may_fetch)


def _instance_row(item: Instance | InstanceDetail) -> tuple[Any, ...]:
    containers = [container.name for container in item.containers if not container.init]
    return (item.namespace, item.id, item.name, item.workload, containers, str(item.status))
