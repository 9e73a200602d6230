"""One object and everything around it, in as few rounds of calls as there are dependencies."""

from __future__ import annotations

from concurrent.futures import Future
from functools import partial
from typing import TypeVar

import msgspec

from dashborion.concurrency import result, start
from dashborion.models.instance import InstanceDetail
from dashborion.models.query import Found
from dashborion.models.workload import WorkloadDetail
from dashborion.orchestrators.aws.parts import Tell, part
from dashborion.orchestrators.ecs import events, find, normalise, rollout, wire
from dashborion.orchestrators.ecs import instances as tasks
from dashborion.orchestrators.ecs.client import Client
from dashborion.orchestrators.ecs.endpoints import endpoints
from dashborion.orchestrators.ecs.routes import Routes, routes

T = TypeVar("T")

REVISIONS = 10


def workload(client: Client, listed: Found[wire.Service]) -> Found[WorkloadDetail]:
    """The service with its tasks, reasons, autoscaler, revisions, events and target health.

    What cannot be had is left out and told.
    """
    service, runtime = listed.item, client.aws.runtime
    warn, incomplete = runtime.warn, runtime.incomplete
    current = normalise.definition_of(service)

    def part_of(future: Future[T], tell: Tell) -> T | None:
        return part(partial(result, future, runtime.deadline), tell)

    listing = start(partial(client.all_tasks, service=service.service_name, tell=incomplete))
    routing = start(partial(routes, client, [service], health=True))
    scaling = start(partial(client.scalable_target, service.service_name))
    history = start(partial(_definitions, client, current))

    definitions = part_of(history, warn) or {}
    instances = [
        tasks.instance(task.item, service.tags, client.scope, definitions)
        for task in part_of(listing, incomplete) or ()
    ]
    unhealthy = sum(one.health == "unhealthy" for one in instances)
    checked = normalise.has_health_check(definitions.get(current))
    plain = normalise.workload(
        service,
        definitions.get(current),
        unhealthy if checked else 0,
        endpoints(service, part_of(routing, warn) or Routes()),
        client.scope,
    )
    detail = WorkloadDetail(
        **msgspec.structs.asdict(plain),
        instances=sorted(instances, key=lambda one: (one.status, one.name)),
        reasons=normalise.reasons(service, instances),
        autoscaling=normalise.autoscaling(part_of(scaling, warn), service),
        revisions=normalise.revisions(definitions.values(), current),
        events=events.events(service),
    )
    return Found(detail, listed.raw)


def only_events(client: Client, listed: Found[wire.Service]) -> Found[WorkloadDetail]:
    """The service with its events, and nothing that takes another call."""
    plain = normalise.workload(listed.item, None, 0, [], client.scope)
    detail = WorkloadDetail(
        **msgspec.structs.asdict(plain),
        instances=[],
        reasons=[],
        autoscaling=None,
        revisions=[],
        events=events.events(listed.item),
    )
    return Found(detail, listed.raw)


def instance(client: Client, task: Found[wire.Task]) -> Found[InstanceDetail]:
    """The task with its service's namespace and those events of the service that name it."""
    services = find.services_of(client, task.item)
    tags = tasks.tags(task.item, services)
    known = client.cached_task_definitions([task.item.task_definition_arn])
    plain = tasks.instance(task.item, tags, client.scope, known)
    told = [event for service in services.values() for event in events.events(service)]
    detail = InstanceDetail(
        **msgspec.structs.asdict(plain),
        labels=normalise.labels(tags),
        events=[event for event in told if plain.id in event.message],
    )
    return Found(detail, task.raw)


def _definitions(client: Client, current: str) -> dict[str, wire.TaskDefinition]:
    """The newest revisions of a family, the current one among them in any case."""
    family = (rollout.revision(current) or "").partition(":")[0]
    newest = client.aws.optional(partial(client.newest_revisions, family, REVISIONS))
    return client.task_definitions([*(newest or ()), current])
