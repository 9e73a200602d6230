"""What lists say of the services of a cluster: services, and those tasks that may say more.

No service costs a call of its own. What is wrong is told by the tasks that have stopped, which
ECS keeps for about an hour; those that run are listed where their health counts, or where all
that lists have is asked for.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from math import ceil

import msgspec
from msgspec import Struct

from dashborion.concurrency import result, start
from dashborion.models.health import FailedRun
from dashborion.models.query import Found, Query
from dashborion.models.workload import Endpoint, Workload
from dashborion.orchestrators import findings
from dashborion.orchestrators.aws.parts import part, parts
from dashborion.orchestrators.ecs import find, instances, looking, normalise, wire
from dashborion.orchestrators.ecs.causes import RULES
from dashborion.orchestrators.ecs.causes.tasks import is_restart, may_have_failed
from dashborion.orchestrators.ecs.client import DEFINITION, PAGE_SIZE, Client
from dashborion.orchestrators.ecs.endpoints import endpoints
from dashborion.orchestrators.ecs.facts import Facts, TaskFacts, of_task
from dashborion.orchestrators.ecs.looking import Reads
from dashborion.orchestrators.ecs.routes import Routes, routes
from dashborion.orchestrators.protocol import Examined

Definitions = Mapping[str, wire.TaskDefinition]


class Surveyed(Struct, frozen=True):
    """What lists tell of all services.

    Attributes:
        tasks: by their service; None where those that have stopped could not be listed.
        definitions: those of the services, and of tasks where they are on disk.
        runs_known: whether the tasks that run are among them, whatever their health.
    """

    definitions: Definitions
    tasks: Mapping[str | None, Sequence[wire.Task]] | None
    unhealthy: Counter[str]
    runs_known: bool


def workloads(reads: Reads, query: Query) -> tuple[list[Examined[Workload]], list[wire.Task]]:
    """All services with those of their parts that were asked for, and the tasks of none."""
    if query.types is not None and not query.types & find.SERVICES:
        return [], []
    client, warn = reads.client, reads.client.aws.runtime.warn
    deadline = client.aws.runtime.deadline
    lost = partial(reads.lost, "instances", "ecs:DescribeTasks", rows=True)
    runs_known = query.wants("evidence")
    ask = client.all_tasks if runs_known else partial(client.tasks, stopped=True)
    listing = start(partial(ask, tell=lost)) if query.wants("causes") else None
    kept = find.services(client, query)
    services = [one.item for one in kept]
    routing = start(partial(routes, client, services)) if query.wants("endpoints") else None
    shown = services if query.wants("definition", "health", "causes") else []
    tell = partial(reads.lost, "revisions", DEFINITION) if runs_known else None
    definitions = client.task_definitions(map(normalise.definition_of, shown), tell)
    checked = _checked(services if query.wants("health", "causes") else [], definitions)
    going = [] if runs_known else _running(client, services, checked, alone=listing is None)
    ended = reads.part("instances", "ecs:ListTasks", listing, rows=True) if listing else None
    known = {one.task_arn: one for one in (*going, *(found.item for found in ended or ()))}
    ways = routing and part(partial(result, routing, deadline), warn)
    if listing:
        definitions |= client.cached_task_definitions(
            one.task_definition_arn for one in known.values()
        )
    tasks = _by_service(known.values())
    unhealthy = Counter({name: sum(map(instances.is_unhealthy, tasks[name])) for name in checked})
    surveyed = Surveyed(definitions, None if ended is None else tasks, unhealthy, runs_known)
    found = [
        _listed(reads, one, surveyed, endpoints(one.item, ways or Routes()), query) for one in kept
    ]
    return found, tasks[None]


def _by_service(known: Iterable[wire.Task]) -> defaultdict[str | None, list[wire.Task]]:
    tasks: defaultdict[str | None, list[wire.Task]] = defaultdict(list)
    for one in known:
        tasks[instances.workload_of(one)].append(one)
    return tasks


def _checked(services: Iterable[wire.Service], definitions: Definitions) -> set[str]:
    """The services whose tasks run and have a health check."""
    return {
        one.service_name
        for one in services
        if one.running_count
        and normalise.has_health_check(definitions.get(normalise.definition_of(one)))
    }


def _running(
    client: Client, services: Sequence[wire.Service], checked: set[str], *, alone: bool
) -> list[wire.Task]:
    """The tasks of these services, those that are being stopped among them if listed ``alone``.

    Service by service, or all of the cluster's in one go, whichever takes fewer calls.
    """
    if not checked:
        return []
    pages = ceil(sum(one.running_count for one in services) / PAGE_SIZE)
    names = sorted(checked) if len(checked) <= pages else [None]
    warn = client.aws.runtime.warn
    ask = client.all_tasks if alone else client.tasks
    calls = [partial(ask, service=name, tell=warn) for name in names]
    answers = parts(calls, client.aws.runtime.deadline, warn)
    return [task.item for answer in answers for task in answer or ()]


def _listed(
    reads: Reads,
    found: Found[wire.Service],
    surveyed: Surveyed,
    ways: list[Endpoint],
    query: Query,
) -> Examined[Workload]:
    """A service by what it and its tasks say, without another call."""
    client, service = reads.client, found.item
    definition = surveyed.definitions.get(normalise.definition_of(service))
    unhealthy = surveyed.unhealthy[service.service_name]
    plain = normalise.workload(service, definition, unhealthy, ways, client.scope)
    if not query.wants("causes"):
        return Examined(item=plain, raw=found.raw)
    seen = [
        of_task(one, service, client.scope, surveyed.definitions)
        for one in (surveyed.tasks or {}).get(service.service_name, ())
    ]
    now = client.aws.runtime.now()
    restarts = None if surveyed.tasks is None else sum(map(is_restart, seen))
    told = findings.found(RULES, Facts(now=now, service=service, tasks=seen))
    judged = findings.examined(
        msgspec.structs.replace(plain, restarts=restarts),
        told,
        reads,
        looking.last_lines_of(client, seen),
        causes=findings.causes(told, now=now, since=query.since),
        instances=(one.instance for one in seen),
        now=now,
    )
    # Where its tasks were not looked at, those that are on their way may still arrive.
    awaited = service.running_count + service.pending_count if service.pending_count else 0
    promising = judged.promising if surveyed.runs_known else awaited
    return msgspec.structs.replace(judged, raw=found.raw, promising=promising)


def failed_runs(client: Client, query: Query, tasks: Iterable[wire.Task]) -> list[FailedRun]:
    """The tasks of no service that failed, within the namespace and with the tags asked for."""
    namespace, scope = find.namespace_of(query), client.scope
    known = list(tasks)
    definitions = client.cached_task_definitions(one.task_definition_arn for one in known)
    seen = [
        TaskFacts(task=one, instance=instances.instance(one, one.tags, scope, definitions))
        for one in known
        if namespace in (None, scope.namespace(one.tags))
        and normalise.selected(normalise.labels(one.tags), query.selector)
    ]
    return [
        FailedRun(
            project=scope.environment.project,
            environment=scope.environment.name,
            namespace=one.instance.namespace,
            kind="task",
            name=one.instance.name,
            reason=one.instance.reason,
            message=one.instance.message,
            failed_at=one.instance.stopped_at,
        )
        for one in seen
        if may_have_failed(one) and one.instance.reason != "Completed"
    ]
