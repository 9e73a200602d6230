"""What happened in a cluster, in few calls: only services that moved are asked about.

For a thousand services, 10 calls list them and 100 describe them, events included. Each that moved
costs one for its deployments; their revisions, details and tasks come in batches.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, partial
from typing import Any, TypeVar

import msgspec

from dashborion.concurrency import start
from dashborion.errors import DashborionError
from dashborion.models.query import Found, Query
from dashborion.models.timeline import EntryKind
from dashborion.models.workload import Workload
from dashborion.orchestrators.aws.client import convert
from dashborion.orchestrators.aws.parts import part, parts
from dashborion.orchestrators.ecs import cloudtrail, find, normalise, timeline, wire
from dashborion.orchestrators.ecs import instances as tasks
from dashborion.orchestrators.ecs.client import Client, definition_in
from dashborion.orchestrators.protocol import Looked, Past

T = TypeVar("T")

_REACH = (
    "90 days of deployments, 100 events of each service, an hour of stopped tasks, 6 weeks of "
    "autoscaling"
)
_TRAIL_PAGE, _TRAIL_PAGES, _PACE_SECONDS = 50, 5, 0.5  # two calls a second, per account and region
_FEW = 20  # task definitions that are asked for whole
_OF_TASKS = (EntryKind.INSTANCE, EntryKind.RESTART, EntryKind.SCALE)
_OF_ROLLOUTS = (
    EntryKind.ROLLOUT, EntryKind.CONFIG, EntryKind.HOOK, EntryKind.ALARM, EntryKind.SCALE,
)  # fmt: skip


@dataclass(frozen=True)
class Timeline:
    """As ``protocol.Timeline``."""

    client: Client

    def listed(self, query: Query) -> Lookback:
        """All services."""
        return Lookback(self.client, [one.item for one in find.services(self.client, query)])


@dataclass(frozen=True)
class _Deployed:
    """The deployments of services, by name, and the task definitions that they went to."""

    deployments: Mapping[str, Sequence[wire.ServiceDeployment]]
    targets: Mapping[str, str]


@dataclass(frozen=True)
class Lookback:
    """As ``protocol.Lookback``."""

    client: Client
    services: Sequence[wire.Service]

    @cached_property
    def workloads(self) -> list[Found[Workload]]:
        """Those of the services, by what these say themselves."""
        scope = self.client.scope
        return [Found(normalise.workload(one, None, 0, [], scope)) for one in self.services]

    def past(self, chosen: Sequence[Workload], looked: Looked) -> Past:
        """Of services, their tasks and Application Auto Scaling; what cannot be had is told."""
        client = self.client
        names = {one.name for one in chosen}
        items = [one for one in self.services if one.service_name in names]
        now = client.aws.runtime.now()
        stopping = start(partial(self._stopped, items)) if looked.wants(*_OF_TASKS) else None
        scales = looked.wants(EntryKind.SCALE)
        scaling = start(partial(self._activities, looked)) if scales else None
        moved = [
            service
            for service in items
            if any(_is_since(one, looked.since) for one in service.deployments)
        ]
        deployed, definitions = _Deployed({}, {}), {}
        if looked.wants(*_OF_ROLLOUTS):
            deployed = self._deployed(moved, looked.since)
            arns = {one.task_definition for service in moved for one in service.deployments}
            definitions = client.task_definitions(arns | set(deployed.targets.values()))
        stopped = (stopping and client.aws.optional(stopping.result)) or {}
        activities = (scaling and client.aws.optional(scaling.result)) or {}
        facts = [
            timeline.ServicePast(
                plain=plain.item,
                service=service,
                deployments=deployed.deployments.get(service.service_name, ()),
                targets=deployed.targets,
                definitions=definitions,
                stopped=stopped.get(service.service_name, ()),
                activities=activities.get(service.service_name, ()),
                now=now,
            )
            for plain, service in zip(self.workloads, self.services, strict=True)
            if service.service_name in names
        ]
        wholes = self._wholes(arn for one in facts for arn in timeline.alike(one))
        told = [timeline.entries(msgspec.structs.replace(one, wholes=wholes)) for one in facts]
        entries = [entry for of_service in told for entry in of_service]
        if looked.who:
            shown = [one for one in entries if one.timestamp and one.timestamp >= looked.since]
            trails = client.aws.optional(partial(self._trails, looked, {one.kind for one in shown}))
            entries = entries if trails is None else cloudtrail.with_actors(entries, trails, now)
        return Past(entries, _REACH)

    def _deployed(self, moved: Sequence[wire.Service], since: datetime) -> _Deployed:
        """The deployments since then and the one before, with what a list does not say of them."""
        client = self.client
        names = [one.service_name for one in moved]
        calls = [partial(client.past_deployments, name) for name in names]
        listed = parts(calls, client.aws.runtime.deadline, client.aws.runtime.warn)
        shown = {
            name: _since(deployments, since)
            for name, deployments in zip(names, listed, strict=True)
            if deployments
        }
        everything = [one for deployments in shown.values() for one in deployments]
        new = [one for one in everything if _is_since(one, since)]
        arns = [one.target_service_revision_arn or "" for one in everything]
        describing = start(
            partial(client.described_deployments, [one.service_deployment_arn for one in new])
        )
        revisions = client.aws.optional(partial(client.service_revisions, filter(None, arns))) or {}
        told = client.aws.optional(describing.result) or ()
        details = {one.service_deployment_arn: one for one in told}
        return _Deployed(
            {
                name: [_detailed(one, details) for one in reversed(deployments)]
                for name, deployments in shown.items()
            },
            {arn: one.task_definition for arn, one in revisions.items()},
        )

    def _wholes(self, arns: Iterable[str]) -> dict[str, Any]:
        """Task definitions as the API has them, a few: nothing of their variables is kept."""
        client, few = self.client, list(dict.fromkeys(arns))[:_FEW]
        calls = [partial(client.aws.call, "ecs", "describe_task_definition", taskDefinition=arn)
                 for arn in few]  # fmt: skip
        answers = parts(calls, client.aws.runtime.deadline, client.aws.runtime.warn)
        return {
            arn: definition_in(answer)
            for arn, answer in zip(few, answers, strict=True)
            if answer is not None
        }

    def _stopped(self, items: Sequence[wire.Service]) -> dict[str, list[wire.Task]]:
        """Tasks that stopped within the hour, by service."""
        only = items[0].service_name if len(items) == 1 else None
        tell = self.client.aws.runtime.incomplete
        listed = part(partial(self.client.tasks, service=only, stopped=True, tell=tell), tell) or ()
        return _by_service((tasks.workload_of(one.item), one.item) for one in listed)

    def _activities(self, looked: Looked) -> dict[str, list[timeline.Activity]]:
        """What Application Auto Scaling did since then, of the whole cluster: newest first."""
        name = "application-autoscaling:DescribeScalingActivities"
        found: list[timeline.Activity] = []
        pages = self.client.aws.pages(
            "application-autoscaling", "describe_scaling_activities", "ScalingActivities",
            token=("NextToken", "NextToken"), ServiceNamespace="ecs",
        )  # fmt: skip
        for page in pages:
            activities = convert(list[timeline.Activity], page, name)
            found += activities
            if any(one.start_time and one.start_time < looked.since for one in activities):
                break
        head = f"service/{self.client.cluster}/"
        return _by_service(
            (one.resource_id.removeprefix(head), one)
            for one in found
            if one.resource_id.startswith(head)
        )

    def _trails(self, looked: Looked, kinds: set[EntryKind]) -> list[cloudtrail.Trail]:
        """Who called what, as far as CloudTrail knows it by now."""
        aws = self.client.aws
        found: list[cloudtrail.Trail] = []
        until = {} if looked.until is None else {"EndTime": looked.until}
        for name in cloudtrail.names_about(kinds):
            pages = aws.pages(
                "cloudtrail", "lookup_events", "Events", token=("NextToken", "NextToken"),
                LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": name}],
                StartTime=looked.since, MaxResults=_TRAIL_PAGE, **until,
            )  # fmt: skip
            for number, page in enumerate(pages, 1):
                found += convert(list[cloudtrail.Trail], page, "cloudtrail:LookupEvents")
                aws.runtime.sleep(_PACE_SECONDS)
                if number == _TRAIL_PAGES:
                    limit = f"of {name}, CloudTrail's newest {_TRAIL_PAGES * _TRAIL_PAGE} are known"
                    aws.runtime.warn(DashborionError(limit))
                    break
        return found


def _is_since(deployment: wire.Deployment | wire.ServiceDeployment, since: datetime) -> bool:
    """Whether it began or changed since then."""
    times = (deployment.created_at, deployment.updated_at)
    return any(at is not None and at >= since for at in times)


def _since(
    deployments: Sequence[wire.ServiceDeployment], since: datetime
) -> list[wire.ServiceDeployment]:
    """The newest first: those since then, and the one before them."""
    new = [one for one in deployments if _is_since(one, since)]
    older = [one for one in deployments if not _is_since(one, since)]
    return [*new, *older[:1]]


def _detailed(
    listed: wire.ServiceDeployment, details: Mapping[str, wire.ServiceDeployment]
) -> wire.ServiceDeployment:
    """A deployment as it is described; its target's ARN is in the list alone."""
    known = details.get(listed.service_deployment_arn)
    if known is None:
        return listed
    return msgspec.structs.replace(
        known, target_service_revision_arn=listed.target_service_revision_arn
    )


def _by_service(pairs: Iterable[tuple[str | None, T]]) -> dict[str, list[T]]:
    groups: defaultdict[str, list[T]] = defaultdict(list)
    for name, item in pairs:
        groups[name or ""].append(item)
    return groups
