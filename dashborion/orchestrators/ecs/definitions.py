"""What services are made of, in as few calls as the APIs' batches allow, side by side.

Task definitions are asked for whole: what is kept on disk of them has no commands and no variables.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import msgspec

from dashborion.concurrency import every, result, start
from dashborion.errors import BadAnswer, DashborionError, NotFound, Refusal
from dashborion.models.definition import Comparison, Defined, Side
from dashborion.models.query import Found, Name, Part, Query
from dashborion.models.workload import Workload
from dashborion.orchestrators.aws.errors import Refused
from dashborion.orchestrators.aws.parts import LOST, part, parts
from dashborion.orchestrators.definitions import Digests
from dashborion.orchestrators.ecs import definition, definition_wire, find, normalise, wire
from dashborion.orchestrators.ecs import instances as tasks
from dashborion.orchestrators.ecs.client import Client, definition_in
from dashborion.orchestrators.ecs.endpoints import endpoints
from dashborion.orchestrators.ecs.history import past_revisions
from dashborion.orchestrators.ecs.native_normalise import compared_definitions
from dashborion.orchestrators.ecs.routes import Routes, routes
from dashborion.orchestrators.protocol import Running, RunningContainer

ECR = re.compile(
    r"(?P<account>\d{12})\.dkr[.-]ecr\.(?P<region>[a-z0-9-]+)\.[a-z.]+/(?P<name>[^:@]+)"
)


@dataclass(frozen=True)
class Definitions:
    """As ``protocol.Definitions``."""

    client: Client

    def listed(self, query: Query) -> Listing:
        """All services."""
        return Listing(self.client, query, [one.item for one in find.services(self.client, query)])

    def revisions(
        self, name: Name, query: Query, between: tuple[str, str] | None
    ) -> Found[Comparison]:
        """Of those that the service ran, or else of its family's."""
        client = self.client
        service = find.workload(client, name, query).item
        past, doubt = past_revisions(client, service)
        known = [one.revision.revision for one in past]
        where = f"the history of {service.service_name}"
        family, _ = wire.family_and_revision(normalise.definition_of(service))
        if between is None and len(past) < 2:
            why = f"its history ({doubt})" if doubt else "its history"
            raise NotFound("other revision of", service.service_name, where=why, known=known)
        if between is None and doubt:
            client.aws.runtime.warn(DashborionError(doubt))
        arns = [one.arn for one in past[-2:]]
        if between is not None:
            arns = [f"{family}:{one}" if one.isdecimal() else one for one in between]

        def ask(arn: str) -> dict[str, Any]:
            try:
                return _whole(client, arn)
            except Refused as error:
                raise NotFound("revision", arn, where=where, known=known) from error

        answers = list(every([partial(ask, one) for one in arns], client.aws.runtime.deadline))
        plain = normalise.workload(service, None, 0, [], client.scope)
        left, right = (
            Side.of(plain, wire.arn_name(str(one["taskDefinitionArn"]))) for one in answers
        )
        differences = compared_definitions(*answers, values=False)
        return Found(Comparison.of(service.service_name, left, right, differences))

    def running(self, name: Name, query: Query) -> Running:
        """What ECS resolved for the deployment that got through, and what its tasks tell."""
        client = self.client
        service = find.workload(client, name, query).item
        arn = normalise.definition_of(service)
        listing = start(partial(client.tasks, service=service.service_name))
        resolving = start(partial(_resolved, client, service, arn))
        whole = definition_wire.task_definition(_whole(client, arn))
        listed = [one.item for one in result(listing, client.aws.runtime.deadline)]
        told, unhealthy = definition.digests_of(listed), sum(map(tasks.is_unhealthy, listed))
        revision = result(resolving, client.aws.runtime.deadline)
        resolved = {one.container_name: one.image_digest for one in revision.container_images}
        on = definition.platform(whole, revision.overrides.runtime_platform.cpu_architecture)
        return Running(
            client.scope.environment,
            normalise.workload(service, None, unhealthy, [], client.scope),
            [
                RunningContainer(
                    one.name, one.image, _certain(told.get(one.name, ()), resolved.get(one.name))
                )
                for one in whole.container_definitions
            ],
            frozenset({on.rpartition("/")[2]}) if on else None,
        )

    def tags_of(self, repository: str, digest: str) -> list[str] | None:
        """Of images in ECR, if they may be described."""
        place = ECR.fullmatch(repository)
        if place is None:
            return None
        aws = self.client.aws.in_region(place["region"])
        try:
            answer = aws.call(
                "ecr", "describe_images", registryId=place["account"],
                repositoryName=place["name"], imageIds=[{"imageDigest": digest}],
            )  # fmt: skip
        except Refused as error:
            if error.reason == "ImageNotFoundException":
                raise Refusal(f"{repository} has no image {digest}") from error
            return None
        except LOST:
            return None
        found = answer.get("imageDetails") or [{}]
        return [str(tag) for tag in found[0].get("imageTags") or ()]


@dataclass(frozen=True)
class Listing:
    """As ``protocol.Listing``."""

    client: Client
    query: Query
    services: Sequence[wire.Service]

    @cached_property
    def workloads(self) -> list[Found[Workload]]:
        """Those of the services, by what these say themselves."""
        scope = self.client.scope
        return [Found(normalise.workload(one, None, 0, [], scope)) for one in self.services]

    def define(self, chosen: Sequence[Workload]) -> list[Defined]:
        """With tasks, scalable targets and load balancers, as far as these are compared."""
        client, query, runtime = self.client, self.query, self.client.aws.runtime
        names = {one.name for one in chosen}
        wanted = [
            (service, plain.item)
            for service, plain in zip(self.services, self.workloads, strict=True)
            if service.service_name in names
        ]
        services = [service for service, _ in wanted]
        asked: dict[Part, Callable[[], Any]] = {
            "digests": partial(_digests, client, services),
            "endpoints": partial(routes, client, services),
            "autoscaling": partial(_targets, client, services),
        }
        started = {
            name: start(partial(part, ask, runtime.warn))
            for name, ask in asked.items()
            if query.wants(name)
        }
        arns = sorted({arn for one in services if (arn := normalise.definition_of(one))})
        calls = [partial(_whole, client, arn) for arn in arns]
        answers = parts(calls, runtime.deadline, runtime.incomplete)
        around = {name: result(one, runtime.deadline) for name, one in started.items()}
        wholes = {arn: one for arn, one in zip(arns, answers, strict=True) if one is not None}
        defined = []
        for service, plain in wanted:
            whole = wholes.get(normalise.definition_of(service))
            if whole is not None:
                try:
                    defined.append(_defined(service, whole, plain, around))
                except BadAnswer as error:
                    runtime.incomplete(error)
        return defined


def _defined(
    service: wire.Service, whole: Any, plain: Workload, around: Mapping[Part, Any]
) -> Defined:
    name, digests = service.service_name, around.get("digests")
    ways = endpoints(service, around.get("endpoints") or Routes())
    return definition.defined(
        service,
        definition_wire.task_definition(whole),
        msgspec.structs.replace(plain, endpoints=ways),
        digests=None if digests is None else digests.get(name, {}),
        target=(around.get("autoscaling") or {}).get(name),
    )


def _whole(client: Client, arn: str) -> dict[str, Any]:
    """A task definition as the API has it."""
    return definition_in(client.aws.call("ecs", "describe_task_definition", taskDefinition=arn))


def _digests(client: Client, services: Sequence[wire.Service]) -> dict[str, Digests]:
    """What the tasks of each service run; of one service only that one's are listed."""
    only = services[0].service_name if len(services) == 1 else None
    listed: dict[str, list[wire.Task]] = {one.service_name: [] for one in services}
    for task in client.tasks(service=only, tell=client.aws.runtime.warn) if services else ():
        owner = tasks.workload_of(task.item)
        if owner in listed:
            listed[owner].append(task.item)
    return {name: definition.digests_of(own) for name, own in listed.items()}


def _targets(client: Client, services: Sequence[wire.Service]) -> dict[str, wire.ScalableTarget]:
    """The scalable targets by service."""
    found = client.scalable_targets([one.service_name for one in services])
    return {wire.arn_name(one.resource_id): one for one in found}


def _resolved(client: Client, service: wire.Service, current: str) -> wire.ServiceRevision:
    """What ECS made of the newest deployment, if that got through; else nothing."""
    try:
        newest = client.past_deployments(service.service_name, 1)
        revisions = client.service_revisions(
            one.target_service_revision_arn or "" for one in newest if one.status == "SUCCESSFUL"
        )
    except LOST:
        return wire.ServiceRevision()  # an older API, or no right to it: the tasks tell, too
    found = (one for one in revisions.values() if one.task_definition == current)
    return next(found, wire.ServiceRevision())


def _certain(told: Sequence[str | None], resolved: str | None) -> list[str | None]:
    """What tasks run; where their agent does not tell, what ECS has resolved for them."""
    if resolved is None or not told:
        return list(told)
    return list(dict.fromkeys([resolved, *(one for one in told if one is not None)]))
