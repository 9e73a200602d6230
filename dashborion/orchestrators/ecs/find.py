"""Finding one service or task by what a user typed, and saying what there is instead."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from dashborion.errors import Ambiguous, NotFound
from dashborion.models.kinds import WorkloadType, is_meant
from dashborion.models.query import Found, Name, Query
from dashborion.orchestrators.aws.client import batches
from dashborion.orchestrators.aws.errors import Refused
from dashborion.orchestrators.aws.parts import in_batches, part
from dashborion.orchestrators.ecs import instances, normalise, wire
from dashborion.orchestrators.ecs.client import SERVICES_A_CALL, TASKS_A_CALL, Client

SERVICES = frozenset({WorkloadType.ECS_SERVICE, WorkloadType.EXPRESS_SERVICE})
_WHOLE_ID = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# Six digits and more are as good as never the beginning of a service's name as well.
_ID_BEGINS = re.compile(r"[0-9a-f]{6,31}|[0-9a-f]{8}(-[0-9a-f]{0,12}){1,4}")
_TASK_NAME = re.compile(r"(?P<service>[A-Za-z0-9_-]{1,255})-(?P<digits>[0-9a-f]{6})")
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
    if (name.type is None or name.type in SERVICES) and _NAME.fullmatch(name.name):
        for found in client.services_by_name([name.name], raw=True):
            is_inside = namespace in (None, client.scope.namespace(found.item.tags))
            is_its_type = is_meant(name.type, normalise.type_of(found.item))
            is_it = is_inside and is_its_type and name.is_of(found.item.service_arn)
            if is_it and found.item.status != "INACTIVE":
                return found
    if namespace is None:
        arns = part(partial(client.arns, "list_services", "serviceArns"), client.aws.runtime.warn)
        known = list(map(wire.arn_name, arns or ()))
        where = f"cluster '{client.cluster}'"
    else:
        services = [one.item for one in client.services()]
        require_namespace(client, namespace, services)
        inside = [one for one in services if client.scope.namespace(one.tags) == namespace]
        known = [one.service_name for one in inside]
        where = f"namespace '{namespace}'"
    if not known:
        client.require_cluster()
    raise NotFound("workload", str(name), where=where, known=known)


def services(client: Client, query: Query) -> list[Found[wire.Service]]:
    """The services of the namespace, of the types and with the tags asked for.

    Raises:
        NotFound: no service at all is in that namespace.
    """
    listed = client.services(raw=query.raw, tell=client.aws.runtime.incomplete)
    if not listed:
        client.require_cluster()
    namespace = namespace_of(query)
    require_namespace(client, namespace, [one.item for one in listed])
    tell_of_tags(client, query)
    return [
        one
        for one in listed
        if (query.types is None or normalise.type_of(one.item) in query.types)
        and namespace in (None, client.scope.namespace(one.item.tags))
        and normalise.selected(normalise.labels(one.item.tags), query.selector)
    ]


def is_by_tags(query: Query) -> bool:
    """Whether tags decide what is listed: those of services, which their tasks have, too."""
    return namespace_of(query) is not None or bool(query.selector)


def tell_of_tags(client: Client, query: Query) -> None:
    """Say that rows may be missing if tags decide and may not be read."""
    if client.untagged is not None and is_by_tags(query):
        client.aws.runtime.incomplete(client.untagged)


def require_namespace(
    client: Client, namespace: str | None, services: Iterable[wire.Service]
) -> None:
    """Check that a namespace is the cluster's own, or one that the services' tags name.

    Raises:
        NotFound: with those that there are.
        Forbidden: the tags may not be read.
    """
    scope = client.scope
    known = {scope.namespace(one.tags) for one in services}
    if namespace is not None and namespace not in known | {scope.cluster}:
        if client.untagged is not None:
            raise client.untagged
        where = f"cluster '{scope.cluster}'"
        raise NotFound("namespace", namespace, where=where, known=known)


def instance(client: Client, name: Name, query: Query) -> Found[wire.Task]:
    """The task of that id or name, or the only one whose id or name begins with it.

    Running tasks come first: a stopped one is found only when no running one fits. What begins
    an id goes before what begins a name.

    Raises:
        NotFound: with the names of the tasks there are.
        Ambiguous: several begin with it.
    """
    namespace = namespace_of(query, name)
    known: set[str] = set()
    for look in _looks(client, name):
        listed = _within(client, look(), namespace)
        known.update(instances.name_of(one.item) for one in listed)
        if matching := _matching(name, listed):
            return matching
    if not known:
        client.require_cluster()
    if namespace is not None:
        require_namespace(client, namespace, [one.item for one in client.services()])
    where = f"namespace '{namespace}'" if namespace else f"cluster '{client.cluster}'"
    raise NotFound("instance", name.arn or name.name, where=where, known=known)


def _looks(client: Client, name: Name) -> Iterator[Callable[[], list[Found[wire.Task]]]]:
    """Where to look for a task, the cheapest first; each look gives those that may fit.

    ARNs hold the id, and a name that of the service: only what may fit is described. What
    begins a name may begin any task's, so in the end all are looked at.
    """
    text = name.name
    if name.arn or _WHOLE_ID.fullmatch(text):
        yield partial(_by_id, client, text)
        return
    whole_name = _TASK_NAME.fullmatch(text)
    for stopped in (False, True):
        if _ID_BEGINS.fullmatch(text):
            yield partial(_with_id, client, None, text, stopped=stopped)
        if whole_name:
            yield partial(_with_id, client, *whole_name.groups(), stopped=stopped)
    for stopped in (False, True):
        yield partial(client.tasks, stopped=stopped, raw=True)


def _by_id(client: Client, id_: str) -> list[Found[wire.Task]]:
    try:
        return client.tasks_by_id([id_], raw=True)
    except Refused:
        return []


def _with_id(
    client: Client, service: str | None, digits: str, *, stopped: bool
) -> list[Found[wire.Task]]:
    """The tasks, of one service or of all, whose ids begin with these digits."""
    try:
        arns = client.task_arns(service=service, stopped=stopped)
    except Refused:  # there is no such service
        return []
    fitting = [arn for arn in arns if wire.arn_name(arn).startswith(digits)]
    described = (client.tasks_by_id(batch, raw=True) for batch in batches(fitting, TASKS_A_CALL))
    return [task for batch in described for task in batch]


def _matching(typed: Name, listed: list[Found[wire.Task]]) -> Found[wire.Task] | None:
    """The task of that id or name, or the only one that begins so."""
    text = typed.name
    exact = [one for one in listed if text in _names(one.item) and typed.is_of(one.item.task_arn)]
    matching = exact or [
        one for one in listed
        if not typed.arn and any(name.startswith(text) for name in _names(one.item))
    ]  # fmt: skip
    if len(matching) > 1:
        shown = ", ".join(sorted(instances.name_of(one.item) for one in matching[:8]))
        raise Ambiguous(
            f"'{text}' begins the names of {len(matching)} instances: {shown}",
            hint="type more of the id or name",
        )
    return matching[0] if matching else None


def tasks_of(client: Client, service: wire.Service) -> list[wire.Task]:
    """A service's tasks, with those that stopped within the last hour."""
    return [one.item for one in client.all_tasks(service=service.service_name)]


def services_of(client: Client, task: wire.Task) -> dict[str, wire.Service]:
    """The service that a task belongs to, by its name; none for a task run by hand.

    It is decoration: what the task cannot say of itself, its namespace and its events.
    """
    ask = partial(_owners, client, [task])
    return client.aws.optional(ask) or {}


def _owners(client: Client, tasks: Iterable[wire.Task]) -> dict[str, wire.Service]:
    names = sorted({owner for task in tasks if (owner := instances.workload_of(task))})
    groups = batches(names, SERVICES_A_CALL)
    return by_name(in_batches(groups, client.services_by_name, client.aws.runtime.deadline, None))


def by_name(services: list[Found[wire.Service]]) -> dict[str, wire.Service]:
    return {one.item.service_name: one.item for one in services}


def _within(
    client: Client, tasks: list[Found[wire.Task]], namespace: str | None
) -> list[Found[wire.Task]]:
    """Those in a namespace, which their service's tags or their own name."""
    if namespace is None or not tasks:
        return tasks
    services = _owners(client, [one.item for one in tasks])
    inside = client.scope.namespace
    return [one for one in tasks if inside(instances.tags(one.item, services)) == namespace]


def _names(item: wire.Task) -> tuple[str, str]:
    return instances.task_id(item), instances.name_of(item)
