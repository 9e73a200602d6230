"""One object and everything around it, in as few rounds of calls as there are dependencies."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import msgspec

from dashborion.concurrency import start
from dashborion.models.event import placed
from dashborion.models.instance import InstanceDetail
from dashborion.models.query import SINCE, Found
from dashborion.models.workload import WorkloadDetail
from dashborion.orchestrators import findings
from dashborion.orchestrators.aws.parts import Tell, part
from dashborion.orchestrators.ecs import (
    events,
    facts,
    find,
    looking,
    managed,
    normalise,
    rollout,
    timeline,
    wire,
)
from dashborion.orchestrators.ecs import instances as tasks
from dashborion.orchestrators.ecs.causes.tasks import has_failed, is_restart
from dashborion.orchestrators.ecs.client import Client
from dashborion.orchestrators.ecs.endpoints import endpoints
from dashborion.orchestrators.ecs.limits import limits
from dashborion.orchestrators.ecs.looking import Reads
from dashborion.orchestrators.ecs.routes import Routes, routes
from dashborion.orchestrators.protocol import Examined

REVISIONS = 10
_HEALTH = "elasticloadbalancing:DescribeTargetHealth"
_TARGETS = "application-autoscaling:DescribeScalableTargets"
_DEFINITION = "ecs:DescribeTaskDefinition"


def workload(client: Client, listed: Found[wire.Service]) -> Examined[WorkloadDetail]:
    """The service with its tasks, causes, autoscaler, revisions, events and target health.

    What cannot be had is left out and told.
    """
    runtime = client.aws.runtime
    examined = examine(Reads(client, runtime.warn, runtime.incomplete), listed.item, SINCE)
    log = findings.last_line(examined.failed, examined.last_lines, runtime.deadline, runtime.warn)
    item = msgspec.structs.replace(examined.item, log=log)
    return msgspec.structs.replace(examined, item=item, raw=listed.raw)


def examine(reads: Reads, service: wire.Service, since: timedelta) -> Examined[WorkloadDetail]:
    """The service and everything around it, looked at by all rules."""
    client = reads.client
    current = normalise.definition_of(service)
    lost_tasks = partial(reads.lost, "instances", "ecs:DescribeTasks", rows=True)
    listing = start(partial(client.all_tasks, service=service.service_name, tell=lost_tasks))
    lost_ways = partial(reads.lost, "load balancers", _HEALTH)
    routing = start(partial(routes, client, [service], health=True, tell=lost_ways))
    lost_target = partial(reads.lost, "autoscalers", _TARGETS)
    targets = start(partial(client.scalable_target, service.service_name, lost_target))
    lost_revisions = partial(reads.lost, "revisions", _DEFINITION)
    history = start(partial(_definitions, client, current, lost_revisions))

    definitions = reads.part("revisions", _DEFINITION, history) or {}
    tasks = reads.part("instances", "ecs:ListTasks", listing, rows=True)
    seen = [facts.of_task(one.item, service, client.scope, definitions) for one in tasks or ()]
    instances = [one.instance for one in seen]
    unhealthy = sum(one.health == "unhealthy" for one in instances)
    checked = normalise.has_health_check(definitions.get(current))
    ways = reads.part("load balancers", _HEALTH, routing)
    plain = normalise.workload(
        service,
        definitions.get(current),
        unhealthy if checked else 0,
        endpoints(service, ways or Routes()),
        client.scope,
    )
    target = reads.part("autoscalers", _TARGETS, targets)
    gathered = facts.Facts(
        now=client.aws.runtime.now(),
        service=service,
        tasks=seen,
        routes=ways,
        scaling=[target] if target is not None else [],
    )
    keeper = managed.keeper(plain.labels)
    told, gathered = looking.found(reads, gathered)
    staged = rollout.rollout(service, gathered.made)
    state = staged if staged.stage else plain.rollout  # else it would be told as in no list
    restarts = None if tasks is None else sum(map(is_restart, seen))
    causes = findings.causes(told, now=gathered.now, since=since)
    causes = findings.after_changes(causes, timeline.changes(service))
    detail = WorkloadDetail(
        **(msgspec.structs.asdict(plain) | {"restarts": restarts, "rollout": state}),
        instances=sorted(instances, key=lambda one: (one.status, one.name)),
        causes=causes,
        reasons=findings.reasons(causes),
        autoscaling=normalise.autoscaling(target, service),
        revisions=normalise.revisions(definitions.values(), current),
        limits=limits(definitions.get(current)),
        events=placed(events.events(service), plain, plain.name),
        managed_by=keeper.managed_by if keeper else None,
    )
    last_lines = looking.last_lines_of(client, seen)
    return findings.examined(
        detail, told, reads, last_lines, causes=causes, instances=instances, now=gathered.now
    )


def only_events(client: Client, listed: Found[wire.Service]) -> Examined[WorkloadDetail]:
    """The service with its events, and nothing that takes another call."""
    plain = normalise.workload(listed.item, None, 0, [], client.scope)
    detail = WorkloadDetail(
        **msgspec.structs.asdict(plain),
        instances=[],
        causes=[],
        reasons=[],
        autoscaling=None,
        revisions=[],
        events=placed(events.events(listed.item), plain, plain.name),
    )
    return Examined(item=detail, raw=listed.raw)


def instance(client: Client, task: Found[wire.Task], *, logs: bool) -> Found[InstanceDetail]:
    """The task with its service's namespace and those events of the service that name it.

    With ``logs`` the last log line of a task that failed, too.
    """
    services = find.services_of(client, task.item)
    tags = tasks.tags(task.item, services)
    known = client.cached_task_definitions([task.item.task_definition_arn])
    plain = tasks.instance(task.item, tags, client.scope, known)
    told = [event for service in services.values() for event in events.events(service)]
    definition = known.get(task.item.task_definition_arn)
    runtime = client.aws.runtime
    one = facts.TaskFacts(task=task.item, instance=plain, definition=definition)
    ended = [(plain.name, None)] if logs and has_failed(one) else []
    last_lines = looking.last_lines_of(client, [one])
    detail = InstanceDetail(
        **msgspec.structs.asdict(plain),
        labels=normalise.labels(tags),
        limits=limits(definition),
        events=placed(
            (event for event in told if plain.id in event.message), plain, plain.workload
        ),
        log=findings.last_line(ended, last_lines, runtime.deadline, runtime.warn),
    )
    return Found(detail, task.raw)


def _definitions(client: Client, current: str, tell: Tell) -> dict[str, wire.TaskDefinition]:
    """The newest revisions of a family, the current one among them in any case."""
    family = (rollout.revision(current) or "").partition(":")[0]
    newest = part(partial(client.newest_revisions, family, REVISIONS), tell)
    return client.task_definitions([*(newest or ()), current], tell)
