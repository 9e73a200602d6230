"""What only ECS has, in as few calls as the APIs' page and batch sizes allow, side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from dashborion.concurrency import every
from dashborion.config.targets import Environment
from dashborion.errors import DashborionError, NotFound
from dashborion.models import ecs as models
from dashborion.models.definition import Comparison, Side
from dashborion.models.query import Found, Name, Query
from dashborion.orchestrators.aws.errors import Refused
from dashborion.orchestrators.aws.parts import decoded, in_batches, parts
from dashborion.orchestrators.ecs import find, native_normalise, native_wire, wire
from dashborion.orchestrators.ecs.client import DEFINITION, PAGE_SIZE, Client, definition_in

T = TypeVar("T")


@dataclass(frozen=True)
class EcsNative:
    """``Native`` of one cluster, and of the account and region that it is in."""

    client: Client

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
        ((item, _),) = decoded(native_wire.TaskDefinitionDetail, [raw], DEFINITION, None)
        labels = [tag for tag, _ in decoded(wire.Tag, tags, DEFINITION, None)]
        return Found(
            native_normalise.definition(item, labels, self.client.scope.environment),
            raw | {"tags": tags} if query.raw else None,
        )

    def difference(self, first: str, second: str | None, *, values: bool) -> Found[Comparison]:
        """As ``protocol.EcsNative``.

        ``second`` may be a revision's number; if ``first`` is a family, it is compared with
        the one before it.
        """
        names = self._pair(first, second)
        calls = [partial(self._definition, name) for name in names]
        (before, _), (after, _) = every(calls, self.client.aws.runtime.deadline)
        environment = self.client.scope.environment
        old, new = (wire.arn_name(item["taskDefinitionArn"]) for item in (before, after))
        left, right = (
            Side(
                project=environment.project,
                environment=environment.name,
                namespace=None,
                name=revision.partition(":")[0],
                type=None,
                revision=revision,
            )
            for revision in (old, new)
        )
        differences = native_normalise.compared_definitions(before, after, values=values)
        return Found(Comparison.of(right.name, left, right, differences))

    # --- Task definitions -----------------------------------------------------------------------

    def _definitions(self, query: Query) -> list[Found[Any]]:
        environment = self.client.scope.environment
        if query.within is None:
            return [
                Found(native_normalise.family(name, environment), {"family": name})
                for name in sorted(self._families())
            ]
        arns = self._revisions(query.within, query.limit or PAGE_SIZE)
        raws = self._raw_definitions(arns) if query.raw else {}
        lost: list[DashborionError] = []
        definitions = self.client.task_definitions(arns, lost.append)
        if lost and not definitions:
            raise lost[0]
        for error in lost:
            self.client.aws.runtime.incomplete(error)
        return [
            Found(native_normalise.revision(definitions[arn], environment), raws.get(arn))
            for arn in reversed(arns)
            if arn in definitions
        ]

    def _raw_definitions(self, arns: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Revisions as the API has them, with their tags, by ARN."""
        calls = [partial(self._definition, arn) for arn in arns]
        runtime = self.client.aws.runtime
        answers = filter(None, parts(calls, runtime.deadline, runtime.incomplete))
        return {raw["taskDefinitionArn"]: raw | {"tags": tags} for raw, tags in answers}

    def _families(self) -> list[str]:
        runtime = self.client.aws.runtime
        pages = self.client.aws.pages(
            "ecs", "list_task_definition_families", "families",
            status="ACTIVE", maxResults=PAGE_SIZE,
        )  # fmt: skip
        return in_batches(pages, list, runtime.deadline, runtime.incomplete)

    def _revisions(self, family: str, most: int) -> list[str]:
        """The ARNs of a family's newest active revisions, the newest first.

        Raises:
            NotFound: there is no such family; with the names of the others.
        """
        arns = self.client.newest_revisions(family, most)
        if not arns:
            region = self.client.aws.region
            raise NotFound("task definition family", family, where=region, known=self._families())
        return arns

    def _definition(self, name: str) -> tuple[dict[str, Any], list[Any]]:
        """A revision as the API has it, and its tags; by ``family``, ``family:revision`` or ARN."""
        ask = partial(self.client.aws.call, "ecs", "describe_task_definition", taskDefinition=name)
        try:
            answer = self.client.with_tags(ask)
        except Refused as error:
            family, _, number = wire.arn_name(name).partition(":")
            arns = self._revisions(family, PAGE_SIZE)  # raises if there is no such family
            known = [str(wire.family_and_revision(arn)[1]) for arn in arns]
            if not number:
                raise
            raise NotFound(
                "revision", number, where=f"task definition '{family}'", known=known
            ) from error
        return definition_in(answer), list(answer.get("tags") or ())

    def _pair(self, first: str, second: str | None) -> tuple[str, str]:
        """The names of the two revisions to compare, the earlier one first."""
        first, second = wire.arn_name(first), second and wire.arn_name(second)
        family, _, number = first.partition(":")
        if second is not None and second.isdecimal():
            second = f"{family}:{second}"
        if number:
            return first, second or family
        if second is not None and second.partition(":")[0] != family:
            return first, second
        wanted = (second or "").partition(":")[2]
        arns = self._revisions(family, PAGE_SIZE if wanted else 2)
        numbers = sorted(filter(None, (wire.family_and_revision(arn)[1] for arn in arns)))
        newest = int(wanted) if wanted.isdecimal() else max(numbers, default=0)
        earlier = [number for number in numbers if number < newest]
        if not earlier:
            raise NotFound("revision before", f"{family}:{newest}", where=self.client.aws.region)
        return f"{family}:{earlier[-1]}", f"{family}:{newest}"

    # --- Clusters and their instances -----------------------------------------------------------

    def _clusters(self, query: Query) -> list[Found[Any]]:
        listed = self.client.clusters(raw=query.raw, tell=self.client.aws.runtime.incomplete)
        return self._normalised(listed, native_normalise.cluster)

    def _cluster(self, name: str) -> Found[Any]:
        ask = partial(
            self.client.aws.items, "ecs", "describe_clusters", "clusters", clusters=[name]
        )
        items = self.client.with_tags(ask, "STATISTICS", "SETTINGS", "CONFIGURATIONS")
        for item, raw in decoded(native_wire.Cluster, items, "ecs:DescribeClusters", None):
            return Found(
                native_normalise.cluster_detail(item, self.client.scope.environment), dict(raw)
            )
        known = map(wire.arn_name, self.client.aws.optional(self.client.cluster_arns) or ())
        raise NotFound("cluster", name, where=self.client.aws.region, known=known)

    def _container_instances(self, query: Query) -> list[Found[Any]]:
        tell = self.client.aws.runtime.incomplete
        listed = self.client.container_instances(raw=query.raw, tell=tell)
        if not listed:
            self.client.require_cluster()
        return self._normalised(listed, native_normalise.container_instance)

    def _normalised(
        self,
        listed: Iterable[Found[T]],
        normalised: Callable[[T, Environment], models.EcsObject],
    ) -> list[Found[Any]]:
        """The objects as models, sorted by name."""
        environment = self.client.scope.environment
        found = [Found(normalised(one.item, environment), one.raw) for one in listed]
        return sorted(found, key=lambda entry: entry.item.name)

    # --- Deployments ----------------------------------------------------------------------------

    def _deployments(self, query: Query) -> list[Found[Any]]:
        """The current deployment of each service, or the newest ones of one service."""
        if query.within is not None:
            services = [find.workload(self.client, Name.parse(query.within), query).item]
            past = self.client.past_deployments(services[0].service_name, query.limit or PAGE_SIZE)
            arns = [deployment.service_deployment_arn for deployment in past]
        else:
            services = [found.item for found in find.services(self.client, query)]
            arns = [arn for service in services if (arn := service.current_service_deployment)]
        scope = self.client.scope
        namespaces = {item.service_name: scope.namespace(item.tags) for item in services}
        tell = self.client.aws.runtime.incomplete
        raws = self.client.deployments_by_arn(arns, tell)
        operation = "ecs:DescribeServiceDeployments"
        pairs = decoded(native_wire.ServiceDeploymentDetail, raws, operation, tell)
        definitions = self._task_definitions(item for item, _ in pairs)
        found = [
            Found(native_normalise.deployment(item, namespaces, definitions, scope), raw)
            for item, raw in pairs
        ]
        return sorted(found, key=_by_service_and_time)

    def _task_definitions(
        self, items: Iterable[native_wire.ServiceDeploymentDetail]
    ) -> dict[str, str]:
        """Task definitions by service revision; none and a warning if they may not be read."""
        targets = [item.target_service_revision for item in items]
        ask = partial(self.client.service_revisions, [target.arn for target in targets if target])
        revisions = self.client.aws.optional(ask) or {}
        return {arn: revision.task_definition for arn, revision in revisions.items()}


def _by_service_and_time(row: Found[models.ServiceDeployment]) -> tuple[Any, ...]:
    item = row.item
    return (item.namespace, item.service, item.created_at is not None, item.created_at)
