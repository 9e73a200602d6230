"""Finding one service or task by what a user typed, and saying what there is instead."""

from __future__ import annotations

import re

from dashborion.errors import Ambiguous, NotFound
from dashborion.models import Found, Name, Query, WorkloadType
from dashborion.orchestrators.aws import Refused
from dashborion.orchestrators.ecs import normalise, tasks, wire
from dashborion.orchestrators.ecs.client import Client, last

_WHOLE_ID = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")


def service(
    client: Client, place: normalise.Place, name: Name, query: Query
) -> Found[wire.Service]:
    """The service of that name.

    Raises:
        NotFound: with the names in the cluster.
    """
    namespace = name.namespace or (None if query.all_namespaces else query.namespace)
    if name.type in (None, WorkloadType.ECS_SERVICE) and _NAME.fullmatch(name.name):
        for found in client.described([name.name], raw=True):
            there = namespace in (None, place.namespace(found.item.tags))
            if there and found.item.status != "INACTIVE":
                return found
    known = [last(arn) for arn in client.service_arns()]
    if not known:
        client.cluster_exists()
    where = f"namespace '{namespace}'" if namespace else f"cluster '{client.cluster}'"
    raise NotFound("workload", str(name), where=where, known=known)


def task(client: Client, name: Name) -> Found[wire.Task]:
    """The task of that id or name, or the only one whose id or name begins with it.

    Running tasks come first: a stopped one is found only when no running one fits.

    Raises:
        NotFound: with the names of the running tasks.
        Ambiguous: several begin with it.
    """
    if _WHOLE_ID.fullmatch(name.name):
        found = _described(client, name.name)
        if found:
            return found[0]
    known: list[str] = []
    for stopped in (False, True):
        listed = client.tasks(stopped=stopped, raw=True)
        known += [tasks.name_of(one.item) for one in listed]
        matching = [one for one in listed if name.name and _fits(one.item, name.name)]
        if len(matching) > 1:
            shown = ", ".join(sorted(tasks.name_of(one.item) for one in matching[:8]))
            raise Ambiguous(
                f"'{name.name}' begins the names of {len(matching)} instances: {shown}",
                hint="type more of the id or name",
            )
        if matching:
            return matching[0]
    if not known:
        client.cluster_exists()
    raise NotFound("instance", name.name, where=f"cluster '{client.cluster}'", known=known)


def _described(client: Client, id_: str) -> list[Found[wire.Task]]:
    try:
        return client.described_tasks([id_], raw=True)
    except Refused:
        return []


def _fits(item: wire.Task, text: str) -> bool:
    return tasks.task_id(item).startswith(text) or tasks.name_of(item).startswith(text)
