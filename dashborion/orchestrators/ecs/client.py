"""Calls to ECS and Application Auto Scaling, with the largest pages and batches, side by side.

Each method is named after what it returns. Nothing in here knows what a workload is.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

from msgspec import Struct, field

from dashborion.concurrency import Deadline, ahead
from dashborion.errors import DashborionError, Forbidden, MaybeApplied, NotFound
from dashborion.models.query import Found
from dashborion.orchestrators.aws.client import AwsClient, api_name, batches, convert, whole
from dashborion.orchestrators.aws.errors import Refused
from dashborion.orchestrators.aws.parts import Tell, decoded, in_batches, part, parts, rows
from dashborion.orchestrators.ecs import native_wire, wire
from dashborion.orchestrators.ecs.normalise import ClusterScope
from dashborion.storage.cache import FileCache

T = TypeVar("T")

# The APIs' limits.
PAGE_SIZE = 100
SERVICES_A_CALL, TASKS_A_CALL, REVISIONS_A_CALL = 10, 100, 20
CLUSTERS_A_CALL, MACHINES_A_CALL, TARGETS_A_CALL = 100, 100, 50
NEWEST_DEPLOYMENTS = 10
DEFINITION = "ecs:DescribeTaskDefinition"


class Client(Struct, frozen=True):
    """One cluster, called as one identity; ``scope`` says where it is in the config."""

    aws: AwsClient
    scope: ClusterScope
    _untagged: list[Forbidden] = []
    _once: threading.Lock = field(default_factory=threading.Lock)

    @property
    def cluster(self) -> str:
        return self.scope.cluster

    def services(self, *, raw: bool = False, tell: Tell | None = None) -> list[Found[wire.Service]]:
        """All services; ``tell`` is told why some are missing, without it that is raised.

        Raises:
            NotFound: there is no such cluster; with the names of the others.
        """
        describe = partial(self.services_by_name, raw=raw, tell=tell)
        return self._described(describe, SERVICES_A_CALL, "list_services", "serviceArns", tell)

    def services_by_name(
        self, names: Sequence[str], *, raw: bool = False, tell: Tell | None = None
    ) -> list[Found[wire.Service]]:
        """Up to ten services by name or ARN; deleted ones are left out."""
        return self._by_name(wire.Service, "services", names, raw=raw, tell=tell)

    def tasks(
        self,
        *,
        service: str | None = None,
        stopped: bool = False,
        raw: bool = False,
        tell: Tell | None = None,
    ) -> list[Found[wire.Task]]:
        """The running tasks of the cluster or of one service, or those stopped in the last hour."""
        describe = partial(self.tasks_by_id, raw=raw, tell=tell)
        asked = self._tasks_of(service, stopped=stopped)
        return self._described(describe, TASKS_A_CALL, "list_tasks", "taskArns", tell, **asked)

    def all_tasks(
        self, *, service: str | None = None, raw: bool = False, tell: Tell | None = None
    ) -> list[Found[wire.Task]]:
        """Running and stopped tasks; ECS lists those that are being stopped as stopped."""
        listings = [
            partial(self.tasks, service=service, stopped=stopped, raw=raw, tell=tell)
            for stopped in (False, True)
        ]
        return rows(listings, self._deadline, tell)

    def task_arns(self, *, service: str | None = None, stopped: bool = False) -> list[str]:
        """The ARNs of the tasks that ``tasks`` gives; they end in the tasks' ids."""
        return self.arns("list_tasks", "taskArns", **self._tasks_of(service, stopped=stopped))

    @staticmethod
    def _tasks_of(service: str | None, *, stopped: bool) -> dict[str, Any]:
        within = {} if service is None else {"serviceName": service}
        return {"desiredStatus": "STOPPED" if stopped else "RUNNING", **within}

    def tasks_by_id(
        self, ids: Sequence[str], *, raw: bool = False, tell: Tell | None = None
    ) -> list[Found[wire.Task]]:
        """Up to a hundred tasks by id or ARN; deleted ones are left out."""
        return self._by_name(wire.Task, "tasks", ids, raw=raw, tell=tell)

    def _by_name(
        self, type_: type[T], key: str, names: Sequence[str], *, raw: bool, tell: Tell | None
    ) -> list[Found[T]]:
        operation = f"describe_{key}"
        arguments = {"cluster": self.cluster, key: list(names)}
        with self._known_cluster():
            ask = partial(self.aws.items, "ecs", operation, key, tell=tell, **arguments)
            items = self.with_tags(ask)
        pairs = decoded(type_, items, api_name("ecs", operation), tell)
        return [Found(item, dict(plain) if raw else None) for item, plain in pairs]

    def with_tags(self, ask: Callable[..., T], *include: str) -> T:
        """An answer with tags; without the right to read tags, none of them and one warning."""
        if not self._untagged:
            try:
                return ask(include=[*include, "TAGS"])
            except Forbidden as error:
                if "ListTagsForResource" not in error.message:
                    raise
                with self._once:
                    if not self._untagged:
                        self._untagged.append(error)
                        self.aws.runtime.warn(error)
        return ask(include=list(include))

    @property
    def untagged(self) -> Forbidden | None:
        """Why the tags of what was asked for are missing, if they are."""
        return self._untagged[0] if self._untagged else None

    def _described(
        self,
        describe: Callable[[Sequence[str]], list[T]],
        size: int,
        operation: str,
        key: str,
        tell: Tell | None,
        **arguments: Any,
    ) -> list[T]:
        """What a list of the cluster names, as ``described``."""
        with self._known_cluster():
            return self.described(
                describe, size, operation, key, tell, cluster=self.cluster, **arguments
            )

    def described(
        self,
        describe: Callable[[Sequence[str]], list[T]],
        size: int,
        operation: str,
        key: str,
        tell: Tell | None,
        **arguments: Any,
    ) -> list[T]:
        """What a list names; each page is described while the next one is listed.

        Pages of what changes meanwhile may overlap: each name is described once.
        """
        listed = partial(self.aws.pages, "ecs", operation, key, maxResults=PAGE_SIZE, **arguments)
        pages = _each_once(ahead(listed, self._deadline))
        by_size = (batch for page in pages for batch in batches(page, size))
        return in_batches(by_size, describe, self._deadline, tell)

    def container_instances(
        self, *, raw: bool = False, tell: Tell | None = None
    ) -> list[Found[native_wire.ContainerInstance]]:
        """The machines of the cluster."""

        def describe(arns: Sequence[str]) -> list[Found[native_wire.ContainerInstance]]:
            ids = list(map(wire.arn_name, arns))
            return self.objects(
                native_wire.ContainerInstance, "container_instances", "containerInstances",
                raw=raw, tell=tell, cluster=self.cluster, containerInstances=ids,
            )  # fmt: skip

        operation, key = "list_container_instances", "containerInstanceArns"
        return self._described(describe, MACHINES_A_CALL, operation, key, tell)

    def clusters(
        self, *, raw: bool = False, tell: Tell | None = None
    ) -> list[Found[native_wire.Cluster]]:
        """The clusters of the region."""

        def describe(arns: Sequence[str]) -> list[Found[native_wire.Cluster]]:
            return self.objects(
                native_wire.Cluster, "clusters", "clusters",
                raw=raw, tell=tell, clusters=list(arns),
            )  # fmt: skip

        return self.described(describe, CLUSTERS_A_CALL, "list_clusters", "clusterArns", tell)

    def objects(
        self, type_: type[T], noun: str, key: str, *, raw: bool, tell: Tell | None, **asked: Any
    ) -> list[Found[T]]:
        """The objects under a key of what ``describe_`` a noun answers."""
        operation = f"describe_{noun}"
        items = self.aws.items("ecs", operation, key, tell=tell, **asked)
        pairs = decoded(type_, items, api_name("ecs", operation), tell)
        return [Found(item, dict(plain) if raw else None) for item, plain in pairs]

    def arns(self, operation: str, key: str, **arguments: Any) -> list[str]:
        """A list of the cluster's ``serviceArns``, ``taskArns`` or ``containerInstanceArns``."""
        with self._known_cluster():
            return self.aws.listed(
                "ecs", operation, key, cluster=self.cluster, maxResults=PAGE_SIZE, **arguments
            )

    def task_definitions(
        self, arns: Iterable[str], tell: Tell | None = None
    ) -> dict[str, wire.TaskDefinition]:
        """Task definitions by ARN; a revision never changes, so it is kept on disk.

        What cannot be had is left out, with a warning, or whatever ``tell`` does.
        """
        wanted = sorted({arn for arn in arns if arn})
        cached = self.cached_task_definitions(wanted)
        calls = [partial(self._task_definition, arn) for arn in wanted if arn not in cached]
        answers = parts(calls, self._deadline, tell or self.aws.runtime.warn)
        fetched = {answer.task_definition_arn: answer for answer in answers if answer is not None}
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
            "task-definitions-6",  # raise the number when a field is added
            (self.aws.endpoint, self.aws.region, self.cluster, *_accounts(arns)),
            wire.TaskDefinition,
        )

    def _task_definition(self, arn: str) -> wire.TaskDefinition | None:
        try:
            answer = self.aws.call("ecs", "describe_task_definition", taskDefinition=arn)
        except Refused:
            return None  # deleted since
        item = definition_in(answer)
        ((definition, _),) = decoded(wire.TaskDefinition, [item], DEFINITION, None)
        return definition

    def definition(self, arn: str) -> native_wire.TaskDefinitionDetail:
        """A task definition with its ports, its role and more; it is not kept."""
        answer = self.aws.call("ecs", "describe_task_definition", taskDefinition=arn)
        return convert(native_wire.TaskDefinitionDetail, definition_in(answer), DEFINITION)

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

    def deployments_by_arn(
        self, arns: Iterable[str], tell: Tell | None = None
    ) -> list[dict[str, Any]]:
        """Service deployments as the API has them."""
        return self.aws.batched(
            "ecs", "describe_service_deployments", "serviceDeployments",
            argument="serviceDeploymentArns", names=arns, size=REVISIONS_A_CALL, tell=tell,
        )  # fmt: skip

    def service_revisions(self, arns: Iterable[str]) -> dict[str, wire.ServiceRevision]:
        """The targets of deployments, by ARN; raises as ``past_deployments``."""
        items = self.aws.batched(
            "ecs", "describe_service_revisions", "serviceRevisions",
            argument="serviceRevisionArns", names=arns, size=REVISIONS_A_CALL,
        )  # fmt: skip
        revisions = convert(list[wire.ServiceRevision], items)
        return {revision.service_revision_arn: revision for revision in revisions}

    def update_service(
        self, service: str, look: Callable[[], object], **changes: Any
    ) -> wire.Service:
        """Change a service, sending it once after a ``look``; it comes with its new deployment."""
        answer = self.aws.write(
            "ecs", "update_service", look=look, cluster=self.cluster, service=service, **changes
        )
        if not isinstance(answer.get("service"), dict):
            raise MaybeApplied("ecs:UpdateService: a cut answer: it may have been applied")
        return convert(wire.Service, answer["service"])

    def stop_task(self, id_: str, reason: str) -> None:
        """Stop a task, sending it once."""
        self.aws.write("ecs", "stop_task", cluster=self.cluster, task=id_, reason=reason)

    def tag(self, arn: str, key: str, value: str) -> None:
        """Give an object a tag, sending it once."""
        tags = [{"key": key, "value": value}]
        self.aws.write("ecs", "tag_resource", resourceArn=arn, tags=tags)

    def newest_revisions(self, family: str, most: int) -> list[str]:
        """The ARNs of a family's newest active revisions, the newest first; none without a name."""
        if not family:  # which the API takes for all of them
            return []
        return self.aws.listed(
            "ecs", "list_task_definitions", "taskDefinitionArns", most=most,
            familyPrefix=family, sort="DESC", maxResults=min(most, PAGE_SIZE),
        )  # fmt: skip

    def require_cluster(self) -> str | None:
        """Check that there is such a cluster; gives its state if it is not ACTIVE, and warns.

        If clusters may not be described, that is a warning, too.

        Raises:
            NotFound: there is none, with the names of the others, or it was deleted.
        """
        state = self.aws.optional(self._cluster_state)
        if state == "MISSING":
            raise self._no_cluster()
        if state == "INACTIVE":
            raise self._deleted_cluster()
        if state in (None, "", "ACTIVE"):
            return None
        self.aws.runtime.warn(Refused(f"cluster '{self.cluster}' is {state}", reason=state))
        return state

    def _cluster_state(self) -> str:
        """The cluster's status in ECS' words, "" if it has none, or MISSING."""
        items = self.aws.items("ecs", "describe_clusters", "clusters", clusters=[self.cluster])
        return str(items[0].get("status") or "") if items else "MISSING"

    def cluster_arns(self) -> list[str]:
        """The ARNs of the clusters in this region."""
        return self.aws.listed("ecs", "list_clusters", "clusterArns", maxResults=PAGE_SIZE)

    def scalable_target(self, service: str, tell: Tell | None = None) -> wire.ScalableTarget | None:
        """The target that sets a service's desired count, if any; ``tell`` as above."""

        def ask() -> list[tuple[wire.ScalableTarget, Any]]:
            items = self.aws.items(
                "application-autoscaling", "describe_scalable_targets", "ScalableTargets",
                ServiceNamespace="ecs",
                ResourceIds=[f"service/{self.cluster}/{service}"],
                ScalableDimension="ecs:service:DesiredCount",
            )  # fmt: skip
            name = "application-autoscaling:DescribeScalableTargets"
            return decoded(wire.ScalableTarget, items, name, None)

        targets = part(ask, tell or self.aws.runtime.warn)
        return targets[0][0] if targets else None

    def scalable_targets(self, services: Iterable[str]) -> list[wire.ScalableTarget]:
        """The targets that set these services' desired counts."""
        items = self.aws.batched(
            "application-autoscaling", "describe_scalable_targets", "ScalableTargets",
            argument="ResourceIds", size=TARGETS_A_CALL, tell=self.aws.runtime.warn,
            names=[f"service/{self.cluster}/{name}" for name in services],
            ServiceNamespace="ecs", ScalableDimension="ecs:service:DesiredCount",
        )  # fmt: skip
        return convert(list[wire.ScalableTarget], items)

    @contextmanager
    def _known_cluster(self) -> Iterator[None]:
        """Raise NotFound, with the clusters there are, for ECS' error about a missing one."""
        try:
            yield
        except Refused as error:
            if error.reason != "ClusterNotFoundException":
                raise
            raise self._why_no_cluster() from error

    def _why_no_cluster(self) -> DashborionError:
        """For an answer that there is none, which ECS also gives about one that is not ACTIVE."""
        state = part(self._cluster_state, lambda _: None)
        if state == "INACTIVE":
            return self._deleted_cluster()
        if state in (None, "", "ACTIVE", "MISSING"):
            return self._no_cluster()
        return Refused(f"cluster '{self.cluster}' in {self.aws.region} is {state}", reason=state)

    def _no_cluster(self) -> NotFound:
        known = map(wire.arn_name, part(self.cluster_arns, lambda _: None) or ())
        return NotFound("cluster", self.cluster, where=self.aws.region, known=known)

    def _deleted_cluster(self) -> NotFound:
        where = f"{self.aws.region}: it is INACTIVE, that is deleted"
        return NotFound("active cluster", self.cluster, where=where)

    @property
    def _deadline(self) -> Deadline:
        return self.aws.runtime.deadline


def definition_in(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The task definition in what ``describe_task_definition`` answers; raises as ``whole``."""
    return whole(answer, "taskDefinition", "taskDefinitionArn", DEFINITION)


def _each_once(pages: Iterable[list[str]]) -> Iterator[list[str]]:
    seen: set[str] = set()
    for page in pages:
        fresh = [name for name in dict.fromkeys(page) if name not in seen]
        seen.update(fresh)
        yield fresh


def _accounts(arns: Iterable[str]) -> list[str]:
    """The accounts that ARNs belong to: ``arn:aws:ecs:REGION:ACCOUNT:…``."""
    return sorted({parts[4] for arn in arns if len(parts := arn.split(":")) > 5})
