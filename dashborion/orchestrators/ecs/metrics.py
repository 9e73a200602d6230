"""What services and tasks use: CloudWatch in batches, Container Insights by a query of its log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from dashborion.concurrency import result, start
from dashborion.errors import BadAnswer, DashborionError, NoMetrics
from dashborion.models.query import Query
from dashborion.models.usage import MachineUsage
from dashborion.orchestrators.aws.client import batches, convert
from dashborion.orchestrators.aws.errors import Refused
from dashborion.orchestrators.aws.parts import part, rows
from dashborion.orchestrators.ecs import find, instances, native_wire, normalise, usage
from dashborion.orchestrators.ecs.client import Client
from dashborion.orchestrators.ecs.inventory import Inventory
from dashborion.orchestrators.protocol import IsMeant
from dashborion.orchestrators.samples import Sample

SERVICES_A_CALL = usage.QUERIES_A_CALL // len(usage.SERIES)
_POLL_SECONDS = 0.5
_NEXT = ("NextToken", "NextToken")


@dataclass(frozen=True)
class Usage:
    """As ``protocol.Usage``."""

    client: Client

    def workloads(
        self, query: Query, window: timedelta, is_meant: IsMeant, *, each: bool
    ) -> list[Sample]:
        """Services as wholes, by CloudWatch; ``each`` of their tasks by Container Insights."""
        if each:
            return [
                one
                for one in self.instances(query, window)
                if one.workload is not None and is_meant(one.workload, one.type, one.namespace)
            ]
        client, namespace = self.client, self.client.scope.namespace
        running = [
            one
            for one in (found.item for found in find.services(client, query))
            if one.running_count
            and is_meant(one.service_name, normalise.type_of(one), namespace(one.tags))
        ]
        definitions = start(
            partial(
                client.task_definitions,
                {arn for one in running for arn in usage.running_definitions(one)},
            )
        )
        measured = self._percents([one.service_name for one in running], window)
        sizes = result(definitions, client.aws.runtime.deadline)
        return [
            usage.of_service(one, sizes, measured[one.service_name], client.scope, window)
            for one in running
            if one.service_name in measured
        ]

    def _percents(self, services: Sequence[str], window: timedelta) -> dict[str, usage.Percents]:
        """What CloudWatch has of services; that it lacks some, which run, is told."""
        runtime = self.client.aws.runtime
        groups = batches(services, SERVICES_A_CALL)
        calls = [partial(self._batch, group, window) for group in groups]
        answers = rows(calls, runtime.deadline, runtime.incomplete)
        lost = [(name, why) for _, missing in answers for name, why in missing.items()]
        for why in dict.fromkeys(why for _, why in lost):
            names = ", ".join(name for name, reason in lost if reason == why)
            runtime.incomplete(DashborionError(f"not checked: {names}: {why}"))
        return {name: one for found, _ in answers for name, one in found.items()}

    def _batch(
        self, services: Sequence[str], window: timedelta
    ) -> list[tuple[dict[str, usage.Percents], dict[str, str]]]:
        return [usage.percents(services, self._series(services, window))]

    def _series(
        self, services: Sequence[str | None], window: timedelta
    ) -> list[native_wire.Series]:
        now = self.client.aws.runtime.now()
        pages = self.client.aws.pages(
            "cloudwatch", "get_metric_data", "MetricDataResults", token=_NEXT,
            MetricDataQueries=usage.queries(self.client.cluster, services),
            StartTime=now - window, EndTime=now, ScanBy="TimestampDescending",
        )  # fmt: skip
        return [one for page in pages for one in convert(list[native_wire.Series], page)]

    def instances(self, query: Query, window: timedelta) -> list[Sample]:
        """Tasks, and what Container Insights has written about their containers."""
        client, runtime = self.client, self.client.aws.runtime
        asking = start(partial(self._insights, window))
        listed = [(one.item, tags) for one, tags in Inventory(client).found_tasks(query)]
        definitions = client.task_definitions(task.task_definition_arn for task, _ in listed)
        used = usage.rows(result(asking, runtime.deadline))
        return [
            usage.of_task(
                task,
                tags,
                definitions.get(task.task_definition_arn),
                used.get(instances.task_id(task), {}),
                scope=client.scope,
                window=window,
            )
            for task, tags in listed
        ]

    def _insights(self, window: timedelta) -> list[Any]:
        """The rows that Logs Insights finds, which is charged by the bytes of the window.

        Raises:
            NoMetrics: Container Insights is not on.
        """
        aws, group = self.client.aws, usage.group_of(self.client.cluster)
        now = aws.runtime.now()
        try:
            begun = aws.call(
                "logs", "start_query", logGroupName=group, queryString=usage.INSIGHTS_QUERY,
                startTime=int((now - window).timestamp()), endTime=int(now.timestamp()),
            )  # fmt: skip
        except Refused as error:
            if error.reason != "ResourceNotFoundException":
                raise
            command = (
                f"aws ecs update-cluster-settings --cluster {self.client.cluster} "
                "--settings name=containerInsights,value=enabled"
            )
            message = f"no log group '{group}': Container Insights is not on"
            raise NoMetrics(message, hint=f"{command}, which is charged for") from error
        found = self._queried(str(begun.get("queryId") or ""))
        if len(found) >= usage.MOST_ROWS:
            more = f"more than {usage.MOST_ROWS} containers: Logs Insights gives no more"
            aws.runtime.incomplete(DashborionError(f"not checked: {more}"))
        return found

    def _queried(self, id_: str) -> list[Any]:
        """What a query has found when it is complete."""
        aws = self.client.aws
        while True:
            answer = aws.call("logs", "get_query_results", queryId=id_)
            state = answer.get("status")
            if state == "Complete":
                found = answer.get("results")
                if not isinstance(found, list):
                    raise BadAnswer("logs:GetQueryResults: an answer without 'results'")
                return found
            if state not in ("Scheduled", "Running"):
                raise BadAnswer(f"logs:GetQueryResults says that the query is {state}")
            if aws.runtime.deadline.remaining() <= _POLL_SECONDS:
                raise aws.runtime.deadline.expired()
            aws.runtime.sleep(_POLL_SECONDS)

    def machines(self, query: Query, window: timedelta) -> list[MachineUsage]:
        """Container instances, and what they use together."""
        del query
        client, runtime = self.client, self.client.aws.runtime
        asking = start(partial(self._series, [None], window))
        listed = client.container_instances(tell=runtime.incomplete)
        if not listed:
            client.require_cluster()
            return []
        series = part(partial(result, asking, runtime.deadline), runtime.warn)
        found, lost = usage.percents([client.cluster], series or [])
        if series is not None and lost:
            why = lost[client.cluster]
            runtime.warn(DashborionError(f"not checked: what the cluster uses: {why}"))
        known = found.get(client.cluster)
        return usage.machines([one.item for one in listed], known, client.scope, window)
