"""What only ECS has, in as few calls as the APIs' page and batch sizes allow, side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from dashborion.concurrency import every
from dashborion.errors import BadAnswer, Forbidden, NotFound
from dashborion.models import ecs as models
from dashborion.models.query import Found, Name, Query
from dashborion.orchestrators.aws.client import batches
from dashborion.orchestrators.aws.errors import Refused
from dashborion.orchestrators.ecs import find, native_normalise, normalise, wire
from dashborion.orchestrators.ecs.client import Client, convert, last
from dashborion.orchestrators.ecs.wire import clusters, details

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
        item = convert(details.TaskDefinitionDetail, raw)
        labels = [convert(wire.Tag, one) for one in tags]
        return Found(
            native_normalise.definition(item, labels, self.scope.environment),
            raw | {"tags": tags} if query.raw else None,
        )

    def difference(
        self, first: str, second: str | None, *, values: bool
    ) -> Found[models.Difference]:
        """What changed from one revision to another.

        ``first`` alone is a family, of which the newest two are compared, or a
        revision, which is compared with the newest. ``second`` may be a revision's
        number; after a family without one, its predecessor is the other.

        Raises:
            NotFound: no such family or revision, or only one.
        """
        names = self._pair(first, second)
        calls = [partial(self._definition, name) for name in names]
        (before, _), (after, _) = every(calls, self.client.aws.runtime.deadline)
        old, new = (f"{one['family']}:{one['revision']}" for one in (before, after))
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
        if query.within is None:
            families = self._families()
            return [Found(native_normalise.family(name, self.scope.environment), {"family": name})
                    for name in sorted(families)]  # fmt: skip
        arns = self._revisions(query.within, query.limit or PAGE_SIZE)
        if query.raw:
            calls = [partial(self._definition, arn) for arn in arns]
            found = list(every(calls, self.client.aws.runtime.deadline))
            raws = {raw["taskDefinitionArn"]: raw | {"tags": tags} for raw, tags in found}
        else:
            raws = {}
        known = self.client.task_definitions(arns)
        return [
            Found(native_normalise.revision(known[arn], self.scope.environment), raws.get(arn))
            for arn in reversed(arns)
            if arn in known
        ]

    def _families(self) -> list[str]:
        pages = self.client.aws.pages(
            "ecs", "list_task_definition_families", "families",
            status="ACTIVE", maxResults=PAGE_SIZE,
        )  # fmt: skip
        return [name for page in pages for name in page]

    def _revisions(self, family: str, most: int) -> list[str]:
        """The ARNs of a family's newest active revisions, the newest first.

        Raises:
            NotFound: with the families there are.
        """
        found: list[str] = []
        pages = self.client.aws.pages(
            "ecs", "list_task_definitions", "taskDefinitionArns",
            familyPrefix=family, sort="DESC", maxResults=min(most, PAGE_SIZE),
        )  # fmt: skip
        for page in pages:
            # The prefix is a whole family's name, but let nobody rely on it.
            found += [arn for arn in page if last(arn).rpartition(":")[0] == family]
            if len(found) >= most:
                break
        if not found:
            raise NotFound(
                "task definition family", family,
                where=self.client.aws.region, known=self._families(),
            )  # fmt: skip
        return found[:most]

    def _definition(self, name: str) -> tuple[dict[str, Any], list[Any]]:
        """A revision by ``family``, ``family:revision`` or ARN, as the API has it, and its tags."""
        ask = partial(self.client.aws.call, "ecs", "describe_task_definition", taskDefinition=name)
        try:
            answer = self._with_tags(ask)
        except Refused as error:
            family, _, number = last(name).partition(":")
            self._revisions(family, 1)  # says which families there are
            known = [last(arn).rpartition(":")[2] for arn in self._revisions(family, PAGE_SIZE)]
            raise NotFound(
                "revision", number, where=f"task definition '{family}'", known=known
            ) from error
        found = answer.get("taskDefinition")
        if not isinstance(found, dict):
            raise BadAnswer("ecs:DescribeTaskDefinition: an answer that was cut short")
        return found, list(answer.get("tags") or ())

    def _with_tags(self, ask: Callable[..., Mapping[str, Any]], *also: str) -> Mapping[str, Any]:
        """An answer with tags; whoever may not read these gets none, and a warning."""
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
        numbers = sorted(int(last(arn).rpartition(":")[2]) for arn in arns)
        newest = int(wanted) if wanted.isdecimal() else numbers[-1]
        earlier = [one for one in numbers if one < newest]
        if not earlier:
            raise NotFound("revision before", f"{family}:{newest}", where=self.client.aws.region)
        return f"{family}:{earlier[-1]}", f"{family}:{newest}"

    # --- Clusters and their instances -----------------------------------------------------------

    def _clusters(self, query: Query) -> list[Found[Any]]:
        calls = [
            partial(self.client.aws.items, "ecs", "describe_clusters", "clusters",
                    clusters=list(some))
            for some in batches(self.client.cluster_arns(), CLUSTERS_A_CALL)
        ]  # fmt: skip
        return self._made(calls, clusters.Cluster, native_normalise.cluster, raw=query.raw)

    def _cluster(self, name: str) -> Found[Any]:
        ask = partial(self.client.aws.call, "ecs", "describe_clusters", clusters=[name])
        answer = self._with_tags(ask, "STATISTICS", "SETTINGS", "CONFIGURATIONS")
        for raw in answer.get("clusters") or ():
            if raw.get("status") != "INACTIVE":
                item = convert(clusters.Cluster, raw)
                return Found(
                    native_normalise.cluster_detail(item, self.scope.environment), dict(raw)
                )
        known = [last(arn) for arn in self.client.cluster_arns()]
        raise NotFound("cluster", name, where=self.client.aws.region, known=known)

    def _container_instances(self, query: Query) -> list[Found[Any]]:
        calls = [
            partial(self.client.aws.items, "ecs", "describe_container_instances",
                    "containerInstances", cluster=self.client.cluster,
                    containerInstances=[last(arn) for arn in some])
            for some in batches(self.client.container_instance_arns(), INSTANCES_A_CALL)
        ]  # fmt: skip
        return self._made(
            calls, clusters.ContainerInstance, native_normalise.container_instance, raw=query.raw
        )

    def _made(
        self, calls: Iterable[Any], type_: type[Any], make: Callable[..., Any], *, raw: bool
    ) -> list[Found[Any]]:
        found = [
            Found(make(convert(type_, one), self.scope.environment), dict(one) if raw else None)
            for some in every(calls, self.client.aws.runtime.deadline)
            for one in some
        ]
        return sorted(found, key=lambda one: str(one.item.name))

    # --- Deployments ----------------------------------------------------------------------------

    def _deployments(self, query: Query) -> list[Found[Any]]:
        """The current one of each service, or the newest of one service."""
        if query.within is not None:
            name = Name.parse(query.within)
            namespace = find.namespace_of(query, name)
            services = [find.workload(self.client, self.scope, name, namespace).item]
            arns = self._deployments_of(services[0].service_name, query.limit or PAGE_SIZE)
        else:
            services = self._services(query)
            arns = [arn for one in services if (arn := one.current_service_deployment)]
        namespaces = {one.service_name: self.scope.namespace(one.tags) for one in services}
        calls = [
            partial(self.client.aws.items, "ecs", "describe_service_deployments",
                    "serviceDeployments", serviceDeploymentArns=list(some))
            for some in batches(arns, DEPLOYMENTS_A_CALL)
        ]  # fmt: skip
        raws = [one for some in every(calls, self.client.aws.runtime.deadline) for one in some]
        items = [convert(details.ServiceDeploymentDetail, one) for one in raws]
        definitions = self._definitions_of(items)
        found = [
            Found(native_normalise.deployment(item, namespaces, definitions, self.scope), raw)
            for item, raw in zip(items, raws, strict=True)
        ]
        return sorted(found, key=lambda one: _by_service_and_time(one.item))

    def _services(self, query: Query) -> list[wire.Service]:
        services = [one.item for one in self.client.services()]
        wanted = None if query.all_namespaces else query.namespace
        if not services:
            self.client.cluster_exists()
        if wanted is None:
            return services
        inside = [one for one in services if self.scope.namespace(one.tags) == wanted]
        if not inside:
            find.require_namespace(self.scope, wanted, services)
        return inside

    def _deployments_of(self, service: str, most: int) -> list[str]:
        """The ARNs of a service's newest deployments; ECS lists the newest first."""
        found: list[str] = []
        pages = self.client.aws.pages(
            "ecs", "list_service_deployments", "serviceDeployments",
            cluster=self.client.cluster, service=service, maxResults=min(most, PAGE_SIZE),
        )  # fmt: skip
        for page in pages:
            found += [str(one.get("serviceDeploymentArn")) for one in page]
            if len(found) >= most:
                break
        return found[:most]

    def _definitions_of(self, items: Iterable[details.ServiceDeploymentDetail]) -> dict[str, str]:
        """Task definitions by service revision; whoever may not ask gets a warning."""
        arns = sorted(
            {one.target_service_revision.arn for one in items if one.target_service_revision}
        )
        calls = [
            partial(self.client.aws.items, "ecs", "describe_service_revisions",
                    "serviceRevisions", serviceRevisionArns=list(some))
            for some in batches(arns, DEPLOYMENTS_A_CALL)
        ]  # fmt: skip
        try:
            raws = [one for some in every(calls, self.client.aws.runtime.deadline) for one in some]
        except (Forbidden, Refused) as error:
            self.client.aws.runtime.warn(error)
            return {}
        revisions = [convert(wire.ServiceRevision, one) for one in raws]
        return {one.service_revision_arn: one.task_definition or "" for one in revisions}


def _by_service_and_time(item: models.ServiceDeployment) -> tuple[Any, ...]:
    made = item.created_at
    return (item.namespace, item.service, made is not None, made)
