"""What only ECS has, in as few calls as the APIs' page and batch sizes allow, side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from dashborion.concurrency import every
from dashborion.config.targets import Environment
from dashborion.errors import BadAnswer, Forbidden, NotFound
from dashborion.models import ecs as models
from dashborion.models.query import Found, Name, Query
from dashborion.orchestrators.aws.client import batches
from dashborion.orchestrators.aws.errors import Refused
from dashborion.orchestrators.ecs import find, native_normalise, native_wire, normalise, wire
from dashborion.orchestrators.ecs.client import Client
from dashborion.orchestrators.ecs.decoding import convert

T = TypeVar("T")

# The APIs' limits.
PAGE_SIZE = 100
CLUSTERS_A_CALL, INSTANCES_A_CALL, DEPLOYMENTS_A_CALL = 100, 100, 20


@dataclass(frozen=True)
class EcsNative:
    """``Native`` of one cluster, and of the account and region that it is in."""

    client: Client
    scope: normalise.ClusterScope

    def listed(self, kind: str, query: Query) -> list[Found[Any]]:
        """The objects of a kind, sorted by name, or by time with the newest last.

        ``query.within`` is a family, to list its revisions, or a service, to list its
        deployments.
        """
        lists: Mapping[str, Callable[[Query], list[Found[Any]]]] = {
            "task-definitions": self._definitions,
            "clusters": self._clusters,
            "container-instances": self._container_instances,
            "deployments": self._deployments,
        }
        return lists[kind](query)

    def described(self, kind: str, name: str, query: Query) -> Found[Any]:
        """One task definition or cluster; without a name, the environment's own cluster.

        Raises:
            NotFound: with the names that exist.
        """
        if kind == "clusters":
            return self._cluster(name or self.client.cluster)
        raw, tags = self._definition(name)
        item = convert(native_wire.TaskDefinitionDetail, raw)
        labels = [convert(wire.Tag, tag) for tag in tags]
        return Found(
            native_normalise.definition(item, labels, self.scope.environment),
            raw | {"tags": tags} if query.raw else None,
        )

    def difference(
        self, first: str, second: str | None, *, values: bool
    ) -> Found[models.Difference]:
        """What changed from one revision to another.

        ``first`` alone is a family, whose newest two revisions are compared, or a
        revision, which is compared with the newest one. ``second`` may be a revision's
        number; if ``first`` is a family, it is compared with the one before it.

        Raises:
            NotFound: there is no such family or revision, or only one revision.
        """
        names = self._pair(first, second)
        calls = [partial(self._definition, name) for name in names]
        (before, _), (after, _) = every(calls, self.client.aws.runtime.deadline)
        old, new = (f"{item['family']}:{item['revision']}" for item in (before, after))
        return Found(
            models.Difference(
                project=self.scope.environment.project,
                environment=self.scope.environment.name,
                name=new,
                before=old,
                after=new,
                changes=native_normalise.changes(before, after, values=values),
            )
        )

    # --- Task definitions -----------------------------------------------------------------------

    def _definitions(self, query: Query) -> list[Found[Any]]:
        environment = self.scope.environment
        if query.within is None:
            return [
                Found(native_normalise.family(name, environment), {"family": name})
                for name in sorted(self._families())
            ]
        arns = self._revisions(query.within, query.limit or PAGE_SIZE)
        raws = self._raw_definitions(arns) if query.raw else {}
        definitions = self.client.task_definitions(arns)
        return [
            Found(native_normalise.revision(definitions[arn], environment), raws.get(arn))
            for arn in reversed(arns)
            if arn in definitions
        ]

    def _raw_definitions(self, arns: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Revisions as the API has them, with their tags, by ARN."""
        calls = [partial(self._definition, arn) for arn in arns]
        answers = every(calls, self.client.aws.runtime.deadline)
        return {raw["taskDefinitionArn"]: raw | {"tags": tags} for raw, tags in answers}

    def _families(self) -> list[str]:
        pages = self.client.aws.pages(
            "ecs", "list_task_definition_families", "families",
            status="ACTIVE", maxResults=PAGE_SIZE,
        )  # fmt: skip
        return [name for page in pages for name in page]

    def _revisions(self, family: str, most: int) -> list[str]:
        """The ARNs of a family's newest active revisions, the newest first.

        Raises:
            NotFound: there is no such family; with the names of the others.
        """
        arns: list[str] = []
        pages = self.client.aws.pages(
            "ecs", "list_task_definitions", "taskDefinitionArns",
            familyPrefix=family, sort="DESC", maxResults=min(most, PAGE_SIZE),
        )  # fmt: skip
        for page in pages:
            # The API takes the prefix as a whole name, but does not promise to.
            arns += [arn for arn in page if wire.arn_name(arn).rpartition(":")[0] == family]
            if len(arns) >= most:
                break
        if not arns:
            raise NotFound(
                "task definition family", family,
                where=self.client.aws.region, known=self._families(),
            )  # fmt: skip
        return arns[:most]

    def _definition(self, name: str) -> tuple[dict[str, Any], list[Any]]:
        """A revision as the API has it, and its tags; by ``family``, ``family:revision`` or ARN."""
        ask = partial(self.client.aws.call, "ecs", "describe_task_definition", taskDefinition=name)
        try:
            answer = self._with_tags(ask)
        except Refused as error:
            family, _, number = wire.arn_name(name).partition(":")
            arns = self._revisions(family, PAGE_SIZE)  # raises if there is no such family
            known = [wire.arn_name(arn).rpartition(":")[2] for arn in arns]
            raise NotFound(
                "revision", number, where=f"task definition '{family}'", known=known
            ) from error
        definition = answer.get("taskDefinition")
        if not isinstance(definition, dict):
            raise BadAnswer("ecs:DescribeTaskDefinition: an answer that was cut short")
        return definition, list(answer.get("tags") or ())

    def _with_tags(self, ask: Callable[..., Mapping[str, Any]], *also: str) -> Mapping[str, Any]:
        """An answer with tags; without the right to read them, none and a warning."""
        try:
            return ask(include=[*also, "TAGS"])
        except Forbidden as error:
            if "ListTagsForResource" not in error.message:
                raise
            self.client.aws.runtime.warn(error)
            return ask(include=list(also))

    def _pair(self, first: str, second: str | None) -> tuple[str, str]:
        """The names of the two revisions to compare, the earlier one first."""
        family, _, number = first.partition(":")
        if second is not None and second.isdecimal():
            second = f"{family}:{second}"
        if number:
            return first, second or family
        if second is not None and second.partition(":")[0] != family:
            return first, second
        wanted = (second or "").partition(":")[2]
        arns = self._revisions(family, PAGE_SIZE if wanted else 2)
        numbers = sorted(int(wire.arn_name(arn).rpartition(":")[2]) for arn in arns)
        newest = int(wanted) if wanted.isdecimal() else numbers[-1]
        earlier = [number for number in numbers if number < newest]
        if not earlier:
            raise NotFound("revision before", f"{family}:{newest}", where=self.client.aws.region)
        return f"{family}:{earlier[-1]}", f"{family}:{newest}"

    # --- Clusters and their instances -----------------------------------------------------------

    def _clusters(self, query: Query) -> list[Found[Any]]:
        calls = [
            partial(self.client.aws.items, "ecs", "describe_clusters", "clusters",
                    clusters=list(batch))
            for batch in batches(self.client.cluster_arns(), CLUSTERS_A_CALL)
        ]  # fmt: skip
        return self._normalised(calls, native_wire.Cluster, native_normalise.cluster, raw=query.raw)

    def _cluster(self, name: str) -> Found[Any]:
        ask = partial(self.client.aws.call, "ecs", "describe_clusters", clusters=[name])
        answer = self._with_tags(ask, "STATISTICS", "SETTINGS", "CONFIGURATIONS")
        for raw in answer.get("clusters") or ():
            if raw.get("status") != "INACTIVE":
                item = convert(native_wire.Cluster, raw)
                return Found(
                    native_normalise.cluster_detail(item, self.scope.environment), dict(raw)
                )
        known = [wire.arn_name(arn) for arn in self.client.cluster_arns()]
        raise NotFound("cluster", name, where=self.client.aws.region, known=known)

    def _container_instances(self, query: Query) -> list[Found[Any]]:
        calls = [
            partial(self.client.aws.items, "ecs", "describe_container_instances",
                    "containerInstances", cluster=self.client.cluster,
                    containerInstances=[wire.arn_name(arn) for arn in batch])
            for batch in batches(self.client.container_instance_arns(), INSTANCES_A_CALL)
        ]  # fmt: skip
        return self._normalised(
            calls, native_wire.ContainerInstance, native_normalise.container_instance, raw=query.raw
        )

    def _normalised(
        self,
        calls: Iterable[Callable[[], list[Any]]],
        type_: type[T],
        normalised: Callable[[T, Environment], models.EcsObject],
        *,
        raw: bool,
    ) -> list[Found[Any]]:
        """The items of all answers, sorted by name."""
        found = [
            Found(
                normalised(convert(type_, item), self.scope.environment),
                dict(item) if raw else None,
            )
            for answer in every(calls, self.client.aws.runtime.deadline)
            for item in answer
        ]
        return sorted(found, key=lambda entry: entry.item.name)

    # --- Deployments ----------------------------------------------------------------------------

    def _deployments(self, query: Query) -> list[Found[Any]]:
        """The current deployment of each service, or the newest ones of one service."""
        if query.within is not None:
            name = Name.parse(query.within)
            namespace = find.namespace_of(query, name)
            services = [find.workload(self.client, self.scope, name, namespace).item]
            arns = self._deployments_of(services[0].service_name, query.limit or PAGE_SIZE)
        else:
            services = self._services(query)
            arns = [arn for service in services if (arn := service.current_service_deployment)]
        namespaces = {item.service_name: self.scope.namespace(item.tags) for item in services}
        calls = [
            partial(self.client.aws.items, "ecs", "describe_service_deployments",
                    "serviceDeployments", serviceDeploymentArns=list(batch))
            for batch in batches(arns, DEPLOYMENTS_A_CALL)
        ]  # fmt: skip
        answers = every(calls, self.client.aws.runtime.deadline)
        raws = [raw for answer in answers for raw in answer]
        items = [convert(native_wire.ServiceDeploymentDetail, raw) for raw in raws]
        definitions = self._task_definitions(items)
        found = [
            Found(native_normalise.deployment(item, namespaces, definitions, self.scope), raw)
            for item, raw in zip(items, raws, strict=True)
        ]
        return sorted(found, key=_by_service_and_time)

    def _services(self, query: Query) -> list[wire.Service]:
        services = [found.item for found in self.client.services()]
        wanted = None if query.all_namespaces else query.namespace
        if not services:
            self.client.require_cluster()
        if wanted is None:
            return services
        inside = [item for item in services if self.scope.namespace(item.tags) == wanted]
        if not inside:
            find.require_namespace(self.scope, wanted, services)
        return inside

    def _deployments_of(self, service: str, most: int) -> list[str]:
        """The ARNs of a service's newest deployments; ECS lists the newest first."""
        arns: list[str] = []
        pages = self.client.aws.pages(
            "ecs", "list_service_deployments", "serviceDeployments",
            cluster=self.client.cluster, service=service, maxResults=min(most, PAGE_SIZE),
        )  # fmt: skip
        for page in pages:
            arns += [str(item.get("serviceDeploymentArn")) for item in page]
            if len(arns) >= most:
                break
        return arns[:most]

    def _task_definitions(
        self, items: Iterable[native_wire.ServiceDeploymentDetail]
    ) -> dict[str, str]:
        """Task definitions by service revision; none and a warning if they may not be read."""
        targets = [item.target_service_revision for item in items]
        try:
            revisions = self.client.service_revisions(target.arn for target in targets if target)
        except (Forbidden, Refused) as error:
            self.client.aws.runtime.warn(error)
            return {}
        return {arn: revision.task_definition for arn, revision in revisions.items()}


def _by_service_and_time(found: Found[models.ServiceDeployment]) -> tuple[Any, ...]:
    item = found.item
    return (item.namespace, item.service, item.created_at is not None, item.created_at)
