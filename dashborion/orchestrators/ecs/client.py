"""Calls to ECS and Application Auto Scaling, with the largest pages and batches, side by side.

Each method is named after what it returns. Nothing in here knows what a workload is.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from dashborion.concurrency import every, result, start
from dashborion.errors import BadAnswer, Forbidden, MaybeApplied, NotFound
from dashborion.models.query import Found
from dashborion.orchestrators.aws.client import AwsClient, batches
from dashborion.orchestrators.aws.errors import Refused
from dashborion.orchestrators.ecs import wire
from dashborion.orchestrators.ecs.decoding import convert
from dashborion.storage.cache import FileCache

T = TypeVar("T")

# The APIs' limits.
SERVICES_A_PAGE, SERVICES_A_CALL = 100, 10
TASKS_A_PAGE, TASKS_A_CALL = 100, 100
CLUSTERS_A_PAGE, INSTANCES_A_PAGE = 100, 100
NEWEST_DEPLOYMENTS = 10
DEPLOYMENTS_A_PAGE, REVISIONS_A_CALL = 100, 20


@dataclass(frozen=True)
class Client:
    """One cluster, called as one identity."""

    aws: AwsClient
    cluster: str
    _untagged: threading.Event = field(default_factory=threading.Event)
    _once: threading.Lock = field(default_factory=threading.Lock)

    def services(self, *, raw: bool = False) -> list[Found[wire.Service]]:
        """All services; each page of the list is described while the next one is listed.

        Raises:
            NotFound: there is no such cluster; with the names of the others.
        """
        described: list[Future[list[Found[wire.Service]]]] = []
        pages = self.aws.pages(
            "ecs", "list_services", "serviceArns",
            cluster=self.cluster, maxResults=SERVICES_A_PAGE,
        )  # fmt: skip
        for page in self._of_cluster(pages):
            described += [
                start(partial(self.services_by_name, names, raw=raw))
                for names in batches(page, SERVICES_A_CALL)
            ]
        return [found for future in described for found in result(future, self._deadline)]

    def services_by_name(
        self, names: Sequence[str], *, raw: bool = False
    ) -> list[Found[wire.Service]]:
        """Up to ten services by name or ARN; deleted ones are left out."""
        items = self._tagged("describe_services", "services", services=list(names))
        return _converted(wire.Service, items, raw=raw)

    def _tagged(self, operation: str, key: str, **arguments: Any) -> list[Any]:
        """Objects with their tags; without the right to read tags, none of them and one warning."""
        ask = partial(self.aws.items, "ecs", operation, key, cluster=self.cluster, **arguments)
        with self._known_cluster():
            if not self._untagged.is_set():
                try:
                    return ask(include=["TAGS"])
                except Forbidden as error:
                    if "ListTagsForResource" not in error.message:
                        raise
                    with self._once:
                        if not self._untagged.is_set():
                            self._untagged.set()
                            self.aws.runtime.warn(error)
            return ask()

    def service_arns(self) -> list[str]:
        """The ARNs of all services."""
        pages = self.aws.pages(
            "ecs", "list_services", "serviceArns",
            cluster=self.cluster, maxResults=SERVICES_A_PAGE,
        )  # fmt: skip
        return [arn for page in self._of_cluster(pages) for arn in page]

    def tasks(
        self, *, service: str | None = None, stopped: bool = False, raw: bool = False
    ) -> list[Found[wire.Task]]:
        """The running tasks of the cluster or of one service, or those stopped in the last hour."""
        described: list[Future[list[Found[wire.Task]]]] = []
        arguments: dict[str, Any] = {
            "cluster": self.cluster,
            "maxResults": TASKS_A_PAGE,
            "desiredStatus": "STOPPED" if stopped else "RUNNING",
        }
        if service is not None:
            arguments["serviceName"] = service
        for page in self._of_cluster(self.aws.pages("ecs", "list_tasks", "taskArns", **arguments)):
            described += [
                start(partial(self.tasks_by_id, ids, raw=raw))
                for ids in batches(page, TASKS_A_CALL)
            ]
        return [found for future in described for found in result(future, self._deadline)]

    def tasks_by_id(self, ids: Sequence[str], *, raw: bool = False) -> list[Found[wire.Task]]:
        """Up to a hundred tasks by id or ARN; deleted ones are left out."""
        items = self._tagged("describe_tasks", "tasks", tasks=list(ids))
        return _converted(wire.Task, items, raw=raw)

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
        """The newest deployments as the newer API has them; none if it may not be asked."""
        try:
            listed = self.aws.items(
                "ecs", "list_service_deployments", "serviceDeployments",
                cluster=self.cluster, service=service, maxResults=NEWEST_DEPLOYMENTS,
            )  # fmt: skip
            arns = [item["serviceDeploymentArn"] for item in listed]
            if not arns:
                return []
            items = self.aws.items(
                "ecs", "describe_service_deployments", "serviceDeployments",
                serviceDeploymentArns=arns,
            )  # fmt: skip
        except (Refused, Forbidden):
            return []
        return [convert(wire.ServiceDeployment, item) for item in items]

    def past_deployments(self, service: str) -> list[wire.ServiceDeployment]:
        """The newest hundred deployments, newest first; ECS forgets them after 90 days.

        Raises:
            Refused: the API does not know this operation.
        """
        items = self.aws.items(
            "ecs", "list_service_deployments", "serviceDeployments",
            cluster=self.cluster, service=service, maxResults=DEPLOYMENTS_A_PAGE,
        )  # fmt: skip
        return [convert(wire.ServiceDeployment, item) for item in items]

    def service_revisions(self, arns: Iterable[str]) -> dict[str, wire.ServiceRevision]:
        """The targets of deployments, by ARN; raises as ``past_deployments``."""
        calls = [
            partial(
                self.aws.items, "ecs", "describe_service_revisions", "serviceRevisions",
                serviceRevisionArns=list(batch),
            )
            for batch in batches(sorted(set(arns)), REVISIONS_A_CALL)
        ]  # fmt: skip
        revisions = self._all(wire.ServiceRevision, calls)
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
        """The ARNs of a family's newest revisions, the newest first."""
        return self.aws.items(
            "ecs", "list_task_definitions", "taskDefinitionArns",
            familyPrefix=family, sort="DESC", maxResults=most,
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
        pages = self.aws.pages("ecs", "list_clusters", "clusterArns", maxResults=CLUSTERS_A_PAGE)
        return [arn for page in pages for arn in page]

    def container_instance_arns(self) -> list[str]:
        """The ARNs of the machines that are registered in the cluster."""
        pages = self.aws.pages(
            "ecs", "list_container_instances", "containerInstanceArns",
            cluster=self.cluster, maxResults=INSTANCES_A_PAGE,
        )  # fmt: skip
        return [arn for page in self._of_cluster(pages) for arn in page]

    def may_call(self, operation: str, **arguments: Any) -> bool | None:
        """Whether a read is allowed; None if it failed for another reason."""
        try:
            self.aws.call("ecs", operation, cluster=self.cluster, **arguments)
        except Forbidden:
            return False
        except Refused:
            return None
        return True

    def scalable_target(self, service: str) -> wire.ScalableTarget | None:
        """The Application Auto Scaling target that sets a service's desired count, if any."""
        items = self.aws.items(
            "application-autoscaling", "describe_scalable_targets", "ScalableTargets",
            ServiceNamespace="ecs",
            ResourceIds=[f"service/{self.cluster}/{service}"],
            ScalableDimension="ecs:service:DesiredCount",
        )  # fmt: skip
        return convert(wire.ScalableTarget, items[0]) if items else None

    def _all(self, type_: type[T], calls: Iterable[Any]) -> list[T]:
        answers = every(calls, self._deadline)
        return [convert(type_, item) for answer in answers for item in answer]

    def _of_cluster(self, pages: Iterator[list[Any]]) -> Iterator[list[Any]]:
        with self._known_cluster():
            yield from pages

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
    def _deadline(self) -> Any:
        return self.aws.runtime.deadline


def _accounts(arns: Iterable[str]) -> list[str]:
    """The accounts that ARNs belong to: ``arn:aws:ecs:REGION:ACCOUNT:…``."""
    return sorted({parts[4] for arn in arns if len(parts := arn.split(":")) > 5})


def _converted(type_: type[T], items: list[Mapping[str, Any]], *, raw: bool) -> list[Found[T]]:
    return [Found(convert(type_, item), dict(item) if raw else None) for item in items]
