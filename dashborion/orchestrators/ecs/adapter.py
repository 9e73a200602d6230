"""ECS behind the protocol: which questions to ask side by side, and what to do without."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from math import ceil

import msgspec

from dashborion.concurrency import result, start
from dashborion.config.targets import EcsTarget, Environment
from dashborion.errors import NotFound, UsageError
from dashborion.models.environment import Check, Permission
from dashborion.models.instance import Instance, InstanceDetail, InstanceStatus
from dashborion.models.kinds import WorkloadType
from dashborion.models.query import Found, Name, Query
from dashborion.models.workload import Workload, WorkloadDetail
from dashborion.orchestrators.aws.sessions import Sessions
from dashborion.orchestrators.ecs import describe, find, follow, logs, normalise, wire
from dashborion.orchestrators.ecs import exec as exec_
from dashborion.orchestrators.ecs import instances as tasks
from dashborion.orchestrators.ecs.changes import Changes
from dashborion.orchestrators.ecs.client import TASKS_A_PAGE, Client
from dashborion.orchestrators.ecs.deploy import Definitions
from dashborion.orchestrators.ecs.endpoints import Routes, endpoints, routes
from dashborion.orchestrators.ecs.native import EcsNative
from dashborion.orchestrators.logs import Reader, Wanted
from dashborion.orchestrators.protocol import (
    Followed,
    History,
    Images,
    Look,
    Planned,
    Runtime,
    Subject,
)
from dashborion.terminal import Terminal

# What a permission is called, and the harmless call that tells; ECS has no question for the rest.
PERMISSIONS = (
    ("list workloads", "list_services"),
    ("list instances", "list_tasks"),
)
# What could be told only by doing it.
UNASKED = ("scale workloads", "restart workloads", "stop instances", "execute in instances")


@dataclass(frozen=True)
class EcsOrchestrator:
    """One cluster, as ``Orchestrator``."""

    environment: Environment
    client: Client
    scope: normalise.ClusterScope

    @classmethod
    def connect(
        cls, environment: Environment, runtime: Runtime, sessions: Sessions
    ) -> EcsOrchestrator:
        """Find the session; nothing is sent yet."""
        target = environment.target
        if not isinstance(target, EcsTarget):
            raise UsageError(f"not an ECS target: {type(target).__name__}")
        aws = sessions.connect(target, runtime)
        cluster = target.cluster.rsplit("/", 1)[-1]
        scope = normalise.ClusterScope(environment, cluster, target.namespace_tag)
        return cls(environment, Client(aws, cluster), scope)

    def workloads(self, query: Query) -> list[Found[Workload]]:
        """All services, with their task definitions and, if asked for, their endpoints."""
        if query.types is not None and WorkloadType.ECS_SERVICE not in query.types:
            return []
        found = self.client.services(raw=query.raw)
        if not found:
            self.client.cluster_exists()
        kept = self._selected(found, query)
        services = [one.item for one in kept]
        known = start(partial(routes, self.client, services)) if query.endpoints else None
        definitions = self.client.task_definitions(map(normalise.definition_of, services))
        unhealthy = self._unhealthy(services, definitions)
        ways = result(known, self.client.aws.runtime.deadline) if known else Routes()
        return [
            Found(
                normalise.workload(
                    one.item,
                    definitions.get(normalise.definition_of(one.item)),
                    unhealthy[one.item.service_name],
                    endpoints(one.item, ways),
                    self.scope,
                ),
                one.raw,
            )
            for one in kept
        ]

    def workload(self, name: Name, query: Query) -> Found[WorkloadDetail]:
        """One service and everything around it."""
        found = find.service(self.client, self.scope, name, query)
        return describe.workload(self.client, found, self.scope)

    def instances(self, query: Query) -> list[Found[Instance]]:
        """Tasks with their service; its tags say in which namespace they are."""
        owner: str | None = None
        if query.workload is not None:
            service = find.service(self.client, self.scope, query.workload, query).item
            owner, services = service.service_name, [service]
            known = None
        else:
            known = start(self.client.services)
            services = []
        ask = partial(self.client.tasks, service=owner, raw=query.raw)
        running, stopping = start(ask), start(partial(ask, stopped=True))
        deadline = self.client.aws.runtime.deadline
        found = [*result(running, deadline), *result(stopping, deadline)]
        # Tasks that are being stopped still run, and ListTasks counts them as stopped.
        found = [one for one in found if query.stopped or not _is_over(one.item)]
        if known is not None:
            services = [one.item for one in result(known, deadline)]
            if not found and not services:
                self.client.cluster_exists()
        return self._placed(found, services, query)

    def flow(self, query: Query) -> Iterator[list[Found[Instance]]]:
        """All of them at once: their names, and so their order, come from their services."""
        yield self.instances(query)

    def instance(self, name: Name, query: Query) -> Found[InstanceDetail]:
        """One task with its service's tags and events that name it."""
        namespace = name.namespace or (None if query.all_namespaces else query.namespace)
        found = find.task(self.client, self.scope, name, namespace)
        return describe.instance(self.client, found, self.scope)

    def subject(self, name: Name, query: Query) -> Subject:
        """One service, with the Application Auto Scaling target that owns its count."""
        subject = self._changes.subject(name, query)
        scaler = describe.scaler(self.client, subject.workload.name)
        return msgspec.structs.replace(
            subject, autoscaling=normalise.autoscaling(scaler, subject.handle)
        )

    def scale(self, subject: Subject, replicas: int, *, current: int | None) -> Followed:
        """Through UpdateService."""
        return self._changes.scale(subject, replicas, current)

    def restart(self, subject: Subject, *, now: datetime) -> Followed:  # noqa: ARG002
        """A new deployment of the same task definition."""
        return self._changes.restart(subject)

    def history(self, subject: Subject) -> History:
        """From service deployments, or else the family's revisions."""
        return self._definitions.history(subject)

    def with_images(self, subject: Subject, images: Images) -> Planned:
        """A new revision of the task definition."""
        return self._definitions.with_images(subject, images)

    def with_revision(self, subject: Subject, revision: str | None) -> Planned:
        """A task definition that there is already."""
        return self._definitions.with_revision(subject, revision)

    def redefine(self, subject: Subject, planned: Planned) -> Followed:
        """Through RegisterTaskDefinition, if it is a new one, and UpdateService."""
        return self._definitions.redefine(subject, planned)

    def following(self, subject: Subject) -> Followed:
        """The deployment that is PRIMARY."""
        return self._changes.following(subject)

    def look(self, subject: Subject, followed: Followed) -> Look:
        """The service, its deployments and the tasks concerned, once."""
        return self._changes.look(subject, followed)

    def last_words(self, subject: Subject, instance: str, lines: int) -> list[str]:
        """The end of a task's log."""
        return self._changes.last_words(subject, instance, lines)

    def logs(self, name: Name, query: Query, wanted: Wanted) -> Reader:
        """The logs of a service's tasks."""
        service = find.service(self.client, self.scope, name, query).item
        return follow.LogReader(logs.of_workload(self.client, self.scope, service), wanted)

    def instance_logs(self, name: Name, query: Query, wanted: Wanted) -> Reader:
        """The logs of one task, stopped ones too."""
        namespace = name.namespace or (None if query.all_namespaces else query.namespace)
        found = find.task(self.client, self.scope, name, namespace).item
        return follow.LogReader(logs.of_instance(self.client, self.scope, found), wanted)

    def stop(self, found: Found[InstanceDetail]) -> None:
        """Stop the task that was found."""
        self._changes.stop(found)

    def container(
        self, found: Found[InstanceDetail], wanted: str | None, note: Callable[[str], None]
    ) -> str:
        """Where ECS Exec is on and its agent runs."""
        return exec_.container_of(found, wanted, note)

    def execute(
        self,
        found: Found[InstanceDetail],
        container: str,
        command: Sequence[str],
        own: Terminal,  # noqa: ARG002 - the plugin has the process' own
        *,
        note: Callable[[str], None],  # noqa: ARG002
    ) -> int:
        """Through ExecuteCommand and AWS' plugin."""
        return exec_.execute(self.client, found, container, command)

    @property
    def native(self) -> EcsNative:
        """What only ECS has."""
        return EcsNative(self.client, self.scope)

    @property
    def _changes(self) -> Changes:
        return Changes(self.client, self.scope)

    @property
    def _definitions(self) -> Definitions:
        return Definitions(self.client, self._changes)

    def check(self) -> Check:
        """The cluster, as whom it sees us, and which reads are allowed."""
        started = time.monotonic()
        identity = start(self.client.aws.identity)
        self.client.cluster_exists()
        seconds = time.monotonic() - started
        deadline = self.client.aws.runtime.deadline
        asked = {action: start(partial(self.client.may, call, maxResults=1))
                 for action, call in PERMISSIONS}  # fmt: skip
        asked["read logs"] = start(partial(logs.may_read, self.client, self.scope))
        allowed = {action: result(future, deadline) for action, future in asked.items()}
        return Check(
            project=self.environment.project,
            environment=self.environment.name,
            orchestrator=self.environment.orchestrator,
            endpoint=f"{self.client.aws.region}/{self.client.cluster}",
            reachable=True,
            identity=result(identity, deadline),
            version=None,
            seconds=round(seconds, 3),
            permissions=[
                Permission(action=action, allowed=allowed.get(action))
                for action in (*allowed, *UNASKED)
            ],
            error=None,
        )

    def _selected(
        self, found: Sequence[Found[wire.Service]], query: Query
    ) -> list[Found[wire.Service]]:
        """Those of the namespace and with the tags asked for.

        Raises:
            NotFound: no service at all is in that namespace.
        """
        spaces = {self.scope.namespace(one.item.tags) for one in found}
        wanted = None if query.all_namespaces else query.namespace
        if wanted is not None and wanted not in spaces | {self.scope.cluster}:
            where = f"cluster '{self.scope.cluster}'"
            raise NotFound("namespace", wanted, where=where, known=spaces)
        return [
            one
            for one in found
            if (wanted is None or self.scope.namespace(one.item.tags) == wanted)
            and normalise.selected(normalise.labels(one.item.tags), query.selector)
        ]

    def _unhealthy(
        self, services: Sequence[wire.Service], definitions: dict[str, wire.TaskDefinition]
    ) -> Counter[str]:
        """Tasks that fail their health check, by service; asked for only where there is one.

        Service by service, or all of the cluster's in one go, whichever takes
        fewer calls.
        """
        checked = [
            one
            for one in services
            if one.running_count
            and normalise.has_health_check(definitions.get(normalise.definition_of(one)))
        ]
        if not checked:
            return Counter()
        pages = ceil(sum(one.running_count for one in services) / TASKS_A_PAGE)
        deadline = self.client.aws.runtime.deadline
        names_to_ask = [one.service_name for one in checked] if len(checked) <= pages else [None]
        asked = [  # tasks that are being stopped still run, and are listed as stopped
            start(partial(self.client.tasks, service=name, stopped=stopped))
            for name in names_to_ask
            for stopped in (False, True)
        ]
        found = [task for future in asked for task in result(future, deadline)]
        names = {one.service_name for one in checked}
        return Counter(
            owner
            for task in found
            if task.item.health_status == "UNHEALTHY"
            and task.item.last_status == "RUNNING"
            and (owner := tasks.workload_of(task.item)) in names
            and owner is not None
        )

    def _placed(
        self, found: Sequence[Found[wire.Task]], services: Iterable[wire.Service], query: Query
    ) -> list[Found[Instance]]:
        tags = {one.service_name: one.tags for one in services}
        wanted = None if query.all_namespaces else query.namespace
        if wanted is not None and wanted not in {
            self.scope.cluster, *(self.scope.namespace(some) for some in tags.values()),
        }:  # fmt: skip
            known = {self.scope.namespace(some) for some in tags.values()}
            where = f"cluster '{self.scope.cluster}'"
            raise NotFound("namespace", wanted, where=where, known=known)
        ended = (one.item.task_definition_arn for one in found if _is_over(one.item))
        definitions = self.client.kept_definitions(ended)
        placed = []
        for one in found:
            both = [*tags.get(tasks.workload_of(one.item) or "", ()), *one.item.tags]
            namespace = self.scope.namespace(both)
            if wanted is not None and namespace != wanted:
                continue
            if normalise.selected(normalise.labels(both), query.selector):
                definition = definitions.get(one.item.task_definition_arn)
                item = tasks.instance(one.item, namespace, self.environment, definition)
                placed.append(Found(item, one.raw))
        return placed


def _is_over(task: wire.Task) -> bool:
    return tasks.instance_status(task) is InstanceStatus.STOPPED
