"""Finding one service or task by what a user typed, and saying what there is instead."""

from __future__ import annotations

import re
from collections.abc import Iterable

from dashborion.errors import Ambiguous, NotFound
from dashborion.models.kinds import WorkloadType
from dashborion.models.query import Found, Name, Query
from dashborion.orchestrators.aws.errors import Refused
from dashborion.orchestrators.ecs import instances, normalise, wire
from dashborion.orchestrators.ecs.client import Client
from dashborion.orchestrators.ecs.normalise import ClusterScope

_WHOLE_ID = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")


def namespace_of(query: Query, name: Name | None = None) -> str | None:
    """The namespace that a name, or else a query, is about; None means all of them."""
    if name is not None and name.namespace:
        return name.namespace
    return None if query.all_namespaces else query.namespace


def workload(client: Client, name: Name, query: Query) -> Found[wire.Service]:
    """The service of that name.

    Raises:
        NotFound: with the names in the cluster.
    """
    namespace = namespace_of(query, name)
    if name.type in (None, WorkloadType.ECS_SERVICE) and _NAME.fullmatch(name.name):
        for found in client.services_by_name([name.name], raw=True):
            is_inside = namespace in (None, client.scope.namespace(found.item.tags))
            is_meant = is_inside and name.is_of(found.item.service_arn)
            if is_meant and found.item.status != "INACTIVE":
                return found
    if namespace is None:
        arns = client.arns("list_services", "serviceArns")
        known = list(map(wire.arn_name, arns))
        where = f"cluster '{client.cluster}'"
    else:
        services = [one.item for one in client.services()]
        require_namespace(client.scope, namespace, services)
        inside = [one for one in services if client.scope.namespace(one.tags) == namespace]
        known = [one.service_name for one in inside]
        where = f"namespace '{namespace}'"
    if not known:
        client.require_cluster()
    raise NotFound("workload", str(name), where=where, known=known)


def services(client: Client, query: Query) -> list[Found[wire.Service]]:
    """The services of the namespace and with the tags asked for.

    Raises:
        NotFound: no service at all is in that namespace.
    """
    listed = client.services(raw=query.raw)
    if not listed:
        client.require_cluster()
    namespace = namespace_of(query)
    require_namespace(client.scope, namespace, [one.item for one in listed])
    return [
        one
        for one in listed
        if namespace in (None, client.scope.namespace(one.item.tags))
        and normalise.selected(normalise.labels(one.item.tags), query.selector)
    ]


def require_namespace(
    scope: ClusterScope, namespace: str | None, services: Iterable[wire.Service]
) -> None:
    """Check that a namespace is the cluster's own, or one that the services' tags name.

    Raises:
        NotFound: with those that there are.
    """
    known = {scope.namespace(one.tags) for one in services}
    if namespace is not None and namespace not in known | {scope.cluster}:
        where = f"cluster '{scope.cluster}'"
        raise NotFound("namespace", namespace, where=where, known=known)


def instance(client: Client, name: Name, query: Query) -> Found[wire.Task]:
    """The task of that id or name, or the only one whose id or name begins with it.

    Running tasks come first: a stopped one is found only when no running one fits.

    Raises:
        NotFound: with the names of the tasks there are.
        Ambiguous: several begin with it.
    """
    namespace = namespace_of(query, name)
    known: list[str] = []
    for stopped in (False, True):
        listed = _within(client, _listed(client, name, stopped=stopped), namespace)
        known += [instances.name_of(one.item) for one in listed]
        exact = [
            one for one in listed
            if name.name in _names(one.item) and name.is_of(one.item.task_arn)
        ]  # fmt: skip
        matching = exact or [
            one for one in listed
            if not name.arn and any(text.startswith(name.name) for text in _names(one.item))
        ]  # fmt: skip
        if len(matching) > 1:
            shown = ", ".join(sorted(instances.name_of(one.item) for one in matching[:8]))
            raise Ambiguous(
                f"'{name.name}' begins the names of {len(matching)} instances: {shown}",
                hint="type more of the id or name",
            )
        if matching:
            return matching[0]
    if not known:
        client.require_cluster()
    if namespace is not None:
        require_namespace(client.scope, namespace, [one.item for one in client.services()])
    where = f"namespace '{namespace}'" if namespace else f"cluster '{client.cluster}'"
    raise NotFound("instance", name.arn or name.name, where=where, known=known)


def tasks_of(client: Client, service: wire.Service) -> list[wire.Task]:
    """A service's tasks, with those that stopped within the last hour."""
    return [one.item for one in client.all_tasks(service=service.service_name)]


def services_of(client: Client, task: wire.Task) -> dict[str, wire.Service]:
    """The service that a task belongs to, by its name; none for a task run by hand."""
    owner = instances.workload_of(task)
    return by_name(client.services_by_name([owner])) if owner else {}


def by_name(services: list[Found[wire.Service]]) -> dict[str, wire.Service]:
    return {one.item.service_name: one.item for one in services}


def _listed(client: Client, name: Name, *, stopped: bool) -> list[Found[wire.Task]]:
    """The tasks among which a name is looked up; a whole id needs no list."""
    if _WHOLE_ID.fullmatch(name.name):
        try:
            return client.tasks_by_id([name.name], raw=True)
        except Refused:
            return []
    return client.tasks(stopped=stopped, raw=True)


def _within(
    client: Client, tasks: list[Found[wire.Task]], namespace: str | None
) -> list[Found[wire.Task]]:
    """Those in a namespace, which their service's tags or their own name."""
    if namespace is None or not tasks:
        return tasks
    services = by_name(client.services())
    inside = client.scope.namespace
    return [one for one in tasks if inside(instances.tags(one.item, services)) == namespace]


def _names(item: wire.Task) -> tuple[str, str]:
    return instances.task_id(item), instances.name_of(item)
