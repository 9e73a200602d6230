"""ECS and the APIs beside it: pages and batches at their largest, side by side.

Each method is one question, named after its answer. Nothing in here knows
what a workload is.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import msgspec

from dashborion.concurrency import every, result, start
from dashborion.errors import BadAnswer, Forbidden, MaybeApplied, NotFound
from dashborion.models.query import Found
from dashborion.models.ready import ready
from dashborion.orchestrators.aws.errors import Refused
from dashborion.orchestrators.aws.sessions import Aws, batches
from dashborion.orchestrators.ecs import wire
from dashborion.storage.cache import FileCache

T = TypeVar("T")

# The APIs' own bounds.
SERVICES_A_PAGE, SERVICES_A_CALL = 100, 10
TASKS_A_PAGE, TASKS_A_CALL = 100, 100
CLUSTERS_A_PAGE, INSTANCES_A_PAGE = 100, 100
BALANCERS_A_CALL = 20
TARGET_GROUPS_A_CALL = 20
SERVICE_DEPLOYMENTS = 10
DEPLOYMENTS_A_PAGE, REVISIONS_A_CALL = 100, 20
MARKER = ("Marker", "NextMarker")


@dataclass(frozen=True)
class Client:
    """One cluster, as one identity, in one region."""

    aws: Aws
    cluster: str
    _untagged: threading.Event = field(default_factory=threading.Event)
    _once: threading.Lock = field(default_factory=threading.Lock)

    def services(self, *, raw: bool = False) -> list[Found[wire.Service]]:
        """All services: ten are described while the next hundred are listed.

        Raises:
            NotFound: the cluster, with those there are.
        """
        described: list[Future[list[Found[wire.Service]]]] = []
        pages = self.aws.pages(
            "ecs", "list_services", "serviceArns",
            cluster=self.cluster, maxResults=SERVICES_A_PAGE,
        )  # fmt: skip
        for page in self._of_cluster(pages):
            described += [
                start(partial(self.described, names, raw=raw))
                for names in batches(page, SERVICES_A_CALL)
            ]
        return [found for future in described for found in result(future, self._deadline)]

    def described(self, names: Sequence[str], *, raw: bool = False) -> list[Found[wire.Service]]:
        """Up to ten services by name or ARN; those that are gone are left out."""
        found = self._tagged("describe_services", "services", services=list(names))
        return _converted(wire.Service, found, raw=raw)

    def _tagged(self, operation: str, key: str, **arguments: Any) -> list[Any]:
        """Objects with their tags; whoever may not read these gets none, and one warning."""
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
                start(partial(self.described_tasks, ids, raw=raw))
                for ids in batches(page, TASKS_A_CALL)
            ]
        return [found for future in described for found in result(future, self._deadline)]

    def described_tasks(self, ids: Sequence[str], *, raw: bool = False) -> list[Found[wire.Task]]:
        """Up to a hundred tasks by id or ARN; those that are gone are left out."""
        found = self._tagged("describe_tasks", "tasks", tasks=list(ids))
        return _converted(wire.Task, found, raw=raw)

    def task_definitions(self, arns: Iterable[str]) -> dict[str, wire.TaskDefinition]:
        """By ARN. A revision never changes, so it is asked for once and kept on disk."""
        wanted = sorted({arn for arn in arns if arn})
        cache_file = self._cache_file(wanted)
        known = {arn: found for arn, found in cache_file.read().items() if arn in set(wanted)}
        asked = [start(partial(self._task_definition, arn)) for arn in wanted if arn not in known]
        fetched: dict[str, wire.TaskDefinition] = {}
        refused: Forbidden | None = None
        for future in asked:
            try:
                found = result(future, self._deadline)
            except Forbidden as error:
                refused = error
                continue
            if found is not None:
                fetched[found.task_definition_arn] = found
        if refused is not None:
            self.aws.runtime.warn(refused)  # once, not for each of them
        if fetched:
            cache_file.add(fetched)
        return known | fetched

    def kept_definitions(self, arns: Iterable[str]) -> dict[str, wire.TaskDefinition]:
        """Those that need not be asked for, by ARN."""
        wanted = {arn for arn in arns if arn}
        kept = self._cache_file(wanted).read() if wanted else {}
        return {arn: found for arn, found in kept.items() if arn in wanted}

    def _cache_file(self, arns: Iterable[str]) -> FileCache[wire.TaskDefinition]:
        return FileCache(
            "task-definitions-4",  # the number grows with the fields that are kept
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
        return _convert(wire.TaskDefinition, answer["taskDefinition"])

    def service_deployments(self, service: str) -> list[wire.ServiceDeployment]:
        """The newest deployments in the newer API's words; none where they may not be asked."""
        try:
            briefs = self.aws.items(
                "ecs", "list_service_deployments", "serviceDeployments",
                cluster=self.cluster, service=service, maxResults=SERVICE_DEPLOYMENTS,
            )  # fmt: skip
            arns = [one["serviceDeploymentArn"] for one in briefs]
            if not arns:
                return []
            found = self.aws.items(
                "ecs", "describe_service_deployments", "serviceDeployments",
                serviceDeploymentArns=arns,
            )  # fmt: skip
        except (Refused, Forbidden):
            return []
        return [_convert(wire.ServiceDeployment, one) for one in found]

    def past_deployments(self, service: str) -> list[wire.ServiceDeployment]:
        """The newest hundred deployments, newest first; ECS forgets them after 90 days.

        Raises:
            Refused: the API does not have them.
        """
        found = self.aws.items(
            "ecs", "list_service_deployments", "serviceDeployments",
            cluster=self.cluster, service=service, maxResults=DEPLOYMENTS_A_PAGE,
        )  # fmt: skip
        return [_convert(wire.ServiceDeployment, one) for one in found]

    def service_revisions(self, arns: Iterable[str]) -> dict[str, wire.ServiceRevision]:
        """What deployments went to, by ARN; raises as ``past_deployments``."""
        calls = [
            partial(
                self.aws.items, "ecs", "describe_service_revisions", "serviceRevisions",
                serviceRevisionArns=list(some),
            )
            for some in batches(sorted(set(arns)), REVISIONS_A_CALL)
        ]  # fmt: skip
        found = self._all(wire.ServiceRevision, calls)
        return {one.service_revision_arn: one for one in found}

    def update_service(self, service: str, **changes: Any) -> wire.Service:
        """Change a service, once; the answer is the service with its new deployment."""
        answer = self.aws.write(
            "ecs", "update_service", cluster=self.cluster, service=service, **changes
        )
        if not isinstance(answer.get("service"), dict):
            raise MaybeApplied("ecs:UpdateService: a cut answer: it may have been applied")
        return _convert(wire.Service, answer["service"])

    def stop_task(self, id_: str, reason: str) -> None:
        """Stop a task, once."""
        self.aws.write("ecs", "stop_task", cluster=self.cluster, task=id_, reason=reason)

    def revisions(self, family: str, most: int) -> list[str]:
        """The ARNs of a family's newest revisions, the newest first."""
        return self.aws.items(
            "ecs", "list_task_definitions", "taskDefinitionArns",
            familyPrefix=family, sort="DESC", maxResults=most,
        )  # fmt: skip

    def cluster_exists(self) -> None:
        """Ask for the cluster itself.

        Raises:
            NotFound: with the clusters that there are.
        """
        found = self.aws.items("ecs", "describe_clusters", "clusters", clusters=[self.cluster])
        if not any(one.get("status") == "ACTIVE" for one in found):
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

    def may(self, operation: str, **arguments: Any) -> bool | None:
        """Whether a harmless read is allowed; None when something else went wrong."""
        try:
            self.aws.call("ecs", operation, cluster=self.cluster, **arguments)
        except Forbidden:
            return False
        except Refused:
            return None
        return True

    # --- Load balancers and autoscaling ---------------------------------------------------------

    def target_groups(self, arns: Iterable[str]) -> list[wire.TargetGroup]:
        calls = [
            partial(
                self.aws.items, "elbv2", "describe_target_groups", "TargetGroups",
                TargetGroupArns=list(some),
            )
            for some in batches(sorted(set(arns)), TARGET_GROUPS_A_CALL)
        ]  # fmt: skip
        return self._all(wire.TargetGroup, calls)

    def balancers(self, arns: Iterable[str]) -> list[wire.Balancer]:
        calls = [
            partial(
                self.aws.items, "elbv2", "describe_load_balancers", "LoadBalancers",
                LoadBalancerArns=list(some),
            )
            for some in batches(sorted(set(arns)), BALANCERS_A_CALL)
        ]  # fmt: skip
        return self._all(wire.Balancer, calls)

    def listeners(self, balancers: Iterable[str]) -> list[wire.Listener]:
        calls = [
            partial(self._listed, "describe_listeners", "Listeners", LoadBalancerArn=arn)
            for arn in sorted(set(balancers))
        ]
        return self._all(wire.Listener, calls)

    def rules(self, listener: str) -> list[wire.Rule]:
        return [_convert(wire.Rule, one) for one in
                self._listed("describe_rules", "Rules", ListenerArn=listener)]  # fmt: skip

    def target_health(self, target_group: str) -> list[wire.TargetHealth]:
        found = self.aws.items(
            "elbv2", "describe_target_health", "TargetHealthDescriptions",
            TargetGroupArn=target_group,
        )  # fmt: skip
        return [_convert(wire.TargetHealth, one) for one in found]

    def scalable_target(self, service: str) -> wire.ScalableTarget | None:
        """The Application Auto Scaling target that owns a service's desired count, if any."""
        found = self.aws.items(
            "application-autoscaling", "describe_scalable_targets", "ScalableTargets",
            ServiceNamespace="ecs",
            ResourceIds=[f"service/{self.cluster}/{service}"],
            ScalableDimension="ecs:service:DesiredCount",
        )  # fmt: skip
        return _convert(wire.ScalableTarget, found[0]) if found else None

    def _listed(self, operation: str, key: str, **arguments: Any) -> list[Any]:
        pages = self.aws.pages("elbv2", operation, key, token=MARKER, **arguments)
        return [one for page in pages for one in page]

    def _all(self, type_: type[T], calls: Iterable[Any]) -> list[T]:
        return [_convert(type_, one) for some in every(calls, self._deadline) for one in some]

    def _of_cluster(self, pages: Iterator[list[Any]]) -> Iterator[list[Any]]:
        with self._known_cluster():
            yield from pages

    @contextmanager
    def _known_cluster(self) -> Iterator[None]:
        """A cluster that is not there, in our words."""
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
        known = [last(arn) for arn in arns]
        return NotFound("cluster", self.cluster, where=self.aws.region, known=known)

    @property
    def _deadline(self) -> Any:
        return self.aws.runtime.deadline


def last(arn: str) -> str:
    """What an ARN ends in, in the old format and the new: a name, an id, or family:revision."""
    return arn.rsplit("/", 1)[-1]


def _accounts(arns: Iterable[str]) -> list[str]:
    """The accounts that ARNs belong to: ``arn:aws:ecs:REGION:ACCOUNT:…``."""
    return sorted({parts[4] for arn in arns if len(parts := arn.split(":")) > 5})


def _converted(type_: type[T], found: list[Mapping[str, Any]], *, raw: bool) -> list[Found[T]]:
    return [Found(_convert(type_, one), dict(one) if raw else None) for one in found]


def _convert(type_: type[T], found: Any) -> T:
    try:
        return msgspec.convert(found, ready(type_))
    except msgspec.ValidationError as error:
        raise BadAnswer(f"an answer that is not what the API documents: {error}") from error


convert = _convert
