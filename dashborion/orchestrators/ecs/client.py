"""Calls to ECS and Application Auto Scaling, with the largest pages and batches, side by side.

Each method is named after what it returns. Nothing in here knows what a workload is.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from dashborion.concurrency import Deadline, every, result, start
from dashborion.errors import BadAnswer, Forbidden, MaybeApplied, NotFound
from dashborion.models.query import Found
from dashborion.orchestrators.aws.client import AwsClient, batches, convert
from dashborion.orchestrators.aws.errors import Refused
from dashborion.orchestrators.ecs import wire
from dashborion.orchestrators.ecs.normalise import ClusterScope
from dashborion.storage.cache import FileCache

T = TypeVar("T")

# The APIs' limits.
PAGE_SIZE = 100
SERVICES_A_CALL, TASKS_A_CALL, REVISIONS_A_CALL = 10, 100, 20
NEWEST_DEPLOYMENTS = 10


@dataclass(frozen=True)
class Client:
    """One cluster, called as one identity; ``scope`` says where it is in the config."""

    aws: AwsClient
    scope: ClusterScope
    _untagged: threading.Event = field(default_factory=threading.Event)
    _once: threading.Lock = field(default_factory=threading.Lock)

    @property
    def cluster(self) -> str:
        return self.scope.cluster

    def services(self, *, raw: bool = False) -> list[Found[wire.Service]]:
        """All services.

        Raises:
            NotFound: there is no such cluster; with the names of the others.
        """
        describe = partial(self.services_by_name, raw=raw)
        return self._described(describe, SERVICES_A_CALL, "list_services", "serviceArns")

    def services_by_name(
        self, names: Sequence[str], *, raw: bool = False
    ) -> list[Found[wire.Service]]:
        """Up to ten services by name or ARN; deleted ones are left out."""
        return self._by_name(wire.Service, "services", names, raw=raw)

    def tasks(
        self, *, service: str | None = None, stopped: bool = False, raw: bool = False
    ) -> list[Found[wire.Task]]:
        """The running tasks of the cluster or of one service, or those stopped in the last hour."""
        describe = partial(self.tasks_by_id, raw=raw)
        within = {} if service is None else {"serviceName": service}
        status = "STOPPED" if stopped else "RUNNING"
        return self._described(
            describe, TASKS_A_CALL, "list_tasks", "taskArns", desiredStatus=status, **within
        )

    def all_tasks(self, *, service: str | None = None, raw: bool = False) -> list[Found[wire.Task]]:
        """Running and stopped tasks; ECS lists those that are being stopped as stopped."""
        listings = [
            partial(self.tasks, service=service, stopped=stopped, raw=raw)
            for stopped in (False, True)
        ]
        return [task for listing in every(listings, self._deadline) for task in listing]

    def tasks_by_id(self, ids: Sequence[str], *, raw: bool = False) -> list[Found[wire.Task]]:
        """Up to a hundred tasks by id or ARN; deleted ones are left out."""
        return self._by_name(wire.Task, "tasks", ids, raw=raw)

    def _by_name(
        self, type_: type[T], key: str, names: Sequence[str], *, raw: bool
    ) -> list[Found[T]]:
        arguments = {"cluster": self.cluster, key: list(names)}
        ask = partial(self.aws.items, "ecs", f"describe_{key}", key, **arguments)
        with self._known_cluster():
            items = self.with_tags(ask)
        return [Found(convert(type_, item), dict(item) if raw else None) for item in items]

    def with_tags(self, ask: Callable[..., T], *include: str) -> T:
        """An answer with tags; without the right to read tags, none of them and one warning."""
        if not self._untagged.is_set():
            try:
                return ask(include=[*include, "TAGS"])
            except Forbidden as error:
                if "ListTagsForResource" not in error.message:
                    raise
                with self._once:
                    if not self._untagged.is_set():
                        self._untagged.set()
                        self.aws.runtime.warn(error)
        return ask(include=list(include))

    def _described(
        self,
        describe: Callable[[Sequence[str]], list[T]],
        size: int,
        operation: str,
        key: str,
        **arguments: Any,
    ) -> list[T]:
        """What a list names; each page is described while the next one is listed."""
        described: list[Future[list[T]]] = []
        pages = self.aws.pages(
            "ecs", operation, key, cluster=self.cluster, maxResults=PAGE_SIZE, **arguments
        )
        with self._known_cluster():
            for page in pages:
                described += [start(partial(describe, names)) for names in batches(page, size)]
        return [item for future in described for item in result(future, self._deadline)]

    def arns(self, operation: str, key: str) -> list[str]:
        """A list of the cluster's ``serviceArns`` or ``containerInstanceArns``."""
        with self._known_cluster():
            return self.aws.listed(
                "ecs", operation, key, cluster=self.cluster, maxResults=PAGE_SIZE
            )

    def task_definitions(self, arns: Iterable[str]) -> dict[str, wire.TaskDefinition]:
        """Task definitions by ARN; a revision never changes, so it is kept on disk."""
        wanted = sorted({arn for arn in arns if arn})
        cached = self.cached_task_definitions(wanted)
        calls = [start(partial(self._task_definition, arn)) for arn in wanted if arn not in cached]
        fetched: dict[str, wire.TaskDefinition] = {}
        refusal: Forbidden | None = None
        for future in calls:
            try:
                definition = result(future, self._deadline)
            except Forbidden as error:
                refusal = error
                continue
            if definition is not None:
                fetched[definition.task_definition_arn] = definition
        if refusal is not None:
            self.aws.runtime.warn(refusal)  # once, not for each definition
        if fetched:
            self._cache_file(wanted).add(fetched)
        return cached | fetched

    def cached_task_definitions(self, arns: Iterable[str]) -> dict[str, wire.TaskDefinition]:
        """The task definitions that are on disk, by ARN."""
        wanted = {arn for arn in arns if arn}
        cached = self._cache_file(wanted).read() if wanted else {}
        return {arn: definition for arn, definition in cached.items() if arn in wanted}

    def _cache_file(self, arns: Iterable[str]) -> FileCache[wire.TaskDefinition]:
        return FileCache(
            "task-definitions-4",  # raise the number when a field is added
            (self.aws.endpoint, self.aws.region, self.cluster, *_accounts(arns)),
            wire.TaskDefinition,
        )

    def _task_definition(self, arn: str) -> wire.TaskDefinition | None:
        try:
            answer = self.aws.call("ecs", "describe_task_definition", taskDefinition=arn)
        except Refused:
            return None  # deleted since
        if not isinstance(answer.get("taskDefinition"), dict):
            raise BadAnswer("ecs:DescribeTaskDefinition: an answer that was cut short")
        return convert(wire.TaskDefinition, answer["taskDefinition"])

    def service_deployments(self, service: str) -> list[wire.ServiceDeployment]:
        """The newest deployments as the newer API has them; raises as ``past_deployments``."""
        listed = self.past_deployments(service, NEWEST_DEPLOYMENTS)
        return self.described_deployments(item.service_deployment_arn for item in listed)

    def described_deployments(self, arns: Iterable[str]) -> list[wire.ServiceDeployment]:
        """Service deployments by ARN; those that there are."""
        return convert(list[wire.ServiceDeployment], self.deployments_by_arn(arns))

    def past_deployments(self, service: str, most: int = PAGE_SIZE) -> list[wire.ServiceDeployment]:
        """The newest deployments, newest first; ECS forgets them after 90 days.

        Raises:
            Refused: the API does not know this operation.
        """
        items = self.aws.listed(
            "ecs", "list_service_deployments", "serviceDeployments", most=most,
            cluster=self.cluster, service=service, maxResults=min(most, PAGE_SIZE),
        )  # fmt: skip
        return convert(list[wire.ServiceDeployment], items)

    def deployments_by_arn(self, arns: Iterable[str]) -> list[dict[str, Any]]:
        """Service deployments as the API has them."""
        return self.aws.batched(
            "ecs", "describe_service_deployments", "serviceDeployments",
            argument="serviceDeploymentArns", names=arns, size=REVISIONS_A_CALL,
        )  # fmt: skip

    def service_revisions(self, arns: Iterable[str]) -> dict[str, wire.ServiceRevision]:
        """The targets of deployments, by ARN; raises as ``past_deployments``."""
        items = self.aws.batched(
            "ecs", "describe_service_revisions", "serviceRevisions",
            argument="serviceRevisionArns", names=arns, size=REVISIONS_A_CALL,
        )  # fmt: skip
        revisions = convert(list[wire.ServiceRevision], items)
        return {revision.service_revision_arn: revision for revision in revisions}

    def update_service(self, service: str, **changes: Any) -> wire.Service:
        """Change a service, sending it once; the service with its new deployment."""
        answer = self.aws.write(
            "ecs", "update_service", cluster=self.cluster, service=service, **changes
        )
        if not isinstance(answer.get("service"), dict):
            raise MaybeApplied("ecs:UpdateService: a cut answer: it may have been applied")
        return convert(wire.Service, answer["service"])

    def stop_task(self, id_: str, reason: str) -> None:
        """Stop a task, sending it once."""
        self.aws.write("ecs", "stop_task", cluster=self.cluster, task=id_, reason=reason)

    def newest_revisions(self, family: str, most: int) -> list[str]:
        """The ARNs of a family's newest active revisions, the newest first; none without a name."""
        if not family:  # which the API takes for all of them
            return []
        return self.aws.listed(
            "ecs", "list_task_definitions", "taskDefinitionArns", most=most,
            familyPrefix=family, sort="DESC", maxResults=min(most, PAGE_SIZE),
        )  # fmt: skip

    def require_cluster(self) -> None:
        """Check that there is such a cluster.

        Raises:
            NotFound: with the names of the others.
        """
        items = self.aws.items("ecs", "describe_clusters", "clusters", clusters=[self.cluster])
        if not any(item.get("status") == "ACTIVE" for item in items):
            raise self._no_cluster()

    def cluster_arns(self) -> list[str]:
        """The ARNs of the clusters in this region."""
        return self.aws.listed("ecs", "list_clusters", "clusterArns", maxResults=PAGE_SIZE)

    def scalable_target(self, service: str) -> wire.ScalableTarget | None:
        """The Application Auto Scaling target that sets a service's desired count, if any."""
        ask = partial(
            self.aws.items,
            "application-autoscaling", "describe_scalable_targets", "ScalableTargets",
            ServiceNamespace="ecs",
            ResourceIds=[f"service/{self.cluster}/{service}"],
            ScalableDimension="ecs:service:DesiredCount",
        )  # fmt: skip
        items = self.aws.optional(ask)
        return convert(wire.ScalableTarget, items[0]) if items else None

    @contextmanager
    def _known_cluster(self) -> Iterator[None]:
        """Raise NotFound, with the clusters there are, for ECS' error about a missing one."""
        try:
            yield
        except Refused as error:
            if error.reason != "ClusterNotFoundException":
                raise
            raise self._no_cluster() from error

    def _no_cluster(self) -> NotFound:
        try:
            arns = self.cluster_arns()
        except Forbidden:
            arns = []
        known = [wire.arn_name(arn) for arn in arns]
        return NotFound("cluster", self.cluster, where=self.aws.region, known=known)

    @property
    def _deadline(self) -> Deadline:
        return self.aws.runtime.deadline


def _accounts(arns: Iterable[str]) -> list[str]:
    """The accounts that ARNs belong to: ``arn:aws:ecs:REGION:ACCOUNT:…``."""
    return sorted({parts[4] for arn in arns if len(parts := arn.split(":")) > 5})
